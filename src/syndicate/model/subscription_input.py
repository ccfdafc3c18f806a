"""Wishes: what somebody asks of a subscription, read from JSON with every mistake at once."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeVar, get_args
from urllib.parse import quote

from syndicate.errors import FieldError, UsageError, ValidationFailed
from syndicate.model.edition import Edition
from syndicate.model.query import parse_category, parse_language, parse_source
from syndicate.model.selection import Selection
from syndicate.model.subscription import (
    EVENT_TYPES,
    EventType,
    Payload,
    Subscription,
    pause,
    resume,
)

T = TypeVar("T")

RequestedState = Literal["active", "paused"]
"""The states that an owner decides about."""

Operation = Literal["creation", "change"]

_COMMON_FIELDS: Final = ("url", "selection", "types", "minor", "payload")
ALLOWED_FIELDS: Final[Mapping[Operation, tuple[str, ...]]] = {
    "creation": (*_COMMON_FIELDS, "backfill"),
    "change": (*_COMMON_FIELDS, "state"),
}
"""What can be said when a subscription is made, and what when it is changed."""

_SELECTION_FIELDS: Final = ("categories", "match", "carousel", "sources", "languages")
_READ_ONLY_FIELDS: Final = frozenset(
    {"id", "state", "state_reason", "pending", "last_attempt", "backfill"}
)
_PRINTABLE_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPatch:
    """What is asked for; None leaves it as it is, or to the default."""

    url: str | None = None
    selection: Selection | None = None
    types: tuple[EventType, ...] | None = None
    minor: bool | None = None
    payload: Payload | None = None
    backfill: bool | None = None
    state: RequestedState | None = None

    def apply_to(self, subscription: Subscription) -> Subscription:
        """Return ``to`` as it is wished."""
        updated = replace(
            subscription,
            url=subscription.url if self.url is None else self.url,
            selection=subscription.selection if self.selection is None else self.selection,
            types=subscription.types if self.types is None else self.types,
            minor=subscription.minor if self.minor is None else self.minor,
            payload=subscription.payload if self.payload is None else self.payload,
            backfill=subscription.backfill if self.backfill is None else self.backfill,
        )
        if self.state is None:
            return updated
        return pause(updated) if self.state == "paused" else resume(updated)


def parse_subscription(
    document: object, operation: Operation, edition: Callable[[], Edition]
) -> SubscriptionPatch:
    """Read what JSON holds about a subscription.

    A selection replaces the one before as a whole. ``edition`` is asked only for what names
    categories or sources. Raises `ValidationFailed` with everything that is wrong.
    """
    validator = _Validator()
    given = validator.members("#", document, ALLOWED_FIELDS[operation])
    if operation == "creation" and isinstance(document, dict) and "url" not in given:
        validator.errors.append(
            FieldError(
                pointer="#/url",
                message="it is missing",
                hint="Say where to send.",
                code="missing-field",
            )
        )
    patch = SubscriptionPatch(
        url=validator.field(given, "url", _url),
        selection=_selection(validator, given["selection"], edition)
        if "selection" in given
        else None,
        types=validator.field(given, "types", _event_types),
        minor=validator.field(given, "minor", _bool),
        payload=validator.field(given, "payload", _one_of(get_args(Payload))),
        backfill=validator.field(given, "backfill", _bool),
        state=validator.field(given, "state", _one_of(get_args(RequestedState))),
    )
    if validator.errors:
        raise ValidationFailed.from_errors(validator.errors)
    return patch


_MAX_LIST_ERRORS: Final = 20
"""Mistakes in lists after which no more are looked for: each may be compared with many names."""


class _Validator:
    """Reads fields, and keeps what is wrong with them."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def members(self, pointer: str, value: object, names: Collection[str]) -> Mapping[str, object]:
        """Return the members of an object that are called one of ``names``."""
        if not isinstance(value, dict):
            self._record(pointer, UsageError("this is not an object", code="wrong-type"))
            return {}
        for name in value:
            if name not in names:
                self._record(
                    f"{pointer}/{_pointer_segment(name)}", _unknown_field(name, tuple(names))
                )
        return {name: value[name] for name in names if name in value}

    def field(
        self, given: Mapping[str, object], name: str, read: Callable[[object], T], within: str = "#"
    ) -> T | None:
        """Read one member, if it is given."""
        return self.read(f"{within}/{name}", given[name], read) if name in given else None

    def read(self, pointer: str, value: object, read: Callable[[object], T]) -> T | None:
        """Read a value."""
        try:
            return read(value)
        except UsageError as error:
            self._record(pointer, error)
            return None

    def each(self, pointer: str, value: object, read: Callable[[object], T]) -> tuple[T, ...]:
        """Read each value of a list."""
        if not isinstance(value, list):
            self._record(pointer, UsageError("it is not a list", code="wrong-type"))
            return ()
        found: list[T] = []
        for place, one in enumerate(value):
            if len(self.errors) >= _MAX_LIST_ERRORS:
                break
            made = self.read(f"{pointer}/{place}", one, read)
            found += [] if made is None else [made]
        return tuple(found)

    def _record(self, pointer: str, error: UsageError) -> None:
        self.errors.append(
            FieldError(
                pointer=pointer,
                message=error.message,
                hint=error.hint,
                code=error.code,
                choices=error.choices,
                choices_total=error.choices_total,
                choices_path=error.choices_path,
            )
        )


def _selection(validator: _Validator, value: object, edition: Callable[[], Edition]) -> Selection:
    within = "#/selection"
    given = validator.members(within, value, _SELECTION_FIELDS)

    def texts(name: str, read: Callable[[str], str]) -> tuple[str, ...]:
        return validator.each(f"{within}/{name}", given.get(name, []), lambda one: read(_text(one)))

    match = validator.field(given, "match", _one_of(("any", "all")), within)
    carousel = validator.field(given, "carousel", _optional_bool, within)
    return Selection.create(
        categories=texts("categories", lambda text: parse_category(text, edition())),
        match_all=match == "all",
        carousel=carousel,
        sources=texts("sources", lambda text: parse_source(text, edition())),
        languages=texts("languages", parse_language),
    )


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip() and _PRINTABLE_TEXT.fullmatch(value):
        return value.strip()
    raise UsageError("it is not a text", code="wrong-type")


def _url(value: object) -> str:
    text = _text(value)
    if text != value:
        raise UsageError(
            "spaces stand before or after the URL",
            code="malformed-url",
            hint="Write it like https://partner.example/hook.",
        )
    return text


def _bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise UsageError("it is neither true nor false", code="wrong-type", choices=("true", "false"))


def _optional_bool(value: object) -> bool | None:
    return None if value is None else _bool(value)


def _one_of(allowed: tuple[T, ...]) -> Callable[[object], T]:
    def read(value: object) -> T:
        for one in allowed:
            if one == value:
                return one
        raise _unknown_value(value, tuple(map(str, allowed)))

    return read


def _event_types(value: object) -> tuple[EventType, ...]:
    if not isinstance(value, list) or not value:
        raise UsageError("it is not a list of types", code="wrong-type", choices=EVENT_TYPES)
    return parse_event_types(value)


def parse_event_types(names: Collection[object]) -> tuple[EventType, ...]:
    """Return the types that are ``asked`` for, in their order; raises `UsageError`."""
    for one in names:
        if one not in EVENT_TYPES:
            raise _unknown_value(one, EVENT_TYPES, "unknown-type")
    return tuple(kind for kind in EVENT_TYPES if kind in names)


def _unknown_value(
    value: object, allowed: tuple[str, ...], code: str = "unknown-value"
) -> UsageError:
    return UsageError(
        f"it cannot be {value!r}",
        code=code,
        hint=f"Allowed: {', '.join(allowed)}.",
        choices=allowed,
    )


def _unknown_field(name: str, names: tuple[str, ...]) -> UsageError:
    if name in _READ_ONLY_FIELDS:
        return UsageError(
            "it cannot be chosen here", code="fixed-field", hint="Leave it out.", choices=names
        )
    return UsageError(
        "there is no such field", code="unknown-field", hint="Leave it out.", choices=names
    )


def _pointer_segment(name: str) -> str:
    """Return a name as a part of a pointer in a fragment (RFC 6901 sections 3 and 6)."""
    return quote(name.replace("~", "~0").replace("/", "~1"), safe="~", errors="replace")

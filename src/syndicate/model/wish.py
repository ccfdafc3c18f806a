"""Wishes: what somebody asks of a subscription, read from JSON with every mistake at once."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeVar, get_args
from urllib.parse import quote

from syndicate.errors import Invalid, Mistake, UsageError
from syndicate.model.edition import Edition
from syndicate.model.query import read_category, read_language, read_source
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

WishedState = Literal["active", "paused"]
"""The states that an owner decides about."""

Use = Literal["creation", "change"]

_ALWAYS: Final = ("url", "selection", "types", "minor", "payload")
NAMES: Final[Mapping[Use, tuple[str, ...]]] = {
    "creation": (*_ALWAYS, "backfill"),
    "change": (*_ALWAYS, "state"),
}
"""What can be said when a subscription is made, and what when it is changed."""

_SELECTION: Final = ("categories", "match", "carousel", "sources", "languages")
_SHOWN: Final = frozenset({"id", "state", "state_reason", "pending", "last_attempt", "backfill"})
_PLAIN: Final = re.compile(r"[^\x00-\x1f\x7f]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for; None leaves it as it is, or to the default."""

    url: str | None = None
    selection: Selection | None = None
    types: tuple[EventType, ...] | None = None
    minor: bool | None = None
    payload: Payload | None = None
    backfill: bool | None = None
    state: WishedState | None = None

    def applied(self, to: Subscription) -> Subscription:
        """Return ``to`` as it is wished."""
        become = replace(
            to,
            url=to.url if self.url is None else self.url,
            selection=to.selection if self.selection is None else self.selection,
            types=to.types if self.types is None else self.types,
            minor=to.minor if self.minor is None else self.minor,
            payload=to.payload if self.payload is None else self.payload,
            backfill=to.backfill if self.backfill is None else self.backfill,
        )
        if self.state is None:
            return become
        return pause(become) if self.state == "paused" else resume(become)


def read_wish(document: object, use: Use, edition: Callable[[], Edition]) -> Wish:
    """Read what JSON holds about a subscription.

    A selection replaces the one before as a whole. ``edition`` is asked only for what names
    categories or sources. Raises `Invalid` with everything that is wrong.
    """
    form = _Form()
    given = form.members("#", document, NAMES[use])
    if use == "creation" and isinstance(document, dict) and "url" not in given:
        form.mistakes.append(
            Mistake(
                pointer="#/url",
                what="it is missing",
                hint="Say where to send.",
                code="missing-field",
            )
        )
    wish = Wish(
        url=form.field(given, "url", _url),
        selection=_selection(form, given["selection"], edition) if "selection" in given else None,
        types=form.field(given, "types", _types),
        minor=form.field(given, "minor", _flag),
        payload=form.field(given, "payload", _one_of(get_args(Payload))),
        backfill=form.field(given, "backfill", _flag),
        state=form.field(given, "state", _one_of(get_args(WishedState))),
    )
    if form.mistakes:
        raise Invalid.of(form.mistakes)
    return wish


_MAX_MISTAKES: Final = 20
"""Mistakes in lists after which no more are looked for: each may be compared with many names."""


class _Form:
    """Reads fields, and keeps what is wrong with them."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def members(self, pointer: str, value: object, names: Collection[str]) -> Mapping[str, object]:
        """Return the members of an object that are called one of ``names``."""
        if not isinstance(value, dict):
            self._note(pointer, UsageError("this is not an object", code="wrong-type"))
            return {}
        for name in value:
            if name not in names:
                self._note(f"{pointer}/{_escaped(name)}", _foreign(name, tuple(names)))
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
            self._note(pointer, error)
            return None

    def each(self, pointer: str, value: object, read: Callable[[object], T]) -> tuple[T, ...]:
        """Read each value of a list."""
        if not isinstance(value, list):
            self._note(pointer, UsageError("it is not a list", code="wrong-type"))
            return ()
        found: list[T] = []
        for place, one in enumerate(value):
            if len(self.mistakes) >= _MAX_MISTAKES:
                break
            made = self.read(f"{pointer}/{place}", one, read)
            found += [] if made is None else [made]
        return tuple(found)

    def _note(self, pointer: str, error: UsageError) -> None:
        self.mistakes.append(
            Mistake(
                pointer=pointer,
                what=error.what,
                hint=error.hint,
                code=error.code,
                known=error.known,
                known_total=error.known_total,
                known_at=error.known_at,
            )
        )


def _selection(form: _Form, value: object, edition: Callable[[], Edition]) -> Selection:
    within = "#/selection"
    given = form.members(within, value, _SELECTION)

    def texts(name: str, read: Callable[[str], str]) -> tuple[str, ...]:
        return form.each(f"{within}/{name}", given.get(name, []), lambda one: read(_text(one)))

    match = form.field(given, "match", _one_of(("any", "all")), within)
    carousel = form.field(given, "carousel", _perhaps_flag, within)
    return Selection.of(
        categories=texts("categories", lambda text: read_category(text, edition())),
        match_all=match == "all",
        carousel=carousel,
        sources=texts("sources", lambda text: read_source(text, edition())),
        languages=texts("languages", read_language),
    )


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip() and _PLAIN.fullmatch(value):
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


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise UsageError("it is neither true nor false", code="wrong-type", known=("true", "false"))


def _perhaps_flag(value: object) -> bool | None:
    return None if value is None else _flag(value)


def _one_of(allowed: tuple[T, ...]) -> Callable[[object], T]:
    def read(value: object) -> T:
        for one in allowed:
            if one == value:
                return one
        raise _unlisted(value, tuple(map(str, allowed)))

    return read


def _types(value: object) -> tuple[EventType, ...]:
    if not isinstance(value, list) or not value:
        raise UsageError("it is not a list of types", code="wrong-type", known=EVENT_TYPES)
    return read_types(value)


def read_types(asked: Collection[object]) -> tuple[EventType, ...]:
    """Return the types that are ``asked`` for, in their order; raises `UsageError`."""
    for one in asked:
        if one not in EVENT_TYPES:
            raise _unlisted(one, EVENT_TYPES, "unknown-type")
    return tuple(kind for kind in EVENT_TYPES if kind in asked)


def _unlisted(value: object, allowed: tuple[str, ...], code: str = "unknown-value") -> UsageError:
    return UsageError(
        f"it cannot be {value!r}", code=code, hint=f"Allowed: {', '.join(allowed)}.", known=allowed
    )


def _foreign(name: str, names: tuple[str, ...]) -> UsageError:
    if name in _SHOWN:
        return UsageError(
            "it cannot be chosen here", code="fixed-field", hint="Leave it out.", known=names
        )
    return UsageError(
        "there is no such field", code="unknown-field", hint="Leave it out.", known=names
    )


def _escaped(name: str) -> str:
    """Return a name as a part of a pointer in a fragment (RFC 6901 sections 3 and 6)."""
    return quote(name.replace("~", "~0").replace("/", "~1"), safe="~", errors="replace")

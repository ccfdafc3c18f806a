"""JSON bodies of ``/v1/subscriptions``, validated by pydantic."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, cast, get_args
from urllib.parse import quote

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidationInfo,
)

from syndicate.errors import FieldError, UsageError, ValidationFailed
from syndicate.model.edition import Edition
from syndicate.model.query import parse_category, parse_language, parse_source
from syndicate.model.selection import Selection
from syndicate.model.subscription import (
    EVENT_TYPES,
    EventType,
    Payload,
    RequestedState,
    SubscriptionPatch,
    parse_event_types,
    unknown_value,
)
from syndicate.model.subscription_headers import SubscriptionHeaders, parse_headers

_MAX_LIST_ERRORS: Final = 20
"""After so many errors in lists the rest is skipped: each value is compared with many names."""

_PRINTABLE_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]*")
_Match = Literal["any", "all"]

_ABSENT: Final[Any] = None
"""Value of a field that is left out; a null in the document is an error."""

_READ_ONLY_FIELDS: Final = frozenset(
    {"id", "state", "state_reason", "pending", "last_attempt", "backfill"}
)

_ERRORS: Final[Mapping[str, UsageError]] = {
    "bool_type": UsageError("expected true or false", code="wrong-type", choices=("true", "false")),
    "list_type": UsageError("expected a list", code="wrong-type"),
    "missing": UsageError(
        "the field is required", code="missing-field", hint="Add the URL to send to."
    ),
    "model_type": UsageError("expected an object", code="wrong-type"),
}
"""Errors by the type that pydantic gives them."""


@dataclass(slots=True)
class _Context:
    """What validators of names need; ``errors`` counts errors in lists."""

    edition: Callable[[], Edition]
    errors: int = 0


class _InvalidValueError(ValueError):
    """Carries an error through pydantic; None where no more errors are reported."""

    def __init__(self, error: UsageError | None) -> None:
        super().__init__()
        self.error: Final = error


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip() and _PRINTABLE_TEXT.fullmatch(value):
        return value.strip()
    raise UsageError("expected text", code="wrong-type")


def _url(value: object) -> str:
    text = _text(value)
    if text != value:
        raise UsageError(
            "the URL has spaces before or after it",
            code="malformed-url",
            hint="Write it like https://partner.example/hook.",
        )
    return text


def _headers(value: object) -> SubscriptionHeaders:
    if not isinstance(value, dict):
        raise UsageError(
            "expected an object of names and values", code="wrong-type", hint='{"X-Api-Key": "…"}'
        )
    return parse_headers(value)


def _event_types(value: object) -> tuple[EventType, ...]:
    if not isinstance(value, list) or not value:
        raise UsageError("expected a list of types", code="wrong-type", choices=EVENT_TYPES)
    return parse_event_types(value)


def _validator(parse: Callable[[object], object]) -> BeforeValidator:
    """Return a validator that reports a `UsageError` of ``parse``."""

    def validate(value: object) -> object:
        try:
            return parse(value)
        except UsageError as error:
            raise _InvalidValueError(error) from None

    return BeforeValidator(validate)


def _choice(kind: object) -> BeforeValidator:
    """Return a validator of the values of a ``Literal``."""
    choices: tuple[str, ...] = get_args(kind)

    def parse(value: object) -> object:
        if value not in choices:
            raise unknown_value(value, choices)
        return value

    return _validator(parse)


def _name(parse: Callable[[str, Edition], str]) -> BeforeValidator:
    """Return a validator of one value in a list of names."""

    def validate(value: object, info: ValidationInfo) -> str:
        context = cast("_Context", info.context)
        if context.errors >= _MAX_LIST_ERRORS:
            raise _InvalidValueError(None)
        try:
            return parse(_text(value), context.edition())
        except UsageError as error:
            context.errors += 1
            raise _InvalidValueError(error) from None

    return BeforeValidator(validate)


class _Body(BaseModel):
    """A JSON object; values are not converted from other types."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _SelectionBody(_Body):
    categories: list[Annotated[str, _name(parse_category)]] = []
    match: Annotated[_Match, _choice(_Match)] = "any"
    carousel: bool | None = None
    sources: list[Annotated[str, _name(parse_source)]] = []
    languages: list[Annotated[str, _name(lambda text, _: parse_language(text))]] = []

    def selection(self) -> Selection:
        return Selection.create(
            categories=self.categories,
            match_all=self.match == "all",
            carousel=self.carousel,
            sources=self.sources,
            languages=self.languages,
        )


class SubscriptionBody(_Body):
    """Fields that can be set at any time; a field that is left out has no value."""

    url: Annotated[str, _validator(_url)] = _ABSENT
    selection: _SelectionBody = _ABSENT
    types: Annotated[tuple[EventType, ...], _validator(_event_types)] = _ABSENT
    minor: bool = _ABSENT
    payload: Annotated[Payload, _choice(Payload)] = _ABSENT
    headers: Annotated[SubscriptionHeaders, _validator(_headers)] = _ABSENT

    def patch(self) -> SubscriptionPatch:
        """Return the values of the fields that are set."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if self.selection is not None:
            values["selection"] = self.selection.selection()
        return SubscriptionPatch(**values)


class NewSubscription(SubscriptionBody):
    """Body of POST ``/v1/subscriptions``."""

    url: Annotated[str, _validator(_url)]
    backfill: bool = _ABSENT


class SubscriptionChange(SubscriptionBody):
    """Body of PATCH ``/v1/subscriptions/{id}``."""

    state: Annotated[RequestedState, _choice(RequestedState)] = _ABSENT


def parse_subscription(
    document: object, body: type[SubscriptionBody], edition: Callable[[], Edition]
) -> SubscriptionPatch:
    """Return the fields in a JSON document.

    A selection replaces the previous one as a whole. ``edition`` is called only for names of
    categories and sources. Raises `ValidationFailed` with every error.
    """
    try:
        return body.model_validate(document, context=_Context(edition)).patch()
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        errors = [(detail["loc"], _usage_error(detail, body)) for detail in details]
        raise ValidationFailed.from_errors(
            [_field_error(location, error) for location, error in errors if error is not None]
        ) from None


def _field_error(location: tuple[str | int, ...], error: UsageError) -> FieldError:
    return FieldError(
        pointer="#" + "".join(f"/{_pointer_segment(str(key))}" for key in location),
        message=error.message,
        hint=error.hint,
        code=error.code,
        choices=error.choices,
        choices_total=error.choices_total,
        choices_path=error.choices_path,
    )


def _usage_error(detail: Mapping[str, Any], body: type[SubscriptionBody]) -> UsageError | None:
    """Return the error that one of pydantic's is reported as; None if it is not."""
    kind, location = detail["type"], detail["loc"]
    if kind == "value_error":
        return cast("_InvalidValueError", detail["ctx"]["error"]).error
    if kind != "extra_forbidden":
        return _ERRORS[kind]
    model: type[_Body] = _SelectionBody if len(location) > 1 else body
    if location[-1] in _READ_ONLY_FIELDS:
        message, code = "this field is read-only", "fixed-field"
    else:
        message, code = "unknown field", "unknown-field"
    return UsageError(
        message, code=code, hint="Remove the field.", choices=tuple(model.model_fields)
    )


def _pointer_segment(name: str) -> str:
    """Return a name as a segment of a pointer in a fragment (RFC 6901 sections 3 and 6)."""
    return quote(name.replace("~", "~0").replace("/", "~1"), safe="~", errors="replace")

"""The pages of the portal: login, subscriptions, deliveries and tokens."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from syndicate.model.access_token import AccessToken, TokenState
from syndicate.model.delivery import Attempt, Delivery, DeliverySearch, SubscriptionStatus
from syndicate.model.feed import ServiceInfo
from syndicate.model.subscription import Subscription
from syndicate.render.pages.html_pages import render_page

_MAX_SHOWN_CHARACTERS: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks at a page, and the CSRF token of their forms; ``message`` tells what was done."""

    token: AccessToken
    csrf: str = field(repr=False)
    message: str = ""

    @property
    def can_write(self) -> bool:
        """Whether forms that change something are shown."""
        return not self.token.read_only


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryList:
    """A page of deliveries that match ``search``; ``next_after`` is empty on the last page."""

    deliveries: Sequence[Delivery]
    search: DeliverySearch
    next_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSummary:
    """An event in words, and when its change was noticed; None for the state of a WebSub topic."""

    words: str
    time: datetime | None = None


def login_page(
    service_info: ServiceInfo, *, next_path: str, error: str = "", hint: str = ""
) -> str:
    """Return the form that exchanges a token for a session."""
    return render_page(
        "portal_login.html",
        service_info,
        next_path=next_path,
        error=error,
        hint=hint,
        here="/portal",
    )


def portal_page(
    service_info: ServiceInfo,
    viewer: Viewer,
    statuses: Sequence[SubscriptionStatus],
    *,
    next_after: str,
    egress: Sequence[str],
) -> str:
    """Return the list of subscriptions."""
    return render_page(
        "portal.html",
        service_info,
        viewer=viewer,
        statuses=statuses,
        next_after=next_after,
        egress=egress,
        here="/portal",
    )


def subscription_form_page(  # noqa: PLR0913 — a page has many parts
    service_info: ServiceInfo,
    viewer: Viewer,
    values: Mapping[str, Sequence[str]],
    *,
    subscription_id: str = "",
    header_names: Sequence[str] = (),
    errors: Mapping[str, str] = {},
) -> str:
    """Return the form of a new subscription, or of an existing one.

    ``values`` are those of the form by field, ``header_names`` the stored header fields, whose
    values are never shown; ``errors`` say what is wrong, by field, and with the
    key "" if it is no single field.
    """
    return render_page(
        "portal_form.html",
        service_info,
        viewer=viewer,
        values=values,
        subscription_id=subscription_id,
        header_names=header_names,
        errors=errors,
        here="/portal",
    )


def subscription_page(  # noqa: PLR0913 — a page has many parts
    service_info: ServiceInfo,
    viewer: Viewer,
    status: SubscriptionStatus,
    page: DeliveryList,
    *,
    secret: str = "",
    test: Attempt | None = None,
    test_message: str = "",
) -> str:
    """Return a subscription with its deliveries; a new ``secret`` is shown once.

    ``test`` is the result of a test request, ``test_message`` what it means.
    """
    return render_page(
        "portal_subscription.html",
        service_info,
        viewer=viewer,
        status=status,
        subscription=status.subscription,
        selection=_selection_words(status.subscription),
        page=page,
        deliveries=[(delivery, _event_summary(delivery)) for delivery in page.deliveries],
        secret=secret,
        test=test,
        test_message=test_message,
        here="/portal",
    )


def delivery_page(
    service_info: ServiceInfo, viewer: Viewer, delivery: Delivery, attempts: Sequence[Attempt]
) -> str:
    """Return a delivery with its request, and with the responses to all attempts."""
    return render_page(
        "portal_delivery.html",
        service_info,
        viewer=viewer,
        delivery=delivery,
        event=_event_summary(delivery),
        body=_readable(delivery.body),
        attempts=attempts,
        here="/portal",
    )


def tokens_page(  # noqa: PLR0913 — a page has many parts
    service_info: ServiceInfo,
    viewer: Viewer,
    tokens: Sequence[tuple[AccessToken, TokenState]],
    *,
    new_token: str = "",
    values: Mapping[str, Sequence[str]] = {},
    errors: Mapping[str, str] = {},
) -> str:
    """Return all tokens, each with its state; the text of a ``new_token`` is shown once."""
    return render_page(
        "portal_tokens.html",
        service_info,
        viewer=viewer,
        tokens=tokens,
        new_token=new_token,
        values=values,
        errors=errors,
        here="/portal",
    )


class _Post(msgspec.Struct, frozen=True):
    title: str = ""
    url: str = ""


class _EventData(msgspec.Struct, frozen=True):
    post: _Post = _Post()


class _Event(msgspec.Struct, frozen=True):
    """What the portal reads of the body of a webhook."""

    type: str
    timestamp: datetime
    data: _EventData


def _event_summary(delivery: Delivery) -> EventSummary:
    """Return the event of a delivery in words, as its body has it; its id if it is no event."""
    try:
        event = msgspec.json.decode(delivery.body, type=_Event)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return EventSummary(words=delivery.topic or delivery.event)
    kind = event.type.removeprefix("post.").capitalize()
    post = event.data.post
    return EventSummary(words=f"{kind}: {post.title or post.url}", time=event.timestamp)


def _selection_words(subscription: Subscription) -> str:
    """Return which posts a subscription is about: "in forms or tts, in the carousel, from news"."""
    if subscription.topic:
        return f"those of {subscription.topic}"
    selection = subscription.selection
    groups = [" or ".join(sorted(group)) for group in selection.categories]
    phrases = [
        f"in {' and '.join(sorted(groups))}" if groups else "",
        {True: "in the carousel", False: "not in the carousel", None: ""}[selection.carousel],
        f"from {' or '.join(sorted(selection.sources))}" if selection.sources else "",
        f"in the language {' or '.join(sorted(selection.languages))}"
        if selection.languages
        else "",
    ]
    return ", ".join(filter(None, phrases)) or "all"


def _readable(body: bytes) -> str:
    """Return a body as text of bounded length, JSON with indentation."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        text = body.decode("utf-8", "replace")
    if len(text) <= _MAX_SHOWN_CHARACTERS:
        return text
    return f"{text[:_MAX_SHOWN_CHARACTERS]}\n… ({len(text):,} characters in all)"

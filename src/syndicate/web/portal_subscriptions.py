"""Subscriptions and deliveries in the portal; the rules are those of the subscriptions API."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, cast, get_args

from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import UsageError, ValidationFailed
from syndicate.model.delivery import (
    ALL_DELIVERIES,
    Attempt,
    DeliverySearch,
    DeliveryState,
    SubscriptionStatus,
)
from syndicate.model.subscription import Subscription, SubscriptionId, SubscriptionPatch
from syndicate.render.pages.portal_pages import (
    DeliveryList,
    delivery_page,
    subscription_form_page,
    subscription_page,
)
from syndicate.web.context import WebContext
from syndicate.web.http.auth import PARTNERS, AuthenticatedRoute, authenticated_route
from syndicate.web.http.sessions import Form
from syndicate.web.portal import (
    Visit,
    enter,
    html_response,
    parse_form_time,
    required_time,
    see_other,
    value_of,
)
from syndicate.web.serializers import selection_json
from syndicate.web.subscription_input import (
    NewSubscription,
    SubscriptionBody,
    SubscriptionChange,
    parse_subscription,
)
from syndicate.web.subscriptions import parse_fault

_PAGE_SIZE: Final = 25
_LISTS: Final = ("categories", "sources", "languages")
_CAROUSEL: Final = {"true": True, "false": False}
_SEQ: Final = re.compile(r"[0-9]{1,18}")
_NEW_FORM: Final[Form] = {
    "types": ("post.published", "post.updated", "post.removed"),
    "minor": ("true",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSubscriptions:
    """Handles the pages of subscriptions and deliveries."""

    context: WebContext

    def routes(self) -> list[AuthenticatedRoute]:
        """Return the routes."""
        path = "/portal/subscriptions/{id}"
        return [
            authenticated_route("/portal/add", GET=self.new, POST=self.add),
            authenticated_route(path, GET=self.show),
            authenticated_route(f"{path}/edit", GET=self.edit, POST=self.change),
            authenticated_route(f"{path}/pause", POST=self.pause),
            authenticated_route(f"{path}/resume", POST=self.resume),
            authenticated_route(f"{path}/test", POST=self.test),
            authenticated_route(f"{path}/rotate-secret", POST=self.rotate_secret),
            authenticated_route(f"{path}/recover", POST=self.recover),
            authenticated_route(f"{path}/replay-failed", POST=self.replay_failed),
            authenticated_route(f"{path}/remove", POST=self.remove),
            authenticated_route("/portal/deliveries/{id}", GET=self.delivery),
            authenticated_route("/portal/deliveries/{id}/replay", POST=self.replay),
        ]

    async def new(self, request: Request) -> Response:
        """Respond with the form of a new subscription."""
        visit = await enter(self.context, request, PARTNERS, is_write=True)
        return self._form(visit, _NEW_FORM)

    async def add(self, request: Request) -> Response:
        """Create the subscription in the form, and show its secret once."""
        visit = await enter(self.context, request, PARTNERS)
        try:
            patch = self._parse(visit.form, NewSubscription)
            blank = Subscription(id=SubscriptionId(""), owner=visit.session.token.name, url="")
            created = await visit.service.subscribe(patch.apply_to(blank))
        except UsageError as error:
            return self._form(visit, visit.form, error=error)
        return await self._page(visit, created.id, secret=created.secrets[0].text)

    async def show(self, request: Request) -> Response:
        """Respond with a subscription and the deliveries that match the query."""
        visit = await enter(self.context, request, PARTNERS)
        query = request.query_params
        state = query.get("state", "")
        search = DeliverySearch(
            state=cast("DeliveryState", state) if state in get_args(DeliveryState) else None,
            post=query.get("post", "").strip(),
        )
        after = query.get("after", "")
        before = int(after) if _SEQ.fullmatch(after) else None
        return await self._page(visit, request.path_params["id"], search=search, before=before)

    async def edit(self, request: Request) -> Response:
        """Respond with the form of a subscription."""
        visit = await enter(self.context, request, PARTNERS, is_write=True)
        status = await visit.service.get(request.path_params["id"], visit.owner)
        subscription_id = status.subscription.id
        names = [name for name, _ in status.subscription.headers]
        return self._form(
            visit, _form_of(status), subscription_id=subscription_id, header_names=names
        )

    async def change(self, request: Request) -> Response:
        """Change a subscription as the form says."""
        visit = await enter(self.context, request, PARTNERS)
        status = await visit.service.get(request.path_params["id"], visit.owner)
        subscription_id = status.subscription.id
        try:
            patch = self._parse(visit.form, SubscriptionChange)
            await visit.service.update(subscription_id, visit.owner, patch)
        except UsageError as error:
            names = [name for name, _ in status.subscription.headers]
            return self._form(
                visit,
                visit.form,
                subscription_id=subscription_id,
                header_names=names,
                error=error,
            )
        return see_other(self.context, f"/portal/subscriptions/{subscription_id}", done="changed")

    async def pause(self, request: Request) -> Response:
        """Pause deliveries."""
        return await self._set_state(request, SubscriptionPatch(state="paused"), "paused")

    async def resume(self, request: Request) -> Response:
        """Send deliveries again."""
        return await self._set_state(request, SubscriptionPatch(state="active"), "resumed")

    async def _set_state(self, request: Request, patch: SubscriptionPatch, done: str) -> Response:
        visit = await enter(self.context, request, PARTNERS)
        changed = await visit.service.update(request.path_params["id"], visit.owner, patch)
        return see_other(self.context, f"/portal/subscriptions/{changed.id}", done=done)

    async def test(self, request: Request) -> Response:
        """Send a test request, and show the response."""
        visit = await enter(self.context, request, PARTNERS)
        fault = parse_fault(value_of(visit.form, "fault") or "none")
        subscription_id = request.path_params["id"]
        attempt = await visit.service.send_test(subscription_id, visit.owner, fault)
        return await self._page(
            visit, subscription_id, test=attempt, test_message=_test_message(attempt, fault)
        )

    async def rotate_secret(self, request: Request) -> Response:
        """Make a new secret, and show it once."""
        visit = await enter(self.context, request, PARTNERS)
        rotated = await visit.service.rotate(request.path_params["id"], visit.owner)
        return await self._page(visit, rotated.id, secret=rotated.secrets[0].text)

    async def recover(self, request: Request) -> Response:
        """Send what was missed since a time, or all live posts."""
        visit = await enter(self.context, request, PARTNERS)
        since = parse_form_time(value_of(visit.form, "since"))
        subscription_id = request.path_params["id"]
        count = await visit.service.recover(subscription_id, visit.owner, since)
        return see_other(self.context, f"/portal/subscriptions/{subscription_id}", count=str(count))

    async def replay_failed(self, request: Request) -> Response:
        """Send again what failed since a time."""
        visit = await enter(self.context, request, PARTNERS)
        since = required_time(value_of(visit.form, "since"))
        subscription_id = request.path_params["id"]
        count = await visit.service.replay_failed(subscription_id, visit.owner, since)
        return see_other(self.context, f"/portal/subscriptions/{subscription_id}", count=str(count))

    async def remove(self, request: Request) -> Response:
        """Remove a subscription and its deliveries."""
        visit = await enter(self.context, request, PARTNERS)
        await visit.service.remove(request.path_params["id"], visit.owner)
        return see_other(self.context, "/portal", done="removed")

    async def delivery(self, request: Request) -> Response:
        """Respond with a delivery: its request, and the responses to all attempts."""
        visit = await enter(self.context, request, PARTNERS)
        delivery, attempts = await visit.service.delivery(request.path_params["id"], visit.owner)
        page = delivery_page(self.context.service_info, visit.viewer, delivery, attempts)
        return html_response(self.context, page)

    async def replay(self, request: Request) -> Response:
        """Send a delivery again."""
        visit = await enter(self.context, request, PARTNERS)
        delivery = await visit.service.replay(request.path_params["id"], visit.owner)
        return see_other(self.context, f"/portal/deliveries/{delivery.id}", count="1")

    def _parse(self, form: Form, body: type[SubscriptionBody]) -> SubscriptionPatch:
        """Return the fields of a form, by the rules of the API; raises `ValidationFailed`."""
        lists = {
            name: [part.strip() for part in value_of(form, name).split(",") if part.strip()]
            for name in _LISTS
        }
        selection = {
            **lists,
            "match": value_of(form, "match") or "any",
            "carousel": _CAROUSEL.get(value_of(form, "carousel")),
        }
        document: dict[str, object] = {
            "url": value_of(form, "url"),
            "selection": selection,
            "types": list(form.get("types", ())),
            "minor": "minor" in form,
            "payload": value_of(form, "payload") or "full",
        }
        headers = _header_lines(value_of(form, "headers"))
        if headers or "remove_headers" in form:
            document["headers"] = headers
        if body is NewSubscription:
            document["backfill"] = "backfill" in form
        return parse_subscription(document, body, lambda: self.context.edition)

    def _form(
        self,
        visit: Visit,
        values: Mapping[str, Sequence[str]],
        *,
        subscription_id: str = "",
        header_names: Sequence[str] = (),
        error: UsageError | None = None,
    ) -> Response:
        page = subscription_form_page(
            self.context.service_info,
            visit.viewer,
            values,
            subscription_id=subscription_id,
            header_names=header_names,
            errors=_form_errors(error) if error else {},
        )
        return html_response(self.context, page, error.status if error else HTTPStatus.OK)

    async def _page(  # noqa: PLR0913 — what is shown beside the subscription
        self,
        visit: Visit,
        subscription_id: str,
        *,
        search: DeliverySearch = ALL_DELIVERIES,
        before: int | None = None,
        secret: str = "",
        test: Attempt | None = None,
        test_message: str = "",
    ) -> Response:
        status = await visit.service.get(subscription_id, visit.owner)
        deliveries = await visit.service.deliveries(
            subscription_id, visit.owner, before=before, limit=_PAGE_SIZE + 1, search=search
        )
        shown = deliveries[:_PAGE_SIZE]
        next_after = str(shown[-1].seq) if len(deliveries) > _PAGE_SIZE else ""
        page = subscription_page(
            self.context.service_info,
            visit.viewer,
            status,
            DeliveryList(deliveries=shown, search=search, next_after=next_after),
            secret=secret,
            test=test,
            test_message=test_message,
        )
        return html_response(self.context, page)


def _header_lines(text: str) -> dict[str, object]:
    """Return the header fields in a text with one a line, as the API takes them."""
    lines = (line.partition(":") for line in text.splitlines() if line.strip())
    return {name.strip(): value.strip() for name, _, value in lines}


def _form_of(status: SubscriptionStatus) -> Form:
    """Return the values that the form of a subscription begins with."""
    subscription = status.subscription
    selection = selection_json(subscription.selection)
    lists = {name: (", ".join(cast("list[str]", selection[name])),) for name in _LISTS}
    carousel = subscription.selection.carousel
    return {
        **lists,
        "url": (subscription.url,),
        "match": (str(selection["match"]),),
        "carousel": ("" if carousel is None else str(carousel).lower(),),
        "types": subscription.types,
        "minor": ("true",) if subscription.minor else (),
        "payload": (subscription.payload,),
    }


def _form_errors(error: UsageError) -> Mapping[str, str]:
    """Return the message for each field of the form: ``#/selection/sources/0`` is of sources."""
    if not isinstance(error, ValidationFailed):
        return {"": f"{error.message}. {error.hint}"}
    messages: dict[str, str] = {}
    for field_error in error.errors:
        name = field_error.pointer.removeprefix("#/").removeprefix("selection/").split("/")[0]
        messages.setdefault(name, f"{field_error.message}. {field_error.hint}".strip())
    return messages


def _test_message(attempt: Attempt, fault: str) -> str:
    """Return what the result of a test means."""
    has_succeeded = not attempt.cause
    if fault == "none":
        return "The test event was delivered" if has_succeeded else "The test event failed"
    what = "an invalid signature" if fault == "signature" else "an old timestamp"
    if has_succeeded:
        return f"The endpoint accepted a request with {what}: it has to reject it"
    if attempt.status is None:
        return "There was no response: the test says nothing"
    return f"The endpoint rejected a request with {what}, as it should"

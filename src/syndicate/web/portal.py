"""The portal: login and logout, the list of subscriptions, and the tokens."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from math import ceil
from typing import Final, get_args
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import SyndicateError, Unauthenticated, UsageError
from syndicate.model.access_token import NewToken, Role
from syndicate.model.audit import Actor
from syndicate.model.subscription import unknown_value
from syndicate.render.pages.html_pages import content_security_policy
from syndicate.render.pages.portal_pages import (
    Viewer,
    login_page,
    portal_page,
    tokens_page,
)
from syndicate.web.context import WebContext
from syndicate.web.http.auth import (
    ADMINS,
    PARTNERS,
    READING_METHODS,
    AuthenticatedRoute,
    authenticated_route,
    check_rights,
    database_lost,
)
from syndicate.web.http.rate_limit import TokenBuckets, scope_client_key
from syndicate.web.http.sessions import (
    Form,
    Session,
    check_csrf,
    find_session,
    local_url,
    read_form,
    require_session,
    return_path,
    set_session_cookie,
)
from syndicate.web.http_policy import NO_STORE
from syndicate.web.services import SubscriptionManager

EVERYONE: Final = frozenset[Role](get_args(Role))

_PAGE_SIZE: Final = 50
_MESSAGES: Final = {
    "paused": "The subscription is paused: deliveries wait.",
    "resumed": "The subscription is active.",
    "changed": "The subscription was changed.",
    "removed": "The subscription was removed.",
    "revoked": "The token was revoked.",
}
"""What a page says was done, by the code in its URL; nobody can make it say something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request with a session: ``service`` acts for ``actor``, ``form`` is what they sent."""

    session: Session
    service: SubscriptionManager
    actor: Actor
    form: Form
    viewer: Viewer

    @property
    def owner(self) -> str | None:
        """Whose subscriptions the person sees; None for all."""
        return self.session.token.owner


async def enter(
    context: WebContext, request: Request, roles: Collection[Role], *, is_write: bool | None = None
) -> Visit:
    """Return the visit of ``request``; redirect to the login without a session.

    Raises `Forbidden` for another role, for a change with a read-only token, and for a form that is
    not of this session.
    """
    session = await require_session(request, context.reader, context.service_info)
    is_form = request.method not in READING_METHODS
    check_rights(session.token, roles, is_write=is_form if is_write is None else is_write)
    form: Form = {}
    if is_form:
        form = await read_form(request, context.service_info)
        check_csrf(session, form)
    address = scope_client_key(request.scope, context.policy.proxies)
    actor = Actor.from_token(session.token, address)
    service = (await context.reader.subscription_service()).acting_as(actor)
    message = _MESSAGES.get(request.query_params.get("done", ""), "")
    count = request.query_params.get("count", "")
    if count.isascii() and count.isdigit():
        message = f"Deliveries sent again: {int(count[:9]):,}."
    viewer = Viewer(token=session.token, csrf=session.csrf, message=message)
    return Visit(session=session, service=service, actor=actor, form=form, viewer=viewer)


def html_response(context: WebContext, text: str, status: int = HTTPStatus.OK) -> Response:
    """Return a page that is neither stored nor indexed, and that no other site may frame."""
    headers = {
        "Cache-Control": NO_STORE,
        "X-Robots-Tag": "noindex",
        "Content-Security-Policy": content_security_policy(context.service_info),
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return Response(text, status, headers, "text/html")


def see_other(context: WebContext, path: str, **parameters: str) -> Response:
    """Redirect to a page of the portal after a form was handled, so that reloading is safe."""
    location = local_url(context.service_info, path)
    if parameters:
        location += f"?{urlencode(parameters)}"
    headers = {"Location": location, "Cache-Control": NO_STORE}
    return Response(None, HTTPStatus.SEE_OTHER, headers)


def parse_form_time(text: str) -> datetime | None:
    """Return the time of a form, in UTC unless it names a zone; None if it is empty.

    Raises `UsageError`.
    """
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is not a time",
            code="malformed-parameter",
            hint="Write it as 2025-01-06T09:00.",
        ) from None


def required_time(text: str) -> datetime:
    """Return the time of a form; raises `UsageError` if there is none."""
    time = parse_form_time(text)
    if time is None:
        raise UsageError(
            "a time is missing",
            code="malformed-parameter",
            hint="Say since when failed deliveries are sent again.",
        )
    return time


def value_of(form: Form, name: str) -> str:
    """Return the first value of a field, empty if there is none."""
    return form.get(name, ("",))[0]


@dataclass(frozen=True)
class Portal:
    """Handles /portal, /portal/login and /portal/tokens."""

    context: WebContext

    def routes(self) -> list[AuthenticatedRoute]:
        """Return the routes."""
        return [
            authenticated_route("/portal", GET=self.home),
            authenticated_route("/portal/login", GET=self.login_form, POST=self.log_in),
            authenticated_route("/portal/logout", POST=self.log_out),
            authenticated_route("/portal/replay", POST=self.replay_failed),
            authenticated_route("/portal/tokens", GET=self.tokens, POST=self.create_token),
            authenticated_route("/portal/tokens/{id}/revoke", POST=self.revoke_token),
        ]

    @cached_property
    def _login_failures(self) -> TokenBuckets | None:
        per_minute = self.context.policy.failed_authentications_per_minute
        return TokenBuckets(per_minute=per_minute) if per_minute else None

    async def login_form(self, request: Request) -> Response:
        """Respond with the form for the token."""
        next_path = return_path(request.query_params.get("next", ""))
        return html_response(
            self.context, login_page(self.context.service_info, next_path=next_path)
        )

    async def log_in(self, request: Request) -> Response:
        """Start a session for the token in the form, and end the one that the browser had."""
        service_info = self.context.service_info
        form = await read_form(request, service_info)
        next_path = return_path(value_of(form, "next"))
        client = scope_client_key(request.scope, self.context.policy.proxies)
        seconds = self.wait_seconds(client)
        if seconds:
            error = Unauthenticated("too many invalid tokens", hint="Try again in a minute.")
            response = self._login_failed(error, next_path, HTTPStatus.TOO_MANY_REQUESTS)
            response.headers["Retry-After"] = str(ceil(seconds))
            return response
        service = await self.context.reader.subscription_service()
        try:
            session_id = await service.access.log_in(value_of(form, "token"), client)
        except Unauthenticated as error:
            if self._login_failures is not None:
                self._login_failures.take(client)
            if self.context.reader.readiness.is_database_lost:
                return self._login_failed(database_lost(), next_path, HTTPStatus.GONE)
            return self._login_failed(error, next_path, HTTPStatus.UNAUTHORIZED)
        previous = await find_session(request, self.context.reader, service_info)
        if previous is not None:
            actor = Actor.from_token(previous.token, client)
            await service.access.log_out(previous.id, actor)
        response = see_other(self.context, next_path)
        set_session_cookie(response, service_info, session_id)
        return response

    def wait_seconds(self, client: str) -> float:
        """Return how long a client must wait before it may try another token."""
        return 0 if self._login_failures is None else self._login_failures.peek(client)

    def _login_failed(self, error: SyndicateError, next_path: str, status: int) -> Response:
        page = login_page(
            self.context.service_info, next_path=next_path, error=error.message, hint=error.hint
        )
        return html_response(self.context, page, status)

    async def log_out(self, request: Request) -> Response:
        """End the session, on the server and in the browser."""
        visit = await enter(self.context, request, EVERYONE, is_write=False)
        await visit.service.access.log_out(visit.session.id, visit.actor)
        response = see_other(self.context, "/portal/login")
        set_session_cookie(response, self.context.service_info, "")
        return response

    async def home(self, request: Request) -> Response:
        """Respond with a page of the person's subscriptions; an administrator sees all."""
        visit = await enter(self.context, request, EVERYONE)
        after = request.query_params.get("after", "")
        is_editor = visit.session.token.role == "editor"
        statuses, next_after = (
            ((), None)
            if is_editor
            else await visit.service.list_page(visit.owner, after, _PAGE_SIZE)
        )
        page = portal_page(
            self.context.service_info,
            visit.viewer,
            statuses,
            next_after=next_after or "",
            egress=self.context.policy.egress,
        )
        return html_response(self.context, page)

    async def replay_failed(self, request: Request) -> Response:
        """Send again what failed since a time, to all subscriptions of the person."""
        visit = await enter(self.context, request, PARTNERS)
        since = required_time(value_of(visit.form, "since"))
        count = await visit.service.replay_failed(None, visit.owner, since)
        return see_other(self.context, "/portal", count=str(count))

    async def tokens(self, request: Request) -> Response:
        """Respond with all tokens, for administrators."""
        visit = await enter(self.context, request, ADMINS)
        return html_response(self.context, await self._tokens_page(visit))

    async def create_token(self, request: Request) -> Response:
        """Create the token in the form, and show its text once."""
        visit = await enter(self.context, request, ADMINS)
        try:
            new = _new_token(visit.form)
            _, text = await visit.service.access.create_token(new, visit.actor)
        except UsageError as error:
            field_name = _FIELDS_BY_CODE.get(error.code, "")
            errors = {field_name: f"{error.message}. {error.hint}"}
            page = await self._tokens_page(visit, errors=errors)
            return html_response(self.context, page, error.status)
        return html_response(self.context, await self._tokens_page(visit, new_token=text))

    async def revoke_token(self, request: Request) -> Response:
        """Revoke a token, which ends its sessions."""
        visit = await enter(self.context, request, ADMINS)
        await visit.service.access.revoke_token(request.path_params["id"], visit.actor)
        return see_other(self.context, "/portal/tokens", done="revoked")

    async def _tokens_page(
        self, visit: Visit, *, new_token: str = "", errors: Mapping[str, str] = {}
    ) -> str:
        return tokens_page(
            self.context.service_info,
            visit.viewer,
            await visit.service.access.list_tokens(),
            new_token=new_token,
            values=visit.form if errors else {},
            errors=errors,
        )


_FIELDS_BY_CODE: Final = {
    "malformed-name": "name",
    "unknown-value": "role",
    "malformed-contact": "contact",
    "already-expired": "expires",
    "malformed-parameter": "expires",
}
"""The field of the form that an error is about."""


def _new_token(form: Form) -> NewToken:
    role = value_of(form, "role")
    if role not in EVERYONE:
        raise unknown_value(role, tuple(sorted(EVERYONE)))
    return NewToken(
        role=role,
        name=value_of(form, "name"),
        contact=value_of(form, "contact"),
        expires=parse_form_time(value_of(form, "expires")),
        read_only=value_of(form, "read_only") == "true",
    )

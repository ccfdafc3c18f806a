"""Push hooks of git hosts, which make the service fetch a source at once."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import Forbidden, Unauthenticated
from syndicate.model.push_hook import BodySigner, HookCredentials
from syndicate.telemetry import hooks_total
from syndicate.web.context import WebContext
from syndicate.web.http.auth import ADMINS, CHALLENGE, json_response
from syndicate.web.http.request_body import read_body

MAX_BODY_BYTES: Final = 25 * 2**20
"""Bytes of a body: the limit of GitHub. The signature is computed while it arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushHooks:
    """Handles push hooks; their content is ignored, since git tells what is new."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/v1/sources/{source}/refresh", self.refresh, methods=["POST"])]

    async def refresh(self, request: Request) -> Response:
        """Accept a hook with the secret of the source, or with an administrator's token.

        Without valid credentials, the response does not reveal whether the source exists.
        """
        source = request.path_params["source"]
        try:
            await self._check_credentials(request, source)
        except (HTTPException, Forbidden, Unauthenticated):
            hooks_total.labels("refused").inc()
            raise
        self.context.reader.refresh(source)
        hooks_total.labels("accepted").inc()
        return json_response({"source": source, "status": "accepted"}, HTTPStatus.ACCEPTED)

    async def _check_credentials(self, request: Request, source: str) -> None:
        credentials = HookCredentials.from_headers(request.headers.raw)
        secret = self.context.policy.hook_secrets.get(source)
        if credentials.is_empty:
            await self.context.authenticate(request, ADMINS)
            return
        if secret is None:
            raise await self._rejected(
                request, f"no hook_secret is set for a source called {source!r}"
            )
        signer = BodySigner(secret)
        if credentials.signatures:
            await read_body(request, signer.update, max_bytes=MAX_BODY_BYTES)
        if not credentials.verify(secret, signer.signature):
            raise await self._rejected(
                request, f"the credentials do not match the hook_secret of the source {source!r}"
            )

    async def _rejected(self, request: Request, reason: str) -> HTTPException:
        """Return the error for a hook with invalid credentials, after it was audited."""
        await self.context.audit_failure(request, reason)
        return HTTPException(401, reason, CHALLENGE)

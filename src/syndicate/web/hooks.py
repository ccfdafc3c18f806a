"""For git hosts: a push hook, after which the source is looked at without waiting for its turn."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.model.hook import Proof, Signer
from syndicate.telemetry import hooks_total
from syndicate.web.body import read
from syndicate.web.desk import Desk
from syndicate.web.private import CHALLENGE, enter, said

LARGEST: Final = 25 * 2**20
"""Bytes of a body; GitHub sends no more than that. It is signed as it comes and never held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Answers at once; what the hook says is not read, since git itself says what is new."""

    desk: Desk

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route("/v1/sources/{source}/refresh", self.refresh, methods=["POST"])]

    async def refresh(self, request: Request) -> Response:
        """Have a source looked at now, for who knows its secret or shows an admin's token.

        Who proves nothing is not told whether there is such a source.
        """
        source = request.path_params["source"]
        try:
            await self._prove(request, source)
        except HTTPException:
            hooks_total.labels("refused").inc()
            raise
        self.desk.reader.refresh(source)
        hooks_total.labels("accepted").inc()
        return said({"source": source, "status": "accepted"}, HTTPStatus.ACCEPTED)

    async def _prove(self, request: Request, source: str) -> None:
        proof = Proof.of(request.headers.raw)
        secret = self.desk.policy.hook_secrets.get(source)
        if proof.is_empty:
            await enter(request, self.desk.reader, "admin")
            return
        if secret is None:
            raise _refusal(f"no hook_secret is set for a source called {source!r}")
        signer = Signer(secret)
        if proof.signatures:
            await read(request, signer.add, most=LARGEST)
        if not proof.holds(secret, signer.signature):
            raise _refusal(
                f"what is shown was not made with the hook_secret of the source {source!r}"
            )


def _refusal(why: str) -> HTTPException:
    return HTTPException(401, why, CHALLENGE)

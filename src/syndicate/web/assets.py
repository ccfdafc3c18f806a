"""Pictures, sounds and films of the repositories, for sources that have theirs served."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.model.asset import Asset, media_type
from syndicate.web.conditional import is_unmodified
from syndicate.web.desk import Desk
from syndicate.web.reply import dated, sent_date

_FOREVER: Final = "public, max-age=31536000, immutable"
_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""Whatever an SVG holds, it is a picture: no script, nothing from elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """Answers for /assets."""

    desk: Desk

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/assets/{source}/{path:path}", self.asset)]

    async def asset(self, request: Request) -> Response:
        """Answer with a file; where the address names its blob, it may be kept for ever."""
        source, path = request.path_params["source"], request.path_params["path"]
        held = request.headers.get("if-none-match")
        if held is not None:
            found = await self.desk.reader.asset(source, path, with_content=False)
            if is_unmodified(
                if_none_match=held,
                if_modified_since=None,
                etag=f'"{found.blob}"',
                last_modified=None,
            ):
                return Response(None, 304, self._headers(request, found))
        found = await self.desk.reader.asset(source, path)
        headers = self._headers(request, found) | {"Content-Type": media_type(path)}
        return Response(found.content, 200, headers)

    def _headers(self, request: Request, found: Asset) -> dict[str, str]:
        named = request.query_params.get("v") == found.blob
        return {
            "ETag": f'"{found.blob}"',
            **dated(sent_date(found.committed)),
            "Cache-Control": _FOREVER if named else self.desk.policy.cache_control,
            "Content-Security-Policy": _POLICY,
        }

"""Assets: images, audio and video of the repositories, for sources that serve them here."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.feeds.representation import date_header
from syndicate.model.asset import Asset, media_type
from syndicate.web.context import WebContext
from syndicate.web.http.conditional_response import is_not_modified, last_modified_to_send

_IMMUTABLE: Final = "public, max-age=31536000, immutable"
_CONTENT_SECURITY_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)
"""An SVG is an image: it may run no script and load nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """Handles /assets."""

    context: WebContext

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/assets/{source}/{path:path}", self.asset)]

    async def asset(self, request: Request) -> Response:
        """Respond with a file, which is immutable where the URL names its blob."""
        source, path = request.path_params["source"], request.path_params["path"]
        if_none_match = request.headers.get("if-none-match")
        if if_none_match is not None:
            asset = await self.context.reader.asset(source, path, with_content=False)
            if is_not_modified(
                if_none_match=if_none_match,
                if_modified_since=None,
                etag=f'"{asset.blob}"',
                last_modified=None,
            ):
                return Response(None, 304, self._headers(request, asset))
        asset = await self.context.reader.asset(source, path)
        headers = self._headers(request, asset) | {"Content-Type": media_type(path)}
        return Response(asset.content, 200, headers)

    def _headers(self, request: Request, asset: Asset) -> dict[str, str]:
        date = last_modified_to_send(asset.committed)
        is_versioned = request.query_params.get("v") == asset.blob
        return {
            "ETag": f'"{asset.blob}"',
            **{name.decode(): value.decode() for name, value in date_header(date)},
            "Cache-Control": _IMMUTABLE if is_versioned else self.context.policy.cache_control,
            "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
        }

"""Addresses that are no more: moved (308), gone (410), or written with a slash too many."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from syndicate.errors import Gone
from syndicate.formats import FORMATS
from syndicate.model.feed import Masthead
from syndicate.web.policy import Policy

LONGEST_LOCATION: Final = 1_200
"""Bytes of an address that is redirected to: the head of an answer stays below 2 kB."""


class Former:
    """ASGI middleware that knows the redirects of a policy."""

    def __init__(self, app: ASGIApp, *, masthead: Masthead, policy: Policy) -> None:
        self._app = app
        self._masthead = masthead
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a former address; pass on every other."""
        target = successor(scope.get("path", ""), self._policy.redirects)
        if target is None:
            await self._app(scope, receive, send)
            return
        if not target:
            raise Gone(
                f"what was at {scope['path']} has been withdrawn",
                code="gone",
                hint="Stop asking for it; / lists the feeds there are.",
            )
        query = scope["query_string"].decode("latin-1")
        answer = redirect(self._masthead, self._policy, target, query)
        await answer(scope, receive, send)


def successor(path: str, redirects: Mapping[str, str]) -> str | None:
    """Return what took the place of ``path``, empty if nothing did, None if it is still there.

    A feed that moved takes its formats along: what is said of /feeds/a holds for /feeds/a.rss.
    No address of ours ends with a slash, but the first.
    """
    if path in redirects:
        return redirects[path]
    if path.endswith("/") and path != "/":
        return f"/{path.strip('/')}"
    suffix = PurePosixPath(path).suffix
    if suffix[1:] not in FORMATS:
        return None
    target = redirects.get(path.removesuffix(suffix))
    return f"{target}{suffix}" if target else target


def redirect(masthead: Masthead, policy: Policy, target: str, query: str = "") -> RedirectResponse:
    """Return 308 to ``target``, a path of ours or an address elsewhere, with ``query`` added.

    Raises `HTTPException` (414) if the address were longer than `LONGEST_LOCATION`.
    """
    url = masthead.url(target) if target.startswith("/") else target
    joint = "&" if "?" in url else "?"
    answer = RedirectResponse(
        f"{url}{joint}{query}" if query else url,
        status_code=308,
        headers={"Cache-Control": policy.cache_control},
    )
    if len(answer.headers["location"]) > LONGEST_LOCATION:
        detail = f"the address has moved, and the new one is longer than {LONGEST_LOCATION:,} bytes"
        raise HTTPException(414, detail)
    return answer

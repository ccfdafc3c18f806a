"""The documentation at /docs: a folder with a static site, which the settings name."""

import asyncio
import base64
import hashlib
import re
from dataclasses import dataclass, field
from mimetypes import guess_type
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from syndicate.web.context import WebContext
from syndicate.web.http.redirects import redirect_response

_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocsSite:
    """Handles /docs."""

    context: WebContext
    policies: dict[str, str] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Return the routes; without a folder, none."""
        if not self.context.policy.docs_folder:
            return []
        return [Route("/docs", self.index), Route("/docs/{path:path}", self.file)]

    async def index(self, _: Request) -> Response:
        """Redirect to the first page: its links are relative."""
        return redirect_response(self.context.service_info, self.context.policy, "/docs/index.html")

    async def file(self, request: Request) -> Response:
        """Respond with a file of the site; 404 if there is none."""
        files = StaticFiles(directory=self.context.policy.docs_folder)
        path: str = request.path_params["path"]
        response = await files.get_response(path, request.scope)
        response.headers["Cache-Control"] = self.context.policy.cache_control
        if guess_type(path)[0] == "text/html":  # 304, too: its headers replace those of a cache
            file = Path(self.context.policy.docs_folder, path)
            policy = await asyncio.to_thread(self._policy, file)
            response.headers["Content-Security-Policy"] = policy
        return response

    def _policy(self, file: Path) -> str:
        """Return the policy of a page: its own scripts run, and nothing of other sites is loaded.

        Pages are read once: the site is built before the service starts.
        """
        name = str(file.resolve())
        if name not in self.policies:
            scripts = _INLINE_SCRIPT.findall(file.read_text("utf-8", "replace"))
            digests = {hashlib.sha256(script.encode()).digest() for script in scripts}
            hashes = "".join(f" 'sha256-{base64.b64encode(one).decode()}'" for one in digests)
            self.policies[name] = (
                f"default-src 'self'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; "
                "img-src 'self' data:; worker-src 'self' blob:; form-action 'self'; "
                "base-uri 'none'; frame-ancestors 'none'"
            )
        return self.policies[name]

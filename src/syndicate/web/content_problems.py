"""Problems in the content of a source, for administrators."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from syndicate.model.edition import Problem
from syndicate.model.pagination import malformed_cursor
from syndicate.model.query import parse_limit
from syndicate.web.context import WebContext
from syndicate.web.http.auth import (
    AuthenticatedRoute,
    authenticate,
    authenticated_route,
    json_response,
)

SortKey = tuple[str, int, int, str, str]
"""Sort key of problems: path, line, column, rule and message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentProblems:
    """Handles /v1/sources/{name}/problems."""

    context: WebContext

    def routes(self) -> list[AuthenticatedRoute]:
        """Return the route."""
        return [authenticated_route("/v1/sources/{source}/problems", GET=self.list)]

    async def list(self, request: Request) -> Response:
        """Respond with a page of the problems in the files of a source, by path and line."""
        await authenticate(request, self.context.reader, "admin")
        source = request.path_params["source"]
        limit, after = parse_limit(request.query_params), request.query_params.get("after", "")
        problems = sorted({*self.context.edition.snapshot(source).problems}, key=_sort_key)
        if after:
            start = _decode_cursor(after)
            problems = [problem for problem in problems if _sort_key(problem) > start]
        next_after = (
            _encode_cursor(_sort_key(problems[limit - 1])) if len(problems) > limit else None
        )
        path = f"/v1/sources/{source}/problems"
        return json_response(
            {
                "items": [_problem_json(problem) for problem in problems[:limit]],
                "next_url": self.context.next_url(path, limit, next_after),
            }
        )


def _problem_json(problem: Problem) -> Mapping[str, object]:
    return {
        "path": problem.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "line": problem.line,
        "column": problem.column,
        "level": problem.level,
        "code": problem.rule,
        "message": problem.message,
        "hint": problem.hint,
    }


def _sort_key(problem: Problem) -> SortKey:
    return problem.path, problem.line, problem.column, problem.rule, problem.message


def _encode_cursor(key: SortKey) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _decode_cursor(cursor: str) -> SortKey:
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        path, line, column, rule, what = json.loads(data)
        return str(path), int(line), int(column), str(rule), str(what)
    except (binascii.Error, ValueError, TypeError):
        raise malformed_cursor(cursor) from None

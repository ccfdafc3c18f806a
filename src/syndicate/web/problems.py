"""For operators: what the editors of a source should look at, one problem at a time."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from syndicate.model.edition import Problem
from syndicate.model.page import malformed
from syndicate.model.query import read_limit
from syndicate.web.desk import Desk
from syndicate.web.private import Private, enter, private, said

Place = tuple[str, int, int, str, str]
"""What problems are sorted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """Answers for /v1/sources/{name}/problems, to administrators."""

    desk: Desk

    def routes(self) -> list[Private]:
        """Return the route."""
        return [private("/v1/sources/{source}/problems", GET=self.list)]

    async def list(self, request: Request) -> Response:
        """Answer with a page of what is wrong with the files of a source, by path and line."""
        await enter(request, self.desk.reader, "admin")
        source = request.path_params["source"]
        limit, after = read_limit(request.query_params), request.query_params.get("after", "")
        found = sorted({*self.desk.edition.part(source).problems}, key=_place)
        if after:
            start = _read(after)
            found = [one for one in found if _place(one) > start]
        following = _written(_place(found[limit - 1])) if len(found) > limit else None
        path = f"/v1/sources/{source}/problems"
        return said(
            {
                "items": [_statement(one) for one in found[:limit]],
                "next_url": self.desk.next_url(path, limit, following),
            }
        )


def _statement(problem: Problem) -> Mapping[str, object]:
    return {
        "path": problem.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "line": problem.line,
        "column": problem.column,
        "level": problem.level,
        "code": problem.rule,
        "message": problem.what,
        "hint": problem.hint,
    }


def _place(problem: Problem) -> Place:
    return problem.path, problem.line, problem.column, problem.rule, problem.what


def _written(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read(cursor: str) -> Place:
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        path, line, column, rule, what = json.loads(data)
        return str(path), int(line), int(column), str(rule), str(what)
    except (binascii.Error, ValueError, TypeError):
        raise malformed(cursor) from None

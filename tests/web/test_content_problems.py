"""Problems in the files of a source, for administrators and editors."""

import pathlib

from syndicate.model.edition import Edition, Problem
from syndicate.model.post import Path
from tests import samples
from tests.stepwise_service import sqlite_url
from tests.subscription_services import subscription_service_with_ledger
from tests.web.api_client import ApiClient
from tests.web.app_client import LEDGER, AppClient, SampleReader

PUBLIC = "https://feeds.example.gov"
PATH = "/v1/sources/news/problems"


def problem(path: str, line: int = 0) -> Problem:
    """Return a problem."""
    return Problem(
        level="warning",
        rule="bad-date",
        source="news",
        path=Path(path),
        line=line,
        column=2,
        message="date cannot be 'x'",
        hint="Write it as 2024-01-31.",
    )


async def test_problems_of_a_source_are_listed(tmp_path: pathlib.Path) -> None:
    """By path and line, in pages, not to partners; file names may have any bytes."""
    found = (problem("b.md", 4), problem("b.md"), problem("a\udcff.md"), problem("b.md", 4))
    part = samples.source_snapshot(None, *samples.posts(1), problems=found)
    library = SampleReader(current=Edition.build([part], at=samples.NOW), ledger=LEDGER)

    async with subscription_service_with_ledger(sqlite_url(tmp_path), library) as service:
        library.service = service
        counter = ApiClient(app_client=AppClient(reader=library), service=service, database_url="")
        editor, partner = await counter.with_token("web", "editor"), await counter.with_token()
        first = (await editor.request("GET", f"{PATH}?limit=2")).json()
        assert first["items"] == [
            {
                "path": "a\N{REPLACEMENT CHARACTER}.md",
                "line": 0,
                "column": 2,
                "level": "warning",
                "code": "bad-date",
                "message": "date cannot be 'x'",
                "hint": "Write it as 2024-01-31.",
            },
            {**first["items"][0], "path": "b.md"},
        ]
        rest = (await editor.request("GET", first["next_url"].removeprefix(PUBLIC))).json()
        assert [one["line"] for one in rest["items"]] == [4]
        assert rest["next_url"] is None
        for cursor in ("x", "eHg", "WzFd"):
            wrong = await editor.request("GET", f"{PATH}?after={cursor}")
            assert (wrong.status_code, wrong.json()["code"]) == (400, "malformed-cursor")
        missing = await editor.request("GET", "/v1/sources/fish/problems")
        assert (missing.status_code, missing.json()["known"]) == (404, ["news"])
        rejected = await partner.request("GET", PATH)
        assert (rejected.status_code, rejected.json()["code"]) == (403, "forbidden")
        assert 'error="insufficient_scope"' in rejected.headers["www-authenticate"]
        assert (await counter.request("GET", PATH)).status_code == 401

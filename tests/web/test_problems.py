"""What is wrong with the files of a source, for administrators."""

import asyncio
import pathlib

from syndicate.model.edition import Edition, Problem
from syndicate.model.post import Path
from tests import samples
from tests.mirror import sqlite
from tests.partners import office_at
from tests.web.counter import Counter
from tests.web.site import LEDGER, Library, Site

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
        what="date cannot be 'x'",
        hint="Write it as 2024-01-31.",
    )


def test_the_problems_of_a_source_are_listed(tmp_path: pathlib.Path) -> None:
    """By path and line, page by page, to administrators alone; file names may be any bytes."""
    found = (problem("b.md", 4), problem("b.md"), problem("a\udcff.md"), problem("b.md", 4))
    part = samples.part(None, *samples.posts(1), problems=found)
    library = Library(now=Edition.of([part], at=samples.NOW), ledger=LEDGER)

    async def do() -> None:
        async with office_at(sqlite(tmp_path), library) as office:
            library.staff = office
            counter = Counter(site=Site(reader=library), office=office, address="")
            admin, partner = await counter.of("ops", "admin"), await counter.of()
            first = (await admin.ask("GET", f"{PATH}?limit=2")).json()
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
            rest = (await admin.ask("GET", first["next_url"].removeprefix(PUBLIC))).json()
            assert [one["line"] for one in rest["items"]] == [4]
            assert rest["next_url"] is None
            for cursor in ("x", "eHg", "WzFd"):
                wrong = await admin.ask("GET", f"{PATH}?after={cursor}")
                assert (wrong.status_code, wrong.json()["code"]) == (400, "malformed-cursor")
            missing = await admin.ask("GET", "/v1/sources/fish/problems")
            assert (missing.status_code, missing.json()["known"]) == (404, ["news"])
            refused = await partner.ask("GET", PATH)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
            assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
            assert (await counter.ask("GET", PATH)).status_code == 401

    asyncio.run(do())

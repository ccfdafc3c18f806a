"""Hugo and Zola show a date in the offset it was written with, others in the site's time zone."""

from datetime import UTC, datetime

import pytest

from tests.content.conftest import OpenSource
from tests.content.sources import left_out
from tests.content.test_site_source import at_head
from tests.content_repository import ContentRepository
from tests.sites.written_site import post

TOKYO = "2024-02-09T01:30:00+09:00"
HUGO = {
    "hugo.toml": 'baseURL = "https://agency.gov"\ntimeZone = "America/New_York"\n',
    "content/news/written.md": post(title="A", date=TOKYO),
    "content/news/summer.md": post(title="A", date="2024-07-09T01:30:00-04:00"),
    "content/news/day.md": post(title="A", date="2024-02-09"),
    "content/news/old.md": post(title="A", date="1880-02-09"),
}
ZOLA = {
    "config.toml": 'base_url = "https://agency.gov"\n',
    "content/news/_index.md": "+++\n+++\n",
    "content/news/written.md": f"+++\ntitle = 'A'\ndate = {TOKYO}\n+++\nText.\n",
    "content/news/day.md": "+++\ntitle = 'A'\ndate = 2024-02-09\n+++\nText.\n",
}
JEKYLL = {
    "_config.yml": "url: https://agency.gov\ntimezone: America/New_York\n",
    "_posts/2024-02-09-written.md": post(title="A", date="2024-02-09 01:30:00 +0900"),
}


@pytest.mark.parametrize(
    ("files", "dates"),
    [
        (
            HUGO,
            {
                "written": TOKYO,
                "summer": "2024-07-09T01:30:00-04:00",
                "day": "2024-02-09T00:00:00-05:00",
                "old": "1880-02-09T00:00:00-04:56:02",
            },
        ),
        (ZOLA, {"written": TOKYO, "day": "2024-02-09T00:00:00+00:00"}),
        (JEKYLL, {"2024-02-09-written": "2024-02-08T11:30:00-05:00"}),
    ],
    ids=["hugo", "zola", "jekyll"],
)
def test_day_of_a_post_is_the_one_that_its_site_shows(
    files: dict[str, str],
    dates: dict[str, str],
    content: ContentRepository,
    open_source: OpenSource,
) -> None:
    """Also after a restart, from the stored snapshot."""
    content.commit(files)
    for _ in range(2):
        index = open_source(left_out())
        found = {each.path: each.published.isoformat() for each in at_head(index).posts}
        index.save()
        assert {path.rpartition("/")[2][:-3]: date for path, date in found.items()} == dates


def test_time_of_the_last_change_keeps_its_offset_over_a_restart(
    content: ContentRepository, open_source: OpenSource
) -> None:
    """That of publication until a later commit changes the words, then that of the zone."""
    page = "content/news/written.md"
    content.commit({**HUGO, page: post(title="A", date="2024-02-09T01:30:00+09:00")})
    content.now = datetime(2024, 3, 1, 12, tzinfo=UTC)
    content.commit({"content/news/summer.md": post(title="B", date="2024-02-10T01:30:00+09:00")})
    for _ in range(2):
        index = open_source(left_out())
        found = {str(each.path): each.updated.isoformat() for each in at_head(index).posts}
        index.save()
        assert found[page] == "2024-02-09T01:30:00+09:00"
        assert found["content/news/summer.md"] == "2024-03-01T07:00:00-05:00"

"""The change stream."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from typing_extensions import override

from syndicate.model.edition import Edition, UnavailableSource
from syndicate.model.ledger import FIELD_NAMES
from syndicate.model.post import BlobId, Post, RenderedPosts
from tests import samples
from tests.web.app_client import (
    GONE,
    LEDGER,
    POSTS,
    AppClient,
    SampleReader,
    app_client,
    ledger_entry,
)

CLIENT = app_client()


def pages(client: AppClient, path: str) -> list[dict[str, Any]]:
    """Return the responses from ``path`` on, to the last one that has no more after it."""
    responses: list[dict[str, Any]] = [client.get(path).json()]
    while responses[-1]["has_more"]:
        responses.append(client.get(responses[-1]["next_url"].partition(".gov")[2]).json())
    return responses


def with_ledger(*ledger: Any) -> AppClient:  # noqa: ANN401 — rows
    """Return a service whose ledger has these entries only."""
    return AppClient(reader=SampleReader(current=samples.edition(*POSTS), ledger=ledger))


def test_stream_without_a_cursor_has_all_posts() -> None:
    """As complete items, without removals."""
    response = CLIENT.get("/v1/changes")
    items = response.json()["items"]
    posts = {item["id"]: item for item in CLIENT.get("/v1/posts").json()["items"]}
    assert {item["data"]["post"]["id"]: item["data"]["post"] for item in items} == posts
    assert {item["type"] for item in items} == {"post.published"}
    assert response.json()["has_more"] is False
    assert response.headers["Cache-Control"] == "no-cache"
    assert "Last-Modified" not in response.headers
    assert response.link("next") == response.json()["next_url"]
    assert CLIENT.get("/v1/changes", If_None_Match=response.headers["ETag"]).status_code == 304


def test_stream_after_a_cursor_has_the_changes_since() -> None:
    """Such as a removal, which has id and URL alone."""
    (first,) = pages(CLIENT, "/v1/changes?limit=200")
    later = ledger_entry(replace(POSTS[0], title="x"), None, 3)
    client = AppClient(
        reader=SampleReader(
            current=samples.edition(*POSTS[:-1]),
            ledger=(*LEDGER, later, ledger_entry(POSTS[-1], "deleted", 4)),
        )
    )
    items = client.get(first["next_url"].partition(".gov")[2]).json()["items"]
    assert [item["type"] for item in items] == ["post.updated", "post.removed"]
    assert items[0]["data"]["changed"] == list(FIELD_NAMES)
    assert items[1] == {
        "type": "post.removed",
        "timestamp": "2024-06-01T12:00:00.000Z",
        "schema": 1,
        "data": {
            "cursor": items[1]["data"]["cursor"],
            "post": {"id": POSTS[-1].id, "url": POSTS[-1].url},
            "source": "updates",
            "commit": samples.COMMIT,
            "reason": "deleted",
            "changed": [],
            "minor": False,
        },
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_pages_join_to_the_whole_stream(limit: int) -> None:
    """And the cursor of each item continues after it."""
    complete = CLIENT.get("/v1/changes").json()["items"]
    ids = [item["data"]["post"]["id"] for item in complete]
    found = [item for page in pages(CLIENT, f"/v1/changes?limit={limit}") for item in page["items"]]
    assert [item["data"]["post"]["id"] for item in found] == ids
    cursor = found[1]["data"]["cursor"]
    rest = CLIENT.get(f"/v1/changes?after={cursor}").json()["items"]
    assert [item["data"]["post"]["id"] for item in rest] == ids[2:]


def test_ledger_is_read_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries outside the selection are skipped until a page is full."""
    monkeypatch.setattr("syndicate.web.changes._BATCH_ROWS", 1)
    (page,) = pages(CLIENT, "/v1/changes?source=updates")
    assert [item["data"]["post"]["id"] for item in page["items"]] == [POSTS[-1].id]


def test_stream_is_filtered_like_feeds() -> None:
    """The next page has the same filters."""
    page = CLIENT.get("/v1/changes?category=TTS&content=summary&limit=1").json()
    assert [item["data"]["post"]["_syndicate"]["categories"] for item in page["items"]] == [["tts"]]
    assert "content_html" not in page["items"][0]["data"]["post"]
    assert "category=tts&content=summary&limit=1" in page["next_url"]
    assert CLIENT.get("/v1/changes?categories=tts").json()["code"] == "wrong-parameter"


def test_stream_stops_where_ledger_and_edition_disagree() -> None:
    """Requested again from there, it misses nothing."""
    client = with_ledger(ledger_entry(replace(POSTS[0], blob=BlobId("b" * 40))))
    page = client.get("/v1/changes").json()
    assert (page["items"], page["has_more"]) == ([], False)
    now = with_ledger(ledger_entry(POSTS[0], "new", 2))
    again = now.get(page["next_url"].partition(".gov")[2]).json()
    assert [item["type"] for item in again["items"]] == ["post.published"]


def test_stream_stops_at_a_source_that_was_not_read_yet() -> None:
    """Then the response is 503."""
    unread = UnavailableSource(source=samples.source("updates"), error="no repository")
    part = samples.source_snapshot(samples.source(), *POSTS[:-1])
    edition = Edition.build([part], unavailable=[unread], at=samples.NOW)
    rows = (ledger_entry(POSTS[0]), ledger_entry(POSTS[-1], "new", 2))
    client = AppClient(reader=SampleReader(current=edition, ledger=rows))
    first = client.get("/v1/changes").json()
    assert (len(first["items"]), first["has_more"]) == (1, True)
    second = client.get(first["next_url"].partition(".gov")[2])
    assert (second.status_code, second.json()["code"]) == (503, "not-ready")
    assert "updates (source-failing)" in second.json()["detail"]


def test_invalid_cursor_is_rejected() -> None:
    """Malformed: 400. From another ledger or from the future: 410."""
    malformed = CLIENT.get("/v1/changes?after=nonsense")
    assert (malformed.status_code, malformed.json()["code"]) == (400, "malformed-cursor")
    cursor = CLIENT.get("/v1/changes").json()["next_url"].partition("after=")[2]
    gone = with_ledger(ledger_entry(GONE, "expired", 1)).get(f"/v1/changes?after={cursor}")
    assert (gone.status_code, gone.json()["code"]) == (410, "cursor-gone")
    assert "Omit 'after'" in gone.json()["hint"]


def test_stream_without_a_database_gets_503() -> None:
    """With Retry-After."""
    client = AppClient(reader=SampleReader(current=samples.edition(*POSTS), failing="it is locked"))
    response = client.get("/v1/changes")
    assert (response.status_code, response.json()["code"]) == (503, "storage-error")
    assert "locked" not in response.text
    assert "Retry-After" in response.headers
    assert client.get("/v1/posts").status_code == 200


class OutdatedReader(SampleReader):
    """A reader with earlier versions of posts."""

    @override
    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        items = await self.render_posts(posts, edition)
        return RenderedPosts(items=items, outdated=frozenset({posts[0].id}))


def test_stream_has_no_outdated_post() -> None:
    """A client would never get the current one; feeds have the previous one."""
    client = AppClient(reader=OutdatedReader(current=samples.edition(*POSTS), ledger=LEDGER))
    response = client.get("/v1/changes")
    assert (response.status_code, response.json()["code"]) == (503, "rendering")
    assert response.headers["Retry-After"] == "5"
    assert client.get("/feeds/all.json").status_code == 200

"""Properties of JSON Feed alone."""

import json

import msgspec

from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.json_feed import item_object
from syndicate.model.feed import Tombstone
from syndicate.model.post import Image
from tests import samples
from tests.feeds.formats import sample_feeds


def test_api_items_equal_feed_items() -> None:
    """Byte for byte."""
    for item in sample_feeds.FULL.items:
        written_alone = msgspec.json.encode(item_object(item, sample_feeds.SERVICE_INFO))
        assert FORMATS["json"].write_entry(item, sample_feeds.SERVICE_INFO) == written_alone


def test_missing_alternative_text_differs_from_an_empty_one() -> None:
    """Null where it is missing, empty only for an image declared decorative."""
    alts = [
        samples.rendered_post(image=image)
        for image in (None, Image(url="https://x.example.gov/a"), Image(url="a", alt=""))
    ]
    extensions = [item_object(item, samples.SERVICE_INFO)["_syndicate"] for item in alts]
    assert [one["image_alt"] for one in extensions if isinstance(one, dict)] == [None, None, ""]


def test_item_has_content_in_any_case() -> None:
    """JSON Feed requires it, even if it is empty."""
    item = item_object(samples.rendered_post(), samples.SERVICE_INFO, "none")
    assert item["content_text"] == ""
    assert "summary" not in item


def test_last_page_has_no_next_url() -> None:
    """The member is left out, not null."""
    assert b"next_url" not in FORMATS["json"].write(samples.feed())


def test_removed_posts_are_named_newest_first() -> None:
    """For programs that keep a copy: id and last URL, and when the removal was noticed."""
    posts = samples.posts(3)
    days = [1, 3, 3]
    tombstones = tuple(
        Tombstone(
            post_id=post.id,
            url=post.url,
            removed_at=samples.NOW.replace(day=day),
        )
        for post, day in zip(posts, days, strict=True)
    )
    written = json.loads(FORMATS["json"].write(samples.feed(tombstones=tombstones)))
    assert written["_syndicate"]["removed"] == [
        {"id": posts[1].id, "url": posts[1].url, "removed": "2024-06-03T12:00:00Z"},
        {"id": posts[2].id, "url": posts[2].url, "removed": "2024-06-03T12:00:00Z"},
        {"id": posts[0].id, "url": posts[0].url, "removed": "2024-06-01T12:00:00Z"},
    ]
    assert json.loads(FORMATS["json"].write(samples.feed()))["_syndicate"]["removed"] == []

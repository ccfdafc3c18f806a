"""Properties of JSON Feed alone."""

import msgspec

from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.json_feed import item_object
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

"""What JSON Feed says beyond the other formats."""

import msgspec

from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.json_feed import item_object
from syndicate.model.post import Image
from tests import samples
from tests.feeds.formats import sample_feeds


def test_the_api_gives_the_objects_of_the_feed() -> None:
    """An item of the API is an item of JSON Feed, byte for byte."""
    for item in sample_feeds.FULL.items:
        written_alone = msgspec.json.encode(item_object(item, sample_feeds.MASTHEAD))
        assert FORMATS["json"].write_entry(item, sample_feeds.MASTHEAD) == written_alone


def test_nobody_having_written_alternative_text_differs_from_decoration() -> None:
    """Null where it is missing, empty only where a picture is declared decorative."""
    alts = [
        samples.rendered_post(image=image)
        for image in (None, Image(url="https://x.example.gov/a"), Image(url="a", alt=""))
    ]
    extensions = [item_object(item, samples.SERVICE_INFO)["_syndicate"] for item in alts]
    assert [one["image_alt"] for one in extensions if isinstance(one, dict)] == [None, None, ""]


def test_an_item_without_content_still_has_some() -> None:
    """JSON Feed wants content in every item, be it empty."""
    item = item_object(samples.rendered_post(), samples.SERVICE_INFO, "none")
    assert item["content_text"] == ""
    assert "summary" not in item


def test_the_last_page_has_no_next() -> None:
    """`next_url` is left out, not null."""
    assert b"next_url" not in FORMATS["json"].write(samples.feed())

"""Text and dates as they are written."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given

from syndicate.feeds.formats.text import rfc822, rfc3339, sanitized, xml_safe
from syndicate.model.post import Author, Image
from tests import samples
from tests.feeds.formats import sample_feeds

TOKYO = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 1, 29, tzinfo=samples.NEW_YORK), "2024-01-29T00:00:00-05:00"),
        (datetime(2024, 7, 1, tzinfo=samples.NEW_YORK), "2024-07-01T00:00:00-04:00"),
        (datetime(2024, 10, 16, 19, 24, 53, 929_000, tzinfo=UTC), "2024-10-16T19:24:53.929Z"),
        (datetime(2024, 10, 16, 19, 24, 53, 929_001, tzinfo=UTC), "2024-10-16T19:24:53.929001Z"),
        (datetime(2024, 10, 17, 4, 24, 53, tzinfo=TOKYO), "2024-10-17T04:24:53+09:00"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(1880, 5, 1, 12, tzinfo=samples.NEW_YORK), "1880-05-01T12:00:00-04:56"),
    ],
)
def test_time_keeps_its_local_day_and_offset(moment: datetime, text: str) -> None:
    """The first ten characters are the day at the source; RFC 3339 has no seconds of offset."""
    assert rfc3339(moment) == text


@given(sample_feeds.times)
def test_written_time_parses_to_the_same_time(moment: datetime) -> None:
    """Except for seconds of the offset; RSS has no fractions of a second."""
    seconds = moment.utcoffset() or timedelta()
    offset = timezone(timedelta(minutes=round(seconds / timedelta(minutes=1))))
    exact = moment.replace(tzinfo=offset)
    assert datetime.fromisoformat(rfc3339(moment)) == exact
    assert parsedate_to_datetime(rfc822(moment)) == exact.replace(microsecond=0)


def test_forbidden_characters_are_removed_at_any_depth() -> None:
    """In texts inside tuples and dataclasses; white space stays."""
    dirty = samples.rendered_post(
        authors=(Author(name="A\x07da"),), image=Image(url="https://x.example.gov/", alt="a\tb\x1f")
    )
    spotless = xml_safe(dirty)
    assert spotless.authors == (Author(name="Ada"),)
    assert spotless.image == Image(url="https://x.example.gov/", alt="a\tb")
    assert spotless.post == dirty.post


def test_author_without_a_name_is_left_out() -> None:
    """A name of white space and control characters counts as none."""
    item = samples.rendered_post(authors=(Author(name=" \0"), Author(name="Ada")))
    assert sanitized(item).authors == (Author(name="Ada"),)

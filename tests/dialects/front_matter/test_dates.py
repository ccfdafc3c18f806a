"""Dates of front matter and file names, and what they decide."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.dialects.front_matter.dates import (
    DateRules,
    hidden_reason,
    parse_date,
    read_expires,
    read_published,
    split_day_prefix,
)
from tests.dialects.factories import PATH, field_reader, reported_rules
from tests.samples import NEW_YORK

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("written", "at", "precision"),
    [
        ("2024-01-29", "2024-01-29T00:00:00-05:00", "day"),
        ("2024-07-01", "2024-07-01T00:00:00-04:00", "day"),
        ("2019-12-3", "2019-12-03T00:00:00-05:00", "day"),
        ("2016/08/08", "2016-08-08T00:00:00-04:00", "day"),
        ("2016-08-08 (optional)", "2016-08-08T00:00:00-04:00", "day"),
        ("June 2, 2020", "2020-06-02T00:00:00-04:00", "day"),
        ("june 2nd 2020", "2020-06-02T00:00:00-04:00", "day"),
        ("Sept 10, 2024", "2024-09-10T00:00:00-04:00", "day"),
        ("Sept. 10, 2024", "2024-09-10T00:00:00-04:00", "day"),
        ("Jan 07, 2025", "2025-01-07T00:00:00-05:00", "day"),
        ("Tuesday, June 2, 2020", "2020-06-02T00:00:00-04:00", "day"),
        ("2 June 2020", "2020-06-02T00:00:00-04:00", "day"),
        ("  2024-01-29  ", "2024-01-29T00:00:00-05:00", "day"),
        ("2011-11-28 8:32:24 -0400", "2011-11-28T07:32:24-05:00", "second"),
        ("2015-03-17 14:00:00 -4", "2015-03-17T14:00:00-04:00", "second"),
        ("2016-01-05 12:00 EDT", "2016-01-05T11:00:00-05:00", "second"),
        ("2016-07-05 12:00 ET", "2016-07-05T12:00:00-04:00", "second"),
        ("2016-01-05 9:00 PT", "2016-01-05T12:00:00-05:00", "second"),
        ("2016-07-05 12:00-400", "2016-07-05T12:00:00-04:00", "second"),
        ("2016-07-05 12:00 +0530", "2016-07-05T02:30:00-04:00", "second"),
        ("2016-07-05 12:00 +05:30", "2016-07-05T02:30:00-04:00", "second"),
        ("2016-07-05 12:00 -04", "2016-07-05T12:00:00-04:00", "second"),
        ("2024-10-16T19:24:53.929Z", "2024-10-16T15:24:53.929000-04:00", "second"),
        ("2024-10-16t19:24:53,5z", "2024-10-16T15:24:53.500000-04:00", "second"),
        ("2024-10-16 09:30", "2024-10-16T09:30:00-04:00", "second"),
        ("2024-10-16 9:30 pm", "2024-10-16T21:30:00-04:00", "second"),
        ("October 16, 2024 at 12:05 a.m.", "2024-10-16T00:05:00-04:00", "second"),
        ("Tue, 02 Jun 2020 10:00:00 +0000", "2020-06-02T06:00:00-04:00", "second"),
        (date(2024, 1, 29), "2024-01-29T00:00:00-05:00", "day"),
        (datetime(2024, 1, 29, 9), "2024-01-29T09:00:00-05:00", "second"),  # noqa: DTZ001 — as TOML
        (datetime(2024, 1, 29, 9, tzinfo=UTC), "2024-01-29T04:00:00-05:00", "second"),
    ],
)
def test_real_dates_are_parsed(written: object, at: str, precision: str) -> None:
    """All forms of real posts, in the source's zone, with their precision."""
    found = parse_date(written, NEW_YORK)
    assert found is not None
    assert (found.instant.isoformat(), found.precision) == (at, precision)


@pytest.mark.parametrize(
    "written",
    [
        *("2024-13-45", "2024-02-30", "2024-01-29 25:00", "2024-01-29 13:00 pm", "2024-01-29 0:0"),
        *("06/02/2020", "20200602", "2020", "1591056000", "soon", "", "2024-01-29 noon", "Mayor 1"),
        *("2024-01-29 12:00 XYZ", "2024-01-29 12:00 +9999", "0000-01-01", "2024-01-295"),
        *(
            None,
            True,
            2024,
            20240129,
            time(9),
            [],
            {},
            "June 2, 2020 and later",
            f"2024-01-29{' ' * 99}(x)",
        ),
        *("9999-12-31 23:59 -0500", "0001-01-01 00:00 +0500"),
    ],
)
def test_other_text_is_not_a_date(written: object) -> None:
    """Invalid, ambiguous and other values are not parsed."""
    assert parse_date(written, NEW_YORK) is None


@pytest.mark.parametrize(
    ("written", "zone", "at"),
    [
        ("2024-03-10 02:30", NEW_YORK, "2024-03-10T03:30:00-04:00"),
        ("2024-11-03 01:30", NEW_YORK, "2024-11-03T01:30:00-04:00"),
        ("2018-11-04", SAO_PAULO, "2018-11-04T01:00:00-02:00"),
        ("1850-06-01", NEW_YORK, "1850-06-01T00:00:02-04:56"),
    ],
)
def test_times_around_clock_changes_are_unambiguous(written: str, zone: ZoneInfo, at: str) -> None:
    """A skipped local time is shifted by the change, of a repeated one the first counts."""
    found = parse_date(written, zone)
    assert found is not None
    assert found.instant.isoformat() == at


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=3)))))
def test_zone_conversion_keeps_the_instant(at: datetime) -> None:
    """The zone of the source changes the offset, not the instant."""
    found = parse_date(at.isoformat(), NEW_YORK)
    assert found is None or found.instant == at
    assert found is not None or at.year in (1, 9999)


@given(st.text() | st.dates().map(str) | st.from_regex(r"[\d :/+TZa-z-]{0,30}", fullmatch=True))
def test_any_text_is_a_date_or_none(written: str) -> None:
    """No text raises; parsed dates have an offset in whole minutes."""
    found = parse_date(written, NEW_YORK)
    offset = timedelta() if found is None else found.instant.utcoffset()
    assert offset is not None
    assert offset % timedelta(minutes=1) == timedelta()


@pytest.mark.parametrize(
    ("name", "day", "rest"),
    [
        ("2024-01-29-forms", date(2024, 1, 29), "forms"),
        ("2024-12-5-forms", None, "2024-12-5-forms"),
        ("2024-13-45-forms", None, "2024-13-45-forms"),
        ("2024-01-29-", None, "2024-01-29-"),
        ("2024-01-29", None, "2024-01-29"),
        ("forms-2024-01-29-x", None, "forms-2024-01-29-x"),
        ("", None, ""),
    ],
)
def test_only_a_padded_date_prefix_is_split(name: str, day: date | None, rest: str) -> None:
    """``2024-12-5-`` and invalid days belong to the name."""
    assert split_day_prefix(name) == (day, rest)


UNDATED = "news/a-post.md"


@pytest.mark.parametrize(
    ("front", "path", "at", "origin", "notes"),
    [
        ("date: 2024-01-29", PATH, "2024-01-29", "key date, line 2", []),
        ("date: 2024-02-01", PATH, "2024-02-01", "key date, line 2", [("date-conflict", 2)]),
        ("a: b", PATH, "2024-01-29", "file name", []),
        ('dateline_str: "Jan 29, 2024"', PATH, "2024-01-29", "file name", []),
        ('dateline_str: "Jan 30, 2024"', PATH, "2024-01-29", "file name", [("date-conflict", 2)]),
        ('dateline_str: "Jan 30, 2024"', UNDATED, "2024-01-30", "key dateline_str, line 2", []),
        ("date: 2024-13-45", PATH, "2024-01-29", "file name", [("impossible-date", 2)]),
        ("date: [x]", UNDATED, None, None, [("impossible-date", 2), ("missing-date", 0)]),
        ("date: ~", UNDATED, None, None, [("missing-date", 0)]),
        (
            "date: soon\npubDate: 2024-02-01",
            UNDATED,
            "2024-02-01",
            "key pubDate, line 3",
            [("impossible-date", 2)],
        ),
    ],
)
def test_published_is_the_first_available_date(
    front: str, path: str, at: str | None, origin: str | None, notes: list[tuple[str, int]]
) -> None:
    """Front matter, else the file name, else the dateline; conflicts are reported."""
    found = field_reader(front)
    parsed = read_published(found, split_day_prefix(path.rpartition("/")[2])[0])
    assert (str(parsed.instant.date()) if parsed else None) == at
    assert found.origins.get("published") == origin
    assert reported_rules(found) == notes


@pytest.mark.parametrize(
    ("front", "read_in_utc", "at"),
    [
        ("date: 2024-02-08 02:00:00", "timestamps", "2024-02-08T02:00:00+00:00"),
        ("date: 2024-02-08 02:00:00", "nothing", None),
        ("date: '2024-02-08 02:00:00'", "timestamps", None),
        ('date: "2024-02-08 02:00:00"', "all", "2024-02-08T02:00:00+00:00"),
        ("date: 2024-02-08 02:00", "timestamps", None),
        ("date: 2024-02-08", "timestamps", None),
        ("date: 2024-02-08", "all", "2024-02-08T00:00:00+00:00"),
        ("date: 2024-02-08T02:00:00-08:00", "all", "2024-02-08T02:00:00-08:00"),
        ("title: Its file has the day", "all", "2024-01-29T00:00:00+00:00"),
        ("title: Its file has the day", "timestamps", None),
    ],
)
def test_urls_are_made_of_the_time_that_the_engine_reads(
    front: str, read_in_utc: Literal["nothing", "timestamps", "all"], at: str | None
) -> None:
    """Jekyll reads YAML's own timestamps as UTC, Eleventy everything; text in quotes is text."""
    day = split_day_prefix(PATH.rpartition("/")[2])[0]
    found = read_published(field_reader(front), day, DateRules(read_in_utc=read_in_utc))
    assert found
    assert (found.as_written.isoformat() if found.as_written else None) == at
    assert found.instant.date().isoformat() == (at or found.instant.isoformat())[:10]


@pytest.mark.parametrize("written", ["5-12-2025", "05/12/2025", "5/12/2025 10:00"])
def test_the_month_is_first_where_javascript_reads_dates(written: str) -> None:
    """Elsewhere such a form is ambiguous, and no date."""
    found = parse_date(written, NEW_YORK, DateRules(month_first=True))
    assert found
    assert found.instant.date() == date(2025, 5, 12)
    assert parse_date(written, NEW_YORK) is None
    assert parse_date("13/12/2025", NEW_YORK, DateRules(month_first=True)) is None


def test_whether_a_post_is_published_is_no_date() -> None:
    """The key published has a date on some sites, and yes or no on others."""
    for value, day in (("true", None), ("no", None), ("2024-05-06", date(2024, 5, 6))):
        reader = field_reader(f"published: {value}", keys=(("published", ("published",)),))
        found = read_published(reader, None)
        assert (found.instant.date() if found else None) == day
        assert "impossible-date" not in dict(reported_rules(reader))


def test_date_conflict_names_the_used_date() -> None:
    """The key precedes the file name, the file name precedes the dateline."""
    for front, used in (("date: 2024-02-01", "key"), ("dateline: Feb 1, 2024", "file name")):
        found = field_reader(front)
        read_published(found, split_day_prefix(PATH.rpartition("/")[2])[0])
        assert found.problems[0].message == (
            "the date is 2024-02-01 in the front matter and 2024-01-29 in the file name"
        )
        assert found.problems[0].hint.startswith(f"The date of the {used} is used")


def test_expiry_is_an_instant() -> None:
    """A post expires at the start of the day."""
    found = read_expires(field_reader("expiryDate: 2024-05-01"))
    assert found is not None
    assert found.isoformat() == "2024-05-01T00:00:00-04:00"
    assert read_expires(field_reader("a: b")) is None


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("draft: true", "draft: true"),
        ("Draft: 'yes'", "Draft: true"),
        ("published: false", "published: false"),
        ("permalink: false", "permalink: false"),
        ("eleventyExcludeFromCollections: true", "eleventyExcludeFromCollections: true"),
        ("eleventyexcludefromcollections: yes", "eleventyexcludefromcollections: true"),
        ("eleventyExcludeFromCollections: false", ""),
        ("eleventyExcludeFromCollections: [drafts]", ""),
        ("build: {list: never}", ""),
        ("headless: true", ""),
        ("draft: false\npublished: true\npermalink: /a", ""),
        ("published: 2024-01-29", ""),
        ("a: b", ""),
    ],
)
def test_front_matter_can_hide_a_post(front: str, reason: str) -> None:
    """Drafts, unpublished posts, and pages that Eleventy excludes."""
    assert hidden_reason(field_reader(front)) == reason

"""Permalink patterns are expanded as in site generators, and percent-encoded once."""

from datetime import date, datetime

import pytest

from syndicate.dialects.fields import Fields
from syndicate.dialects.front_matter.permalink import PostPath, build_url, placeholder_values
from syndicate.model.url_patterns import PERMALINK_STYLES
from tests.samples import NEW_YORK

AT = datetime(2024, 3, 5, 9, 7, 1, tzinfo=NEW_YORK)
PLACE = PostPath(
    folder="site/_news",
    parents=("forms",),
    name="2024-03-05-A-shorter-form",
    undated_name="A-shorter-form",
    day=date(2024, 3, 5),
    language="",
    is_bundle=False,
)


def filled(
    pattern: str, *, slug: str = "", categories: tuple[str, ...] = ("Web Design", "Forms")
) -> str:
    """Return the URL path of ``pattern`` for a sample post."""
    fields = Fields(
        title="It's shorter!",
        slug=slug,
        permalink_categories=categories,
        language="en",
        translation="x",
        word_digest=b"",
        word_count=0,
    )
    found = build_url(pattern, placeholder_values(fields, PLACE, AT), "https://www.example.gov")
    assert found.startswith("https://www.example.gov/")
    return found.removeprefix("https://www.example.gov")


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/news/:name", "/news/2024-03-05-A-shorter-form"),
        ("/news/:title/", "/news/A-shorter-form/"),
        ("/news/:slug/", "/news/it-s-shorter/"),
        ("/:collection/:path:output_ext", "/news/forms/2024-03-05-A-shorter-form.html"),
        ("/:categories/:title", "/web%20design/forms/A-shorter-form"),
        ("/:slugified_categories/:title", "/web-design/forms/A-shorter-form"),
        ("/:year/:month/:day/", "/2024/03/05/"),
        ("/:short_year-:i_month-:i_day", "/24-3-5"),
        ("/:short_month/:long_month/:short_day/:long_day", "/Mar/March/Tue/Tuesday"),
        ("/:y_day/:w_year/:week/:w_day", "/065/2024/10/2"),
        ("/:hour:minute:second", "/090701"),
        ("/:monthname/:yearday/:weekday/:weekdayname", "/march/65/2/tuesday"),
        ("/:titles/:unknown/a:b", "/A-shorter-forms/:unknown/a:b"),
        ("pretty", "/web%20design/forms/2024/03/05/A-shorter-form/"),
        ("weekdate", "/web%20design/forms/2024/W10/Tue/A-shorter-form.html"),
        ("news//forms", "/news/forms"),
        ("/caf\u00e9/a%20b c?d=e#f", "/caf%C3%A9/a%20b%20c?d=e#f"),
    ],
)
def test_placeholders_are_replaced(pattern: str, path: str) -> None:
    """The longest known placeholder of Jekyll or Hugo counts, unknown ones stay."""
    assert filled(pattern) == path


def test_slug_of_front_matter_replaces_the_file_name() -> None:
    """The slug is the value of ``:title`` and ``:slug``, as written."""
    assert filled("/:title/:slug", slug="Kept") == "/Kept/Kept"


def test_empty_placeholder_leaves_no_double_slash() -> None:
    """An empty placeholder removes its slash."""
    assert filled(PERMALINK_STYLES["none"], categories=()) == "/A-shorter-form.html"


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/:f[0]/", "/a/"),
        ("/:f[last]/", "/c/"),
        ("/:f[1:]/", "/b/c/"),
        ("/:f[:2]/", "/a/b/"),
        ("/:f[9]/", "/"),
        ("/:f[:]/", "/a/b/c/"),
        ("/:fx[1]/", "/a/b/cx[1]/"),
        (f"/:f[{'9' * 13}]", f"/a/b/c[{'9' * 13}]"),
    ],
)
def test_folders_can_be_selected_by_index(pattern: str, path: str) -> None:
    """Hugo's ``:sections`` can be sliced."""
    assert build_url(pattern, {"f": "a/b/c"}, "") == path


def test_names_are_percent_encoded() -> None:
    """File names do not start a query or a fragment; bytes that are not UTF-8 are encoded."""
    assert (
        build_url("/:n", {"n": "50% of what?#\u2019\udce9"}, "")
        == "/50%25%20of%20what%3F%23%E2%80%99%E9"
    )


@pytest.mark.timeout(5)
def test_colon_before_a_long_word_is_quick() -> None:
    """Placeholders have a maximum length."""
    assert build_url(f"/:{'x' * 1_000_000}", {"n": "a"}, "").endswith("x")


def test_absolute_permalink_is_kept() -> None:
    """A permalink may be on another site; only invalid characters are encoded."""
    assert build_url("https://other.gov/\u00e9?q=:name", {"name": "x"}, "https://a.gov") == (
        "https://other.gov/%C3%A9?q=:name"
    )


def test_site_url_may_have_a_path() -> None:
    """The path of ``site_url`` is kept, with one slash between."""
    assert build_url("/news/", {}, "https://www.example.gov/agency/") == (
        "https://www.example.gov/agency/news/"
    )

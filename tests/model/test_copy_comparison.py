"""A copy is compared post by post and member by member."""

from dataclasses import replace
from typing import Any

import pytest

from syndicate.feeds.formats.json_feed import item_object
from syndicate.model.copy_comparison import Difference, compare_copy
from syndicate.model.post import SafeHtml
from tests import samples

POST = samples.rendered_post(samples.post())
ITEM: dict[str, Any] = item_object(POST, samples.SERVICE_INFO)
OTHER = item_object(samples.rendered_post(samples.post("news/other.md")), samples.SERVICE_INFO)


def test_equal_copies_have_no_differences() -> None:
    """In any order."""
    assert compare_copy([OTHER, ITEM], [ITEM, OTHER]) == []


def test_posts_of_one_side_only_are_named() -> None:
    """By URL and id, also if an item of the copy has nothing else."""
    assert compare_copy([{"id": "tag:x"}], [ITEM]) == [
        Difference(kind="extra", id="tag:x", url=""),
        Difference(kind="missing", id=str(ITEM["id"]), url=str(ITEM["url"])),
    ]


@pytest.mark.parametrize(
    ("changes", "kind", "members"),
    [
        ({"title": "Other"}, "different", ("title",)),
        ({"content_html": ""}, "stale-rendering", ("content_html",)),
        ({"content_html": "", "summary": ""}, "stale-rendering", ("content_html", "summary")),
        ({"content_html": "", "url": "x"}, "different", ("content_html", "url")),
        ({"_syndicate": {}}, "different", None),
        ({"_syndicate": "x"}, "different", None),
        ({"more": 1}, "different", ("more",)),
    ],
)
def test_differing_members_are_named(
    changes: dict[str, object], kind: str, members: tuple[str, ...] | None
) -> None:
    """Where only rendered ones differ, the rendering is another one."""
    (found,) = compare_copy([ITEM | changes], [ITEM])
    assert (found.kind, found.url) == (kind, ITEM["url"])
    assert found.members == members or members is None


def test_rendering_of_another_version_is_stale() -> None:
    """With other reading time and alternative text, but the same times."""
    rendered = replace(POST, content=SafeHtml("<p>Other</p>"), reading_minutes=9)
    (found,) = compare_copy([ITEM], [item_object(rendered, samples.SERVICE_INFO)])
    assert found.kind == "stale-rendering"
    assert found.members == ("_syndicate.reading_minutes", "content_html")

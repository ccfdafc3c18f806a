"""What differs between the posts of a source at two commits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.model.post import BlobId, Path, Post
from syndicate.model.source_history import post_changes
from tests import samples

POST = samples.post()
OTHER = samples.post("news/2024-01-30-other.md")
LATER = POST.updated + timedelta(days=1)
EDITED = replace(POST, blob=BlobId("ed" * 20))


def test_posts_appear_change_and_vanish_in_the_order_of_paths() -> None:
    """A renamed file is the same post."""
    moved = replace(EDITED, path=Path("news/z.md"), title="New")

    found = list(post_changes([POST], [moved, OTHER]))
    gone = list(post_changes([POST, OTHER], [POST]))

    assert [(change.effect, change.post) for change in found] == [
        ("appeared", OTHER),
        ("changed", moved),
    ]
    assert [(change.effect, change.post) for change in gone] == [("vanished", OTHER)]


@pytest.mark.parametrize(
    ("after", "details"),
    [
        (replace(EDITED, title="New", updated=LATER), ("title",)),
        (replace(EDITED, updated=LATER), ("text",)),
        (replace(EDITED, published=LATER, updated=LATER), ("date",)),
        (replace(POST, url="https://www.example.gov/new"), ("URL",)),
        (replace(EDITED, expires=LATER, carousel=True), ("expiry", "carousel")),
        (replace(EDITED, categories=(), language="es"), ("categories", "language")),
        (replace(POST, digests="1;image:00000001;url:1"), ("picture",)),
        (replace(POST, url="https://x.example", digests="1;image:00000000;url:2"), ("URL",)),
        (EDITED, ("text or front matter",)),
    ],
)
def test_change_is_described(after: Post, details: tuple[str, ...]) -> None:
    """By the fields of the post, and by the inputs beside its file."""
    before = replace(POST, digests="1;image:00000000;url:1")
    after = after if after.digests else replace(after, digests=before.digests)

    assert [change.details for change in post_changes([before], [after])] == [details]


def test_unchanged_posts_are_left_out() -> None:
    """The same object, and a file that only moved."""
    moved = replace(OTHER, path=Path("news/moved.md"))

    assert list(post_changes([POST, OTHER], [POST, moved])) == []

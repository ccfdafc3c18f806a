"""What differs between the posts of a source at two commits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.model.edition import Edition, HiddenFile
from syndicate.model.post import BlobId, Path, Post
from syndicate.model.source_history import PostChange, post_changes, preview_changes
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


GONE = samples.post("news/2024-01-02-gone.md")
DRAFT = samples.post("news/2024-01-03-draft.md")
SCHEDULED = samples.post("news/2024-01-04-scheduled.md", published=samples.NOW + timedelta(days=9))
EXPIRING = samples.post("news/2024-01-05-old.md", expires=samples.NOW + timedelta(days=1))
"""Live are the first two and the last of these at `samples.NOW`."""


def test_preview_has_what_time_changes() -> None:
    """Without any commit; what stays as it is, live or not, is left out."""
    posts = (POST, SCHEDULED, EXPIRING)
    now = samples.edition(*posts)
    week, month = (samples.edition(*posts, at=samples.NOW + timedelta(days=n)) for n in (7, 30))

    expired = PostChange(
        effect="vanished",
        post=EXPIRING,
        details=(f"expires {EXPIRING.expires:%Y-%m-%dT%H:%M:%S}+00:00",),
    )
    assert preview_changes(now, now, "news") == ()
    assert preview_changes(now, week, "news") == (expired,)
    assert preview_changes(now, month, "news") == (
        PostChange(effect="appeared", post=SCHEDULED),
        expired,
    )


def test_preview_says_why_posts_vanish() -> None:
    """Their file is gone, hidden, or has another date."""
    later = replace(POST, published=SCHEDULED.published)
    before = samples.edition(POST, GONE, DRAFT, SCHEDULED)
    snapshot = samples.source_snapshot(samples.source(), later)
    hidden = HiddenFile(path=DRAFT.path, reason="draft: true")
    after = Edition.build([replace(snapshot, hidden=(hidden,))], at=samples.NOW)

    assert [
        (change.effect, change.post, change.details)
        for change in preview_changes(before, after, "news")
    ] == [
        ("vanished", GONE, ("the file is gone",)),
        ("vanished", DRAFT, ("draft: true",)),
        ("vanished", SCHEDULED, ()),
        ("vanished", later, (f"scheduled for {later.published.isoformat()}",)),
    ]

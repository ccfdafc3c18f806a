"""Events of a post, from its last announced state and its current one."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.category import Category
from syndicate.model.ledger import (
    FIELD_NAMES,
    MAJOR_FIELDS,
    FieldName,
    LedgerRow,
    PostEvent,
    RemovalReason,
    changed_fields,
    determine_removal_reason,
    event_for,
    may_have_changed,
    selection_change_event,
)
from syndicate.model.post import (
    Attachment,
    Author,
    BlobId,
    Image,
    Path,
    Post,
    RenderedPost,
    SafeHtml,
)
from syndicate.model.selection import Selection
from tests import samples, strategies

POST = samples.post()
ROW = LedgerRow.from_post(POST, is_live=True, generation=7)
GONE = replace(ROW, is_live=False)
TECHNOLOGY = Selection.create(categories=["technology"])
TTS = Selection.create(categories=["tts"])
CHANGES: tuple[tuple[FieldName, ...] | None, ...] = (None, (), ("title",))
FILED_ELSEWHERE = replace(POST, categories=(samples.TTS,))


def test_row_times_are_utc_milliseconds() -> None:
    """For any time zone and microseconds, so that a stored row equals itself."""
    exact = samples.PUBLISHED + timedelta(microseconds=123_456)
    row = LedgerRow.from_post(
        replace(POST, published=exact, updated=exact), is_live=True, generation=1
    )
    assert row.published.isoformat() == "2024-01-29T05:00:00.123000+00:00"
    assert row.updated.tzinfo is UTC


@pytest.mark.parametrize(
    ("before", "post", "kind", "reason"),
    [
        (None, POST, "post.published", "new"),
        (GONE, POST, "post.published", "new"),
        (
            LedgerRow.from_post(FILED_ELSEWHERE, is_live=True, generation=7),
            POST,
            "post.published",
            "entered",
        ),
        (ROW, None, "post.removed", "expired"),
        (ROW, FILED_ELSEWHERE, "post.removed", "left"),
        (ROW, POST, None, None),
        (GONE, None, None, None),
        (None, None, None, None),
        (None, FILED_ELSEWHERE, None, None),
        (GONE, FILED_ELSEWHERE, None, None),
    ],
)
def test_event_follows_from_membership_before_and_now(
    before: LedgerRow | None, post: Post | None, kind: str | None, reason: str | None
) -> None:
    """Entering publishes, leaving removes, no difference causes no event."""
    event = event_for(TECHNOLOGY, before=before, post=post, removal_reason="expired")
    assert (event and event.kind, event and event.reason) == (kind, reason)


def test_changed_member_is_updated() -> None:
    """The update lists the changed fields, which may be none."""
    assert event_for(TECHNOLOGY, before=ROW, post=POST, changed=("title",)) == PostEvent(
        kind="post.updated", changed=("title",)
    )
    assert event_for(TECHNOLOGY, before=ROW, post=POST, changed=()) == PostEvent(
        kind="post.updated"
    )
    assert event_for(TTS, before=ROW, post=POST, changed=("title",)) is None


@given(
    selection=strategies.selections,
    before=st.none() | strategies.posts(),
    post=st.none() | strategies.posts(),
    live=st.booleans(),
    changed=st.sampled_from(CHANGES),
)
def test_applied_events_give_exactly_the_selection(
    selection: Selection,
    before: Post | None,
    post: Post | None,
    live: bool,
    changed: tuple[FieldName, ...] | None,
) -> None:
    """A subscriber has a post if and only if its selection contains it."""
    row = None if before is None else LedgerRow.from_post(before, is_live=live, generation=1)
    mirrored = row is not None and row.is_live and row in selection
    event = event_for(selection, before=row, post=post, changed=changed)
    if event is not None:
        assert mirrored == (event.kind != "post.published")
        mirrored = event.kind != "post.removed"
    assert mirrored == (post is not None and post in selection)


@given(strategies.selections, strategies.selections, strategies.posts())
def test_changed_selection_sends_the_difference(
    before: Selection, after: Selection, post: Post
) -> None:
    """Afterwards the subscriber has the posts of the new selection."""
    event = selection_change_event(before, after, post)
    kinds = {(False, True): "post.published", (True, False): "post.removed"}
    assert (event and event.kind) == kinds.get((post in before, post in after))


def test_removal_by_changed_selection_has_its_own_reason() -> None:
    """The post itself is still live."""
    assert selection_change_event(TECHNOLOGY, TTS, POST) == PostEvent(
        kind="post.removed", reason="selection_changed"
    )
    assert selection_change_event(TTS, TECHNOLOGY, POST) == PostEvent(
        kind="post.published", reason="entered"
    )


@pytest.mark.parametrize(
    ("before", "post", "expected"),
    [
        (None, None, False),
        (None, POST, True),
        (GONE, None, False),
        (GONE, POST, True),
        (ROW, None, True),
        (ROW, POST, False),
        (ROW, replace(POST, blob=BlobId("1" * 40)), True),
        (ROW, replace(POST, path=Path("news/moved.md")), True),
        (ROW, replace(POST, title="Read anew by a newer version"), False),
        (ROW, replace(POST, updated=POST.updated + timedelta(days=1)), True),
    ],
)
def test_unchanged_row_needs_no_comparison(
    before: LedgerRow | None, post: Post | None, expected: bool
) -> None:
    """Posts whose row is the same are not rendered."""
    assert may_have_changed(before, post) is expected


def changed_items() -> list[tuple[FieldName, RenderedPost, RenderedPost]]:
    """Return pairs of rendered posts that differ in one field."""
    old = samples.rendered_post(POST)

    def of(post: Post) -> RenderedPost:
        return replace(old, post=post)

    return [
        ("title", old, of(replace(POST, title="Another title"))),
        ("summary", old, replace(old, summary="Another summary.")),
        ("words", old, replace(old, text="Other words.", content=SafeHtml("<p>Other words.</p>"))),
        ("markup", old, replace(old, content=SafeHtml("<p><b>The</b> office opens.</p>"))),
        ("url", old, of(replace(POST, url="https://www.example.gov/elsewhere"))),
        ("published", old, of(replace(POST, published=POST.published + timedelta(days=1)))),
        ("expires", old, of(replace(POST, expires=samples.NOW))),
        ("authors", old, replace(old, authors=(Author(name="Grace Example"),))),
        ("image", old, replace(old, image=Image(url="https://www.example.gov/a.png"))),
        ("image", old, replace(old, attachments=(Attachment(url="/a.mp3", type="audio/mpeg"),))),
        ("title", old, replace(old, post=replace(old.post, is_named_after_file=True))),
        (
            "categories",
            old,
            of(replace(POST, categories=(Category(slug="technology", title="Tech"),))),
        ),
        ("carousel", old, of(replace(POST, carousel=True))),
        ("carousel", old, replace(old, card=samples.card(POST))),
        ("language", old, of(replace(POST, language="es"))),
        ("external_url", old, replace(old, external_url="https://www.example.com/")),
    ]


@pytest.mark.parametrize(("part", "old", "new"), changed_items())
def test_each_changed_field_is_named(part: FieldName, old: RenderedPost, new: RenderedPost) -> None:
    """By its own name alone; six of them are major."""
    assert changed_fields(ROW, old, new) == (part,)
    assert PostEvent(kind="post.updated", changed=(part,)).is_minor is (part not in MAJOR_FIELDS)


def test_every_field_has_a_pair() -> None:
    """No field is without a pair of rendered posts above that differs in it."""
    assert {part for part, _, _ in changed_items()} == set(FIELD_NAMES)


def test_same_rendered_post_is_unchanged() -> None:
    """A moved file or a reformatted source causes no event."""
    item = samples.rendered_post(replace(POST, path=Path("news/moved.md"), blob=BlobId("1" * 40)))
    assert changed_fields(ROW, samples.rendered_post(POST), item) is None


def test_new_update_time_alone_changes_no_field() -> None:
    """Feeds show it, so subscribers receive a minor update."""
    later = replace(POST, updated=POST.updated + timedelta(days=1))
    changed = changed_fields(ROW, samples.rendered_post(POST), samples.rendered_post(later))
    assert changed == ()
    assert PostEvent(kind="post.updated", changed=changed).is_minor


def test_stored_fields_are_compared_with_the_ledger() -> None:
    """A category renamed in the settings is a change, although both files render alike."""
    row = replace(ROW, categories=(samples.TTS,))
    assert changed_fields(row, samples.rendered_post(POST), samples.rendered_post(POST)) == (
        "categories",
    )


def test_lost_blob_changes_all_fields() -> None:
    """If the old version cannot be rendered any more."""
    assert changed_fields(ROW, None, samples.rendered_post(POST)) == FIELD_NAMES


def test_only_updates_are_minor() -> None:
    """Publications and removals never are."""
    assert not PostEvent(kind="post.published", reason="new").is_minor
    assert not PostEvent(kind="post.removed", reason="left").is_minor


@pytest.mark.parametrize(
    ("post", "hidden", "why"),
    [
        (None, False, "deleted"),
        (None, True, "unpublished"),
        (replace(POST, published=samples.NOW + timedelta(days=1)), False, "unpublished"),
        (replace(POST, expires=samples.NOW), False, "expired"),
    ],
)
def test_removal_reason(post: Post | None, hidden: bool, why: RemovalReason) -> None:
    """Deleted, unpublished or future, expired."""
    assert determine_removal_reason(post, samples.NOW, is_hidden=hidden) == why


def test_name_of_the_file_of_an_untitled_post_is_no_field() -> None:
    """Readers do not see it, so that a renamed file announces nothing."""
    old = samples.rendered_post(samples.post(title="One", is_named_after_file=True))
    new = replace(old, post=replace(old.post, title="Two", path=Path("news/two.md")))
    before = LedgerRow.from_post(old.post, is_live=True, generation=1)
    assert changed_fields(before, old, new) is None

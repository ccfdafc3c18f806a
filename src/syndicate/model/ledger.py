"""What the world was last told of each post, and what it must be told now.

States are compared, not commits, so that forced pushes, reverts, clocks and settings need no case
of their own. A subscriber who applies what it is told in order mirrors its selection exactly.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, Self, get_args

from syndicate.model.category import Category
from syndicate.model.post import BlobId, Path, Post, PostId, RenderedPost
from syndicate.model.selection import Selectable, Selection
from syndicate.model.subscription import EventType

FieldName = Literal[
    "title",
    "summary",
    "words",
    "markup",
    "url",
    "published",
    "expires",
    "authors",
    "image",
    "categories",
    "carousel",
    "language",
    "external_url",
]
"""A part of an item that may change; "markup" when the content did, but not its words."""

RemovalReason = Literal["deleted", "unpublished", "expired", "source_removed"]
"""Why a post that readers could see is seen no more."""

EventReason = Literal["new", "entered", "left", "selection_changed"] | RemovalReason

FIELD_NAMES: Final[tuple[FieldName, ...]] = get_args(FieldName)

MAJOR_FIELDS: Final[frozenset[FieldName]] = frozenset(
    {"title", "summary", "words", "published", "image", "carousel"}
)
"""A change of none of these is minor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """What the world was last told of a post; not ``live`` means: that it is gone.

    ``generation`` numbers the telling. ``published`` and ``updated`` are UTC in milliseconds, so
    that a row is the same after it was stored.
    """

    post_id: PostId
    generation: int
    source: str
    path: Path
    blob: BlobId
    url: str
    is_live: bool
    categories: tuple[Category, ...]
    carousel: bool
    language: str
    published: datetime
    updated: datetime

    @classmethod
    def from_post(cls, post: Post, *, is_live: bool, generation: int) -> Self:
        """Return the row of ``post`` as it is now."""
        return cls(
            post_id=post.id,
            generation=generation,
            source=post.source,
            path=post.path,
            blob=post.blob,
            url=post.url,
            is_live=is_live,
            categories=post.categories,
            carousel=post.carousel,
            language=post.language,
            published=_in_milliseconds(post.published),
            updated=_in_milliseconds(post.updated),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEvent:
    """What one selection's subscribers are told of one post.

    ``reason`` is None for an update; ``changed`` is in the order of `PARTS`, empty but for one.
    """

    kind: EventType
    reason: EventReason | None = None
    changed: tuple[FieldName, ...] = ()

    @property
    def is_minor(self) -> bool:
        """Whether it is an update that readers would hardly notice."""
        return self.kind == "post.updated" and MAJOR_FIELDS.isdisjoint(self.changed)


def may_have_changed(before: LedgerRow | None, post: Post | None) -> bool:
    """Tell whether there may be something to tell, from what is known without rendering.

    ``post`` is None where readers cannot see it now.
    """
    if before is None or post is None:
        return post is not None or (before is not None and before.is_live)
    return before != LedgerRow.from_post(post, is_live=True, generation=before.generation)


def changed_fields(
    before: LedgerRow, old: RenderedPost | None, new: RenderedPost
) -> tuple[FieldName, ...] | None:
    """Return the parts in which an item differs from what was told; None if it does not at all.

    ``old`` is the blob of ``before`` as it would be rendered today, None if that blob is lost:
    then all parts count as changed. Fields that the ledger keeps are compared with the ledger.
    An item that reads differently in something else, such as the date of change alone, differs in
    no part.
    """
    if old is None:
        return FIELD_NAMES
    post, row = new.post, LedgerRow.from_post(new.post, is_live=True, generation=before.generation)
    same: dict[FieldName, bool] = {
        "title": old.post.title == post.title,
        "summary": old.summary == new.summary,
        "words": old.text == new.text,
        "markup": old.content == new.content or old.text != new.text,
        "url": before.url == row.url,
        "published": before.published == row.published,
        "expires": old.post.expires == post.expires,
        "authors": old.authors == new.authors,
        "image": old.image == new.image,
        "categories": before.categories == row.categories,
        "carousel": before.carousel == row.carousel and old.card == new.card,
        "language": before.language == row.language,
        "external_url": old.external_url == new.external_url,
    }
    changed = tuple(part for part in FIELD_NAMES if not same[part])
    is_alike = before.updated == row.updated and _looks_the_same(old, new)
    return changed if changed or not is_alike else None


def determine_removal_reason(
    post: Post | None, at: datetime, *, is_hidden: bool = False
) -> RemovalReason:
    """Return why readers cannot see a post at ``at``.

    ``post`` is what its source has of it, if it can be read; ``hidden`` whether a file is there
    that is a draft or switched off. Of a source that is no longer served, say "source_removed".
    """
    if post is not None and post.expires is not None and post.expires <= at:
        return "expired"
    return "deleted" if post is None and not is_hidden else "unpublished"


def event_for(
    selection: Selection,
    *,
    before: LedgerRow | None,
    post: Post | None,
    changed: tuple[FieldName, ...] | None = None,
    removal_reason: RemovalReason = "deleted",
) -> PostEvent | None:
    """Return what subscribers of ``selection`` must be told of a post, None if nothing.

    ``post`` is None where readers cannot see it now, and ``gone`` then says why. ``changed`` is
    the `difference`, asked for only if the post is live before and now.
    """
    was = before is not None and before.is_live and before in selection
    now = post is not None and post in selection
    if now and not was:
        entered = before is not None and before.is_live
        return PostEvent(kind="post.published", reason="entered" if entered else "new")
    if was and not now:
        return PostEvent(kind="post.removed", reason=removal_reason if post is None else "left")
    if now and changed is not None:
        return PostEvent(kind="post.updated", changed=changed)
    return None


def selection_change_event(
    before: Selection, after: Selection, post: Selectable
) -> PostEvent | None:
    """Return what a subscriber must be told of a live post when it changes its selection."""
    was, now = post in before, post in after
    if was == now:
        return None
    if now:
        return PostEvent(kind="post.published", reason="entered")
    return PostEvent(kind="post.removed", reason="selection_changed")


def _looks_the_same(old: RenderedPost, new: RenderedPost) -> bool:
    """Tell whether readers see no difference, but in what the ledger keeps or nobody sees."""
    post = new.post
    unseen = replace(
        old.post,
        path=post.path,
        blob=post.blob,
        day=post.day,
        translation=post.translation,
        published=post.published,
        updated=post.updated,
    )
    return replace(old, post=unseen) == new


def _in_milliseconds(time: datetime) -> datetime:
    return time.replace(microsecond=time.microsecond // 1000 * 1000).astimezone(UTC)

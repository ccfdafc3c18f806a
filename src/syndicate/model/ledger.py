"""The last announced state of each post, and the event that a new state calls for.

States are compared, not commits: force-pushes, reverts, clock and settings changes need no case of
their own. A subscriber that applies its events in order has exactly the posts of its selection.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, Self, get_args

from syndicate.model.category import Category
from syndicate.model.post import BlobId, Path, Post, PostId, RenderedPost
from syndicate.model.selection import Selectable, Selection
from syndicate.model.subscription import EventType

_SCHEME: Final = "2"
"""Rises when the same inputs give other digests; digests of two schemes are not compared."""
_DIGEST_DIGITS: Final = 8


def digest(inputs: object) -> str:
    """Return the digest of ``inputs``, values of JSON: 8 hexadecimal digits.

    A change is overlooked with a probability of 2⁻³².
    """
    data = json.dumps(inputs).encode()  # ASCII, so that text that is not Unicode has a digest
    return hashlib.sha256(data).hexdigest()[:_DIGEST_DIGITS]


def encode_digests(digests: Mapping[str, str]) -> str:
    """Return the ``digests`` of fields as one text: ``2;authors:5f3a1c07;url:…``."""
    return ";".join((_SCHEME, *(f"{name}:{digests[name]}" for name in sorted(digests))))


def add_digest(encoded: str, field: str, inputs: object) -> str:
    """Return ``encoded`` with the digest of the ``inputs`` of one more field."""
    return f"{encoded or _SCHEME};{field}:{digest(inputs)}"


def differing_fields(before: str, after: str) -> frozenset[str]:
    """Return the fields whose digests differ in two encoded texts.

    The result is empty if one text is empty, as in rows of version 0.2.0, or of another scheme.
    """
    if before == after or not are_comparable(before, after):
        return frozenset()
    old, new = _parts(before), _parts(after)
    return frozenset(part.partition(":")[0] for part in old ^ new)


def are_comparable(before: str, after: str) -> bool:
    """Return whether differences between two encoded texts are differences of inputs."""
    return bool(before and after) and _scheme(before) == _scheme(after)


def _scheme(encoded: str) -> str:
    return encoded.partition(";")[0]


def _parts(encoded: str) -> frozenset[str]:
    parts: Iterable[str] = encoded.split(";")[1:]
    return frozenset(parts)


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
"""A field of a rendered post; "markup" if the content changed but its words did not."""

RemovalReason = Literal["deleted", "unpublished", "expired", "source_removed"]
"""Why a post is no longer live."""

PublicationReason = Literal["new", "source_added"]
"""Why a post is live now that was not before."""

EventReason = PublicationReason | Literal["entered", "left", "selection_changed"] | RemovalReason

Translations = Sequence[tuple[str, str]]
"""(language, URL) of the live translations of a post."""

FIELD_NAMES: Final[tuple[FieldName, ...]] = get_args(FieldName)

MAJOR_FIELDS: Final[frozenset[FieldName]] = frozenset(
    {"title", "summary", "words", "published", "image", "carousel"}
)
"""A change of none of these fields is minor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """The last announced state of a post; ``is_live`` is false for a removed one.

    ``generation`` numbers the announcements. ``published`` and ``updated`` are UTC in milliseconds,
    so that a row equals itself after it was stored. ``digests`` are those of the inputs besides the
    file (`syndicate.model.ledger`), empty in rows that version 0.2.0 wrote.
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
    digests: str = ""

    @classmethod
    def from_post(
        cls, post: Post, *, is_live: bool, generation: int, translations: Translations = ()
    ) -> Self:
        """Return the row for the current state of ``post``, whose live ``translations`` are given.

        They are of the edition, not of the post: time alone makes one appear.
        """
        digests = post.digests
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
            digests=add_digest(digests, "language", translations) if translations else digests,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEvent:
    """The event about one post for the subscribers of one selection.

    ``reason`` is None for an update; ``changed`` is in the order of `FIELD_NAMES` and empty for
    other events.
    """

    kind: EventType
    reason: EventReason | None = None
    changed: tuple[FieldName, ...] = ()

    @property
    def is_minor(self) -> bool:
        """Whether the event is an update that readers would hardly notice."""
        return self.kind == "post.updated" and MAJOR_FIELDS.isdisjoint(self.changed)


def may_have_changed(
    before: LedgerRow | None, post: Post | None, translations: Translations = ()
) -> bool:
    """Return whether a post may differ from its row, without rendering it.

    ``post`` is None if it is not live now, else it has these live ``translations``.
    """
    if before is None or post is None:
        return post is not None or (before is not None and before.is_live)
    row = LedgerRow.from_post(
        post, is_live=True, generation=before.generation, translations=translations
    )
    return before != row and not _differ_in_scheme(before, row)


def lacks_digests(before: LedgerRow | None, post: Post | None) -> bool:
    """Return whether the row of an unchanged post is to be written again, with today's digests."""
    return (
        before is not None
        and post is not None
        and before.is_live
        and bool(post.digests and not are_comparable(before.digests, post.digests))
    )


def changed_inputs(
    before: LedgerRow, post: Post, translations: Translations
) -> tuple[FieldName, ...] | None:
    """Return the fields whose inputs differ if nothing else of a live post does.

    They are all that changed, without rendering. None if the post has to be rendered to know.
    """
    row = LedgerRow.from_post(
        post, is_live=True, generation=before.generation, translations=translations
    )
    if before == row or replace(before, digests=row.digests) != row:
        return None
    return _in_order(differing_fields(before.digests, row.digests))


def changed_fields(
    before: LedgerRow, old: RenderedPost | None, new: RenderedPost
) -> tuple[FieldName, ...] | None:
    """Return the fields in which a rendered post differs from the ledger; None if it does not.

    ``old`` is the blob of ``before`` rendered with today's renderer and inputs, None if that blob
    is lost: then all fields count as changed. Fields that the ledger stores are compared with the
    ledger, and the inputs of all fields by their digests. A difference in something else, such as
    the date of change alone, returns no fields but not None.
    """
    if old is None:
        return FIELD_NAMES
    post = new.post
    row = LedgerRow.from_post(
        post, is_live=True, generation=before.generation, translations=new.translations
    )
    inputs = differing_fields(before.digests, row.digests)
    same: dict[FieldName, bool] = {
        "title": old.post.own_title == post.own_title,
        "summary": old.summary == new.summary,
        "words": old.text == new.text,
        "markup": old.content == new.content or old.text != new.text,
        "url": before.url == row.url,
        "published": before.published == row.published,
        "expires": old.post.expires == post.expires,
        "authors": old.authors == new.authors,
        "image": (old.image, old.attachments) == (new.image, new.attachments),
        "categories": before.categories == row.categories,
        "carousel": before.carousel == row.carousel and old.card == new.card,
        "language": before.language == row.language,
        "external_url": old.external_url == new.external_url,
    }
    changed = _in_order({field for field in FIELD_NAMES if not same[field]} | inputs)
    is_alike = before.updated == row.updated and _looks_the_same(old, new)
    return changed if changed or not is_alike else None


def determine_removal_reason(
    post: Post | None, at: datetime, *, is_hidden: bool = False
) -> RemovalReason:
    """Return why a post is not live at ``at``.

    ``post`` is the post as its source has it, if it can be read; ``is_hidden`` if there is a file
    that is a draft or unpublished. For a source that is no longer served, use "source_removed"
    instead.
    """
    if post is not None and post.expires is not None and post.expires <= at:
        return "expired"
    return "deleted" if post is None and not is_hidden else "unpublished"


def event_for(  # noqa: PLR0913 — optional values by keyword
    selection: Selection,
    *,
    before: LedgerRow | None,
    post: Post | None,
    changed: tuple[FieldName, ...] | None = None,
    publication_reason: PublicationReason = "new",
    removal_reason: RemovalReason = "deleted",
) -> PostEvent | None:
    """Return the event about a post for subscribers of ``selection``, or None.

    ``post`` is None if it is not live now, and ``removal_reason`` says why. ``changed`` is the
    result of `changed_fields`, used only if the post was live before and is live now.
    """
    was = before is not None and before.is_live and before in selection
    now = post is not None and post in selection
    if now and not was:
        entered = before is not None and before.is_live
        return PostEvent(kind="post.published", reason="entered" if entered else publication_reason)
    if was and not now:
        return PostEvent(kind="post.removed", reason=removal_reason if post is None else "left")
    if now and changed is not None:
        return PostEvent(kind="post.updated", changed=changed)
    return None


def selection_change_event(
    before: Selection, after: Selection, post: Selectable
) -> PostEvent | None:
    """Return the event about a live post for a subscriber whose selection changes, or None."""
    was, now = post in before, post in after
    if was == now:
        return None
    if now:
        return PostEvent(kind="post.published", reason="entered")
    return PostEvent(kind="post.removed", reason="selection_changed")


def _looks_the_same(old: RenderedPost, new: RenderedPost) -> bool:
    """Return whether two renderings differ only in fields of the ledger or in invisible ones."""
    post = new.post
    unseen = replace(
        old.post,
        path=post.path,
        blob=post.blob,
        day=post.day,
        translation=post.translation,
        digests=post.digests,
        title=post.title,
        is_named_after_file=post.is_named_after_file,
        published=post.published,
        updated=post.updated,
    )
    return replace(old, post=unseen) == new


def _differ_in_scheme(before: LedgerRow, row: LedgerRow) -> bool:
    """Return whether two rows differ only in digests that cannot be compared."""
    if are_comparable(before.digests, row.digests):
        return False
    return replace(before, digests=row.digests) == row


def _in_order(names: Collection[str]) -> tuple[FieldName, ...]:
    return tuple(field for field in FIELD_NAMES if field in names)


def _in_milliseconds(time: datetime) -> datetime:
    return time.replace(microsecond=time.microsecond // 1000 * 1000).astimezone(UTC)

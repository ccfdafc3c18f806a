"""When posts left feeds: commits and expiries that count for the date of a feed.

A commit may remove a post, hide it, or change its categories. The feeds that the post left were
updated at that time, although none of their posts was; otherwise their date would go back to that
of another post (decision 33).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from syndicate.model.category import Category
from syndicate.model.post import Post
from syndicate.model.selection import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAttributes:
    """The attributes of a post that decide which feeds have it."""

    source: str
    categories: tuple[Category, ...]
    carousel: bool
    language: str

    @classmethod
    def of(cls, post: Post) -> Self:
        """Return the attributes of ``post``."""
        return cls(
            source=post.source,
            categories=post.categories,
            carousel=post.carousel,
            language=post.language,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PostState:
    """A post as one version of its file describes it."""

    attributes: PostAttributes
    published: datetime
    expires: datetime | None = None

    def is_live(self, at: datetime) -> bool:
        """Return whether readers could see the post at ``at``."""
        return self.published <= at and (self.expires is None or at < self.expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A post with the attributes ``before`` left the feeds that do not have it ``after``.

    ``after`` is None if no feed has it. ``at`` is the time of the commit, or an instant of
    publication or expiry that had passed when a commit changed it.
    """

    at: datetime
    before: PostAttributes
    after: PostAttributes | None = None

    def concerns(self, selection: Selection) -> bool:
        """Return whether the post left ``selection``."""
        return self.before in selection and (self.after is None or self.after not in selection)


def latest_departure(departures: Iterable[Departure], selection: Selection) -> datetime | None:
    """Return when a post last left ``selection``, of ``departures`` with the latest first."""
    return next((each.at for each in departures if each.concerns(selection)), None)


def departures_by(before: PostState, after: PostState | None, at: datetime) -> Iterator[Departure]:
    """Yield the departures by a commit at ``at``; ``after`` is None if it hid the post."""
    was = before.attributes
    if before.published > at:
        return
    if before.expires is not None and before.expires <= at:
        yield Departure(at=before.expires, before=was)
    elif after is None or not after.is_live(at):
        yield Departure(at=at, before=was)
    elif after.attributes != was:
        yield Departure(at=at, before=was, after=after.attributes)
    if after is not None and after.published < before.published:
        yield Departure(at=before.published, before=was)

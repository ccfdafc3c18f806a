"""Why a post is or is not where its editor expects it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from syndicate.model.edition import Problem
from syndicate.model.post import Path

_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a post, with its value and the origin of the value."""

    name: str
    value: str | int | bool | None
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMembership:
    """Why a feed does not contain a post; ``reason`` is empty if it does."""

    feed: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """What a commit did to a file; ``served`` says whether this version is served."""

    at: datetime
    commit: str
    what: str
    served: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One file; ``hidden`` is why the file is not served, empty if it is.

    ``history`` is that of the first-parent line, oldest commit first.
    """

    source: str
    path: Path
    commit: str
    hidden: str
    hidden_origin: str = ""
    """Where the key is that ``hidden`` names, empty if it names none."""
    zone: ZoneInfo = _UTC
    """The time zone of the source."""
    post_id: str = ""
    """The id of the post, empty if the file is no post."""
    title: str = ""
    url: str = ""
    same_title: tuple[str, ...] = ()
    """The paths of other posts with the same title."""
    fields: tuple[Field, ...] = ()
    feeds: tuple[FeedMembership, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    problems: tuple[Problem, ...] = ()
    other_matches: int = 0
    """How many more files match what was asked for, and are not explained."""

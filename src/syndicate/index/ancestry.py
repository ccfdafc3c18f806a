"""Who a file is: identity, birth and versions of every post, replayed from the history."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

from syndicate.git import Commit, FileChange
from syndicate.git.record import UNREADABLE_TIMES
from syndicate.model.post import BlobId, CommitId, Key, Path, PostId, Source


@dataclass(frozen=True, slots=True)
class Version:
    """What a post's file held from a moment on; positional, for there are very many."""

    blob: BlobId
    at: datetime


@dataclass(frozen=True, slots=True)
class Lineage:
    """One post through all its renames; ``versions`` from the first to the newest."""

    key: Key
    versions: tuple[Version, ...]

    @property
    def born(self) -> datetime:
        """When the first commit brought it to the branch (first-parent, committer time)."""
        return self.versions[0].at

    def grown(self, blob: BlobId, at: datetime) -> "Lineage":
        """Return the lineage with one more version; the same content is none."""
        if self.versions[-1].blob == blob:
            return self
        return Lineage(self.key, (*self.versions, Version(blob, at)))


@dataclass(slots=True, kw_only=True)
class Ancestry:
    """What replaying a branch from its root to ``commit`` has shown.

    The same history gives the same ancestry whatever was stored before, so ids survive an empty
    store, and a rewritten history that keeps births, renames and dates.
    ``whole`` is the last commit at which no folder was empty that had posts before.
    """

    commit: CommitId | None = None
    living: dict[Path, Lineage] = field(default_factory=dict)
    dead: dict[Path, Lineage] = field(default_factory=dict)
    births: dict[Path, int] = field(default_factory=dict)
    """How many posts began at a path."""
    posts_in: dict[Path, int] = field(default_factory=dict)
    """How many posts a configured folder holds; a folder appears with its first."""
    whole: CommitId | None = None
    emptied: CommitId | None = None
    """The commit that emptied a folder, while one is empty."""
    unreadable_times: tuple[CommitId, ...] = ()
    """The commits whose time cannot be read."""

    @property
    def vanished(self) -> tuple[Path, ...]:
        """The configured folders that had posts and have none."""
        return tuple(folder for folder, posts in self.posts_in.items() if not posts)

    def copy(self) -> "Ancestry":
        """Return the same, which stays as it is when this one is brought forward."""
        return replace(
            self,
            living=self.living.copy(),
            dead=self.dead.copy(),
            births=self.births.copy(),
            posts_in=self.posts_in.copy(),
        )


FolderOf = Callable[[Path], Path | None]
"""The configured folder in which a path is a post, None where it is not one."""


def replay(
    ancestry: Ancestry,
    commits: Iterable[Commit],
    *,
    source: str,
    folder_of: FolderOf,
    accepted: frozenset[CommitId] = frozenset(),
) -> None:
    """Bring ``ancestry`` forward through ``commits``, oldest first.

    ``accepted`` are commits whose emptying of folders the operator has accepted.
    """
    for commit in commits:
        losses = _apply(ancestry, commit, source, folder_of)
        ancestry.commit = commit.id
        if commit.time in UNREADABLE_TIMES:
            ancestry.unreadable_times += (commit.id,)
        for folder in ancestry.vanished:
            if losses[folder] < 0 or commit.id in accepted:
                del ancestry.posts_in[folder]
        if not ancestry.vanished:
            ancestry.whole, ancestry.emptied = commit.id, None
        elif ancestry.emptied is None:
            ancestry.emptied = commit.id


def _apply(
    ancestry: Ancestry, commit: Commit, source: str, folder_of: FolderOf
) -> Counter[Path | None]:
    """Apply one commit; return what each folder lost: posts that left less posts that only moved.

    A folder whose posts mostly moved to other folders of the source did not vanish.
    """
    moving: dict[Path, Lineage] = {}
    losses: Counter[Path | None] = Counter()
    for change in commit.changes:
        if change.kind in ("deleted", "renamed"):
            lineage = ancestry.living.pop(change.old_path, None)
            _count(ancestry, folder_of(change.old_path), -1 if lineage else 0)
            left = change.kind == "deleted" or folder_of(change.path) is None
            losses[folder_of(change.old_path)] += 1 if left else -1
            if lineage and change.kind == "renamed":
                moving[change.old_path] = lineage
            elif lineage:
                ancestry.dead[change.old_path] = lineage
    for change in commit.changes:
        if change.blob is None:
            continue
        before = ancestry.living.get(change.path)
        _count(ancestry, folder_of(change.path), 0 if before else 1)
        lineage = moving.get(change.old_path) or before or ancestry.dead.pop(change.path, None)
        ancestry.living[change.path] = (
            lineage.grown(change.blob, commit.time)
            if lineage
            else _newborn(ancestry, change, commit.time, source)
        )
    return losses


def _newborn(ancestry: Ancestry, change: FileChange, at: datetime, source: str) -> Lineage:
    assert change.blob is not None  # noqa: S101
    number = ancestry.births[change.path] = ancestry.births.get(change.path, 0) + 1
    digest = sha256(f"{source}\0{change.path}".encode("utf-8", "surrogateescape")).hexdigest()
    key = Key(digest[:16] if number == 1 else f"{digest[:16]}~{number}")
    return Lineage(key, (Version(change.blob, at),))


def _count(ancestry: Ancestry, folder: Path | None, by: int) -> None:
    if folder is not None and by:
        ancestry.posts_in[folder] = ancestry.posts_in.get(folder, 0) + by


def post_id(source: Source, lineage: Lineage) -> PostId:
    """Return the id of a post: a tag URI (RFC 4151) of its birth in UTC and its key."""
    born = lineage.born.astimezone(UTC).date()
    return PostId(f"tag:{source.id_authority},{born.isoformat()}:{lineage.key}")

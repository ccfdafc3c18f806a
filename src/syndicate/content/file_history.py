"""Who a file is: identity, birth and versions of every post, replayed from the history."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

from syndicate.git import Commit, FileChange
from syndicate.git.parsers import UNREADABLE_TIMES
from syndicate.model.post import BlobId, CommitId, Path, PostId, PostKey, Source


@dataclass(frozen=True, slots=True)
class Version:
    """What a post's file held from a moment on; positional, for there are very many."""

    blob: BlobId
    time: datetime


@dataclass(frozen=True, slots=True)
class PostHistory:
    """One post through all its renames; ``versions`` from the first to the newest."""

    key: PostKey
    versions: tuple[Version, ...]

    @property
    def created(self) -> datetime:
        """When the first commit brought it to the branch (first-parent, committer time)."""
        return self.versions[0].time

    def with_version(self, blob: BlobId, time: datetime) -> "PostHistory":
        """Return the lineage with one more version; the same content is none."""
        if self.versions[-1].blob == blob:
            return self
        return PostHistory(self.key, (*self.versions, Version(blob, time)))


@dataclass(slots=True, kw_only=True)
class BranchHistory:
    """What replaying a branch from its root to ``commit`` has shown.

    The same history gives the same ancestry whatever was stored before, so ids survive an empty
    store, and a rewritten history that keeps births, renames and dates.
    ``whole`` is the last commit at which no folder was empty that had posts before.
    """

    commit: CommitId | None = None
    current: dict[Path, PostHistory] = field(default_factory=dict)
    deleted: dict[Path, PostHistory] = field(default_factory=dict)
    created_at_path: dict[Path, int] = field(default_factory=dict)
    """How many posts began at a path."""
    post_counts: dict[Path, int] = field(default_factory=dict)
    """How many posts a configured folder holds; a folder appears with its first."""
    last_complete_commit: CommitId | None = None
    emptied_by: CommitId | None = None
    """The commit that emptied a folder, while one is empty."""
    commits_without_time: tuple[CommitId, ...] = ()
    """The commits whose time cannot be read."""

    @property
    def emptied_folders(self) -> tuple[Path, ...]:
        """The configured folders that had posts and have none."""
        return tuple(folder for folder, posts in self.post_counts.items() if not posts)

    def copy(self) -> "BranchHistory":
        """Return the same, which stays as it is when this one is brought forward."""
        return replace(
            self,
            current=self.current.copy(),
            deleted=self.deleted.copy(),
            created_at_path=self.created_at_path.copy(),
            post_counts=self.post_counts.copy(),
        )


FindFolder = Callable[[Path], Path | None]
"""The configured folder in which a path is a post, None where it is not one."""


def replay(
    branch: BranchHistory,
    commits: Iterable[Commit],
    *,
    source: str,
    find_folder: FindFolder,
    accepted: frozenset[CommitId] = frozenset(),
) -> None:
    """Bring ``ancestry`` forward through ``commits``, oldest first.

    ``accepted`` are commits whose emptying of folders the operator has accepted.
    """
    for commit in commits:
        losses = _apply_commit(branch, commit, source, find_folder)
        branch.commit = commit.id
        if commit.time in UNREADABLE_TIMES:
            branch.commits_without_time += (commit.id,)
        for folder in branch.emptied_folders:
            if losses[folder] < 0 or commit.id in accepted:
                del branch.post_counts[folder]
        if not branch.emptied_folders:
            branch.last_complete_commit, branch.emptied_by = commit.id, None
        elif branch.emptied_by is None:
            branch.emptied_by = commit.id


def _apply_commit(
    branch: BranchHistory, commit: Commit, source: str, find_folder: FindFolder
) -> Counter[Path | None]:
    """Apply one commit; return what each folder lost: posts that left less posts that only moved.

    A folder whose posts mostly moved to other folders of the source did not vanish.
    """
    moving: dict[Path, PostHistory] = {}
    losses: Counter[Path | None] = Counter()
    for change in commit.changes:
        if change.kind in ("deleted", "renamed"):
            lineage = branch.current.pop(change.old_path, None)
            _add_to_count(branch, find_folder(change.old_path), -1 if lineage else 0)
            left = change.kind == "deleted" or find_folder(change.path) is None
            losses[find_folder(change.old_path)] += 1 if left else -1
            if lineage and change.kind == "renamed":
                moving[change.old_path] = lineage
            elif lineage:
                branch.deleted[change.old_path] = lineage
    for change in commit.changes:
        if change.blob is None:
            continue
        before = branch.current.get(change.path)
        _add_to_count(branch, find_folder(change.path), 0 if before else 1)
        lineage = moving.get(change.old_path) or before or branch.deleted.pop(change.path, None)
        branch.current[change.path] = (
            lineage.with_version(change.blob, commit.time)
            if lineage
            else _new_post(branch, change, commit.time, source)
        )
    return losses


def _new_post(
    branch: BranchHistory, change: FileChange, time: datetime, source: str
) -> PostHistory:
    assert change.blob is not None  # noqa: S101
    number = branch.created_at_path[change.path] = branch.created_at_path.get(change.path, 0) + 1
    digest = sha256(f"{source}\0{change.path}".encode("utf-8", "surrogateescape")).hexdigest()
    key = PostKey(digest[:16] if number == 1 else f"{digest[:16]}~{number}")
    return PostHistory(key, (Version(change.blob, time),))


def _add_to_count(branch: BranchHistory, folder: Path | None, change: int) -> None:
    if folder is not None and change:
        branch.post_counts[folder] = branch.post_counts.get(folder, 0) + change


def post_id(source: Source, history: PostHistory) -> PostId:
    """Return the id of a post: a tag URI (RFC 4151) of its birth in UTC and its key."""
    created = history.created.astimezone(UTC).date()
    return PostId(f"tag:{source.id_authority},{created.isoformat()}:{history.key}")

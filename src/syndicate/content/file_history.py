"""Identity and versions of every post, from a replay of the first-parent history.

`build_timeline` reads the same history for one file, to explain a post to its editor.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

from syndicate.content.parsed_file import FileVersion, ParsedFile
from syndicate.git import Commit, FileChange
from syndicate.git.history import UNREADABLE_TIMES
from syndicate.model.post import BlobId, CommitId, Path, PostId, PostKey, Source


@dataclass(frozen=True, slots=True)
class Version:
    """The content of a post's file since ``time``; positional, because there are many."""

    blob: BlobId
    time: datetime


@dataclass(frozen=True, slots=True)
class PostHistory:
    """One post through all its renames; ``versions`` in ascending order of time."""

    key: PostKey
    versions: tuple[Version, ...]

    @property
    def created(self) -> datetime:
        """When the post first appeared on the branch (first-parent, committer time)."""
        return self.versions[0].time

    def with_version(self, blob: BlobId, time: datetime) -> "PostHistory":
        """Return the history with one more version, unless the content is the same."""
        if self.versions[-1].blob == blob:
            return self
        return PostHistory(self.key, (*self.versions, Version(blob, time)))


FindFolder = Callable[[Path], Path | None]
"""Returns the configured folder in which a path is a post, None if it is not a post."""


@dataclass(slots=True, kw_only=True)
class BranchHistory:
    """The posts of a branch, replayed from the root commit to ``commit``.

    The result depends only on the history, not on what was stored before: post ids survive an
    empty cache, and a rewritten history that keeps creations, renames and dates.
    """

    commit: CommitId | None = None
    current: dict[Path, PostHistory] = field(default_factory=dict)
    """Posts at ``commit``, by path."""
    deleted: dict[Path, PostHistory] = field(default_factory=dict)
    """Deleted posts, by last path; restoring a file restores its post."""
    created_at_path: dict[Path, int] = field(default_factory=dict)
    """Number of posts that were created at a path."""
    post_counts: dict[Path, int] = field(default_factory=dict)
    """Number of posts in each configured folder that ever had one."""
    last_complete_commit: CommitId | None = None
    """The last commit at which no folder that had posts was empty."""
    emptied_by: CommitId | None = None
    """The commit that emptied a folder; None if no folder is empty."""
    commits_without_time: tuple[CommitId, ...] = ()
    """Commits whose committer time is invalid."""

    @property
    def emptied_folders(self) -> tuple[Path, ...]:
        """The configured folders that had posts and now have none."""
        return tuple(folder for folder, posts in self.post_counts.items() if not posts)

    def copy(self) -> "BranchHistory":
        """Return a copy that later calls of `replay` do not change."""
        return replace(
            self,
            current=self.current.copy(),
            deleted=self.deleted.copy(),
            created_at_path=self.created_at_path.copy(),
            post_counts=self.post_counts.copy(),
        )

    def replay(
        self,
        commits: Iterable[Commit],
        *,
        source: str,
        find_folder: FindFolder,
        accepted: frozenset[CommitId] = frozenset(),
        head: CommitId | None = None,
    ) -> None:
        """Apply ``commits``, oldest first, to the history; ``head`` is the commit it is at then.

        The default of ``head`` is the last of ``commits``; they leave out those that touch no
        page. ``accepted`` are commits that may empty a folder, as accepted by the operator.
        """
        for commit in commits:
            losses = self._apply_commit(commit, source, find_folder)
            self.commit = commit.id
            if commit.time in UNREADABLE_TIMES:
                self.commits_without_time += (commit.id,)
            for folder in self.emptied_folders:
                if losses[folder] < 0 or commit.id in accepted:
                    del self.post_counts[folder]
            if not self.emptied_folders:
                self.last_complete_commit, self.emptied_by = commit.id, None
            elif self.emptied_by is None:
                self.emptied_by = commit.id
        self.commit = head or self.commit

    def _apply_commit(
        self, commit: Commit, source: str, find_folder: FindFolder
    ) -> Counter[Path | None]:
        """Apply one commit; return, by folder, the posts it removed minus the posts it moved.

        A folder whose posts mostly moved to other folders of the source was not emptied.
        """
        moved: dict[Path, PostHistory] = {}
        losses: Counter[Path | None] = Counter()
        for change in commit.changes:
            if change.kind in ("deleted", "renamed"):
                history = self.current.pop(change.old_path, None)
                self._add_to_count(find_folder(change.old_path), -1 if history else 0)
                is_lost = change.kind == "deleted" or find_folder(change.path) is None
                losses[find_folder(change.old_path)] += 1 if is_lost else -1
                if history and change.kind == "renamed":
                    moved[change.old_path] = history
                elif history:
                    self.deleted[change.old_path] = history
        for change in commit.changes:
            if change.blob is None:
                continue
            before = self.current.get(change.path)
            self._add_to_count(find_folder(change.path), 0 if before else 1)
            history = moved.get(change.old_path) or before or self.deleted.pop(change.path, None)
            self.current[change.path] = (
                history.with_version(change.blob, commit.time)
                if history
                else self._new_post(change.path, Version(change.blob, commit.time), source)
            )
        return losses

    def _new_post(self, path: Path, version: Version, source: str) -> PostHistory:
        number = self.created_at_path[path] = self.created_at_path.get(path, 0) + 1
        return PostHistory(post_key(source, path, number), (version,))

    def _add_to_count(self, folder: Path | None, posts: int) -> None:
        if folder is not None and posts:
            self.post_counts[folder] = self.post_counts.get(folder, 0) + posts


def post_key(source: str, path: Path, number: int) -> PostKey:
    """Return the key of the post that was created at ``path`` as the one with that ``number``."""
    digest = sha256(f"{source}\0{path}".encode("utf-8", "surrogateescape")).hexdigest()
    return PostKey(digest[:16] if number == 1 else f"{digest[:16]}~{number}")


def post_id(source: Source, history: PostHistory) -> PostId:
    """Return the id of a post: a tag URI (RFC 4151) of its creation date in UTC and its key."""
    created = history.created.astimezone(UTC).date()
    return PostId(f"tag:{source.id_authority},{created.isoformat()}:{history.key}")


ReadFiles = Callable[[Iterable[FileVersion]], Mapping[FileVersion, ParsedFile]]
"""Returns the parsed files of the given paths and blobs."""

CommitChange = tuple[Commit, FileChange]
"""A commit and the change that it made to a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """The effect of one commit on a file; ``blob`` is its content afterwards, None if removed."""

    time: datetime
    commit: CommitId
    path: Path
    blob: BlobId | None
    description: str


def build_timeline(
    path: Path, history: Iterable[Commit], read: ReadFiles
) -> tuple[TimelineEntry, ...]:
    """Return the effects of ``history``, oldest first, on the file now at ``path``."""
    changes = _follow_renames(path, history)
    files = read({(change.path, change.blob) for _, change in changes if change.blob})
    return tuple(_timeline_entries(changes, files))


def _follow_renames(path: Path, history: Iterable[Commit]) -> list[CommitChange]:
    """Return the changes of the file at ``path``, oldest first, under all its names."""
    changes: list[CommitChange] = []
    for commit in reversed(list(history)):
        change = next((change for change in commit.changes if change.path == path), None)
        if change is not None:
            changes.append((commit, change))
            path = change.old_path
    return changes[::-1]


def _timeline_entries(
    changes: Sequence[CommitChange], files: Mapping[FileVersion, ParsedFile]
) -> Iterator[TimelineEntry]:
    words = b""
    is_created = False
    for commit, change in changes:
        descriptions = [_describe_path_change(change, is_created=is_created)]
        if change.blob:
            file = files[change.path, change.blob]
            descriptions.append(_describe_content(file, words, is_created=is_created))
            words = file.fields.word_digest if file.fields else words
        is_created = True
        yield TimelineEntry(
            time=commit.time,
            commit=commit.id,
            path=change.path,
            blob=change.blob,
            description=", ".join(filter(None, descriptions)),
        )


def _describe_path_change(change: FileChange, *, is_created: bool) -> str:
    if change.kind == "renamed":
        return f"renamed from {change.old_path}"
    if change.kind == "deleted":
        return "removed"
    if change.kind == "added":
        return "restored" if is_created else "first commit"
    return ""


def _describe_content(file: ParsedFile, words: bytes, *, is_created: bool) -> str:
    if file.error:
        return f"cannot be read: {file.error.message}"
    if file.fields is None:
        return "without front matter"
    if not is_created:
        return ""
    return "words changed" if file.fields.word_digest != words else "words unchanged"

"""A repository of posts: its branch, files, changes, history and blobs."""

import pathlib
import posixpath
import re
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import tee
from typing import Final, Self

from syndicate.errors import RepositoryError
from syndicate.git.batch_process import BlobContent, BlobReader
from syndicate.git.errors import error_from_stderr, repository_error, unknown_ref_error
from syndicate.git.history import (
    Commit,
    CommitDelta,
    TreeEntry,
    changes_in,
    commits_since,
    history,
    parse_timestamp,
    parse_tree,
)
from syndicate.git.mirror import Mirror
from syndicate.git.mirror_refs import mirror_ref
from syndicate.git.open_repository import OpenRepository, fingerprint, watched_folders
from syndicate.git.partial_clone import WantedFiles, missing_blobs, wanted_blobs
from syndicate.git.repository_location import RepositoryLocation
from syndicate.git.signatures import SignatureVerifier
from syndicate.model.post import BlobId, CommitId, Path

_FULL_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NULL_ID: Final = b"0" * 40
_ABBREVIATED_ID: Final = re.compile(r"[0-9a-f]{4,64}")
_REVISION_SUFFIX: Final = re.compile(r"[~^:]|@\{")
"""The first character after the name in a revision (gitrevisions(7))."""

_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x1f\x7f]")
_COMMITTER_LINE: Final = re.compile(rb"^committer .* (\d+) [-+]\d+$", re.MULTILINE)

_REF_NAME: Final = re.compile(r"(?!-)(?!.*(?:\.\.|@\{|//))[^\x00-\x20\x7f~^:?*\[\\]+")
"""A branch, tag or ref (git-check-ref-format(1)) without special meaning in a refspec."""


class Repository:
    """One ref of a git repository on this host, or of a mirrored remote; created by `open`.

    All methods block and are thread-safe; every failure is a `RepositoryError`. Ids of commits and
    blobs are full ids. Folders and paths are relative to the root of the repository. Only regular
    files are read; symbolic links and submodules are not followed.
    """

    def __init__(
        self,
        *,
        location: RepositoryLocation,
        ref: str,
        mirrors: pathlib.Path,
        mirror: Mirror | None,
        verifier: SignatureVerifier | None = None,
    ) -> None:
        self._location = location
        self._ref = ref
        self._mirrors = mirrors
        self.mirror: Final = mirror
        self.verifier: Final = verifier
        self._lock = threading.Lock()
        self._open_repository: OpenRepository | None = None
        self._must_reopen = False

    @classmethod
    def open(  # noqa: PLR0913 — optional settings by keyword
        cls,
        location: str,
        *,
        ref: str,
        mirrors: pathlib.Path,
        proxy: str = "",
        source_name: str = "",
        verifier: SignatureVerifier | None = None,
    ) -> Self:
        """Open a repository; a remote one is not contacted before `fetch`.

        Args:
            location: A path (bare, not bare, or a worktree), an https, ssh or file URL, or
                ``user@host:path``.
            ref: Branch, tag or full ref, resolved as by git (gitrevisions(7)).
            mirrors: The folder for mirrors, created if missing.
            proxy: The proxy for https; by default that of the environment or git's configuration.
            source_name: The name of the source in error messages.
            verifier: Says which commits may be served; all of them without one.
        """
        parsed = RepositoryLocation.parse(location, source_name=source_name)
        if not _REF_NAME.fullmatch(ref):
            raise unknown_ref_error(parsed, repr(ref), ())
        mirrors = mirrors.absolute()
        mirror = None
        if parsed.is_remote:
            folder = mirrors / f"{parsed.mirror_name}.git"
            mirror = Mirror(location=parsed, folder=folder, proxy=proxy)
        opened = cls(location=parsed, ref=ref, mirrors=mirrors, mirror=mirror, verifier=verifier)
        if mirror is None:
            opened._ensure_open()
        return opened

    @property
    def is_remote(self) -> bool:
        """Whether new commits become visible only by `fetch`."""
        return self.mirror is not None

    @property
    def is_shallow(self) -> bool:
        """Whether history is incomplete, so that first commits and dates depend on its depth."""
        return self._ensure_open().layout.is_shallow

    def fetch(self) -> bool:
        """Update the mirror of a remote; return whether the ref moved."""
        return self.mirror is not None and self.mirror.fetch(self._ref)

    @property
    def is_partial(self) -> bool:
        """Whether only blobs are here that `fetch_contents` fetched."""
        return self.mirror is not None and self.mirror.is_partial

    def fetch_contents(self, commit: CommitId, wanted: WantedFiles) -> int:
        """Fetch the ``wanted`` files of ``commit`` that a partial mirror lacks; return how many.

        At most one fetch, and none if they are here. Nothing else fetches a blob: git may not do so
        when it reads one. Does nothing for other repositories, which have every blob.
        """
        if self.mirror is None or not self.mirror.is_partial:
            return 0
        marker = wanted.marker(self._local_ref(self._ref))
        since = self._resolve_locally(marker)
        if since == commit:
            return 0
        found = wanted_blobs(self._ensure_open(), commit, since, wanted)
        missing = self.fetch_blobs(found)
        if commit == self.head():
            self.mirror.mark(marker, commit)
        return missing

    def fetch_blobs(self, blobs: Iterable[BlobId]) -> int:
        """Fetch those of ``blobs`` that a partial mirror lacks, at once; return their number."""
        if self.mirror is None or not self.mirror.is_partial:
            return 0
        try:
            missing = missing_blobs(self._ensure_open(), blobs)
        except EOFError:
            raise self._git_ended_error() from None
        if missing:
            self.mirror.fetch_blobs(missing)
        return len(missing)

    def fingerprint(self) -> Hashable:
        """Return a value that changes whenever `head` may have changed.

        Reads a few files, starts no process, and never raises. It is None until `head` has
        succeeded once.
        """
        opened = self._open_repository
        return fingerprint(opened.layout, self._local_ref(self._ref)) if opened else None

    def watched_folders(self) -> tuple[str, ...]:
        """Return the folders to watch for changes of the fingerprint; they may not exist."""
        opened = self._open_repository
        return watched_folders(opened.layout, self._local_ref(self._ref)) if opened else ()

    def head(self) -> CommitId:
        """Return the commit of the ref, or the newest signed one if commits must be signed."""
        found = self._resolve_locally(self._local_ref(self._ref))
        if found is None:
            self._must_reopen = True
            raise unknown_ref_error(self._location, self._ref, self._list_refs())
        return self.verifier.newest_signed(self._ensure_open(), found) if self.verifier else found

    def resolve(self, rev: str) -> CommitId:
        """Return the commit of ``rev``: branch, tag, id, abbreviated id, ``HEAD~1`` and so on.

        Another branch of a remote is fetched first.
        """
        found = (
            self._resolve_locally(rev)
            if not self.is_remote or _ABBREVIATED_ID.fullmatch(rev)
            else None
        )
        if found is None and self.mirror is not None:
            found = self._fetch_and_resolve(self.mirror, rev)
        if found is None:
            raise unknown_ref_error(self._location, rev, self._list_refs())
        return found

    def commit_time(self, commit: CommitId) -> datetime:
        """Return the committer's time of ``commit`` in UTC; 1970 if it is invalid."""
        _, content = next(self.read([BlobId(commit)]))
        if not content.startswith(b"tree "):  # not a commit
            raise self._missing_object_error(commit)
        match = _COMMITTER_LINE.search(content.partition(b"\n\n")[0])
        return parse_timestamp(match[1] if match else b"")

    def list_files(self, commit: CommitId, folders: Sequence[Path]) -> tuple[TreeEntry, ...]:
        """Return the files of ``commit`` below ``folders``, each once, in git's order.

        The root is ``.`` or empty; a folder that does not exist has no files.
        """
        if not folders:
            return ()
        return self._ensure_open().list_files(self._require_full_id(commit), folders)

    def find_blob(self, commit: CommitId, path: Path) -> BlobId | None:
        """Return the blob of the file at ``path`` in ``commit``; None if there is no file."""
        if posixpath.normpath(path).lstrip("/") != path or path.startswith("..") or "\0" in path:
            return None
        tree = ("ls-tree", "-z", "--full-tree", self._require_full_id(commit))
        found = parse_tree(self._ensure_open().run(*tree, "--", path))
        return next((entry.blob for entry in found if entry.path == path), None)

    def file_size(self, commit: CommitId, path: Path) -> int | None:
        """Return the size of the file at ``path`` in ``commit`` in bytes, None if there is none."""
        query = f"{self._require_full_id(commit)}:{path}".encode("utf-8", "surrogateescape")
        if b"\n" in query or path.startswith(("/", "..")):
            return None
        try:
            return next(self._ensure_open().sizes.query([query]))
        except EOFError:
            raise self._git_ended_error() from None

    def history(
        self, commit: CommitId, *, also: Callable[[str], bool] | None = None
    ) -> Iterator[Commit]:
        """Return the first-parent history up to ``commit``, oldest first, with renames of pages.

        Only changes of files with an extension in `PAGE_EXTENSIONS` and, if given, of those
        ``also`` wanted by their paths are returned, and only commits with such changes.
        """
        opened = self._ensure_open()
        try:
            yield from history(
                opened.stream_log, opened.detect_renames, self._require_full_id(commit), also
            )
        finally:
            opened.renames.close()

    def commits_changing(
        self, commit: CommitId, is_wanted: Callable[[str], bool], *, days: int | None = None
    ) -> tuple[Commit, ...]:
        """Return the first-parent commits that changed files with wanted paths, newest first.

        With these changes only, and with ``days``, only of so many days before ``commit``.
        """
        revisions = [self._require_full_id(commit)]
        if days is not None:
            since = self.commit_time(commit) - timedelta(days)
            revisions.append(f"--since={since.isoformat()}")
        log = self._ensure_open().stream_log
        return tuple(changes_in(log, *revisions, is_wanted=is_wanted))[::-1]

    def run(self, *arguments: str) -> bytes:
        """Return what a git command that only reads says; it is given full ids of commits."""
        return self._ensure_open().run(*arguments)

    def commits_since(self, commit: CommitId, since: CommitId) -> CommitDelta | None:
        """Return the commits after ``since`` up to ``commit``.

        None if ``since`` is missing or not on the first-parent line of ``commit``.
        """
        if commit == since:
            return CommitDelta(files={})
        if next(self._read_contents([since])) is None:
            return None
        opened, until = self._ensure_open(), CommitId(self._require_full_id(commit))
        try:
            return commits_since(
                opened.read_commit, opened.detect_renames, opened.stream_log, until, since
            )
        finally:
            opened.renames.close()

    def read(self, blobs: Iterable[BlobId]) -> Iterator[tuple[BlobId, bytes]]:
        """Yield the contents of ``blobs`` in their order, a few in memory at a time."""
        for blob, content in self.read_available(blobs):
            if content is None:
                raise self._missing_object_error(blob)
            yield blob, content

    def read_available(self, blobs: Iterable[BlobId]) -> Iterator[tuple[BlobId, bytes | None]]:
        """Yield the contents of ``blobs`` as `read` does, None for those that are missing."""
        queries, ids = tee(blobs)
        return zip(ids, self._read_contents(queries), strict=True)

    def read_blobs(
        self, blobs: Iterable[BlobId], *, max_bytes: int
    ) -> Iterator[tuple[BlobId, BlobContent]]:
        """Yield the contents of ``blobs`` as `read` does, up to ``max_bytes`` each.

        A blob that is too large, missing or corrupt yields an `UnreadableBlob`.
        """
        opened = self._ensure_open()
        reader = BlobReader(sizes=opened.sizes, contents=opened.contents)
        try:
            yield from reader.read(blobs, max_bytes=max_bytes)
        except EOFError:
            raise self._git_ended_error() from None

    def close(self) -> None:
        """Stop the reading processes; the next read starts them again."""
        with self._lock:
            self._stop_processes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stop_processes(self) -> None:
        if self._open_repository is not None:
            self._open_repository.close()

    def _local_ref(self, ref: str) -> str:
        return mirror_ref(ref) if self.is_remote else ref

    def _ensure_open(self) -> OpenRepository:
        with self._lock:
            if self._open_repository is None or self._must_reopen:
                self._stop_processes()
                self._open_repository, self._must_reopen = self._locate(), False
            return self._open_repository

    def _locate(self) -> OpenRepository:
        """Locate the repository; repeated after an error, since the folder may have changed."""
        folder = self._location.path_or_url
        if self.mirror is not None:
            folder = str(self.mirror.folder)
            if not self.mirror.folder.exists():
                raise repository_error(
                    self._location,
                    f"{self._location.redacted} has not been fetched yet",
                    hint="Fetch the repository first; if that fails, its error says what to do.",
                    code="not-fetched",
                )
        return OpenRepository.locate(self._location, folder, self._mirrors)

    def _resolve_locally(self, revision: str) -> CommitId | None:
        """Return the commit of ``revision`` in the repository on this host."""
        if _CONTROL_CHARACTER.search(revision):
            return None
        query = f"{revision}^{{commit}}".encode(errors="surrogateescape")
        try:
            return next(self._ensure_open().revisions.query([query]))
        except EOFError:
            raise self._git_ended_error() from None

    def _fetch_and_resolve(self, mirror: Mirror, revision: str) -> CommitId | None:
        """Fetch the name in ``revision`` from the remote and return the commit of ``revision``."""
        name = _REVISION_SUFFIX.split(revision, maxsplit=1)[0]
        suffix = revision.removeprefix(name)
        name = "HEAD" if name in ("", "@") else name
        if not _REF_NAME.fullmatch(name):
            return None
        if name != self._ref:
            mirror.fetch(name)
        return self._resolve_locally(mirror_ref(name) + suffix)

    def _require_full_id(self, name: str) -> str:
        """Return ``name`` if it is a full id; raise for everything else git would resolve."""
        if not _FULL_ID.fullmatch(name):
            raise self._missing_object_error(name)
        return name

    def _read_contents(self, ids: Iterable[str]) -> Iterator[bytes | None]:
        """Yield the contents of objects by full id, None for missing ones."""
        queries = (name.encode() if _FULL_ID.fullmatch(name) else _NULL_ID for name in ids)
        try:
            yield from self._ensure_open().contents.query(queries)
        except EOFError:
            raise self._git_ended_error() from None

    def _list_refs(self) -> tuple[str, ...]:
        """Return the branches and tags, the newest first."""
        if self.mirror is not None:
            return tuple(self.mirror.list_refs())
        return self._ensure_open().list_refs()

    def _missing_object_error(self, name: str) -> RepositoryError:
        return error_from_stderr(self._location, f"object {name} is missing")

    def _git_ended_error(self) -> RepositoryError:
        """Return the error for a git that ends at once; reopening may raise a more precise one."""
        self._must_reopen = True
        self._ensure_open()
        return error_from_stderr(self._location, "git cat-file ended without an answer")

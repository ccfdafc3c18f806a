"""A repository of posts: its branch, files, changes, history and blobs."""

import pathlib
import posixpath
import re
import threading
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import tee
from os import fsdecode
from types import TracebackType
from typing import Final, Self

from syndicate.errors import RepositoryError
from syndicate.git.blob_reader import BlobReader, Content
from syndicate.git.command import alone, run
from syndicate.git.complaint import error, explain, unknown_ref
from syndicate.git.history import News, history, news
from syndicate.git.location import Location
from syndicate.git.mirror import Mirror, mirrored
from syndicate.git.objects import Catalogue, contents, names, sizes, step, steps
from syndicate.git.place import Place, blank, locate, through
from syndicate.git.record import Commit, Entry, entries, instant
from syndicate.git.stamp import folders, stamp
from syndicate.model.post import BlobId, CommitId, Path

_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NO_OBJECT: Final = b"0" * 40
_PREFIX: Final = re.compile(r"[0-9a-f]{4,64}")
_STEPS: Final = re.compile(r"[~^:]|@\{")
"""Where a revision stops to be a name (gitrevisions(7))."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_COMMITTER: Final = re.compile(rb"^committer .* (\d+) [-+]\d+$", re.MULTILINE)

_NAME: Final = re.compile(r"(?!-)(?!.*(?:\.\.|@\{|//))[^\x00-\x20\x7f~^:?*\[\\]+")
"""A branch, tag or ref (git-check-ref-format(1)): nothing that means more in a refspec."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What reading a repository on this host takes."""

    place: Place
    environment: dict[str, str]
    contents: Catalogue[bytes | None]
    sizes: Catalogue[int | None]
    names: Catalogue[CommitId | None]
    steps: Catalogue[Commit | None]


class Repository:
    """One branch of a git repository, on this host or mirrored to it; see `open`.

    All methods block and may be called from any thread; every failure is a `RepositoryError`.
    Ids of commits and blobs are full ones. Folders and paths start at the root of the repository;
    only regular files are seen, symbolic links and submodules are not followed.
    """

    def __init__(
        self, *, location: Location, ref: str, mirrors: pathlib.Path, mirror: Mirror | None
    ) -> None:
        self._location = location
        self._ref = ref
        self._mirrors = mirrors
        self._mirror = mirror
        self._lock = threading.Lock()
        self._opened: _Reading | None = None
        self._doubted = False

    @classmethod
    def open(
        cls,
        location: str,
        *,
        ref: str,
        mirrors: pathlib.Path,
        proxy: str = "",
        name: str = "",
    ) -> Self:
        """Open a repository; a remote one is not talked to before `fetch`.

        Args:
            location: A path (bare, not bare, or a worktree), an https, ssh or file URL, or
                ``user@host:path``.
            ref: Branch, tag or full ref, understood as git does (gitrevisions(7)).
            mirrors: A folder of ours for mirrors, made if missing.
            proxy: What https goes through; without it the environment and git's settings count.
            name: What errors call the repository: the source's name.
        """
        where = Location.parse(location, name=name)
        if not _NAME.fullmatch(ref):
            raise unknown_ref(where, repr(ref), ())
        mirrors = mirrors.absolute()
        mirror = None
        if where.is_remote:
            folder = mirrors / f"{where.stem}.git"
            mirror = Mirror(location=where, folder=folder, proxy=proxy)
        opened = cls(location=where, ref=ref, mirrors=mirrors, mirror=mirror)
        if mirror is None:
            opened._reading()
        return opened

    @property
    def is_remote(self) -> bool:
        """Whether `fetch` is what makes new commits visible."""
        return self._mirror is not None

    @property
    def is_shallow(self) -> bool:
        """Whether history is cut off, so that first commits and dates depend on its depth."""
        return self._reading().place.is_shallow

    def fetch(self) -> bool:
        """Bring the mirror of a remote up to date; tell whether anything came."""
        return self._mirror is not None and self._mirror.fetch(self._ref)

    def stamp(self) -> Hashable:
        """Return a value that changes whenever `head` can have; a few file look-ups, no process.

        It never raises. Until `head` has been asked, and while that fails, it says nothing: ask
        `head` again from time to time.
        """
        opened = self._opened
        return stamp(opened.place, self._known_as(self._ref)) if opened else None

    def folders(self) -> tuple[str, ...]:
        """Return the folders in which something changes when the stamp does, there or not."""
        opened = self._opened
        return folders(opened.place, self._known_as(self._ref)) if opened else ()

    def head(self) -> CommitId:
        """Return the commit the ref is at."""
        found = self._commit(self._known_as(self._ref))
        if found is None:
            self._doubted = True
            raise unknown_ref(self._location, self._ref, self._refs())
        return found

    def resolve(self, rev: str) -> CommitId:
        """Return the commit that ``rev`` means: branch, tag, id or its beginning, ``HEAD~1`` ….

        A branch of a remote other than the ref is fetched for it.
        """
        found = self._commit(rev) if not self.is_remote or _PREFIX.fullmatch(rev) else None
        if found is None and self._mirror is not None:
            found = self._fetched(self._mirror, rev)
        if found is None:
            raise unknown_ref(self._location, rev, self._refs())
        return found

    def committed(self, commit: CommitId) -> datetime:
        """Return the committer's time of ``commit``, in UTC; 1970 if it cannot be read."""
        _, content = next(self.read([BlobId(commit)]))
        if not content.startswith(b"tree "):  # another object than a commit
            raise self._missing(commit)
        match = _COMMITTER.search(content.partition(b"\n\n")[0])
        return instant(match[1] if match else b"")

    def entries(self, commit: CommitId, folders: Sequence[Path]) -> tuple[Entry, ...]:
        """Return the files of ``commit`` below ``folders``, each once, in git's order.

        The root is ``.`` or empty; a folder that is not there has no files.
        """
        if not folders:
            return ()
        tree = ("ls-tree", "-r", "-z", "--full-tree", self._full(commit))
        return entries(self._git(*tree, "--", *_within(folders)))

    def find(self, commit: CommitId, path: Path) -> BlobId | None:
        """Return the blob of the file at ``path`` in ``commit``; None if there is no file."""
        if posixpath.normpath(path).lstrip("/") != path or path.startswith("..") or "\0" in path:
            return None
        tree = ("ls-tree", "-z", "--full-tree", self._full(commit))
        found = entries(self._git(*tree, "--", path))
        return next((entry.blob for entry in found if entry.path == path), None)

    def size(self, blob: BlobId) -> int:
        """Return how many bytes ``blob`` has."""
        return int(self._git("cat-file", "-s", self._full(blob)))

    def history(self, commit: CommitId) -> Iterator[Commit]:
        """Return the first-parent history up to ``commit``, oldest first, with renames.

        Only commits that change a file whose name ends as one of `history.PAGES`, in any case,
        and of those only such changes.
        """
        yield from history(self._log, self._full(commit))

    def news(self, commit: CommitId, since: CommitId) -> News | None:
        """Return what came between ``since`` and ``commit``.

        None if ``since`` is unknown here or not on the first-parent line of ``commit``.
        """
        if commit == since:
            return News(files={})
        if next(self._contents([since])) is None:
            return None
        return news(self._tell, self._log, CommitId(self._full(commit)), since)

    def read(self, blobs: Iterable[BlobId]) -> Iterator[tuple[BlobId, bytes]]:
        """Return what ``blobs`` hold, in their order, few of them in memory at a time."""
        for blob, content in self.look(blobs):
            if content is None:
                raise self._missing(blob)
            yield blob, content

    def look(self, blobs: Iterable[BlobId]) -> Iterator[tuple[BlobId, bytes | None]]:
        """Return as `read` does what ``blobs`` hold, None for those that git has dropped."""
        asked, answered = tee(blobs)
        return zip(answered, self._contents(asked), strict=True)

    def read_blobs(
        self, blobs: Iterable[BlobId], *, max_bytes: int
    ) -> Iterator[tuple[BlobId, Content]]:
        """Return ``blobs`` as `read` does; one over ``max_bytes`` is not read.

        A blob that is too large, missing or corrupt is an `UnreadableBlob` and stops nothing.
        """
        opened = self._reading()
        reader = BlobReader(sizes=opened.sizes, contents=opened.contents)
        try:
            yield from reader.read(blobs, max_bytes=max_bytes)
        except EOFError:
            raise self._broken() from None

    def close(self) -> None:
        """End the processes that wait for questions; another question starts them again."""
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _end(self) -> None:
        if self._opened is not None:
            self._opened.contents.close()
            self._opened.sizes.close()
            self._opened.names.close()
            self._opened.steps.close()

    def _known_as(self, ref: str) -> str:
        return mirrored(ref) if self.is_remote else ref

    def _reading(self) -> _Reading:
        with self._lock:
            if self._opened is None or self._doubted:
                self._end()
                self._opened, self._doubted = self._look(), False
            return self._opened

    def _look(self) -> _Reading:
        """Find out where everything is; again after trouble, for the folder may be another now."""
        folder = self._location.address
        if self._mirror is not None:
            folder = str(self._mirror.folder)
            if not self._mirror.folder.exists():
                raise error(
                    self._location,
                    f"{self._location.shown} has not been fetched yet",
                    hint="Fetch it first; what kept that from working says what to do.",
                    code="not-fetched",
                )
        place = locate(self._location, folder)
        through_blank = through(blank(self._location, self._mirrors, place.object_format), place)
        return _Reading(
            place=place,
            environment=through_blank,
            contents=contents(through_blank),
            sizes=sizes(through_blank),
            names=names(alone({"GIT_DIR": str(place.folder)})),
            steps=steps(through_blank),
        )

    def _git(self, *arguments: str) -> bytes:
        """Run a command that reads objects, paths taken literally, and return its output."""
        literal = self._reading().environment | {"GIT_LITERAL_PATHSPECS": "1"}
        return self._answer(*arguments, environment=literal)

    def _log(self, *arguments: str) -> bytes:
        """The same with patterns for paths."""
        return self._answer(*arguments, environment=self._reading().environment)

    def _tell(self, commit: CommitId) -> Commit | None:
        """Return ``commit`` and what it changed; None where only a new process knows for certain.

        One that runs has read where a shallow history ends, which may be elsewhere by now.
        """
        opened = self._reading()
        if opened.place.is_shallow:
            return None
        try:
            return next(opened.steps.ask([step(commit)]))
        except EOFError:
            return None

    def _answer(self, *arguments: str, environment: Mapping[str, str]) -> bytes:
        answer = run(*arguments, environment=environment)
        if answer.code:
            raise explain(self._location, answer.complaint)
        return answer.output

    def _commit(self, revision: str) -> CommitId | None:
        """Return the commit ``revision`` means in the repository on this host."""
        if _CONTROL.search(revision):
            return None
        question = f"{revision}^{{commit}}".encode(errors="surrogateescape")
        try:
            return next(self._reading().names.ask([question]))
        except EOFError:
            raise self._broken() from None

    def _fetched(self, mirror: Mirror, revision: str) -> CommitId | None:
        """Return what ``revision`` means at the remote: a name, perhaps with ``~1`` or the like."""
        name = _STEPS.split(revision, maxsplit=1)[0]
        steps = revision.removeprefix(name)
        name = "HEAD" if name in ("", "@") else name
        if not _NAME.fullmatch(name):
            return None
        if name != self._ref:
            mirror.fetch(name)
        return self._commit(mirrored(name) + steps)

    def _full(self, name: str) -> str:
        """Return ``name`` if it is a full id, and nothing else that git would understand."""
        if not _ID.fullmatch(name):
            raise self._missing(name)
        return name

    def _contents(self, ids: Iterable[str]) -> Iterator[bytes | None]:
        """Return what objects hold, None for missing ones; ids only, nothing that git looks up."""
        questions = (name.encode() if _ID.fullmatch(name) else _NO_OBJECT for name in ids)
        try:
            yield from self._reading().contents.ask(questions)
        except EOFError:
            raise self._broken() from None

    def _refs(self) -> tuple[str, ...]:
        """Return the branches and tags there are, the newest first."""
        if self._mirror is not None:
            return tuple(self._mirror.known())
        environment = alone({"GIT_DIR": str(self._reading().place.folder)})
        options = ("--sort=-committerdate", "--format=%(refname:short)")
        shelves = ("refs/heads", "refs/tags", "refs/remotes")
        names = self._answer("for-each-ref", *options, *shelves, environment=environment)
        return tuple(fsdecode(names).split())

    def _missing(self, name: str) -> RepositoryError:
        return explain(self._location, f"object {name} is missing")

    def _broken(self) -> RepositoryError:
        """Return the error for a git that dies at once, after asking once more why."""
        self._doubted = True
        self._reading()
        return explain(self._location, "git cat-file ended without an answer")


def _within(folders: Iterable[Path]) -> tuple[str, ...]:
    """Return the pathspecs of what is below ``folders``; none means everything.

    The slash at the end keeps a file of that name out.
    """
    normal = [posixpath.normpath(folder.strip("/") or ".") for folder in folders]
    return () if "." in normal else tuple(f"{folder}/" for folder in normal)

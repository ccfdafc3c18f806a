"""A bare mirror of the configured branches of a remote repository.

A branch is stored as ``refs/syndicate/NAME``. The name is encoded so that no ref is a folder of
another one: the remote may replace ``a`` by ``a/b``. Fetches are forced, so a forced push needs
no special case. Only requested refs are fetched, so nothing is pruned but previews, which are
``refs/previews/NAME``.

Where the host allows it, a mirror is a partial clone: the first fetch brings commits and trees,
`Mirror.fetch_blobs` the blobs that are read. A repository of pictures then costs what its posts
cost. Where the host refuses filters, the mirror is a full clone. It is never shallow.
"""

import fcntl
import fnmatch
import os
import pathlib
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from syndicate.errors import RepositoryError
from syndicate.git.command import (
    CommandGroup,
    CommandResult,
    isolated_environment,
    run_git,
    user_environment,
)
from syndicate.git.errors import error_from_stderr, repository_error, unknown_ref_error
from syndicate.git.mirror_refs import PREVIEW_NAMESPACE, encode_ref, mirror_ref
from syndicate.git.open_repository import not_writable_error
from syndicate.git.partial_clone import (
    FIRST_FILTER,
    NEXT_FILTER,
    REMOTE,
    disable,
    enable,
    is_enabled,
    is_refused,
    refspecs,
)
from syndicate.git.repository_location import ALLOWED_PROTOCOLS, RepositoryLocation
from syndicate.private_files import make_folder, open_file

_CLONE_TIMEOUT_FACTOR: Final = 10

_LOCK_FILES: Final = ("*.lock", "refs/**/*.lock", "objects/*.lock", "objects/[ip]*/**/*.lock")

_MAX_PREVIEWS: Final = 100

_OBJECT_FORMATS: Final = {40: "sha1", 64: "sha256"}

_FETCH_OPTIONS: Final = (
    *("fetch", "--quiet", "--force", "--no-tags"),
    *("--no-write-fetch-head", "--update-shallow"),
)
_FETCH_CONFIG: Final = {
    "fetch.prune": "false",
    "fetch.recurseSubmodules": "false",
    "gc.autoDetach": "false",  # maintenance runs within the lock and the timeout of the fetch
    "maintenance.autoDetach": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """The mirror of ``location`` in ``folder``.

    Processes and threads that fetch into one mirror wait for each other. A mirror needs no repair
    after a process was killed: the first fetch goes to a temporary folder that is renamed when
    complete, later ones rely on git's order of writing, and stale locks are removed.
    """

    location: RepositoryLocation
    folder: pathlib.Path
    proxy: str = ""
    fetches: CommandGroup = field(default_factory=CommandGroup, compare=False)
    timeout: float = 120.0
    """Seconds that a fetch may take; ten times as many for the first one."""
    stale_lock_seconds: float = 1.0
    """Age at which a lock file counts as left behind by a killed git.

    A fetch holds locks for milliseconds, and the service runs one fetch at a time in a mirror.
    """

    def fetch(self, ref: str) -> bool:
        """Fetch ``ref`` and return whether it moved.

        Raises `RepositoryError` if the remote is unreachable, denies access, times out or has no
        such branch or tag; the mirror is then unchanged.
        """
        with self._lock():
            if not self.folder.exists():
                self._clone(ref)
                return True
            before = self._read_ref(ref)
            self._remove_stale_locks()
            self._fetch_ref(self.folder, ref, self.timeout)
            return self._read_ref(ref) != before

    def fetch_previews(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """Fetch the refs that match ``patterns``, such as ``refs/pull/*/head``, for previews.

        At most 100 refs, the highest numbers first; those that the remote no longer has are
        dropped, and no blobs come into a partial mirror. Returns the ids of those that moved.
        """
        command = ("ls-remote", "--refs", "--", self.location.path_or_url, *patterns)
        found = self._run_remote(*command, folder=os.devnull, timeout=self.timeout).stdout
        listed = _matching(dict(map(_name_and_id, _lines(found))), patterns)
        latest = sorted(listed, key=_numbers_in, reverse=True)[:_MAX_PREVIEWS]
        with self._lock():
            before = _matching(self._list_previews(), patterns)
            self._drop_previews(before.keys() - set(latest))
            moved = [ref for ref in latest if listed[ref] != before.get(ref)]
            if moved:
                specs = [f"+{ref}:{PREVIEW_NAMESPACE}{encode_ref(ref)}" for ref in moved]
                option = (f"--filter={FIRST_FILTER}",) if self.is_partial else ()
                self._fetch_refspecs(self.folder, specs, self.timeout, *option)
        return tuple(listed[ref] for ref in moved)

    def _list_previews(self) -> dict[str, str]:
        """Return the object ids of the previews here by the name of the ref at the remote."""
        environment = isolated_environment({"GIT_DIR": str(self.folder)})
        command = ("for-each-ref", "--format=%(objectname) %(refname)", PREVIEW_NAMESPACE)
        lines = _lines(run_git(*command, environment=environment).stdout)
        return {
            unquote(name.removeprefix(PREVIEW_NAMESPACE), errors="surrogateescape"): commit
            for name, commit in map(_name_and_id, lines)
        }

    def _drop_previews(self, refs: Iterable[str]) -> None:
        environment = isolated_environment({"GIT_DIR": str(self.folder)})
        lines = "".join(f"delete {PREVIEW_NAMESPACE}{encode_ref(ref)}\n" for ref in refs)
        run_git("update-ref", "--stdin", environment=environment, stdin=lines.encode())

    @property
    def is_partial(self) -> bool:
        """Whether the mirror lacks the blobs that nobody reads."""
        return is_enabled(self.folder)

    def fetch_blobs(self, blobs: Iterable[str]) -> None:
        """Fetch ``blobs`` into a partial mirror, all at once; raises `RepositoryError`.

        Where the host gives no single blob, the mirror becomes a full clone.
        """
        names = "".join(f"{blob}\n" for blob in blobs).encode()
        command = (*_FETCH_OPTIONS, f"--filter={FIRST_FILTER}", "--stdin")
        timeout = self.timeout * _CLONE_TIMEOUT_FACTOR
        # Without negotiation the pack is complete in itself: no delta against a missing blob.
        alone = {"fetch.negotiationAlgorithm": "noop"}
        with self._lock():
            self._remove_stale_locks()
            try:
                self._run_fetch(command, self.folder, timeout, stdin=names, configuration=alone)
            except RepositoryError as error:
                if not is_refused(error.message):
                    raise
                self._complete(self.folder, ())

    def mark(self, name: str, commit: str) -> None:
        """Let the ref ``name`` of the mirror be ``commit``."""
        environment = isolated_environment({"GIT_DIR": str(self.folder)})
        result = run_git("update-ref", name, commit, environment=environment)
        if result.exit_code:
            raise error_from_stderr(self.location, result.stderr)

    def list_refs(self) -> dict[str, str]:
        """Return the object ids of the remote's branches and tags by name."""
        command = ("ls-remote", "--heads", "--tags", "--refs")
        remote = self.location.path_or_url
        result = self._run_remote(*command, "--", remote, folder=os.devnull, timeout=self.timeout)
        lines = (line.split("\t") for line in result.stdout.decode(errors="replace").splitlines())
        return {name.split("/", 2)[2]: commit for commit, name in lines}

    def _clone(self, ref: str) -> None:
        refs = self.list_refs()
        if not refs:
            raise unknown_ref_error(self.location, ref, ())
        object_format = _OBJECT_FORMATS[len(next(iter(refs.values())))]
        draft = self.folder.with_suffix(".partial")
        shutil.rmtree(draft, ignore_errors=True)
        make_folder(draft)
        options = ("--bare", "--quiet", "--template=", f"--object-format={object_format}")
        result = run_git(
            "init", *options, environment=isolated_environment({"GIT_DIR": str(draft)})
        )
        if result.exit_code:
            raise error_from_stderr(self.location, result.stderr)
        enable(draft)
        result = self._fetch_ref(draft, ref, self.timeout * _CLONE_TIMEOUT_FACTOR)
        if is_refused(result.stderr):  # a warning: the host ignores the filter
            disable(draft)
        draft.rename(self.folder)

    def _fetch_ref(self, folder: pathlib.Path, ref: str, timeout: float) -> CommandResult:
        """Fetch ``ref``, resolved by the remote: branch, tag or full ref.

        A partial mirror becomes a full one where no filter works.
        """
        refspec = f"+{ref}:{mirror_ref(ref)}"
        for option in self._filter_options(folder, ref):
            try:
                return self._fetch_refspecs(folder, [refspec], timeout, *option)
            except RepositoryError as error:
                if "find remote ref" in error.message:
                    raise unknown_ref_error(self.location, ref, tuple(self.list_refs())) from None
                if not option or not is_refused(error.message):
                    raise
        return self._complete(folder, [refspec])

    def _filter_options(self, folder: pathlib.Path, ref: str) -> Sequence[tuple[str, ...]]:
        """Return the options for a filter that are tried one after the other, empty for none."""
        if not is_enabled(folder):
            return [()]
        first, later = (f"--filter={FIRST_FILTER}",), (f"--filter={NEXT_FILTER}",)
        return [later, first] if self._read_ref(ref, folder) else [first]

    def _fetch_refspecs(
        self,
        folder: pathlib.Path,
        refs: Sequence[str],
        timeout: float,
        *options: str,
        retry: bool = True,
    ) -> CommandResult:
        """Fetch ``refs``, again if a git left over from a killed service holds the lock of one."""
        try:
            return self._run_fetch((*_FETCH_OPTIONS, *options), folder, timeout, refs=refs)
        except RepositoryError as error:
            if "cannot lock ref" not in error.message or not retry:
                raise
            return self._fetch_refspecs(folder, refs, timeout, *options, retry=False)

    def _complete(self, folder: pathlib.Path, refs: Iterable[str]) -> CommandResult:
        """Make the partial mirror ``folder`` a full clone: of all its refs, and of ``refs``.

        Each has a fetch of its own: of several, git 2.39 refetches only those that moved.
        """
        disable(folder)
        self._drop_previews(self._list_previews())  # git expects all blobs of its refs to be here
        timeout = self.timeout * _CLONE_TIMEOUT_FACTOR
        wanted = dict.fromkeys((*refspecs(folder), *refs))
        return [self._fetch_refspecs(folder, [ref], timeout, "--refetch") for ref in wanted][-1]

    def _run_fetch(  # noqa: PLR0913 — options of one command, by keyword
        self,
        command: Sequence[str],
        folder: pathlib.Path,
        timeout: float,
        *,
        refs: Sequence[str] = (),
        stdin: bytes = b"",
        configuration: Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Fetch into the repository ``folder``; the URL is passed in the environment."""
        settings = {f"remote.{REMOTE}.url": self.location.path_or_url} | dict(configuration or {})
        arguments = (*command, "--", REMOTE, *refs)
        return self._run_remote(
            *arguments, folder=folder, timeout=timeout, stdin=stdin, configuration=settings
        )

    def _run_remote(
        self,
        *command: str,
        folder: str | pathlib.Path,
        timeout: float,
        stdin: bytes = b"",
        configuration: Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Run a command that contacts the remote, in the repository ``folder``."""
        proxy = {"http.proxy": self.proxy} if self.proxy else {}
        protocols = ("file",) if self.location.is_file_url else ALLOWED_PROTOCOLS[:2]
        settings = _FETCH_CONFIG | proxy | dict(configuration or {})
        environment = user_environment(settings, protocols=protocols) | {"GIT_DIR": str(folder)}
        try:
            result = run_git(
                *command, environment=environment, timeout=timeout, stdin=stdin, group=self.fetches
            )
        except RepositoryError as error:
            if error.code != "timed-out":
                raise
            raise repository_error(
                self.location,
                f"{self.location.redacted} did not answer within {timeout:g} seconds",
                hint="Run `git ls-remote` by hand; a proxy or firewall may drop the request.",
                code="timed-out",
            ) from None
        if result.exit_code:
            raise error_from_stderr(self.location, result.stderr)
        return result

    def _read_ref(self, ref: str, folder: pathlib.Path | None = None) -> bytes:
        environment = isolated_environment({"GIT_DIR": str(folder or self.folder)})
        command = ("rev-parse", "--verify", "--quiet", mirror_ref(ref))
        return run_git(*command, environment=environment).stdout

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the lock of this mirror; the system releases it when the process ends.

        An `OSError` inside becomes the error for a folder that cannot be written to.
        """
        try:
            make_folder(self.folder.parent, exclusive=True)
            with open_file(self.folder.with_suffix(".busy")) as file:
                self._wait_for_lock(file.fileno())
                yield
        except OSError as error:
            raise not_writable_error(self.location, self.folder, error) from error

    def _wait_for_lock(self, descriptor: int) -> None:
        until = time.monotonic() + self.timeout
        while not _try_lock(descriptor):
            if time.monotonic() > until:
                raise repository_error(
                    self.location,
                    f"another process has been fetching for {self.timeout:g} seconds",
                    hint="Try again later, or stop that process.",
                    code="timed-out",
                )
            time.sleep(0.02)

    def _remove_stale_locks(self) -> None:
        """Remove the lock files of a git that was killed during a fetch."""
        files = (file for pattern in _LOCK_FILES for file in self.folder.glob(pattern))
        found = {file: _inode(file) for file in files}
        if found:
            time.sleep(self.stale_lock_seconds)
        for file, inode in found.items():
            if _inode(file) == inode:
                file.unlink(missing_ok=True)


def _lines(output: bytes) -> list[str]:
    return os.fsdecode(output).split("\n")[:-1]


def _name_and_id(line: str) -> tuple[str, str]:
    """Return the name and the object id in a line of ``git ls-remote`` or ``for-each-ref``."""
    commit, name = line.split(maxsplit=1)
    return name, commit


def _matching(refs: Mapping[str, str], patterns: Iterable[str]) -> dict[str, str]:
    """Return those of ``refs`` that match one of ``patterns``; ``ls-remote`` matches endings."""
    names = {name for pattern in patterns for name in fnmatch.filter(refs, pattern)}
    return {name: refs[name] for name in names}


def _numbers_in(ref: str) -> tuple[list[int], str]:
    return [int(number) for number in re.findall("[0-9]+", ref)], ref


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _inode(file: pathlib.Path) -> int:
    try:
        return file.lstat().st_ino
    except FileNotFoundError:
        return 0

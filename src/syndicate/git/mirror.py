"""A bare copy of a remote repository under a folder of ours, with the branches that are wanted.

A branch is kept as ``refs/syndicate/NAME``, its name written so that one name is never a folder of
another's (``a`` and ``a/b`` may follow each other at the remote) and a forced push is nothing
special. Only what is asked for is fetched, so there is nothing to prune.
"""

import fcntl
import os
import pathlib
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from syndicate.errors import RepositoryError
from syndicate.git.command import CommandResult, isolated_environment, run_git, user_environment
from syndicate.git.errors import error_from_stderr, repository_error, unknown_ref_error
from syndicate.git.repository_layout import not_writable_error
from syndicate.git.repository_location import ALLOWED_PROTOCOLS, RepositoryLocation
from syndicate.private_files import make_folder, open_file

_CLONE_TIMEOUT_FACTOR: Final = 10

_STALE_LOCK_SECONDS: Final = 1.0
"""Seconds after which a lock that is still there was left by a killed git.

A fetch holds locks for milliseconds, and no second one of ours runs in the same mirror."""

_LOCK_FILES: Final = ("*.lock", "refs/**/*.lock", "objects/*.lock", "objects/[ip]*/**/*.lock")

_OBJECT_FORMATS: Final = {40: "sha1", 64: "sha256"}

_FETCH_CONFIG: Final = {
    "fetch.prune": "false",
    "fetch.recurseSubmodules": "false",
    "gc.autoDetach": "false",  # housekeeping within the fetch's lock and time limit
    "maintenance.autoDetach": "false",
}


def mirror_ref(ref: str) -> str:
    """Return the name under which a mirror keeps what the remote calls ``ref``."""
    plain = re.sub(rb"[^A-Za-z0-9_-]", lambda byte: b"%%%02X" % ord(byte[0]), os.fsencode(ref))
    return f"refs/syndicate/{plain.decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """The copy of ``location`` in ``folder``.

    Processes and threads that fetch into one mirror wait for each other; nothing needs repair
    after one of them was killed: the first fetch goes to another folder that is renamed when
    complete, later ones rely on git's own order of writing, and locks left behind are removed.
    """

    location: RepositoryLocation
    folder: pathlib.Path
    proxy: str = ""
    timeout: float = 120.0
    """Seconds that a fetch may take; the first one ten times as many."""

    def fetch(self, ref: str) -> bool:
        """Bring ``ref`` up to date and tell whether it moved.

        Raises `RepositoryError` if the remote cannot be reached, does not let us in, takes too
        long or has no such branch or tag; the mirror stays as it was.
        """
        try:
            with self._lock():
                if not self.folder.exists():
                    self._clone(ref)
                    return True
                before = self._read_ref(ref)
                self._remove_stale_locks()
                self._fetch_ref(self.folder, ref, self.timeout)
                return self._read_ref(ref) != before
        except OSError as trouble:
            raise not_writable_error(self.location, self.folder, trouble) from trouble

    def list_refs(self) -> dict[str, str]:
        """Return the remote's branches and tags, and the objects they name."""
        command = ("ls-remote", "--heads", "--tags", "--refs")
        result = self._run_remote(*command, folder=os.devnull, timeout=self.timeout)
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
        self._fetch_ref(draft, ref, self.timeout * _CLONE_TIMEOUT_FACTOR)
        draft.rename(self.folder)

    def _fetch_ref(
        self, folder: pathlib.Path, ref: str, timeout: float, *, retry: bool = True
    ) -> None:
        """Fetch ``ref`` as the remote understands the name: branch, tag or full ref.

        A git whose service was killed may still be at work and get there first: then once more.
        """
        options = ("--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--update-shallow")
        try:
            refspec = f"+{ref}:{mirror_ref(ref)}"
            self._run_remote("fetch", *options, folder=str(folder), refs=[refspec], timeout=timeout)
        except RepositoryError as trouble:
            if "find remote ref" in trouble.message:
                raise unknown_ref_error(self.location, ref, tuple(self.list_refs())) from None
            if "cannot lock ref" not in trouble.message or not retry:
                raise
            self._fetch_ref(folder, ref, timeout, retry=False)

    def _run_remote(
        self, *command: str, folder: str, refs: Sequence[str] = (), timeout: float
    ) -> CommandResult:
        """Run a command that talks to the remote; no repository counts but ``folder``."""
        proxy = {"http.proxy": self.proxy} if self.proxy else {}
        protocols = ("file",) if self.location.is_file_url else ALLOWED_PROTOCOLS[:2]
        environment = user_environment(_FETCH_CONFIG | proxy, protocols=protocols) | {
            "GIT_DIR": folder
        }
        try:
            result = run_git(
                *command,
                "--",
                self.location.path_or_url,
                *refs,
                environment=environment,
                timeout=timeout,
            )
        except RepositoryError as trouble:
            if trouble.code != "timed-out":
                raise
            raise repository_error(
                self.location,
                f"{self.location.redacted} did not answer within {timeout:g} seconds",
                hint="Try `git ls-remote` by hand; a proxy or firewall may swallow the request.",
                code="timed-out",
            ) from None
        if result.exit_code:
            raise error_from_stderr(self.location, result.stderr)
        return result

    def _read_ref(self, ref: str) -> bytes:
        environment = isolated_environment({"GIT_DIR": str(self.folder)})
        command = ("rev-parse", "--verify", "--quiet", mirror_ref(ref))
        return run_git(*command, environment=environment).stdout

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Wait until nobody else fetches into this mirror; the system ends it with the process."""
        make_folder(self.folder.parent, exclusive=True)
        with open_file(self.folder.with_suffix(".busy")) as file:
            until = time.monotonic() + self.timeout
            while not _try_lock(file.fileno()):
                if time.monotonic() > until:
                    raise repository_error(
                        self.location,
                        f"another process has been fetching for {self.timeout:g} seconds",
                        hint="Try again later, or end it.",
                        code="timed-out",
                    )
                time.sleep(0.02)
            yield

    def _remove_stale_locks(self) -> None:
        """Remove the lock files of a git that was killed in the middle of a fetch."""
        found = {
            file: _inode(file) for pattern in _LOCK_FILES for file in self.folder.glob(pattern)
        }
        if found:
            time.sleep(_STALE_LOCK_SECONDS)
        for file, inode in found.items():
            if _inode(file) == inode:
                file.unlink(missing_ok=True)


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

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
from syndicate.git.command import Answer, alone, as_user, run
from syndicate.git.complaint import error, explain, unknown_ref
from syndicate.git.location import PROTOCOLS, Location
from syndicate.git.place import unwritable
from syndicate.private_files import make_folder, open_file

_CLONING: Final = 10

_SETTLING: Final = 1.0
"""Seconds after which a lock that is still there was left by a killed git.

A fetch holds locks for milliseconds, and no second one of ours runs in the same mirror."""

_LOCKS: Final = ("*.lock", "refs/**/*.lock", "objects/*.lock", "objects/[ip]*/**/*.lock")

_HEX_DIGITS: Final = {40: "sha1", 64: "sha256"}

_FETCHING: Final = {
    "fetch.prune": "false",
    "fetch.recurseSubmodules": "false",
    "gc.autoDetach": "false",  # housekeeping within the fetch's lock and time limit
    "maintenance.autoDetach": "false",
}


def mirrored(ref: str) -> str:
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

    location: Location
    folder: pathlib.Path
    proxy: str = ""
    limit: float = 120.0
    """Seconds that a fetch may take; the first one ten times as many."""

    def fetch(self, ref: str) -> bool:
        """Bring ``ref`` up to date and tell whether it moved.

        Raises `RepositoryError` if the remote cannot be reached, does not let us in, takes too
        long or has no such branch or tag; the mirror stays as it was.
        """
        try:
            with self._alone():
                if not self.folder.exists():
                    self._clone(ref)
                    return True
                before = self._commit(ref)
                self._clear_locks()
                self._update(self.folder, ref, self.limit)
                return self._commit(ref) != before
        except OSError as trouble:
            raise unwritable(self.location, self.folder, trouble) from trouble

    def known(self) -> dict[str, str]:
        """Return the remote's branches and tags, and the objects they name."""
        question = ("ls-remote", "--heads", "--tags", "--refs")
        answer = self._ask(*question, folder=os.devnull, limit=self.limit)
        lines = (line.split("\t") for line in answer.output.decode(errors="replace").splitlines())
        return {name.split("/", 2)[2]: commit for commit, name in lines}

    def _clone(self, ref: str) -> None:
        known = self.known()
        if not known:
            raise unknown_ref(self.location, ref, ())
        object_format = _HEX_DIGITS[len(next(iter(known.values())))]
        draft = self.folder.with_suffix(".partial")
        shutil.rmtree(draft, ignore_errors=True)
        make_folder(draft)
        form = ("--bare", "--quiet", "--template=", f"--object-format={object_format}")
        answer = run("init", *form, environment=alone({"GIT_DIR": str(draft)}))
        if answer.code:
            raise explain(self.location, answer.complaint)
        self._update(draft, ref, self.limit * _CLONING)
        draft.rename(self.folder)

    def _update(self, folder: pathlib.Path, ref: str, limit: float, *, again: bool = True) -> None:
        """Fetch ``ref`` as the remote understands the name: branch, tag or full ref.

        A git whose service was killed may still be at work and get there first: then once more.
        """
        options = ("--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--update-shallow")
        try:
            refspec = f"+{ref}:{mirrored(ref)}"
            self._ask("fetch", *options, folder=str(folder), refs=[refspec], limit=limit)
        except RepositoryError as trouble:
            if "find remote ref" in trouble.what:
                raise unknown_ref(self.location, ref, tuple(self.known())) from None
            if "cannot lock ref" not in trouble.what or not again:
                raise
            self._update(folder, ref, limit, again=False)

    def _ask(self, *command: str, folder: str, refs: Sequence[str] = (), limit: float) -> Answer:
        """Run a command that talks to the remote; no repository counts but ``folder``."""
        proxy = {"http.proxy": self.proxy} if self.proxy else {}
        protocols = ("file",) if self.location.is_file else PROTOCOLS[:2]
        environment = as_user(_FETCHING | proxy, protocols=protocols) | {"GIT_DIR": folder}
        try:
            answer = run(
                *command, "--", self.location.address, *refs, environment=environment, limit=limit
            )
        except RepositoryError as trouble:
            if trouble.code != "timed-out":
                raise
            raise error(
                self.location,
                f"{self.location.shown} did not answer within {limit:g} seconds",
                hint="Try `git ls-remote` by hand; a proxy or firewall may swallow the request.",
                code="timed-out",
            ) from None
        if answer.code:
            raise explain(self.location, answer.complaint)
        return answer

    def _commit(self, ref: str) -> bytes:
        environment = alone({"GIT_DIR": str(self.folder)})
        question = ("rev-parse", "--verify", "--quiet", mirrored(ref))
        return run(*question, environment=environment).output

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until nobody else fetches into this mirror; the system ends it with the process."""
        make_folder(self.folder.parent, exclusive=True)
        with open_file(self.folder.with_suffix(".busy")) as file:
            until = time.monotonic() + self.limit
            while not _taken(file.fileno()):
                if time.monotonic() > until:
                    raise error(
                        self.location,
                        f"another process has been fetching for {self.limit:g} seconds",
                        hint="Try again later, or end it.",
                        code="timed-out",
                    )
                time.sleep(0.02)
            yield

    def _clear_locks(self) -> None:
        """Remove the lock files of a git that was killed in the middle of a fetch."""
        found = {file: _inode(file) for pattern in _LOCKS for file in self.folder.glob(pattern)}
        if found:
            time.sleep(_SETTLING)
        for file, inode in found.items():
            if _inode(file) == inode:
                file.unlink(missing_ok=True)


def _taken(descriptor: int) -> bool:
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

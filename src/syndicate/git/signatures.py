"""Signatures of commits, verified against one file of signers and nothing else."""

import pathlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from cachetools import TTLCache

from syndicate import telemetry
from syndicate.errors import RepositoryError, StorageError
from syndicate.git.open_repository import OpenRepository
from syndicate.git.signature_programs import is_signed
from syndicate.model.post import CommitId
from syndicate.private_files import StateFile

_MAX_COMMITS: Final = 1_000
"""How far back a signed commit is looked for."""

_RETRY_SECONDS: Final = 60.0
"""When a rejected commit is verified again: git does not say whether gpg could be run."""

_log = telemetry.logger("signatures")


class VerifiedCommits:
    """When the commit that each source serves was verified first, in a file.

    After a restart it is verified as of that time: a key that has expired since stays good for
    what this service saw before. The file is JSON: names of sources, each with a commit and its
    time in seconds since 1970.

    Args:
        file: The file.
        clock: Returns the time, with a zone.
        is_recorder: Whether this process writes the file. Only a service does: a command may run as
            another user, whose file the service could not read.
    """

    def __init__(
        self, file: StateFile, clock: Callable[[], datetime], *, is_recorder: bool
    ) -> None:
        self._file: Final = file
        self._clock: Final = clock
        self._is_recorder: Final = is_recorder

    def time(self, source: str, commit: CommitId) -> int:
        """Return when ``commit`` was verified first; now if that is not known."""
        try:
            commits = self._file.read().get(source)
        except StorageError as error:
            _warn_unreadable(error)
            commits = None
        at = commits.get(commit) if isinstance(commits, dict) else None
        return at if isinstance(at, int) else int(self._clock().timestamp())

    def record(self, source: str, commit: CommitId, at: int) -> bool:
        """Remember that ``source`` serves ``commit``, which was verified at ``at``.

        Returns False if it has to be tried again.
        """
        if not self._is_recorder:
            return True
        try:
            with self._file.edit(on_unreadable=_warn_unreadable) as document:
                document[source] = {commit: at}
        except StorageError as error:
            _log.warning("verified commit not stored", source=source, reason=error.message)
            return False
        return True


def _warn_unreadable(error: StorageError) -> None:
    _log.warning("verified commits unreadable", reason=error.message)


class SignatureVerifier:
    """Finds the newest commit of a branch that one of the signers has signed.

    Args:
        signers: A file of allowed signers (ssh-keygen(1)), or of armored OpenPGP public keys. It is
            read again for each head.
        source: The name of the source.
        verified: Knows as of which time a commit is verified: never a time that its author chose.
    """

    def __init__(self, signers: pathlib.Path, source: str, verified: VerifiedCommits) -> None:
        self._signers: Final = signers
        self._source: Final = source
        self._verified: Final = verified
        self._keys: bytes = b""
        self._signed: dict[CommitId, int] = {}
        """Commits that are signed by one of `_keys`, and as of when."""
        self._rejected: TTLCache[CommitId, None] = TTLCache(_MAX_COMMITS, _RETRY_SECONDS)
        """Commits that are not, or whose signatures could not be verified."""
        self._recorded: CommitId | None = None
        self._unrecorded: TTLCache[CommitId, None] = TTLCache(1, _RETRY_SECONDS)
        """A commit that could not be recorded lately."""
        self.error: RepositoryError | None = None
        """Why the head is not served, as of the last look; None if it is."""

    def newest_signed(self, opened: OpenRepository, head: CommitId) -> CommitId:
        """Return the newest commit on the first-parent line of ``head`` that a signer has signed.

        Raises `RepositoryError` if there is none among the last thousand, or if the signers cannot
        be read.
        """
        keys = self._read_keys()
        if keys != self._keys:
            self._keys = keys
            self._signed.clear()
            self._rejected.clear()
        found = self._find(opened, head)
        if found != self._recorded and found not in self._unrecorded:
            if self._verified.record(self._source, found, self._signed[found]):
                self._recorded = found
            else:
                self._unrecorded[found] = None
        return found

    def _find(self, opened: OpenRepository, head: CommitId) -> CommitId:
        self.error = None if self._is_signed(opened, head) else self._unsigned_error(head)
        if self.error is None:
            return head
        line = ("rev-list", "--first-parent", f"--max-count={_MAX_COMMITS}", head)
        for name in opened.run(*line).decode().split():
            if self._is_signed(opened, CommitId(name)):
                return CommitId(name)
        raise self.error

    def _unsigned_error(self, head: CommitId) -> RepositoryError:
        return RepositoryError(
            f"source {self._source}: commit {head[:12]} is not signed by anybody in"
            f" {self._signers.name}",
            code="unsigned-commit",
            hint="Sign the commit with a key that is valid now, or add the signer's public key to"
            " the file.",
        )

    def _is_signed(self, opened: OpenRepository, commit: CommitId) -> bool:
        if commit in self._signed or commit in self._rejected:
            return commit in self._signed
        at = self._verified.time(self._source, commit)
        if is_signed(opened, commit, self._keys, at):
            self._signed[commit] = at
        else:
            self._rejected[commit] = None
        return commit in self._signed

    def _read_keys(self) -> bytes:
        try:
            return self._signers.read_bytes()
        except OSError as error:
            raise RepositoryError(
                f"source {self._source}: {self._signers} cannot be read: {error.strerror}",
                code="signers-unreadable",
                hint="Name a file of public keys in `signers`.",
            ) from error

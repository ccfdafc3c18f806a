"""Signatures of commits, verified against one file of signers and nothing else."""

import pathlib
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from cachetools import TTLCache

from syndicate.errors import RepositoryError
from syndicate.git.command import config_variables, isolated_environment, run_git
from syndicate.git.open_repository import OpenRepository
from syndicate.model.post import CommitId
from syndicate.private_files import open_file

_OPENPGP_ARMOR: Final = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_MAX_COMMITS: Final = 1_000
"""How far back a signed commit is looked for."""

_RETRY_SECONDS: Final = 60.0
"""When a rejected commit is verified again: git does not say whether gpg could be run."""

_IMPORT_TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Keys:
    """The configuration and the environment in which git knows the signers and nobody else."""

    configuration: dict[str, str]
    environment: dict[str, str]


class SignatureVerifier:
    """Finds the newest commit of a branch that one of the signers has signed.

    Args:
        signers: A file of allowed signers (ssh-keygen(1)), or of armored OpenPGP public keys. It is
            read again for each head.
        label: Names the source in error messages.
    """

    def __init__(self, signers: pathlib.Path, label: str) -> None:
        self._signers: Final = signers
        self._label: Final = label
        self._keys: bytes = b""
        self._signed: set[CommitId] = set()
        """Commits that are signed by one of `_keys`."""
        self._rejected: TTLCache[CommitId, None] = TTLCache(_MAX_COMMITS, _RETRY_SECONDS)
        """Commits that are not, or whose signatures could not be verified."""
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
            f"{self._label}: commit {head[:12]} is not signed by anybody in {self._signers.name}",
            code="unsigned-commit",
            hint="Sign the commit and push it, or add the signer's public key to the file.",
        )

    def _is_signed(self, opened: OpenRepository, commit: CommitId) -> bool:
        if commit in self._signed or commit in self._rejected:
            return commit in self._signed
        with self._key_files() as keys:
            environment = opened.environment | keys.environment
            result = run_git(
                *("verify-commit", "--raw", commit),
                environment=environment | config_variables(environment, keys.configuration),
            )
        if result.exit_code == 0:
            self._signed.add(commit)
        else:
            self._rejected[commit] = None
        return commit in self._signed

    def _read_keys(self) -> bytes:
        try:
            return self._signers.read_bytes()
        except OSError as error:
            raise RepositoryError(
                f"{self._label}: {self._signers} cannot be read: {error.strerror}",
                code="signers-unreadable",
                hint="Name a file of public keys in `signers`.",
            ) from error

    @contextmanager
    def _key_files(self) -> Iterator[_Keys]:
        """Write the keys into a temporary folder: those of the user play no part."""
        with tempfile.TemporaryDirectory(prefix="syndicate-signers-") as name:
            folder = pathlib.Path(name)
            allowed, keys = folder / "allowed_signers", folder / "keys"
            is_openpgp = _OPENPGP_ARMOR in self._keys
            for file, data in ((allowed, b"" if is_openpgp else self._keys), (keys, self._keys)):
                with open_file(file) as output:
                    output.write(data)
            if is_openpgp:
                _import_keys(folder, keys)
            yield _Keys(
                {
                    "gpg.program": "gpg",
                    "gpg.openpgp.program": "gpg",
                    "gpg.ssh.program": "ssh-keygen",
                    "gpg.ssh.allowedSignersFile": str(allowed),
                },
                {"GNUPGHOME": name, "HOME": name},
            )


def _import_keys(folder: pathlib.Path, keys: pathlib.Path) -> None:
    """Import public keys into the keyring in ``folder``, without starting a daemon.

    Keys that cannot be imported sign nothing, so the exit code does not matter.
    """
    (folder / "common.conf").touch()  # gpg 2.4 otherwise uses a daemon in a new folder
    command = ["gpg", "--homedir", str(folder), "--batch", "--no-autostart", "--quiet"]
    try:
        subprocess.run(  # noqa: S603 — no shell, and no argument from outside
            [*command, "--import", str(keys)],
            env=isolated_environment(),
            capture_output=True,
            timeout=_IMPORT_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise RepositoryError(
            f"gpg cannot be run: {error}",
            code="no-gpg",
            hint="Install gpg: `apt install gpg`; or use a file of ssh keys.",
        ) from error

"""Runs ssh-keygen or gpg, which verify the signature of one commit at a given time.

Git itself would tell ssh-keygen to verify at the date of the commit, which its author chooses: a
key that has expired would sign for ever.
"""

import pathlib
import re
import subprocess
import tempfile
import time
from typing import Final

from syndicate.errors import RepositoryError
from syndicate.git.command import config_variables, isolated_environment, run_git
from syndicate.git.open_repository import OpenRepository
from syndicate.model.post import CommitId
from syndicate.private_files import open_file

_OPENPGP_ARMOR: Final = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_TIMEOUT_SECONDS: Final = 30.0
_SIGNATURE: Final = re.compile(rb"^gpgsig(?:-sha256)? (.*\n(?: .*\n)*)", re.MULTILINE)
"""A signature in the header of a commit (gitformat-signature(5)), and the lines that continue it.

The payload that is signed is the commit without them.
"""


def is_signed(opened: OpenRepository, commit: CommitId, keys: bytes, at: int) -> bool:
    """Return whether one of ``keys`` has signed ``commit``, as of ``at`` (seconds since 1970).

    ``keys`` is a file of allowed signers (ssh-keygen(1)), or of armored OpenPGP public keys. Raises
    `RepositoryError` if the program that verifies cannot be run.
    """
    content = opened.run("cat-file", "commit", commit)
    header, separator, message = content.partition(b"\n\n")
    header += b"\n"
    signature = b"".join(_SIGNATURE.findall(header)).replace(b"\n ", b"\n")
    if not signature:
        return False
    # A new folder: the keys and the configuration of the user play no part.
    with tempfile.TemporaryDirectory(prefix="syndicate-signers-") as name:
        folder = pathlib.Path(name)
        _write(folder / "keys", keys)
        if _OPENPGP_ARMOR in keys:
            return _is_signed_by_openpgp(opened, commit, folder, at)
        _write(folder / "signature", signature)
        payload = _SIGNATURE.sub(b"", header) + separator[1:] + message
        return _is_signed_by_ssh(payload, folder, at)


def _is_signed_by_ssh(payload: bytes, folder: pathlib.Path, at: int) -> bool:
    """Find who could have signed, then verify for each."""
    files = ("-f", str(folder / "keys"), "-s", str(folder / "signature"))
    # In local time, which ssh-keygen knows since it knows times; "Z" is newer.
    when = time.strftime("-Overify-time=%Y%m%d%H%M%S", time.localtime(at))
    found = _run(["ssh-keygen", "-Y", "find-principals", *files, when])
    principals = found.stdout.decode(errors="surrogateescape").splitlines()
    verify = ["ssh-keygen", "-Y", "verify", "-n", "git", *files, when]
    return found.returncode == 0 and any(
        _run([*verify, "-I", principal], payload).returncode == 0 for principal in principals
    )


def _is_signed_by_openpgp(
    opened: OpenRepository, commit: CommitId, folder: pathlib.Path, at: int
) -> bool:
    """Let git verify with gpg, whose options in ``folder`` say the time."""
    (folder / "common.conf").touch()  # gpg 2.4 otherwise uses a daemon in a new folder
    # Keys that cannot be imported sign nothing, so the exit code does not matter.
    quiet = ("--batch", "--no-autostart", "--quiet")
    _run(["gpg", "--homedir", str(folder), *quiet, "--import", str(folder / "keys")])
    _write(folder / "gpg.conf", f"faked-system-time {at}!\n".encode())
    environment = opened.environment | {"GNUPGHOME": str(folder), "HOME": str(folder)}
    programs = {"gpg.program": "gpg", "gpg.openpgp.program": "gpg"}
    result = run_git(
        *("verify-commit", "--raw", commit),
        environment=environment | config_variables(environment, programs),
    )
    return result.exit_code == 0


def _write(file: pathlib.Path, data: bytes) -> None:
    with open_file(file) as output:
        output.write(data)


def _run(command: list[str], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = command[0]
    try:
        return subprocess.run(  # noqa: S603 — no shell, and no argument that can be an option
            command,
            env=isolated_environment(),
            input=stdin,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        package = {"gpg": "gpg", "ssh-keygen": "openssh-client"}[program]
        raise RepositoryError(
            f"{program} cannot be run: {error}",
            code=f"no-{program}",
            hint=f"Install {program}: `apt install {package}`; or use keys of the other kind.",
        ) from error

"""Run git: with an environment that lets nobody interfere, a time limit and nothing left over."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syndicate.errors import RepositoryError
from syndicate.private_files import UMASK

READ_TIMEOUT_SECONDS: Final = 600.0
"""Seconds that a reading command may take; only a broken disk makes one take so long."""

_TERMINATE_GRACE_SECONDS: Final = 2.0
"""Seconds between asking an overdue command to stop and stopping it."""

_COMMON_VARIABLES: Final = {
    "LC_ALL": "C",  # complaints are recognized by their English words
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_OPTIONAL_LOCKS": "0",
}

_ISOLATION_VARIABLES: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_GRAFT_FILE": f"{os.devnull}/none",  # where a file could be, git would advise against it
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # what stops a lazy fetch before git 2.44
}

_INHERITED_VARIABLES: Final = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|SSH_AUTH_SOCK|SSL_CERT_FILE|SSL_CERT_DIR"
    r"|(?:http|https|all|no)_proxy|(?:HTTP|HTTPS|ALL|NO)_PROXY"
)
"""The variables that every git inherits; no other, for the service's hold its secrets."""

_USER_GIT_VARIABLES: Final = re.compile(
    r"GIT_SSH_COMMAND|GIT_SSH_VARIANT|GIT_CONFIG_GLOBAL|GIT_CONFIG_SYSTEM|GIT_CONFIG_NOSYSTEM"
)
"""What a git inherits beside them that obeys its user: a command, and names of files."""

_SAFE_CONFIG: Final = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """What a command said: its exit code, its output, and its complaints as text."""

    exit_code: int
    stdout: bytes
    stderr: str


def isolated_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which no configuration of the user or system counts."""
    plain = {
        name: value for name, value in os.environ.items() if _INHERITED_VARIABLES.fullmatch(name)
    }
    return (
        plain
        | _COMMON_VARIABLES
        | _ISOLATION_VARIABLES
        | config_variables({}, _SAFE_CONFIG)
        | dict(extra or {})
    )


def user_environment(
    configuration: Mapping[str, str] | None = None, *, protocols: Sequence[str] = ()
) -> dict[str, str]:
    """Return an environment with the user's configuration and ``configuration`` on top of it.

    It is handed over in the environment, where other users of the host cannot see it.
    """
    plain = {
        name: value
        for name, value in os.environ.items()
        if _INHERITED_VARIABLES.fullmatch(name) or _USER_GIT_VARIABLES.fullmatch(name)
    }
    allowed = {"GIT_ALLOW_PROTOCOL": ":".join(protocols) or "none", "GIT_NO_LAZY_FETCH": "1"}
    return (
        plain
        | _COMMON_VARIABLES
        | allowed
        | config_variables(plain, {**_SAFE_CONFIG, **(configuration or {})})
    )


def run_git(
    *arguments: str,
    environment: Mapping[str, str],
    timeout: float = READ_TIMEOUT_SECONDS,
    stdin: bytes = b"",
) -> CommandResult:
    """Run ``git arguments`` and return what it said, whatever its exit code.

    Raises `RepositoryError` if there is no git, or if it took longer than ``limit`` seconds; it
    and everything it started have been stopped then.
    """
    with start_git(*arguments, environment=environment, stderr=subprocess.PIPE) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise RepositoryError(
                f"git {arguments[0]} took longer than {timeout:g} seconds and was stopped",
                hint="Try again; if it lasts, try the same by hand.",
                code="timed-out",
            ) from None
        finally:
            _stop_process_group(process)
    return CommandResult(exit_code=process.returncode, stdout=stdout, stderr=os.fsdecode(stderr))


def start_git(
    *arguments: str, environment: Mapping[str, str], stderr: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start ``git arguments`` with pipes, in a session of its own.

    Without a terminal, ssh cannot ask for a password and wait for ever; and an interrupt from
    the keyboard is for the service to handle, not for its git.
    """
    try:
        return subprocess.Popen(  # noqa: S603 — no shell, and arguments that cannot be options
            ["git", *arguments],  # noqa: S607 — the git of the user's PATH
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            start_new_session=True,
            umask=UMASK,
        )
    except FileNotFoundError:
        raise RepositoryError(
            "there is no git on the PATH",
            hint="Install it: `apt install git`, `dnf install git` or `brew install git`.",
            code="no-git",
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        raise RepositoryError(
            f"git {arguments[0]} cannot be started: {error}",
            hint="Look for odd characters in the settings, and for a lack of memory or processes.",
            code="no-git",
        ) from error


def git_version() -> str:
    """Return the version of the installed git: ``2.39.5``."""
    return run_git("version", environment=isolated_environment()).stdout.decode().split()[2]


def _stop_process_group(process: subprocess.Popen[bytes]) -> None:
    """End an overdue command with all it started; first kindly, so that it takes its locks away."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_TERMINATE_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def config_variables(environment: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that add ``values`` to the configuration an environment holds."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    added = {"GIT_CONFIG_COUNT": str(first + len(values))}
    for number, (key, value) in enumerate(values.items(), first):
        added |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return added

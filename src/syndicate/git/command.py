"""Runs git with a controlled environment and a time limit, and stops all its processes."""

import os
import re
import select
import signal
import subprocess
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Final, cast

from syndicate.errors import RepositoryError
from syndicate.private_files import UMASK

READ_TIMEOUT_SECONDS: Final = 600.0
"""Timeout of commands that read; only a broken disk makes one take this long."""

TERMINATE_TIMEOUT_SECONDS: Final = 2.0
"""Seconds between SIGTERM and SIGKILL for a command that timed out."""

_CHUNK_BYTES: Final = 262_144
"""Bytes of output that `stream_git` holds in memory."""

_COMMON_VARIABLES: Final = {
    "LC_ALL": "C",  # errors are recognized by their English messages
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_OPTIONAL_LOCKS": "0",
}

_ISOLATION_VARIABLES: Final = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_GRAFT_FILE": f"{os.devnull}/none",  # git prints advice if a file could exist at this path
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # stops a lazy fetch before git 2.44
}

_INHERITED_VARIABLES: Final = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|SSH_AUTH_SOCK|SSL_CERT_FILE|SSL_CERT_DIR"
    r"|(?:http|https|all|no)_proxy|(?:HTTP|HTTPS|ALL|NO)_PROXY"
)
"""Variables that every git inherits; others are dropped, they may hold the service's secrets."""

_USER_GIT_VARIABLES: Final = re.compile(
    r"GIT_SSH_COMMAND|GIT_SSH_VARIANT|GIT_CONFIG_GLOBAL|GIT_CONFIG_SYSTEM|GIT_CONFIG_NOSYSTEM"
)
"""Variables that git inherits in addition when it uses the user's configuration."""

_SAFE_CONFIG: Final = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The exit code and the output of a git command."""

    exit_code: int
    stdout: bytes
    stderr: str


def isolated_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment that disables the configuration of the user and the system."""
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
    """Return an environment with the user's configuration, overridden by ``configuration``.

    The values are passed in environment variables, which other users of the host cannot read.
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


class CommandGroup:
    """Commands that another thread can stop together, such as the fetches of a mirror."""

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._processes: Final[set[subprocess.Popen[bytes]]] = set()
        self._is_stopped = False

    def stop(self) -> None:
        """Stop the commands, and each one that begins later."""
        with self._lock:
            self._is_stopped = True
            for process in self._processes:
                _terminate_process_group(process)

    @contextmanager
    def member(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Let ``process`` be stopped with the others inside of the block."""
        with self._lock:
            self._processes.add(process)
            if self._is_stopped:
                _terminate_process_group(process)
        try:
            yield
        finally:
            with self._lock:
                self._processes.discard(process)


def run_git(
    *arguments: str,
    environment: Mapping[str, str],
    timeout: float = READ_TIMEOUT_SECONDS,
    stdin: bytes = b"",
    terminate_timeout: float = TERMINATE_TIMEOUT_SECONDS,
    group: CommandGroup | None = None,
) -> CommandResult:
    """Run ``git arguments`` and return its result, regardless of the exit code.

    Raises `RepositoryError` if git is not installed or takes longer than ``timeout`` seconds; git
    and all processes it started are then stopped: by SIGTERM, and by SIGKILL after
    ``terminate_timeout`` seconds. ``group`` is what can stop it before.
    """
    with (
        start_git(*arguments, environment=environment, stderr=subprocess.PIPE) as process,
        (group or CommandGroup()).member(process),
    ):
        try:
            stdout, stderr = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise _timeout_error(arguments[0], timeout) from None
        finally:
            _stop_process_group(process, terminate_timeout)
    return CommandResult(exit_code=process.returncode, stdout=stdout, stderr=os.fsdecode(stderr))


def stream_git(
    *arguments: str,
    environment: Mapping[str, str],
    make_error: Callable[[str], RepositoryError],
    timeout: float = READ_TIMEOUT_SECONDS,
    terminate_timeout: float = TERMINATE_TIMEOUT_SECONDS,
) -> Generator[bytes, None, None]:
    """Run ``git arguments`` and yield its output in chunks, so that memory is bounded.

    Raises what ``make_error`` makes of standard error if the exit code is not 0, and
    `RepositoryError` if git writes nothing for ``timeout`` seconds. Git is stopped if the caller
    stops early.
    """
    with (
        TemporaryFile() as errors,
        start_git(*arguments, environment=environment, stderr=errors.fileno()) as process,
    ):
        stdout = cast("IO[bytes]", process.stdout)
        try:
            while True:
                if not select.select([stdout], [], [], timeout)[0]:
                    raise _timeout_error(arguments[0], timeout)
                chunk = os.read(stdout.fileno(), _CHUNK_BYTES)
                if not chunk:
                    break
                yield chunk
            process.wait(timeout)
        finally:
            _stop_process_group(process, terminate_timeout)
        if process.returncode:
            errors.seek(0)
            raise make_error(os.fsdecode(errors.read()))


def _timeout_error(command: str, timeout: float) -> RepositoryError:
    return RepositoryError(
        f"git {command} took longer than {timeout:g} seconds and was stopped",
        hint="Try again; if the error persists, run the same command by hand.",
        code="timed-out",
    )


def start_git(
    *arguments: str, environment: Mapping[str, str], stderr: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start ``git arguments`` with pipes, in a new session.

    Without a terminal, ssh cannot wait for a password, and a keyboard interrupt reaches only the
    service.
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
            "git was not found on the PATH",
            hint="Install git: `apt install git`, `dnf install git` or `brew install git`.",
            code="no-git",
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        raise RepositoryError(
            f"git {arguments[0]} cannot be started: {error}",
            hint="Check the settings for control characters, and the memory and process limits.",
            code="no-git",
        ) from error


def git_version() -> str:
    """Return the version of the installed git: ``2.39.5``."""
    return run_git("version", environment=isolated_environment()).stdout.decode().split()[2]


def _stop_process_group(process: subprocess.Popen[bytes], terminate_timeout: float) -> None:
    """Stop a command and all processes it started; SIGTERM first, so that it removes its locks."""
    if process.poll() is not None:
        return
    _terminate_process_group(process)
    try:
        process.wait(terminate_timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _terminate_process_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


def config_variables(environment: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that add ``values`` to the git configuration in ``environment``."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    added = {"GIT_CONFIG_COUNT": str(first + len(values))}
    for number, (key, value) in enumerate(values.items(), first):
        added |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return added

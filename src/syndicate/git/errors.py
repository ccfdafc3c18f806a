"""Errors made from what git writes to standard error, with hints for the operator."""

import re
import shlex
from dataclasses import dataclass
from typing import Final

from syndicate.errors import RepositoryError
from syndicate.git.repository_location import RepositoryLocation, redact


@dataclass(frozen=True, slots=True)
class KnownError:
    """A known error: the pattern of its message, its code, and a hint.

    ``{shown}`` in the hint is the repository's path or URL, ``{1}`` the first group of the match.
    """

    pattern: str
    code: str
    hint: str


_CHECK_ACCESS: Final = "Fix access until `git ls-remote {shown}` works for the user who runs this"

KNOWN_ERRORS: Final = (
    KnownError(
        r"(?:dubious ownership in|unsafe) repository(?: at)? \(?'([^']+)'",
        "dubious-ownership",
        "Run `git config --global --add safe.directory {1}` as the user who runs this,"
        " or give that user the folder.",
    ),
    KnownError(
        r"(?i)authentication failed|could not read (?:username|password)|permission denied"
        r"|returned error: 40[13]|repository not found",
        "not-permitted",
        _CHECK_ACCESS + ": give that user read access with a credential helper, a token or a key.",
    ),
    KnownError(
        r"not a git repository|cannot change to|does not appear to be a git repository",
        "not-a-repository",
        "Point `repository` at the top folder of a git repository, bare or not,"
        " or at an https, ssh or file URL.",
    ),
    KnownError(
        r"unknown repository extension|Expected git repo version|mismatched algorithms",
        "unknown-format",
        "The repository was written by a newer git: install at least that version here.",
    ),
    KnownError(
        r"bad config (?:line|file|variable)|bad (?:numeric|boolean) config value",
        "bad-configuration",
        "Fix the git configuration file that is named.",
    ),
    KnownError(
        r"Host key verification failed",
        "unknown-host",
        "Compare the host's key with the one its owner publishes and add it to"
        " ~/.ssh/known_hosts of the user who runs this.",
    ),
    KnownError(
        r"(?i)certificate",
        "untrusted-certificate",
        _CHECK_ACCESS + ": `http.sslCAInfo` in that user's git configuration names a CA file.",
    ),
    KnownError(
        r"transport '([^']*)' not allowed",
        "refused-protocol",
        "Only https, ssh and file are fetched from.",
    ),
    KnownError(
        r"(?i)unable to access|could not read from remote|could not resolve|connect|timed out"
        r"|early EOF|hung up|remote end",
        "unreachable",
        _CHECK_ACCESS
        + "; https_proxy, or http.proxy in that user's git configuration, names a proxy.",
    ),
    KnownError(
        r"(?i)bad object|could not read|unable to read|not a tree object|not a valid"
        r"|unable to find|missing|bad tree|failed to traverse|could not parse|Invalid revision"
        r"|unable to parse|corrupt|not our ref",
        "missing-object",
        "Check it with `git -C {shown} fsck`; a partial clone is completed by"
        " `git -C {shown} fetch --refetch --no-filter`.",
    ),
    KnownError(
        r"(?i)no space left|read-only file system|unable to (?:create|write)|cannot mkdir",
        "not-writable",
        "Free disk space, and give the user who runs this the right to write there.",
    ),
)

_UNKNOWN_ERROR: Final = KnownError(
    "", "git-failed", "Run the same by hand with `git -C` or `git ls-remote`."
)
_PREFIXES: Final = re.compile(r"(?i)^(?:(?:fatal|error|remote|warning): )+")


def error_from_stderr(location: RepositoryLocation, stderr: str) -> RepositoryError:
    """Return the error for ``stderr`` of a git command on ``location``."""
    for known_error in KNOWN_ERRORS:
        match = re.search(known_error.pattern, stderr)
        if match:
            groups = [shlex.quote(redact(group)) for group in match.groups()]
            hint = known_error.hint.format(match[0], *groups, shown=location.shell_quoted)
            return repository_error(location, _main_line(stderr), hint=hint, code=known_error.code)
    return repository_error(
        location, _main_line(stderr), hint=_UNKNOWN_ERROR.hint, code=_UNKNOWN_ERROR.code
    )


def repository_error(
    location: RepositoryLocation, cause: str, *, hint: str, code: str
) -> RepositoryError:
    """Return an error that names ``location``."""
    return RepositoryError(f"{location.label}: {cause}", hint=hint, code=code)


def unknown_ref_error(
    location: RepositoryLocation, ref: str, existing_refs: tuple[str, ...]
) -> RepositoryError:
    """Return the error for a branch, tag or commit that does not exist."""
    return RepositoryError(
        f"{location.label}: {ref} does not exist in {location.redacted}",
        hint="Choose a branch or tag that exists, or push it first."
        if existing_refs
        else "The repository has no commits yet: push some first.",
        code="unknown-ref",
        choices=existing_refs,
    )


def _main_line(stderr: str) -> str:
    """Return the first error line of ``stderr``, without git's prefixes and without secrets."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if not line.lower().startswith(("warning:", "hint:"))]
    return redact(_PREFIXES.sub("", (errors or lines or ["git failed without a message"])[0]))

"""Git's complaints, turned into errors that say what to do."""

import re
import shlex
from dataclasses import dataclass
from typing import Final

from syndicate.errors import RepositoryError
from syndicate.git.location import Location, redacted


@dataclass(frozen=True, slots=True)
class Case:
    """A known complaint: how to recognize it, its code, and what to do.

    ``{shown}`` in the hint is the repository's address, ``{1}`` what the first group matched.
    """

    pattern: str
    code: str
    hint: str


_TRY: Final = "Mend it until `git ls-remote {shown}` works for the user who runs this"

CASES: Final = (
    Case(
        r"(?:dubious ownership in|unsafe) repository(?: at)? \(?'([^']+)'",
        "dubious-ownership",
        "Run `git config --global --add safe.directory {1}` as the user who runs this,"
        " or give that user the folder.",
    ),
    Case(
        r"(?i)authentication failed|could not read (?:username|password)|permission denied"
        r"|returned error: 40[13]|repository not found",
        "not-permitted",
        _TRY + ": give that user the right to read it, by a credential helper, a token or a key.",
    ),
    Case(
        r"not a git repository|cannot change to|does not appear to be a git repository",
        "not-a-repository",
        "Point `repository` at the top folder of a git repository, bare or not,"
        " or at an https, ssh or file URL.",
    ),
    Case(
        r"unknown repository extension|Expected git repo version|mismatched algorithms",
        "unknown-format",
        "The repository was written by a newer git: install at least that version here.",
    ),
    Case(
        r"bad config (?:line|file|variable)|bad (?:numeric|boolean) config value",
        "bad-configuration",
        "Mend the named git configuration file.",
    ),
    Case(
        r"Host key verification failed",
        "unknown-host",
        "Compare the host's key with the one its owner publishes and add it to"
        " ~/.ssh/known_hosts of the user who runs this.",
    ),
    Case(
        r"(?i)certificate",
        "untrusted-certificate",
        _TRY + ": `http.sslCAInfo` in that user's git configuration names a CA file.",
    ),
    Case(
        r"transport '([^']*)' not allowed",
        "refused-protocol",
        "Only https, ssh and file are fetched from.",
    ),
    Case(
        r"(?i)unable to access|could not read from remote|could not resolve|connect|timed out"
        r"|early EOF|hung up|remote end",
        "unreachable",
        _TRY + "; https_proxy, or http.proxy in that user's git configuration, names a proxy.",
    ),
    Case(
        r"(?i)bad object|could not read|unable to read|not a tree object|not a valid"
        r"|unable to find|missing|bad tree|failed to traverse|could not parse|Invalid revision"
        r"|unable to parse|corrupt|not our ref",
        "missing-object",
        "Check it with `git -C {shown} fsck`; a partial clone is completed by"
        " `git -C {shown} fetch --refetch --no-filter`.",
    ),
    Case(
        r"(?i)no space left|read-only file system|unable to (?:create|write)|cannot mkdir",
        "not-writable",
        "Make room and give the user who runs this the right to write there.",
    ),
)

_UNKNOWN: Final = Case("", "git-failed", "Try it by hand with `git -C` or `git ls-remote` first.")
_NOISE: Final = re.compile(r"(?i)^(?:(?:fatal|error|remote|warning): )+")


def explain(location: Location, complaint: str) -> RepositoryError:
    """Return the error for what git wrote to its standard error about ``location``."""
    for case in CASES:
        match = re.search(case.pattern, complaint)
        if match:
            groups = [shlex.quote(redacted(group)) for group in match.groups()]
            hint = case.hint.format(match[0], *groups, shown=location.quoted)
            return error(location, _cause(complaint), hint=hint, code=case.code)
    return error(location, _cause(complaint), hint=_UNKNOWN.hint, code=_UNKNOWN.code)


def error(location: Location, cause: str, *, hint: str, code: str) -> RepositoryError:
    """Return an error about ``location``."""
    return RepositoryError(f"{location.label}: {cause}", hint=hint, code=code)


def unknown_ref(location: Location, ref: str, known: tuple[str, ...]) -> RepositoryError:
    """Return the error for a branch, tag or commit that is not there, naming those that are."""
    return RepositoryError(
        f"{location.label}: {ref} does not exist in {location.shown}",
        hint="Choose a branch or tag that exists, or push it first."
        if known
        else "The repository has no commits yet: push some first.",
        code="unknown-ref",
        known=known,
    )


def _cause(complaint: str) -> str:
    """Return the line of a complaint that says most, without git's prefixes and any secret."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    telling = [line for line in lines if not line.lower().startswith(("warning:", "hint:"))]
    return redacted(_NOISE.sub("", (telling or lines or ["git failed without a word"])[0]))

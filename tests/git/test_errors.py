"""Known messages of git become errors with a hint."""

import pytest

from syndicate.git.errors import KNOWN_ERRORS, error_from_stderr
from syndicate.git.repository_location import RepositoryLocation

HERE = RepositoryLocation.parse("/srv/my posts", source_name="usds")
THERE = RepositoryLocation.parse("https://token@example.gov/x.git")

STDERR = [
    (
        "fatal: detected dubious ownership in repository at '/srv/my posts'\nTo add an exception",
        "dubious-ownership",
        "git config --global --add safe.directory '/srv/my posts'",
    ),
    (
        "fatal: unsafe repository ('/srv/x' is owned by someone else)",
        "dubious-ownership",
        "safe.directory /srv/x",
    ),
    ("fatal: cannot change to '/x': Permission denied", "not-permitted", "git ls-remote"),
    ("fatal: cannot change to '/x': No such file or directory", "not-a-repository", "top folder"),
    ("fatal: not a git repository: '/x'", "not-a-repository", "top folder"),
    ("fatal: unknown repository extension found:\n\trefstorage", "unknown-format", "newer git"),
    ("fatal: bad config line 3 in file config", "bad-configuration", "configuration file"),
    (
        "git@example.gov: Permission denied (publickey).\nfatal: Could not read from remote",
        "not-permitted",
        "git ls-remote",
    ),
    (
        "fatal: could not read Username for 'https://example.gov': terminal prompts disabled",
        "not-permitted",
        "credential helper",
    ),
    (
        "Warning: Permanently added 'x'.\nHost key verification failed.\nfatal: Could not",
        "unknown-host",
        "known_hosts",
    ),
    (
        "fatal: unable to access 'https://example.gov/x/': server certificate verification failed",
        "untrusted-certificate",
        "sslCAInfo",
    ),
    ("fatal: transport 'ext' not allowed", "refused-protocol", "https, ssh and file"),
    (
        "fatal: unable to access 'https://example.gov/x/': Could not resolve host: example.gov",
        "unreachable",
        "https_proxy",
    ),
    ("fatal: bad object 1111", "missing-object", "fsck"),
    ("fatal: write error: No space left on device", "not-writable", "Free disk space"),
    ("fatal: something new", "git-failed", "by hand"),
    ("", "git-failed", "by hand"),
    ("warning: only this", "git-failed", "by hand"),
]


@pytest.mark.parametrize(("complaint", "code", "hint"), STDERR)
def test_error_has_source_cause_and_hint(complaint: str, code: str, hint: str) -> None:
    """The cause is git's message without its prefix."""
    error = error_from_stderr(HERE, complaint)
    assert error.code == code
    assert hint in error.hint
    assert error.message.startswith("source usds: ")
    assert "fatal: " not in error.message


def test_every_known_error_has_an_example() -> None:
    """No pattern in the table is untested."""
    assert {case.code for case in KNOWN_ERRORS} <= {code for _, code, _ in STDERR}


def test_cause_is_the_first_error_line() -> None:
    """Warnings before it are left out; secrets are redacted."""
    complaint = (
        "warning: redirecting to https://token@example.gov/x\n\nhint: \n"
        "remote: fatal: Repository https://token@example.gov/x not found\nfatal: x"
    )
    error = error_from_stderr(THERE, complaint)
    assert error.message == (
        "repository https://…@example.gov/x.git: Repository https://…@example.gov/x not found"
    )
    assert "token" not in error.message + error.hint
    assert error_from_stderr(HERE, "").message == "source usds: git failed without a message"

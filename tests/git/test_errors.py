"""Each known complaint of git becomes an error that says what to type."""

import pytest

from syndicate.git.errors import KNOWN_ERRORS, error_from_stderr
from syndicate.git.repository_location import RepositoryLocation

HERE = RepositoryLocation.parse("/srv/my posts", source_name="usds")
THERE = RepositoryLocation.parse("https://token@example.gov/x.git")

COMPLAINTS = [
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
    ("fatal: write error: No space left on device", "not-writable", "Make room"),
    ("fatal: something new", "git-failed", "by hand"),
    ("", "git-failed", "by hand"),
    ("warning: only this", "git-failed", "by hand"),
]


@pytest.mark.parametrize(("complaint", "code", "hint"), COMPLAINTS)
def test_a_complaint_says_what_to_do(complaint: str, code: str, hint: str) -> None:
    """The error names the source, the cause in git's words without prefix, and the remedy."""
    error = error_from_stderr(HERE, complaint)
    assert error.code == code
    assert hint in error.hint
    assert error.message.startswith("source usds: ")
    assert "fatal: " not in error.message


def test_every_known_complaint_is_tried() -> None:
    """No case stands in the table without an example here."""
    assert {case.code for case in KNOWN_ERRORS} <= {code for _, code, _ in COMPLAINTS}


def test_the_line_that_says_most_is_the_cause() -> None:
    """Warnings and noise before it are left out; secrets in it are not shown."""
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

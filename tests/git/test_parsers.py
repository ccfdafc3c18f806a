"""Git's NUL-separated output becomes values."""

from datetime import UTC, datetime

import pytest

from syndicate.git.parsers import (
    Commit,
    FileChange,
    TreeEntry,
    parse_commits,
    parse_timestamp,
    parse_tree,
)
from syndicate.model.post import BlobId, CommitId, Path

A, B, C, NONE = b"a" * 40, b"b" * 64, b"c" * 40, b"0" * 40


def test_only_regular_files_are_entries() -> None:
    """Executable files count; links, submodules and folders do not."""
    modes = (b"100644", b"100755", b"120000", b"160000", b"040000", b"100664")
    output = b"".join(b"%s blob %s\tname\twith tab %s\0" % (mode, A, mode) for mode in modes)
    assert [entry.path for entry in parse_tree(output)] == [
        "name\twith tab 100644",
        "name\twith tab 100755",
    ]
    assert parse_tree(b"100644 blob %s\t\xff\n\0" % B) == (
        TreeEntry(path=Path("\udcff\n"), blob=BlobId("b" * 64)),
    )
    trap = b"120000 blob %s\t 100644 blob %s\tx\n100644 blob %s\ty\0" % (A, A, A)
    assert parse_tree(trap) == parse_tree(b"") == ()


@pytest.mark.parametrize(
    ("modes", "status", "expected"),
    [
        (b"000000 100644", b"A", ("added", "x", None, "b" * 64)),
        (b"100644 000000", b"D", ("deleted", "x", "a" * 40, None)),
        (b"100644 100755", b"M", ("modified", "x", "a" * 40, "b" * 64)),
        (b"120000 100644", b"T", ("added", "x", None, "b" * 64)),
        (b"100644 120000", b"T", ("deleted", "x", "a" * 40, None)),
        (b"100644 160000", b"T", ("deleted", "x", "a" * 40, None)),
        (b"120000 120000", b"M", None),
        (b"000000 160000", b"A", None),
        (b"100644 100644", b"R087", ("renamed", "y", "a" * 40, "b" * 64)),
        (b"120000 120000", b"R100", None),
    ],
)
def test_a_change_is_about_regular_files(
    modes: bytes, status: bytes, expected: tuple[str, str, str | None, str | None] | None
) -> None:
    """A file that becomes a link is gone, a link that becomes a file is new, others are nothing."""
    paths = b"x\0y\0" if status.startswith(b"R") else b"x\0"
    output = b"%s 0 \0:%s %s %s %s\0%s" % (C, modes, A, B, status, paths)
    (commit,) = parse_commits(output)
    found = [(change.kind, change.path, change.old_blob, change.blob) for change in commit.changes]
    assert found == ([expected] if expected else [])


def test_a_changed_mode_is_no_change() -> None:
    """Readers see what a file holds, not whether it may be run; what follows is still read."""
    moded = b"%s 0 \0\n:100644 100755 %s %s M\0x\0" % (C, A, A)
    (commit,) = parse_commits(moded + b":000000 100644 %s %s A\0:y\0" % (NONE, C))
    assert commit.changes == (
        FileChange(
            kind="added", path=Path(":y"), old_path=Path(":y"), blob=BlobId("c" * 40), old_blob=None
        ),
    )


def test_commits_are_told_apart_from_their_changes() -> None:
    """A commit may have no change, and a path may look like anything."""
    output = (
        b"%s 0 \0\0%s 60 %s\0" % (A, B, A)
        + b"\n:000000 100644 %s %s A\0\n:odd\0" % (NONE, A)
        + b":000000 100644 %s %s A\0%s 1\0%s 120 %s %s\0" % (NONE, A, C, C, B, A)
    )
    assert [
        (commit.id, commit.parent, commit.time.minute, [change.path for change in commit.changes])
        for commit in parse_commits(output)
    ] == [
        ("a" * 40, None, 0, []),
        ("b" * 64, "a" * 40, 1, ["\n:odd", "c" * 40 + " 1"]),
        ("c" * 40, "b" * 64, 2, []),
    ]
    assert list(parse_commits(b"")) == []


def test_a_commit_of_the_far_future_is_as_late_as_can_be() -> None:
    """Git keeps times that no calendar has; they must not stop anybody."""
    assert parse_timestamp(b"0") == datetime(1970, 1, 1, tzinfo=UTC)
    assert parse_timestamp(b"18446744073709551615") == datetime(
        9999, 12, 30, 23, 59, 59, tzinfo=UTC
    )
    (commit,) = parse_commits(b"%s 4102444800 \0" % A)
    assert commit == Commit(
        id=CommitId("a" * 40), parent=None, time=datetime(2100, 1, 1, tzinfo=UTC), changes=()
    )

"""Git's NUL-separated output is parsed into values."""

from datetime import UTC, datetime

import pytest

from syndicate.git.history import (
    Commit,
    FileChange,
    TreeEntry,
    parse_commits,
    parse_timestamp,
    parse_tree,
    split_tokens,
)
from syndicate.model.post import BlobId, CommitId, Path

A, B, C, NONE = b"a" * 40, b"b" * 64, b"c" * 40, b"0" * 40


def test_only_regular_files_are_tree_entries() -> None:
    """Executable files are included; links, submodules and folders are not."""
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
def test_only_changes_of_regular_files_are_parsed(
    modes: bytes, status: bytes, expected: tuple[str, str, str | None, str | None] | None
) -> None:
    """A file that becomes a link is deleted, a link that becomes a file is added."""
    paths = b"x\0y\0" if status.startswith(b"R") else b"x\0"
    output = b"%s 0 \0:%s %s %s %s\0%s" % (C, modes, A, B, status, paths)
    (commit,) = parse_commits(split_tokens([output]))
    found = [(change.kind, change.path, change.old_blob, change.blob) for change in commit.changes]
    assert found == ([expected] if expected else [])


def test_change_of_mode_is_ignored() -> None:
    """The changes after it are still parsed."""
    moded = b"%s 0 \0\n:100644 100755 %s %s M\0x\0" % (C, A, A)
    (commit,) = parse_commits(split_tokens([moded, b":000000 100644 %s %s A\0:y\0" % (NONE, C)]))
    assert commit.changes == (
        FileChange(
            kind="added", path=Path(":y"), old_path=Path(":y"), blob=BlobId("c" * 40), old_blob=None
        ),
    )


def test_commits_and_changes_are_distinguished() -> None:
    """A commit may have no changes, and a path may look like a header."""
    output = (
        b"%s 0 \0\0%s 60 %s\0" % (A, B, A)
        + b"\n:000000 100644 %s %s A\0\n:odd\0" % (NONE, A)
        + b":000000 100644 %s %s A\0%s 1\0%s 120 %s %s\0" % (NONE, A, C, C, B, A)
    )
    assert [
        (commit.id, commit.parent, commit.time.minute, [change.path for change in commit.changes])
        for commit in parse_commits(split_tokens([output]))
    ] == [
        ("a" * 40, None, 0, []),
        ("b" * 64, "a" * 40, 1, ["\n:odd", "c" * 40 + " 1"]),
        ("c" * 40, "b" * 64, 2, []),
    ]
    assert list(parse_commits([])) == []


def test_output_may_arrive_in_chunks_of_any_size() -> None:
    """A token that is cut in two is put together again; what no NUL ends is left out."""
    output = b"%s 0 \0\n:000000 100644 %s %s A\0posts/a.md\0cut" % (C, NONE, A)
    for size in (1, 7, len(output)):
        chunks = [output[start : start + size] for start in range(0, len(output), size)]
        assert list(split_tokens(chunks)) == output.split(b"\0")[:-1]


def test_changes_of_other_paths_are_left_out() -> None:
    """The commit stays."""
    change = b":000000 100644 %s %s A" % (NONE, A)
    tokens = [b"%s 0 " % C, change, b"a.md", change, b"b.png"]
    (commit,) = parse_commits(tokens, lambda path: path.endswith(".md"))
    assert [change.path for change in commit.changes] == ["a.md"]


def test_time_of_a_commit_is_limited_to_the_year_9999() -> None:
    """Git stores later times, a datetime cannot."""
    assert parse_timestamp(b"0") == datetime(1970, 1, 1, tzinfo=UTC)
    assert parse_timestamp(b"18446744073709551615") == datetime(
        9999, 12, 30, 23, 59, 59, tzinfo=UTC
    )
    (commit,) = parse_commits([b"%s 4102444800 " % A])
    assert commit == Commit(
        id=CommitId("a" * 40), parent=None, time=datetime(2100, 1, 1, tzinfo=UTC), changes=()
    )

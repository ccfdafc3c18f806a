"""A missing or corrupt object of git is a problem of one file only."""

import pathlib
import zlib

import pytest

from syndicate.content.link_targets import LinkTargets
from syndicate.content.source_index import SourceIndex
from syndicate.errors import RepositoryError
from tests.content.conftest import OpenIndex, file
from tests.content.test_limits import errors, snapshot_at_head, titles
from tests.content_repository import ContentRepository


def object_file(content: ContentRepository, revision: str) -> pathlib.Path:
    """Return the file of the loose object ``revision``, made writable."""
    name = content.git("rev-parse", revision)
    for pack in (content.path / ".git/objects/pack").glob("*.pack"):
        moved = pack.rename(content.path / pack.name)
        moved.with_suffix(".idx").unlink(missing_ok=True)
        (pack.with_suffix(".idx")).unlink()
        content.git("unpack-objects", "-q", stdin=moved.read_bytes())
        moved.unlink()
    found = content.path / ".git/objects" / name[:2] / name[2:]
    found.chmod(0o644)
    return found


def corrupt(target: pathlib.Path, how: str) -> None:
    """Damage the object file ``target``."""
    data = bytearray(target.read_bytes())
    if how == "missing":
        target.unlink()
        return
    if how == "empty":
        data = bytearray()
    elif how == "truncated":
        data = data[: len(data) // 2]
    elif how == "bit":
        data[-3] ^= 0xFF
    elif how == "not-zlib":
        data[:] = b"garbage"
    else:
        raw = zlib.decompress(bytes(data))
        data = bytearray(zlib.compress(raw.replace(b"Words", b"Lords")))
    target.write_bytes(data)


@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "bit", "not-zlib", "other-text"])
@pytest.mark.parametrize("size", [10, 300_000])
def test_damaged_blob_is_one_problem(
    open_index: OpenIndex, content: ContentRepository, how: str, size: int
) -> None:
    """The last valid version is served, other files change; a repaired file is parsed."""
    content.commit({"news/a.md": file("Good"), "news/b.md": file("Other")})
    noise = "".join(f"{n * n} " for n in range(size // 6))
    content.commit({"news/a.md": file("Damaged", f"Words. {noise}")})
    target = object_file(content, "main:news/a.md")
    whole = target.read_bytes()
    corrupt(target, how)
    index = open_index()
    part = snapshot_at_head(index, content)
    assert titles(part) == {"Good", "Other"}
    (problem,) = errors(part)
    assert (problem.path, problem.rule) == ("news/a.md", "damaged-object")
    assert not part.error

    index.save()
    target.write_bytes(whole)
    content.commit({"news/c.md": file("New")})
    assert titles(snapshot_at_head(index, content)) == {"Damaged", "Other", "New"}
    assert titles(snapshot_at_head(open_index(), content)) == {"Damaged", "Other", "New"}


def test_damaged_old_version_is_skipped(index: SourceIndex, content: ContentRepository) -> None:
    """An unreadable version is ignored for the time of the last change of words."""
    content.commit({"news/a.md": file("A", "First.")})
    content.commit({"news/a.md": file("A", "Words lost.")})
    content.commit({"news/a.md": file("A", "Third.")})
    corrupt(object_file(content, "main~1:news/a.md"), "bit")
    part = snapshot_at_head(index, content)
    assert titles(part) == {"A"}
    assert not errors(part)


@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "bit", "not-zlib", "other-text"])
def test_damaged_blob_in_a_later_commit_is_one_problem(
    index: SourceIndex, content: ContentRepository, how: str
) -> None:
    """The file may be the only one of the commit, and further commits may follow."""
    content.commit({"news/a.md": file("A")})
    snapshot_at_head(index, content)
    content.commit({"news/new.md": file("New", "Words.")})
    corrupt(object_file(content, "main:news/new.md"), how)
    for _ in range(2):
        part = snapshot_at_head(index, content)
        assert titles(part) == {"A"}
        assert [(each.path, each.rule) for each in errors(part)] == [
            ("news/new.md", "damaged-object")
        ]
        content.commit({"elsewhere.txt": "Nothing."})
    content.commit({"news/a.md": file("B")})
    assert titles(snapshot_at_head(index, content)) == {"B"}


def test_source_with_only_damaged_files_has_an_error(
    index: SourceIndex, content: ContentRepository
) -> None:
    """In a partial clone, no post is reported as removed."""
    content.commit({"news/a.md": file("A")})
    object_file(content, "main:news/a.md").unlink()
    with pytest.raises(RepositoryError, match="missing"):
        snapshot_at_head(index, content)


@pytest.mark.parametrize("how", ["missing", "empty", "truncated", "bit", "not-zlib"])
@pytest.mark.parametrize("tree", ["main^{tree}", "main:news"])
def test_damaged_tree_is_an_error_of_the_source(
    index: SourceIndex, content: ContentRepository, how: str, tree: str
) -> None:
    """Its files are unknown; the error has a code and a hint."""
    content.commit({"news/a.md": file("A")})
    corrupt(object_file(content, tree), how)
    with pytest.raises(RepositoryError) as caught:
        snapshot_at_head(index, content)
    assert caught.value.code == "missing-object"
    assert "fsck" in caught.value.hint


@pytest.mark.parametrize(
    "committer",
    [
        b"Ada <ada@example.gov> 9223372036854775807 +0000",
        b"Ada <ada@example.gov> 99999999999999999999999 +0000",
        b"Ada <ada@example.gov> -5 +0000",
        b"Ada <ada@example.gov>",
        b"Ada <ada@example.gov> soon +0000",
        b"garbage",
        b"",
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("is_followed", [True, False])
def test_invalid_commit_time_is_a_problem_that_names_the_commit(
    open_index: OpenIndex,
    content: ContentRepository,
    committer: bytes,
    is_first: bool,
    is_followed: bool,
) -> None:
    """The time is invalid in a full replay, in an update and in a snapshot; all posts stay."""
    content.commit({"news/a.md": file("A", date="2024-01-01")})
    index = open_index()
    if not is_first:
        snapshot_at_head(index, content)
        content.commit({"news/b.md": file("B", date="2024-01-02")})
    raw = content.git("cat-file", "commit", "main").encode()
    line = next(each for each in raw.split(b"\n") if each.startswith(b"committer "))
    odd = content.git(
        *("hash-object", "-t", "commit", "-w", "--stdin", "--literally"),
        stdin=raw.replace(line, b"committer " + committer) + b"\n",
    )
    content.git("update-ref", "refs/heads/main", odd)
    if is_followed:
        content.commit({"news/c.md": file("C", date="2024-01-03")})
    for each in (index, open_index()):
        part = snapshot_at_head(each, content)
        assert titles(part) == {"A", *("B" * (not is_first)), *("C" * is_followed)}
        (problem,) = [problem for problem in part.problems if problem.rule == "commit-time"]
        assert odd in problem.message
        each.save()
    remembered = snapshot_at_head(open_index(), content)
    assert [p.rule for p in remembered.problems if p.rule == "commit-time"] == ["commit-time"]


def test_post_damaged_after_indexing_is_left_out(
    index: SourceIndex, content: ContentRepository
) -> None:
    """The other posts are rendered."""
    content.commit({"news/a.md": file("A"), "news/b.md": file("B")})
    target = object_file(content, "main:news/a.md")
    part = snapshot_at_head(index, content)
    target.unlink()
    opened = index.render_inputs(part.posts, LinkTargets(part.posts))
    assert [one.post.title for one in opened] == ["B"]

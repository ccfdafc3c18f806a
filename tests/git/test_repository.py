"""Reading commits, files, changes, history and blobs of one branch."""

import pathlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from syndicate.git import Entry, FileChange, Repository
from syndicate.model.post import BlobId, CommitId, Path
from tests.content_repository import START, ContentRepository, Executable, Submodule, Symlink

ODD = Path('posts/-a "b"\n\u2019\udcff.md')


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Make an empty content repository."""
    return ContentRepository.create(tmp_path / "content")


@pytest.fixture
def repository(content: ContentRepository, tmp_path: pathlib.Path) -> Iterator[Repository]:
    """Open the content repository at its branch."""
    where = str(content.path)
    with Repository.open(where, ref="main", mirrors=tmp_path / "var", name="usds") as opened:
        yield opened


def blob(content: ContentRepository, path: str, revision: str = "main") -> BlobId:
    """Return git's own word for the blob at ``path``."""
    return BlobId(content.git("rev-parse", f"{revision}:{path}"))


def test_the_head_follows_the_branch(content: ContentRepository, repository: Repository) -> None:
    """Each commit, and a forced move back, is the head at once."""
    first = content.commit({"a.md": "1"})
    assert repository.head() == first
    assert repository.head() != content.commit({"a.md": "2"}) == repository.head()
    content.reset("main~1")
    assert repository.head() == first


def test_only_regular_files_below_the_folders_are_entries(
    content: ContentRepository, repository: Repository
) -> None:
    """Links and submodules are skipped; a file is no folder; any file name is taken as it is."""
    commit = content.commit({"posts/a.md": "a", "posts.md": "", "file": "", "z/x/y.md": ""})
    commit = content.commit(
        {
            ODD: "odd",
            "posts/run": Executable("x"),
            "posts/link": Symlink("a.md"),
            "posts/module": Submodule(commit),
            "linked": Symlink("posts"),
        }
    )
    found = repository.entries(CommitId(commit), [Path("./posts/"), Path("file"), Path("nothing")])
    assert [entry.path for entry in found] == [ODD, "posts/a.md", "posts/run"]
    assert found[1] == Entry(path=Path("posts/a.md"), blob=blob(content, "posts/a.md"))
    assert repository.entries(CommitId(commit), [Path("linked")]) == ()
    assert repository.entries(CommitId(commit), []) == ()
    for root in ("", ".", "/"):
        assert len(repository.entries(CommitId(commit), [Path(root), Path("z")])) == 6


def test_blobs_come_in_the_order_they_are_asked_for(
    content: ContentRepository, repository: Repository
) -> None:
    """More blobs than fit into a pipe are read, each twice, without waiting for ever."""
    files = {f"{number}.md": f"{number}\n".encode() * number * 50 for number in range(200)}
    commit = CommitId(content.commit({**files, "empty": b"", "binary": b"\x00\n\xff missing\n"}))
    entries = repository.entries(commit, [Path("")])
    asked = [entry.blob for entry in entries] * 2
    read = list(repository.read(iter(asked)))
    assert [name for name, _ in read] == asked
    texts = dict(zip([entry.path for entry in entries], [text for _, text in read], strict=False))
    assert texts == {**files, "empty": b"", "binary": b"\x00\n\xff missing\n"}


def test_changes_between_any_two_commits_are_told(
    content: ContentRepository, repository: Repository
) -> None:
    """Added, modified and deleted files below the folders; a rename is both; modes do not count."""
    old = CommitId(
        content.commit({"p/kept": "k", "p/edited": "1", "p/moved": "m", "p/mode": "x", "q": "1"})
    )
    before = blob(content, "p/edited")
    content.rename("p/moved", "p/there")
    content.commit({"p/link": Symlink("q"), "p/kept": Symlink("q")})
    new = CommitId(content.commit({"p/edited": "2", "q": "2", "p/mode": Executable("x")}))
    found = {change.path: change for change in repository.changed(old, new, [Path("p")])}
    assert {path: change.kind for path, change in found.items()} == {
        "p/edited": "modified",
        "p/kept": "deleted",
        "p/moved": "deleted",
        "p/there": "added",
    }
    assert found[Path("p/edited")] == FileChange(
        kind="modified",
        path=Path("p/edited"),
        old_path=Path("p/edited"),
        blob=blob(content, "p/edited"),
        old_blob=before,
    )
    assert repository.changed(old, old, [Path("p")]) == ()
    assert repository.changed(old, new, []) == ()


def test_history_is_first_parent_oldest_first_with_renames(
    content: ContentRepository, repository: Repository
) -> None:
    """A branch counts when it is merged; what is not a page is left out; renames are seen."""
    text = "".join(f"line {number}\n" for number in range(20))
    first = content.commit({"_posts/a.md": text, "logo.svg": ""})
    content.start("topic")
    content.commit({"logo.svg": "new"})
    content.commit({"new.markdown": "n"}, branch="topic")
    content.rename("_posts/a.md", "content/posts/a.md")
    merged = content.merge("topic", {"new.markdown": "n"})
    head = CommitId(content.commit({"content/posts/a.md": None, "b.html": text + "more\n"}))
    found = list(repository.history(head))
    assert [
        [(change.kind, change.old_path, change.path) for change in commit.changes]
        for commit in found
    ] == [
        [("added", "_posts/a.md", "_posts/a.md")],
        [("renamed", "_posts/a.md", "content/posts/a.md")],
        [("added", "new.markdown", "new.markdown")],
        [("renamed", "content/posts/a.md", "b.html")],
    ]
    assert (found[0].id, found[0].time) == (first, START)
    assert (found[2].id, found[3].id) == (merged, head)
    assert list(repository.history(head, since=CommitId(merged))) == found[3:]


def test_a_revision_may_be_said_in_many_ways(
    content: ContentRepository, repository: Repository
) -> None:
    """Branch, tag, beginning of an id and steps back mean what they mean to git."""
    first = content.commit({"a": "1"}, when=datetime(2020, 1, 1, tzinfo=UTC))
    content.commit({"a": "2"})
    content.git("tag", "-a", "-m", "first", "v1", "HEAD~1")
    for revision in ("main~1", "v1", first, first[:7], "HEAD^", "@~1", "refs/tags/v1"):
        assert repository.resolve(revision) == first
    assert repository.committed(CommitId(first)) == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_line_of_history_continues_along_first_parents_only(
    content: ContentRepository, repository: Repository
) -> None:
    """A commit that came in by a merge was never what the branch showed."""
    first = CommitId(content.commit({"a": "1"}))
    content.start("side")
    side = CommitId(content.commit({"b": "1"}, branch="side"))
    second = CommitId(content.commit({"a": "2"}))
    merge = CommitId(content.merge("side", {"b": "1"}))
    assert repository.continues(merge, first)
    assert repository.continues(merge, second)
    assert repository.continues(merge, merge)
    assert not repository.continues(merge, side)
    assert not repository.continues(first, second)
    assert not repository.continues(first, CommitId("1" * 40))


def test_the_ending_of_a_post_may_be_in_capitals(
    content: ContentRepository, repository: Repository
) -> None:
    """Files that systems without capitals wrote have a history as well."""
    only = CommitId(content.commit({"POST.MD": "1"}))
    (commit,) = repository.history(only)
    assert [change.path for change in commit.changes] == ["POST.MD"]


def test_a_file_is_found_by_its_path_only(
    content: ContentRepository, repository: Repository
) -> None:
    """Folders, links, missing files and paths that leave the repository are not files."""
    commit = CommitId(content.commit({"a/b.png": "png", "a/l": Symlink("b.png"), ODD: "odd"}))
    assert repository.find(commit, Path("a/b.png")) == blob(content, "a/b.png")
    assert repository.find(commit, ODD) == blob(content, ODD)
    for path in ("a", "a/l", "a/", "", ".", "../x", "/a/b.png", "a/../a/b.png", "a\0", "*"):
        assert repository.find(commit, Path(path)) is None

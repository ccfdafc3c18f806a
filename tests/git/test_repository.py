"""Reading commits, files, changes, history and blobs of one branch."""

import os
import pathlib
import shutil
from datetime import UTC, datetime

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository, TreeEntry
from syndicate.model.post import BlobId, CommitId, Path
from tests.content_repository import (
    ContentRepository,
    Executable,
    Submodule,
    Symlink,
)

ODD = Path('posts/-a "b"\n\u2019\udcff.md')


def blob(content: ContentRepository, path: str, revision: str = "main") -> BlobId:
    """Return the id of the blob at ``path``, as git resolves it."""
    return BlobId(content.git("rev-parse", f"{revision}:{path}"))


def test_head_follows_the_branch(content: ContentRepository, repository: Repository) -> None:
    """After each commit, and after a forced move back."""
    first = content.commit({"a.md": "1"})
    assert repository.head() == first
    assert repository.head() != content.commit({"a.md": "2"}) == repository.head()
    content.reset("main~1")
    assert repository.head() == first


def test_only_regular_files_below_folders_are_listed(
    content: ContentRepository, repository: Repository
) -> None:
    """Links and submodules are skipped; a file is no folder; any file name is literal."""
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
    found = repository.list_files(
        CommitId(commit), [Path("./posts/"), Path("file"), Path("nothing")]
    )
    assert [entry.path for entry in found] == [ODD, "posts/a.md", "posts/run"]
    assert found[1] == TreeEntry(path=Path("posts/a.md"), blob=blob(content, "posts/a.md"))
    assert repository.list_files(CommitId(commit), [Path("linked")]) == ()
    assert repository.list_files(CommitId(commit), []) == ()
    for root in ("", ".", "/"):
        assert len(repository.list_files(CommitId(commit), [Path(root), Path("z")])) == 6


def test_blobs_are_read_in_order(content: ContentRepository, repository: Repository) -> None:
    """More blobs than fit into a pipe, each twice, without a deadlock."""
    files = {f"{number}.md": f"{number}\n".encode() * number * 50 for number in range(200)}
    commit = CommitId(content.commit({**files, "empty": b"", "binary": b"\x00\n\xff missing\n"}))
    entries = repository.list_files(commit, [Path("")])
    asked = [entry.blob for entry in entries] * 2
    read = list(repository.read(iter(asked)))
    assert [name for name, _ in read] == asked
    texts = dict(zip([entry.path for entry in entries], [text for _, text in read], strict=False))
    sizes = [repository.file_size(commit, entry.path) for entry in entries[:9]]
    assert sizes == [len(text) for _, text in read[:9]]
    assert texts == {**files, "empty": b"", "binary": b"\x00\n\xff missing\n"}


def test_file_without_a_size_is_none(content: ContentRepository, repository: Repository) -> None:
    """A file that does not exist, and a path that would be another query or another revision."""
    commit = CommitId(content.commit({"a b.png": b"12345", "c/d.png": b"1"}))
    assert repository.file_size(commit, Path("a b.png")) == 5
    for path in ("none.png", "a b.png\n", "/a b.png", "../a b.png", "c/d.png/e"):
        assert repository.file_size(commit, Path(path)) is None
    repository.close()
    assert repository.file_size(commit, Path("c/d.png")) == 1


def test_commits_since_include_the_final_blob_of_every_file(
    content: ContentRepository, repository: Repository
) -> None:
    """Pages or not; a rename is a deletion and an addition; modes are ignored."""
    old = CommitId(
        content.commit({"p/kept": "k", "p/edited": "1", "p/moved": "m", "p/mode": "x", "q": "1"})
    )
    content.rename("p/moved", "p/there")
    content.commit({"p/link": Symlink("q"), "p/kept": Symlink("q")})
    new = CommitId(content.commit({"p/edited": "2", "q": "2", "p/mode": Executable("x")}))
    news = repository.commits_since(new, old)
    assert news is not None
    assert news.commits == ()
    assert news.files == {
        "p/edited": blob(content, "p/edited"),
        "p/kept": None,
        "p/moved": None,
        "p/there": blob(content, "p/there"),
        "q": blob(content, "q"),
    }


def test_revisions_are_resolved_as_by_git(
    content: ContentRepository, repository: Repository
) -> None:
    """Branches, tags, abbreviated ids and ancestors."""
    first = content.commit({"a": "1"}, committed=datetime(2020, 1, 1, tzinfo=UTC))
    content.commit({"a": "2"})
    content.git("tag", "-a", "-m", "first", "v1", "HEAD~1")
    for revision in ("main~1", "v1", first, first[:7], "HEAD^", "@~1", "refs/tags/v1"):
        assert repository.resolve(revision) == first
    assert repository.commit_time(CommitId(first)) == datetime(2020, 1, 1, tzinfo=UTC)


def test_only_first_parents_count_as_ancestors(
    content: ContentRepository, repository: Repository
) -> None:
    """A commit from a merged branch was never the state of the branch."""
    first = CommitId(content.commit({"a": "1"}))
    content.create_branch("side")
    side = CommitId(content.commit({"b": "1"}, branch="side"))
    second = CommitId(content.commit({"a": "2"}))
    merge = CommitId(content.merge("side", {"b": "1"}))
    for before in (first, second, merge):
        assert repository.commits_since(merge, before) is not None
    assert repository.commits_since(merge, side) is None
    assert repository.commits_since(first, second) is None
    assert repository.commits_since(first, CommitId("1" * 40)) is None


def test_blob_is_found_by_exact_path(content: ContentRepository, repository: Repository) -> None:
    """Folders, links, missing files and paths outside of the repository are not found."""
    commit = CommitId(content.commit({"a/b.png": "png", "a/l": Symlink("b.png"), ODD: "odd"}))
    assert repository.find_blob(commit, Path("a/b.png")) == blob(content, "a/b.png")
    assert repository.find_blob(commit, ODD) == blob(content, ODD)
    for path in ("a", "a/l", "a/", "", ".", "../x", "/a/b.png", "a/../a/b.png", "a\0", "*"):
        assert repository.find_blob(commit, Path(path)) is None


def test_missing_ref_is_an_error_that_lists_the_refs(
    content: ContentRepository, repository: Repository, tmp_path: pathlib.Path
) -> None:
    """The newest first; without any refs the hint is another one."""
    with pytest.raises(RepositoryError, match="main does not exist") as caught:
        repository.head()
    assert (caught.value.code, caught.value.choices) == ("unknown-ref", ())
    assert "no commits yet" in caught.value.hint
    first = content.commit({"a": "1"})
    content.create_branch("older")
    content.commit({"a": "2"})
    content.git("tag", "v1", first)
    assert repository.head() == content.head()
    for revision in ("nowhere", "main~7", "a\nb", "\udcff", "dead1234", "main:a"):
        with pytest.raises(RepositoryError) as caught:
            repository.resolve(revision)
        assert caught.value.code == "unknown-ref"
        assert caught.value.choices[0] == "main"
        assert set(caught.value.choices) == {"main", "older", "v1"}
    for ref in ("", "a b", "a:b", "a..b", "-a", "main~1", "@{u}", "a*", "a\x00b"):
        with pytest.raises(RepositoryError) as caught:
            Repository.open(str(content.path), ref=ref, mirrors=tmp_path / "var")
        assert caught.value.code == "unknown-ref"


def test_missing_objects_are_errors_with_a_hint(
    content: ContentRepository, repository: Repository
) -> None:
    """Missing commits, missing blobs, and objects of another type."""
    head, nothing = CommitId(content.commit({"a": "1"})), "1" * 40
    for ask in (
        lambda: list(repository.read([BlobId(nothing)])),
        lambda: list(repository.read([BlobId("HEAD"), BlobId("a\nb")])),
        lambda: repository.commit_time(CommitId(nothing)),
        lambda: repository.commit_time(CommitId(blob(content, "a"))),
        lambda: repository.list_files(CommitId(nothing), [Path("")]),
        lambda: list(repository.history(CommitId(nothing))),
        lambda: repository.commits_since(CommitId(nothing), head),
    ):
        with pytest.raises(RepositoryError, match="source usds: ") as caught:
            ask()
        assert caught.value.code == "missing-object"
        assert "fsck" in caught.value.hint


def test_removed_repository_is_read_again_when_it_is_back(
    content: ContentRepository, repository: Repository, tmp_path: pathlib.Path
) -> None:
    """Without a restart, in any form; until then the error says what is wrong."""
    head = CommitId(content.commit({"a": "1"}))
    names, here = [blob(content, "a")], repository.fingerprint()
    assert len(list(repository.read(names))) == 1
    content.path.rename(tmp_path / "away")
    assert repository.fingerprint() != here
    for _ in range(2):
        repository.close()
        for ask in (
            repository.head,
            lambda: repository.resolve("main"),
            lambda: repository.list_files(head, [Path("")]),
            lambda: list(repository.read(names)),
        ):
            with pytest.raises(RepositoryError) as caught:
                ask()
            assert caught.value.code == "not-a-repository"
    (tmp_path / "away" / ".git").rename(content.path)
    assert repository.head() == head
    assert len(list(repository.read(names))) == 1


def test_git_that_ends_without_a_message_is_an_error(
    content: ContentRepository,
    repository: Repository,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The repository itself is fine."""
    head = CommitId(content.commit({"a": "1"}))
    real = shutil.which("git")
    (tmp_path / "git").write_text(f'#!/bin/sh\n[ "$1" = cat-file ] && exit 1\nexec "{real}" "$@"\n')
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with (
        Repository.open(str(content.path), ref="main", mirrors=tmp_path / "var") as dying,
    ):
        for ask in (
            dying.head,
            lambda: list(dying.read([blob(content, "a")])),
            lambda: dying.file_size(head, Path("a")),
        ):
            with pytest.raises(RepositoryError, match="without an answer"):
                ask()
    assert repository.head() == content.head()


def test_renames_are_found_by_a_new_git_where_the_running_one_ends(
    content: ContentRepository, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does that is killed for want of memory."""
    content.commit({"a.md": "text"})
    head = CommitId(content.commit(moves={"a.md": "b.md"}))
    real = shutil.which("git")
    (tmp_path / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *-M50%*--stdin*) kill -9 $$;; esac\nexec "{real}" "$@"\n'
    )
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with Repository.open(str(content.path), ref="main", mirrors=tmp_path / "var") as dying:
        kinds = [change.kind for commit in dying.history(head) for change in commit.changes]
    assert kinds == ["added", "renamed"]


def test_branches_that_cannot_be_listed_are_an_error(
    content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Another branch is broken, so that none can be proposed for one that does not exist."""
    content.commit({"a.md": "1"})
    (content.path / ".git" / "refs" / "heads" / "broken").write_text("1" * 40 + "\n")
    with (
        Repository.open(str(content.path), ref="gone", mirrors=tmp_path / "var") as opened,
        pytest.raises(RepositoryError, match="refs/heads/broken") as caught,
    ):
        opened.head()
    assert caught.value.code == "missing-object"


def test_repacking_does_not_affect_reading(
    content: ContentRepository, repository: Repository
) -> None:
    """Git's maintenance of the content repository has no effect."""
    for number in range(5):
        content.commit({f"{number}.md": f"{number}"})
    head = repository.head()
    before = list(repository.history(head)), repository.list_files(head, [Path(".")])
    names = [entry.blob for entry in before[1]]
    texts = list(repository.read(names))
    for command in (["gc", "-q", "--prune=now"], ["commit-graph", "write"], ["repack", "-adq"]):
        content.git(*command)
        assert repository.head() == head
        assert (list(repository.history(head)), repository.list_files(head, [Path(".")])) == before
        assert list(repository.read(names)) == texts
        content.commit({"more.md": command[0]}, branch="other")
        assert repository.resolve("other") == content.head("other")


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("bare", [False, True])
def test_every_form_of_a_repository_reads_the_same(
    tmp_path: pathlib.Path, object_format: str, *, bare: bool
) -> None:
    """Bare or not, SHA-1 or SHA-256, and with borrowed objects."""
    made = ContentRepository.create(tmp_path / "made", bare=bare, object_format=object_format)
    made.commit({"a.md": "1"})
    made.commit({"a.md": "2"})
    made.git("clone", "-q", "--shared", "--bare", str(made.path), str(tmp_path / "shared"))
    for path in (made.path, tmp_path / "shared"):
        with Repository.open(str(path), ref="main", mirrors=tmp_path / "var") as repository:
            head = repository.head()
            assert head == made.head()
            old, new = repository.history(head)
            (change,) = new.changes
            assert repository.commits_since(head, old.id) is not None
            assert dict(repository.read(filter(None, [change.old_blob, change.blob]))) == {
                change.old_blob: b"1",
                change.blob: b"2",
            }
            assert repository.find_blob(head, Path("a.md")) == change.blob


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("name", "folder", "counts"),
    [
        ("usds", "_news-and-blog", (9, 78, 19)),
        ("login", "content/_program_updates", (13, 18, 0)),
        ("18f", "content/posts", (509, 865, 523)),
    ],
)
def test_real_repositories_are_read_completely(
    tmp_path: pathlib.Path, name: str, folder: str, counts: tuple[int, int, int]
) -> None:
    """Every version of every page in the history of the corpora."""
    root = pathlib.Path(__file__).parents[2]
    corpora = os.environ.get("SYNDICATE_CORPORA") or root.parent / "shared" / "corpora"
    bundle = pathlib.Path(corpora) / f"{name}.bundle"
    if not bundle.exists():
        pytest.skip(f"{bundle} is not there; SYNDICATE_CORPORA names the folder")
    clone = ContentRepository(path=tmp_path)
    clone.git("clone", "-q", "--bare", str(bundle), "clone")
    where = str(tmp_path / "clone")
    with Repository.open(where, ref="main", mirrors=tmp_path / "var") as repository:
        head = repository.head()
        files = repository.list_files(head, [Path(folder)])
        history = list(repository.history(head))
        changes = [change for commit in history for change in commit.changes]
        renames = [change for change in changes if change.kind == "renamed"]
        assert (len(files), len(history), len(renames)) == counts
        blobs = {change.blob for change in changes if change.blob}
        assert len(list(repository.read(blobs))) == len(blobs)
        old = history[0].id
        for commit in history[1:]:
            news = repository.commits_since(commit.id, old)
            assert news is not None
            assert news.files
            old = commit.id

"""Remote repositories are mirrored, and the mirror survives interruptions."""

import pathlib
import threading
from typing import Final

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.model.post import BlobId, CommitId, Path
from tests.content_repository import ContentRepository

MAIN: Final = "refs/syndicate/main"


def open_remote(
    upstream: ContentRepository, tmp_path: pathlib.Path, ref: str = "main"
) -> Repository:
    """Open ``upstream`` by its file URL."""
    address = f"file://{upstream.path}"
    return Repository.open(address, ref=ref, mirrors=tmp_path / "var", source_name="usds")


def test_first_fetch_clones_and_later_ones_update(
    upstream: ContentRepository, remote: Repository
) -> None:
    """A fetch returns whether the ref moved; a forced push is followed."""
    assert remote.is_remote
    assert remote.fetch()
    first = remote.head()
    assert first == upstream.head()
    assert not remote.fetch()
    second = upstream.commit({"posts/a.md": "2"})
    assert remote.head() == first
    assert remote.fetch()
    assert remote.head() == second
    assert [commit.id for commit in remote.history(CommitId(second))] == [first, second]
    upstream.reset(first)
    forced = upstream.commit({"posts/b.md": "3"})
    assert remote.fetch()
    assert remote.head() == forced
    assert remote.list_files(remote.head(), [Path("posts")])[1].path == "posts/b.md"


def test_reading_before_the_first_fetch_is_an_error(remote: Repository) -> None:
    """Every way to read raises the same error."""
    for ask in (remote.head, lambda: remote.is_shallow, lambda: remote.resolve("abcd")):
        with pytest.raises(RepositoryError, match="not been fetched yet") as caught:
            ask()
        assert caught.value.code == "not-fetched"


def test_only_the_configured_branch_is_fetched(
    upstream: ContentRepository, remote: Repository
) -> None:
    """Another branch is fetched when it is resolved by name."""
    upstream.create_branch("editorial")
    other = upstream.commit({"draft.md": "draft"}, branch="editorial")
    draft = BlobId(upstream.git("rev-parse", f"{other}:draft.md"))
    remote.fetch()
    with pytest.raises(RepositoryError, match=draft):
        list(remote.read([draft]))
    assert remote.resolve("editorial") == other
    assert list(remote.read([draft])) == [(draft, b"draft")]
    newer = upstream.commit({"draft.md": "edited"}, branch="editorial")
    assert remote.resolve("editorial") == newer
    assert remote.resolve("editorial~1") == remote.resolve(other[:9]) == other


def test_revisions_are_resolved_as_at_the_remote(
    upstream: ContentRepository, remote: Repository
) -> None:
    """HEAD, tags and ids; the error for an unknown one lists the refs."""
    first = upstream.head()
    upstream.git("tag", "-a", "-m", "one", "v1.0")
    second = upstream.commit({"posts/a.md": "2"})
    remote.fetch()
    for revision in ("HEAD~1", "@^", "main~1", "v1.0", "v1.0^{commit}", "refs/tags/v1.0", first):
        assert remote.resolve(revision) == first
    assert remote.resolve("HEAD") == remote.resolve("@") == remote.resolve("") == second
    for revision in ("nowhere", "nowhere~2", "main~7", "dead1234"):
        with pytest.raises(RepositoryError) as caught:
            remote.resolve(revision)
        assert caught.value.code == "unknown-ref"
        assert set(caught.value.choices) == {"main", "v1.0"}
    for revision in ("-x", "a:b", "a\nb", "a..b", "+main:refs/heads/x", "a b", "\udcff*"):
        with pytest.raises(RepositoryError) as caught:
            remote.resolve(revision)
        assert caught.value.code == "unknown-ref"


def test_branch_may_be_replaced_by_a_folder_of_branches(
    upstream: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """A mirrored ``a`` does not prevent ``a/b``."""
    first = upstream.create_branch("a")
    with open_remote(upstream, tmp_path, ref="a") as one:
        one.fetch()
    upstream.git("update-ref", "-d", "refs/heads/a")
    upstream.create_branch("a/b")
    second = upstream.commit({"x": "y"}, branch="a/b")
    with open_remote(upstream, tmp_path, ref="a/b") as two:
        two.fetch()
        assert two.head() == second
    with open_remote(upstream, tmp_path, ref="a") as one:
        with pytest.raises(RepositoryError, match="a does not exist") as caught:
            one.fetch()
        assert "a/b" in caught.value.choices
        assert one.head() == first


def test_missing_branch_is_an_error_that_lists_the_others(
    upstream: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Before and after cloning; once the branch is pushed, fetching works."""
    with open_remote(upstream, tmp_path, ref="later") as remote:
        for _ in range(2):
            with pytest.raises(RepositoryError, match="usds: later does not exist") as caught:
                remote.fetch()
            assert (caught.value.code, caught.value.choices) == ("unknown-ref", ("main",))
        upstream.create_branch("later")
        assert remote.fetch()
        assert remote.head() == upstream.head()


def test_remote_without_commits_is_an_error(tmp_path: pathlib.Path) -> None:
    """The hint then is to push some."""
    empty = ContentRepository.create(tmp_path / "empty", bare=True)
    with (
        open_remote(empty, tmp_path) as remote,
        pytest.raises(RepositoryError, match="does not exist") as caught,
    ):
        remote.fetch()
    assert "no commits yet" in caught.value.hint


def test_sha256_remote_is_mirrored(tmp_path: pathlib.Path) -> None:
    """SHA-256 repositories work as any other."""
    upstream = ContentRepository.create(tmp_path / "new", bare=True, object_format="sha256")
    commits = [upstream.commit({"a.md": str(number)}) for number in range(3)]
    with open_remote(upstream, tmp_path) as remote:
        assert remote.fetch()
        assert remote.head() == commits[-1]
        assert len(remote.head()) == 64
        assert [commit.id for commit in remote.history(remote.head())] == commits
        (entry,) = remote.list_files(remote.head(), [Path("")])
        assert list(remote.read([entry.blob])) == [(entry.blob, b"2")]
        assert remote.commits_since(remote.head(), CommitId(commits[0]))
        assert remote.commits_since(remote.head(), CommitId("1" * 40)) is None


def test_shallow_remote_is_mirrored_and_reported(
    upstream: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Its commits are served, and the repository is reported as shallow."""
    for number in range(3):
        upstream.commit({"posts/a.md": str(number)})
    shallow = ContentRepository(path=tmp_path / "shallow", bare=True)
    upstream.git("clone", "-q", "--bare", "--depth=1", f"file://{upstream.path}", str(shallow.path))
    with open_remote(shallow, tmp_path) as remote:
        remote.fetch()
        newer = shallow.commit({"posts/b.md": ""})
        assert remote.fetch()
        assert remote.head() == newer
        assert remote.is_shallow


def test_unreachable_remote_leaves_the_mirror_readable(
    upstream: ContentRepository, remote: Repository, tmp_path: pathlib.Path
) -> None:
    """The error has a hint."""
    remote.fetch()
    upstream.path.rename(tmp_path / "moved")
    with pytest.raises(RepositoryError) as caught:
        remote.fetch()
    assert caught.value.code == "not-a-repository"
    assert remote.head() == remote.resolve("main")


def test_two_sources_share_the_mirror_of_a_url(
    upstream: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """Fetched concurrently, each has its branch."""
    branches = [f"b{number}" for number in range(4)]
    for branch in branches:
        upstream.create_branch(branch, "main")
        upstream.commit({branch: branch}, branch=branch)
    sources = [open_remote(upstream, tmp_path, ref=branch) for branch in branches]
    threads = [threading.Thread(target=source.fetch) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for source, branch in zip(sources, branches, strict=True):
        assert source.head() == upstream.head(branch)
        source.close()
    assert len(list((tmp_path / "var").glob("*.git"))) == 1

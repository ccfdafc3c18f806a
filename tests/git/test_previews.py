"""Branches for previews are fetched into the mirror beside the published one."""

import pathlib

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.git.mirror import Mirror
from syndicate.git.mirror_refs import local_repository, names_here
from syndicate.model.post import BlobId
from tests.content_repository import ContentRepository


def mirror_of(remote: Repository) -> Mirror:
    """Return the mirror of ``remote`` after its first fetch."""
    remote.fetch()
    assert remote.mirror is not None
    return remote.mirror


def preview(upstream: ContentRepository, folder: pathlib.Path, rev: str) -> str | None:
    """Return the commit that ``rev`` has in the mirror, None if it is not there."""
    where, ref = local_repository(f"file://{upstream.path}", "main", folder / "var")
    with Repository.open(where, ref=ref, mirrors=folder / "var") as opened:
        for name in names_here(rev):
            try:
                return opened.resolve(name)
            except RepositoryError:
                continue
    return None


def test_previews_follow_the_remote(
    upstream: ContentRepository, remote: Repository, tmp_path: pathlib.Path
) -> None:
    """New, moved and removed refs; found by the names that people use."""
    mirror = mirror_of(remote)
    upstream.create_branch("feature/lead.v2")
    first = upstream.commit({"posts/b.md": "b"}, branch="feature/lead.v2")
    upstream.git("update-ref", "refs/pull/7/head", first)
    upstream.git("update-ref", "refs/pull/7/merge", first)
    patterns = ("refs/heads/feature/*", "refs/pull/*/head")

    assert set(mirror.fetch_previews(patterns)) == {first}
    assert mirror.fetch_previews(patterns) == ()
    for name in ("feature/lead.v2", "refs/heads/feature/lead.v2", "pull/7/head"):
        assert preview(upstream, tmp_path, name) == first
    assert preview(upstream, tmp_path, "pull/7/merge") is None

    second = upstream.commit({"posts/b.md": "c"}, branch="feature/lead.v2")
    upstream.git("update-ref", "-d", "refs/pull/7/head")
    assert mirror.fetch_previews(patterns) == (second,)
    assert preview(upstream, tmp_path, "feature/lead.v2") == second
    assert preview(upstream, tmp_path, "pull/7/head") is None
    assert preview(upstream, tmp_path, "main") == remote.head()


def test_latest_hundred_previews_are_fetched(
    upstream: ContentRepository, remote: Repository, tmp_path: pathlib.Path
) -> None:
    """Those with the highest numbers; pull requests are never removed from some hosts."""
    mirror = mirror_of(remote)
    head = upstream.head()
    lines = "".join(f"create refs/pull/{number}/head {head}\n" for number in range(1, 104))
    upstream.git("update-ref", "--stdin", stdin=lines.encode())
    assert len(mirror.fetch_previews(["refs/pull/*/head"])) == 100
    assert preview(upstream, tmp_path, "pull/103/head") == head
    assert preview(upstream, tmp_path, "pull/4/head") == head
    assert preview(upstream, tmp_path, "pull/3/head") is None


def test_previews_are_fetched_again_once_a_mirror_is_complete(
    upstream: ContentRepository,
    remote: Repository,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host that gives no single blobs makes the mirror a full clone."""
    upstream.git("config", "uploadpack.allowFilter", "true")
    mirror = mirror_of(remote)
    upstream.create_branch("editorial")
    commit = upstream.commit({"posts/b.md": "b"}, branch="editorial")
    assert mirror.is_partial
    assert mirror.fetch_previews(["refs/heads/editorial"]) == (commit,)

    (tmp_path / "gitconfig").write_text("[protocol]\nversion = 0\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    mirror.fetch_blobs([upstream.git("rev-parse", "main:posts/a.md")])
    assert remote.is_partial is False
    assert preview(upstream, tmp_path, "editorial") is None
    assert mirror.fetch_previews(["refs/heads/editorial"]) == (commit,)
    assert preview(upstream, tmp_path, "editorial") == commit
    with Repository.open(str(mirror.folder), ref="main", mirrors=tmp_path / "var") as opened:
        text = BlobId(upstream.git("rev-parse", f"{commit}:posts/b.md"))
        assert list(opened.read([text])) == [(text, b"b")]

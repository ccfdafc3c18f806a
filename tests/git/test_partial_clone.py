"""A mirror fetches commits and trees, then the blobs that are read, and never another one."""

import os
import pathlib
import shlex
import shutil
from dataclasses import dataclass
from typing import Final

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository, UnreadableBlob, WantedFiles
from syndicate.model.post import BlobId, CommitId, Path
from tests.content_repository import ContentRepository

WANTED: Final = WantedFiles(
    key="pages",
    in_history=lambda path: path.endswith((".md", ".yml")),
    in_commit=lambda path: path.startswith("served/"),
)
LINES: Final = "".join(f"line {number}\n" for number in range(200))
STYLES: Final = "".join(f".class-{number} {{ width: {number}px }}\n" for number in range(200))
LARGE: Final = "".join(f"{number} is a line of a long file\n" for number in range(12_000))
"""A text of more than 256 kB."""


@dataclass(frozen=True)
class Host:
    """A host of ``upstream``, and the list of the fetches that it has answered."""

    upstream: ContentRepository
    log: pathlib.Path

    @property
    def fetches(self) -> int:
        """The number of fetches since the last call."""
        count = len(self.log.read_text().splitlines()) if self.log.exists() else 0
        self.log.unlink(missing_ok=True)
        return count

    def blob(self, path: str, revision: str = "main") -> BlobId:
        """Return the blob of the file at ``path``."""
        return BlobId(self.upstream.git("rev-parse", f"{revision}:{path}"))


@pytest.fixture
def host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Make a host that allows filters, with two pages, a picture and a style sheet."""
    upstream = ContentRepository.create(tmp_path / "upstream", bare=True)
    upstream.git("config", "uploadpack.allowFilter", "true")
    upstream.commit({"posts/a.md": LINES, "site.css": STYLES, "img/a.png": os.urandom(300_000)})
    upstream.commit({"_config.yml": "url: x", "posts/b.md": "b"})
    upstream.commit({"posts/c.md": LINES + "more\n"}, moves={"posts/a.md": "posts/c.md"})
    # With a bitmap, the host would send no delta against a blob that the mirror may lack.
    upstream.git("config", "repack.writeBitmaps", "false")
    upstream.git("repack", "-adq")
    log = tmp_path / "fetches"
    program = tmp_path / "upload-pack"
    program.write_text(
        f'#!/bin/sh\necho fetch >> {shlex.quote(str(log))}\nexec git upload-pack "$@"\n'
    )
    program.chmod(0o755)
    configure(tmp_path, monkeypatch, f'[remote "syndicate"]\nuploadpack = {program}\n')
    return Host(upstream, log)


def configure(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Append ``text`` to the git configuration of the user that fetches."""
    file = folder / "gitconfig"
    with file.open("a") as written:
        written.write(text)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))


def open_mirror(host: Host, tmp_path: pathlib.Path, ref: str = "main") -> Repository:
    """Open the mirror of ``host``."""
    url = f"file://{host.upstream.path}"
    return Repository.open(url, ref=ref, mirrors=tmp_path / "var", source_name="usds")


def read(repository: Repository, wanted: WantedFiles = WANTED) -> CommitId:
    """Fetch as a source watcher does, read the history, and return the commit."""
    repository.fetch()
    head = repository.head()
    repository.fetch_contents(head, wanted)
    assert list(repository.history(head))
    return head


def is_here(repository: Repository, blob: BlobId) -> bool:
    """Return whether the mirror has ``blob``."""
    ((_, content),) = repository.read_blobs([blob], max_bytes=1_000_000)
    return isinstance(content, bytes)


def test_first_read_takes_two_fetches(host: Host, tmp_path: pathlib.Path) -> None:
    """All versions of pages and configuration are there then, and nothing else."""
    first = host.blob("posts/a.md", "main~2")
    with open_mirror(host, tmp_path) as mirror:
        head = read(mirror)
        assert host.fetches == 2
        assert mirror.is_partial
        assert not mirror.is_shallow
        kinds = [change.kind for commit in mirror.history(head) for change in commit.changes]
        assert kinds == ["added", "added", "renamed"]
        wanted = (first, *map(host.blob, ("posts/b.md", "posts/c.md", "_config.yml")))
        assert all(is_here(mirror, blob) for blob in wanted)
        assert not is_here(mirror, host.blob("img/a.png"))
        assert not is_here(mirror, host.blob("site.css"))
        assert mirror.fetch_contents(head, WANTED) == 0
        assert host.fetches == 0


def test_commit_takes_one_fetch(host: Host, tmp_path: pathlib.Path) -> None:
    """It brings its posts along, and no large picture."""
    with open_mirror(host, tmp_path) as mirror:
        read(mirror)
        assert host.fetches == 2
        for number in range(3):
            files = {
                f"posts/{number}.md": f"{number}",
                "posts/b.md": LARGE[: 70_000 * (number + 1)],
            }
            host.upstream.commit({**files, f"img/{number}.png": os.urandom(300_000)})
            head = read(mirror)
            assert host.fetches == 1
            assert mirror.list_files(head, [Path("posts")])[0].path == "posts/0.md"
            assert is_here(mirror, host.blob("posts/b.md"))
            assert not is_here(mirror, host.blob(f"img/{number}.png"))


def test_large_post_takes_a_second_fetch(host: Host, tmp_path: pathlib.Path) -> None:
    """It does not come with its commit."""
    with open_mirror(host, tmp_path) as mirror:
        read(mirror)
        assert host.fetches == 2
        host.upstream.commit({"posts/large.md": LARGE})
        read(mirror)
        assert host.fetches == 2
        assert is_here(mirror, host.blob("posts/large.md"))


def test_commit_of_a_file_whose_previous_version_is_here_takes_one_fetch(
    host: Host, tmp_path: pathlib.Path
) -> None:
    """A host without bitmaps sends it as a delta against that version."""
    wanted = WantedFiles(
        key="texts", in_history=WANTED.in_history, in_commit=lambda path: path.endswith(".css")
    )
    with open_mirror(host, tmp_path) as mirror:
        read(mirror, wanted)
        assert host.fetches == 2
        for number in range(3):
            commit = host.upstream.commit({"site.css": f"{STYLES}{number}\n"})
            assert read(mirror, wanted) == commit
            assert host.fetches == 1


def test_commit_of_other_files_is_fetched_without_their_previous_versions(
    host: Host, tmp_path: pathlib.Path
) -> None:
    """Git may not fetch the version that the host's delta is based on."""
    previous = host.blob("site.css")
    with open_mirror(host, tmp_path) as mirror:
        read(mirror)
        assert host.fetches == 2
        commit = host.upstream.commit({"site.css": STYLES + "last\n", "posts/d.md": "d"})
        assert read(mirror) == commit
        assert host.fetches == 3
        assert is_here(mirror, host.blob("posts/d.md"))
        assert not is_here(mirror, previous)


def test_reading_a_missing_blob_fetches_nothing(host: Host, tmp_path: pathlib.Path) -> None:
    """Neither contents and sizes nor renames, which git finds out about by reading pages."""
    picture = host.blob("img/a.png")
    with open_mirror(host, tmp_path) as mirror:
        mirror.fetch()
        assert host.fetches == 1
        ((_, content),) = mirror.read_blobs([picture], max_bytes=1_000_000)
        assert content == UnreadableBlob(reason="missing")
        assert dict(mirror.read_available([picture])) == {picture: None}
        assert mirror.file_size(mirror.head(), Path("img/a.png")) is None
        host.upstream.commit({"posts/b.md": None, "posts/e.md": LINES})
        mirror.fetch()
        assert host.fetches == 1
        with pytest.raises(RepositoryError, match="unable to read"):
            list(mirror.history(mirror.head()))
        assert host.fetches == 0


def test_files_of_the_served_commit_are_fetched_with_the_history(
    host: Host, tmp_path: pathlib.Path
) -> None:
    """The version of the commit, not earlier ones, also where only the picture changed."""
    host.upstream.commit({"served/a.png": os.urandom(70_000)})
    previous = host.blob("served/a.png")
    host.upstream.commit({"served/a.png": os.urandom(70_000)})
    with open_mirror(host, tmp_path) as mirror:
        read(mirror)
        assert host.fetches == 2
        assert is_here(mirror, host.blob("served/a.png"))
        assert not is_here(mirror, previous)
        assert mirror.fetch_blobs([previous, host.blob("posts/b.md")]) == 1
        assert is_here(mirror, previous)
        assert host.fetches == 1


def test_reopened_mirror_is_asked_for_nothing_that_it_has(
    host: Host, tmp_path: pathlib.Path
) -> None:
    """Other rules, another revision and a forced push find the blobs that are there."""
    with open_mirror(host, tmp_path) as mirror:
        head = read(mirror)
    assert host.fetches == 2
    with open_mirror(host, tmp_path) as mirror:
        assert mirror.fetch_contents(head, WANTED) == 0
        other = WantedFiles(key="other", in_history=WANTED.in_history, in_commit=WANTED.in_commit)
        assert mirror.fetch_contents(head, other) == 0
        earlier = CommitId(host.upstream.git("rev-parse", "main~1"))
        assert mirror.fetch_contents(earlier, WANTED) == 0
        assert host.fetches == 0
        host.upstream.reset("main~2")
        host.upstream.commit({"posts/forced.md": "f"})
        read(mirror)
        assert host.fetches == 1
        assert is_here(mirror, host.blob("posts/forced.md"))


def test_partial_mirror_can_be_packed(host: Host, tmp_path: pathlib.Path) -> None:
    """Git's maintenance keeps what is there, and does not miss the rest."""
    with open_mirror(host, tmp_path) as mirror:
        read(mirror)
        assert host.fetches == 2
        (folder,) = (tmp_path / "var").glob("*.git")
        packed = ContentRepository(path=folder, bare=True)
        packed.git("gc", "--quiet", "--prune=now")
        packed.git("fsck", "--connectivity-only")
        assert is_here(mirror, host.blob("posts/c.md"))
        host.upstream.commit({"posts/b.md": "after"})
        read(mirror)
    assert host.fetches == 1
    assert str(host.upstream.path) not in (folder / "config").read_text()


@pytest.mark.parametrize(
    ("configuration", "fetches"),
    [
        pytest.param({"uploadpack.allowFilter": "false"}, 1, id="no filters"),
        pytest.param({"uploadpackfilter.allow": "false"}, 2, id="this filter is refused"),
    ],
)
def test_host_without_filters_is_cloned_completely(
    host: Host, tmp_path: pathlib.Path, configuration: dict[str, str], fetches: int
) -> None:
    """Later fetches bring everything, too."""
    for key, value in configuration.items():
        host.upstream.git("config", key, value)
    with open_mirror(host, tmp_path) as mirror:
        read(mirror)
        assert not mirror.is_partial
        assert host.fetches == fetches
        assert is_here(mirror, host.blob("img/a.png"))
        host.upstream.commit({"site.css": STYLES + "last\n", "img/b.png": os.urandom(100_000)})
        head = read(mirror)
        assert host.fetches == 1
        assert is_here(mirror, host.blob("img/b.png"))
        assert mirror.fetch_blobs([BlobId("1" * 40)]) == mirror.fetch_contents(head, WANTED) == 0


def test_host_may_refuse_the_filter_by_size(host: Host, tmp_path: pathlib.Path) -> None:
    """A commit then takes one fetch for commits and one for posts, after the one refused."""
    host.upstream.git("config", "uploadpackfilter.blob:limit.allow", "false")
    with open_mirror(host, tmp_path) as mirror:
        read(mirror)
        assert host.fetches == 2
        host.upstream.commit({"posts/b.md": "later"})
        read(mirror)
        assert host.fetches == 3
        assert mirror.is_partial
        assert is_here(mirror, host.blob("posts/b.md"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("of_host", "of_user"),
    [
        pytest.param("", "[protocol]\nversion = 0\n", id="a protocol without single blobs"),
        pytest.param("uploadpackfilter.allow", "", id="filters are refused from now on"),
    ],
)
def test_mirror_becomes_complete_where_the_host_gives_no_blobs(
    host: Host, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, of_host: str, of_user: str
) -> None:
    """All its branches are fetched again, with every file."""
    host.upstream.create_branch("draft/é")
    host.upstream.commit({"posts/draft.md": "d"}, branch="draft/é")
    with open_mirror(host, tmp_path, "draft/é") as draft, open_mirror(host, tmp_path) as mirror:
        draft.fetch()
        mirror.fetch()
        assert draft.is_partial
        configure(tmp_path, monkeypatch, of_user)
        if of_host:
            host.upstream.git("config", of_host, "false")
        host.upstream.commit({"posts/b.md": "later"})
        read(mirror)
        assert not mirror.is_partial
        for blob in (host.blob("img/a.png"), host.blob("posts/draft.md", "draft/é")):
            assert is_here(mirror, blob)


def test_unreachable_host_leaves_the_partial_mirror_as_it_is(
    host: Host, tmp_path: pathlib.Path
) -> None:
    """Blobs are asked for again by the next read."""
    with open_mirror(host, tmp_path) as mirror:
        mirror.fetch()
        moved = host.upstream.path.rename(tmp_path / "moved")
        with pytest.raises(RepositoryError) as caught:
            mirror.fetch_contents(mirror.head(), WANTED)
        assert caught.value.code == "not-a-repository"
        assert mirror.is_partial
        moved.rename(host.upstream.path)
        read(mirror)
        assert is_here(mirror, host.blob("posts/b.md"))


def test_mirror_is_not_partial_before_it_is_fetched(host: Host, tmp_path: pathlib.Path) -> None:
    """Nor once its folder was removed; the next fetch makes another one."""
    with open_mirror(host, tmp_path) as mirror:
        partial = [mirror.is_partial]
        read(mirror)
        partial.append(mirror.is_partial)
        shutil.rmtree(tmp_path / "var")
        partial.append(mirror.is_partial)
        assert mirror.fetch_blobs([host.blob("img/a.png")]) == 0
        mirror.fetch()
        partial.append(mirror.is_partial)
    assert partial == [False, True, False, True]


def test_mark_that_cannot_be_written_is_an_error(host: Host, tmp_path: pathlib.Path) -> None:
    """The blobs are here then, and the next read fetches none."""
    with open_mirror(host, tmp_path) as mirror:
        mirror.fetch()
        (folder,) = (tmp_path / "var").glob("*.git")
        blocker = folder / "refs" / "contents"
        blocker.write_text("a file where the folder of the marks should be")
        with pytest.raises(RepositoryError, match="refs/contents"):
            mirror.fetch_contents(mirror.head(), WANTED)
        assert host.fetches == 2
        blocker.unlink()
        read(mirror)
        assert host.fetches == 1
        assert is_here(mirror, host.blob("posts/b.md"))


def test_git_that_ends_while_blobs_are_looked_for_is_an_error(
    host: Host, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No blob is fetched then."""
    picture = host.blob("img/a.png")
    with open_mirror(host, tmp_path) as mirror:
        mirror.fetch()
        assert host.fetches == 1
        programs = tmp_path / "programs"
        programs.mkdir()
        (programs / "git").write_text(
            f'#!/bin/sh\n[ "$1" = cat-file ] && exit 1\nexec "{shutil.which("git")}" "$@"\n'
        )
        (programs / "git").chmod(0o755)
        with monkeypatch.context() as patch:
            patch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
            with (
                open_mirror(host, tmp_path) as dying,
                pytest.raises(RepositoryError, match="without an answer"),
            ):
                dying.fetch_blobs([picture])
        assert host.fetches == 0
        assert mirror.fetch_blobs([picture]) == 1

"""A mirror without the other files of its host serves what a full clone serves."""

import os
import pathlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from typing import Final

import pytest

from syndicate.cache import Cache
from syndicate.content.needed_files import needed_files
from syndicate.content.site_tracker import SiteReader, SiteTracker
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.edition import SourceSnapshot
from syndicate.model.post import CommitId, Path, Source
from tests.content.conftest import file
from tests.content.sources import left_out
from tests.content_repository import ContentRepository
from tests.sites.real_sites import SITES

BUNDLES: Final = sorted(SITES.glob("*.bundle"))
WORDS: Final = "".join(f"These are the words of line {number}.\n" for number in range(20))
SOURCE: Final = left_out(site_url="https://agency.gov")


@pytest.mark.parametrize(
    ("path", "is_needed"),
    [
        ("_posts/2024-01-29-a.md", True),
        ("POST.MARKDOWN", True),
        ("index.htm", True),
        ("_config.yml", True),
        ("_data/authors.json", True),
        ("config/_default/menus.toml", True),
        ("docs/CNAME", True),
        ("eleventy.config.mjs", True),
        ("docusaurus.config.ts", True),
        ("blog/blog.js", True),
        ("blog/post.11tydata.cjs", True),
        ("blog/list.njk", True),
        ("package.json", True),
        ("package-lock.json", False),
        ("assets/site.js", False),
        ("assets/site.css", False),
        ("img/a.png", False),
        ("talk.mp3", False),
        ("data/visits.csv", False),
        ("LICENSE", False),
    ],
)
def test_pages_and_configuration_are_needed(path: str, *, is_needed: bool) -> None:
    """In every version; pictures only in the commit that is served, by a service that does so.

    Other texts in the commit that is served, in case that the next version is sent as a delta.
    """
    for has_assets in (False, True):
        assert needed_files(has_assets=has_assets).in_history(path) == is_needed
        is_picture = path.endswith((".png", ".mp3"))
        needed = needed_files(has_assets=has_assets)
        is_fetched = has_assets if is_picture else not path.endswith(".csv")
        assert (needed.in_commit(path) or needed.in_history(path)) == is_fetched
    assert needed_files(has_assets=True).key != needed_files(has_assets=False).key


@contextmanager
def opened(
    url: str, tmp_path: pathlib.Path, *, assets_url: str = "", source: Source = SOURCE
) -> Iterator[SourceIndex]:
    """Open the index of the repository at ``url``."""
    with ExitStack() as stack:
        mirrors = tmp_path / "mirrors"
        repository = stack.enter_context(Repository.open(url, ref="main", mirrors=mirrors))
        cache = Cache(tmp_path / f"cache-{url.partition(':')[0].rpartition('/')[2]}.db")
        stack.callback(cache.close)
        yield SourceIndex(
            source, repository, cache=cache, vocabulary=Vocabulary(), assets_url=assets_url
        )


def read(index: SourceIndex) -> SourceSnapshot:
    """Return the snapshot of ``index`` after a fetch, as a source watcher gets it."""
    index.repository.fetch()
    return index.snapshot(index.repository.head())


def values(snapshot: SourceSnapshot) -> dict[str, object]:
    """Return the fields of ``snapshot`` as values that can be compared."""
    found = {field.name: getattr(snapshot, field.name) for field in fields(snapshot)}
    return found | {"posts": tuple(snapshot.posts)}


def test_partial_mirror_gives_the_snapshot_of_the_repository(tmp_path: pathlib.Path) -> None:
    """With moves, edits, authors and a configuration that broke before the first read."""
    content = ContentRepository.create(tmp_path / "content")
    content.git("config", "uploadpack.allowFilter", "true")
    picture = os.urandom(300_000)
    config = "timezone: America/New_York\npermalink: /news/:title/\n"
    name = "_posts/2024-01-29-a.md"
    content.commit({"_config.yml": config, name: file("A", WORDS, author="ann")})
    content.commit({"_data/authors.yml": "ann: {name: Ann Lee}\n", "img/a.png": picture})
    content.commit({"_posts/2024-01-30-b.md": file("B", f"{WORDS}more\n"), name: None})
    content.commit({"_config.yml": "broken: [", "_posts/2024-02-01-c.md": file("C")})
    with (
        opened(str(content.path), tmp_path) as full,
        opened(f"file://{content.path}", tmp_path) as partial,
    ):
        assert values(read(partial)) == values(read(full))
        assert partial.repository.is_partial
        content.commit({"_config.yml": config, "img/b.png": picture + b"b"})
        content.commit({"_posts/2024-02-01-c.md": file("C", WORDS * 100)})
        snapshot = read(partial)
        assert len(snapshot.posts) == 2
        assert values(snapshot) == values(read(full))


def test_served_pictures_are_fetched_before_they_are_requested(tmp_path: pathlib.Path) -> None:
    """Those of the commit in service, also where that is not the newest one."""
    content = ContentRepository.create(tmp_path / "content")
    content.git("config", "uploadpack.allowFilter", "true")
    pictures = [os.urandom(300_000) for _ in range(3)]
    content.commit({"_posts/2024-01-29-a.md": file("A"), "img/a.png": pictures[0]})
    content.commit({"img/a.png": pictures[1]})
    complete = content.commit({"img/a.png": pictures[1], "_posts/2024-01-30-b.md": file("B")})
    content.commit(
        {
            "_posts/2024-01-29-a.md": None,
            "_posts/2024-01-30-b.md": None,
            "img/a.png": pictures[2],
        }
    )
    source = replace(
        left_out(site_url="https://agency.gov", folders=(Path("_posts"),)), assets="serve"
    )
    url, served = f"file://{content.path}", "https://feeds.example.gov/assets/news"
    with opened(url, tmp_path, assets_url=served, source=source) as index:
        assert read(index).commit == complete
        content.path.rename(tmp_path / "unreachable")
        blob = index.find_asset(Path("img/a.png"), CommitId(complete))
        assert blob is not None
        assert list(index.repository.read([blob])) == [(blob, pictures[1])]


@pytest.mark.corpora
@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.stem)
def test_partial_mirror_describes_a_real_site_as_its_repository_does(
    bundle: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """No engine reads a file that was not fetched."""
    clone = ContentRepository(path=tmp_path / "clone", bare=True)
    clone.path.mkdir()
    clone.git("clone", "-q", "--bare", str(bundle), str(clone.path))
    clone.git("config", "uploadpack.allowFilter", "true")
    clone.git("update-ref", "refs/heads/main", clone.git("for-each-ref", "--format=%(objectname)"))
    with (
        Repository.open(str(clone.path), ref="main", mirrors=tmp_path / "var") as full,
        Repository.open(f"file://{clone.path}", ref="main", mirrors=tmp_path / "var") as partial,
    ):
        partial.fetch()
        commit = partial.head()
        assert partial.fetch_contents(commit, needed_files(has_assets=False))
        described = SiteTracker(SOURCE, SiteReader(SOURCE, partial)).describe(commit)
        assert described == SiteTracker(SOURCE, SiteReader(SOURCE, full)).describe(commit)
        assert described.site is not None
        assert described.site.folders

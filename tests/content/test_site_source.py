"""A source is described by its settings and, for what they leave out, by its site."""

import pathlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from syndicate.cache import Cache
from syndicate.content.site_source import (
    RepositoryFiles,
    SiteSource,
    asks_site,
    own_pattern,
    resolve,
)
from syndicate.content.source_index import SourceIndex
from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.edition import SourceSnapshot
from syndicate.model.post import CommitId, Path
from tests.content.sources import left_out
from tests.content_repository import ContentRepository
from tests.sites.written_site import WrittenFiles, post

CONFIG = "url: https://agency.gov\npermalink: /news/:title/\ntimezone: America/New_York\nlang: es\n"
POST = post(title="A", author="ann")

Open = Callable[..., SourceIndex]


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return an empty repository to write a site into."""
    return ContentRepository.create(tmp_path / "content")


@pytest.fixture
def open_index(tmp_path: pathlib.Path, content: ContentRepository) -> Iterator[Open]:
    """Return a function that opens the index of `content` by the settings of a source."""
    with ExitStack() as closing:

        def open_it(**settings: object) -> SourceIndex:
            repository = closing.enter_context(
                Repository.open(str(content.path), ref="main", mirrors=tmp_path / "mirrors")
            )
            cache = Cache(tmp_path / "cache.db")
            closing.callback(cache.close)
            return SourceIndex(
                left_out(**settings), repository, cache=cache, vocabulary=Vocabulary()
            )

        yield open_it


def at_head(index: SourceIndex) -> SourceSnapshot:
    """Return the source at the head of its branch."""
    return index.snapshot(index.repository.head())


def urls(snapshot: SourceSnapshot) -> set[str]:
    """Return the URLs of the posts."""
    return {each.url for each in snapshot.posts}


def test_everything_comes_out_of_the_repository(
    content: ContentRepository, open_index: Open
) -> None:
    """Folders, URLs, zone, language, authors; each with its origin."""
    content.commit(
        {
            "_config.yml": CONFIG,
            "_posts/2024-05-06-a.md": POST,
            "_data/authors.yml": "ann: Ann Lee\n",
        }
    )
    index = open_index()
    snapshot = at_head(index)
    assert urls(snapshot) == {"https://agency.gov/news/a/"}
    source = snapshot.source
    assert (source.dialect, source.folders) == ("jekyll", ("_posts",))
    assert (source.zone.key, source.language) == ("America/New_York", "es")
    assert source.authors == (("ann", "Ann Lee"),)
    assert dict(index.site_source.origins) == {
        "authors": "data files of the site",
        "dialect": "recognized by _config.yml",
        "folders": "_posts: _posts",
        "language": "lang in _config.yml",
        "markdown": "default of Jekyll",
        "permalink": "_posts: permalink in _config.yml",
        "site_url": "url in _config.yml",
        "timezone": "timezone in _config.yml",
    }


def test_a_change_of_the_configuration_changes_what_it_governs(
    content: ContentRepository, open_index: Open
) -> None:
    """From that commit on, and the IDs stay."""
    content.commit({"_config.yml": CONFIG, "_posts/2024-05-06-a.md": POST})
    index = open_index()
    before = at_head(index)
    content.commit({"_config.yml": CONFIG.replace("/news/", "/blog/")})
    after = at_head(index)
    assert urls(after) == {"https://agency.gov/blog/a/"}
    assert [each.id for each in after.posts] == [each.id for each in before.posts]
    content.commit({"_posts/2024-05-06-a.md": post(title="B")})
    assert [each.title for each in at_head(index).posts] == ["B"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("url: [\n", "_config.yml"),
        ("url: http://localhost:4000\n", "localhost"),
        (None, "disappeared"),
    ],
)
def test_a_configuration_that_cannot_be_used_leaves_the_last_one_in_force(
    content: ContentRepository, open_index: Open, config: str | None, message: str
) -> None:
    """With a problem that names the file."""
    content.commit({"_config.yml": CONFIG, "_posts/2024-05-06-a.md": POST})
    index = open_index()
    at_head(index)
    content.commit({"_config.yml": config, "_posts/2024-05-07-b.md": post(title="B")})
    snapshot = at_head(index)
    assert urls(snapshot) == {"https://agency.gov/news/a/", "https://agency.gov/news/b/"}
    (problem, *_) = snapshot.problems
    assert (problem.rule, problem.level) == ("site-configuration", "error")
    assert message in problem.message


def test_a_site_that_is_nowhere_is_refused_by_name(
    content: ContentRepository, open_index: Open
) -> None:
    """Unless it was known before."""
    content.commit({"_config.yml": "title: T\n", "_posts/2024-05-06-a.md": POST})
    with pytest.raises(RepositoryError, match="nothing says where its site is") as refused:
        at_head(open_index())
    assert refused.value.code == "no-site-url"
    content.commit({"_config.yml": "url: https://www.example.gov\n"})
    with pytest.raises(RepositoryError, match="placeholder"):
        at_head(open_index())
    content.commit({"_config.yml": CONFIG})
    index = open_index()
    at_head(index)
    content.commit({"_config.yml": "title: T\n"})
    assert urls(at_head(index)) == {"https://agency.gov/news/a/"}
    assert "nothing says" in next(iter(at_head(index).problems)).message


def test_ids_do_not_depend_on_the_commit_that_is_served(
    content: ContentRepository, open_index: Open
) -> None:
    """Without an authority in the settings, the oldest host in the history counts."""
    content.commit({"_config.yml": "title: T\n", "_posts/2024-05-06-a.md": POST})
    content.commit({"_config.yml": "url: https://first.gov\n"})
    content.commit({"_config.yml": CONFIG})
    (found,) = at_head(open_index(id_authority="")).posts
    assert found.id.startswith("tag:first.gov,")
    files = WrittenFiles({"_config.yml": CONFIG, "_posts/2024-05-06-a.md": POST})
    with pytest.raises(RepositoryError, match="id_authority") as refused:
        resolve(left_out(id_authority=""), files)
    assert refused.value.code == "no-id-authority"


def test_a_start_with_an_empty_store_finds_the_last_usable_configuration(
    content: ContentRepository, open_index: Open
) -> None:
    """By walking back, whether it is broken, has no URL, or is gone."""
    content.commit({"_config.yml": CONFIG, "_posts/2024-05-06-a.md": POST})
    content.commit({"_config.yml": "title: T\n"})
    content.commit({"_config.yml": "url: [\n"})
    assert urls(at_head(open_index())) == {"https://agency.gov/news/a/"}
    content.commit({"_config.yml": None})
    assert urls(at_head(open_index())) == {"https://agency.gov/news/a/"}
    own = at_head(open_index(site_url="https://own.gov"))
    assert urls(own) == {"https://own.gov/2024/05/06/a.html"}  # as the commit before last says


def test_a_history_without_configuration_names_no_host(
    content: ContentRepository, open_index: Open
) -> None:
    """The source is then refused."""
    content.commit({"_posts/2024-05-06-a.md": POST})
    with pytest.raises(RepositoryError, match="nothing says"):
        at_head(open_index(id_authority=""))


def test_an_emptied_folder_of_the_site_keeps_its_posts(
    content: ContentRepository, open_index: Open
) -> None:
    """As one that the settings name does."""
    content.commit({"_config.yml": CONFIG, "_posts/2024-05-06-a.md": POST})
    index = open_index()
    at_head(index)
    content.commit({"_posts/2024-05-06-a.md": None})
    snapshot = at_head(index)
    assert urls(snapshot) == {"https://agency.gov/news/a/"}
    assert snapshot.error_code == "folder-emptied"


def test_settings_win_over_the_configuration_of_the_site(
    content: ContentRepository, open_index: Open
) -> None:
    """Each by itself; a pattern for one folder wins over that for all."""
    content.commit(
        {
            "_config.yml": f"{CONFIG}collections: {{updates: {{output: true}}}}\n",
            "_posts/2024-05-06-a.md": POST,
            "_updates/2024-05-06-b.md": POST,
        }
    )
    index = open_index(
        site_url="https://other.gov",
        permalinks=((Path("_updates"), "/u/:title/"),),
        zone=ZoneInfo("Europe/Paris"),
        timezone="",
        language="fr",
    )
    snapshot = at_head(index)
    assert urls(snapshot) == {"https://other.gov/news/a/", "https://other.gov/u/b/"}
    assert (snapshot.source.zone.key, snapshot.source.language) == ("Europe/Paris", "fr")
    own = replace(snapshot.source, permalink="/p/")
    assert own_pattern(own, Path("_posts/a.md")) == ("permalink", "/p/")
    assert own_pattern(own, Path("_updates/b.md")) == ("permalinks._updates", "/u/:title/")


def test_named_folders_are_read_by_the_engine_of_the_site() -> None:
    """Also those that it would not take for posts; the site that holds them counts."""
    files = WrittenFiles(
        {
            "_config.yml": f"{CONFIG}collections: {{docs: {{permalink: /d/:name}}}}\n",
            "_docs/a.md": POST,
            "_posts/2024-05-06-a.md": POST,
            "sub/hugo.toml": 'baseURL = "https://sub.gov"\n',
            "sub/content/posts/a.md": post(title="A", date="2024-05-06"),
        }
    )
    named = resolve(left_out(folders=(Path("_docs"),)), files)
    assert named.site
    assert [(each.path, each.permalink.value) for each in named.site.folders] == [
        ("_docs", "/d/:name")
    ]
    inner = resolve(left_out(folders=(Path("sub/content/posts"),)), files)
    assert (inner.source.dialect, inner.source.site_url) == ("hugo", "https://sub.gov")
    whole = resolve(left_out(folders=(Path("."),), dialect="jekyll"), files)
    assert whole.site
    assert [each.path for each in whole.site.folders] == ["_posts", ""]
    outside = resolve(
        left_out(folders=(Path("x"),), dialect="zola", site_url="https://a.gov"), files
    )
    assert outside.site
    assert outside.site.engine == "zola"


def test_a_folder_of_eleventy_without_configuration_lies_in_the_input_folder() -> None:
    """There is nothing else to tell it by."""
    files = WrittenFiles({"in/posts/a.md": POST})
    settings = {"dialect": "eleventy", "folders": (Path("in/posts"),)}
    found = resolve(left_out(site_url="https://a.gov", **settings), files)
    assert found.site
    assert found.site.content_root == "in"


def test_a_dialect_without_engine_takes_only_the_values_of_the_site() -> None:
    """URLs are then those of the dialect."""
    files = WrittenFiles({"_config.yml": CONFIG, "_news/2024-05-06-a.md": POST})
    found = resolve(left_out(dialect="news-and-blog", folders=(Path("_news"),)), files)
    assert found.site is None
    assert (found.source.zone.key, found.source.dialect) == ("America/New_York", "news-and-blog")


def test_problems_of_values_that_the_settings_give_are_no_problems() -> None:
    """A wrong URL or zone in the configuration then does not count."""
    config = "url: http://localhost\ntimezone: Mars\n"
    files = WrittenFiles({"_config.yml": config, "_posts/2024-05-06-a.md": POST})
    whole = resolve(left_out(site_url="https://agency.gov"), files)
    assert [each.rule for each in whole.problems] == ["site-timezone"]
    assert whole.source.site_url == "https://agency.gov"
    zoned = replace(left_out(site_url="https://agency.gov"), derived=("folders", "dialect"))
    assert resolve(zoned, files).problems == ()


def test_a_source_with_all_settings_asks_no_site() -> None:
    """Unless its dialect is that of an engine, whose rules for URLs count."""
    assert not asks_site(replace(left_out(), derived=("permalink",), dialect="news-and-blog"))
    assert asks_site(replace(left_out(), derived=(), dialect="hugo"))
    assert SiteSource(source=left_out()).problems == ()


def test_an_unusable_url_is_no_reason_to_keep_the_last_configuration(
    content: ContentRepository, open_index: Open
) -> None:
    """Where the settings say the URL; the rest of the configuration changes."""
    content.commit({"_config.yml": CONFIG, "_posts/2024-05-06-a.md": POST})
    index = open_index(site_url="https://own.gov")
    at_head(index)
    content.commit({"_config.yml": "url: /\npermalink: /b/:title/\n"})
    snapshot = at_head(index)
    assert urls(snapshot) == {"https://own.gov/b/a/"}
    assert [each.rule for each in snapshot.problems] == []


def test_a_file_that_is_too_large_counts_as_unreadable(
    content: ContentRepository, tmp_path: pathlib.Path
) -> None:
    """So does one that is not there."""
    commit = content.commit({"a.yml": "x" * 1_100_000, "b.yml": "a: b"})
    with Repository.open(str(content.path), ref="main", mirrors=tmp_path / "m") as repository:
        files = RepositoryFiles(repository, CommitId(commit))
        assert files.paths == ("a.yml", "b.yml")
        assert files.read(["a.yml", "b.yml", "c.yml"]) == {"b.yml": b"a: b"}


def test_a_source_with_all_settings_is_not_looked_up(
    content: ContentRepository, open_index: Open
) -> None:
    """The repository is not asked for a configuration."""
    content.commit({"news/2024-05-06-a.md": POST, "_config.yml": "url: ["})
    index = open_index(
        derived=(), dialect="news-and-blog", folders=(Path("news"),), site_url="https://agency.gov"
    )
    assert urls(at_head(index)) == {"https://agency.gov/news-and-blog/2024-05-06-a"}
    assert index.site_source.origins == ()


def test_defaults_of_the_site_are_the_front_matter_of_a_post(
    content: ContentRepository, open_index: Open
) -> None:
    """With the file as their origin; what stands in the post itself wins."""
    defaults = 'defaults: [{scope: {path: ""}, values: {author: Ann, title: "No", draft: false}}]\n'
    content.commit({"_config.yml": CONFIG + defaults, "_posts/2024-05-06-a.md": post(title="A")})
    index = open_index()
    (found,) = at_head(index).posts
    fields = index.parsed_file(found.path, index.repository.head()).fields
    assert fields
    assert (fields.title, fields.authors) == ("A", ("Ann",))
    origins = dict(fields.origins)
    assert origins["authors"] == "key author, defaults[0] in _config.yml"
    assert origins["title"] == "key title, line 2"


def test_what_the_engine_does_not_publish_is_hidden(
    content: ContentRepository, open_index: Open
) -> None:
    """With the reason; a summary mark of the site ends the summary."""
    words = "---\ntitle: A\n---\nShort.\n<!--more-->\nLong.\n"
    content.commit(
        {
            "_config.yml": CONFIG
            + "excerpt_separator: <!--more-->\nexclude: [_posts/2024-05-07-b.md]\n",
            "_posts/2024-05-06-a.md": words,
            "_posts/2024-05-07-b.md": POST,
        }
    )
    index = open_index()
    snapshot = at_head(index)
    assert [(each.path, each.reason) for each in snapshot.hidden] == [
        ("_posts/2024-05-07-b.md", "excluded by the configuration of the site")
    ]
    fields = index.parsed_file(Path("_posts/2024-05-06-a.md"), index.repository.head()).fields
    assert fields
    assert fields.summary == "Short."

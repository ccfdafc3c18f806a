"""Which configuration is in force depends on the history alone."""

import random

import pytest

from syndicate.content.site_source import RepositoryFiles
from syndicate.content.site_tracker import SiteReader
from syndicate.content.source_index import SourceIndex
from syndicate.errors import RepositoryError
from syndicate.model.edition import SourceSnapshot
from syndicate.model.post import CommitId, Path
from tests.change_histories import CONFIGURATIONS
from tests.content.site_index import Open, content, open_index
from tests.content.sources import left_out
from tests.content.test_site_source import CONFIG, at_head, urls
from tests.content_repository import Content, ContentRepository
from tests.sites.written_site import post

__all__ = ["content", "open_index"]

FIRST = "_posts/2024-05-06-p0.md"
SITE = "baseURL = 'https://%s.gov'\n"
NEWS = f"{CONFIG}collections: {{news: {{output: true}}}}\n"


def outcome(index: SourceIndex) -> SourceSnapshot | str:
    """Return the source at the head, or why it is refused."""
    try:
        return at_head(index)
    except RepositoryError as error:
        return error.message


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_start_with_an_empty_store_finds_what_a_running_service_has(
    content: ContentRepository, open_index: Open, seed: int
) -> None:
    """URLs appear, change, break and go, while posts and data files change."""
    rng = random.Random(seed)  # noqa: S311 — reproducible
    content.commit({f"_posts/2024-05-06-p{number}.md": None for number in range(2, 30)})
    running = open_index()
    for number in range(12):
        files: dict[str, Content] = rng.choice(
            [
                {"_config.yml": rng.choice([*CONFIGURATIONS, "title: T\n"])},
                {"_config.yml": rng.choice(CONFIGURATIONS)},
                {FIRST: post(title=f"{number}", author="ann")},
                {"_data/authors.yml": f"ann: Ann {number}\n"},
            ]
        )
        content.commit({"README.txt": f"{number}"} | files)
        assert outcome(running) == outcome(open_index(cache=f"cold{seed}-{number}")), files


def test_data_files_are_those_of_the_last_usable_commit(
    content: ContentRepository, open_index: Open
) -> None:
    """Not those of the commit that last changed the configuration."""
    content.commit({FIRST: post(title="P", author="ann"), "_data/authors.yml": "ann: Ann Lee\n"})
    content.commit({"_config.yml": "url: [\n", "_data/authors.yml": None})
    assert at_head(open_index()).source.authors == (("ann", "Ann Lee"),)


def test_configuration_of_another_engine_is_not_in_force(
    content: ContentRepository, open_index: Open
) -> None:
    """A site that moved to another engine, whose URL is made by a program, has none."""
    files: dict[str, Content] = {f"_posts/2024-05-06-p{number}.md": None for number in range(30)}
    new = "module.exports = {url: process.env.URL};\n"
    moved: dict[str, Content] = {"_config.yml": None, "docusaurus.config.js": new}
    content.commit(files | moved | {"blog/2024-05-06-a.md": post(title="A")})
    assert "nothing says where its site is" in str(outcome(open_index()))


def test_folder_that_was_lately_emptied_is_found_with_an_empty_store(
    content: ContentRepository, open_index: Open
) -> None:
    """Its posts stay in service, and the emptying waits to be accepted."""
    content.commit({"_config.yml": NEWS, "_news/2024-05-06-a.md": post(title="A")})
    before = urls(at_head(open_index()))
    emptying = content.commit({"_news/2024-05-06-a.md": None})
    content.commit({FIRST: post(title="Other")})
    for index in (open_index(), open_index(cache="cold")):
        snapshot = at_head(index)
        assert (urls(snapshot), snapshot.error_code) == (before, "folder-emptied")
        assert index.emptied_by == emptying
    assert len(urls(at_head(open_index(emptying)))) == 30


def test_folder_is_found_that_was_emptied_while_the_configuration_was_broken(
    content: ContentRepository, open_index: Open
) -> None:
    """As the last usable configuration was in force then."""
    content.commit({"_config.yml": NEWS, "_news/2024-05-06-a.md": post(title="A")})
    content.commit({"_config.yml": "url: [\n"})
    content.commit({"_news/2024-05-06-a.md": None})
    content.commit({"_config.yml": NEWS})
    assert at_head(open_index()).error_code == "folder-emptied"


def test_folder_that_was_emptied_before_there_was_a_configuration_is_not_looked_for(
    content: ContentRepository, open_index: Open
) -> None:
    """Nothing said that it had posts."""
    content.git("update-ref", "-d", "refs/heads/main")
    content.commit({"old/2024-05-06-a.md": post(title="A")})
    content.commit({"old/2024-05-06-a.md": None})
    content.commit({"_config.yml": CONFIG, FIRST: post(title="P")})
    assert at_head(open_index()).error == ""


def test_folders_that_the_settings_name_are_those_that_are_read(
    content: ContentRepository, open_index: Open
) -> None:
    """Others of the site do not count, emptied or not."""
    content.commit({"_config.yml": NEWS, "_news/2024-05-06-a.md": post(title="A")})
    content.commit({"_news/2024-05-06-a.md": None})
    assert at_head(open_index(folders=(Path("_posts"),))).error == ""


def test_last_folder_that_was_emptied_is_found_with_an_empty_store(
    content: ContentRepository, open_index: Open
) -> None:
    """Also where nothing is left that tells the engine."""
    content.commit({f"_posts/2024-05-06-p{number}.md": None for number in range(30)})
    snapshot = at_head(open_index())
    assert (len(urls(snapshot)), snapshot.error_code) == (30, "folder-emptied")


def test_folder_that_was_emptied_long_ago_is_not_looked_for(
    content: ContentRepository, open_index: Open
) -> None:
    """It was meant to be; nor is one whose posts moved."""
    content.commit({"_config.yml": NEWS, "_news/2024-05-06-a.md": post(title="A")})
    content.commit({"_news/2024-05-06-a.md": None})
    content.commit({FIRST: post(title="Late")}, committed=content.now.replace(year=2025))
    assert at_head(open_index()).error == ""
    content.commit({"_news/2024-05-06-a.md": post(title="A")})
    content.rename("_news/2024-05-06-a.md", "_posts/2024-05-06-a.md")
    assert at_head(open_index()).error == ""


def test_folder_whose_pages_get_dates_is_one_of_posts_at_once(
    content: ContentRepository, open_index: Open
) -> None:
    """As for a start with an empty store, though no file appeared and no configuration changed."""
    pages = [f"_news/n{number}.md" for number in range(3)]
    content.commit({"_config.yml": NEWS} | {page: post(title="N") for page in pages})
    running = open_index()
    assert not any(each.path in pages for each in at_head(running).posts)
    content.commit({page: post(title="N", date="2024-05-06") for page in pages})
    found = at_head(running)
    assert {*pages} <= {each.path for each in found.posts}
    assert found == at_head(open_index(cache="cold"))


def test_same_files_of_configuration_are_read_once(
    content: ContentRepository, open_index: Open
) -> None:
    """Of all commits that have them; pages count where they say something about the site."""
    cascade = "---\ncascade: {build: {list: %s}}\n---\n"
    page = post(title="A", date="2024-05-06")
    commits = [
        content.commit({"_config.yml": None, "content/posts/a.md": page, **files})
        for files in (
            {"hugo.toml": SITE % "a", "content/posts/_index.md": cascade % "never"},
            {"README.txt": "Other"},
            {"content/posts/_index.md": cascade % "always"},
            {"hugo.toml": SITE % "b"},
            {"hugo.toml": SITE % "a"},
        )
    ]
    repository = open_index().repository
    reader = SiteReader(left_out(), repository)
    files = [RepositoryFiles(repository, CommitId(commit)) for commit in commits]
    never, same, always, other, again = map(reader.read, files)
    assert never is same
    assert files[0].read_paths == files[1].read_paths != set()
    assert always != never
    assert other.base_url.value == "https://b.gov"
    assert again is always

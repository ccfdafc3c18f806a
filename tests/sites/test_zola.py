"""A Zola site is read out of its configuration and sections, and its URLs are as documented."""

import pytest

from syndicate.sites import find_sites
from tests.sites.written_site import (
    WrittenFiles,
    defaults_of,
    folder_pattern,
    folders_of,
    hidden_by,
    site_of,
    url_of,
)

CONFIG = 'base_url = "https://agency.gov"\ntitle = "T"\ndefault_language = "en"\n[languages.fr]\n'
POST = '+++\ntitle = "A"\ndate = 2024-05-06\n+++\nText.\n'
FILES = {"config.toml": CONFIG, "content/blog/a.md": POST, "README.md": ""}


def test_the_configuration_says_where_the_site_is() -> None:
    """URL, title and language."""
    (site,) = find_sites(WrittenFiles(FILES))
    assert (site.engine, site.base_url.value) == ("zola", "https://agency.gov")
    assert (site.title.value, site.language.value) == ("T", "en")
    assert site_of("zola", {"config.toml": "x = 1"}).title.value == ""


def test_chronological_and_dated_sections_are_folders_of_posts() -> None:
    """``sort_by`` says so; ``render`` leaves out the list of a section, not its pages."""
    section = "+++\n{}\n+++\n"
    files = {
        **FILES,
        "content/news/_index.md": section.format('sort_by = "date"'),
        "content/news/a.md": "+++\ntitle = 'A'\n+++\n",
        "content/mixed/_index.md": section.format("render = false"),
        "content/mixed/a.md": POST,
        "content/pages/a.md": POST,
    }
    site = site_of("zola", files)
    assert list(folders_of(site)) == ["content/blog", "content/mixed", "content/news"]
    assert "content/news/_index.md" in site.files


def test_a_day_in_the_path_of_pages_makes_them_posts() -> None:
    """Also right in the content folder."""
    page = '+++\npath = "news/2024/05/06/a"\ntitle = "A"\n+++\n'
    files = {"config.toml": CONFIG, "content/a.md": page, "content/b/index.md": page}
    (folder,) = site_of("zola", files).folders
    assert (folder.path, folder.is_shallow) == ("content", True)


def test_the_day_in_the_path_is_the_date_of_a_page_without_one() -> None:
    """A section gives its pages no other front matter."""
    site = site_of("zola", FILES)
    assert defaults_of(site, "content/a.md", path="news/2024/05/06/a") == {"date": "2024-05-06"}
    assert defaults_of(site, "content/a.md", path="2024/05/06/a", date="2024-05-07") == {}
    assert defaults_of(site, "content/a.md", path="a") == {}
    assert folder_pattern(site, "content/x") == ""


@pytest.mark.parametrize(
    ("path", "meta", "url"),
    [
        ("blog/Été No 1.md", {}, "/blog/ete-no-1/"),
        ("blog/2024-05-06-a.md", {}, "/blog/a/"),
        ("blog/2024-05-06_a/index.md", {}, "/blog/a/"),
        ("blog/a.fr.md", {}, "/fr/blog/a/"),
        ("blog/a.b.md", {}, "/blog/a-b/"),
        ("blog/a/index.fr.md", {"path": "fr/own"}, "/fr/own/"),
        ("blog/a.md", {"slug": "My Slug"}, "/blog/my-slug/"),
        ("blog/a.md", {"path": "/Own/Path"}, "/Own/Path/"),
        ("a.md", {}, "/a/"),
    ],
)
def test_an_url_is_that_of_zola(path: str, meta: dict[str, object], url: str) -> None:
    """Section and slug, or the path of the page itself."""
    assert url_of(site_of("zola", FILES), f"content/{path}", **meta) == f"https://agency.gov{url}"


def test_rules_for_slugs_are_those_of_the_site() -> None:
    """Kept dates; slugs that are only made safe, or left alone."""
    for rules, url in (
        ("paths_keep_dates = true", "/blog/2024-05-06-a-b/"),
        ('paths = "safe"', "/blog/AB/"),
        ('paths = "off"', "/blog/A%20B/"),
    ):
        site = site_of("zola", {**FILES, "config.toml": f"{CONFIG}[slugify]\n{rules}\n"})
        assert url_of(site, "content/blog/2024-05-06-A B.md") == f"https://agency.gov{url}"


@pytest.mark.parametrize(
    ("path", "meta", "reason"),
    [
        ("content/blog/a.md", {}, ""),
        ("content/blog/_index.md", {}, "the page of a section"),
        ("content/blog/a.md", {"draft": True}, "draft: true"),
        ("content/blog/a.md", {"render": False}, "render: false"),
        ("content/a.md", {}, "not in a section"),
    ],
)
def test_what_zola_does_not_publish_is_hidden(
    path: str, meta: dict[str, object], reason: str
) -> None:
    """Drafts, sections, pages that are not rendered."""
    assert reason in hidden_by(site_of("zola", FILES), path, **meta)
    assert bool(reason) == bool(hidden_by(site_of("zola", FILES), path, **meta))


def test_posts_with_a_weight_are_posts_where_their_folder_is_one_of_posts() -> None:
    """A series has an order and dates; a handbook with dates has an order, too."""
    page = "+++\ntitle = 'A'\ndate = 2024-05-06\nweight = 1\n+++\n"
    files = {
        "config.toml": "base_url = 'https://agency.gov'",
        "content/series/posts/01-a/index.md": page,
        "content/handbook-of-us/01-a/index.md": page,
    }
    site = site_of("zola", files)
    assert list(folders_of(site)) == ["content/series/posts"]

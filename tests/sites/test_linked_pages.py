"""Links by tag to pages, sections and files, and what engines know of pages besides URLs."""

import pytest

from syndicate.sites import ENGINES
from syndicate.sites.site import Page
from tests.sites.written_site import post, site_of

HUGO = {
    "hugo.toml": (
        'baseURL = "https://agency.gov/"\n[languages.en]\nweight = 1\n'
        '[languages.es]\nweight = 2\nbaseURL = "https://es.agency.gov/"\n'
    ),
    "content/blog/a.md": post(title="A", date="2024-05-06"),
}


@pytest.mark.parametrize(
    ("name", "page", "language", "first"),
    [
        (
            "/about",
            "content/blog/a.md",
            "en",
            ["content/about.en.md", "content/about/_index.en.md"],
        ),
        ("b.md", "content/blog/a.es.md", "es", ["content/blog/b.es.md"]),
        ("../up", "content/blog/a.md", "en", ["content/up.en.md"]),
        ("../../out", "content/blog/a.md", "en", []),
        ("/blog/_index.md", "content/blog/a.md", "en", ["content/blog.en.md"]),
        ("x", "content/blog/a.md", "de", ["content/blog/x.en.md"]),
    ],
)
def test_ref_names_files_from_the_page_or_the_content_folder(
    name: str, page: str, language: str, first: list[str]
) -> None:
    """Those in the language of the page come first; nothing is outside of the content folder."""
    found = list(ENGINES["hugo"].linked_files(name, page, language, site_of("hugo", HUGO)))
    assert found[: len(first)] == first
    assert all(path.startswith("content") for path in found)


@pytest.mark.parametrize(
    ("path", "meta", "url"),
    [
        ("content/about.md", {}, "https://agency.gov/about/"),
        ("content/blog/_index.md", {}, "https://agency.gov/blog/"),
        ("content/blog/_index.md", {"url": "/news"}, "https://agency.gov/news/"),
        ("content/blog/_index.es.md", {}, "https://es.agency.gov/blog/"),
        ("content/blog/_index.es.md", {"url": "/x"}, "https://es.agency.gov/x/"),
    ],
)
def test_list_page_has_the_url_of_its_section(path: str, meta: dict[str, object], url: str) -> None:
    """Unless its front matter names another one."""
    engine, site = ENGINES["hugo"], site_of("hugo", HUGO)
    assert engine.linked_url(Page(path=path, meta=meta), site) == url
    assert engine.folder_url("content/Press Room", site) == "https://agency.gov/press-room/"


@pytest.mark.parametrize(
    ("config", "path", "meta", "url"),
    [
        ("", "about.md", {"title": "x"}, "/about.html"),
        ("permalink: pretty", "about.md", {"title": "x"}, "/about/"),
        ("permalink: /:title/", "sub/about.html", {"title": "x"}, "/sub/about/"),
        ("", "sub/index.md", {"title": "x"}, "/sub/"),
        ("", "a.md", {"permalink": "/x/:basename:output_ext"}, "/x/a.html"),
        ("", "a.md", {"permalink": "/x/:other"}, "/x/:other"),
        ("", "assets/a b.pdf", {}, "/assets/a%20b.pdf"),
        ("source: docs", "docs/about.md", {"title": "x"}, "/about.html"),
        ("collections: {g: {output: true}}", "_g/a.md", {"title": "x"}, "/g/a.html"),
    ],
)
def test_page_of_jekyll_has_a_url_of_its_own(
    config: str, path: str, meta: dict[str, object], url: str
) -> None:
    """By its permalink or by its path; files are copied."""
    site = site_of("jekyll", {"_config.yml": f"url: https://agency.gov\n{config}\n"})
    found = ENGINES["jekyll"].linked_url(Page(path=path, meta=meta), site)
    assert found == f"https://agency.gov{url}"


def test_other_engines_have_no_such_tags() -> None:
    """Nor data files or rules for dates."""
    engine, site = ENGINES["zola"], site_of("zola", {"config.toml": ""})
    page = Page(path="content/a.md", meta={})
    assert list(engine.linked_files("a", page.path, "en", site)) == []
    assert (engine.linked_url(page, site), engine.folder_url("content", site)) == ("", "")
    assert (engine.named_date(site), engine.date_keys(site)) == (False, ())
    assert (engine.data_folders(site), engine.page_values(page.path)) == ((), {})


def test_frontmatter_of_hugo_names_keys_of_the_date() -> None:
    """``:default`` stands for Hugo's own; other functions have no key."""
    config = '[frontmatter]\ndate = ["released", ":git", ":default"]\n'
    site = site_of("hugo", {"hugo.toml": config})
    assert ENGINES["hugo"].date_keys(site)[:2] == ("released", "date")
    assert not ENGINES["hugo"].named_date(site)


def test_eleventyignore_hides_posts() -> None:
    """Comments and exceptions in it do not count."""
    files = {
        "eleventy.config.js": "",
        ".eleventyignore": "# old ones\n./posts/old/**\n!posts/old/a.md\n\nposts/*.draft.md\n",
        "posts/a.md": post(title="A", date="2024-05-06"),
    }
    engine, site = ENGINES["eleventy"], site_of("eleventy", files)
    hidden = [
        path
        for path in ("posts/a.md", "posts/old/b.md", "posts/x.draft.md")
        if "eleventyignore" in engine.hides(Page(path=path, meta={}), site)
    ]
    assert hidden == ["posts/old/b.md", "posts/x.draft.md"]

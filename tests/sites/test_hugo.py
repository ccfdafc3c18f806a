"""A Hugo site is read out of its configuration, and its URLs are those of its version of Hugo."""

import pytest

from syndicate.sites import find_sites
from tests.sites.written_site import (
    WrittenFiles,
    defaults_of,
    folders_of,
    hidden_by,
    post,
    site_of,
    url_of,
)

CONFIG = 'baseURL = "https://agency.gov/"\n'
POST = post(title="A", date="2024-05-06")
FILES = {"hugo.toml": CONFIG, "content/posts/a.md": POST}
NEW = {**FILES, "netlify.toml": '[build.environment]\nHUGO_VERSION = "0.168.0"\n'}


def test_the_configuration_says_where_the_site_is() -> None:
    """In any notation and any case of letters."""
    config = (
        "BaseUrl: https://agency.gov/sub/\nlanguageCode: en-us\ntitle: T\ntimeZone: Europe/Paris\n"
    )
    site = site_of("hugo", {"config.yaml": config, "content/posts/a.md": POST})
    assert (site.base_url.value, site.base_url.origin) == (
        "https://agency.gov/sub",
        "baseURL in config.yaml",
    )
    assert (site.language.value, site.language.origin) == ("en-us", "languageCode in config.yaml")
    assert (site.title.value, site.timezone.value) == ("T", "Europe/Paris")
    assert site.summary_mark == "<!--more-->"
    assert not site_of("hugo", {"hugo.toml": ""}).language
    assert not site_of("hugo", {"hugo.toml": ""}).title


def test_the_configuration_may_be_split_by_environment_and_key() -> None:
    """What a build for the public reads; the production files win."""
    files = {
        "config/_default/hugo.yaml": "title: Draft\nparams: {Color: red}\n",
        "config/_default/params.yaml": "Size: big\n",
        "config/_default/deep/ignored.yaml": "title: X\n",
        "config/_default/notes.txt": "x",
        "config/production/hugo.yaml": "baseURL: https://agency.gov\n",
        "content/posts/a.md": POST,
    }
    site = site_of("hugo", files)
    assert (site.base_url.value, site.title.value) == ("https://agency.gov", "Draft")
    assert site.values == {"Color": "red", "Size": "big"}
    assert [each.root for each in find_sites(WrittenFiles(files))] == [""]
    only_languages = {"site/config/_default/languages.toml": "", "site/content/posts/a.md": POST}
    assert [each.root for each in find_sites(WrittenFiles(only_languages))] == ["site"]


def test_a_config_file_is_of_hugo_by_its_keys() -> None:
    """Others have files of that name as well."""
    assert (
        find_sites(WrittenFiles({"config.yml": "backend: git\n", "content/posts/a.md": POST})) == ()
    )
    assert (
        find_sites(WrittenFiles({"config/_default/x.toml": "", "content/posts/a.md": POST})) == ()
    )
    (site,) = find_sites(WrittenFiles({"config.toml": CONFIG, "content/posts/a.md": POST}))
    assert site.engine == "hugo"


def test_dated_sections_are_folders_of_posts() -> None:
    """Not documentation, pages in an order, undated or untitled ones."""
    files = {
        **FILES,
        "content/posts/2024/index/b.md": POST,
        "content/posts/README.md": "x",
        "content/docs/a.md": POST,
        "content/about/a.md": post(title="A"),
        "content/about/news/a.md": POST,
        "content/steps/a.md": post(title="A", date="2024-05-06", weight="1"),
        "content/api/a.md": post(date="2024-05-06"),
        "content/feeds/a.md": post(date="2024-05-06"),
        "content/.hidden/a.md": POST,
    }
    site = site_of("hugo", files)
    assert list(folders_of(site)) == ["content/posts"]
    assert {each.path: each.reason for each in site.left_out} == {
        "content/about": "documentation by its name",
        "content/api": "documentation by its name",
        "content/docs": "documentation by its name",
        "content/feeds": "most pages have no title",
        "content/steps": "pages are in an order of their own",
    }


def test_inner_folders_are_looked_at_where_a_section_is_none_of_posts() -> None:
    """And the pages right in the content folder count by themselves."""
    files = {
        "hugo.toml": CONFIG,
        "content/a.md": POST,
        "content/b/index.md": POST,
        "content/company/x.md": post(title="X"),
        "content/company/news/a.md": POST,
        "content/company/news/themes/a.md": POST,
    }
    site = site_of("hugo", files)
    assert list(folders_of(site)) == ["content", "content/company/news"]
    assert site.folders[0].is_shallow
    assert site.folder_of("content/b/index.md") is site.folders[0]
    assert site.folder_of("content/company/x.md") is None


def test_main_sections_are_folders_of_posts() -> None:
    """The site itself says so."""
    config = f"{CONFIG}[params]\nmainSections = ['docs']\n"
    site = site_of("hugo", {"hugo.toml": config, "content/docs/a.md": post(title="A")})
    assert [(folder.path, folder.origin) for folder in site.folders] == [
        ("content/docs", "declared by the site")
    ]


@pytest.mark.parametrize(
    ("path", "meta", "url"),
    [
        ("posts/Recalls & Safety.md", {}, "/posts/recalls--safety/"),
        ("posts/a--b C++ d@e#f.md", {}, "/posts/a--b-c++-d@e%23f/"),
        ("posts/plan-100%-c#.md", {}, "/posts/plan-100-c%23/"),
        ("posts/dot.name.v1.md", {}, "/posts/dot.name.v1/"),
        ("posts/Deep Folder/x/index.md", {}, "/posts/deep-folder/x/"),
        ("posts/a.md", {"slug": "My Slug/With C++ & more"}, "/posts/my-slug/with-c++-more/"),
        ("posts/a.md", {"url": "/Custom/Path"}, "/Custom/Path/"),
        ("posts/a.md", {"url": "rel/Path.html"}, "/rel/Path.html"),
        ("posts/a.md", {"url": "/a b/:year/:title", "title": "X y"}, "/a%20b/2024/x-y/"),
        ("a.md", {}, "/a/"),
    ],
)
def test_an_url_follows_the_path_of_the_file(path: str, meta: dict[str, object], url: str) -> None:
    """In lower case, blanks as hyphens, most punctuation dropped."""
    site = site_of("hugo", NEW)
    assert url_of(site, f"content/{path}", **meta) == f"https://agency.gov{url}"


@pytest.mark.parametrize(
    ("pattern", "path", "meta", "url"),
    [
        (
            "/:year/:month/:day/:slug/",
            "a.md",
            {"title": "One / Two: C++ & @x"},
            "/2024/05/06/one-two-c-@x/",
        ),
        ("/t/:title/", "a.md", {"title": "-Lead -- trail-"}, "/t/-lead--trail-/"),
        ("/:section/:contentbasename", "a.md", {}, "/posts/a/"),
        ("/:sections[1:]/:slugorfilename/", "in/no/a.md", {"slug": "S"}, "/in/s/"),
        ("/:sections[last]/:sections[x]/:filename/", "in/a.md", {}, "/in/posts/in/a/"),
        ("/:unknown/:slugorcontentbasename", "b/index.md", {}, "/:unknown/b/"),
        ("/:year/:filename.html", "a.md", {}, "/2024/a.html"),
    ],
)
def test_permalinks_count_by_section(
    pattern: str, path: str, meta: dict[str, object], url: str
) -> None:
    """Sections are folders with a list page, and the first one always."""
    config = f'{CONFIG}[permalinks.page]\nposts = "{pattern}"\n'
    files = {**NEW, "hugo.toml": config, "content/posts/in/_index.md": post(title="In")}
    site = site_of("hugo", files)
    assert url_of(site, f"content/posts/{path}", **meta) == f"https://agency.gov{url}"
    assert site.folders[0].permalink.origin == "permalinks.page.posts"
    old = site_of("hugo", {**FILES, "hugo.toml": f"{CONFIG}[permalinks]\nposts='/p/:slug'\n"})
    assert folders_of(old) == {"content/posts": "/p/:slug"}


@pytest.mark.parametrize(
    ("file", "content", "url"),
    [
        ("package.json", '{"devDependencies": {"hugo-extended": "^0.128.0"}}', "one--two"),
        (".github/workflows/site.yml", "with:\n  hugo-version: '0.121.2'\n", "one-two"),
        (".tool-versions", "nodejs 20\nhugo 0.140.1\n", "one--two"),
        ("netlify.toml", 'HUGO_VERSION = "0.99.1"', "one-two"),
        ("README.md", "hugo 0.140.1", "one-two"),
    ],
)
def test_the_version_that_builds_the_site_decides_on_blanks(
    file: str, content: str, url: str
) -> None:
    """Since 0.123, blanks become hyphens before punctuation is dropped."""
    site = site_of("hugo", {**FILES, file: content})
    assert url_of(site, "content/posts/One & Two.md") == f"https://agency.gov/posts/{url}/"


def test_the_configuration_may_demand_a_version() -> None:
    """By ``module.hugoVersion``, which counts before other files."""
    config = f'{CONFIG}[module.hugoVersion]\nmin = "0.150.0"\n'
    site = site_of("hugo", {**NEW, "netlify.toml": 'HUGO_VERSION = "0.99"', "hugo.toml": config})
    assert url_of(site, "content/posts/One & Two.md") == "https://agency.gov/posts/one--two/"


def test_rules_of_the_site_change_urls() -> None:
    """Ugly URLs, case and accents."""
    ugly = site_of("hugo", {**FILES, "hugo.toml": f"uglyURLs = true\n{CONFIG}"})
    assert url_of(ugly, "content/posts/A.md") == "https://agency.gov/posts/a.html"
    by_section = site_of("hugo", {**FILES, "hugo.toml": f"{CONFIG}[uglyURLs]\nposts = true\n"})
    assert url_of(by_section, "content/posts/a.md") == "https://agency.gov/posts/a.html"
    config = f"disablePathToLower = true\nremovePathAccents = true\n{CONFIG}"
    kept = site_of("hugo", {**FILES, "hugo.toml": config})
    assert url_of(kept, "content/posts/Été.md") == "https://agency.gov/posts/Ete/"


def test_a_day_in_a_file_name_is_no_slug_where_the_site_says_so() -> None:
    """``[frontmatter] date = [":filename"]`` takes it out."""
    config = (
        f"{CONFIG}[frontmatter]\ndate = [':filename', ':default']\n[permalinks]\nposts='/:slug/'\n"
    )
    site = site_of("hugo", {**FILES, "hugo.toml": config})
    assert url_of(site, "content/posts/2024-05-06-a.md") == "https://agency.gov/a/"
    assert url_of(site, "content/posts/a.md", title="T") == "https://agency.gov/t/"


def test_the_day_in_an_url_is_as_written() -> None:
    """Whatever the zone of the site."""
    config = f'timeZone = "UTC"\n{CONFIG}[permalinks]\nposts = "/:year/:month/:day/"\n'
    site = site_of("hugo", {**FILES, "hugo.toml": config})
    url = url_of(site, "content/posts/a.md", "2024-02-08T19:07:00-05:00")
    assert url == "https://agency.gov/2024/02/08/"


LANGUAGES = """
defaultContentLanguage = "en"
[languages.en]
title = "English"
languageCode = "en-us"
[languages.fr]
baseURL = "https://fr.agency.gov/"
[languages.es]
[languages.de]
disabled = true
"""


def test_a_language_in_a_file_name_is_part_of_the_url() -> None:
    """Only those that are built; one may have a host of its own."""
    site = site_of("hugo", {**FILES, "hugo.toml": CONFIG + LANGUAGES})
    assert url_of(site, "content/posts/a.md") == "https://agency.gov/posts/a/"
    assert url_of(site, "content/posts/a.es.md") == "https://agency.gov/es/posts/a/"
    assert url_of(site, "content/posts/a.fr.md") == "https://fr.agency.gov/posts/a/"
    assert url_of(site, "content/posts/a.de.md") == "https://agency.gov/posts/a.de/"
    assert url_of(site, "content/posts/a.es.md", url="x/") == "https://agency.gov/es/x/"
    assert (site.language.value, site.title.value) == ("en-us", "English")


def test_a_language_may_have_a_content_folder_of_its_own() -> None:
    """By ``contentDir``, by a mount, or by its name below the content folder."""
    config = f"""{CONFIG}
defaultContentLanguage = "en"
defaultContentLanguageInSubdir = true
[languages.en]
contentDir = "content/en"
[languages.es]
[languages.fr]
[[module.mounts]]
source = "french"
target = "content"
lang = "fr"
[[module.mounts]]
source = "assets"
target = "assets"
"""
    files = {"hugo.toml": config, "content/en/posts/a.md": POST, "content/es/posts/a.md": POST}
    files |= {"french/posts/a.md": POST, "french/posts/_index.md": post(title="P")}
    site = site_of("hugo", files)
    assert [(folder.path, folder.language) for folder in site.folders] == [
        ("content/en/posts", ""),
        ("content/es/posts", "es"),
        ("french/posts", "fr"),
    ]
    assert url_of(site, "content/en/posts/a.md") == "https://agency.gov/en/posts/a/"
    assert url_of(site, "french/posts/a.md") == "https://agency.gov/fr/posts/a/"


def test_a_default_language_that_is_not_built_gives_way_to_the_first() -> None:
    """As Hugo does."""
    site = site_of("hugo", {**FILES, "hugo.toml": f"{CONFIG}[languages.es]\n"})
    assert url_of(site, "content/posts/a.md") == "https://agency.gov/posts/a/"


def test_cascades_give_front_matter_the_nearest_first() -> None:
    """Of the configuration, of list pages, with targets by path and kind."""
    config = f"{CONFIG}cascade:\n"
    config = """
baseURL: https://agency.gov
cascade:
- {color: red, size: big}
- {target: {path: "/posts/**"}, shape: round}
- {target: {kind: section}, shape: no}
- {_target: {path: "/other/**"}, shape: no}
"""
    files = {
        "hugo.yaml": config,
        "content/posts/a.md": POST,
        "content/posts/_index.md": "---\ncascade: {color: blue, params: {mood: good}}\n---\n",
        "content/other/_index.md": "---\ncascade: {color: no}\n---\n",
    }
    site = site_of("hugo", files)
    assert defaults_of(site, "content/posts/a.md") == {
        "color": "blue",
        "size": "big",
        "shape": "round",
        "mood": "good",
    }
    assert site.defaults[-1].origin == "cascade in content/posts/_index.md"


@pytest.mark.parametrize(
    ("path", "meta", "reason"),
    [
        ("content/posts/a.md", {}, ""),
        ("content/posts/_index.md", {}, "list page"),
        ("content/posts/_index.es.md", {}, "list page"),
        ("content/posts/a.md", {"headless": "true"}, "headless"),
        ("content/posts/old-a.md", {}, "ignoreFiles"),
        ("content/x/a.md", {}, "not in a section"),
    ],
)
def test_what_hugo_does_not_publish_is_hidden(
    path: str, meta: dict[str, object], reason: str
) -> None:
    """List pages, headless ones, ignored files."""
    config = f"ignoreFiles = ['old-a\\.md$', '(']\n{CONFIG}[languages.en]\n[languages.es]\n"
    site = site_of("hugo", {**FILES, "hugo.toml": config})
    assert reason in hidden_by(site, path, **meta)
    assert bool(reason) == bool(hidden_by(site, path, **meta))


def test_authors_are_of_data_files_and_taxonomy_pages() -> None:
    """The data files win."""
    files = {
        **FILES,
        "data/authors/ann.toml": "name = 'Ann Lee'\n",
        "content/authors/ann/_index.md": post(title="Other"),
        "content/authors/bob/_index.md": post(title="Bob Day"),
        "content/authors/cat/_index.md": post(x="y"),
    }
    site = site_of("hugo", files)
    assert {key: author.name for key, author in site.authors.items()} == {
        "ann": "Ann Lee",
        "bob": "Bob Day",
    }

"""A blog of Docusaurus is read out of literals and data files."""

import pytest

from syndicate.sites import find_sites
from tests.sites.written_site import (
    WrittenFiles,
    defaults_of,
    folder_pattern,
    folders_of,
    hidden_by,
    post,
    site_of,
    url_of,
)

CONFIG = "export default { title: 'T', url: 'https://agency.gov', baseUrl: '/sub/' };\n"
FILES = {
    "docusaurus.config.js": CONFIG,
    "blog/2024-05-06-a.md": post(title="A"),
    "blog/authors.yml": "ann: {name: Ann Lee, url: 'https://a.gov'}\n",
    "i18n/fr/docusaurus-plugin-content-blog/2024-05-06-a.md": post(title="A"),
    "i18n/fr/code.json": "{}",
    "docs/a.md": post(title="A"),
}


def test_literals_say_where_the_site_is() -> None:
    """And the authors file, who writes."""
    (site,) = find_sites(WrittenFiles(FILES))
    assert (site.base_url.value, site.title.value) == ("https://agency.gov/sub", "T")
    assert site.authors["ann"].name == "Ann Lee"
    assert [each.path for each in site.left_out] == ["docs"]


def test_a_day_in_the_path_is_the_date_of_a_post_without_one() -> None:
    """As the plugin reads it."""
    site = site_of("docusaurus", FILES)
    assert defaults_of(site, "blog/2024/05/06/a.md") == {"date": "2024-05-06"}
    assert defaults_of(site, "blog/2024-05-06-a.md", date="2024-05-07") == {}
    assert defaults_of(site, "blog/a.md") == {}
    assert defaults_of(site, "docs/2024-05-06-a.md") == {}


def test_an_url_that_a_program_makes_is_a_problem() -> None:
    """A CNAME file or the package may say it instead."""
    program = {"docusaurus.config.js": "const url = process.env.URL; export default { url: url }"}
    site = site_of("docusaurus", {**program, "blog/a.md": ""})
    assert [problem.rule for problem in site.problems] == ["site-script"]
    assert not site.base_url
    assert site_of("docusaurus", {**program, "static/CNAME": "agency.gov"}).base_url
    both = {"docusaurus.config.js": "a = { url: 'https://a.gov' }, b = { url: 'https://b.gov' }"}
    assert not site_of("docusaurus", both).base_url


def test_blog_and_translations_are_folders_of_posts() -> None:
    """Under the route and the folder that literals name."""
    assert folders_of(site_of("docusaurus", FILES)) == {
        "blog": "/blog",
        "i18n/fr/docusaurus-plugin-content-blog": "/blog",
    }
    config = "{ blog: { path: 'news', routeBasePath: '/', feed: { path: 'x' } } }"
    moved = {"docusaurus.config.js": config, "news/a.mdx": post(title="A")}
    assert folders_of(site_of("docusaurus", moved)) == {"news": ""}
    assert folders_of(site_of("docusaurus", {"docusaurus.config.js": ""})) == {}


def test_every_blog_plugin_has_a_folder_of_posts() -> None:
    """With its own route, and translations under its ID; a preset may have none."""
    config = (
        "export default { presets: [['classic', { blog: { feedOptions: { path: 'x' }, path: 'news'"
        " } }]], plugins: [['@docusaurus/plugin-content-blog', { id: 'stories', routeBasePath:"
        " 'success', path: './stories', feedOptions: { type: 'all' } }]] }"
    )
    files = {
        "docusaurus.config.js": config,
        "news/a.md": post(title="A"),
        "stories/2024-05-06-b.md": post(title="B"),
        "stories/authors.yml": "bo: {name: Bo Li}\n",
        "i18n/fr/docusaurus-plugin-content-blog-stories/2024-05-06-b.md": post(title="B"),
    }
    site = site_of("docusaurus", files)
    assert folders_of(site) == {
        "news": "/blog",
        "stories": "/success",
        "i18n/fr/docusaurus-plugin-content-blog-stories": "/success",
    }
    assert site.authors["bo"].name == "Bo Li"
    assert url_of(site, "stories/2024-05-06-b.md") == "/success/2024/05/06/b"
    globs = config.replace("presets:", "ignore: ['**/{docs,blog}/**'], // it's\n presets:")
    globs = f"/* the site */ {globs}"
    assert folders_of(site_of("docusaurus", {**files, "docusaurus.config.js": globs}))["stories"]
    cut_off = config[: config.index("', feed")] + "'"
    assert folders_of(site_of("docusaurus", {**files, "docusaurus.config.js": cut_off}))["stories"]
    none = {"docusaurus.config.js": "{ blog: false, docs: {} }", "blog/a.md": post(title="A")}
    assert folders_of(site_of("docusaurus", none)) == {}


def test_a_folder_that_the_settings_name_has_the_route_of_the_blog() -> None:
    """Or the default one where there is no blog."""
    assert folder_pattern(site_of("docusaurus", FILES), "news") == "/blog"
    assert folder_pattern(site_of("docusaurus", {"docusaurus.config.js": ""}), "news") == "/blog"


@pytest.mark.parametrize(
    ("path", "meta", "url"),
    [
        ("2024-05-06-a.md", {}, "/blog/2024/05/06/a"),
        ("2024-05-06-a/index.mdx", {}, "/blog/2024/05/06/a"),
        ("2024/05/06/a.md", {}, "/blog/2024/05/06/a"),
        ("2024-01-01/2024-05-06-a.md", {}, "/blog/2024/05/06/2024-01-01/a"),
        ("x/2024-05-06-a.md", {}, "/blog/2024/05/06/x/a"),
        ("a/index.md", {}, "/blog/a"),
        ("2024-05-06-a.md", {"slug": "own"}, "/blog/own"),
    ],
)
def test_an_url_is_that_of_the_blog_plugin(path: str, meta: dict[str, object], url: str) -> None:
    """The slug, else day and words of the path."""
    site = site_of("docusaurus", FILES)
    assert url_of(site, f"blog/{path}", **meta) == f"https://agency.gov/sub{url}"


def test_translations_and_slashes_follow_the_site() -> None:
    """A language begins the path; ``trailingSlash`` ends it."""
    config = CONFIG.replace("title", "trailingSlash: true, title")
    site = site_of("docusaurus", {**FILES, "docusaurus.config.js": config})
    path = "i18n/fr/docusaurus-plugin-content-blog/2024-05-06-a.md"
    assert url_of(site, path) == "https://agency.gov/sub/fr/blog/2024/05/06/a/"
    config = CONFIG.replace("title", "trailingSlash: false, title")
    site = site_of("docusaurus", {**FILES, "docusaurus.config.js": config})
    assert url_of(site, "blog/a.md", slug="/x/") == "https://agency.gov/sub/blog/x"
    assert url_of(site, "docs/a.md") == "https://agency.gov/sub/docs/a"


@pytest.mark.parametrize(
    ("path", "meta", "reason"),
    [
        ("blog/a.md", {}, ""),
        ("blog/_a.md", {}, "underscore"),
        ("blog/__tests__/a.md", {}, "underscore"),
        ("blog/a.md", {"draft": "true"}, "draft"),
        ("blog/a.md", {"unlisted": "true"}, "unlisted"),
        ("docs/a.md", {}, "not in a blog"),
    ],
)
def test_what_the_plugin_does_not_list_is_hidden(
    path: str, meta: dict[str, object], reason: str
) -> None:
    """Drafts, unlisted posts, files for tests."""
    assert reason in hidden_by(site_of("docusaurus", FILES), path, **meta)
    assert bool(reason) == bool(hidden_by(site_of("docusaurus", FILES), path, **meta))

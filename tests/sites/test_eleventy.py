"""An Eleventy site is read out of its data files, and its URLs are those of Eleventy 3.1."""

import pytest

from syndicate.sites import find_sites, may_be_read
from tests.sites.written_site import (
    WrittenFiles,
    defaults_of,
    folders_of,
    hidden_by,
    post,
    site_of,
    url_of,
)

POST = post(title="A", date="2024-05-06")
FILES = {"eleventy.config.js": "", "src/_data/site.json": '{"url": "https://agency.gov"}'}


def site_with(files: dict[str, str], config: str = "") -> dict[str, str]:
    """Return the files of a site with more of them."""
    return {**FILES, "eleventy.config.js": config, **files}


def test_the_data_of_the_site_say_where_it_is() -> None:
    """URL, title and language; the zone is UTC."""
    data = '{"url": "https://agency.gov/", "title": "T", "language": "es"}'
    site = site_of("eleventy", site_with({"src/_data/site.json": data}))
    assert (site.base_url.value, site.base_url.origin) == (
        "https://agency.gov",
        "url in src/_data/site.json",
    )
    assert (site.title.value, site.language.value, site.timezone.value) == ("T", "es", "UTC")


@pytest.mark.parametrize(
    ("files", "url"),
    [
        ({"package.json": '{"homepage": "https://agency.gov"}'}, "https://agency.gov"),
        ({"package.json": '{"homepage": "https://github.com/agency/site"}'}, ""),
        ({"package.json": '{"homepage": "https://agency.gov/x#readme"}'}, ""),
        ({"CNAME": "agency.gov"}, "https://agency.gov"),
        ({}, ""),
    ],
)
def test_other_files_may_say_where_the_site_is(files: dict[str, str], url: str) -> None:
    """A page of a code host is no site."""
    site = site_of("eleventy", {"eleventy.config.js": "", **files})
    assert site.base_url.value == url
    assert not site.title
    assert not site.language


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        ({"eleventy.config.js": 'dir: { input: "site" }', "site/blog/a.md": POST}, "site"),
        ({"eleventy.config.js": 'dir: { input: "none" }', "src/_data/x.json": ""}, "src"),
        (
            {
                "eleventy.config.js": "",
                "package.json": '{"scripts": {"a": "eleventy --input=in"}}',
                "in/a.md": POST,
            },
            "in",
        ),
        ({"eleventy.config.js": "/* input: 'x' */", "src/_includes/a.njk": ""}, "src"),
        ({"eleventy.config.js": "", "blog/a.md": POST}, ""),
    ],
)
def test_the_input_folder_is_found(files: dict[str, str], folder: str) -> None:
    """A literal, an option of a script, the folder of the data files, else the root."""
    assert site_of("eleventy", files).content_root == folder


def test_tagged_and_dated_folders_are_folders_of_posts() -> None:
    """Directory data with tags make a collection; dated pages do without."""
    files = {
        "src/blog/blog.json": '{"tags": ["blog"]}',
        "src/blog/a.md": post(title="A"),
        "src/news/2024-05-06-a.md": post(title="A"),
        "src/about/a.md": post(title="A"),
        "src/deep/in/2024-05-06-a.md": post(title="A"),
        "src/deep/_drafts/2024-05-06-a.md": post(title="A"),
    }
    site = site_of("eleventy", site_with(files))
    assert list(folders_of(site)) == ["src/blog", "src/deep/in", "src/news"]
    assert [each.path for each in site.left_out] == ["src/about"]


def test_directory_data_are_front_matter_but_for_tags() -> None:
    """Tags make a collection there, not a category; data of one file count for it alone."""
    files = {
        "src/src.json": '{"a": "all", "b": "all"}',
        "src/blog/blog.11tydata.json": '{"tags": "blog", "b": "blog"}',
        "src/blog/one.11tydata.json": '{"c": "one"}',
        "src/blog/other.json": '{"d": "no data of a directory"}',
        "src/blog/one.md": POST,
        "src/node_modules/x/x.json": "{}",
    }
    site = site_of("eleventy", site_with(files))
    assert defaults_of(site, "src/blog/one.md") == {"a": "all", "b": "blog", "c": "one"}
    assert defaults_of(site, "src/blog/two.md") == {"a": "all", "b": "blog"}


def test_of_a_program_only_literals_count() -> None:
    """What a program makes is a problem that says which setting helps."""
    files = {
        "src/blog/blog.11tydata.js": "module.exports = { permalink: '/b/{{ page.fileSlug }}/' }",
        "src/news/news.11tydata.js": "module.exports = { permalink: (data) => data.url }",
        "src/blog/a.md": POST,
    }
    site = site_of("eleventy", site_with(files))
    assert defaults_of(site, "src/blog/a.md") == {"permalink": "/b/{{ page.fileSlug }}/"}
    (problem,) = site.problems
    assert (problem.rule, problem.path) == ("site-script", "src/news/news.11tydata.js")
    assert "permalink" in problem.what


@pytest.mark.parametrize(
    ("permalink", "is_known"),
    [
        ("/{{ page.fileSlug | slug }}/{{ page.date | toDatePath }}/", True),
        ("/{{ page.date | ownFilter }}/", False),
        ("/{{ title | x.y }}/", False),
        ("/{% if a %}b{% endif %}/", False),
        ("/{{ a + b }}/", False),
    ],
)
def test_a_permalink_that_only_the_site_can_fill_is_a_problem(
    permalink: str, is_known: bool
) -> None:
    """With the setting that says it instead."""
    data = {"src/blog/blog.json": f'{{"permalink": "{permalink}"}}', "src/blog/a.md": POST}
    site = site_of("eleventy", site_with(data))
    assert [problem.rule for problem in site.problems] == ([] if is_known else ["site-script"])


@pytest.mark.parametrize(
    ("path", "permalink", "url"),
    [
        ("blog/2024-05-01-a.md", "", "/blog/2024-05-01-a/"),
        ("blog/index.md", "", "/blog/"),
        ("blog/a/a.md", "", "/blog/a/"),
        ("a.md", "", "/a/"),
        ("blog/2024-05-01-a.md", "/b/{{ page.fileSlug }}/", "/b/a/"),
        ("blog/2024-05-01-a/index.md", "/b/{{page.fileSlug}}/index.html", "/b/a/"),
        ("blog/a.md", "{{ page.filePathStem }}.html", "/blog/a.html"),
        ("blog/a.md", "/{{ title | slugify }}/", "/a-good-day/"),
        ("blog/a.md", "/{{ title | lower | slug }}/", "/a-good-day/"),
        ("blog/a.md", "/{{ deep.key }}/", "/value/"),
        ("blog/a.md", "/{{ page.date | date: '%Y/%m' }}/", "/2024/05/"),
        ("blog/a.md", "/{{ page.date | date('YYYY/MM/DD') }}/", "/2024/05/06/"),
        ("blog/a.md", "/{{ page.date | toDatePath }}/x/", "/2024/05/06/x/"),
        ("blog/a.md", "/{{ page.date | other }}/", "/blog/a/"),
        ("blog/a.md", "/{{ title | other }}/", "/blog/a/"),
        ("blog/a.md", "/{{ title | x.y }}/", "/blog/a/"),
        ("blog/a.md", "/{{ unknown | slug }}/", "/blog/a/"),
        ("blog/a.md", "/{% if a %}b{% endif %}/", "/blog/a/"),
        ("blog/a.md", "/{{ a + b }}/", "/blog/a/"),
        ("blog/a.md", "/plain/", "/plain/"),
    ],
)
def test_an_url_is_that_of_eleventy(path: str, permalink: str, url: str) -> None:
    """The path with its day, or the permalink as a template of known values."""
    site = site_of("eleventy", site_with({f"src/{path}": POST}))
    meta = {"title": "A Good Day", "deep": {"key": "value"}, "permalink": permalink}
    assert url_of(site, f"src/{path}", **meta) == f"https://agency.gov{url}"


def test_a_date_that_nobody_gave_is_not_in_an_url() -> None:
    """The default URL takes the place of the permalink."""
    site = site_of("eleventy", site_with({"src/a.md": POST}))
    assert url_of(site, "src/a.md", "", permalink="/{{ page.date | toDatePath }}/").endswith("/a/")


@pytest.mark.parametrize(
    ("path", "meta", "reason"),
    [
        ("src/blog/a.md", {}, ""),
        ("src/blog/a.md", {"eleventyExcludeFromCollections": "false"}, ""),
        ("src/blog/a.md", {"eleventyExcludeFromCollections": "true"}, "eleventyExclude"),
        ("src/blog/a.md", {"pagination": {"data": "x"}}, "pagination"),
        ("src/blog/a.md", {"override:tags": None}, "override:tags"),
        ("src/blog/a.md", {"permalink": False}, "permalink: false"),
        ("src/blog/index.md", {}, "index page"),
        ("src/about.md", {}, "not in a folder"),
    ],
)
def test_what_eleventy_does_not_list_is_hidden(
    path: str, meta: dict[str, object], reason: str
) -> None:
    """Pages out of their collection, without URL, index pages."""
    site = site_of("eleventy", site_with({"src/blog/2024-05-06-a.md": POST}))
    assert reason in hidden_by(site, path, **meta)
    assert bool(reason) == bool(hidden_by(site, path, **meta))


@pytest.mark.parametrize(
    ("others", "engines"),
    [
        ({"package.json": '{"devDependencies": {"@11ty/eleventy": "^3.0.0"}}'}, ["eleventy"]),
        ({"package.json": '{"dependencies": {"@11ty/eleventy": "^3.0.0"}}'}, ["eleventy"]),
        ({".eleventy.js": ""}, ["eleventy"]),
        ({"package.json": "{}"}, ["jekyll"]),
        ({"package.json": '{"dependencies": {"@11ty/eleventy": "3"}}', "Gemfile": ""}, ["jekyll"]),
        (
            {"package.json": '{"dependencies": {"@11ty/eleventy": "3"}}', "_config.yml": "a: b"},
            ["jekyll"],
        ),
        ({"site/package.json": '{"dependencies": {"@11ty/eleventy": "3"}}'}, ["jekyll"]),
    ],
)
def test_a_posts_folder_may_be_one_of_eleventy(others: dict[str, str], engines: list[str]) -> None:
    """Where the package depends on it, and nothing says Jekyll."""
    found = find_sites(WrittenFiles({"_posts/2024-05-06-a.md": POST, **others}))
    assert [site.engine for site in found] == engines


def test_a_site_in_a_folder_of_a_repository_is_found_by_its_package() -> None:
    """Its ``_posts`` folder is no further site of Jekyll."""
    files = {
        "package.json": '{"workspaces": ["web"]}',
        "web/package.json": '{"dependencies": {"@11ty/eleventy": "3"}}',
        "web/_posts/2024-05-06-a.md": POST,
    }
    (site,) = find_sites(WrittenFiles(files))
    assert (site.engine, site.root, list(folders_of(site))) == ("eleventy", "web", ["web/_posts"])
    assert url_of(site, "web/_posts/2024-05-06-a.md") == "/_posts/2024-05-06-a/"


def test_files_that_engines_read_are_fetched() -> None:
    """Of scripts, only configuration, directory data and routes of Astro."""
    paths = ("a.md", "package-lock.json", "contentlayer.config.ts", "blog/blog.11tydata.js")
    routes = ("src/pages/[slug].astro", "src/pages/index.astro", "blog/blog.js", "blog/x.js")
    assert [path for path in (*paths, *routes) if may_be_read(path)] == [
        *("a.md", "contentlayer.config.ts", "blog/blog.11tydata.js"),
        *("src/pages/[slug].astro", "blog/blog.js"),
    ]


def test_literals_of_directory_data_hide_pages() -> None:
    """As in JSON; a list of tags makes a collection."""
    files = {
        "src/a/a.11tydata.js": "export default { permalink: false, tags: ['a', \"b\"] }",
        "src/b/b.11tydata.cjs": "module.exports = { eleventyExcludeFromCollections: true }",
        "src/c/c.11tydata.js": "export default { tags: [], permalink: false || x, tags: 'c' }",
        "src/a/x.md": POST,
        "src/b/2024-05-06-x.md": POST,
    }
    site = site_of("eleventy", site_with(files))
    for path, reason in (
        ("src/a/x.md", "permalink: false"),
        ("src/b/2024-05-06-x.md", "eleventyExclude"),
    ):
        assert reason in hidden_by(site, path, **defaults_of(site, path))


def test_the_files_with_directory_data_may_have_a_name_of_their_own() -> None:
    """``setDataFileBaseName`` says it."""
    files = {
        "src/blog/_data.11tydata.json": '{"tags": "posts", "author": "Ann Lee"}',
        "src/blog/blog.json": '{"author": "nobody"}',
        "src/blog/a.md": POST,
    }
    site = site_of("eleventy", site_with(files, "c.setDataFileBaseName('_data');"))
    assert defaults_of(site, "src/blog/a.md") == {"author": "Ann Lee"}
    assert list(folders_of(site)) == ["src/blog"]


def test_pages_that_a_preprocessor_drops_are_hidden() -> None:
    """Where it returns false for a key that is true, and for nothing else."""
    config = (
        "c.addPreprocessor('drafts', '*', (data) => { if ((data.archived || data.wip) && x) {"
        " return false; } });\n"
        "c.addPreprocessor('late', '*', (data) => { if (!data.ready || data.page.date > now)"
        " return false; });"
    )
    site = site_of("eleventy", site_with({"src/blog/2024-05-06-a.md": POST}, config))
    hidden = {
        key: hidden_by(site, "src/blog/2024-05-06-a.md", **{key: "true"})
        for key in ("archived", "wip", "ready", "page", "title")
    }
    assert [key for key, reason in hidden.items() if reason] == ["archived", "wip"]


def test_a_computed_permalink_counts_before_a_plain_one() -> None:
    """Of front matter and of directory data."""
    data = '{"permalink": false, "eleventyComputed": {"permalink": "/b/{{ title | slugify }}/"}}'
    site = site_of("eleventy", site_with({"src/blog/blog.json": data, "src/blog/a.md": POST}))
    meta = {"title": "A Good Day", **defaults_of(site, "src/blog/a.md")}
    assert url_of(site, "src/blog/a.md", **meta) == "https://agency.gov/b/a-good-day/"

"""A Jekyll site is read out of its `_config.yml`, and its URLs are those of Jekyll 4.3.1."""

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

URL = "url: https://agency.gov\n"


def test_the_configuration_says_where_the_site_is() -> None:
    """URL and path, zone, language and title, each with its origin."""
    config = f"{URL}baseurl: /news/\ntimezone: America/New_York\nlang: en_US\ntitle: Agency\n"
    site = site_of("jekyll", {"_config.yml": config})
    assert (site.base_url.value, site.base_url.origin) == (
        "https://agency.gov/news",
        "url in _config.yml",
    )
    assert (site.timezone.value, site.timezone.origin) == (
        "America/New_York",
        "timezone in _config.yml",
    )
    assert (site.language.value, site.title.value) == ("en-US", "Agency")
    assert site.files == ("_config.yml",)
    assert site.values["title"] == "Agency"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://localhost:4000", "placeholder or a local host"),
        ("https://www.example.gov", "placeholder"),
        ("https://10.0.0.1", "no public address"),
        ("https://intranet", "no public host"),
        ("/news", "absolute"),
        ("https://[", "not a URL"),
        ("https://agency.gov/{{x}}", "characters"),
    ],
)
def test_an_url_that_no_public_site_has_is_a_problem(url: str, reason: str) -> None:
    """The site then has no base URL."""
    site = site_of("jekyll", {"_config.yml": f"url: '{url}'\n"})
    assert not site.base_url
    (problem,) = site.problems
    assert problem.rule == "site-url"
    assert reason in problem.what


def test_other_ways_to_say_where_the_site_is() -> None:
    """An absolute ``baseurl``, a public IP address, a CNAME file."""
    assert (
        site_of("jekyll", {"_config.yml": "baseurl: https://a.gov"}).base_url.value
        == "https://a.gov"
    )
    assert site_of("jekyll", {"_config.yml": "url: https://8.8.8.8"}).base_url
    named = {"docs/_config.yml": "", "docs/CNAME": "Agency.gov\n"}
    assert site_of("jekyll", named, "docs").base_url.value == "https://agency.gov"
    assert not site_of("jekyll", {"_config.yml": "", "CNAME": "no domain\n"}).base_url


def test_what_cannot_be_used_is_a_problem_by_name() -> None:
    """An unknown zone, an unreadable file; the rest of the site is read."""
    site = site_of("jekyll", {"_config.yml": "timezone: Mars\n", "_data/authors.yml": "a: [\n"})
    assert [problem.rule for problem in site.problems] == ["site-configuration", "site-timezone"]
    assert site_of("jekyll", {"_config.yml": "a: [\n"}).problems[0].line == 2


CONFIG = f"""{URL}
collections:
  news:
    output: true
    permalink: /news/:path/
  updates: {{output: true}}
  docs: {{output: true}}
  team: {{output: false}}
  empty: {{output: true}}
"""
FILES = {
    "_config.yml": CONFIG,
    "_posts/2024-05-06-a.md": post(title="A"),
    "blog/_posts/2024-05-06-b.md": post(title="B"),
    "vendor/x/_posts/2024-05-06-c.md": post(title="C"),
    "_drafts/_posts/2024-05-06-d.md": post(title="D"),
    "old/_posts/2024-05-06-e.md": post(title="E"),
    "_news/2024-05-06-n.md": post(title="N"),
    "_updates/first.md": post(title="U", date="2024-05-06"),
    "_updates/index.md": post(title="All updates"),
    "_docs/first.md": post(title="D", date="2024-05-06"),
    "_team/2024-05-06-x.md": post(title="X"),
}


def test_posts_and_dated_collections_with_output_are_folders_of_posts() -> None:
    """The others are named with the reason why they are none."""
    site = site_of("jekyll", {**FILES, "_config.yml": f"{CONFIG}exclude: [old]\n"})
    assert folders_of(site) == {
        "_posts": "/:categories/:year/:month/:day/:title:output_ext",
        "blog/_posts": "/:categories/:year/:month/:day/:title:output_ext",
        "_news": "/news/:path/",
        "_updates": "/:collection/:path:output_ext",
    }
    assert {each.path: each.reason for each in site.left_out} == {
        "_docs": "documentation by its name",
        "_empty": "no pages",
        "_team": "the collection has no output",
    }
    assert [folder.origin for folder in site.folders][2] == "collections.news in _config.yml"


@pytest.mark.parametrize(
    ("config", "posts", "updates"),
    [
        ("permalink: pretty", "/:categories/:year/:month/:day/:title/", "/:collection/:path/"),
        ("permalink: /x/:title", "/x/:title", "/:collection/:path"),
        ("permalink: /x/:title/", "/x/:title/", "/:collection/:path/"),
        ("permalink: none", "/:categories/:title:output_ext", "/:collection/:path:output_ext"),
    ],
)
def test_the_permalink_of_the_site_counts_for_all_collections(
    config: str, posts: str, updates: str
) -> None:
    """For other collections than posts only its ending."""
    site = site_of("jekyll", {**FILES, "_config.yml": f"{CONFIG}{config}\n"})
    assert folders_of(site)["_posts"] == posts
    assert folders_of(site)["_updates"] == updates


def test_collections_may_be_a_list_and_live_in_a_folder() -> None:
    """A list declares collections without output; ``collections_dir`` holds posts as well."""
    config = "collections: [news]\ncollections_dir: all\nsource: site\n"
    files = {"_config.yml": config, "site/all/_posts/2024-05-06-a.md": post(title="A")}
    site = site_of("jekyll", files)
    assert list(folders_of(site)) == ["site/all/_posts"]
    hidden = {"_config.yml": "collections: {posts: {output: false}}", **FILES}
    hidden["_config.yml"] = "collections: {posts: {output: false}}\n"
    assert folders_of(site_of("jekyll", hidden)) == {}
    own = {**FILES, "_config.yml": "collections: {posts: {permalink: '/p/:title'}}\n"}
    assert folders_of(site_of("jekyll", own))["_posts"] == "/p/:title"


@pytest.mark.parametrize(
    ("path", "pattern", "meta", "url"),
    [
        ("_posts/2024-05-06-a.md", "date", {}, "/2024/05/06/a.html"),
        ("_posts/2016-2-29-a.md", "/:title/", {}, "/a/"),
        ("_posts/2024-05-06-a.md", "pretty", {"category": "News"}, "/news/2024/05/06/a/"),
        ("_posts/2024-05-06-a.md", "none", {"categories": "b A"}, "/b/a/a.html"),
        ("_posts/2024-05-06-a.md", "none", {"categories": ["b", "B"]}, "/b/a.html"),
        ("blog/_posts/2024-05-06-a.md", "none", {"category": "x"}, "/blog/x/a.html"),
        ("_posts/2024-05-06-a.md", "/:slug/", {"slug": "Who Can Apply?"}, "/who-can-apply/"),
        ("_posts/2024-05-06-a.md", "/:title/", {"slug": "Who Can Apply?"}, "/Who-Can-Apply/"),
        ("_posts/2024-05-06-a.md", "/:name", {}, "/2024-05-06-a"),
        ("_posts/2024-05-06-a.md", "ordinal", {}, "/2024/127/a.html"),
        ("_posts/2024-05-06-a.md", "weekdate", {}, "/2024/W19/Mon/a.html"),
        ("_posts/2024-05-06-a.md", "/:year_x/:unknown/", {}, "/2024_x/:unknown/"),
        ("_posts/2024-05-06-a.md", "date", {"permalink": "/own/:title/"}, "/own/a/"),
        ("_posts/2024-05-06-a.md", "date", {"permalink": "pretty"}, "/pretty"),
        ("_posts/2024-05-06-é ß.md", "/:title/", {}, "/%C3%A9-%C3%9F/"),
        ("_news/2024-05-06-n.md", "date", {}, "/news/2024-05-06-n/"),
        ("_updates/2024/first.md", "date", {}, "/updates/2024/first.html"),
        ("page.md", "date", {}, "/2024/05/06/page.html"),
    ],
)
def test_an_url_is_that_of_jekyll(
    path: str, pattern: str, meta: dict[str, object], url: str
) -> None:
    """By permalink, collection, style, category, slug and name."""
    files = {**FILES, "_config.yml": f"{CONFIG}permalink: {pattern}\n", path: post(title="T")}
    assert url_of(site_of("jekyll", files), path, **meta) == f"https://agency.gov{url}"


def test_the_day_in_an_url_is_that_of_the_zone_of_the_site() -> None:
    """Jekyll builds in it; without a base URL the path is left."""
    files = {"_config.yml": "timezone: America/Los_Angeles\n", "_posts/2024-05-06-a.md": ""}
    site = site_of("jekyll", files)
    path = "_posts/2024-05-06-a.md"
    assert url_of(site, path, "2024-05-07T02:00:00+00:00") == "/2024/05/06/a.html"
    assert url_of(site, path, "") == "/:year/:month/:day/a.html"


DEFAULTS = """
collections_dir: all
defaults:
- scope: {path: ""}
  values: {a: all, b: all}
- scope: {path: "", type: posts}
  values: {a: posts}
- scope: {path: "", type: news}
  values: {a: news}
- scope: {path: all/_posts/2024}
  values: {c: folder}
- scope: {path: "all/_posts/*.md"}
  values: {d: glob}
- scope: {path: ""}
  values: {a: last, e: last}
"""


def test_defaults_count_by_scope_and_the_narrowest_first() -> None:
    """By path, glob and collection; of two alike the later one, but one with a type first."""
    files = {"_config.yml": DEFAULTS, "all/_posts/2024/2024-05-06-a.md": post(title="A")}
    site = site_of("jekyll", files)
    found = defaults_of(site, "all/_posts/2024/2024-05-06-a.md")
    assert found == {"a": "posts", "b": "all", "c": "folder", "d": "glob", "e": "last"}
    assert defaults_of(site, "page.md") == {"a": "last", "b": "all", "e": "last"}
    (first, *_) = site.defaults
    assert first.origin == "defaults[0] in _config.yml"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("_posts/2024-05-06-a.md", ""),
        ("_posts/about.md", "only files named"),
        ("_updates/index.md", "an index page"),
        ("_updates/secret.md", "excluded"),
        ("about.md", "not in a folder"),
    ],
)
def test_what_jekyll_does_not_publish_is_hidden(path: str, reason: str) -> None:
    """Undated files in ``_posts``, index pages, what is excluded."""
    files = {**FILES, "_config.yml": f"{CONFIG}exclude: [_updates/secret.md]\n"}
    assert reason in hidden_by(site_of("jekyll", files), path)
    assert bool(reason) == bool(hidden_by(site_of("jekyll", files), path))


def test_authors_have_names_and_pages() -> None:
    """In one file, as a mapping or a list, or one file for each."""
    table = "ann: {name: Ann Lee, url: https://a.gov/ann}\nbob: Bob Day\ncat: {url: no}\n"
    site = site_of("jekyll", {"_config.yml": "", "_data/authors.yml": table})
    assert site.authors["ann"].name == "Ann Lee"
    assert site.authors["ann"].url == "https://a.gov/ann"
    assert site.authors["bob"].name == "Bob Day"
    assert "cat" not in site.authors
    listed = "- {handle: ann, display_name: Ann Lee}\n- {name: Bob Day}\n"
    site = site_of("jekyll", {"_config.yml": "", "_data/authors.yml": listed})
    assert list(site.authors) == ["ann", "Bob Day"]
    single = {"_config.yml": "", "_data/authors/ann.yml": "full_name: Ann Lee\nurl: ftp://x\n"}
    assert site_of("jekyll", single).authors["ann"].url == ""


def test_sites_are_found_by_configuration_else_by_posts() -> None:
    """Fixtures of tests are no sites."""
    nested = WrittenFiles({"docs/_config.yml": "", "docs/_posts/2024-05-06-a.md": ""})
    assert [site.root for site in find_sites(nested)] == ["docs"]
    fixtures = WrittenFiles({"test/_config.yml": "", "test/_posts/2024-05-06-a.md": ""})
    assert find_sites(fixtures) == ()
    bare = WrittenFiles({"blog/_posts/2024-05-06-a.md": "", "README.md": ""})
    (site,) = find_sites(bare)
    assert list(folders_of(site)) == ["blog/_posts"]

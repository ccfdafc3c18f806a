"""Sites of Next and Astro publish dated Markdown by the routes that their files make."""

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

POST = post(title="A", date="2024-05-06")


@pytest.mark.parametrize(
    ("route", "folder", "pattern"),
    [
        ("src/app/blog/[year]/[month]/[slug]/page.tsx", "blog/posts", "/blog/:year/:month/:slug"),
        ("app/(site)/[locale]/news/[...slug]/page.js", "data/news", "/:locale/news/:slug"),
        ("pages/posts/[slug].tsx", "_posts", "/posts/:slug"),
        ("src/pages/blog/[slug]/index.js", "content/articles", "/blog/:slug"),
        ("src/app/blog/[slug]/layout.tsx", "content/articles", "/articles/:slug"),
        ("src/app/about/page.tsx", "content/articles", "/articles/:slug"),
        ("src/app/x/[slug]/style.css", "content/articles", "/articles/:slug"),
        ("pages/[slug].tsx", "content/articles", "/:slug"),
        ("src/app/blog/page/[page]/page.tsx", "content/articles", "/articles/:slug"),
        ("src/app/blog/tags/[tag]/page.tsx", "content/articles", "/articles/:slug"),
    ],
)
def test_the_route_that_fits_a_folder_is_its_pattern(route: str, folder: str, pattern: str) -> None:
    """Else the only one of a blog, else the only one of all, else the name of the folder."""
    files = {"next.config.ts": "", route: "", f"{folder}/2024-05-06-a.md": POST}
    if folder.startswith("_"):
        files = {"next.config.ts": "", route: "", f"content/{folder}/2024-05-06-a.md": POST}
    assert [*folders_of(site_of("next", files)).values()] == [pattern]


@pytest.mark.parametrize(
    ("pattern", "path", "meta", "url"),
    [
        ("[year]/[month]/[day]/[slug]", "2024-05-06-a.md", {}, "/blog/2024/05/06/a"),
        ("[year]/[slug]", "a.md", {}, "/blog/2024/a"),
        ("[slug]", "2024-05-06-a.md", {}, "/blog/2024-05-06-a"),
        ("[slug]", "a/index.mdx", {}, "/blog/a"),
        ("[...slug]", "in/a.md", {}, "/blog/in/a"),
        ("[slug]", "in/a.md", {}, "/blog/a"),
        ("[slug]", "in/a/index.md", {}, "/blog/a"),
        ("[...url]", "a.md", {"url": "own/x", "slug": "other"}, "/blog/own/x"),
        ("[id]", "a.md", {"id": "1"}, "/blog/a"),
        ("[slug]", "a.md", {"slug": "/own/"}, "/blog/own"),
    ],
)
def test_an_url_of_next_is_that_of_the_route(
    pattern: str, path: str, meta: dict[str, object], url: str
) -> None:
    """Parts of the date are of the file name, else of the date of the post."""
    files = {"next.config.js": "", f"app/blog/{pattern}/page.tsx": "", f"blog/{path}": POST}
    files["blog/x.md"] = POST
    site = site_of("next", files)
    assert url_of(site, f"blog/{path}", **meta) == url
    assert defaults_of(site, f"blog/{path}") == {}


def test_contentlayer_may_make_slugs_of_paths() -> None:
    """Then a page's own slug does not count, as the computed field takes its place."""
    computed = (
        "const fields = { slug: { type: 'string', resolve: (doc) => doc._raw.flattenedPath } }"
    )
    files = {"next.config.js": "", "app/blog/[...slug]/page.tsx": "", "data/blog/a.md": POST}
    for config, url in ((computed, "/blog/a"), ("{ slug: { type: 'string' } }", "/blog/own")):
        site = site_of("next", {**files, "contentlayer.config.ts": config})
        assert url_of(site, "data/blog/a.md", slug="own") == url


def test_a_route_of_folders_serves_what_is_below_the_folder_of_its_name() -> None:
    """Although posts are found one folder deeper."""
    files = {
        "next.config.js": "",
        "app/blog/[...slug]/page.tsx": "",
        "data/blog/nginx/2024-05-06-a.mdx": POST,
        "data/blog/news/2024-05-06-b.mdx": POST,
    }
    site = site_of("next", files)
    assert list(folders_of(site)) == ["data/blog/news", "data/blog/nginx"]
    assert url_of(site, "data/blog/nginx/a.mdx") == "/blog/nginx/a"


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("posts/en/a.mdx", "/en/posts/a"),
        ("posts/pt-BR/a.mdx", "/pt-BR/posts/a"),
        ("posts/a.mdx", "/posts/a"),
        ("posts/xy/a.mdx", "/posts/a"),
        ("content/fr/posts/a.mdx", "/fr/posts/a"),
    ],
)
def test_a_language_in_the_path_takes_its_place_in_the_route(path: str, url: str) -> None:
    """It is no folder of the page then; without one the place is left out."""
    files = {"next.config.js": "", "app/[locale]/posts/[slug]/page.tsx": "", path: POST}
    assert url_of(site_of("next", files), path) == url


def test_pages_of_next_may_be_routes_themselves() -> None:
    """Markdown below ``pages``, and files called page below ``app``."""
    files = {
        "package.json": '{"dependencies": {"next": "15.0.0"}}',
        "pages/blog/2024-05-06-a.mdx": POST,
        "pages/news/index.mdx": POST,
        "app/(site)/notes/a/page.mdx": POST,
        "app/uses/page.tsx": "",
        "app/uses/content.mdx": POST,
        "app/ideas/page.tsx": "",
        "app/ideas/[slug]/page.tsx": "",
        "app/ideas/a.mdx": POST,
    }
    (site,) = find_sites(WrittenFiles(files))
    assert [each.path for each in site.left_out] == ["app/uses", "pages"]
    assert list(folders_of(site)) == ["app/(site)/notes/a", "app/ideas", "pages/blog"]
    assert url_of(site, "pages/blog/2024-05-06-a.mdx") == "/blog/2024-05-06-a"
    assert url_of(site, "pages/news/index.mdx") == "/news"
    assert url_of(site, "app/(site)/notes/a/page.mdx") == "/notes/a"
    assert url_of(site, "app/ideas/a.mdx") == "/ideas/a"


def test_a_year_that_nobody_gave_is_the_name_of_the_page() -> None:
    """There is nothing else to put there."""
    files = {"next.config.js": "", "app/blog/[year]/[slug]/page.tsx": "", "blog/a.md": POST}
    assert url_of(site_of("next", files), "blog/a.md", "") == "/blog/a/a"


def test_literals_of_next_change_urls() -> None:
    """The base path and the slash at the end; the host is that of a CNAME or the package."""
    config = "const c = { basePath: '/site', trailingSlash: true }"
    files = {"next.config.js": config, "public/CNAME": "agency.gov", "blog/2024-05-06-a.md": POST}
    (site,) = find_sites(WrittenFiles(files))
    assert site.engine == "next"
    assert url_of(site, "blog/2024-05-06-a.md") == "https://agency.gov/site/blog/2024-05-06-a/"
    assert url_of(site, "about.md") == "https://agency.gov/about.md"
    assert hidden_by(site, "blog/2024-05-06-a.md") == ""
    assert "not in a folder" in hidden_by(site, "about.md")
    assert "index page" in hidden_by(site, "blog/index.md")


def test_a_folder_that_the_settings_name_has_the_route_that_fits() -> None:
    """As one that was found has."""
    files = {"next.config.js": "", "app/news/[slug]/page.tsx": ""}
    assert folder_pattern(site_of("next", files), "data/news") == "/news/:slug"
    assert folder_pattern(site_of("astro", ASTRO), "data/blog") == "/blog/:slug"


ASTRO = {
    "astro.config.mjs": "export default { site: 'https://agency.gov', base: '/b' }",
    "src/content/blog/My Post.md": POST,
    "src/content/authors/ann.json": '{"name": "Ann Lee"}',
    "src/pages/blog/[...slug].astro": "",
    "src/pages/index.astro": "",
    "src/pages/news/index.md": POST,
    "src/pages/news/a.md": POST,
    "src/pages/robots.ts": "",
    "public/posts/2024-05-06-copy.md": POST,
}


def test_collections_and_pages_of_astro_are_folders_of_posts() -> None:
    """Collections by the route that fits, pages by their path."""
    site = site_of("astro", ASTRO)
    assert folders_of(site) == {"src/content/blog": "/blog/:slug", "src/pages/news": ""}
    assert site.authors["ann"].name == "Ann Lee"
    assert defaults_of(site, "src/pages/news/a.md") == {}
    assert url_of(site, "src/content/blog/My Post.md") == "https://agency.gov/b/blog/my-post/"
    assert url_of(site, "src/pages/news/a.md") == "https://agency.gov/b/news/a/"
    assert url_of(site, "src/pages/news/index.md") == "https://agency.gov/b/news/"
    assert url_of(site, "src/pages/index.md") == "https://agency.gov/b/"
    assert url_of(site, "elsewhere/a.md") == "https://agency.gov/elsewhere/a.md"


def test_a_route_of_astro_may_name_its_collection() -> None:
    """Whatever it is called; lists of pages name it, too."""
    files = {
        "package.json": '{"devDependencies": {"astro": "5.0.0"}}',
        "src/content/journal/a.md": POST,
        "src/content/news/a.md": POST,
        "src/pages/[...id].astro": "await getCollection('journal')",
        "src/pages/tags/[tag].astro": "await getCollection('journal')",
        "src/pages/blog/[...page].astro": "await getCollection('news')",
        "src/pages/blog/[slug].astro": 'await getCollection("news")',
    }
    (site,) = find_sites(WrittenFiles(files))
    assert folders_of(site) == {"src/content/journal": "/:id", "src/content/news": "/blog/:slug"}
    assert url_of(site, "src/content/journal/a.md") == "/a/"


def test_a_site_of_astro_may_have_no_slashes_and_no_host() -> None:
    """By literals; the host is then that of a CNAME file."""
    config = "export default { trailingSlash: 'never' }"
    files = {**ASTRO, "astro.config.mjs": config, "public/CNAME": "agency.gov"}
    site = site_of("astro", files)
    assert url_of(site, "src/pages/news/a.md") == "https://agency.gov/news/a"


@pytest.mark.parametrize(
    ("path", "meta", "reason"),
    [
        ("src/content/blog/a.md", {}, ""),
        ("src/content/blog/_a.md", {}, "underscore"),
        ("src/content/blog/index.md", {}, "index page"),
        ("src/content/blog/a.md", {"draft": "true"}, "draft"),
        ("a.md", {}, "not in a folder"),
    ],
)
def test_what_astro_does_not_publish_is_hidden(
    path: str, meta: dict[str, object], reason: str
) -> None:
    """Drafts, and names that begin with an underscore."""
    assert reason in hidden_by(site_of("astro", ASTRO), path, **meta)
    assert bool(reason) == bool(hidden_by(site_of("astro", ASTRO), path, **meta))

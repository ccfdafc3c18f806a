"""Lists that grow with the content are paged or bounded."""

import re
from urllib.parse import urlencode

import pytest
from lxml import etree

from syndicate.model.category import Category
from syndicate.model.change import LedgerEntry
from syndicate.model.feed import MAX_SOURCES, MAX_TOMBSTONES, build_feed_view, find_tombstones
from syndicate.model.ledger import LedgerRow
from syndicate.model.near_misses import near_misses
from syndicate.model.query import Query
from tests import samples
from tests.web.app_client import AppClient, SampleReader

PUBLIC = samples.SERVICE_INFO.public_url
COUNT = 12_000
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
SLUGS = [f"topic-{n:05}" for n in range(COUNT)]
POSTS = tuple(
    samples.post(
        f"news/2024-01-{n % 28 + 1:02}-post-{n}.md",
        categories=(
            *(Category(slug=slug, title=slug.title()) for slug in SLUGS[n * 100 : n * 100 + 100]),
            *([Category(slug="common", title="Common")] if n % 2 else []),
        ),
    )
    for n in range(COUNT // 100)
)


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts in 12,001 categories."""
    return AppClient(reader=SampleReader(current=samples.edition(*POSTS)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 100_000),
        ("/categories", 300_000),
        ("/about", 100_000),
        ("/opml", 1_000_000),
        ("/sitemap.xml", 3_000_000),
        ("/sitemap.xml?part=1", 3_000_000),
        ("/v1/categories", 150_000),
        ("/v1/sources", 150_000),
        ("/feeds/all?content=none&limit=1", 150_000),
        ("/feeds/nothing.json", 2_000),
        ("/feeds/nothing", 20_000),
        ("/feeds/all.json?category=nothing", 2_000),
    ],
)
def test_response_size_is_bounded(client: AppClient, path: str, most: int) -> None:
    """However many categories there are."""
    assert len(client.get(path).content) < most
    assert len(client.get(path, accept="text/html").content) < max(most, 20_000)


@pytest.mark.slow
def test_pages_contain_every_category_once(client: AppClient) -> None:
    """In the API by next_url, on pages by links."""
    found: list[str] = []
    path = "/v1/categories"
    while path:
        response = client.get(path)
        assert response.link("next") == response.json()["next_url"]
        found += [category["slug"] for category in response.json()["items"]]
        path = (response.json()["next_url"] or "").removeprefix(PUBLIC)
    assert found == sorted(["common", *SLUGS])

    pages: list[str] = []
    path = "/categories"
    while path:
        page = client.get(path).text
        pages += re.findall(r'<h3><a href="/feeds/([^"]*)"', page)
        (path,) = re.findall(r'<a rel="next" href="([^"]*)"', page) or [""]
    assert pages == found


def test_limit_is_the_length_of_a_page(client: AppClient) -> None:
    """A cursor stays valid when its category is gone; an invalid one is rejected."""
    first = client.get("/v1/categories?limit=2").json()
    assert [one["slug"] for one in first["items"]] == ["common", "topic-00000"]
    second = client.get(first["next_url"].removeprefix(PUBLIC)).json()
    assert [one["slug"] for one in second["items"]] == ["topic-00001", "topic-00002"]
    for after in ("x", "MTIz", "9"):
        for path in ("/v1/categories", "/v1/sources", "/categories"):
            response = client.get(f"{path}?after={after}")
            assert (response.status_code, response.json()["code"]) == (400, "malformed-cursor")
    assert client.get("/v1/categories?limit=201").status_code == 400


def test_sources_are_paged() -> None:
    """By name."""
    posts = [samples.post(source=f"s{n:03}") for n in range(250)]
    client = AppClient(reader=SampleReader(current=samples.edition(*posts)))
    first = client.get("/v1/sources").json()
    rest = client.get(first["next_url"].removeprefix(PUBLIC)).json()
    names = [one["name"] for one in (*first["items"], *rest["items"])]
    assert names == [f"s{n:03}" for n in range(250)]
    assert rest["next_url"] is None


def test_directory_has_the_largest_categories(client: AppClient) -> None:
    """With their number and a link to all of them."""
    page = client.get("/").text
    (chips,) = re.findall(r'<ul class="chips">(.*?)</ul>', page, re.DOTALL)
    shown = re.findall(r'<a href="/feeds/([^"]*)"', chips)
    assert shown[0] == "common"
    assert len(shown) == 10
    assert '<a href="/categories">All 12,001 categories</a>' in page


def test_opml_names_what_it_leaves_out(client: AppClient) -> None:
    """The largest categories, and a comment with the URL of all of them."""
    response = client.get("/opml")
    root = etree.fromstring(response.content)
    (comment,) = root.iter(etree.Comment)
    said = str(comment.text)
    assert "of 12,004 feeds" in said
    assert f"{PUBLIC}/v1/categories" in said
    assert 500 < len(root.findall("body/outline")) < 510


@pytest.mark.slow
def test_long_sitemap_is_an_index_of_parts(client: AppClient) -> None:
    """All pages are in one of them; a part that does not exist gets 404."""
    index = etree.fromstring(client.get("/sitemap.xml").content)
    assert index.tag == f"{SITEMAP}sitemapindex"
    parts = [one.findtext(f"{SITEMAP}loc") or "" for one in index]
    assert parts == [f"{PUBLIC}/sitemap.xml?part=1", f"{PUBLIC}/sitemap.xml?part=2"]
    found = [
        url.findtext(f"{SITEMAP}loc")
        for part in parts
        for url in etree.fromstring(client.get(part.removeprefix(PUBLIC)).content)
    ]
    names = ["all", "carousel", "news", "common", *SLUGS]
    assert found == [f"{PUBLIC}/", f"{PUBLIC}/about", *(f"{PUBLIC}/feeds/{n}" for n in names)]
    for part in ("3", "-1", "x", "99999999"):
        assert client.get(f"/sitemap.xml?part={part}").status_code == 404


def test_short_sitemap_has_no_parts() -> None:
    """Nor one without any category."""
    client = AppClient(reader=SampleReader(current=samples.edition(samples.post(categories=()))))
    assert client.get("/sitemap.xml").status_code == 200
    assert client.get("/sitemap.xml?part=1").status_code == 404


@pytest.mark.parametrize(
    ("requested", "meant"),
    [
        ("topic-0012", "topic-00120"),
        ("topic-0O123", "topic-00123"),
        ("Topci-00123", "topic-00123"),
        ("comon", "common"),
        ("commons", "common"),
    ],
)
def test_error_lists_similar_names_first(client: AppClient, requested: str, meant: str) -> None:
    """At most twenty, with the number and the URL of all of them."""
    query = urlencode({"category": requested})
    for path in (f"/feeds/{requested}x.json", f"/feeds/all.json?{query}", f"/v1/posts?{query}"):
        problem = client.get(path).json()
        assert len(problem["known"]) == 20
        assert problem["known_total"] in (COUNT + 1, COUNT + 4)
        assert problem["known_url"] == f"{PUBLIC}/v1/categories"
    assert meant in client.get(f"/feeds/all.json?{query}").json()["known"][:12]


def test_search_for_similar_names_is_fast() -> None:
    """For a text of any length and script; names with the same beginning are found."""
    names = sorted(SLUGS)
    for requested in ("", "x" * 8_000, "é" * 500, "zzz", "\ud800", "topic-"):
        found = near_misses(requested, names)
        assert len(found) == 20
        assert set(found) <= set(names)


def test_error_page_has_the_number_of_names(client: AppClient) -> None:
    """Twenty links, and one to all categories."""
    page = client.get("/feeds/nothing", accept="text/html").text
    assert "Showing 20 of 12,004." in page
    assert '<a href="/categories">' in page


def test_filters_have_the_largest_categories(client: AppClient) -> None:
    """And the selected ones, so that they can be deselected."""
    page = client.get(f"/feeds/all?category={SLUGS[-1]}").text
    offered = re.findall(r'name="category" value="([^"]*)"', page)
    assert len(offered) == 101
    assert {"common", SLUGS[-1]} <= set(offered)


def test_feed_lists_the_sources_of_its_page() -> None:
    """Where there are very many, those of other pages are left out."""
    posts = [samples.post(f"{n}.md", source=f"s{n:03}") for n in range(MAX_SOURCES + 1)]
    edition = samples.edition(*posts)
    assert len(build_feed_view(edition, "all", Query(limit=10)).sources) == 10
    assert (
        len(build_feed_view(samples.edition(*posts[1:]), "all", Query(limit=10)).sources)
        == MAX_SOURCES
    )


def test_a_feed_has_the_latest_tombstones() -> None:
    """At most 200, in the order of the ledger."""
    edition = samples.edition(samples.post())
    gone = [samples.post(f"news/2024-01-01-gone-{n}.md") for n in range(MAX_TOMBSTONES + 50)]
    entries = tuple(
        LedgerEntry(
            row=LedgerRow.from_post(post, is_live=False, generation=n),
            reason="deleted",
            noticed_at=samples.NOW.replace(microsecond=n),
            commit=samples.COMMIT,
        )
        for n, post in enumerate(gone)
    )
    found = find_tombstones(entries, edition, edition.feed("all").selection)
    assert [one.post_id for one in found] == [post.id for post in gone[50:]]

"""OPML, sitemap, robots.txt and security.txt."""

import email
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from syndicate.model.edition import Edition, NamedFeed, UnavailableSource
from syndicate.model.selection import Selection
from tests import samples
from tests.web.app_client import NAMED, POSTS, VOCABULARY, AppClient, SampleReader, app_client

PUBLIC = samples.SERVICE_INFO.public_url
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(scope="module")
def client() -> AppClient:
    """Return a service of posts of two sources."""
    return app_client()


@pytest.mark.parametrize(
    ("query", "suffix"),
    [
        ("", "rss"),
        ("?format=", "rss"),
        ("?format=rss&x=1", "rss"),
        ("?format=Atom", "atom"),
        ("?format=json", "json"),
    ],
)
def test_opml_has_every_feed_in_one_format(client: AppClient, query: str, suffix: str) -> None:
    """With its title, URL and page, so that a reader that imports the list subscribes once."""
    response = client.get(f"/opml{query}")

    assert response.headers["content-type"] == "text/x-opml; charset=utf-8"
    assert response.link("self") == f"{PUBLIC}/opml{'' if suffix == 'rss' else f'?format={suffix}'}"
    root = etree.fromstring(response.content)
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert root.findtext("head/title") == samples.SERVICE_INFO.title
    assert root.findtext("head/dateModified") == "Fri, 01 Mar 2024 00:00:00 -0500"
    feeds = root.findall("body/outline")
    names = ["all", "carousel", NAMED.name, "news", "updates", "technology", "tts"]
    assert [feed.get("xmlUrl") for feed in feeds] == [
        f"{PUBLIC}/feeds/{name}.{suffix}" for name in names
    ]
    assert {feed.get("type") for feed in feeds} == {"rss"}
    assert dict(feeds[2].items()) == {
        "type": "rss",
        **({"version": "RSS2"} if suffix == "rss" else {}),
        "text": NAMED.title,
        "title": NAMED.title,
        "description": NAMED.description,
        "xmlUrl": f"{PUBLIC}/feeds/{NAMED.name}.{suffix}",
        "htmlUrl": f"{PUBLIC}/feeds/{NAMED.name}",
    }


@pytest.mark.parametrize("query", ["?format=opml", "?format=rss&format=atom"])
def test_unknown_format_of_opml_gets_400(client: AppClient, query: str) -> None:
    """With the formats there are."""
    response = client.get(f"/opml{query}")

    assert response.status_code == 400
    problem = response.json()
    assert (problem["code"], problem["known"]) == ("malformed-parameter", ["json", "rss", "atom"])


@pytest.mark.parametrize("suffix", ["json", "rss", "atom"])
def test_every_url_in_opml_is_served(client: AppClient, suffix: str) -> None:
    """All feeds and pages."""
    root = etree.fromstring(client.get(f"/opml?format={suffix}").content)

    urls = [feed.get(name, "") for feed in root.iter("outline") for name in ("xmlUrl", "htmlUrl")]
    assert {client.get(url.removeprefix(PUBLIC)).status_code for url in urls if url} == {200}


def test_sitemap_has_pages_with_dates(client: AppClient) -> None:
    """Each with the last change of its posts, but without the pages of posts."""
    response = client.get("/sitemap.xml")

    assert response.headers["content-type"] == "application/xml; charset=utf-8"
    pages = {
        url.findtext(f"{SITEMAP}loc"): url.findtext(f"{SITEMAP}lastmod")
        for url in etree.fromstring(response.content)
    }
    assert pages == {
        f"{PUBLIC}/": "2024-03-01T00:00:00-05:00",
        f"{PUBLIC}/about": None,
        f"{PUBLIC}/feeds/all": "2024-03-01T00:00:00-05:00",
        f"{PUBLIC}/feeds/carousel": "2024-03-01T00:00:00-05:00",
        f"{PUBLIC}/feeds/tech-carousel": "2024-03-01T00:00:00-05:00",
        f"{PUBLIC}/feeds/news": "2024-03-01T00:00:00-05:00",
        f"{PUBLIC}/feeds/updates": "2024-02-10T00:00:00-05:00",
        f"{PUBLIC}/feeds/technology": "2024-03-01T00:00:00-05:00",
        f"{PUBLIC}/feeds/tts": "2024-03-01T00:00:00-05:00",
    }
    assert {client.get((url or "").removeprefix(PUBLIC)).status_code for url in pages} == {200}


def test_empty_service_has_no_dates() -> None:
    """It has feeds and pages."""
    client = AppClient(reader=SampleReader(current=samples.edition(vocabulary=VOCABULARY)))

    assert b"lastmod" not in client.get("/sitemap.xml").content
    assert b"dateModified" not in client.get("/opml").content


def test_shadowed_feed_is_not_listed() -> None:
    """A named feed with the name of an automatic one has no URL of its own."""
    hidden = NamedFeed(name="all", title="Not this")
    client = AppClient(reader=SampleReader(current=samples.edition(*POSTS, named=[hidden])))

    assert b"Not this" not in client.get("/opml").content


def test_feed_that_was_not_read_yet_is_listed() -> None:
    """It has a URL and will have posts."""
    unread = UnavailableSource(source=samples.source("lost"), error="no repository")
    named = NamedFeed(
        name="later", title="Later", selection=Selection.create(sources=[unread.source.name])
    )
    edition = Edition.build(
        [samples.source_snapshot()], unavailable=[unread], at=samples.NOW, named_feeds=[named]
    )
    client = AppClient(reader=SampleReader(current=edition))

    assert f"{PUBLIC}/feeds/later" in client.get("/sitemap.xml").text
    assert "0 posts" in client.get("/").text


def test_shadowed_category_is_listed_with_its_query() -> None:
    """A source with the name of a category takes the name."""
    post = samples.post(source="tts", categories=(samples.TTS,))
    client = app_client(post)

    urls = [
        feed.get("xmlUrl") for feed in etree.fromstring(client.get("/opml").content).iter("outline")
    ]

    assert f"{PUBLIC}/feeds/tts.rss" in urls
    assert f"{PUBLIC}/feeds/all.rss?category=tts" in urls


def test_robots_txt_allows_everything(client: AppClient) -> None:
    """And names the sitemap."""
    response = client.get("/robots.txt")

    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text.splitlines() == [
        "User-agent: *",
        "Allow: /",
        "",
        f"Sitemap: {PUBLIC}/sitemap.xml",
    ]


def test_security_txt_has_contact_and_expiry(client: AppClient) -> None:
    """RFC 9116: contact, an expiry within a year, languages and its own URL."""
    response = client.get("/.well-known/security.txt")

    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    fields = email.message_from_string(response.text)
    assert fields["Contact"] == "mailto:feeds@example.gov"
    assert fields["Canonical"] == f"{PUBLIC}/.well-known/security.txt"
    left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=170) < left < timedelta(days=365)


def test_contact_url_is_kept() -> None:
    """It is not taken for an e-mail address."""
    service_info = replace(samples.SERVICE_INFO, contact="https://www.example.gov/contact")
    client = AppClient(reader=SampleReader(current=None), service_info=service_info)

    assert (
        "Contact: https://www.example.gov/contact\n" in client.get("/.well-known/security.txt").text
    )


def test_security_txt_requires_a_contact() -> None:
    """RFC 9116."""
    client = AppClient(
        reader=SampleReader(current=None), service_info=replace(samples.SERVICE_INFO, contact="")
    )

    assert client.get("/.well-known/security.txt").status_code == 404


def test_favicon_is_an_icon_or_that_of_the_agency() -> None:
    """Browsers and feed readers ask for it by themselves."""
    client = app_client()
    icon = client.get("/favicon.ico")

    assert icon.headers["content-type"] == "image/x-icon"
    assert icon.content[:6] == b"\0\0\1\0\3\0"  # an ICO of three images
    assert icon.headers["cache-control"].startswith("public, max-age=300")

    agency = replace(samples.SERVICE_INFO, icon_url="https://www.example.gov/icon.svg")
    branded = AppClient(reader=client.reader, service_info=agency).get("/favicon.ico")
    assert branded.status_code == 302
    assert branded.headers["location"] == "https://www.example.gov/icon.svg"

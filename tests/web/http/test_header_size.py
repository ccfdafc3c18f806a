"""Response heads stay below 2 kB: proxies buffer no more than 4 kB."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import get_args
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syndicate.feeds.formats.link import MAX_LINK_BYTES, Link, link_header
from syndicate.model.category import Category
from syndicate.model.query import ContentMode
from syndicate.web.http.server import uvloop_runner
from tests import samples
from tests.web.app_client import NAMED, VOCABULARY, AppClient, SampleReader
from tests.web.http.live_server import exchange_bytes, serve_app

MAX_HEAD = 2_048

SLUGS = tuple(f"category-with-a-rather-long-name-{n}" for n in range(200))
POSTS = tuple(
    samples.post(
        f"news/2024-01-{n % 28 + 1:02}-post-{n}.md",
        categories=(Category(slug=slug, title=slug.replace("-", " ").title()),),
        language="es" if n % 2 else "en",
        carousel=n % 3 == 0,
    )
    for n, slug in enumerate(SLUGS)
)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """Return the loop in which the server runs."""
    with uvloop_runner() as loop:
        yield loop


@pytest.fixture(scope="module")
def address(loop: asyncio.Runner) -> Iterator[str]:
    """Return where the service of `POSTS` listens."""
    edition = samples.edition(*POSTS, vocabulary=VOCABULARY, named=[NAMED])
    context = serve_app(AppClient(reader=SampleReader(current=edition)).app)
    yield loop.run(context.__aenter__())
    loop.run(context.__aexit__(None, None, None))


PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "category": st.lists(st.sampled_from(SLUGS), max_size=120),
        "match": st.sampled_from(["any", "all"]),
        "carousel": st.sampled_from(["true", "false"]),
        "source": st.just("news"),
        "language": st.lists(st.sampled_from(["en", "es", "es-pr", "fr-ca"]), max_size=3),
        "limit": st.integers(1, 200).map(str),
        "content": st.sampled_from(get_args(ContentMode)),
        "foreign": st.text(max_size=2_000),
    },
)
PATHS = st.sampled_from(
    [
        *("/feeds/all", "/feeds/all.json", "/feeds/all.rss", "/feeds/tech-carousel.atom"),
        *("/feeds/TTS", "/feeds/TTS.rss", "/feeds/all/", "/feeds/nothing.json", "/feeds"),
        *(f"/feeds/{SLUGS[0]}.atom", f"/feeds/{quote('é' * 300)}.rss", "/assets/news/x.png"),
        *("/", "/about", "/opml", "/sitemap.xml", "/openapi.json"),
        *("/v1/posts", "/v1/categories", "/v1/sources", "/v1/changes"),
    ]
)


@pytest.mark.slow
@settings(max_examples=150)
@given(path=PATHS, parameters=PARAMETERS, accept=st.sampled_from(["text/html", "*/*"]))
@example(path="/feeds/all.json", parameters={"category": SLUGS[:20]}, accept="*/*")
@example(path="/feeds/all", parameters={"category": SLUGS[:20]}, accept="*/*")
@example(path="/feeds/TTS.rss", parameters={"category": SLUGS[:30]}, accept="*/*")
@example(path="/feeds/all/", parameters={"foreign": "é" * 900}, accept="*/*")
def test_response_head_is_less_than_2_kb(
    loop: asyncio.Runner,
    address: str,
    path: str,
    parameters: dict[str, object],
    accept: str,
) -> None:
    """Status line, all fields and the empty line, as they are sent."""
    target = f"{path}?{urlencode(parameters, doseq=True, errors='replace')}"
    request = f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: {accept}\r\n"
    request += "Accept-Encoding: gzip, br\r\n\r\n"
    head, _, _ = loop.run(exchange_bytes(address, request.encode())).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 ")
    assert len(head) + 4 < MAX_HEAD


def test_long_query_keeps_the_links_of_websub() -> None:
    """Self and hub are in the Link field; other formats and the page are not."""
    service_info = replace(samples.SERVICE_INFO, hub_url="https://feeds.example.gov/hub")
    client = AppClient(
        reader=SampleReader(current=samples.edition(*POSTS)), service_info=service_info
    )
    query = urlencode({"category": SLUGS[:12]}, doseq=True)
    response = client.get(f"/feeds/all.json?{query}&limit=5")
    assert response.status_code == 200
    assert re.findall('rel="([a-z]+)"', response.headers["link"]) == ["self", "hub"]
    assert response.link("self") == response.json()["feed_url"]


def test_least_important_links_are_left_out_first() -> None:
    """Formats and licenses before paging, that before self and hub; the order stays."""
    long = "https://feeds.example.gov/feeds/all?" + "q" * 200
    rels = [
        *("alternate", "self", "first", "previous", "next"),
        *("hub", "license", "canonical", "alternate"),
    ]
    links = [Link(rel=rel, href=f"{long}{n}") for n, rel in enumerate(rels)]
    field = link_header(links)
    assert re.findall('rel="([a-z]+)"', field) == ["self", "next", "hub"]
    assert len(field) <= MAX_LINK_BYTES


def test_hub_link_needs_the_self_link() -> None:
    """Where self does not fit, the links in the body count."""
    links = [
        Link(rel="self", href=f"https://feeds.example.gov/?{'q' * MAX_LINK_BYTES}"),
        Link(rel="hub", href="https://feeds.example.gov/hub"),
    ]
    assert link_header(links) == ""


def test_redirect_to_a_very_long_url_gets_414() -> None:
    """Instead of a head that a proxy in front cannot buffer."""
    client = AppClient(reader=SampleReader(current=samples.edition(*POSTS, vocabulary=VOCABULARY)))
    assert client.get(f"/feeds/TTS.json?x={'x' * 100}").status_code == 301
    response = client.get(f"/feeds/TTS.json?x={'x' * 2_000}")
    assert response.status_code == 414
    assert response.json()["code"] == "uri-too-long"

"""Posts of small sites come out as the engines of these sites publish them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Any
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

import html5lib
import pytest

from syndicate.cache import Cache
from syndicate.content.link_targets import LinkTargets
from syndicate.content.render_input import build_rendered_post
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.post import Path, Post, RenderedPost
from syndicate.render.pipeline import render
from syndicate.render.urls import absolute_url
from tests import engine_cases, samples
from tests.content_repository import ContentRepository
from tests.engine_cases import BASE_URL, EngineCase

CASES = {case.name: case for case in engine_cases.cases()}
FOLDERS = {"jekyll": ("_posts",), "hugo": ("content",), "eleventy": ("posts",)}
LINKS = {"a": "href", "img": "src"}
NOW = datetime(2024, 6, 30, tzinfo=UTC)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
HIDDEN = ("script", "style", "template")


def source_index(case: EngineCase, tmp_path: FilePath, cache: Cache) -> SourceIndex:
    """Return the index of the site of ``case``, whose files are committed to a new repository."""
    content = ContentRepository.create(tmp_path / "content")
    content.commit(dict(case.files))
    named: Mapping[str, Any] = case.settings
    folders = named.get("folders", FOLDERS[case.engine])
    source = replace(
        samples.source(
            "s",
            dialect=case.engine,
            folders=tuple(map(Path, folders)),
            site_url=named.get("site_url", BASE_URL),
            permalink=named.get("permalink", ""),
            zone=ZoneInfo(named.get("timezone", "UTC")),
        ),
        derived=() if "timezone" in named else ("timezone",),
        repository=str(content.path),
    )
    repository = Repository.open(str(content.path), ref="main", mirrors=tmp_path / "mirrors")
    return SourceIndex(source, repository, cache=cache, vocabulary=Vocabulary())


def rendered_posts(case: EngineCase, tmp_path: FilePath) -> Iterator[RenderedPost]:
    """Yield the live posts of ``case``, rendered in this process."""
    cache = Cache(tmp_path / "cache.db")
    index = source_index(case, tmp_path, cache)
    with index.repository:
        posts = index.snapshot(index.repository.head()).posts
        live = [post for post in posts if post.is_live(NOW)]
        for render_input in index.render_inputs(live, LinkTargets(posts=posts)):
            body, summary, card = map(render, render_input.requests)
            yield build_rendered_post(render_input, (body, summary, card))
    cache.close()


def seen(html: str, page_url: str) -> list[str]:
    """Return what readers see of ``html``: words, and the targets of links and images."""
    found: list[str] = []

    def visit(element: Element) -> None:
        if element.tag in HIDDEN or not isinstance(element.tag, str):
            return
        target = element.get(LINKS.get(element.tag, ""))
        if target is not None:
            found.append(f"<{absolute_url(target, page_url, frozenset({'mailto'})) or target}>")
        if element.tag == "img":
            found.extend((element.get("alt") or "").split())
        found.extend((element.text or "").split())
        for child in element:
            visit(child)
            found.extend((child.tail or "").split())

    visit(html5lib.parseFragment(COMMENT.sub("", html), namespaceHTMLElements=False))
    return found


def expected(page: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an engine made of a page, in the form of `served`."""
    instant = page["published"]
    published = datetime.fromtimestamp(float(instant), UTC) if instant else None
    url = absolute_url(page["url"], BASE_URL, frozenset())
    shown = {"url": url, "published": published, "content": seen(page["content"], page["url"])}
    return shown | dict(page.get("also", {}))


def served(post: RenderedPost, page: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Syndicate serves of a page, in the form of `expected`."""
    own: Post = post.post
    also = {
        "summary": post.summary,
        "reading_minutes": post.reading_minutes,
        "categories": [category.title for category in own.categories],
        "authors": [author.name for author in post.authors],
        "image": post.image.url if post.image else "",
        "image_alt": post.image.alt if post.image else None,
    }
    return {
        "url": own.url,
        "published": own.published.astimezone(UTC) if page["published"] else None,
        "content": seen(post.content, own.url),
        **{name: value for name, value in also.items() if name in page.get("also", {})},
    }


@pytest.mark.parametrize("name", CASES)
def test_site_is_served_as_its_engine_publishes_it(name: str, tmp_path: FilePath) -> None:
    """The same posts, with the same URLs, dates, words, links and images."""
    case = CASES[name]
    pages = case.pages()
    posts = {post.post.title: post for post in rendered_posts(case, tmp_path)}

    assert {
        title: served(post, pages[title]) for title, post in posts.items() if title in pages
    } == {title: expected(page) for title, page in pages.items()}
    assert posts.keys() == pages.keys()

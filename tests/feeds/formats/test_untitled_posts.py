"""Posts without a title of their own, whose pages are titled by their file."""

import json
from typing import Final
from xml.etree import ElementTree as ET

import pytest

from syndicate.feeds.formats import FORMATS
from syndicate.model.post import Post, SafeHtml, title_from_text
from syndicate.model.query import ContentMode
from tests import samples
from tests.feeds.formats.feed_readers import ATOM

UNTITLED: Final = samples.post(title="2024 01 29 note", is_named_after_file=True)


def titles(post: Post, text: str, content: ContentMode = "full") -> dict[str, str | None]:
    """Return the title that each format has of a post with ``text``, None without one."""
    item = samples.rendered_post(
        post, content=SafeHtml(f"<p>{text}</p>" if text else ""), text=text, summary=text
    )
    written = {
        name: feed_format.write(samples.feed(item, content=content))
        for name, feed_format in FORMATS.items()
    }
    return {
        "json": json.loads(written["json"])["items"][0].get("title"),
        "rss": ET.fromstring(written["rss"]).findtext("channel/item/title"),  # noqa: S314 — our own
        "atom": ET.fromstring(written["atom"]).findtext(f"{ATOM}entry/{ATOM}title"),  # noqa: S314
    }


@pytest.mark.parametrize("content", ["full", "text", "summary"])
def test_untitled_post_is_not_named_after_its_file(content: ContentMode) -> None:
    """RSS and JSON Feed allow no title; Atom requires one, which is the beginning of the text."""
    assert titles(UNTITLED, "The office is closed.", content) == {
        "json": None,
        "rss": None,
        "atom": "The office is closed.",
    }


def test_rss_item_has_title_or_description() -> None:
    """RSS 2.0 requires one of them, so an untitled item without content has the beginning."""
    assert titles(UNTITLED, "The office is closed.", "none")["rss"] == "The office is closed."
    assert titles(UNTITLED, "")["rss"] == UNTITLED.url


@pytest.mark.parametrize("title", ["", " \n ", "\0"])
def test_blank_title_is_none(title: str) -> None:
    """Of a post without any text, Atom has the URL."""
    post = samples.post(title=title)
    assert titles(post, "Words.") == {"json": None, "rss": None, "atom": "Words."}
    assert titles(post, "")["atom"] == post.url


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("One line.\nAnd more.\n\nOther.", "One line. And more."),
        ("word " * 30, f"{'word ' * 15}word…"),
        ("字" * 100, f"{'字' * 80}…"),
        ("", ""),
    ],
)
def test_title_from_text_is_its_beginning(text: str, title: str) -> None:
    """The first paragraph, cut between words where there are any."""
    assert title_from_text(text) == title

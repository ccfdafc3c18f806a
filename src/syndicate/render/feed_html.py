"""Adapts the HTML of a post to feed readers, which show it outside of a page."""

import re
from html import escape, unescape
from typing import Final

from syndicate.model.post import Post, SafeHtml
from syndicate.render.players import player_page
from syndicate.render.sanitizer.html_ids import id_prefix

_ATTRIBUTES: Final = r'(?: [\w-]+="[^"]*")*'
_IFRAME: Final = re.compile(rf"<iframe({_ATTRIBUTES})></iframe>")
_ATTRIBUTE: Final = re.compile(r' (src|title)="([^"]*)"')
_FRAGMENT_LINK: Final = re.compile(r'(<a(?: [\w-]+="[^"]*")*? href=")#([^"]*)')


def for_feed_readers(content: SafeHtml, post: Post) -> str:
    """Return ``content`` of ``post`` without parts that work only in a page.

    An iframe becomes a link to the page of its player, because most readers remove iframes with
    their content. A link within the post gets the URL of its page, because readers remove ids and
    have no base URL.
    """
    page, prefix = escape(post.url.partition("#")[0]), id_prefix(post.key)
    return _FRAGMENT_LINK.sub(
        lambda link: f"{link[1]}{page}#{link[2].removeprefix(prefix)}",
        _IFRAME.sub(_iframe_link, content),
    )


def paragraphs(text: str) -> str:
    """Return plain ``text`` as HTML: a paragraph for each part between empty lines."""
    parts = (escape(part, quote=False) for part in text.split("\n\n") if part.strip())
    return "".join(f"<p>{part.strip().replace(chr(10), '<br>')}</p>" for part in parts)


def _iframe_link(iframe: re.Match[str]) -> str:
    attributes = dict(_ATTRIBUTE.findall(iframe[1]))
    page = player_page(unescape(attributes["src"]))
    title = attributes.get("title", "").strip() or escape(page.title)
    return f'<a href="{escape(page.url)}">{title}</a>'

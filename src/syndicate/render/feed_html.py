"""Adapts the HTML of a post to feed readers, which show it outside of a page.

An embedded player becomes a link to the page of its video. The URL of a player is made for an
iframe: opened by itself, it shows a bare player or an error.
"""

import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from typing import Final, NamedTuple
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from syndicate.model.post import Post, SafeHtml
from syndicate.render.sanitizer.html_ids import id_prefix

_YOUTUBE: Final = "https://www.youtube.com"


class PlayerPage(NamedTuple):
    """The page of a video, and what to call it where the iframe has no title."""

    url: str
    title: str


def player_page(src: str) -> PlayerPage:
    """Return the page of the player at ``src``, the URL of an allowed iframe.

    That of an unknown player is its own URL.
    """
    parts = urlsplit(src)
    host = parts.hostname or ""
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    name = parts.path.rstrip("/").rpartition("/")[2]
    make_page = _PLAYERS.get(host.removeprefix("www."))
    if make_page is None or not name:
        return PlayerPage(src, f"Embedded content from {host}")
    return make_page(name, query)


def _youtube(video: str, query: Mapping[str, str]) -> PlayerPage:
    if video == "videoseries" and "list" in query:
        list_query = urlencode({"list": query["list"]})
        return PlayerPage(f"{_YOUTUBE}/playlist?{list_query}", "Playlist on YouTube")
    if video == "live_stream" and "channel" in query:
        channel = quote(query["channel"], safe="")
        return PlayerPage(f"{_YOUTUBE}/channel/{channel}/live", "Live video on YouTube")
    values = {"v": video, "list": query.get("list", "")}
    if query.get("start", "").isdecimal():
        values["t"] = f"{query['start']}s"
    pairs = urlencode({name: value for name, value in values.items() if value})
    return PlayerPage(f"{_YOUTUBE}/watch?{pairs}", "Video on YouTube")


def _vimeo(video: str, query: Mapping[str, str]) -> PlayerPage:
    """Return the page of a video; that of an unlisted one needs its hash."""
    unlisted = f"/{query['h']}" if query.get("h", "").isalnum() else ""
    return PlayerPage(f"https://vimeo.com/{video}{unlisted}", "Video on Vimeo")


def _internet_archive(item: str, _query: Mapping[str, str]) -> PlayerPage:
    return PlayerPage(f"https://archive.org/details/{item}", "Recording on the Internet Archive")


_PLAYERS: Final[Mapping[str, Callable[[str, Mapping[str, str]], PlayerPage]]] = {
    "archive.org": _internet_archive,
    "player.vimeo.com": _vimeo,
    "youtube-nocookie.com": _youtube,
    "youtube.com": _youtube,
}
"""How the page is made of the last part of the path and the query, by host without ``www.``."""


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

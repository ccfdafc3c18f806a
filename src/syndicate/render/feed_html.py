"""Makes HTML of a post fit for readers that show it apart from any page, as those of feeds do."""

import re
from html import escape
from typing import Final

from syndicate.model.post import Post, SafeHtml
from syndicate.render.sanitizer.html_ids import id_prefix

_ATTRIBUTES: Final = r'(?: [\w-]+="[^"]*")*'
_IFRAME: Final = re.compile(rf"<iframe({_ATTRIBUTES})></iframe>")
_ATTRIBUTE: Final = re.compile(r' (src|title)="([^"]*)"')
_FRAGMENT_LINK: Final = re.compile(r'(<a(?: [\w-]+="[^"]*")*? href=")#([^"]*)')


def for_feed_readers(content: SafeHtml, post: Post) -> str:
    """Return ``content`` of ``post`` without what works only in a page.

    A frame becomes a link, since most readers drop frames with all that is in them. A link to
    somewhere within the post leads to its page, since readers drop ids and know no base.
    """
    page, start = escape(post.url.partition("#")[0]), id_prefix(post.key)
    return _FRAGMENT_LINK.sub(
        lambda link: f"{link[1]}{page}#{link[2].removeprefix(start)}",
        _IFRAME.sub(_iframe_link, content),
    )


def _iframe_link(frame: re.Match[str]) -> str:
    attributes = dict(_ATTRIBUTE.findall(frame[1]))
    url = attributes["src"]
    return f'<a href="{url}">{attributes.get("title") or url}</a>'

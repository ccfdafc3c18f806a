"""Makes HTML of a post fit for readers that show it apart from any page, as those of feeds do."""

import re
from html import escape
from typing import Final

from syndicate.model.post import Post, SafeHtml
from syndicate.render.identity import prefix

_ATTRIBUTES: Final = r'(?: [\w-]+="[^"]*")*'
_FRAME: Final = re.compile(rf"<iframe({_ATTRIBUTES})></iframe>")
_ATTRIBUTE: Final = re.compile(r' (src|title)="([^"]*)"')
_LINK_WITHIN: Final = re.compile(r'(<a(?: [\w-]+="[^"]*")*? href=")#([^"]*)')


def standalone(content: SafeHtml, post: Post) -> str:
    """Return ``content`` of ``post`` without what works only in a page.

    A frame becomes a link, since most readers drop frames with all that is in them. A link to
    somewhere within the post leads to its page, since readers drop ids and know no base.
    """
    page, start = escape(post.url.partition("#")[0]), prefix(post.key)
    return _LINK_WITHIN.sub(
        lambda link: f"{link[1]}{page}#{link[2].removeprefix(start)}",
        _FRAME.sub(_link, content),
    )


def _link(frame: re.Match[str]) -> str:
    attributes = dict(_ATTRIBUTE.findall(frame[1]))
    address = attributes["src"]
    return f'<a href="{address}">{attributes.get("title") or address}</a>'

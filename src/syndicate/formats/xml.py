"""The door to feedgen and lxml: what RSS and Atom share, and cures for feedgen's faults.

feedgen makes each element, then hands it to an extension that finishes it: what feedgen leaves out
is added there, what it gets wrong is put right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import feedgen.entry
import feedgen.feed
from lxml import etree

from syndicate.formats.format import Frame
from syndicate.formats.wire import media_type, rfc822
from syndicate.model.feed import Feed, Masthead
from syndicate.model.post import Image, Item

Element = etree._Element  # noqa: SLF001 — lxml has no other name for its elements
Finish = Callable[[Element], None]

NAMESPACES: Final = {
    "at": "http://purl.org/atompub/tombstones/1.0",
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
    "media": "http://search.yahoo.com/mrss/",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
"""Prefixes as readers know them: some compare prefixes, not namespaces."""

# feedgen's own goes through the locale, which belongs to the whole process.
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = rfc822


@dataclass(frozen=True, slots=True)
class Finishing:
    """A feedgen extension that hands what feedgen made to ``finish``.

    ``prefixes`` are declared at the root of the feed, separated by spaces.
    """

    prefixes: str
    finish: Finish

    def extend_ns(self) -> dict[str, str]:
        """Return the namespaces to declare at the root."""
        return {prefix: NAMESPACES[prefix] for prefix in self.prefixes.split()}

    def extend_atom(self, element: Element) -> Element:
        """Finish a feed or an entry of Atom."""
        self.finish(element)
        return element

    extend_rss = extend_atom


def feed_generator(feed: Feed, prefixes: str, finish: Finish) -> feedgen.feed.FeedGenerator:
    """Return feedgen's feed with what RSS and Atom say alike, without links and entries.

    ``prefixes`` are declared at the root; ``finish`` gets the root before the entries are in it.
    """
    generator = feedgen.feed.FeedGenerator()
    generator.register_extension("finishing", partial(Finishing, prefixes, finish))
    generator.id(feed.url("", feed.first_query))
    generator.title(feed.title)
    generator.updated(feed.updated)
    generator.language(feed.language)
    generator.rights(_rights(feed))
    return generator


def entry_generator(item: Item, masthead: Masthead, finish: Finish) -> feedgen.entry.FeedEntry:
    """Return feedgen's entry with what RSS and Atom say alike; ``finish`` gets its element."""
    post = item.post
    entry = feedgen.entry.FeedEntry()
    entry.register_extension("finishing", partial(Finishing, "", finish))
    entry.guid(post.id, permalink=False)
    entry.title(post.title)
    entry.link(href=post.url)
    entry.published(post.published)
    entry.updated(post.updated)
    for category in post.categories:
        scheme = masthead.feed_url(category.slug)
        entry.category(term=category.slug, label=category.title, scheme=scheme)
    return entry


def child(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    """Append a child called ``name`` ("media:content", or bare); empty attributes are left out."""
    element = etree.SubElement(parent, qualified(name))
    element.text = text or None
    for key, value in attributes.items():
        if value:
            element.set(key, value)
    return element


def made(parent: Element, name: str) -> Element:
    """Return the first child called ``name``, which feedgen is known to have made."""
    return next(parent.iterchildren(name))


def qualified(name: str) -> str:
    """Return ``prefix:name`` as lxml knows it."""
    prefix, colon, local = name.rpartition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if colon else name


def picture(parent: Element, image: Image | None) -> None:
    """Append ``image`` with its alternative text by Media RSS 1.5.1, once."""
    if image:
        content = child(
            parent, "media:content", url=image.url, medium="image", type=media_type(image.url)
        )
        if image.alt:
            child(content, "media:description", image.alt, type="plain")


def fragment(element: Element, prefixes: str) -> bytes:
    """Return the bytes of ``element`` inside a root that declares ``prefixes``."""
    namespaces = {prefix: NAMESPACES[prefix] for prefix in prefixes.split()}
    carrier = etree.Element("carrier", nsmap=namespaces)
    opening = len(etree.tostring(carrier)) - len("/>") + len(">")
    carrier.append(element)
    return etree.tostring(carrier, encoding="UTF-8")[opening : -len("</carrier>")]


def frame(document: bytes, tail: bytes) -> Frame:
    """Return ``document``, which has no entries and ends with ``tail``, as what surrounds them."""
    return Frame(document.removesuffix(tail), tail)


def _rights(feed: Feed) -> str | None:
    """Return the rights that hold for every source, else those of each by its name."""
    rights = dict.fromkeys(source.rights for source in feed.sources)
    if len(rights) == 1:
        return next(iter(rights)) or None
    claims = (f"{source.title}: {source.rights}" for source in feed.sources if source.rights)
    return "; ".join(claims) or None

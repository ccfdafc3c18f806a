"""The door to feedgen: what RSS and Atom say alike, and a way to finish what feedgen makes.

feedgen makes each element, then hands it to an extension: what feedgen leaves out is added there,
what it gets wrong is put right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple, TypeAlias

from syndicate.feeds.formats import xml_elements
from syndicate.feeds.formats.text import rfc822
from syndicate.model.feed import Feed, ServiceInfo
from syndicate.model.post import RenderedPost

Patch = Callable[[xml_elements.Element], None]

FeedGenerator: TypeAlias = Any
"""feedgen's class of that name, which has no types."""

FeedEntry: TypeAlias = Any
"""Likewise."""


class _Feedgen(NamedTuple):
    feed: Callable[[], FeedGenerator]
    entry: Callable[[], FeedEntry]


@cache
def _feedgen() -> _Feedgen:
    """Load feedgen, which takes 40 ms, when the first XML is written.

    Its own way to write dates goes through the locale, which belongs to the whole process.
    """
    from feedgen import entry, feed  # noqa: PLC0415 — see above

    feed.formatRFC2822 = entry.formatRFC2822 = rfc822
    return _Feedgen(feed.FeedGenerator, entry.FeedEntry)


@dataclass(frozen=True, slots=True)
class PatchExtension:
    """A feedgen extension that hands what feedgen made to ``finish``.

    ``prefixes`` are declared at the root of the feed, separated by spaces.
    """

    prefixes: str
    patch: Patch

    def extend_ns(self) -> dict[str, str]:
        """Return the namespaces to declare at the root."""
        return {prefix: xml_elements.NAMESPACES[prefix] for prefix in self.prefixes.split()}

    def extend_atom(self, element: xml_elements.Element) -> xml_elements.Element:
        """Finish a feed or an entry of Atom."""
        self.patch(element)
        return element

    extend_rss = extend_atom


def feed_generator(feed: Feed, prefixes: str, patch: Patch) -> FeedGenerator:
    """Return feedgen's feed with what RSS and Atom say alike, without links and entries.

    ``prefixes`` are declared at the root; ``finish`` gets the root before the entries are in it.
    """
    builder = _feedgen().feed()
    builder.register_extension("finishing", partial(PatchExtension, prefixes, patch))
    builder.id(feed.url("", feed.first_query))
    builder.title(feed.title)
    builder.updated(feed.updated)
    builder.language(feed.language)
    builder.rights(_rights(feed))
    return builder


def entry_generator(item: RenderedPost, service_info: ServiceInfo, patch: Patch) -> FeedEntry:
    """Return feedgen's entry with what RSS and Atom say alike; ``finish`` gets its element."""
    post = item.post
    entry = _feedgen().entry()
    entry.register_extension("finishing", partial(PatchExtension, "", patch))
    entry.guid(post.id, permalink=False)
    entry.title(post.title)
    entry.link(href=post.url)
    entry.published(post.published)
    entry.updated(post.updated)
    # All at once: feedgen goes through all that it has with each call, so that a call for each
    # would be quadratic.
    entry.category(
        [
            {
                "term": category.slug,
                "label": category.title,
                "scheme": service_info.feed_url(category.slug),
            }
            for category in post.categories
        ]
    )
    return entry


def _rights(feed: Feed) -> str | None:
    """Return the rights that hold for every source, else those of each by its name."""
    rights = dict.fromkeys(source.rights for source in feed.sources)
    if len(rights) == 1:
        return next(iter(rights)) or None
    claims = (f"{source.title}: {source.rights}" for source in feed.sources if source.rights)
    return "; ".join(claims) or None

"""The adapter to feedgen: the elements that RSS and Atom share, and patches of its output.

feedgen creates each element, then passes it to an extension, which adds what feedgen leaves out
and corrects what is wrong.
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
"""The class of feedgen with this name, which has no type hints."""

FeedEntry: TypeAlias = Any
"""The class of feedgen with this name."""


class _Feedgen(NamedTuple):
    feed: Callable[[], FeedGenerator]
    entry: Callable[[], FeedEntry]


@cache
def _feedgen() -> _Feedgen:
    """Import feedgen, which takes 40 ms, when the first XML is written.

    Its own date format depends on the locale, which belongs to the whole process.
    """
    from feedgen import entry, feed  # noqa: PLC0415 — see above

    feed.formatRFC2822 = entry.formatRFC2822 = rfc822
    return _Feedgen(feed.FeedGenerator, entry.FeedEntry)


@dataclass(frozen=True, slots=True)
class PatchExtension:
    """A feedgen extension that passes each element to ``patch``.

    ``prefixes`` are declared at the root of the feed, separated by spaces.
    """

    prefixes: str
    patch: Patch

    def extend_ns(self) -> dict[str, str]:
        """Return the namespaces to declare at the root."""
        return {prefix: xml_elements.NAMESPACES[prefix] for prefix in self.prefixes.split()}

    def extend_atom(self, element: xml_elements.Element) -> xml_elements.Element:
        """Patch a feed or an entry."""
        self.patch(element)
        return element

    extend_rss = extend_atom


def feed_generator(feed: Feed, prefixes: str, patch: Patch) -> FeedGenerator:
    """Return a feedgen feed with the elements that RSS and Atom share, without links and entries.

    ``prefixes`` are declared at the root; ``patch`` gets the root before it has entries.
    """
    builder = _feedgen().feed()
    builder.register_extension("patch", partial(PatchExtension, prefixes, patch))
    builder.id(feed.url("", feed.first_query))
    builder.title(feed.title)
    builder.updated(feed.updated)
    builder.language(feed.language)
    builder.rights(_rights(feed))
    return builder


def entry_generator(item: RenderedPost, service_info: ServiceInfo, patch: Patch) -> FeedEntry:
    """Return a feedgen entry with what RSS and Atom share, without a title; ``patch`` gets it."""
    post = item.post
    entry = _feedgen().entry()
    entry.register_extension("patch", partial(PatchExtension, "", patch))
    entry.guid(post.id, permalink=False)
    entry.link(href=post.url)
    entry.published(post.published)
    entry.updated(post.updated)
    # All in one call: feedgen checks all existing categories with each call, so that one call for
    # each would take quadratic time.
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
    """Return the rights that all sources share, else those of each source by its title."""
    rights = dict.fromkeys(source.rights for source in feed.sources)
    if len(rights) == 1:
        return next(iter(rights)) or None
    claims = (f"{source.title}: {source.rights}" for source in feed.sources if source.rights)
    return "; ".join(claims) or None

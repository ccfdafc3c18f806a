"""The adapter to feedgen and lxml: elements that RSS and Atom share, and patches of the output.

feedgen creates each element, then passes it to an extension, which adds what feedgen leaves out
and corrects what is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType
from typing import Any, Final, NamedTuple, TypeAlias

from syndicate.feeds.formats.format import FeedEnvelope
from syndicate.feeds.formats.text import rfc822
from syndicate.model.asset import media_type_of_url
from syndicate.model.feed import Feed, ServiceInfo
from syndicate.model.post import Attachment, Image, RenderedPost

Element: TypeAlias = Any
"""The class of elements of lxml, which has no type hints."""

FeedGenerator: TypeAlias = Any
"""The class of feedgen with this name, which has no type hints."""

FeedEntry: TypeAlias = Any
"""The class of feedgen with this name."""

NAMESPACES: Final = {
    "at": "http://purl.org/atompub/tombstones/1.0",
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
    "media": "http://search.yahoo.com/mrss/",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
"""The usual prefixes: some feed readers compare prefixes, not namespaces."""


class _XmlLibraries(NamedTuple):
    etree: ModuleType
    feed: Callable[[], FeedGenerator]
    entry: Callable[[], FeedEntry]


@cache
def _libraries() -> _XmlLibraries:
    """Import lxml and feedgen when the first XML is written.

    Goal: a start from the cache answers the first feed after 0.7 s; with them it takes 55 ms more.
    feedgen's own date format depends on the locale, which belongs to the whole process.
    """
    from feedgen import entry, feed  # noqa: PLC0415 — see above
    from lxml import etree  # noqa: PLC0415 — see above

    feed.formatRFC2822 = entry.formatRFC2822 = rfc822
    return _XmlLibraries(etree, feed.FeedGenerator, entry.FeedEntry)


def new_element(name: str) -> Element:
    """Return an element called ``name``, without a parent."""
    return _libraries().etree.Element(name)


def add_child(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    """Append a child called ``name`` ("media:content", or bare); empty attributes are left out."""
    element = _libraries().etree.SubElement(parent, qualified_name(name))
    element.text = text or None
    for key, value in attributes.items():
        if value:
            element.set(key, value)
    return element


def find_child(parent: Element, name: str) -> Element:
    """Return the first child called ``name``, which must exist."""
    return next(parent.iterchildren(name))


def qualified_name(name: str) -> str:
    """Return ``prefix:name`` in the notation of lxml, with the namespace in braces."""
    prefix, colon, local = name.rpartition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if colon else name


def add_image(parent: Element, image: Image | None) -> None:
    """Append ``image`` with its alternative text (Media RSS 1.5.1)."""
    if image:
        content = add_child(
            parent,
            "media:content",
            url=image.url,
            medium="image",
            type=media_type_of_url(image.url),
            fileSize=_number(image.file_bytes),
        )
        if image.alt:
            add_child(content, "media:description", image.alt, type="plain")


def add_recording(parent: Element, attachment: Attachment) -> None:
    """Append ``attachment`` as an element of Media RSS 1.5.1."""
    kind = attachment.type.partition("/")[0]
    content = add_child(
        parent,
        "media:content",
        url=attachment.url,
        medium=kind if kind in ("audio", "image", "video") else "document",
        type=attachment.type,
        fileSize=_number(attachment_bytes(attachment)),
    )
    if attachment.title:
        add_child(content, "media:title", attachment.title, type="plain")


def attachment_bytes(attachment: Attachment) -> int | None:
    """Return the size of the file where it is in the repository, else the declared one."""
    return attachment.length if attachment.file_bytes is None else attachment.file_bytes


def as_enclosures(item: RenderedPost) -> tuple[Attachment, ...]:
    """Return what readers may download of ``item``: its attachments, then its image.

    Recordings come first, since RSS has one enclosure; an image of an unknown type is left out.
    """
    by_kind = sorted(item.attachments, key=_is_no_recording)
    image = item.image
    if image is None or not media_type_of_url(image.url):
        return tuple(by_kind)
    picture = Attachment(
        url=image.url, type=media_type_of_url(image.url), file_bytes=image.file_bytes
    )
    return (*by_kind, picture)


def _is_no_recording(attachment: Attachment) -> bool:
    return not attachment.type.startswith(("audio/", "video/"))


def _number(number: int | None) -> str:
    """Return ``number`` as the value of an attribute, empty if it is unknown."""
    return "" if number is None else str(number)


def serialize_fragment(element: Element, prefixes: str) -> bytes:
    """Serialize ``element`` as a child of a root that declares ``prefixes``."""
    namespaces = {prefix: NAMESPACES[prefix] for prefix in prefixes.split()}
    wrapper = _libraries().etree.Element("carrier", nsmap=namespaces)
    start = len(_libraries().etree.tostring(wrapper)) - len("/>") + len(">")
    wrapper.append(element)
    document: bytes = _libraries().etree.tostring(wrapper, encoding="UTF-8")
    return document[start : -len("</carrier>")]


def serialize_children(parent: Element) -> bytes:
    """Serialize the children of ``parent``, whose names have no prefix."""
    return b"".join(_libraries().etree.tostring(child, encoding="UTF-8") for child in parent)


def split_envelope(document: bytes, tail: bytes) -> FeedEnvelope:
    """Return the envelope that is all of ``document``, which ends with ``tail``."""
    return FeedEnvelope(document.removesuffix(tail), tail)


Patch = Callable[[Element], None]


@dataclass(frozen=True, slots=True)
class PatchExtension:
    """A feedgen extension that passes each element to ``patch``.

    ``prefixes`` are declared at the root of the feed, separated by spaces.
    """

    prefixes: str
    patch: Patch

    def extend_ns(self) -> dict[str, str]:
        """Return the namespaces to declare at the root."""
        return {prefix: NAMESPACES[prefix] for prefix in self.prefixes.split()}

    def extend_atom(self, element: Element) -> Element:
        """Patch a feed or an entry."""
        self.patch(element)
        return element

    extend_rss = extend_atom


def feed_generator(feed: Feed, prefixes: str, patch: Patch) -> FeedGenerator:
    """Return a feedgen feed with the elements that RSS and Atom share, without links and entries.

    ``prefixes`` are declared at the root; ``patch`` gets the root before it has entries.
    """
    builder = _libraries().feed()
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
    entry = _libraries().entry()
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

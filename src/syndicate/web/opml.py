"""All feeds as OPML 2.0 (http://opml.org/spec2.opml), to import into a feed reader."""

from typing import Final
from xml.etree.ElementTree import Comment, Element, SubElement, indent, tostring

from syndicate.formats import FORMATS, Format
from syndicate.formats.wire import clean, rfc822
from syndicate.model.edition import Edition
from syndicate.model.feed import Masthead
from syndicate.web.directory import Census, Entry, directory, tally

_VERSIONS: Final = {"rss": {"version": "RSS2"}}
"""What outlines say of a format: the attribute is for versions of RSS alone."""


_MAX_LISTED: Final = 500
"""Sources, and categories, that are listed: feed readers import no thousands of feeds."""


def opml(edition: Edition, masthead: Masthead, census: Census) -> bytes:
    """Return the feeds of ``edition``, a folder for each format so that one can be chosen.

    Of many sources or categories, those with the most posts; then a comment says so.
    """
    root = Element("opml", version="2.0")
    head = SubElement(root, "head")
    SubElement(head, "title").text = clean(masthead.title)
    updated = tally(edition.posts).updated
    if updated is not None:
        SubElement(head, "dateModified").text = rfc822(updated)
    body = SubElement(root, "body")
    groups = directory(edition, census, max_sources=_MAX_LISTED, max_categories=_MAX_LISTED)
    entries = [entry for group in groups for entry in group.entries]
    total = sum(group.total for group in groups)
    if total > len(entries):
        everything = masthead.url("/v1/categories")
        said = f" The {len(entries):,} largest of {total:,} feeds; all categories: {everything} "
        root.insert(0, Comment(said))
    for form in FORMATS.values():
        folder = SubElement(body, "outline", text=form.title)
        for entry in entries:
            SubElement(folder, "outline", _feed(entry, form, masthead))
    indent(root)
    written: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _feed(entry: Entry, form: Format, masthead: Masthead) -> dict[str, str]:
    title = clean(entry.title)
    described = {"description": clean(entry.description)} if entry.description else {}
    return {
        "type": "rss",
        **_VERSIONS.get(form.name, {}),
        "text": title,
        "title": title,
        **described,
        "xmlUrl": entry.place.url(masthead, f".{form.name}"),
        "htmlUrl": entry.place.url(masthead),
    }

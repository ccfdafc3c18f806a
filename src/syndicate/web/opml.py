"""All feeds as OPML 2.0 (http://opml.org/spec2.opml), to import into a feed reader."""

from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from syndicate.formats import FORMATS, Format
from syndicate.formats.wire import clean, rfc822
from syndicate.model.edition import Edition
from syndicate.model.feed import Masthead
from syndicate.web.directory import Entry, directory, tally

_VERSIONS: Final = {"rss": {"version": "RSS2"}}
"""What outlines say of a format: the attribute is for versions of RSS alone."""


def opml(edition: Edition, masthead: Masthead) -> bytes:
    """Return every feed of ``edition``, a folder for each format so that one can be chosen."""
    root = Element("opml", version="2.0")
    head = SubElement(root, "head")
    SubElement(head, "title").text = clean(masthead.title)
    updated = tally(edition.posts).updated
    if updated is not None:
        SubElement(head, "dateModified").text = rfc822(updated)
    body = SubElement(root, "body")
    entries = [entry for group in directory(edition) for entry in group.entries]
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

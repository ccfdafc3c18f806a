"""What two HTML texts must have in common to be the same for readers."""

import re
from xml.etree.ElementTree import Element

import html5lib

_COMPARED = frozenset({"align", "alt", "class", "href", "id", "src", "title", "width"})


def content(html: str) -> list[str]:
    """Return the tags, attributes and words of ``html`` in order.

    White space counts in ``pre`` only. Of footnotes, neither ids nor back-links nor the elements
    around them count, since engines have their own. A style for an alignment counts as one.
    """
    fragment = html5lib.parseFragment(html, namespaceHTMLElements=False)
    assert isinstance(fragment, Element)
    return [*_words(fragment.text), *(item for child in fragment for item in _content(child))]


def _content(element: Element) -> list[str]:
    tag: object = element.tag
    if not isinstance(tag, str):  # a comment has a function
        return _words(element.tail)
    attributes = dict(element.attrib)
    alignment = re.search(r"text-align: *(\w+)", attributes.pop("style", ""))
    if alignment:
        attributes["align"] = alignment[1]
    if re.search("footnote-backref|reversefootnote", attributes.get("class", "")):
        return _words(element.tail)
    inside = (
        [repr("".join(element.itertext()).strip("\n"))]
        if element.tag == "pre"
        else _inside(element)
    )
    if re.search("footnote|^fn|doc-noteref", " ".join(attributes.values())):
        attributes = {}
        if element.tag in ("div", "section", "hr"):
            return [*inside, *_words(element.tail)]
    compared = [
        f"{name}={value}"
        for name, value in sorted(attributes.items())
        if name in _COMPARED and (value or name != "alt")
    ]
    start = " ".join([f"<{element.tag}", *compared])
    return [f"{start}>", *inside, f"</{element.tag}>", *_words(element.tail)]


def _inside(element: Element) -> list[str]:
    return [*_words(element.text), *(item for child in element for item in _content(child))]


def _words(text: str | None) -> list[str]:
    return (text or "").split()

"""Reading our own pages as a strict HTML5 parser does."""

from xml.etree.ElementTree import Element

import html5lib


def parse_page(page: str) -> Element:
    """Return the root of ``page``; a parse error of any kind is an exception."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    root = parser.parse(page)
    assert isinstance(root, Element)
    return root


def text(element: Element) -> str:
    """Return all words in ``element``, white space folded."""
    return " ".join("".join(element.itertext()).split())


def links(root: Element, rel: str) -> list[dict[str, str]]:
    """Return the attributes of every ``<link>`` with the relation ``rel``."""
    return [dict(link.attrib) for link in root.iter("link") if link.get("rel") == rel]


def by_class(root: Element, name: str) -> list[Element]:
    """Return every element of the class ``name``."""
    return [element for element in root.iter() if name in element.get("class", "").split()]

"""Parsers of each format, written from the standards, without our code or a library."""

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any
from xml.etree import ElementTree as ET

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
DC = "{http://purl.org/dc/elements/1.1/}"
MEDIA = "{http://search.yahoo.com/mrss/}"
XML = "{http://www.w3.org/XML/1998/namespace}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPost:
    """A post as a feed reader sees it."""

    id: str
    url: str
    title: str
    published: datetime
    """To the second, which is all that RSS can say."""
    updated: datetime
    summary: str
    content: str
    tags: tuple[str, ...]
    authors: tuple[str, ...]
    language: str
    external_url: str
    image: str
    image_alt: str


def parse_feed(name: str, document: bytes) -> tuple[ParsedPost, ...]:
    """Return the posts of ``document`` in the format called ``name``."""
    return {"json": parse_json_feed, "rss": parse_rss, "atom": parse_atom}[name](document)


def parse_json_feed(document: bytes) -> tuple[ParsedPost, ...]:
    """Read JSON Feed 1.1."""
    return tuple(_json_item(item) for item in json.loads(document)["items"])


def parse_rss(document: bytes) -> tuple[ParsedPost, ...]:
    """Read RSS 2.0 with the modules content, dc, media and atom.

    A description is HTML, and the content where nothing else is.
    """
    return tuple(_rss_item(item) for item in ET.fromstring(document).iter("item"))  # noqa: S314 — our own


def parse_atom(document: bytes) -> tuple[ParsedPost, ...]:
    """Read Atom 1.0 with the module media."""
    return tuple(_atom_entry(entry) for entry in ET.fromstring(document).iter(f"{ATOM}entry"))  # noqa: S314


def _json_item(item: dict[str, Any]) -> ParsedPost:
    return ParsedPost(
        id=item["id"],
        url=item["url"],
        title=item.get("title", ""),
        published=datetime.fromisoformat(item["date_published"]).replace(microsecond=0),
        updated=datetime.fromisoformat(item["date_modified"]),
        summary=item.get("summary", ""),
        content=item.get("content_html", item.get("content_text", "")),
        tags=tuple(item.get("tags", ())),
        authors=tuple(author["name"] for author in item.get("authors", ())),
        language=item.get("language", ""),
        external_url=item.get("external_url", ""),
        image=item.get("image", ""),
        image_alt=item["_syndicate"]["image_alt"] or "",
    )


def _rss_item(item: ET.Element) -> ParsedPost:
    description, content = _text(item, "description"), _text(item, f"{CONTENT}encoded")
    return ParsedPost(
        id=_text(item, "guid"),
        url=_text(item, "link"),
        title=_text(item, "title"),
        published=parsedate_to_datetime(_text(item, "pubDate")),
        updated=datetime.fromisoformat(_text(item, f"{ATOM}updated")),
        summary=unescape(description) if content else "",
        content=content or description,
        tags=tuple(category.text or "" for category in item.iter("category")),
        authors=tuple(creator.text or "" for creator in item.iter(f"{DC}creator")),
        language=_text(item, f"{DC}language"),
        external_url=_link(item, "related"),
        **_picture(item),
    )


def _atom_entry(entry: ET.Element) -> ParsedPost:
    published = datetime.fromisoformat(_text(entry, f"{ATOM}published"))
    return ParsedPost(
        id=_text(entry, f"{ATOM}id"),
        url=_link(entry, "alternate"),
        title=_text(entry, f"{ATOM}title"),
        published=published.replace(microsecond=0),
        updated=datetime.fromisoformat(_text(entry, f"{ATOM}updated")),
        summary=_text(entry, f"{ATOM}summary"),
        content=_text(entry, f"{ATOM}content"),
        tags=tuple(category.get("label", "") for category in entry.iter(f"{ATOM}category")),
        authors=tuple(name.text or "" for name in entry.iter(f"{ATOM}name")),
        language=entry.get(f"{XML}lang", ""),
        external_url=_link(entry, "related"),
        **_picture(entry),
    )


def _text(parent: ET.Element, name: str) -> str:
    return parent.findtext(name) or ""


def _link(parent: ET.Element, rel: str) -> str:
    links = [link.get("href", "") for link in parent.iter(f"{ATOM}link") if link.get("rel") == rel]
    return links[0] if links else ""


def _picture(parent: ET.Element) -> dict[str, str]:
    picture = parent.find(f"{MEDIA}content")
    if picture is None:
        return {"image": "", "image_alt": ""}
    alt = picture.findtext(f"{MEDIA}description") or ""
    return {"image": picture.get("url", ""), "image_alt": alt}

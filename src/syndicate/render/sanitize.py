"""Turns any HTML into `SafeHtml`: the allow-list of `allowed`, absolute addresses, unique ids.

nh3 reads what people write as a browser would and writes it down regularly; our own pass then
decides about each element; nh3 has the last word, until it changes nothing any more. No other
module makes a `SafeHtml`.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import nh3

from syndicate.model.post import Image, SafeHtml
from syndicate.render import finding
from syndicate.render.address import Addresses
from syndicate.render.allowed import (
    ACTIVE,
    DROPPED,
    ELEMENTS,
    GLOBAL,
    LINK_SCHEMES,
    RENAMED,
    names,
)
from syndicate.render.element import Elements
from syndicate.render.markup import escaped, plain_text, readable
from syndicate.render.note import Finding

_HANDLERS: Final = names(
    "onabort onblur onchange onclick ondblclick onerror onfocus oninput onkeydown onkeypress"
    " onkeyup onload onmousedown onmousemove onmouseout onmouseover onmouseup onreset onresize"
    " onscroll onselect onsubmit onunload"
)
_SEEN: Final = {"*": set(GLOBAL | _HANDLERS | {"name"}) | set().union(*ELEMENTS.values())}
_TAGS: Final = set(ELEMENTS) | set(RENAMED) | set(DROPPED) | set(ACTIVE)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*\Z")
_LONGEST_SCHEME: Final = 31
_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_FLAT: Final = names(
    "area base br col dd dt embed hr img input li link meta option p rp rt source tbody td tfoot"
    " th thead tr track wbr"
)
_DEEPEST: Final = 200
_CODE: Final = re.compile(r"<(/?)(?:code|pre)\b|\{(?=[{%])")

_strict = nh3.Cleaner(
    tags=set(ELEMENTS),
    clean_content_tags=set(DROPPED),
    attributes={name: set(GLOBAL | own) for name, own in ELEMENTS.items()},
    link_rel=None,
    url_schemes=set(LINK_SCHEMES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanitized:
    """What became of a piece of HTML; ``image`` is its first one."""

    html: SafeHtml
    image: Image | None
    findings: tuple[Finding, ...]


def sanitize(
    html: str,
    addresses: Addresses,
    *,
    key: str,
    embeds: tuple[str, ...] = (),
    rounds: int = 8,
) -> Sanitized:
    """Return ``html`` fit to stand in anybody's page.

    ``key`` makes the ids of one post differ from those of all others; ``embeds`` are hosts whose
    iframes stay beside the well-known ones. What is not settled after ``rounds`` of reading and
    writing (nothing known takes three) is reduced to its text.
    """
    regular = readable(_loose(_schemes(html)).clean(_shallow(readable(html))))
    elements = Elements(addresses, key=key, embeds=embeds)
    written = elements.write(regular)
    findings = (*elements.findings, *finding.unclosed_comment(html))
    for _ in range(rounds):
        again = _strict.clean(written)
        if again != written or 'href="#' in again:  # ids may have come or gone
            again = Elements(addresses, key=key, embeds=embeds).write(again)
        if again == written:
            break
        written = again
    else:
        written = paragraphs(plain_text(written))
    return Sanitized(
        html=SafeHtml(_without_templates(written)),
        image=elements.image,
        findings=findings,
    )


def paragraphs(text: str) -> SafeHtml:
    """Return plain ``text`` as HTML, a paragraph for each part between empty lines."""
    parts = (part.strip() for part in re.split(r"\n[^\S\n]*\n", readable(text)))
    written = "\n".join(f"<p>{escaped(part)}</p>" for part in parts if part)
    return SafeHtml(_without_templates(written))


def _schemes(html: str) -> frozenset[str]:
    """Return whatever may be the scheme of an address in ``html``."""
    before_colons = (part[-_LONGEST_SCHEME:] for part in html.split(":")[:-1])
    return frozenset(found[0].lower() for part in before_colons if (found := _SCHEME.search(part)))


@lru_cache(maxsize=256)
def _loose(schemes: frozenset[str]) -> nh3.Cleaner:
    """Return a cleaner that leaves everything our own pass has an opinion about."""
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=set(),
        attributes=_SEEN,
        link_rel=None,
        url_schemes=schemes | LINK_SCHEMES,
    )


def _shallow(html: str) -> str:
    """Return ``html`` without the tags that would nest deeper than anybody means.

    A parser looks through all open elements at each tag: unlimited depth takes quadratic time.
    """
    if html.count("<") <= _DEEPEST:
        return html
    opened: Counter[str] = Counter()
    depth = 0
    parts = []
    end = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in _FLAT:
            continue
        if match[1]:
            depth -= opened[name] > 0
            opened[name] -= opened[name] > 0
        elif depth < _DEEPEST:
            depth += 1
            opened[name] += 1
        else:
            parts.append(html[end : match.start()])
            end = match.start()
            parts.append("&lt;")
            end += 1
    return "".join([*parts, html[end:]])


def _without_templates(html: str) -> str:
    """Return ``html`` with braces outside code written so that no template engine sees its own."""
    if "{{" not in html and "{%" not in html:
        return html
    depth = 0

    def write(match: re.Match[str]) -> str:
        nonlocal depth
        if match[0] == "{":
            return "{" if depth else "&#123;"
        depth += -1 if match[1] else 1
        return match[0]

    return _CODE.sub(write, html)

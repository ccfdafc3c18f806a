"""Makes `SafeHtml` from any HTML: elements of the allow-list, absolute URLs, unique ids.

nh3 parses the input as a browser does and serializes it regularly; `element_filter` then decides
about each element; nh3 cleans the result again, and both repeat until nothing changes. No other
module makes a `SafeHtml`.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import nh3

from syndicate.model.post import Image, SafeHtml
from syndicate.render.allowlist import (
    ACTIVE_ELEMENTS,
    ELEMENTS,
    GLOBAL_ATTRIBUTES,
    LINK_SCHEMES,
    REMOVED_ELEMENTS,
    REPLACED_ELEMENTS,
    name_set,
)
from syndicate.render.diagnostics import UnlocatedDiagnostic, unclosed_comment
from syndicate.render.html_tokens import escape_html, plain_text, remove_invalid_characters
from syndicate.render.sanitizer.element_filter import LAZY_URLS, ElementFilter
from syndicate.render.urls import UrlResolver

_EVENT_HANDLERS: Final = name_set(
    "onabort onblur onchange onclick ondblclick onerror onfocus oninput onkeydown onkeypress"
    " onkeyup onload onmousedown onmousemove onmouseout onmouseover onmouseup onreset onresize"
    " onscroll onselect onsubmit onunload"
)
_INSPECTED_ATTRIBUTES: Final = {
    "*": set(GLOBAL_ATTRIBUTES | _EVENT_HANDLERS | {"name", *LAZY_URLS})
    | set().union(*ELEMENTS.values())
}
_INSPECTED_ELEMENTS: Final = (
    set(ELEMENTS) | set(REPLACED_ELEMENTS) | set(REMOVED_ELEMENTS) | set(ACTIVE_ELEMENTS)
)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*\Z")
_MAX_SCHEME_LENGTH: Final = 31
_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
_NON_NESTING_ELEMENTS: Final = name_set(
    "area base br col dd dt embed hr img input li link meta option p rp rt source tbody td tfoot"
    " th thead tr track wbr"
)
_NOSCRIPT: Final = re.compile(r"</?noscript\b[^<>]*>", re.IGNORECASE)
"""Tags around what readers without scripts see; nh3 would take their content as text."""
_MAX_DEPTH: Final = 200
_CODE_TAG_OR_BRACE: Final = re.compile(r"<(/?)(?:code|pre)\b|\{(?=[{%])")

_strict_cleaner = nh3.Cleaner(
    tags=set(ELEMENTS),
    clean_content_tags=set(REMOVED_ELEMENTS),
    attributes={name: set(GLOBAL_ATTRIBUTES | own) for name, own in ELEMENTS.items()},
    link_rel=None,
    url_schemes=set(LINK_SCHEMES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SanitizedHtml:
    """Sanitized HTML, its first image, and what was removed from it."""

    html: SafeHtml
    image: Image | None
    diagnostics: tuple[UnlocatedDiagnostic, ...]


def sanitize(
    html: str,
    urls: UrlResolver,
    *,
    key: str,
    embeds: tuple[str, ...] = (),
    max_passes: int = 8,
) -> SanitizedHtml:
    """Return ``html`` reduced to the allow-list, safe to show in any page.

    ``key`` makes the ids of one post differ from those of all others; ``embeds`` are hosts whose
    iframes are allowed in addition to `IFRAME_HOSTS`. HTML that still changes after
    ``max_passes`` (no known input takes three) is reduced to its text.
    """
    shown = _NOSCRIPT.sub("", remove_invalid_characters(html))
    regular = remove_invalid_characters(
        _permissive_cleaner(_find_schemes(shown)).clean(_limit_depth(shown))
    )
    elements = ElementFilter(urls, key=key, embeds=embeds)
    filtered = elements.filter_html(regular)
    diagnostics = (*elements.diagnostics, *unclosed_comment(html))
    for _ in range(max_passes):
        cleaned = _strict_cleaner.clean(filtered)
        if cleaned != filtered or 'href="#' in cleaned:  # ids may have been added or removed
            cleaned = ElementFilter(urls, key=key, embeds=embeds).filter_html(cleaned)
        if cleaned == filtered:
            break
        filtered = cleaned
    else:
        filtered = text_to_html(plain_text(filtered))
    return SanitizedHtml(
        html=SafeHtml(_escape_template_braces(filtered)),
        image=elements.image,
        diagnostics=diagnostics,
    )


def text_to_html(text: str) -> SafeHtml:
    """Return plain ``text`` as HTML, with a paragraph for each part between empty lines."""
    parts = (part.strip() for part in re.split(r"\n[^\S\n]*\n", remove_invalid_characters(text)))
    written = "\n".join(f"<p>{escape_html(part)}</p>" for part in parts if part)
    return SafeHtml(_escape_template_braces(written))


def _find_schemes(html: str) -> frozenset[str]:
    """Return everything in ``html`` that may be the scheme of a URL."""
    before_colons = (part[-_MAX_SCHEME_LENGTH:] for part in html.split(":")[:-1])
    return frozenset(found[0].lower() for part in before_colons if (found := _SCHEME.search(part)))


@lru_cache(maxsize=256)
def _permissive_cleaner(schemes: frozenset[str]) -> nh3.Cleaner:
    """Return a cleaner that keeps everything `ElementFilter` inspects."""
    return nh3.Cleaner(
        tags=_INSPECTED_ELEMENTS,
        clean_content_tags=set(),
        attributes=_INSPECTED_ATTRIBUTES,
        link_rel=None,
        url_schemes=schemes | LINK_SCHEMES,
    )


def _limit_depth(html: str) -> str:
    """Return ``html`` with start tags beyond `_MAX_DEPTH` escaped.

    A parser searches all open elements at each tag, so unlimited depth takes quadratic time.
    """
    if html.count("<") <= _MAX_DEPTH:
        return html
    opened: Counter[str] = Counter()
    depth = 0
    parts = []
    end = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in _NON_NESTING_ELEMENTS:
            continue
        if match[1]:
            depth -= opened[name] > 0
            opened[name] -= opened[name] > 0
        elif depth < _MAX_DEPTH:
            depth += 1
            opened[name] += 1
        else:
            parts.append(html[end : match.start()])
            end = match.start()
            parts.append("&lt;")
            end += 1
    return "".join([*parts, html[end:]])


def _escape_template_braces(html: str) -> str:
    """Return ``html`` with ``{{`` and ``{%`` outside code escaped for template engines."""
    if "{{" not in html and "{%" not in html:
        return html
    depth = 0

    def escape(match: re.Match[str]) -> str:
        nonlocal depth
        if match[0] == "{":
            return "{" if depth else "&#123;"
        depth += -1 if match[1] else 1
        return match[0]

    return _CODE_TAG_OR_BRACE.sub(escape, html)

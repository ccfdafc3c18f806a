"""What a body refers to inside its site, found before anything is rendered."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from syndicate.render.html_tokens import remove_invalid_characters

_URL_PATTERNS: Final = (
    ("](", re.compile(r"\]\(\s*<?([^\s)>]+)")),
    ("]:", re.compile(r"^[ ]{0,3}\[[^\]\n]+\]:\s*<?([^\s>]+)", re.MULTILINE)),
    (
        "=",
        re.compile(
            r"""=(?:(?<=\bhref=)|(?<=\bsrc=)|(?<=\bposter=))["']([^"'\n]+)""", re.IGNORECASE
        ),
    ),
)
"""What a Markdown link, a definition and an attribute name; none of them without its sign."""

_EXTERNAL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|\?|.*[{}]")


def find_internal_links(body: str) -> tuple[str, ...]:
    """Return the names and paths that ``body`` refers to inside its site, each once.

    They are what template tags such as ``ref`` and ``post_url`` name, and the addresses of links
    and images that are relative, without their fragments: as a job's ``targets`` and ``assets``
    want them.
    """
    text, named = _resolve_tags(remove_invalid_characters(body))
    names = (name.partition("#")[0] for name in (*named, *map(unescape, _find_urls(text))))
    return tuple(dict.fromkeys(name for name in names if name and not _EXTERNAL.match(name)))


def _find_urls(text: str) -> Iterator[str]:
    """Yield the addresses in ``text`` in their order; where two overlap, the first."""
    kinds = [address for sign, address in _URL_PATTERNS if sign in text]
    found = [(match, kind) for kind in kinds if (match := kind.search(text))]
    while found:
        first, _ = min(found, key=lambda pair: pair[0].start())
        yield first[1]
        end = first.end()
        rest = ((m if m.start() >= end else kind.search(text, end), kind) for m, kind in found)
        found = [(match, kind) for match, kind in rest if match]


def _resolve_tags(body: str) -> tuple[str, tuple[str, ...]]:
    """Return ``body`` without its tags, and what they name."""
    if "{{" not in body and "{%" not in body:  # as with most, which need nothing imported
        return body, ()
    from syndicate.render.templates.shortcodes import TemplateContext  # noqa: PLC0415 — see above
    from syndicate.render.templates.template_resolver import resolve_templates  # noqa: PLC0415

    resolved = resolve_templates(body, TemplateContext(site_url="", page_url=""), first_line=1)
    return resolved.text, resolved.referenced_names

"""Finds the internal links of a body before it is rendered."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from syndicate.model.markdown_options import MarkdownEngine
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
"""Patterns of the URLs in Markdown links, link definitions and attributes, each with a string that
every match contains."""

EXTERNAL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|\?|.*[{}]")
"""Matches what is not the name or path of a page or file of the site."""


def find_internal_links(body: str, engine: MarkdownEngine) -> tuple[str, ...]:
    """Return the names and paths of pages and files of the site in ``body``, each once.

    ``engine`` reads the body.

    They are the arguments of template tags such as ``ref`` and ``post_url`` and the relative URLs
    of links and images, without fragments: the keys of a request's ``link_targets`` and
    ``asset_urls``.
    """
    text, tag_names = _resolve_tags(remove_invalid_characters(body), engine)
    names = (name.partition("#")[0] for name in (*tag_names, *map(unescape, find_urls(text))))
    return tuple(dict.fromkeys(name for name in names if name and not EXTERNAL.match(name)))


def find_urls(text: str) -> Iterator[str]:
    """Yield the URLs in ``text`` in order; of overlapping ones the first."""
    patterns = [pattern for required, pattern in _URL_PATTERNS if required in text]
    found = [(match, pattern) for pattern in patterns if (match := pattern.search(text))]
    while found:
        first, _ = min(found, key=lambda pair: pair[0].start())
        yield first[1]
        end = first.end()
        rest = (
            (match if match.start() >= end else pattern.search(text, end), pattern)
            for match, pattern in found
        )
        found = [(match, pattern) for match, pattern in rest if match]


def _resolve_tags(body: str, engine: MarkdownEngine) -> tuple[str, tuple[str, ...]]:
    """Return ``body`` with its template tags resolved, and the posts that the tags name."""
    if "{{" not in body and "{%" not in body:  # most posts: saves the imports below
        return body, ()
    from syndicate.render.templates.shortcodes import TemplateContext  # noqa: PLC0415 — see above
    from syndicate.render.templates.template_resolver import resolve_templates  # noqa: PLC0415

    context = TemplateContext(site_url="", page_url="", engine=engine)
    resolved = resolve_templates(body, context, first_line=1)
    return resolved.text, resolved.referenced_names

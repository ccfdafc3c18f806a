"""Finds the internal links of a body before it is rendered."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from syndicate.model.markdown_options import MarkdownEngine
from syndicate.render.html_tokens import remove_invalid_characters, unescape_entities
from syndicate.render.templates.template_tags import UNRESOLVED_URL

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

EXTERNAL: Final = re.compile(rf"[a-zA-Z][a-zA-Z0-9+.-]*:|//|\?|.*(?:[{{}}]|{UNRESOLVED_URL})")
"""Matches what is not the name or path of a page or file of the site."""


class References(NamedTuple):
    """The names and paths of pages and files of the site in a body, each once, no fragments.

    ``links`` are the arguments of template tags such as ``ref`` and ``post_url`` and the relative
    URLs of links and images: the keys of a request's ``link_targets`` and ``asset_urls``.
    ``pages`` are those of the tags only.
    """

    links: tuple[str, ...]
    pages: tuple[str, ...]


def find_references(body: str, engine: MarkdownEngine) -> References:
    """Return what ``body``, which ``engine`` reads, refers to."""
    text, tag_names = _resolve_tags(remove_invalid_characters(body), engine)
    pages = _unique(tag_names)
    return References(
        links=_unique((*pages, *map(unescape_entities, find_urls(text)))), pages=pages
    )


def find_internal_links(body: str, engine: MarkdownEngine) -> tuple[str, ...]:
    """Return the ``links`` of the `References` in ``body``."""
    return find_references(body, engine).links


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    paths = (name.partition("#")[0] for name in names)
    return tuple(dict.fromkeys(name for name in paths if name and not EXTERNAL.match(name)))


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
    from syndicate.render.templates.template_context import TemplateContext  # noqa: PLC0415 — see above
    from syndicate.render.templates.template_resolver import resolve_templates  # noqa: PLC0415

    context = TemplateContext(site_url="", page_url="", engine=engine)
    resolved = resolve_templates(body, context, first_line=1)
    return resolved.text, resolved.referenced_names

"""What a body refers to inside its site, found before anything is rendered."""

import re
from html import unescape
from typing import Final

from syndicate.render.markup import readable

_ADDRESS: Final = re.compile(
    r"""\]\(\s*<?([^\s)>]+)|^[ ]{0,3}\[[^\]\n]+\]:\s*<?([^\s>]+)"""
    r"""|\b(?:href|src|poster)=["']([^"'\n]+)""",
    re.MULTILINE | re.IGNORECASE,
)
_FOREIGN: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|\?|.*[{}]")


def references(body: str) -> tuple[str, ...]:
    """Return the names and paths that ``body`` refers to inside its site, each once.

    They are what template tags such as ``ref`` and ``post_url`` name, and the addresses of links
    and images that are relative, without their fragments: as a job's ``targets`` and ``assets``
    want them.
    """
    text, named = _resolved(readable(body))
    literal = (unescape("".join(groups)) for groups in _ADDRESS.findall(text))
    names = (name.partition("#")[0] for name in (*named, *literal))
    return tuple(dict.fromkeys(name for name in names if name and not _FOREIGN.match(name)))


def _resolved(body: str) -> tuple[str, tuple[str, ...]]:
    """Return ``body`` without its tags, and what they name."""
    if "{{" not in body and "{%" not in body:  # as with most, which need nothing imported
        return body, ()
    from syndicate.render.shortcode import Context  # noqa: PLC0415 — see above
    from syndicate.render.templates import resolve  # noqa: PLC0415

    resolved = resolve(body, Context(site_url="", page_url=""), first_line=1)
    return resolved.text, resolved.names

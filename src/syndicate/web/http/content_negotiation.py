"""Which format of a feed and which language a client prefers (RFC 9110 section 12.5)."""

import re
from typing import Final

from syndicate.feeds.formats import FORMATS
from syndicate.feeds.formats.link import essence
from syndicate.render.pages.translations import DEFAULT_LANGUAGE, LANGUAGES

PAGE: Final = "page"
"""The HTML page of a feed, beside the names of the formats."""

_MEDIA_RANGE: Final = re.compile(
    r"\s*(?P<type>[\w!#$%&'*+.^`|~-]+/[\w!#$%&'*+.^`|~-]+)\s*(?P<parameters>(?:;[^,]*)?)",
    re.ASCII,
)
_WEIGHT: Final = re.compile(r";\s*q\s*=\s*(?P<q>[0-9.]+)", re.ASCII | re.IGNORECASE)
_VALID_WEIGHT: Final = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?", re.ASCII)
_HTML: Final = re.compile(
    r"(?:^|,)\s*text/html\s*(?P<parameters>(?:;[^,]*)?)(?=,|$)", re.IGNORECASE
)
_ZERO_WEIGHT: Final = re.compile(r";\s*q=0(?:\.0*)?\s*(?:;|$)", re.IGNORECASE)

_TYPES: Final = {
    "text/html": PAGE,
    "application/xhtml+xml": PAGE,
    "*/*": PAGE,
    "text/*": PAGE,
    **{essence(feed_format.media_type): name for name, feed_format in FORMATS.items()},
    "application/json": "json",
    "application/xml": "rss",
    "text/xml": "rss",
}
"""What a client asks for by each media range; others are ignored."""


def preferred_format(accept: str) -> str:
    """Return the name of the format with the highest weight in ``accept``, or `PAGE`.

    `PAGE` is the answer to a wildcard, to no known media type, and where two formats have the
    highest weight. A weight of 0 excludes; an invalid one counts as 1.
    """
    weights: dict[str, float] = {}
    for element in accept.split(","):
        media_range = _MEDIA_RANGE.fullmatch(element.rstrip())
        name = _TYPES.get(media_range["type"].lower()) if media_range else None
        if media_range and name:
            weights[name] = max(weights.get(name, 0.0), _weight(media_range["parameters"]))
    highest = max(weights.values(), default=0.0)
    preferred = [name for name, weight in weights.items() if weight == highest]
    return preferred[0] if highest and len(preferred) == 1 else PAGE


def accepts_html(accept: str) -> bool:
    """Return whether the client is a browser: programs do not name HTML."""
    return any(not _ZERO_WEIGHT.search(found["parameters"]) for found in _HTML.finditer(accept))


def preferred_language(accept_language: str) -> str:
    """Return the language of pages with the highest weight in ``accept_language``, else English.

    Of languages with the same weight, the first one; of ranges of a language, the highest weight. A
    weight of 0 excludes (section 12.4.2).
    """
    weights: dict[str, float] = {}
    for element in accept_language.split(","):
        tag, _, parameters = element.strip().partition(";")
        primary = tag.partition("-")[0].lower()
        if primary in LANGUAGES:
            weights[primary] = max(weights.get(primary, 0.0), _weight(f";{parameters}"))
    accepted = [language for language, weight in weights.items() if weight]
    return max(accepted, key=lambda language: weights[language], default=DEFAULT_LANGUAGE)


def _weight(parameters: str) -> float:
    found = _WEIGHT.search(parameters)
    return float(found["q"]) if found and _VALID_WEIGHT.fullmatch(found["q"]) else 1.0

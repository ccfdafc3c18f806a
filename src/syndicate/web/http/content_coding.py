"""Which content coding an answer gets: the choice among what there is by Accept-Encoding."""

import re
from collections.abc import Collection
from typing import Final

from syndicate.feeds import Encoding

IDENTITY: Final[Encoding] = "identity"

_PREFERRED_CODINGS: Final[tuple[Encoding, ...]] = ("br", "gzip", IDENTITY)
"""The smallest first; decides between codings that a client likes equally well."""

_ELEMENT: Final = re.compile(
    r"\s*(?P<coding>[!#$%&'*+.^_`|~\w-]+)\s*(?:;\s*q=(?P<q>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*",
    re.ASCII | re.IGNORECASE,
)


def choose_coding(accept_encoding: str | None, available: Collection[Encoding]) -> Encoding | None:
    """Return the coding to answer with (RFC 9110 section 12.5.3), None if none is acceptable.

    Identity is always available. Elements that are not well-formed count as not sent.
    """
    if accept_encoding is None:
        return IDENTITY
    weights = _weights(accept_encoding)
    acceptable = {
        coding: weight
        for coding in _PREFERRED_CODINGS
        if coding in available or coding == IDENTITY
        if (weight := _weight(coding, weights)) > 0
    }
    return max(acceptable, key=acceptable.__getitem__, default=None)


def _weights(accept_encoding: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for element in accept_encoding.split(","):
        if match := _ELEMENT.fullmatch(element):
            coding = match["coding"].lower().removeprefix("x-")
            weights.setdefault(coding, float(match["q"] or 1))
    return weights


def _weight(coding: str, weights: dict[str, float]) -> float:
    """Return how much a client wants ``coding``; not asked about, identity is better than none."""
    if coding in weights:
        return weights[coding]
    if "*" in weights:
        return weights["*"]
    return 0.0001 if coding == IDENTITY else 0.0

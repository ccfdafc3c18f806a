"""From an edition to the bytes that go out: made once, kept while nothing changes them."""

from syndicate.representation.answer import (
    Encoding,
    Representation,
    improve,
    provisional,
    represent,
    succeed,
)
from syndicate.representation.press import Press

__all__ = [
    "Encoding",
    "Press",
    "Representation",
    "improve",
    "provisional",
    "represent",
    "succeed",
]

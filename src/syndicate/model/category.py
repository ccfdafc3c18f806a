"""Categories, slugs, and the vocabulary of categories that the settings define."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from string import ascii_lowercase

_SEPARATORS = re.compile(r"[\W_]+")
_FIRST_FLAG_LETTER = 0x1F1E6
"""REGIONAL INDICATOR SYMBOL LETTER A: two such letters are the flag of a country."""
_SLUG_CACHE_SIZE = 8_192
"""Posts share few categories, so most slugs come from the cache."""


@lru_cache(_SLUG_CACHE_SIZE)
def slug(text: str) -> str:
    """Return ``text`` in lower case, each run of characters other than letters and digits a hyphen.

    Text is normalized to NFC first, so that the way an editor types accents does not matter.
    """
    return _SEPARATORS.sub("-", unicodedata.normalize("NFC", text.lower())).strip("-")


@lru_cache(_SLUG_CACHE_SIZE)
def category_slug(text: str) -> str:
    """Return the slug of the category ``text``, made of the names of its symbols if need be.

    An emoji has no letters: its slug is its Unicode name, that of a flag its country code. Empty
    for a text of punctuation alone.
    """
    return slug(text) or slug("".join(map(_symbol_name, text)))


def _symbol_name(symbol: str) -> str:
    """Return the letter of a flag, else the Unicode name of a symbol and a separator."""
    letter = ord(symbol) - _FIRST_FLAG_LETTER
    if 0 <= letter < len(ascii_lowercase):
        return ascii_lowercase[letter]
    return f"{unicodedata.name(symbol, '')} " if unicodedata.category(symbol) == "So" else ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Category:
    """A category of posts: ``slug`` for URLs and JSON, ``title`` for people."""

    slug: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDefinition:
    """A category of the settings with its aliases."""

    category: Category
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The categories of the settings; any other label is a category of its own."""

    definitions: tuple[CategoryDefinition, ...] = ()

    @cached_property
    def _by_spelling(self) -> dict[str, Category]:
        spellings: dict[str, Category] = {}
        for term in self.definitions:
            for spelling in (term.category.slug, term.category.title, *term.aliases):
                spellings.setdefault(category_slug(spelling), term.category)
        return spellings

    def category(self, text: str) -> Category | None:
        """Return the category for ``text``, or None if it has no letters, digits and symbols."""
        key = category_slug(text)
        if not key:
            return None
        return self._by_spelling.get(key) or Category(slug=key, title=" ".join(text.split()))

    def categories(self, texts: Iterable[str]) -> tuple[Category, ...]:
        """Return the categories for ``texts``, in order and without duplicates."""
        categories = (self.category(text) for text in texts)
        return tuple({category.slug: category for category in categories if category}.values())

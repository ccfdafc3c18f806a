"""Categories, their spellings, and the vocabulary an operator sets up for them."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

_SEPARATORS = re.compile(r"[\W_]+")
_SLUG_CACHE_SIZE = 1_024
"""Texts whose slug is remembered: thousands of posts share few categories."""


@lru_cache(_SLUG_CACHE_SIZE)
def slug(text: str) -> str:
    """Return ``text`` in lower case with each run of other than letters and digits as a hyphen.

    Accents are composed first (Unicode NFC), so that it does not matter how an editor types them.
    """
    return _SEPARATORS.sub("-", unicodedata.normalize("NFC", text.lower())).strip("-")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Category:
    """A subject a post is filed under; ``slug`` in addresses and JSON, ``title`` for people."""

    slug: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryDefinition:
    """A category of the settings with the other spellings it answers to."""

    category: Category
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The categories an operator set up; a spelling they do not know is a category of its own."""

    definitions: tuple[CategoryDefinition, ...] = ()

    @cached_property
    def _by_spelling(self) -> dict[str, Category]:
        spellings: dict[str, Category] = {}
        for term in self.definitions:
            for spelling in (term.category.slug, term.category.title, *term.aliases):
                spellings.setdefault(slug(spelling), term.category)
        return spellings

    def category(self, text: str) -> Category | None:
        """Return what ``text`` means, None where it holds neither letter nor digit."""
        key = slug(text)
        if not key:
            return None
        return self._by_spelling.get(key) or Category(slug=key, title=" ".join(text.split()))

    def categories(self, texts: Iterable[str]) -> tuple[Category, ...]:
        """Return what ``texts`` mean, in their order, without doubles."""
        found = (self.category(text) for text in texts)
        return tuple({category.slug: category for category in found if category}.values())

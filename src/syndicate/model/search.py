"""Searching posts for words: what is searched for, and what was found."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from syndicate.errors import UsageError
from syndicate.model.post import Post, PostId

MAX_SEARCH_CHARACTERS: Final = 200

_PHRASE_OR_WORD: Final = re.compile(r'"([^"]*)"|([^\s"]+)')
_STRAIGHT_QUOTES: Final = str.maketrans("“”„«»", '"""""')
"""Quotation marks that keyboards of phones and word processors write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTerms:
    """The words and quoted phrases that a post must contain, all of them, in any case.

    ``text`` is what a person wrote, without surrounding white space.
    """

    text: str
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the terms in ``text``, None if it is empty; raises `UsageError` if too long."""
        printable = (character if character.isprintable() else " " for character in text)
        text = " ".join("".join(printable).split())
        if not text:
            return None
        if len(text) > MAX_SEARCH_CHARACTERS:
            raise UsageError(
                f"q has {len(text):,} characters",
                code="malformed-parameter",
                hint=f"Search for at most {MAX_SEARCH_CHARACTERS} characters.",
            )
        straight = text.translate(_STRAIGHT_QUOTES)
        found = [(match[1] or "", match[2] or "") for match in _PHRASE_OR_WORD.finditer(straight)]
        return cls(
            text=text,
            words=tuple(word for _, word in found if _has_letter(word)),
            phrases=tuple(phrase for phrase, _ in found if _has_letter(phrase)),
        )


def _has_letter(text: str) -> bool:
    return any(character.isalnum() for character in text)


TextPart = tuple[str, bool]
"""A part of a text, and whether it matches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The title of a post and the part of its text around a match, in parts."""

    title: tuple[TextPart, ...]
    text: tuple[TextPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The posts that were found, in the order of those that were searched.

    ``is_complete`` is False while posts of the edition are not indexed yet: more may be found then.
    """

    posts: tuple[Post, ...]
    is_complete: bool = True


Excerpts = Mapping[PostId, Excerpt]

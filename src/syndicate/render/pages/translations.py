"""The words of pages in other languages than English: one JSON file each, by the English words.

Those pages have them that readers of a feed see. Jinja's own i18n extension looks them up; gettext
would need compiled catalogs, which the package would have to build.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Final

from syndicate.render.pages.resources import read_resource

DEFAULT_LANGUAGE: Final = "en"
LANGUAGES: Final = (DEFAULT_LANGUAGE, "es")
"""Primary language subtags (RFC 5646 section 2.2.1)."""


def page_language(tag: str) -> str:
    """Return the language of a page with content in the language ``tag``: English without words."""
    primary = tag.partition("-")[0].lower()
    return primary if primary in LANGUAGES else DEFAULT_LANGUAGE


def translate(text: str, language: str) -> str:
    """Return the English words ``text`` in ``language``, unchanged if there is no translation."""
    return words_in(language).get(text, text)


def translate_number(singular: str, plural: str, number: int, language: str) -> str:
    """Return the one of two English words that ``number`` needs, in ``language``."""
    return translate(singular if number == 1 else plural, language)


@cache
def words_in(language: str) -> Mapping[str, str]:
    """Return the words of a language by the English ones: none of English itself."""
    if language == DEFAULT_LANGUAGE:
        return {}
    words: dict[str, str] = json.loads(read_resource(f"{language}.json"))
    return words

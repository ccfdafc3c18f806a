"""Checks of front matter for mistakes that change a post without an error.

Booleans that are none, keys that are misspelled, languages and authors that are none, permalinks
with characters that a URL does not have, and a title that ends at a number sign.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from syndicate.dialects.document.yaml_mistakes import quoted
from syndicate.dialects.fields import DEFAULT_KEYS, FieldReader, as_bool, as_text
from syndicate.model.languages import LANGUAGES

_FLAGS: Final = ("carousel", "draft", "public")
_LANGUAGE: Final = re.compile(r"(?P<primary>[A-Za-z]{2,8})(?:[-_][A-Za-z0-9]{1,8})*")
_MAX_ISO_CODE: Final = 3
"""Letters of the longest code of ISO 639."""
_NAMES: Final = {
    "english": "en",
    "spanish": "es",
    "espanol": "es",
    "español": "es",
    "french": "fr",
    "german": "de",
    "chinese": "zh",
    "korean": "ko",
    "vietnamese": "vi",
    "tagalog": "tl",
    "arabic": "ar",
    "russian": "ru",
    "portuguese": "pt",
    "sp": "es",
    "us": "en-US",
}
"""Codes of languages that posts of federal agencies name by a word."""
_NOT_IN_PATHS: Final = re.compile(r"[\s?#\"<>\\^`{|}]+")
_MIN_CHECKED: Final = 4
"""Letters of the shortest key whose misspellings are looked for."""


def read_language_tag(reader: FieldReader) -> str | None:
    """Return the language of the post as a tag (BCP 47), None without a valid one.

    A value that names no language is reported.
    """
    for key, value in reader.values("language"):
        tag = as_text(value) or ""
        found = _LANGUAGE.fullmatch(tag)
        if found and _is_language(found["primary"].lower()):
            reader.record_origin("language", key)
            return tag.replace("_", "-")
        code = _NAMES.get(tag.lower(), "en for English or es for Spanish")
        reader.report(
            "language-tag",
            f"{key} is not the code of a language (BCP 47): {tag}"[:200],
            f"Write {key}: {code}",
            line=reader.line(key),
        )
    return None


def _is_language(code: str) -> bool:
    return code in LANGUAGES or len(code) == _MAX_ISO_CODE


def check_values(reader: FieldReader) -> None:
    """Report the mistakes in the values and keys of one file."""
    for field in _FLAGS:
        for key, value in reader.values(field):
            _check_flag(reader, field, key, value)
    for key in reader.document.meta:
        _check_spelling(reader, key)


def check_author(reader: FieldReader, name: str) -> None:
    """Report that the author ``name``, who is in no table of authors, is a number."""
    if not any(character.isalpha() for character in name):
        key = reader.keys["authors"]
        reader.report(
            "author-name",
            f"{key} is not the name of a person: {name}"[:200],
            f"Write the name as readers should see it: {key}: Ada Editor",
            line=reader.line(key),
        )


def check_permalink(reader: FieldReader, permalink: str) -> None:
    """Report spaces, question marks and other characters that a path of a URL does not have."""
    if not _NOT_IN_PATHS.search(permalink):
        return
    key = reader.keys["permalink"]
    start, slash, end = permalink.rpartition("/")
    corrected = _NOT_IN_PATHS.sub("-", start) + slash + _NOT_IN_PATHS.sub("-", end).strip("-")
    reader.report(
        "permalink-characters",
        f"the {key} has a character that does not belong in a URL: {permalink}"[:200],
        f"Write {key}: {corrected}"[:300],
        line=reader.line(key),
    )


def check_cut_off_title(reader: FieldReader, key: str) -> None:
    """Report that the title ends before a number sign, after which YAML reads a remark."""
    remark = reader.document.cut_off_values.get(key)
    if remark is None:
        return
    whole = f"{as_text(reader.document.meta[key])} {remark}"
    reader.report(
        "cut-off-title",
        f"{key} ends before {remark.split()[0]}: YAML reads a remark after a space and #",
        f"Write {key}: {quoted(whole)}"[:300],
        line=reader.line(key),
    )


def _check_flag(reader: FieldReader, field: str, key: str, value: object) -> None:
    text = as_text(value) or ""
    if not text.isalpha() or as_bool(value) is not None:
        return
    effect = {
        "carousel": "the post is not in the carousel",
        "draft": "the post is not a draft",
        "public": "the post is public",
    }[field]
    reader.report(
        "not-boolean",
        f"{key} is neither true nor false: {text}; {effect}"[:200],
        f"Write {key}: true or {key}: false",
        line=reader.line(key),
    )


def _check_spelling(reader: FieldReader, key: str) -> None:
    meant = _MISSPELLINGS.get(key.lower())
    if meant is None or meant in map(str.lower, reader.document.meta):
        return
    if any(key in keys for _, keys in reader.source.keys):
        return
    reader.report(
        "misspelled-key",
        f"the key {key} is unknown, and looks like a misspelling of {meant}",
        f"Write {meant}: in place of {key}:",
        line=reader.line(key),
    )


def _misspellings(key: str) -> Iterator[str]:
    """Yield ``key`` with two letters swapped, one left out, or one doubled."""
    for index in range(len(key)):
        yield key[:index] + key[index + 1 : index + 2] + key[index : index + 1] + key[index + 2 :]
        if len(key) > _MIN_CHECKED and key[index] != "_":  # pubdate is a habit, no mistake
            yield key[:index] + key[index + 1 :]
            yield key[: index + 1] + key[index:]


def _build_misspellings() -> Mapping[str, str]:
    words = {key.lower() for keys in DEFAULT_KEYS.values() for key in keys if "." not in key}
    return {
        wrong: word
        for word in sorted(words)
        if len(word) >= _MIN_CHECKED
        for wrong in _misspellings(word)
        if wrong not in words and wrong not in _OTHER_KEYS
    }


_OTHER_KEYS: Final = frozenset({"tile", "draft", "categorie", "topic", "alias", "except", "auto"})
"""Keys of sites that differ from one of ours by a letter."""
_MISSPELLINGS: Final = _build_misspellings()

"""Words that the project does not use: metaphors and private terms, each with the standard term.

`tests/word_list.toml` has the words, and the files that may use some of them. Identifiers, file
names, comments and docstrings are checked, and in `src` every string, since error messages and log
events are strings. Sample content in tests is not checked.

`python -m tests.test_word_list` writes the table of exceptions that the files need now.
"""

import ast
import io
import json
import re
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

pytestmark = [
    pytest.mark.unmeasured,
    pytest.mark.slow,
]  # reads the code of the project, and executes none

ROOT: Final = Path(__file__).parents[1]
CHECKED_FOLDERS: Final = ("src", "tests", "docs", "benchmarks", "deploy")
DOCUMENTS: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
UNCHECKED: Final = {ROOT / "CHANGELOG.md", Path(__file__)}

WORD_LIST_FILE: Final = ROOT / "tests" / "word_list.toml"
WORD_LIST: Final = tomllib.loads(WORD_LIST_FILE.read_text())
WORDS: Final[dict[str, str]] = WORD_LIST["words"]
EXCEPTIONS: Final[dict[str, list[str]]] = WORD_LIST["exceptions"]

PARTS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""The words in an identifier or a file name: `read_wish` and `ReadWish` both hold `wish`."""
CODE: Final = re.compile(r"^ *```.*?^ *```|`[^`]*`|\]\([^)]*\)", re.MULTILINE | re.DOTALL)
"""Code, and the targets of links, in a Markdown document."""

ESCAPES: Final = re.compile(r"\\.")
SEPARATORS_IN_STRINGS: Final = re.compile(r"[\"']\s+[a-z]{0,2}[\"']")
"""What separates the parts of a string that is written as several literals."""


def words_in(text: str) -> set[str]:
    """Return the words of the list that occur in ``text``, as words or in identifiers."""
    parts = PARTS.findall(text.replace("WordPress", ""))
    return {part.lower() for part in parts} & WORDS.keys()


def texts_of(path: Path) -> Iterator[str]:
    """Yield the texts of a Python file that are checked."""
    source = path.read_text()
    is_product = (ROOT / "src") in path.parents
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in {tokenize.NAME, tokenize.COMMENT}:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)
        elif is_product and isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def may_use_a_word(source: str) -> bool:
    """Return whether any text in ``source`` can contain a word of the list.

    Most files contain none, and parsing a file takes ten times as long as this search.
    """
    joined = SEPARATORS_IN_STRINGS.sub("", ESCAPES.sub(" ", source))
    return bool(words_in(source) or words_in(joined))


def found_words(path: Path) -> set[str]:
    """Return the words of the list that ``path`` uses, in its name or its text."""
    name = str(path.relative_to(ROOT).with_suffix(""))
    if path.suffix == ".py":
        texts = texts_of(path) if may_use_a_word(path.read_text()) else ()
        return words_in(name).union(*(words_in(text) for text in texts))
    return words_in(name) | words_in(CODE.sub("", path.read_text()))


def checked_files() -> list[Path]:
    """Return every Python file and every document of the project."""
    python = [path for folder in CHECKED_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted({*python, *DOCUMENTS} - UNCHECKED)


@cache
def words_by_file() -> dict[str, set[str]]:
    """Return the words of the list that each file uses."""
    return {str(path.relative_to(ROOT)): found_words(path) for path in checked_files()}


def test_no_file_uses_a_word_of_the_list() -> None:
    """Each word has a standard term, which the message names."""
    violations = [
        f"{name}: {word} -> {WORDS[word]}"
        for name, words in words_by_file().items()
        for word in sorted(words.difference(EXCEPTIONS.get(name, ())))
    ]
    assert violations == []


def test_every_exception_is_needed() -> None:
    """An exception for a file that is gone, or a word that it no longer uses, is removed."""
    unneeded = [
        f"{name}: {word}"
        for name, words in EXCEPTIONS.items()
        for word in words
        if word not in words_by_file().get(name, ())
    ]
    assert unneeded == []


@pytest.mark.parametrize("literal", ['"a\\n{word}"', '"a {half}"\n    f"{rest}"'])
def test_words_are_searched_in_escaped_and_in_joined_strings(literal: str) -> None:
    """Neither an escape sequence nor the end of a literal hides a word."""
    word = next(iter(WORDS))
    source = literal.format(word=word, half=word[:2], rest=word[2:])
    assert may_use_a_word(f"x = {source}")
    assert not may_use_a_word(f"x = {source.replace(word[-1], '')}")


def write_exceptions() -> None:
    """Write the exceptions that the files need now, in place of those in the word list."""
    kept, header, _ = WORD_LIST_FILE.read_text().partition("[exceptions]\n")
    lines = [
        f"{json.dumps(name)} = {json.dumps(sorted(words))}\n"
        for name, words in words_by_file().items()
        if words
    ]
    WORD_LIST_FILE.write_text(kept + header + "".join(lines))


if __name__ == "__main__":
    write_exceptions()

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
from pathlib import Path
from typing import Final

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


def found_words(path: Path) -> set[str]:
    """Return the words of the list that ``path`` uses, in its name or its text."""
    name = str(path.relative_to(ROOT).with_suffix(""))
    if path.suffix == ".py":
        return words_in(name).union(*(words_in(text) for text in texts_of(path)))
    return words_in(name) | words_in(CODE.sub("", path.read_text()))


def checked_files() -> list[Path]:
    """Return every Python file and every document of the project."""
    python = [path for folder in CHECKED_FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted({*python, *DOCUMENTS} - UNCHECKED)


FOUND: Final = {str(path.relative_to(ROOT)): found_words(path) for path in checked_files()}


def test_no_file_uses_a_word_of_the_list() -> None:
    """Each word has a standard term, which the message names."""
    violations = [
        f"{name}: {word} -> {WORDS[word]}"
        for name, words in FOUND.items()
        for word in sorted(words.difference(EXCEPTIONS.get(name, ())))
    ]
    assert violations == []


def test_every_exception_is_needed() -> None:
    """An exception for a file that is gone, or a word that it no longer uses, is removed."""
    unneeded = [
        f"{name}: {word}"
        for name, words in EXCEPTIONS.items()
        for word in words
        if word not in FOUND.get(name, ())
    ]
    assert unneeded == []


def write_exceptions() -> None:
    """Write the exceptions that the files need now, in place of those in the word list."""
    kept, header, _ = WORD_LIST_FILE.read_text().partition("[exceptions]\n")
    lines = [
        f"{json.dumps(name)} = {json.dumps(sorted(words))}\n"
        for name, words in FOUND.items()
        if words
    ]
    WORD_LIST_FILE.write_text(kept + header + "".join(lines))


if __name__ == "__main__":
    write_exceptions()

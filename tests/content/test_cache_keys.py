"""The cache keys that the next start reads, which are those that pruning keeps."""

import pathlib
import sqlite3
from contextlib import closing

import pytest

from syndicate.cache import Cache
from syndicate.content.parsed_file import CACHE_NAMESPACE, VERSION_NAMESPACE
from syndicate.content.source_index import SourceIndex
from tests.content.conftest import OpenIndex, file
from tests.content_repository import Content, ContentRepository

SITE = "url: https://www.example.gov\n"
BROKEN = '---\ntitle: "Bad\n---\nwords\n'
A, B, C = (f"_posts/2024-01-0{number}-{name}.md" for number, name in enumerate("abc", 1))
HISTORIES: dict[str, list[dict[str, Content]]] = {
    "edited": [{A: file("A", words)} for words in ("One.", "Two.", "Two.", "Three.")],
    "removed": [{A: file("A")}, {A: file("A", "Other."), B: file("B")}, {A: None}],
    "moved": [{A: file("A")}, {A: file("A", "Other.")}, {A: None, B: file("A", "Other.")}],
    "broken": [{A: file("A")}, {A: file("A", "Other.")}, {A: BROKEN}, {A: f"{BROKEN}more\n"}],
    "never-readable": [{A: BROKEN, B: file("B")}, {A: f"{BROKEN}more\n"}],
    "hidden": [{A: file("A")}, {A: file("A", draft="true")}],
    "linked": [{A: file("A", permalink="no path", lang="?")}, {A: file("A", permalink="//[")}],
    "configured": [
        {A: file("A"), B: file("B")},
        {"_config.yml": f"{SITE}defaults: [{{scope: {{path: ''}}, values: {{lang: es}}}}]\n"},
        {A: file("A", "Other."), B: None, C: file("C")},
        {"_config.yml": f"{SITE}exclude: [{A}]\n"},
        {"_config.yml": SITE},
    ],
}


def stored_keys(cache: pathlib.Path) -> dict[str, set[str]]:
    """Return the keys of parsed files and versions in the file of a cache, by namespace."""
    with closing(sqlite3.connect(cache)) as connection:
        return {
            name: {
                key.decode()
                for (key,) in connection.execute(
                    f"SELECT key FROM namespace_{name.encode().hex()}"  # noqa: S608 — hex digits
                )
            }
            for name in (CACHE_NAMESPACE, VERSION_NAMESPACE)
        }


def pruned(index: SourceIndex, file: pathlib.Path) -> dict[str, set[str]]:
    """Delete from the cache in ``file`` what ``index`` does not name; return the keys that stay."""
    with closing(Cache(file)) as cache:
        for namespace, keys in index.cache_keys().items():
            cache.retain_only(namespace, keys)
    return stored_keys(file)


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_pruned_cache_has_what_a_start_reads_and_nothing_else(
    content: ContentRepository,
    open_index: OpenIndex,
    tmp_path: pathlib.Path,
    history: list[dict[str, Content]],
) -> None:
    """A start with an empty cache stores the same; a restored index knows as much."""
    content.commit({"_config.yml": SITE, "_posts/2020-01-01-always.md": file()})
    index = open_index(folders=("_posts",), dialect="jekyll")
    for files in history:
        content.commit(files)
        index.snapshot(index.repository.head())
    index.save()
    empty = open_index(folders=("_posts",), dialect="jekyll", cache="empty")
    empty.snapshot(empty.repository.head())
    restored = open_index(folders=("_posts",), dialect="jekyll")
    restored.snapshot(restored.repository.head())
    read = stored_keys(tmp_path / "empty.db")
    assert pruned(restored, tmp_path / "cache.db") == read
    assert pruned(index, tmp_path / "cache.db") == read
    assert index.cache_keys() == restored.cache_keys()

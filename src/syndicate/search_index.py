"""A full-text index of posts in an SQLite file of this process (FTS5).

Every process makes its own from the edition: the index holds nothing that would have to be kept.
The file is removed when the index is closed; what a killed process left behind is removed by the
next one, which finds the file unlocked.
"""

import fcntl
import os
import pathlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import compress
from tempfile import mkstemp
from typing import Final, NamedTuple

import msgspec

from syndicate.errors import NotReady
from syndicate.model.post import BlobId, Post, PostId
from syndicate.model.search import Excerpt, SearchTerms, TextPart
from syndicate.private_files import make_folder
from syndicate.telemetry import logger

_PREFIX: Final = "search-"
_SUFFIX: Final = ".db"

_TABLE: Final = """
CREATE VIRTUAL TABLE posts USING fts5(
  title, text, tokenize = "porter unicode61 remove_diacritics 2");
"""
_SCHEMA: Final = f"""
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
{_TABLE}"""

_MIN_PREFIX_CHARACTERS: Final = 3
"""Shorter words match only themselves, longer ones also the words that begin with them."""

_EXCERPT_TOKENS: Final = 24
_MATCH_START: Final = "\x02"
_MATCH_END: Final = "\x03"
_MARKS: Final = str.maketrans("", "", _MATCH_START + _MATCH_END)

_log = logger("search")


class SearchableText(NamedTuple):
    """The plain text of a post without its title."""

    post: Post
    text: str


class _Entry(NamedTuple):
    row: int
    blob: BlobId
    title: str


class _SearchedPosts(NamedTuple):
    """Posts that are searched often, and the row of each."""

    posts: Sequence[Post]
    rows: Sequence[int]


class SearchIndex:
    """Full-text index of posts in a file in ``folder``; safe to use from several threads.

    The file is created with the first post.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: pathlib.Path | None = None
        self._descriptor = -1
        self._entries: dict[PostId, _Entry] = {}
        self._last_row = 0
        self._searched: _SearchedPosts | None = None

    def outdated(self, posts: Iterable[Post]) -> list[Post]:
        """Return those of ``posts`` that are not indexed in this version, in the same order."""
        entries = self._entries
        return [
            post
            for post in posts
            if (entry := entries.get(post.id)) is None
            or entry.blob != post.blob
            or entry.title != post.title
        ]

    def retain_only(self, posts: Iterable[Post]) -> None:
        """Delete every post but ``posts``; raises `NotReady` if the index cannot be written."""
        removed = self._entries.keys() - {post.id for post in posts}
        if removed:
            with self._open() as connection:
                self._delete(connection, removed)

    def put(self, texts: Iterable[SearchableText]) -> None:
        """Index ``texts`` in place of earlier versions; raises `NotReady` after an error."""
        with self._open() as connection:
            for post, text in texts:
                self._delete(connection, [post.id])
                self._last_row += 1
                connection.execute(
                    "INSERT INTO posts (rowid, title, text) VALUES (?, ?, ?)",
                    (self._last_row, _printable(post.title), _printable(text)),
                )
                self._entries[post.id] = _Entry(self._last_row, post.blob, post.title)
                self._searched = None

    def prepare(self, posts: Sequence[Post]) -> None:
        """Look up the rows of ``posts``, so that searches of them do not have to.

        Goal: as `find`; 200,000 lookups take 90 ms.
        """
        with self._lock:
            self._searched = _SearchedPosts(posts, self._rows(posts))

    def find(self, terms: SearchTerms, posts: Sequence[Post]) -> tuple[Post, ...]:
        """Return those of ``posts`` that contain all of ``terms``, in the same order.

        Raises `NotReady` after an error.

        Goal: 100 ms for a word of every one of 200,000 posts (``benchmarks/search.py``). A row for
        each match and a set of their ids would take 300 ms: the rows come as one JSON array, and
        what row a post has is known of the posts that `prepare` was called with.
        """
        expression = _expression(terms)
        if not expression or not self._entries:
            return ()
        with self._open() as connection:
            (array,) = connection.execute(
                "SELECT json_group_array(rowid) FROM posts WHERE posts MATCH ?", (expression,)
            ).fetchone()
            is_match = bytearray(self._last_row + 1)
            for row in msgspec.json.decode(array, type=list[int]):
                is_match[row] = True
            return tuple(compress(posts, map(is_match.__getitem__, self._rows(posts))))

    def excerpts(self, terms: SearchTerms, post_ids: Iterable[PostId]) -> Mapping[PostId, Excerpt]:
        """Return title and text of those of ``post_ids`` that match, with the matches marked.

        Raises `NotReady` after an error.
        """
        entries = self._entries
        # One lookup for each: another thread may replace or remove the entry in between.
        ids = {entry.row: post_id for post_id in post_ids if (entry := entries.get(post_id))}
        expression = _expression(terms)
        if not ids or not expression:
            return {}
        with self._open() as connection:
            texts = connection.execute(
                f"SELECT rowid, title, text FROM posts WHERE rowid IN ({','.join('?' * len(ids))})",  # noqa: S608 — only ? is inserted
                [*ids],
            ).fetchall()
            marked = _marked(expression, texts)
        return {
            ids[row]: Excerpt(title=_parts(title), text=_parts(text)) for row, title, text in marked
        }

    def close(self) -> None:
        """Remove the file; the next post creates another one."""
        with self._lock:
            self._discard()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Lock the index for one transaction; an error empties it."""
        with self._lock:
            try:
                connection = self._connection or self._create()
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                _log.warning("search index failed", folder=str(self._folder), reason=str(error))
                self._discard()
                raise NotReady(
                    "the search index is not available", hint="Try again in a minute."
                ) from error

    def _create(self) -> sqlite3.Connection:
        make_folder(self._folder)
        _remove_left_files(self._folder)
        self._descriptor, name = mkstemp(_SUFFIX, _PREFIX, self._folder)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._file = pathlib.Path(name)
        self._connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
        self._connection.executescript(_SCHEMA)
        return self._connection

    def _discard(self) -> None:
        """Close and remove the file, whatever state it is in."""
        connection, self._connection = self._connection, None
        file, self._file = self._file, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
        if file is not None:
            file.unlink(missing_ok=True)
            os.close(self._descriptor)
        self._entries.clear()
        self._searched = None

    def _delete(self, connection: sqlite3.Connection, post_ids: Iterable[PostId]) -> None:
        for post_id in post_ids:
            entry = self._entries.pop(post_id, None)
            if entry is not None:
                self._searched = None
                connection.execute("DELETE FROM posts WHERE rowid = ?", (entry.row,))

    def _rows(self, posts: Sequence[Post]) -> Sequence[int]:
        """Return the row of each of ``posts``, 0 if there is none."""
        searched = self._searched
        if searched is not None and searched.posts is posts:
            return searched.rows
        entries = self._entries
        return [entry.row if (entry := entries.get(post.id)) else 0 for post in posts]


def _marked(
    expression: str, texts: Iterable[tuple[int, str, str]]
) -> Iterable[tuple[int, str, str]]:
    """Return the row, title and text of those ``texts`` that match, with the matches marked.

    In a table of their own: in the whole one, a word of every post takes 10 ms for each text.
    """
    marks = (_MATCH_START, _MATCH_END)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_TABLE)
        connection.executemany("INSERT INTO posts (rowid, title, text) VALUES (?, ?, ?)", texts)
        return connection.execute(
            "SELECT rowid, highlight(posts, 0, ?, ?), snippet(posts, 1, ?, ?, '…', ?)"
            " FROM posts WHERE posts MATCH ?",
            (*marks, *marks, _EXCERPT_TOKENS, expression),
        ).fetchall()


def _remove_left_files(folder: pathlib.Path) -> None:
    """Remove the files of processes that were killed: nobody holds their locks."""
    for file in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError), file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink(missing_ok=True)


def _expression(terms: SearchTerms) -> str:
    """Return the FTS5 query for ``terms``; every one is a string, so none is an operator."""
    words = [
        f'"{word}"{" *" if len(word) >= _MIN_PREFIX_CHARACTERS else ""}' for word in terms.words
    ]
    parts = [*words, *(f'"{phrase}"' for phrase in terms.phrases)]
    return " ".join(dict.fromkeys(parts))


def _printable(text: str) -> str:
    """Return ``text`` without the characters that mark matches, and without lone surrogates."""
    return text.translate(_MARKS).encode("utf-8", "replace").decode()


def _parts(marked: str) -> tuple[TextPart, ...]:
    first, *rest = marked.split(_MATCH_START)
    parts: list[TextPart] = [(first, False)]
    for part in rest:
        match, _, text = part.partition(_MATCH_END)
        parts += [(match, True), (text, False)]
    return tuple(part for part in parts if part[0])

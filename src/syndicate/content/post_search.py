"""Search of posts by words: keeps the full-text index at the edition in service."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import unescape
from itertools import islice
from typing import Final

from syndicate.errors import NotReady
from syndicate.model.edition import Edition
from syndicate.model.post import Post, PostId
from syndicate.model.search import Excerpts, SearchResult, SearchTerms
from syndicate.search_index import SearchableText, SearchIndex

_BATCH_SIZE: Final = 25
"""Posts in one transaction: a search waits some 10 ms for it."""

ReadTexts = Callable[[Sequence[Post], Edition], Iterable[tuple[PostId, str]]]
"""Yields the texts of posts with their markup, without those that cannot be read."""

_HIDDEN: Final = (
    (re.compile("<!--"), re.compile("-->"), True),
    (
        re.compile(r"\{%-?\s*(?:comment|capture|if\s+false)\b"),
        re.compile(r"\{%-?\s*end(?:comment|capture|if)\b(?:[^{}]*%\})?"),
        True,
    ),
    (re.compile(r"\{::comment"), re.compile(r"\{:/[^{}\n]*\}?"), False),
    (re.compile(r"\{#"), re.compile(r"#\}"), False),
    (re.compile(r"(?i)<(?:script|style)\b"), re.compile(r"(?i)</(?:script|style)\s*>"), False),
)
"""Beginning and end of what engines do not publish; True: without an end, all that follows is.

A post that is found by hidden words would reveal them.
"""

_MARKUP: Final = re.compile(
    r"\{%[^{}]*%\}|\{\{[^{}]*\}\}|\{[:.#][^{}\n]*\}"  # template tags, attributes
    r"|\]\((?:[^()\s]|\([^()\s]*\))*(?:\s[^()\n]*)?\)|\]\[[^\[\]\n]*\]"  # targets of links
    r"|<[^<>]*>"
    r"|(?:[*_`~>|\[\]!=]|(?<!&)#)+|-{2,}"  # &#8217; is a character
)


class PostSearch:
    """Finds posts by words of their titles and texts.

    Texts are scanned, not rendered: without markup, and without what the site's engine hides.

    Args:
        index: The index, which `update` brings to an edition.
        read_texts: Reads the files of posts.
    """

    def __init__(self, index: SearchIndex, read_texts: ReadTexts) -> None:
        self._index: Final = index
        self._read_texts: Final = read_texts
        self._indexed: Edition | None = None

    def update(self, edition: Edition, is_current: Callable[[], bool]) -> None:
        """Index what ``edition`` has new, the newest posts first, until ``is_current`` is False.

        Raises `RepositoryError`, and `NotReady` if the index cannot be written.
        """
        self._index.retain_only(edition.posts)
        outdated = iter(self._index.outdated(edition.posts))
        while batch := tuple(islice(outdated, _BATCH_SIZE)):
            if not is_current():
                return
            self._index.put(self._texts(batch, edition))
        self._index.prepare(edition.posts)
        self._indexed = edition

    def find(self, terms: SearchTerms, edition: Edition, posts: Sequence[Post]) -> SearchResult:
        """Return those of ``posts`` of ``edition`` that contain all of ``terms``.

        Raises `NotReady` if the index cannot be read.
        """
        found = self._index.find(terms, posts)
        return SearchResult(posts=found, is_complete=self._indexed is edition)

    def excerpts(self, terms: SearchTerms, posts: Iterable[Post]) -> Excerpts:
        """Return excerpts of those of ``posts`` that are indexed; without an index, none."""
        try:
            return self._index.excerpts(terms, [post.id for post in posts])
        except NotReady:
            return {}

    def close(self) -> None:
        """Remove the index."""
        self._index.close()

    def _texts(self, posts: Sequence[Post], edition: Edition) -> list[SearchableText]:
        """Return the texts of ``posts``, empty where a file cannot be read."""
        texts = dict(self._read_texts(posts, edition))
        return [SearchableText(post, _without_markup(texts.get(post.id, ""))) for post in posts]


def _without_markup(text: str) -> str:
    visible = text
    for start, end, reaches_end in _HIDDEN:
        visible = " ".join(_outside(visible, start, end, reaches_end=reaches_end))
    return " ".join(unescape(_MARKUP.sub(" ", visible)).split())


def _outside(
    text: str, start: re.Pattern[str], end: re.Pattern[str], *, reaches_end: bool
) -> Iterator[str]:
    """Yield what is outside of ``start`` and ``end``.

    In linear time for any text, unlike a regular expression of both.
    """
    position = 0
    while opening := start.search(text, position):
        closing = end.search(text, opening.end())
        if closing is None:
            yield text[position : opening.start() if reaches_end else None]
            return
        yield text[position : opening.start()]
        position = closing.end()
    yield text[position:]

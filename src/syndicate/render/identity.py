"""Gives ids that are unique in a page of many posts, and keeps links to them working."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

_ODD: Final = re.compile(r"[^\w.:\-]+")


def prefix(key: str) -> str:
    """Return what the ids of the post with ``key`` begin with."""
    return f"p-{_ODD.sub('-', key)}-"


class Identities:
    """The ids of one post: as written there, and as they stand in the output (``p-KEY-…``).

    ``written`` are all ids of the post, so that links to what comes later are known as well.
    """

    def __init__(self, key: str, written: Iterable[str]) -> None:
        self._prefix: Final = prefix(key)
        self._given: dict[str, str] = {}
        self._taken: set[str] = set()
        self._doubles: Counter[str] = Counter()
        for name in written:
            if name not in self._given:
                self._given[name] = self._fresh(name)
        self._first = dict(self._given)

    def take(self, written: str) -> str:
        """Return the id of the next element that calls itself ``written``: another each time."""
        return self._first.pop(written, "") or self._fresh(written)

    def find(self, fragment: str) -> str | None:
        """Return the id that ``fragment`` of a link means, None if the post has no such id."""
        return self._given.get(fragment) or self._given.get(unquote(fragment))

    def written(self, fragment: str) -> str:
        """Return ``fragment`` as the post's own page knows it."""
        return fragment.removeprefix(self._prefix)

    def _fresh(self, written: str) -> str:
        own = written if written.startswith(self._prefix) else self._prefix + written
        name = own = _ODD.sub("-", own)
        while name in self._taken:
            self._doubles[own] += 1
            name = f"{own}-{self._doubles[own] + 1}"
        self._taken.add(name)
        return name

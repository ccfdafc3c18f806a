"""Makes ids unique in a page that shows several posts, and keeps links to them working."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

_INVALID_CHARACTERS: Final = re.compile(r"[^\w.:\-]+")


def id_prefix(key: str) -> str:
    """Return the prefix of all ids of the post with ``key``."""
    return f"p-{_INVALID_CHARACTERS.sub('-', key)}-"


class HtmlIds:
    """Maps the ids in the source of one post to ids in the output (``p-KEY-…``).

    ``source_ids`` are all ids of the post, so that links to a later element can be resolved.
    """

    def __init__(self, key: str, source_ids: Iterable[str]) -> None:
        self._prefix: Final = id_prefix(key)
        self._assigned: dict[str, str] = {}
        self._used: set[str] = set()
        self._duplicates: Counter[str] = Counter()
        for name in source_ids:
            if name not in self._assigned:
                self._assigned[name] = self._new_id(name)
        self._unclaimed = dict(self._assigned)

    def allocate(self, source_id: str) -> str:
        """Return an output id for the next element with ``source_id``, a new one each time."""
        return self._unclaimed.pop(source_id, "") or self._new_id(source_id)

    def find(self, fragment: str) -> str | None:
        """Return the output id for the ``fragment`` of a link, None if the post has no such id."""
        return self._assigned.get(fragment) or self._assigned.get(unquote(fragment))

    def source_fragment(self, fragment: str) -> str:
        """Return ``fragment`` without the prefix, as on the post's own page."""
        return fragment.removeprefix(self._prefix)

    def _new_id(self, source_id: str) -> str:
        own = source_id if source_id.startswith(self._prefix) else self._prefix + source_id
        name = own = _INVALID_CHARACTERS.sub("-", own)
        while name in self._used:
            self._duplicates[own] += 1
            name = f"{own}-{self._duplicates[own] + 1}"
        self._used.add(name)
        return name

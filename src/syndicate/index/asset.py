"""Which files of a repository are shown with posts, and where this service serves them; pure."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from syndicate.model.asset import is_public
from syndicate.model.post import BlobId, CommitId, Path, Post

_ROOTS: Final = ("", "static", "assets", "public", "src", "source", "content", "docs")
"""Folders whose content generators put at the root of the site, in the order they are tried."""


@dataclass(frozen=True, kw_only=True)
class Assets:
    """The files of one commit that may be served below the address ``url``."""

    url: str
    blobs: Mapping[Path, BlobId]
    folders: tuple[Path, ...] = ()
    commit: CommitId | None = None
    """The commit that ``blobs`` are of."""

    def of(self, post: Post, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return (name, address) of each of ``names``, as ``post`` writes them, that is a file.

        The address holds the blob, so that it may be kept for ever: other bytes have another.
        """
        return tuple(
            (name, f"{self.url}/{quote(path)}?v={self.blobs[path]}")
            for name in names
            if (path := next(self._find(name, post), None)) is not None
        )

    def _find(self, name: str, post: Post) -> Iterator[Path]:
        try:
            parts = urlsplit(name)
        except ValueError:  # no address at all, as //[a
            return
        written = unquote(parts.path)
        if parts.scheme or parts.netloc or not written:
            return
        places = [posixpath.join(root, written.lstrip("/")) for root in _ROOTS]
        if not written.startswith("/"):
            places.insert(0, posixpath.join(posixpath.dirname(post.path), written))
        for place in places:
            path = Path(posixpath.normpath(place))
            if path in self.blobs and is_public(path, self.folders):
                yield path

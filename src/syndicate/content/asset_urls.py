"""Which files of a repository are shown with posts, and where this service serves them; pure."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from syndicate.model.asset import is_public
from syndicate.model.post import BlobId, CommitId, Path, Post

_STATIC_FOLDERS: Final = ("", "static", "assets", "public", "src", "source", "content", "docs")
"""Folders whose content generators put at the root of the site, in the order they are tried."""


@dataclass(frozen=True, kw_only=True)
class AssetUrls:
    """The files of one commit that may be served below the address ``url``."""

    base_url: str
    blobs: Mapping[Path, BlobId]
    folders: tuple[Path, ...] = ()
    commit: CommitId | None = None
    """The commit that ``blobs`` are of."""

    def resolve(self, post: Post, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Return (name, address) of each of ``names``, as ``post`` writes them, that is a file.

        The address holds the blob, so that it may be kept for ever: other bytes have another.
        """
        return tuple(
            (name, f"{self.base_url}/{quote(path)}?v={self.blobs[path]}")
            for name in names
            if (path := next(self._find(name, post), None)) is not None
        )

    def _find(self, name: str, post: Post) -> Iterator[Path]:
        try:
            parts = urlsplit(name)
        except ValueError:  # no address at all, as //[a
            return
        name_path = unquote(parts.path)
        if parts.scheme or parts.netloc or not name_path:
            return
        candidates = [posixpath.join(root, name_path.lstrip("/")) for root in _STATIC_FOLDERS]
        if not name_path.startswith("/"):
            candidates.insert(0, posixpath.join(posixpath.dirname(post.path), name_path))
        for candidate in candidates:
            path = Path(posixpath.normpath(candidate))
            if path in self.blobs and is_public(path, self.folders):
                yield path

"""Files that posts show: which may be served, as what; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syndicate.model.post import BlobId, Path

_MEDIA_TYPES: Final = {
    "avif": "image/avif",
    "gif": "image/gif",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webm": "video/webm",
    "webp": "image/webp",
}
"""Media types (RFC 6838) by extension: what posts show, and nothing that is read or run."""

_HIDDEN_PATH: Final = re.compile(r"(?:^|/)[._]|draft", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file that a post may show, as it is in the commit that is served."""

    blob: BlobId
    content: bytes
    """Empty where it was not asked for."""
    committed: datetime
    """When that commit was made; the file is at least as old."""


def media_type(path: str) -> str:
    """Return what the file at ``path`` is served as, empty if it is not."""
    return _MEDIA_TYPES.get(path.rpartition(".")[2].lower(), "")


def is_public(path: str, folders: Iterable[Path]) -> bool:
    """Tell whether the file at ``path`` may be served: pictures, sounds and films only.

    Sites leave out what begins with a dot or underscore, and drafts; ``folders`` with posts may
    be called so.
    """
    within = (path.removeprefix(f"{folder}/") for folder in folders)
    seen = next((rest for rest in within if rest != path), path)
    return bool(media_type(path)) and not _HIDDEN_PATH.search(seen)

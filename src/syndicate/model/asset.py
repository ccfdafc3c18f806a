"""Files of a repository that posts embed: which are served, and with which media type."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

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
"""Media types (RFC 6838) by extension: images, audio and video only, nothing that is executed."""


_OTHER_MEDIA_TYPES: Final = {
    "aac": "audio/aac",
    "epub": "application/epub+zip",
    "flac": "audio/flac",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "oga": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "wav": "audio/wav",
}
"""Media types of files that posts may attach, but that are not served from here."""


_HIDDEN_PATH: Final = re.compile(r"(?:^|/)[._]|draft", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file that posts may embed, as of the commit in service."""

    blob: BlobId
    content: bytes
    """Empty if the content was not requested."""
    committed: datetime
    """Time of that commit, which is at or after the last change of the file."""


def media_type(path: str) -> str:
    """Return the media type of the file at ``path``, or an empty string if it is not served."""
    return _MEDIA_TYPES.get(path.rpartition(".")[2].lower(), "")


def media_type_of_url(url: str) -> str:
    """Return the media type of the file at ``url`` by its extension, empty if it is unknown.

    The table of the standard library depends on the machine; the bytes of a feed must not.
    """
    path = urlsplit(url).path
    return media_type(path) or _OTHER_MEDIA_TYPES.get(path.rpartition(".")[2].lower(), "")


def is_public(path: str, folders: Iterable[Path]) -> bool:
    """Return whether the file at ``path`` may be served: images, audio and video only.

    Sites do not publish paths that begin with a dot or an underscore, nor drafts. The names of the
    post ``folders`` themselves may begin so.
    """
    relative_paths = (path.removeprefix(f"{folder}/") for folder in folders)
    relative = next(
        (relative_path for relative_path in relative_paths if relative_path != path), path
    )
    return bool(media_type(path)) and not _HIDDEN_PATH.search(relative)

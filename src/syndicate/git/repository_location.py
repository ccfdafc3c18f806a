"""The location of a repository: a folder on this host, or a URL that is mirrored."""

import hashlib
import os
import re
import shlex
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from syndicate.errors import RepositoryError

ALLOWED_PROTOCOLS: Final = ("https", "ssh", "file")
"""Protocols allowed for fetching; git's ``ext::`` and other remote helpers run commands."""

_REMOTE_HELPER: Final = re.compile(r"[A-Za-z0-9+.-]+::")
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP_SYNTAX: Final = re.compile(r"(?![-/.~])[^/:]+:(?!:)")
_CREDENTIALS: Final = re.compile(r"(?<=https://)[^/@\s]+@|(?<=://)[^/@\s:]*:[^/@\s]*@")


def redact(text: str) -> str:
    """Return ``text`` without user names, passwords and tokens in URLs."""
    return _CREDENTIALS.sub("…@", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryLocation:
    """A repository as configured; ``source_name`` may be empty."""

    path_or_url: str
    """An absolute path, or the URL git fetches from."""
    is_remote: bool
    source_name: str = ""

    @classmethod
    def parse(cls, text: str, *, source_name: str = "") -> Self:
        """Parse a path (``~`` is the home folder), a URL or ``user@host:path``.

        Raises `RepositoryError` for a protocol that is not in `ALLOWED_PROTOCOLS`.
        """
        url = _URL.match(text)
        protocol = url[1].lower() if url else "ssh" if _SCP_SYNTAX.match(text) else ""
        if _REMOTE_HELPER.match(text) or (protocol and protocol not in ALLOWED_PROTOCOLS):
            raise RepositoryError(
                f"repository {redact(text)}: protocol not allowed",
                hint=f"Use a path or one of {', '.join(ALLOWED_PROTOCOLS)}: https://host/path.git.",
                code="refused-protocol",
                choices=ALLOWED_PROTOCOLS,
            )
        if protocol:
            return cls(path_or_url=text, is_remote=True, source_name=source_name)
        folder = os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111 — cannot raise
        return cls(path_or_url=folder, is_remote=False, source_name=source_name)

    @property
    def redacted(self) -> str:
        """The path or URL without credentials, for messages and logs."""
        return redact(self.path_or_url)

    @property
    def shell_quoted(self) -> str:
        """`redacted`, quoted for a shell command."""
        return shlex.quote(self.redacted)

    @property
    def label(self) -> str:
        """The name of the repository in error messages."""
        return f"source {self.source_name}" if self.source_name else f"repository {self.redacted}"

    @property
    def is_file_url(self) -> bool:
        """Whether the repository is mirrored from this host."""
        return self.path_or_url.lower().startswith("file:")

    @property
    def mirror_name(self) -> str:
        """A file name for the mirror: readable, and unique for this URL."""
        path = urlsplit(self.path_or_url).path if "://" in self.path_or_url else self.path_or_url
        last = path.rstrip("/").removesuffix(".git").rpartition("/")[2].rpartition(":")[2]
        readable = re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40]
        digest = hashlib.sha256(self.path_or_url.encode()).hexdigest()
        return f"{readable or 'repository'}-{digest[:12]}"

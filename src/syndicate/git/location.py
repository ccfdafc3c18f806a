"""Where a repository is: a folder of this host, or an address that is mirrored."""

import hashlib
import os
import re
import shlex
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from syndicate.errors import RepositoryError

PROTOCOLS: Final = ("https", "ssh", "file")
"""What may be fetched over; git's ``ext::`` and other remote helpers run commands."""

_HELPER: Final = re.compile(r"[A-Za-z0-9+.-]+::")
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP: Final = re.compile(r"(?![-/.~])[^/:]+:(?!:)")
_SECRET: Final = re.compile(r"(?<=https://)[^/@\s]+@|(?<=://)[^/@\s:]*:[^/@\s]*@")


def redacted(text: str) -> str:
    """Return ``text`` without the user names, passwords and tokens of addresses in it."""
    return _SECRET.sub("…@", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A repository as an operator named it; ``name`` is the source's, perhaps empty."""

    address: str
    """An absolute path, or what git fetches from."""
    is_remote: bool
    name: str = ""

    @classmethod
    def parse(cls, text: str, *, name: str = "") -> Self:
        """Read a path (``~`` is the home folder), a URL or ``user@host:path``.

        Raises `RepositoryError` for a protocol that is not among `PROTOCOLS`.
        """
        url = _URL.match(text)
        protocol = url[1].lower() if url else "ssh" if _SCP.match(text) else ""
        if _HELPER.match(text) or (protocol and protocol not in PROTOCOLS):
            raise RepositoryError(
                f"repository {redacted(text)}: this protocol is not fetched from",
                hint=f"Use a path or one of {', '.join(PROTOCOLS)}: https://host/path.git.",
                code="refused-protocol",
                known=PROTOCOLS,
            )
        if protocol:
            return cls(address=text, is_remote=True, name=name)
        folder = os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111 — cannot raise
        return cls(address=folder, is_remote=False, name=name)

    @property
    def shown(self) -> str:
        """The address as it may be shown and logged."""
        return redacted(self.address)

    @property
    def quoted(self) -> str:
        """The same as a word of a command to type."""
        return shlex.quote(self.shown)

    @property
    def label(self) -> str:
        """What errors call the repository."""
        return f"source {self.name}" if self.name else f"repository {self.shown}"

    @property
    def is_file(self) -> bool:
        """Whether it is mirrored from this host."""
        return self.address.lower().startswith("file:")

    @property
    def stem(self) -> str:
        """A file name for the mirror: readable, and of this address only."""
        path = urlsplit(self.address).path if "://" in self.address else self.address
        last = path.rstrip("/").removesuffix(".git").rpartition("/")[2].rpartition(":")[2]
        readable = re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40]
        return (
            f"{readable or 'repository'}-{hashlib.sha256(self.address.encode()).hexdigest()[:12]}"
        )

"""URLs of files and commits on the web pages of a git host, from the URL of a repository."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, urlsplit

_SCP_SYNTAX: Final = re.compile(r"(?:[^@/:]+@)?([^/:]+):(?!//)/?(.+)")
"""``user@host:path``, as git takes it besides URLs (git-clone(1))."""

_FILE_PATHS: Final[Mapping[str, tuple[str, str]]] = {
    "github": ("/blob/{commit}/", "/commit/"),
    "gitlab": ("/-/blob/{commit}/", "/-/commit/"),
    "gitea": ("/src/commit/{commit}/", "/commit/"),
    "forgejo": ("/src/commit/{commit}/", "/commit/"),
    "codeberg": ("/src/commit/{commit}/", "/commit/"),
}
"""The paths of a file and of a commit, by a word in the name of the host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHost:
    """The pages of one repository; ``url`` is its first page."""

    url: str
    file_path: str
    commit_path: str

    @classmethod
    def from_repository(cls, repository: str) -> Self | None:
        """Return the pages of ``repository``, a URL or ``user@host:path``.

        None for a path, and for a host whose name does not say which software it runs. Credentials
        and the port of ssh are no part of the result.
        """
        host, path = _host_and_path(repository)
        path = path.strip("/").removesuffix(".git")
        kind = next((kind for kind in _FILE_PATHS if kind in host.lower()), "")
        if not kind or not path:
            return None
        file_path, commit_path = _FILE_PATHS[kind]
        url = f"https://{host}/{quote(path, safe='/~')}"
        return cls(url=url, file_path=file_path, commit_path=commit_path)

    def file_url(self, commit: str, path: str, line: int = 0) -> str:
        """Return the URL of a file in a commit, at a line if it is not 0."""
        file_path = self.file_path.format(commit=quote(commit, safe="/"))
        name = quote(path.encode("utf-8", "surrogateescape"), safe="/")
        anchor = f"#L{line}" if line else ""
        # GitHub shows Markdown as it looks, without lines, unless it is asked not to.
        plain = "?plain=1" if line else ""
        return f"{self.url}{file_path}{name}{plain}{anchor}"

    def commit_url(self, commit: str) -> str:
        """Return the URL of a commit."""
        return f"{self.url}{self.commit_path}{commit}"


def _host_and_path(repository: str) -> tuple[str, str]:
    """Return the host, with the port of https, and the path; both empty for a path."""
    if "://" not in repository:
        match = _SCP_SYNTAX.fullmatch(repository)
        return (match[1], match[2]) if match else ("", "")
    parts = urlsplit(repository)
    if parts.scheme.lower() not in {"https", "ssh"}:
        return "", ""
    port = f":{parts.port}" if parts.scheme.lower() == "https" and parts.port else ""
    return f"{parts.hostname or ''}{port}", parts.path

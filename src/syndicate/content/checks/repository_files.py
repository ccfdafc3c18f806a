"""The files of a repository, and whether what a post refers to is among them."""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal
from urllib.parse import unquote, urljoin, urlsplit

from syndicate.model.post import Path, Post

_FILE_PATH: Final = re.compile(
    r".*\.(?:avif|bmp|csv|docx?|gif|ico|jpe?g|json|mp[34]|odt|pdf|png|pptx?|svg|tiff?|txt"
    r"|web[mp]|xlsx?|xml|zip)",
    re.IGNORECASE | re.DOTALL,
)
"""Extensions of what a site takes over as it is; pages are made, and cannot be judged by files."""


@dataclass(frozen=True, kw_only=True)
class RepositoryFiles:
    """Every file of a repository at one commit, by its path."""

    paths: frozenset[Path]

    @classmethod
    def from_paths(cls, paths: Iterable[Path]) -> "RepositoryFiles":
        """Return the tree of ``paths``."""
        return cls(paths=frozenset(paths))

    def missing_reference(self, name: str, post: Post) -> Literal["", "relative", "absolute"]:
        """Tell how ``name``, an address in ``post`` as written, names a file that is not there.

        Empty if the file is there, or where files cannot tell: pages, and folders that are not in
        the repository, may be made by the site's generator. A folder of the site may be any that
        ends alike: ``/assets/x.png`` is in ``src/assets`` as well.
        """
        try:
            written = unquote(urlsplit(name).path)
        except ValueError:  # no address at all, which another rule says
            return ""
        if not _FILE_PATH.fullmatch(written):
            return ""
        if written.startswith("/"):
            return "absolute" if self._is_missing(written.strip("/")) else ""
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(post.path), written))
        served = unquote(urlsplit(urljoin(post.url, name)).path).strip("/")
        if beside in self.paths or written in self.paths or self._has_path_ending(served):
            return ""
        known = posixpath.dirname(beside) in self._folders or self._is_missing(served)
        return "relative" if known else ""

    def _has_path_ending(self, tail: str) -> bool:
        return _any_ends_with(self._paths_by_name.get(posixpath.basename(tail), ()), tail)

    def _is_missing(self, tail: str) -> bool:
        """Tell whether the folder of ``tail`` is there, without its file."""
        folder = posixpath.dirname(posixpath.normpath(tail))
        alike = self._folders_by_name.get(posixpath.basename(folder), ())
        return (
            bool(folder)
            and _any_ends_with(alike, folder)
            and not self._has_path_ending(posixpath.normpath(tail))
        )

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(posixpath.dirname(path) for path in self.paths)

    @cached_property
    def _paths_by_name(self) -> dict[str, list[str]]:
        return _group_by_name(self.paths)

    @cached_property
    def _folders_by_name(self) -> dict[str, list[str]]:
        return _group_by_name(self._folders)


def _group_by_name(paths: Iterable[str]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for path in paths:
        named.setdefault(posixpath.basename(path), []).append(path)
    return named


def _any_ends_with(paths: Iterable[str], tail: str) -> bool:
    return any(path == tail or path.endswith(f"/{tail}") for path in paths)

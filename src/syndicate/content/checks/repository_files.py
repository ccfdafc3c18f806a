"""The files of a repository, and the references of posts that are not among them."""

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
"""Extensions of files that site generators copy; pages are generated and cannot be checked."""


@dataclass(frozen=True, kw_only=True)
class RepositoryFiles:
    """The paths of all files of a repository at one commit."""

    paths: frozenset[Path]

    @classmethod
    def from_paths(cls, paths: Iterable[Path]) -> "RepositoryFiles":
        """Return the files with ``paths``."""
        return cls(paths=frozenset(paths))

    def missing_reference(self, name: str, post: Post) -> Literal["", "relative", "absolute"]:
        """Return how ``name``, a URL as written in ``post``, refers to a file that is missing.

        Empty if the file exists or cannot be checked: the site generator may create pages, and
        folders that the repository lacks. Any folder with the same ending matches:
        ``/assets/x.png`` may be in ``src/assets``.
        """
        try:
            path = unquote(urlsplit(name).path)
        except ValueError:  # not a URL, which is a problem of another rule
            return ""
        if not _FILE_PATH.fullmatch(path):
            return ""
        if path.startswith("/"):
            return "absolute" if self._is_missing(path.strip("/")) else ""
        from_post = posixpath.normpath(posixpath.join(posixpath.dirname(post.path), path))
        site_path = unquote(urlsplit(urljoin(post.url, name)).path).strip("/")
        if from_post in self.paths or path in self.paths or self._has_path_ending(site_path):
            return ""
        has_folder = posixpath.dirname(from_post) in self._folders or self._is_missing(site_path)
        return "relative" if has_folder else ""

    def _has_path_ending(self, tail: str) -> bool:
        return _any_ends_with(self._paths_by_name.get(posixpath.basename(tail), ()), tail)

    def _is_missing(self, tail: str) -> bool:
        """Return whether the folder of ``tail`` exists, but not the file."""
        folder = posixpath.dirname(posixpath.normpath(tail))
        candidates = self._folders_by_name.get(posixpath.basename(folder), ())
        return (
            bool(folder)
            and _any_ends_with(candidates, folder)
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
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(posixpath.basename(path), []).append(path)
    return groups


def _any_ends_with(paths: Iterable[str], tail: str) -> bool:
    return any(path == tail or path.endswith(f"/{tail}") for path in paths)

"""A look at a repository that no settings describe yet."""

import pathlib
from typing import Final

from syndicate.cli.guess import CONFIGS, Guess, guess
from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS
from syndicate.model.post import BlobId, CommitId, Path

_HINTS: Final = ("CNAME", "package.json")
_REFS: Final = ("main", "master", "HEAD")
_PAGES: Final = (".md", ".markdown")
_AT_MOST: Final = 5000
"""Pages that are looked at; more tell nothing new."""

_MAX_BYTES: Final = 64_000_000
"""Bytes of pages that are looked at."""


def survey(repository: str, mirrors: pathlib.Path) -> tuple[str, Guess]:
    """Return the branch that seems to be published, and what is in it.

    Raises `RepositoryError` if there is none.
    """
    refusals: list[RepositoryError] = []
    for ref in _REFS:
        with Repository.open(repository, ref=ref, mirrors=mirrors) as opened:
            try:
                opened.fetch()
                return ref, _guess(opened, opened.head())
            except RepositoryError as error:
                refusals.append(error)
    raise refusals[0]


def _guess(opened: Repository, commit: CommitId) -> Guess:
    entries = opened.entries(commit, (Path("."),))
    pages = [entry for entry in entries if entry.path.lower().endswith(_PAGES)][:_AT_MOST]
    wanted = [entry for entry in entries if entry.path in CONFIGS or entry.path in _HINTS] + pages
    blobs = {entry.blob: None for entry in wanted}
    contents: dict[BlobId, bytes] = {}
    room = _MAX_BYTES
    for blob, content in opened.read_blobs(blobs, max_bytes=DEFAULT_CONTENT_LIMITS.post_bytes):
        if isinstance(content, bytes) and len(content) <= room:
            contents[blob] = content
            room -= len(content)
    return guess(
        (entry.path for entry in entries),
        {entry.path: contents[entry.blob] for entry in wanted if entry.blob in contents},
    )

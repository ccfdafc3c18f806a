"""Read the pages and configuration files of a repository without settings."""

import pathlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from syndicate.cli.init.detection import CONFIG_FILES, DetectedSettings, detect
from syndicate.cli.init.site_detection import DetectedSite, detect_sites
from syndicate.content.needed_files import needed_files
from syndicate.content.site_source import RepositoryFiles
from syndicate.errors import RepositoryError
from syndicate.git import Repository
from syndicate.model.content_reader import DEFAULT_CONTENT_LIMITS
from syndicate.model.post import MARKDOWN_EXTENSIONS, BlobId, CommitId, Path

_URL_FILES: Final = ("CNAME", "package.json")
_REFS: Final = ("main", "master", "HEAD")
_MAX_PAGES: Final = 5000
"""Limit of pages that are read; more add nothing."""

_MAX_BYTES: Final = 64_000_000
"""Limit of bytes that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What the branch ``ref`` holds: sites with posts, or, without any, dated pages."""

    ref: str
    sites: tuple[DetectedSite, ...] = ()
    pages: DetectedSettings | None = None


def scan_repository(repository: str, mirrors: pathlib.Path) -> Scan:
    """Return the published branch, and the sites or settings detected in it.

    Raises `RepositoryError` if there is none.
    """
    errors: list[RepositoryError] = []
    for ref in _REFS:
        with Repository.open(repository, ref=ref, mirrors=mirrors) as opened:
            try:
                opened.fetch()
                return _scan(opened, ref)
            except RepositoryError as error:
                errors.append(error)
    raise errors[0]


def _scan(opened: Repository, ref: str) -> Scan:
    commit = opened.head()
    opened.fetch_contents(commit, needed_files(has_assets=False))
    found = detect_sites(RepositoryFiles(opened, commit), datetime.now(UTC))
    return Scan(ref=ref, sites=found, pages=None if found else _detect(opened, commit))


def _detect(opened: Repository, commit: CommitId) -> DetectedSettings:
    entries = opened.list_files(commit, (Path("."),))
    pages = [entry for entry in entries if entry.path.lower().endswith(MARKDOWN_EXTENSIONS)][
        :_MAX_PAGES
    ]
    wanted = [
        entry for entry in entries if entry.path in CONFIG_FILES or entry.path in _URL_FILES
    ] + pages
    blobs = {entry.blob: None for entry in wanted}
    contents: dict[BlobId, bytes] = {}
    remaining_bytes = _MAX_BYTES
    for blob, content in opened.read_blobs(blobs, max_bytes=DEFAULT_CONTENT_LIMITS.post_bytes):
        if isinstance(content, bytes) and len(content) <= remaining_bytes:
            contents[blob] = content
            remaining_bytes -= len(content)
    return detect(
        (entry.path for entry in entries),
        {entry.path: contents[entry.blob] for entry in wanted if entry.blob in contents},
    )

"""Which files of a remote repository are fetched: pages, configuration, and served media files."""

import pathlib
from typing import Final

from syndicate import sites
from syndicate.content.code_fingerprint import code_digest
from syndicate.git import WantedFiles, history
from syndicate.model import asset, post

_RULES: Final = (__file__, history.__file__, asset.__file__, post.__file__)
_KEY: Final = code_digest(*map(pathlib.Path, _RULES), pathlib.Path(sites.__file__).parent)[:12]
"""Changes with the rules: another version of Syndicate may read other files."""


def needed_files(*, has_assets: bool) -> WantedFiles:
    """Return the rules for one source; with ``has_assets``, this service serves its media files.

    Every version of a page is read: renames are detected by content, and *updated* is the time of
    the version that last changed the words. Of configuration, earlier versions stay in force while
    a later one cannot be read.
    """
    return WantedFiles(
        key=f"{_KEY}{'a' if has_assets else 'p'}",
        in_history=_is_page_or_configuration,
        in_commit=_is_media if has_assets else _is_nothing,
    )


def _is_page_or_configuration(path: str) -> bool:
    return history.is_page(path) or sites.may_be_read(path)


def _is_media(path: str) -> bool:
    return bool(asset.media_type(path))


def _is_nothing(_: str) -> bool:
    return False

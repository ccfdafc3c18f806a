"""Which files of a remote repository are fetched: pages, configuration, and served media files.

And the other texts of the commit in service: a host without bitmaps may send the next version of a
style sheet as a delta against the present one (decision 27).
"""

import pathlib
from typing import Final

from syndicate import sites
from syndicate.content.code_fingerprint import code_digest
from syndicate.git import WantedFiles, history
from syndicate.model import asset, post

_RULES: Final = (__file__, history.__file__, asset.__file__, post.__file__)
_TEXT_ENDINGS: Final = (
    *(".css", ".scss", ".sass", ".less", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".vue"),
    *(".svelte", ".astro", ".json", ".lock", ".yml", ".yaml", ".toml", ".xml", ".svg", ".txt"),
    *(".liquid", ".njk", ".hbs", ".mustache", ".ejs", ".pug", ".haml", ".slim", ".erb", ".tera"),
    *(".rb", ".py", ".php", ".go", ".sh", ".md", ".rst", ".ini", ".cfg", ".conf"),
)
"""Endings of texts that people write, and that are small; data such as ``.csv`` may not be."""
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
        in_commit=_is_media_or_text if has_assets else _is_text,
    )


def _is_page_or_configuration(path: str) -> bool:
    return history.is_page(path) or sites.may_be_read(path)


def _is_media_or_text(path: str) -> bool:
    return bool(asset.media_type(path)) or _is_text(path)


def _is_text(path: str) -> bool:
    return path.lower().endswith(_TEXT_ENDINGS) or "." not in path.rpartition("/")[2]

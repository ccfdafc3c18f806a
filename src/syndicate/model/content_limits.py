"""Limits on the size of a post file; a file over a limit counts as a file that cannot be read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLimits:
    """Limits of a post file.

    ``front_matter_levels`` limits the nesting of mappings and lists, the front matter itself being
    the first level.
    """

    post_bytes: int = 1_048_576
    front_matter_bytes: int = 65_536
    front_matter_levels: int = 32
    categories: int = 100


DEFAULT_CONTENT_LIMITS = ContentLimits()

"""How large one post may be; a file over a limit counts as a file that breaks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLimits:
    """The limits of a post file.

    ``front_matter_levels`` are mappings and lists within each other, the front matter itself
    being the first.
    """

    post_bytes: int = 1_048_576
    front_matter_bytes: int = 65_536
    front_matter_levels: int = 32
    categories: int = 100


DEFAULT_CONTENT_LIMITS = ContentLimits()

"""Chooses the patterns that may find something in a text, since trying one takes time.

Required by the limit of CPU time for 10,000 posts: bodies of 18F take 1.5 ms with the choice and
2.6 ms without.
"""

from collections.abc import Mapping
from typing import Any, Final

from markdown.util import Registry

_SIGNS: Final[Mapping[str, tuple[str, ...]]] = {
    "  \n": ("linebreak",),
    "![": ("image_link", "image_reference", "short_image_ref"),
    '"': ("typography",),
    "$$": ("math",),
    "&": ("entity",),
    "'": ("typography",),
    "*": ("em_strong",),
    "--": ("typography",),
    "...": ("typography",),
    "::": ("extension",),
    "<": ("autolink", "automail", "guillemets", "html"),
    ">>": ("guillemets",),
    "[^": ("footnote",),
    "\\": ("broken_line", "escape"),
    "\n": ("nl",),
    "]": ("reference", "short_reference"),
    "](": ("link",),
    "_": ("em_strong",),
    "`": ("backtick",),
    "~~": ("struck",),
}
"""What must be in a text for patterns with these names. No pattern adds a sign to a text."""

_REFERENCES: Final = frozenset(
    {"image_reference", "reference", "short_image_ref", "short_reference"}
)


class PatternChoice:
    """Selects from all ``patterns`` of a converter."""

    def __init__(self, patterns: Registry[Any]) -> None:
        self._patterns: Final = patterns
        self._chosen: Final[dict[tuple[bool, ...], Registry[Any]]] = {}

    def choose(self, text: str, *, has_references: bool) -> Registry[Any]:
        """Return the patterns that may find something in ``text``, in their order."""
        key = (has_references, *[sign in text for sign in _SIGNS])
        if key not in self._chosen:
            names = {
                name
                for is_there, of_sign in zip(key[1:], _SIGNS.values(), strict=True)
                for name in of_sign
                if is_there and name in self._patterns
            }
            chosen = Registry[Any]()
            for name in names if has_references else names - _REFERENCES:
                priority = -self._patterns.get_index_for_name(name)
                chosen.register(self._patterns[name], name, priority)
            self._chosen[key] = chosen
        return self._chosen[key]

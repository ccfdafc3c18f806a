"""The agency that runs the service, as pages present it: name, links, banner and colors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

MIN_TEXT_CONTRAST: Final = 4.5
"""Contrast of text and its background (WCAG 2.2, 1.4.3)."""

_LIGHT_PAPER: Final = ("#ffffff", "#f2f5f8")
_DARK_PAPER: Final = ("#10161d", "#19222c")
"""The backgrounds of text in `page.css`: of the page and of panels."""

_DEFAULT_PRIMARY: Final = "#14304f"
_DEFAULT_PRIMARY_TEXT: Final = "#ffffff"

_HEX_COLOR: Final = re.compile("#([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_LINEAR_LIMIT: Final = 0.04045


class LowContrast(NamedTuple):
    """A color that is hard to read on ``background``; ``name`` is the key in the settings."""

    name: str
    color: str
    background: str
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyLink:
    """A link of the agency, such as its accessibility statement."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Colors:
    """Colors of pages as ``#rgb`` or ``#rrggbb``; those of the built-in pages where empty.

    ``primary`` is the background of the header, ``primary_text`` the text on it, ``accent`` the
    line below it. Links on dark pages have the color ``link_dark``.
    """

    primary: str = ""
    primary_text: str = ""
    accent: str = ""
    link: str = ""
    link_dark: str = ""

    def low_contrasts(self) -> Iterator[LowContrast]:
        """Yield the colors of text whose contrast is below `MIN_TEXT_CONTRAST`."""
        primary = self.primary or _DEFAULT_PRIMARY
        pairs = [("primary_text", self.primary_text or _DEFAULT_PRIMARY_TEXT, primary)]
        pairs += [("link", self.link, paper) for paper in _LIGHT_PAPER if self.link]
        pairs += [("link_dark", self.link_dark, paper) for paper in _DARK_PAPER if self.link_dark]
        for name, color, background in pairs:
            ratio = contrast_ratio(color, background)
            if ratio < MIN_TEXT_CONTRAST:
                yield LowContrast(name, color, background, ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """The agency that runs the service; texts and URLs are empty where the settings have none.

    ``banner`` is the text of the banner above every page; True means the banner of official
    websites of the United States government. ``privacy_url`` is the agency's privacy policy, which
    stands in place of the text of this service.
    """

    name: str = ""
    url: str = ""
    banner: bool | str = False
    links: tuple[AgencyLink, ...] = ()
    privacy_url: str = ""
    colors: Colors = Colors()


def is_color(text: str) -> bool:
    """Return whether ``text`` is a color such as ``#14304f`` or ``#fff``."""
    return _HEX_COLOR.fullmatch(text) is not None


def contrast_ratio(color: str, other: str) -> float:
    """Return the contrast of two colors, 1 to 21 (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted((_relative_luminance(color), _relative_luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _relative_luminance(color: str) -> float:
    digits = color[1:]
    if len(digits) == 3:  # noqa: PLR2004 — one digit for each of red, green and blue
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = (_linear(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    """Return a channel of sRGB, 0 to 1, as linear light (IEC 61966-2-1)."""
    if channel <= _LINEAR_LIMIT:
        return channel / 12.92
    return float(((channel + 0.055) / 1.055) ** 2.4)

"""Contrast of the agency's colors."""

import pytest

from syndicate.model.agency import Colors, contrast_ratio, is_color


@pytest.mark.parametrize(
    ("color", "other", "ratio"),
    [
        ("#fff", "#000000", 21),
        ("#777777", "#FFF", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#005ea2", "#ffffff", 6.72),
        ("#a1b2c3", "#a1b2c3", 1),
    ],
)
def test_contrast_is_that_of_wcag(color: str, other: str, ratio: float) -> None:
    """In either order; the values are those of other contrast checkers."""
    assert contrast_ratio(color, other) == pytest.approx(ratio, abs=0.01)
    assert contrast_ratio(other, color) == contrast_ratio(color, other)


@pytest.mark.parametrize("text", ["#fff", "#14304F"])
def test_colors_are_hexadecimal(text: str) -> None:
    """With three or six digits."""
    assert is_color(text)


@pytest.mark.parametrize("text", ["", "red", "#ffff", "fff", "#ggg", "#fff;}", "#fff\n"])
def test_other_text_is_no_color(text: str) -> None:
    """It would be part of a style sheet."""
    assert not is_color(text)


@pytest.mark.parametrize(
    ("colors", "names"),
    [
        (Colors(), []),
        (Colors(primary="#1a4480", link="#005ea2", link_dark="#8cc0fa"), []),
        (Colors(primary="#ffbe2e"), ["primary_text"]),
        (Colors(primary="#ffbe2e", primary_text="#1b1b1b"), []),
        (Colors(primary_text="#000"), ["primary_text"]),
        (Colors(link="#767676"), ["link"]),  # on white it passes, on panels it does not
        (Colors(link="#ccc"), ["link", "link"]),
        (Colors(link_dark="#005ea2"), ["link_dark", "link_dark"]),
        (Colors(accent="#ffffff"), []),  # a line holds no text
    ],
)
def test_low_contrasts_are_found_on_every_background(colors: Colors, names: list[str]) -> None:
    """Those of text, with the colors of the service where the agency sets none."""
    assert [low.name for low in colors.low_contrasts()] == names

"""Which frames stay."""

import pytest

from syndicate.render.allowed import SANDBOX
from syndicate.render.embed import description, frame


def test_a_player_of_a_known_host_stays_in_a_sandbox() -> None:
    """By https, loaded late; its own sandbox and loading do not count."""
    given = {
        "src": "http://www.youtube.com/embed/x",
        "title": "T",
        "sandbox": "",
        "loading": "eager",
    }
    assert frame(given, ()) == {
        "src": "https://www.youtube.com/embed/x",
        "title": "T",
        "loading": "lazy",
        "sandbox": SANDBOX,
    }


@pytest.mark.parametrize(
    "src", ["https://www.youtube.com/watch?v=x", "https://evil.example/embed/x"]
)
def test_other_pages_and_hosts_do_not_stay(src: str) -> None:
    """A known host is known for its players only."""
    assert frame({"src": src}, ()) is None


def test_a_host_of_the_settings_stays() -> None:
    """In any case, with any path."""
    assert frame({"src": "https://maps.example.gov/x"}, ("Maps.Example.gov",))


def test_a_link_in_place_of_a_frame_says_what_it_was() -> None:
    """By its title, else by its host."""
    assert description({"src": "https://a.gov/x", "title": " The map "}) == "The map"
    assert description({"src": "https://a.gov/x"}) == "Embedded content from a.gov"

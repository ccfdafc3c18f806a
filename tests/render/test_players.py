"""The pages of embedded players."""

import pytest

from syndicate.render.allowlist import IFRAME_HOSTS
from syndicate.render.feed_html import player_page


@pytest.mark.parametrize(
    ("src", "url", "title"),
    [
        (
            "https://www.youtube.com/embed/dQw4w9WgXcQ",
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "Video on YouTube",
        ),
        (
            "https://youtube-nocookie.com/embed/a?start=x&list=PL1",
            "https://www.youtube.com/watch?v=a&list=PL1",
            "Video on YouTube",
        ),
        (
            "https://www.youtube-nocookie.com/embed/videoseries?list=PL1",
            "https://www.youtube.com/playlist?list=PL1",
            "Playlist on YouTube",
        ),
        (
            "https://www.youtube.com/embed/live_stream?channel=UC1",
            "https://www.youtube.com/channel/UC1/live",
            "Live video on YouTube",
        ),
        (
            "https://www.youtube.com/embed/live_stream?channel=../redirect%3Fq%3Dhttps://a.gov",
            "https://www.youtube.com/channel/..%2Fredirect%3Fq%3Dhttps%3A%2F%2Fa.gov/live",
            "Live video on YouTube",
        ),
        ("https://player.vimeo.com/video/76?title=0", "https://vimeo.com/76", "Video on Vimeo"),
        ("https://player.vimeo.com/video/76?h=8a%2Fb", "https://vimeo.com/76", "Video on Vimeo"),
        (
            "https://archive.org/embed/moon_landing",
            "https://archive.org/details/moon_landing",
            "Recording on the Internet Archive",
        ),
        (
            "https://maps.example.gov/embed/1?a=b",
            "https://maps.example.gov/embed/1?a=b",
            "Embedded content from maps.example.gov",
        ),
        (
            "https://www.youtube.com",
            "https://www.youtube.com",
            "Embedded content from www.youtube.com",
        ),
    ],
)
def test_player_has_a_page_to_watch(src: str, url: str, title: str) -> None:
    """Not the address of the frame, which is of no use outside of an iframe."""
    assert player_page(src) == (url, title)


@pytest.mark.parametrize(("host", "path"), IFRAME_HOSTS.items())
def test_every_allowed_player_is_known(host: str, path: str) -> None:
    """A player that is added to the allow-list needs a page."""
    assert player_page(f"https://{host}{path}abc").url != f"https://{host}{path}abc"

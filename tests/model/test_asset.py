"""Which files may be served, and with which media type."""

import pytest

from syndicate.model.asset import is_public, media_type, media_type_of_url
from syndicate.model.post import Path

FOLDERS = (Path("_posts"),)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a/b.PNG", "image/png"),
        ("x.svg", "image/svg+xml"),
        ("talk.mp3", "audio/mpeg"),
        ("film.webm", "video/webm"),
        ("page.html", ""),
        ("script.js", ""),
        ("paper.pdf", ""),
        ("png", "image/png"),
        ("", ""),
    ],
)
def test_only_images_audio_and_video_have_a_media_type(path: str, kind: str) -> None:
    """No files that are executed."""
    assert media_type(path) == kind


@pytest.mark.parametrize("path", ["assets/x.png", "_posts/x.png", "_posts/2024/x.jpg", "x.svg"])
def test_images_of_the_site_are_public(path: str) -> None:
    """Also beside posts in a folder that begins with an underscore."""
    assert is_public(path, FOLDERS)


@pytest.mark.parametrize(
    "path",
    [
        "_includes/x.png",
        "assets/.private/x.png",
        "_posts/_drafts/x.png",
        "_drafts/x.png",
        "content/drafts/x.png",
        "settings.toml",
        "_posts/post.md",
    ],
)
def test_hidden_paths_are_not_public(path: str) -> None:
    """Hidden folders, drafts, and files of other types."""
    assert not is_public(path, FOLDERS)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.example.gov/a.jpg", "image/jpeg"),
        ("https://www.example.gov/A.PNG?width=3", "image/png"),
        ("https://www.example.gov/talk.opus", "audio/ogg"),
        ("https://www.example.gov/report.pdf", "application/pdf"),
        ("https://www.example.gov/a.b/c#d.svg", ""),
        ("https://www.example.gov/", ""),
    ],
)
def test_media_type_of_a_url_follows_from_its_path(url: str, expected: str) -> None:
    """In any case of letters; not from query, fragment or the table of the machine."""
    assert media_type_of_url(url) == expected


def test_attached_documents_are_not_served() -> None:
    """A feed may name a PDF file, but this service serves images, audio and video only."""
    assert not media_type("report.pdf")

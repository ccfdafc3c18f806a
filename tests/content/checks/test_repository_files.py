"""References of posts to files that are missing in the repository."""

import pytest

from syndicate.content.checks.post_checks import RepositoryFiles
from syndicate.model.post import Path
from tests import samples

POST = samples.post("news/2024-01-29-one.md", url="https://www.example.gov/news/one/")
TREE = RepositoryFiles.from_paths(
    map(
        Path,
        [
            "news/2024-01-29-one.md",
            "news/beside.png",
            "src/assets/img/lake view.jpg",
            "static/news/one/served.pdf",
            "top.svg",
        ],
    )
)


@pytest.mark.parametrize(
    "name",
    [
        "beside.png",
        "./beside.png",
        "top.svg",
        "src/assets/img/lake%20view.jpg",
        "/assets/img/lake%20view.jpg?width=3#x",
        "served.pdf",
    ],
)
def test_reference_to_a_file_of_the_site_is_found(name: str) -> None:
    """Next to the post, from the root, or in any folder with the same ending as the URL."""
    assert TREE.missing_reference(name, POST) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("about", "other.md", "/2024/", "/made/by/the/site.png", "/site.png"),
        *("pictures/none.png", "//[no-address/x.png"),
    ],
)
def test_references_that_cannot_be_checked_are_accepted(name: str) -> None:
    """Pages, invalid URLs and folders that are not in the repository cannot be checked."""
    assert TREE.missing_reference(name, POST) == ""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("besides.png", "relative"),
        ("../src/assets/img/sea.jpg", "relative"),
        ("served.PPTX", "relative"),
        ("/assets/img/sea.jpg", "absolute"),
        ("/news/one/none.pdf", "absolute"),
    ],
)
def test_file_that_is_not_in_its_folder_is_missing(name: str, kind: str) -> None:
    """The folder exists, the file does not."""
    assert TREE.missing_reference(name, POST) == kind

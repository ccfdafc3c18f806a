"""Which references lead nowhere in a repository."""

import pytest

from syndicate.content.checks.repository_files import RepositoryFiles
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
def test_a_file_is_found_wherever_a_site_takes_it_from(name: str) -> None:
    """Beside the post, from the root, or in any folder that ends as the address does."""
    assert TREE.missing_reference(name, POST) == ""


@pytest.mark.parametrize(
    "name",
    [
        *("about", "other.md", "/2024/", "/made/by/the/site.png", "/site.png"),
        *("pictures/none.png", "//[no-address/x.png"),
    ],
)
def test_what_files_cannot_tell_is_not_judged(name: str) -> None:
    """Pages, what is no address, and folders not in the repository: the site may make them."""
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
def test_a_file_that_is_not_in_its_folder_is_missing(name: str, kind: str) -> None:
    """The folder is there, the file is not."""
    assert TREE.missing_reference(name, POST) == kind

"""Sizes of images and recordings whose files are in the repository."""

import pathlib
from collections.abc import Iterator

import pytest

from syndicate.content.link_targets import MediaFiles
from syndicate.git import Repository
from syndicate.model.post import Attachment, CommitId, Image
from tests import samples
from tests.content_repository import ContentRepository

SITE = "https://www.example.gov/agency"
POST = samples.post("posts/2024/forms/index.md", url=f"{SITE}/2024/forms/")


@pytest.fixture
def files(content: ContentRepository, tmp_path: pathlib.Path) -> Iterator[MediaFiles]:
    """Return the files of a site below a path, some of which this service serves."""
    commit = content.commit(
        {
            "static/img/a b.png": b"1",
            "assets/b.png": b"22",
            "posts/2024/forms/c.png": b"333",
            "notes.md": b"4444",
        }
    )
    source = samples.source(site_url=SITE)
    with Repository.open(str(content.path), ref="main", mirrors=tmp_path) as repository:
        yield MediaFiles(
            repository, CommitId(commit), source, "https://feeds.example.gov/assets/news"
        )


@pytest.mark.parametrize(
    ("url", "size"),
    [
        (f"{SITE}/img/a%20b.png", 1),
        (f"{SITE}/static/img/a%20b.png?v=2", 1),
        (f"{SITE}/b.png", 2),
        (f"{SITE}/2024/forms/c.png", 3),
        ("https://feeds.example.gov/assets/news/posts/2024/forms/c.png?v=b10b", 3),
        ("https://feeds.example.gov/assets/news/c.png", None),
        (f"{SITE}/notes.md", None),
        (f"{SITE}/none.png", None),
        ("https://www.example.gov/b.png", None),
        ("https://cdn.example.gov/agency/b.png", None),
    ],
)
def test_file_is_found_by_its_url(files: MediaFiles, url: str, size: int | None) -> None:
    """In the folders that sites copy to their root, beside the page, and below /assets."""
    rendered = samples.rendered_post(POST, image=Image(url=url))
    for _ in range(2):
        found = files.with_sizes(rendered)
        assert found.image == Image(url=url, file_bytes=size)
        assert (found is rendered) == (size is None)


def test_sizes_that_are_remembered_are_bounded(files: MediaFiles) -> None:
    """Beyond that, files are looked up again."""
    url = f"{SITE}/b.png"
    attachments = tuple(
        Attachment(url=f"{SITE}/none?{number}", type="image/png") for number in range(10_001)
    )
    for others in ((), attachments, ()):
        rendered = samples.rendered_post(POST, image=Image(url=url), attachments=others)
        image = files.with_sizes(rendered).image
        assert image is not None
        assert image.file_bytes == 2

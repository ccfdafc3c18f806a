"""Blobs are read in order, and a git that never answers is a repository error."""

import pytest

from syndicate.errors import RepositoryError
from syndicate.git import Repository, UnreadableBlob
from syndicate.model.post import BlobId
from tests.content_repository import ContentRepository


@pytest.mark.slow
def test_blobs_are_in_order_with_the_sizes_of_large_ones(
    content: ContentRepository, repository: Repository
) -> None:
    """More blobs than a batch of queries, and more bytes than are held in memory together."""
    sizes = [3_000_000, 10, 3_000_001, *range(100, 300), 2_000_000, 2_500_000]
    content.commit({f"{number}": b"x" * size for number, size in enumerate(sizes)})
    blobs = [BlobId(content.git("rev-parse", f"main:{n}")) for n in range(len(sizes))]
    found = list(repository.read_blobs([*blobs, BlobId("1" * 40)], max_bytes=3_000_000))
    assert [blob for blob, _ in found] == [*blobs, "1" * 40]
    contents = [content for _, content in found]
    assert contents[2] == UnreadableBlob(reason="too-large", size=3_000_001)
    assert contents[-1] == UnreadableBlob(reason="missing")
    assert [len(c) for c in contents if isinstance(c, bytes)] == [sizes[0], sizes[1], *sizes[3:]]


def test_removed_repository_is_an_error_not_a_corrupt_blob(
    content: ContentRepository, repository: Repository
) -> None:
    """Git then ends at each query, whatever the object."""
    content.commit({"a": "1"})
    blob = BlobId(content.git("rev-parse", "main:a"))
    assert list(repository.read_blobs([blob], max_bytes=9)) == [(blob, b"1")]
    repository.close()
    content.path.joinpath(".git").rename(content.path / "away")
    blank = content.path.parent / "var" / "blank-sha1"
    (blank / "HEAD").unlink()
    with pytest.raises(RepositoryError):
        list(repository.read_blobs([blob], max_bytes=9))

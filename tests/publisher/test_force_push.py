"""A force push to an older commit is noticed and served."""

import pathlib

import pytest

from syndicate.cache import Cache
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.category import Vocabulary
from syndicate.model.edition import SourceSnapshot
from syndicate.publisher.source_watcher import SourceReader
from tests import samples
from tests.content_repository import ContentRepository

POST = "---\ntitle: {}\n---\nWords.\n"


@pytest.mark.parametrize("is_remote", [False, True])
@pytest.mark.parametrize("steps", [1, 3])
def test_branch_forced_back_is_served_at_the_older_commit(
    tmp_path: pathlib.Path, is_remote: bool, steps: int
) -> None:
    """Local and mirrored; later posts are gone, and the next commit is noticed."""
    content = ContentRepository.create(tmp_path / "content", bare=is_remote)
    for number in range(4):
        content.commit({f"news/{number}.md": POST.format(number)})
    address = f"file://{content.path}" if is_remote else str(content.path)
    with Repository.open(address, ref="main", mirrors=tmp_path / "mirrors") as repository:
        follower = SourceReader(
            samples.source("news"),
            poll_seconds=60,
            open_index=lambda: SourceIndex(
                samples.source("news"),
                repository,
                cache=Cache(tmp_path / "cache.db"),
                vocabulary=Vocabulary(),
            ),
        )

        def titles() -> list[str]:
            part = follower.poll()
            assert isinstance(part, SourceSnapshot)
            assert part.commit == content.head()
            assert not part.error
            return sorted(post.title for post in part.posts)

        assert titles() == ["0", "1", "2", "3"]
        before = follower.fingerprint()
        older = content.reset(f"main~{steps}")
        assert follower.poll().commit == older  # type: ignore[union-attr]
        assert titles() == ["0", "1", "2", "3"][: 4 - steps]
        assert follower.fingerprint() != before
        content.commit({"news/new.md": POST.format("new")})
        assert titles() == [*(["0", "1", "2", "3"][: 4 - steps]), "new"]

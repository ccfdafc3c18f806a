"""A post knows its key and when it may be seen."""

from datetime import timedelta

import pytest

from syndicate.model.post import PostId
from tests import samples

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("key", ["0123456789abcdef", "0123456789abcdef~2"])
def test_the_key_is_the_last_part_of_the_id(key: str) -> None:
    """An address uses the key alone, with the mark of a path that is used again."""
    post = samples.post(id=PostId(f"tag:www.example.gov,2024-01-29:{key}"))
    assert post.key == key


def test_a_post_is_live_from_its_publication_until_just_before_it_expires() -> None:
    """The first instant is in, the last is out."""
    end = samples.PUBLISHED + timedelta(days=1)
    post = samples.post(expires=end)
    assert not post.is_live(samples.PUBLISHED - SECOND)
    assert post.is_live(samples.PUBLISHED)
    assert post.is_live(end - SECOND)
    assert not post.is_live(end)


def test_a_post_that_does_not_expire_stays() -> None:
    """Without an end, a post is live forever."""
    assert samples.post().is_live(samples.PUBLISHED + timedelta(days=36500))

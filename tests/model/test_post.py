"""Key and liveness of a post."""

from datetime import timedelta

import pytest

from syndicate.model.post import PostId
from tests import samples

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("key", ["0123456789abcdef", "0123456789abcdef~2"])
def test_key_is_the_last_part_of_the_id(key: str) -> None:
    """Including the suffix of a reused path."""
    post = samples.post(id=PostId(f"tag:www.example.gov,2024-01-29:{key}"))
    assert post.key == key


def test_post_is_live_from_publication_until_expiry() -> None:
    """Publication time included, expiry time excluded."""
    end = samples.PUBLISHED + timedelta(days=1)
    post = samples.post(expires=end)
    assert not post.is_live(samples.PUBLISHED - SECOND)
    assert post.is_live(samples.PUBLISHED)
    assert post.is_live(end - SECOND)
    assert not post.is_live(end)


def test_post_without_expiry_stays_live() -> None:
    """For ever."""
    assert samples.post().is_live(samples.PUBLISHED + timedelta(days=36500))

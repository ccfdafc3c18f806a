"""A process that runs long is prepared for it."""

import gc
import resource
from collections.abc import Iterator

import pytest

from syndicate.service.process import prepare


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave this process as it was."""
    thresholds, files = gc.get_threshold(), resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    resource.setrlimit(resource.RLIMIT_NOFILE, files)


def test_as_many_files_may_be_open_as_the_system_lets_us() -> None:
    """However few it is before we ask."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 256), most))
    prepare()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)


def test_what_is_there_to_stay_is_not_looked_through_again() -> None:
    """And what comes and goes is not looked through after every few objects."""
    gc.unfreeze()
    prepare()
    assert gc.get_freeze_count() > 1_000
    assert gc.get_threshold()[0] > 700

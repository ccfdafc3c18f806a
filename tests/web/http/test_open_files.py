"""The limit of connections leaves open files for git, the database and deliveries."""

import resource
from dataclasses import replace

import pytest

from syndicate.web.http.connection_limits import LIMITS, raise_open_files, within_open_files


@pytest.mark.parametrize(
    ("open_files", "connections", "backlog"),
    [
        (-1, 10_000, 2_048),
        (1_048_576, 10_000, 2_048),
        (20_000, 10_000, 2_048),
        (4_096, 2_560, 512),
        (1_024, 640, 128),
        (256, 96, 32),
        (1, 1, 1),
    ],
)
def test_open_files_are_left_for_others(open_files: int, connections: int, backlog: int) -> None:
    """A quarter and at least 256, or half of what there is."""
    limits = within_open_files(LIMITS, open_files)

    assert (limits.connections, limits.backlog) == (connections, backlog)
    assert replace(limits, connections=10_000, backlog=2_048) == LIMITS


def test_lower_setting_is_kept() -> None:
    """However many files may be open."""
    assert within_open_files(replace(LIMITS, connections=7), 4_096).connections == 7


def test_limit_on_open_files_is_raised() -> None:
    """The soft limit becomes the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert raise_open_files() == hard == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

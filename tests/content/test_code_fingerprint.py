"""What is kept is known by what made it."""

import pathlib
import zoneinfo
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest

from syndicate.cache import Cache
from syndicate.content import code_fingerprint
from syndicate.content.source_index import SourceIndex
from syndicate.git import Repository
from syndicate.model.post import Path
from tests import samples
from tests.content.conftest import VOCABULARY, file
from tests.content.test_source_index import FIRST, at_head
from tests.content_repository import ContentRepository

NAME = "America/New_York"

Install = Callable[[str], ZoneInfo]


@pytest.fixture
def install(tmp_path: pathlib.Path) -> Iterator[Install]:
    """Return a function that makes the system say of New York what is true of another zone."""

    def install_it(other: str) -> ZoneInfo:
        place = tmp_path / other / NAME
        place.parent.mkdir(parents=True)
        place.write_bytes((files("tzdata") / "zoneinfo" / other).read_bytes())
        zoneinfo.reset_tzpath(to=[str(tmp_path / other)])
        return ZoneInfo.no_cache(NAME)

    yield install_it
    zoneinfo.reset_tzpath()


def test_time_zone_data_are_known_by_what_they_say(install: Install) -> None:
    """By what the system has, where it has them, as when they are read."""
    found = {
        code_fingerprint.zone_data_digest(install(other)) for other in ("Etc/GMT+5", "Etc/GMT+4")
    }
    assert len(found) == 2
    zoneinfo.reset_tzpath(to=["/nowhere", *zoneinfo.TZPATH])
    assert code_fingerprint.zone_data_digest(ZoneInfo.no_cache(NAME)) in found
    zoneinfo.reset_tzpath(to=[])
    assert code_fingerprint.zone_data_digest(ZoneInfo.no_cache(NAME)) == version("tzdata")


def test_what_other_time_zone_data_gave_is_not_trusted(
    content: ContentRepository, install: Install, tmp_path: pathlib.Path
) -> None:
    """An hour that is another after an update of the system is another after the next start."""
    content.commit({FIRST: file(date="2024-07-01 09:00")})
    cache = Cache(tmp_path / "cache.db")
    with Repository.open(str(content.path), ref="main", mirrors=tmp_path / "mirrors") as repository:
        for hours in (5, 4):
            source = samples.source(folders=(Path("news"),), zone=install(f"Etc/GMT+{hours}"))
            index = SourceIndex(source, repository, cache=cache, vocabulary=VOCABULARY)
            (post,) = at_head(index).posts
            assert post.published.isoformat() == f"2024-07-01T09:00:00-0{hours}:00"
            index.save()
    cache.close()

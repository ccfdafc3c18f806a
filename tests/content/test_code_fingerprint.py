"""Cache keys depend on the code and on the time zone data."""

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
    """Return a function that installs the data of another zone as those of New York."""

    def install_zone(other: str) -> ZoneInfo:
        zone_file = tmp_path / other / NAME
        zone_file.parent.mkdir(parents=True)
        zone_file.write_bytes((files("tzdata") / "zoneinfo" / other).read_bytes())
        zoneinfo.reset_tzpath(to=[str(tmp_path / other)])
        return ZoneInfo.no_cache(NAME)

    yield install_zone
    zoneinfo.reset_tzpath()


def test_zone_digest_depends_on_the_zone_data(install: Install) -> None:
    """The system's data count if there are any, else the version of the package."""
    found = {
        code_fingerprint.zone_data_digest(install(other)) for other in ("Etc/GMT+5", "Etc/GMT+4")
    }
    assert len(found) == 2
    zoneinfo.reset_tzpath(to=["/nowhere", *zoneinfo.TZPATH])
    assert code_fingerprint.zone_data_digest(ZoneInfo.no_cache(NAME)) in found
    zoneinfo.reset_tzpath(to=[])
    assert code_fingerprint.zone_data_digest(ZoneInfo.no_cache(NAME)) == version("tzdata")


def test_other_zone_data_invalidate_the_cache(
    content: ContentRepository, install: Install, tmp_path: pathlib.Path
) -> None:
    """A time that an update of the data changes is different after the next start."""
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

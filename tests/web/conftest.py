"""What tests of the web share: an empty database of each kind."""

import pathlib
from collections.abc import Iterator

import pytest

from tests.databases import KINDS, postgresql_database


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'syndicate.db'}"
    else:
        with postgresql_database(request.getfixturevalue("postgresql")) as made:
            yield made

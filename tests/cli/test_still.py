"""The reader that stays with one edition."""

from pathlib import Path

from syndicate.cli.still import still
from syndicate.model.edition import Readiness


def test_it_is_ready_from_the_start(file: Path) -> None:
    """Every source was tried when it was made."""
    with still(file, rev="", at=None) as reader:
        assert reader.readiness == Readiness(settled=True)
        assert [post.title for post in reader.edition.posts] == ["Second", "Uno", "First"]

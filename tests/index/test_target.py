"""What internal links lead to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.index.target import Targets
from syndicate.model.post import Path
from tests import samples

OTHER = samples.post("news/2024/2024-02-01-other.md", url="https://www.example.gov/other")
BUNDLE = samples.post("news/bundle/index.md", url="https://www.example.gov/bundle/")
HERE = samples.post("news/2024/2024-03-01-here.md")
TARGETS = Targets(posts=(OTHER, BUNDLE, HERE))


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("news/2024/2024-02-01-other.md", "https://www.example.gov/other"),
        ("/news/2024/2024-02-01-other", "https://www.example.gov/other"),
        ("2024-02-01-other.md", "https://www.example.gov/other"),
        ("./2024-02-01-other.md", "https://www.example.gov/other"),
        ("../bundle/index.md", "https://www.example.gov/bundle/"),
        ("bundle", "https://www.example.gov/bundle/"),
        ("2024-02-01-other#part", "https://www.example.gov/other#part"),
    ],
)
def test_a_post_is_found_by_path_or_name(name: str, address: str) -> None:
    """From the root, from the folder, or by the bare name; a fragment stays."""
    assert TARGETS.of(HERE, [name]) == ((name, address),)


def test_what_is_no_post_is_left_out() -> None:
    """An image or a page of the site keeps the address it has."""
    assert TARGETS.of(HERE, ["missing.md", "picture.png", "", "/"]) == ()


def test_the_next_targets_are_the_same_as_made_anew() -> None:
    """Posts that come, go and are called otherwise, whatever was looked up before."""
    moved = replace(OTHER, path=Path("news/2024/2024-02-01-moved.md"))
    same = samples.post(
        "news/2024/2024-02-01-other.html",
        url="https://www.example.gov/newer",
        published=OTHER.published + timedelta(days=1),
    )
    names = ["2024-02-01-other", "2024-02-01-moved", "bundle", "2024-03-01-here", "x"]
    targets = Targets(posts=())
    assert targets.next((HERE,)).of(HERE, names) == Targets(posts=(HERE,)).of(HERE, names) != ()
    versions = [(HERE,), (OTHER, BUNDLE, HERE), (OTHER, same, HERE), (moved, same), (), (OTHER,)]
    for posts in versions:
        targets = targets.next(posts)
        assert targets.of(HERE, names) == Targets(posts=posts).of(HERE, names)
        assert targets.next(targets.posts) is targets

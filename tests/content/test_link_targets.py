"""What internal links lead to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.content.link_targets import LinkTargets
from syndicate.model.post import Path
from tests import samples

OTHER = samples.post("news/2024/2024-02-01-other.md", url="https://www.example.gov/other")
BUNDLE = samples.post("news/bundle/index.md", url="https://www.example.gov/bundle/")
HERE = samples.post("news/2024/2024-03-01-here.md")
TARGETS = LinkTargets(posts=(OTHER, BUNDLE, HERE))


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
    assert TARGETS.resolve(HERE, [name]) == ((name, address),)


def test_what_is_no_post_is_left_out() -> None:
    """An image or a page of the site keeps the address it has."""
    assert TARGETS.resolve(HERE, ["missing.md", "picture.png", "", "/"]) == ()


def test_the_next_targets_are_the_same_as_made_anew() -> None:
    """Posts that come, go and are called otherwise, whatever was looked up before."""
    moved = replace(OTHER, path=Path("news/2024/2024-02-01-moved.md"))
    same = samples.post(
        "news/2024/2024-02-01-other.html",
        url="https://www.example.gov/newer",
        published=OTHER.published + timedelta(days=1),
    )
    names = ["2024-02-01-other", "2024-02-01-moved", "bundle", "2024-03-01-here", "x"]
    targets = LinkTargets(posts=())
    assert (
        targets.updated((HERE,)).resolve(HERE, names)
        == LinkTargets(posts=(HERE,)).resolve(HERE, names)
        != ()
    )
    versions = [(HERE,), (OTHER, BUNDLE, HERE), (OTHER, same, HERE), (moved, same), (), (OTHER,)]
    for posts in versions:
        targets = targets.updated(posts)
        assert targets.resolve(HERE, names) == LinkTargets(posts=posts).resolve(HERE, names)
        assert targets.updated(targets.posts) is targets

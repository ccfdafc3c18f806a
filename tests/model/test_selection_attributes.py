"""Lookups by attributes give the same posts as a search."""

from hypothesis import given

from syndicate.model.edition import Edition
from syndicate.model.selection import Selection
from tests import strategies


@given(strategies.editions(), strategies.selections)
def test_lookup_equals_a_search(edition: Edition, selection: Selection) -> None:
    """In the order of the edition or of the carousel."""
    found = [post for post in edition.posts if post in selection]
    if selection.carousel:
        found.sort(key=lambda post: (post.day, post.path), reverse=True)
    assert edition.select(selection) == tuple(found)

"""An edition looks posts up by their traits and finds what a search would find."""

from hypothesis import given

from syndicate.model.edition import Edition
from syndicate.model.selection import Selection
from tests import strategies


@given(strategies.editions(), strategies.selections)
def test_looking_up_finds_what_searching_finds(edition: Edition, selection: Selection) -> None:
    """The posts of a selection are those in it, in the order of the edition or the carousel."""
    found = [post for post in edition.posts if post in selection]
    if selection.carousel:
        found.sort(key=lambda post: (post.day, post.path), reverse=True)
    assert edition.select(selection) == tuple(found)

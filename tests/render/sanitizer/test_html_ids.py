"""Ids that do not collide, and fragments that find them."""

from syndicate.render.sanitizer.html_ids import HtmlIds


def test_an_id_is_prefixed_with_the_post_s_key() -> None:
    """Characters that are odd in an id become hyphens."""
    ids = HtmlIds("0f~2", ["a b"])
    assert ids.allocate("a b") == "p-0f-2-a-b"
    assert ids.find("a b") == ids.find("a%20b") == "p-0f-2-a-b"


def test_no_id_is_given_twice() -> None:
    """Doubles are numbered, whatever else the post calls its elements."""
    ids = HtmlIds("k", ["a", "p-k-a", "a-2"])
    taken = [ids.allocate(name) for name in ("a", "a", "p-k-a", "a-2", "a")]
    assert len(set(taken)) == len(taken)
    assert taken[0] == "p-k-a"


def test_an_id_that_is_prefixed_already_stays() -> None:
    """Sanitizing twice changes nothing."""
    ids = HtmlIds("k", ["p-k-a"])
    assert ids.allocate("p-k-a") == "p-k-a"
    assert ids.source_fragment("p-k-a") == "a"


def test_an_unknown_fragment_is_not_found() -> None:
    """The caller then leads to the post's own page."""
    assert HtmlIds("k", []).find("a") is None

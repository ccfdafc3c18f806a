"""Ids are unique, and fragments resolve to them."""

from syndicate.render.sanitizer.html_ids import HtmlIds


def test_id_has_the_key_of_the_post_as_prefix() -> None:
    """Invalid characters become hyphens."""
    ids = HtmlIds("0f~2", ["a b"])
    assert ids.allocate("a b") == "p-0f-2-a-b"
    assert ids.find("a b") == ids.find("a%20b") == "p-0f-2-a-b"


def test_ids_are_unique() -> None:
    """Duplicates are numbered."""
    ids = HtmlIds("k", ["a", "p-k-a", "a-2"])
    taken = [ids.allocate(name) for name in ("a", "a", "p-k-a", "a-2", "a")]
    assert len(set(taken)) == len(taken)
    assert taken[0] == "p-k-a"


def test_prefixed_id_is_unchanged() -> None:
    """Sanitizing is idempotent."""
    ids = HtmlIds("k", ["p-k-a"])
    assert ids.allocate("p-k-a") == "p-k-a"
    assert ids.source_fragment("p-k-a") == "a"


def test_unknown_fragment_is_not_found() -> None:
    """The link then gets the URL of the post's own page."""
    assert HtmlIds("k", []).find("a") is None

"""The version of the renderer."""

from syndicate.render.version import digest


def test_the_same_code_has_the_same_version() -> None:
    """In 16 hex digits."""
    assert digest() == digest()
    assert len(bytes.fromhex(digest())) == 8

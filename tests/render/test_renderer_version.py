"""The version of the renderer."""

from syndicate.render.renderer_version import renderer_digest


def test_the_same_code_has_the_same_version() -> None:
    """In 16 hex digits."""
    assert renderer_digest() == renderer_digest()
    assert len(bytes.fromhex(renderer_digest())) == 8

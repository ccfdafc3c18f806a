"""The version of the renderer follows its code."""

from pathlib import Path

from syndicate.render.messages import renderer_digest


def test_same_code_has_the_same_version() -> None:
    """The version is 16 hex digits."""
    assert renderer_digest() == renderer_digest()
    assert len(bytes.fromhex(renderer_digest())) == 8


def test_version_changes_with_a_module_of_a_subpackage(tmp_path: Path) -> None:
    """Cached renderings of the sanitizer or of Markdown before the change are not used again."""
    module = tmp_path / "sanitizer" / "allowlist.py"
    module.parent.mkdir()
    module.write_text("ELEMENTS = {'p'}\n")
    before = renderer_digest(tmp_path)
    module.write_text("ELEMENTS = {'p', 'a'}\n")
    assert renderer_digest(tmp_path) != before

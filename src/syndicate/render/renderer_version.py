"""Tells one renderer from another, by what it is made of."""

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from syndicate import __version__


def renderer_digest() -> str:
    """Return 16 hex digits that change with this folder's code, Python-Markdown and nh3."""
    parts = (__version__, version("markdown"), version("nh3"))
    renderer = sha256(" ".join(parts).encode())
    folder = Path(__file__).parent
    for path in sorted([*folder.glob("*.py"), *folder.glob("markdown/*.py")]):
        renderer.update(path.read_bytes())
    return renderer.hexdigest()[:16]

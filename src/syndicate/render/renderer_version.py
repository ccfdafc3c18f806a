"""Identifies a version of the renderer by its code and its libraries."""

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

from syndicate import __version__

_PACKAGE: Final = Path(__file__).parent


def renderer_digest(package: Path = _PACKAGE) -> str:
    """Return 16 hex digits that change with any module in ``package``, Python-Markdown or nh3."""
    parts = (__version__, version("markdown"), version("nh3"))
    renderer = sha256(" ".join(parts).encode())
    for path in sorted(package.rglob("*.py")):
        renderer.update(path.read_bytes())
    return renderer.hexdigest()[:16]

"""Identifies a version of the renderer by its code and its libraries."""

from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Final

from syndicate import __version__

_PACKAGE: Final = Path(__file__).parent
_LIBRARIES: Final = ("markdown", "markdown-it-py", "mdit-py-plugins", "nh3")
"""Those that decide what a post looks like."""


def renderer_digest(package: Path = _PACKAGE) -> str:
    """Return 16 hex digits that change with any module in ``package`` and with its libraries."""
    parts = (__version__, *(version(library) for library in _LIBRARIES))
    renderer = sha256(" ".join(parts).encode())
    for path in sorted(package.rglob("*.py")):
        renderer.update(path.read_bytes())
    return renderer.hexdigest()[:16]

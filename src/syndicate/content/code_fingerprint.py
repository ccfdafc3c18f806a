"""Digests of the code and of the time zone data that produced a cached value.

Both are part of cache keys, so values of another version of Syndicate or of the system's time
zone data are never reused.
"""

import pathlib
import zoneinfo
from functools import cache
from hashlib import sha256
from importlib.metadata import version


@cache
def code_digest(*paths: pathlib.Path) -> str:
    """Return a digest of the Python files in ``paths`` and of the YAML parser's version."""
    hasher = sha256(f"{version('python-frontmatter')} {version('pyyaml')}".encode())
    for path in paths:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            hasher.update(file.read_bytes())
    return hasher.hexdigest()


@cache
def zone_data_digest(zone: zoneinfo.ZoneInfo) -> str:
    """Return a digest of the data on ``zone``: the system's file, else the version of ``tzdata``.

    Computed once per process, because Python reads the data once: an update of the system takes
    effect at the next start.
    """
    for folder in zoneinfo.TZPATH:
        file = pathlib.Path(folder, zone.key)
        if file.is_file():
            return sha256(file.read_bytes()).hexdigest()
    return version("tzdata")

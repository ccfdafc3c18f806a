"""What made something that is kept: which code, and which data on time zones.

What others made is to be forgotten, so both are in the key of what is kept.
"""

import pathlib
import zoneinfo
from functools import cache
from hashlib import sha256
from importlib.metadata import version


@cache
def code_digest(*places: pathlib.Path) -> str:
    """Return a digest of the code in ``places``, files or folders, and of what reads YAML."""
    hasher = sha256(f"{version('python-frontmatter')} {version('pyyaml')}".encode())
    for place in places:
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            hasher.update(file.read_bytes())
    return hasher.hexdigest()


@cache
def zone_data_digest(zone: zoneinfo.ZoneInfo) -> str:
    """Return a digest of where the data on ``zone`` come from: the system, else a package.

    Asked once, as the data are read once: an update counts from the next start.
    """
    for folder in zoneinfo.TZPATH:
        file = pathlib.Path(folder, zone.key)
        if file.is_file():
            return sha256(file.read_bytes()).hexdigest()
    return version("tzdata")

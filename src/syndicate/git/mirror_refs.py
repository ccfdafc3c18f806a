"""Names of the refs of a remote in its mirror on this host."""

import os
import pathlib
import re
from typing import Final

from syndicate.git.partial_clone import MIRROR_NAMESPACE
from syndicate.git.repository_location import RepositoryLocation

PREVIEW_NAMESPACE: Final = "refs/previews/"
"""Where the refs for previews are; those of published branches are in `MIRROR_NAMESPACE`."""


def mirror_ref(ref: str) -> str:
    """Return the name of the remote's ``ref`` in the mirror."""
    return f"{MIRROR_NAMESPACE}{encode_ref(ref)}"


def encode_ref(ref: str) -> str:
    """Return the name of a ref as one part of the name of another, which no ref is a folder of."""
    plain = re.sub(rb"[^A-Za-z0-9_-]", lambda byte: b"%%%02X" % ord(byte[0]), os.fsencode(ref))
    return plain.decode()


def names_here(rev: str) -> tuple[str, ...]:
    """Return the names that ``rev``, a branch, tag or commit, may have on this host.

    They are its own, and those of branches of a remote that were fetched.
    """
    refs = [f"{prefix}{rev}" for prefix in ("", "refs/heads/", "refs/")]
    return rev, *map(mirror_ref, refs), *(f"{PREVIEW_NAMESPACE}{encode_ref(ref)}" for ref in refs)


def local_repository(location: str, ref: str, mirrors: pathlib.Path) -> tuple[str, str]:
    """Return where the repository at ``location`` is on this host, and the name of ``ref`` there.

    A remote repository is in its mirror below ``mirrors``.
    """
    parsed = RepositoryLocation.parse(location)
    if not parsed.is_remote:
        return location, ref
    return str(mirrors.absolute() / f"{parsed.mirror_name}.git"), mirror_ref(ref)

"""Digests of what the fields of a post depend on besides its file.

A post changes with its file, but also with what the file names: posts that it links to, authors,
replacements, pictures, and with the settings and the site's configuration. For each field of which
that is so, the ledger holds one short digest of these inputs. They are read before anything is
rendered, so that another version of the renderer leaves them as they are.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Final

_SCHEME: Final = "1"
"""Rises when the same inputs give other digests; digests of two schemes are not compared."""
_DIGEST_BYTES: Final = 4


def digest(inputs: object) -> str:
    """Return the digest of ``inputs``, values of JSON: 8 hexadecimal digits.

    A change is overlooked with a probability of 2⁻³².
    """
    data = json.dumps(inputs).encode()  # ASCII, so that text that is not Unicode has a digest
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()


def encode_digests(digests: Mapping[str, str]) -> str:
    """Return the ``digests`` of fields as one text: ``1;authors:5f3a1c07;url:…``."""
    return ";".join((_SCHEME, *(f"{name}:{digests[name]}" for name in sorted(digests))))


def add_digest(encoded: str, field: str, inputs: object) -> str:
    """Return ``encoded`` with the digest of the ``inputs`` of one more field."""
    return f"{encoded or _SCHEME};{field}:{digest(inputs)}"


def differing_fields(before: str, after: str) -> frozenset[str]:
    """Return the fields whose digests differ in two encoded texts.

    The result is empty if one text is empty, as in rows of version 0.2.0, or of another scheme.
    """
    if before == after or not are_comparable(before, after):
        return frozenset()
    old, new = _parts(before), _parts(after)
    return frozenset(part.partition(":")[0] for part in old ^ new)


def are_comparable(before: str, after: str) -> bool:
    """Return whether differences between two encoded texts are differences of inputs."""
    return bool(before and after) and _scheme(before) == _scheme(after)


def _scheme(encoded: str) -> str:
    return encoded.partition(";")[0]


def _parts(encoded: str) -> frozenset[str]:
    parts: Iterable[str] = encoded.split(";")[1:]
    return frozenset(parts)

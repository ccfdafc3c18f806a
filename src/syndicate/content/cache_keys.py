"""The cache keys of the files and versions that the next start of a source reads."""

from collections.abc import Iterator, Mapping

from syndicate.content.file_classifier import FileResult
from syndicate.content.parsed_file import (
    CACHE_NAMESPACE,
    KEY_BYTES,
    VERSION_NAMESPACE,
    FileParser,
)
from syndicate.model.post import BlobId, Path


def keys_of_files(
    results: Mapping[Path, FileResult], parser: FileParser, version_keys: bytes
) -> Mapping[str, frozenset[str]]:
    """Return the keys by namespace, of a start that reads the whole history.

    ``results`` are those of the present files, and ``version_keys`` the keys of the versions that
    the log of departures reads, one after other.
    """
    starts = range(0, len(version_keys), KEY_BYTES)
    replayed = (version_keys[start : start + KEY_BYTES].hex() for start in starts)
    compared = (
        parser.cache_key((path, version.blob))
        for path, result in results.items()
        for version in result.history.versions[:-1]
    )
    return {
        CACHE_NAMESPACE: frozenset(
            parser.cache_key((path, blob))
            for path, result in results.items()
            for blob in _parsed_in_full(result)
        ),
        VERSION_NAMESPACE: frozenset((*replayed, *compared)),
    }


def _parsed_in_full(result: FileResult) -> Iterator[BlobId]:
    """Yield the present version, and where it cannot be read, those before down to the served."""
    yield result.blob
    if result.post is None and not any(each.level == "error" for each in result.problems):
        return
    served = result.post.blob if result.post else None
    if served == result.blob:
        return
    for version in result.history.versions[-2::-1]:
        yield version.blob
        if version.blob == served:
            return

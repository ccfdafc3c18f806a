"""What a blob says as a post, remembered by content so that nothing is parsed twice."""

import pathlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from syndicate import dialects, telemetry
from syndicate.cache import Cache
from syndicate.dialects import DIALECTS, document
from syndicate.dialects.dialect import Dialect
from syndicate.dialects.document.plain import readable
from syndicate.dialects.fields import Fields
from syndicate.errors import ContentError
from syndicate.git import Repository, UnreadableBlob
from syndicate.index import code
from syndicate.model import category
from syndicate.model.category import Vocabulary
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS, ContentLimits
from syndicate.model.post import BlobId, Path, Source

SHELF: Final = "readings"

_CODE: Final = (
    pathlib.Path(dialects.__file__).parent,
    pathlib.Path(__file__),
    pathlib.Path(category.__file__),
)
"""All code that makes a reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Why a file that should be a post cannot be read; ``line`` 0 where none is at fault."""

    rule: str
    line: int
    what: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One file's content as a post: ``fields``, or a ``fault``, or neither if it is no post."""

    fields: Fields | None = None
    fault: Fault | None = None
    is_damaged: bool = False
    """Whether git has lost the content or it is corrupt, which may be repaired."""


Wanted = tuple[Path, BlobId]


class Readings:
    """Reads files of one source as posts, by way of the cache."""

    def __init__(
        self,
        source: Source,
        repository: Repository,
        cache: Cache,
        vocabulary: Vocabulary,
        limits: ContentLimits = DEFAULT_CONTENT_LIMITS,
    ) -> None:
        self._source = source
        self._repository = repository
        self._cache = cache
        self._vocabulary = vocabulary
        self._limits = limits
        self._dialect: Dialect = DIALECTS[source.dialect]
        self._decoder = msgspec.msgpack.Decoder(Reading)
        made_by = f"{code.digest(*_CODE)} {code.zone_data(source.zone)}"
        self._rules = sha256(f"{made_by} {source} {vocabulary} {limits}".encode()).hexdigest()

    def read(self, wanted: Iterable[Wanted]) -> dict[Wanted, Reading]:
        """Return what each file says; the content decides, and the path it has."""
        keys = {want: self.key(want) for want in wanted}
        known = self._cache.get(SHELF, keys.values())
        readings = {
            want: self._decoder.decode(known[key]) for want, key in keys.items() if key in known
        }
        fresh = self._parse([want for want in keys if want not in readings])
        self._cache.put(
            SHELF,
            {
                keys[want]: msgspec.msgpack.encode(read)
                for want, read in fresh.items()
                if not read.is_damaged  # another time git may have the file
            },
        )
        return readings | fresh

    def _parse(self, wanted: Sequence[Wanted]) -> dict[Wanted, Reading]:
        telemetry.posts_parsed_total.labels(self._source.name).inc(len(wanted))
        paths: dict[BlobId, list[Path]] = {}
        for path, blob in wanted:
            paths.setdefault(blob, []).append(path)
        contents = self._repository.read_blobs(paths, max_bytes=self._limits.post_bytes)
        return {
            (path, blob): self._understand(path, content)
            for blob, content in contents
            for path in paths[blob]
        }

    def _understand(self, path: Path, data: bytes | UnreadableBlob) -> Reading:
        if isinstance(data, UnreadableBlob):
            fault = _fault(_unreadable(path, data, self._limits))
            return Reading(fault=fault, is_damaged=data.reason != "too-large")
        try:
            found = document.read(path, data, self._limits)
        except ContentError as error:
            return Reading(fault=_fault(error))
        if found is None:
            return Reading()
        fields = self._dialect.fields(found, self._source, self._vocabulary)
        if len(fields.categories) > self._limits.categories:
            return Reading(
                fault=_fault(_too_many_categories(path, len(fields.categories), self._limits))
            )
        return Reading(fields=fields)

    def key(self, want: Wanted) -> str:
        """Return the key by which the cache knows a reading."""
        path, blob = want
        return sha256(f"{self._rules} {blob} {path}".encode("utf-8", "surrogateescape")).hexdigest()


def _fault(error: ContentError) -> Fault:
    return Fault(rule=error.code, line=error.line, what=error.what, hint=error.hint)


def _unreadable(path: Path, blob: UnreadableBlob, limits: ContentLimits) -> ContentError:
    if blob.reason == "too-large":
        return ContentError(
            f"{readable(path)} has {blob.size:,} bytes, and a post may have at most"
            f" {limits.post_bytes:,}",
            hint="Move what is large out of the post, or raise post_bytes in [limits].",
            code="over-limit",
        )
    return ContentError(
        f"git cannot read the content of {readable(path)}: the object is missing or corrupt",
        hint="Run `git fsck` in the repository and restore the object from another clone.",
        code="damaged-object",
    )


def _too_many_categories(path: Path, count: int, limits: ContentLimits) -> ContentError:
    return ContentError(
        f"{readable(path)} has {count:,} categories, and a post may have at most"
        f" {limits.categories:,}",
        hint="Remove categories, or raise categories in [limits].",
        code="over-limit",
    )

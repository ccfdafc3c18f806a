"""What an index found out about its source, written down, so that a start goes on from there.

Everything is kept but what follows from the rest: posts have the zone and name of their source,
and who has which address is found out anew. Paths are bytes, as in git: some are not UTF-8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from sys import intern
from typing import Final

import msgspec

from syndicate.index.ancestry import Ancestry, Lineage
from syndicate.index.examination import Outcome
from syndicate.index.register import Register
from syndicate.model.category import Category
from syndicate.model.edition import Level, Problem
from syndicate.model.post import BlobId, CommitId, Path, Post, PostId, Precision, Source

SHELF: Final = "registers"


@dataclass(frozen=True, slots=True)
class Memory:
    """What replaying and examining a source has shown; nothing in it is changed any more."""

    ancestry: Ancestry
    outcomes: Mapping[Path, Outcome]
    skipped: Mapping[Path, str]

    @classmethod
    def of(cls, ancestry: Ancestry, register: Register) -> "Memory":
        """Take down how things stand, quickly, while nobody changes them."""
        return cls(ancestry.copy(), dict(register.outcomes), dict(register.skipped))

    def register(self) -> Register:
        """Return the register that holds the same."""
        made = Register()
        made.update(self.outcomes, self.skipped, ())
        return made


class _Row(msgspec.Struct, array_like=True, gc=False):
    """Something that is written down; as short as can be, for there are very many."""


class _Post(_Row):
    id: PostId
    blob: BlobId
    url: str
    title: str
    published: datetime
    precision: Precision
    updated: datetime
    language: str
    categories: tuple[tuple[str, str], ...]
    carousel: bool
    day: date
    expires: datetime | None
    translation: str


class _Problem(_Row):
    level: Level
    rule: str
    line: int
    column: int
    what: str
    hint: str


class _Outcome(_Row):
    blob: BlobId
    post: _Post | None
    hidden: str
    problems: tuple[_Problem, ...]


class _File(_Row):
    path: bytes
    lineage: Lineage
    outcome: _Outcome | None


class _Notes(_Row):
    commit: CommitId | None
    living: tuple[_File, ...]
    dead: tuple[tuple[bytes, Lineage], ...]
    births: tuple[tuple[bytes, int], ...]
    posts_in: tuple[tuple[bytes, int], ...]
    whole: CommitId | None
    emptied: CommitId | None
    skipped: tuple[tuple[bytes, str], ...]
    unreadable_times: tuple[CommitId, ...]


_DECODER: Final = msgspec.msgpack.Decoder(_Notes)


def encode(memory: Memory) -> bytes:
    """Return ``memory`` as bytes."""
    ancestry = memory.ancestry
    notes = _Notes(
        commit=ancestry.commit,
        living=tuple(
            _File(_bytes(path), lineage, _noted(memory.outcomes.get(path)))
            for path, lineage in ancestry.living.items()
        ),
        dead=tuple((_bytes(path), lineage) for path, lineage in ancestry.dead.items()),
        births=tuple((_bytes(path), count) for path, count in ancestry.births.items()),
        posts_in=tuple((_bytes(path), count) for path, count in ancestry.posts_in.items()),
        whole=ancestry.whole,
        emptied=ancestry.emptied,
        skipped=tuple((_bytes(path), why) for path, why in memory.skipped.items()),
        unreadable_times=ancestry.unreadable_times,
    )
    return msgspec.msgpack.encode(notes)


def decode(data: bytes, source: Source) -> Memory:
    """Return what `encode` made ``data`` of, for the same ``source``."""
    notes = _DECODER.decode(data)
    ancestry = Ancestry(
        commit=notes.commit,
        dead={_path(path): lineage for path, lineage in notes.dead},
        births={_path(path): count for path, count in notes.births},
        posts_in={_path(path): count for path, count in notes.posts_in},
        whole=notes.whole,
        emptied=notes.emptied,
        unreadable_times=notes.unreadable_times,
    )
    outcomes: dict[Path, Outcome] = {}
    known: dict[tuple[str, str], Category] = {}
    for file in notes.living:
        path = _path(file.path)
        ancestry.living[path] = file.lineage
        if file.outcome is not None:
            outcomes[path] = _outcome(file.outcome, path, file.lineage, source, known)
    skipped = {_path(path): why for path, why in notes.skipped}
    return Memory(ancestry, outcomes, skipped)


def _noted(found: Outcome | None) -> _Outcome | None:
    if found is None:
        return None
    return _Outcome(
        blob=found.blob,
        post=_noted_post(found.post) if found.post else None,
        hidden=found.hidden,
        problems=tuple(
            _Problem(one.level, one.rule, one.line, one.column, one.what, one.hint)
            for one in found.problems
        ),
    )


def _noted_post(post: Post) -> _Post:
    return _Post(
        id=post.id,
        blob=post.blob,
        url=post.url,
        title=post.title,
        published=post.published,
        precision=post.precision,
        updated=post.updated,
        language=post.language,
        categories=tuple((each.slug, each.title) for each in post.categories),
        carousel=post.carousel,
        day=post.day,
        expires=post.expires,
        translation=post.translation,
    )


def _outcome(
    noted: _Outcome,
    path: Path,
    lineage: Lineage,
    source: Source,
    known: dict[tuple[str, str], Category],
) -> Outcome:
    newest = lineage.versions[-1].blob
    return Outcome(
        blob=newest if noted.blob == newest else noted.blob,
        lineage=lineage,
        post=_post(noted.post, path, newest, source, known) if noted.post else None,
        hidden=noted.hidden,
        problems=tuple(
            Problem(
                level=one.level,
                rule=one.rule,
                source=source.name,
                path=path,
                line=one.line,
                column=one.column,
                what=one.what,
                hint=one.hint,
            )
            for one in noted.problems
        ),
    )


def _post(
    noted: _Post, path: Path, newest: BlobId, source: Source, known: dict[tuple[str, str], Category]
) -> Post:
    """Return the post; what many have, or have already, is the same object for all of them."""
    return Post(
        id=noted.id,
        source=source.name,
        path=path,
        blob=newest if noted.blob == newest else noted.blob,
        url=noted.url,
        title=noted.title,
        published=noted.published.astimezone(source.zone),
        precision=noted.precision,
        updated=noted.updated.astimezone(source.zone),
        language=intern(noted.language),
        categories=tuple(
            known.get(each) or known.setdefault(each, Category(slug=each[0], title=each[1]))
            for each in noted.categories
        ),
        carousel=noted.carousel,
        day=noted.day,
        expires=noted.expires,
        translation=noted.translation,
    )


def _bytes(path: Path) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _path(path: bytes) -> Path:
    return Path(path.decode("utf-8", "surrogateescape"))

"""What one file is, by what it says now and said before: a post, hidden, or broken; pure."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from syndicate.dialects import DIALECTS
from syndicate.dialects.fields import Fields
from syndicate.git import Entry
from syndicate.index.ancestry import Lineage, post_id
from syndicate.index.reading import Reading
from syndicate.model.edition import Problem
from syndicate.model.post import BlobId, Path, Post, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one file."""

    blob: BlobId
    lineage: Lineage
    post: Post | None = None
    hidden: str = ""
    problems: tuple[Problem, ...] = ()
    is_damaged: bool = False
    """Whether git has lost what the file holds, so that it is to be examined again later."""


def examine(file: Entry, lineage: Lineage, source: Source) -> Generator[BlobId, Reading, Outcome]:
    """Find out what a file is: yields the blobs it wants to read, is sent what they say.

    A file that cannot be read counts as its last version that could. *Updated* is when the words
    last changed: the walk back ends at the first version with other words.
    """
    earlier = iter(reversed(lineage.versions))
    version = next(earlier)
    reading = yield file.blob
    problems = list(_problems(file.path, reading, source))
    is_damaged = reading.is_damaged
    while reading.fields is None and reading.fault:
        before = next(earlier, None)
        if before is None:
            break
        version, reading = before, (yield before.blob)
    fields = reading.fields
    found = Outcome(
        blob=file.blob, lineage=lineage, problems=tuple(problems), is_damaged=is_damaged
    )
    if fields is None:
        return replace(found, hidden="unreadable" if problems else "has no front matter")
    if fields.hidden:
        return replace(found, hidden=fields.hidden)
    changed = version.at
    for before in earlier:
        past = yield before.blob
        if past.fields and past.fields.words != fields.words:
            break
        if past.fields:
            changed = before.at
    return replace(
        found, post=_post(replace(file, blob=version.blob), fields, lineage, changed, source)
    )


def _post(file: Entry, fields: Fields, lineage: Lineage, changed: datetime, source: Source) -> Post:
    published = (fields.published or lineage.born).astimezone(source.zone)
    return Post(
        id=post_id(source, lineage),
        source=source.name,
        path=file.path,
        blob=file.blob,
        url=DIALECTS[source.dialect].url(fields, file.path, source, published),
        title=fields.title,
        published=published,
        precision=fields.precision if fields.published else "second",
        updated=max(published, changed.astimezone(source.zone)),
        language=fields.language,
        categories=fields.categories,
        carousel=fields.carousel,
        day=fields.day or published.date(),
        expires=fields.expires,
        translation=fields.translation,
    )


def _problems(path: Path, reading: Reading, source: Source) -> Iterator[Problem]:
    if reading.fault:
        yield Problem(
            level="error",
            rule=reading.fault.rule,
            source=source.name,
            path=path,
            line=reading.fault.line,
            what=reading.fault.what,
            hint=reading.fault.hint,
        )
    for note in reading.fields.notes if reading.fields else ():
        yield Problem(
            level=note.level,
            rule=note.rule,
            source=source.name,
            path=path,
            line=note.line,
            column=note.column,
            what=note.what,
            hint=note.hint,
        )

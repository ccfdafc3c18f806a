"""What one file is, by what it says now and said before: a post, hidden, or broken; pure."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from syndicate.content.file_history import PostHistory, post_id
from syndicate.content.parsed_file import ParsedFile
from syndicate.dialects import DIALECTS
from syndicate.dialects.fields import Fields
from syndicate.git import TreeEntry
from syndicate.model.edition import Problem
from syndicate.model.post import BlobId, Path, Post, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What became of one file."""

    blob: BlobId
    history: PostHistory
    post: Post | None = None
    hidden_reason: str = ""
    problems: tuple[Problem, ...] = ()
    is_damaged: bool = False
    """Whether git has lost what the file holds, so that it is to be examined again later."""


def classify(
    file: TreeEntry, history: PostHistory, source: Source
) -> Generator[BlobId, ParsedFile, FileResult]:
    """Find out what a file is: yields the blobs it wants to read, is sent what they say.

    A file that cannot be read counts as its last version that could. *Updated* is when the words
    last changed: the walk back ends at the first version with other words.
    """
    older_versions = iter(reversed(history.versions))
    version = next(older_versions)
    parsed = yield file.blob
    problems = list(_problems(file.path, parsed, source))
    is_damaged = parsed.is_damaged
    while parsed.fields is None and parsed.error:
        older = next(older_versions, None)
        if older is None:
            break
        version, parsed = older, (yield older.blob)
    fields = parsed.fields
    result = FileResult(
        blob=file.blob, history=history, problems=tuple(problems), is_damaged=is_damaged
    )
    if fields is None:
        return replace(result, hidden_reason="unreadable" if problems else "has no front matter")
    if fields.hidden_reason:
        return replace(result, hidden_reason=fields.hidden_reason)
    changed = version.time
    for older in older_versions:
        older_parsed = yield older.blob
        if older_parsed.fields and older_parsed.fields.word_digest != fields.word_digest:
            break
        if older_parsed.fields:
            changed = older.time
    return replace(
        result, post=_build_post(replace(file, blob=version.blob), fields, history, changed, source)
    )


def _build_post(
    file: TreeEntry, fields: Fields, history: PostHistory, changed: datetime, source: Source
) -> Post:
    published = (fields.published or history.created).astimezone(source.zone)
    return Post(
        id=post_id(source, history),
        source=source.name,
        path=file.path,
        blob=file.blob,
        url=DIALECTS[source.dialect].post_url(fields, file.path, source, published),
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


def _problems(path: Path, parsed: ParsedFile, source: Source) -> Iterator[Problem]:
    if parsed.error:
        yield Problem(
            level="error",
            rule=parsed.error.rule,
            source=source.name,
            path=path,
            line=parsed.error.line,
            message=parsed.error.message,
            hint=parsed.error.hint,
        )
    for problem in parsed.fields.problems if parsed.fields else ():
        yield Problem(
            level=problem.level,
            rule=problem.rule,
            source=source.name,
            path=path,
            line=problem.line,
            column=problem.column,
            message=problem.message,
            hint=problem.hint,
        )

"""Classifies the files of a source as posts, hidden or broken, and keeps the results."""

from bisect import insort
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Final, TypeVar, cast

from syndicate.content.file_history import PostHistory, Version, post_id
from syndicate.content.parsed_file import FileParser, FileVersion, ParsedFile, ParsedVersion
from syndicate.content.post_inputs import NO_INPUTS, PostInputs, read_inputs
from syndicate.content.site_pages import post_url, public_id
from syndicate.content.site_source import SiteSource
from syndicate.dialects.fields import Fields
from syndicate.git import TreeEntry
from syndicate.model.edition import HiddenFile, Problem
from syndicate.model.post import BlobId, Path, Post, PostId, Source, in_zone
from syndicate.model.post_list import PostList, sort_key

Parsed = TypeVar("Parsed", ParsedFile, ParsedVersion)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """The classification of one file: a ``post``, or the reason why it is hidden."""

    blob: BlobId
    history: PostHistory
    post: Post | None = None
    hidden_reason: str = ""
    problems: tuple[Problem, ...] = ()
    is_damaged: bool = False
    """Whether git cannot read the blob; the file is then classified again with each commit."""
    inputs: PostInputs = NO_INPUTS
    """What the post depends on besides its file."""


_BATCH_SIZE: Final = 500
"""Files parsed at the same time, which bounds the memory of a first start."""


def classify(
    files: Sequence[tuple[TreeEntry, PostHistory]], described: SiteSource, parser: FileParser
) -> dict[Path, FileResult]:
    """Return the results of ``files`` by path; the blobs that they need are read in batches."""
    results: dict[Path, FileResult] = {}
    for start in range(0, len(files), _BATCH_SIZE):
        results |= _classify_batch(files[start : start + _BATCH_SIZE], described, parser)
    return results


def _classify_batch(
    files: Iterable[tuple[TreeEntry, PostHistory]], described: SiteSource, parser: FileParser
) -> dict[Path, FileResult]:
    read = _run_together(
        {file.path: _read_file(file, history, described.source) for file, history in files},
        parser.parse,
    )
    return _run_together(
        {path: _build_result(file, described) for path, file in read.items()}, parser.parse_older
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadFile:
    """A file whose version that counts was read; ``result`` lacks the post.

    ``fields`` is None if the file is no post; ``older`` are the versions before it, newest first.
    """

    file: TreeEntry
    version: Version
    older: tuple[Version, ...]
    fields: Fields | None
    result: FileResult


def _read_file(
    file: TreeEntry, history: PostHistory, source: Source
) -> Generator[BlobId, ParsedFile, _ReadFile]:
    """Read a file; yields the blobs to parse and is sent the parsed files, newest first.

    If the file has an error, its last version without one counts.
    """
    versions = history.versions[::-1]
    number, blob = 0, file.blob
    parsed = first = yield blob
    while parsed.fields is None and parsed.error and number + 1 < len(versions):
        number += 1
        parsed = yield versions[number].blob
    fields, problems = parsed.fields, tuple(_problems(file.path, first, source))
    reason = "" if fields is None else fields.hidden_reason
    if fields is None:
        reason = "has no front matter" if first.is_text or not problems else "unreadable"
    return _ReadFile(
        file=file,
        version=versions[number] if number else replace(versions[0], blob=blob),
        older=versions[number + 1 :],
        fields=None if reason else fields,
        result=FileResult(
            blob=blob,
            history=history,
            hidden_reason=reason,
            problems=problems,
            is_damaged=first.is_damaged,
        ),
    )


def _build_result(
    read: _ReadFile, described: SiteSource
) -> Generator[BlobId, ParsedVersion, FileResult]:
    """Return the result of a file, with its post if it is one.

    The *updated* time is that of the oldest version with the present words. Yields older versions
    and is sent the parsed files until the words differ; versions that are no posts do not count.
    """
    if read.fields is None:
        return read.result
    changed = read.version.time
    for older in read.older:
        parsed = yield older.blob
        if parsed.fields is None:
            continue
        if parsed.fields.word_digest != read.fields.word_digest:
            break
        changed = older.time
    file, history = replace(read.file, blob=read.version.blob), read.result.history
    post = _build_post(file, read.fields, history, changed, described)
    inputs = read_inputs(post, read.fields, described.source)
    return replace(read.result, post=post, inputs=inputs)


def _run_together(
    readers: Mapping[Path, Generator[BlobId, Parsed, Result]],
    parse: Callable[[Iterable[FileVersion]], Mapping[FileVersion, Parsed]],
) -> dict[Path, Result]:
    """Run ``readers`` of files to their end, and return their results by path.

    The blobs that they wait for are passed to ``parse`` together.
    """
    results: dict[Path, Result] = {}
    sent: Mapping[Path, Parsed | None] = dict.fromkeys(readers)
    while sent:
        wanted: dict[Path, BlobId] = {}
        for path, value in sent.items():
            try:
                wanted[path] = readers[path].send(cast("Parsed", value))
            except StopIteration as done:
                results[path] = done.value
        found = parse(wanted.items()) if wanted else {}
        sent = {path: found[path, blob] for path, blob in wanted.items()}
    return results


def _build_post(
    file: TreeEntry,
    fields: Fields,
    history: PostHistory,
    changed: datetime,
    described: SiteSource,
) -> Post:
    source = described.source
    published = _published(fields, history, described)
    url = post_url(fields, file.path, described, published).value
    tag = post_id(source, history)
    own_id = PostId(public_id(fields, file.path, source, url)) or tag
    return Post(
        id=own_id,
        tag=PostId("") if own_id == tag else tag,
        source=source.name,
        path=file.path,
        blob=file.blob,
        url=url,
        title=fields.title,
        published=published,
        precision=fields.precision if fields.published else "second",
        updated=max(published, changed.astimezone(source.zone)),
        language=fields.language,
        categories=fields.categories,
        carousel=fields.carousel,
        day=fields.day or published.date(),
        expires=fields.expires.astimezone(source.zone) if fields.expires else None,
        translation=fields.translation,
        is_named_after_file=fields.is_named_after_file,
    )


def _published(fields: Fields, history: PostHistory, described: SiteSource) -> datetime:
    """Return the time of publication with the offset in which the site shows its day."""
    zone = described.source.zone
    if described.site and described.site.keeps_offsets and fields.published_as_written:
        written = datetime.fromisoformat(fields.published_as_written)
        if written == fields.published:  # else publishDate holds the post back
            return in_zone(written, zone)
    return (fields.published or history.created).astimezone(zone)


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
    if parsed.is_text:
        yield Problem(
            level="warning",
            rule="no-front-matter",
            source=source.name,
            path=path,
            line=1,
            message="the file has no front matter and is not served",
            hint="If it is a post, begin it with three lines: ---, title: Its title, ---.",
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


class FileTable:
    """The results of all files of a source by path, and the posts, hidden files and problems.

    The cost of an update depends on the number of changes, not of files. If several posts have
    one URL, the first published post is served.
    """

    def __init__(self) -> None:
        self._results: dict[Path, FileResult] = {}
        self._skipped: dict[Path, str] = {}
        self._reported: dict[Path, FileResult] = {}
        """Results of files that are hidden or have problems."""
        self.posts = PostList(())
        """The served posts by (published, id); their URLs are unique."""
        self._removed_posts: dict[int, Post] = {}
        self._added_posts: dict[int, Post] = {}
        """Changes to ``posts`` of the current update, by object id."""
        self._url_owners: dict[str, Post] = {}
        """The served post of each URL."""
        self._url_conflicts: dict[str, list[Post]] = {}
        """Other posts with that URL, by (published, id)."""

    def get(self, path: Path) -> FileResult | None:
        """Return the result of the file at ``path``, None if it was not classified."""
        return self._results.get(path)

    @property
    def results(self) -> Mapping[Path, FileResult]:
        """The results of the classified files."""
        return self._results

    @property
    def damaged(self) -> Mapping[Path, FileResult]:
        """The results of the files that git cannot read."""
        return {path: result for path, result in self._reported.items() if result.is_damaged}

    @property
    def skipped(self) -> Mapping[Path, str]:
        """The reasons why other files were not classified."""
        return self._skipped

    @property
    def classified(self) -> Iterable[Path]:
        """The paths of the classified files."""
        return self._results

    def __iter__(self) -> Iterator[Path]:
        """Yield the paths of all files, skipped or not."""
        return chain(self._results, self._skipped)

    def update(
        self,
        results: Mapping[Path, FileResult],
        skipped: Mapping[Path, str],
        removed: Iterable[Path],
    ) -> None:
        """Record ``results``, the reasons of ``skipped`` files, and the ``removed`` files."""
        for path in (*results, *skipped, *removed):
            self._remove_file(path)
        self._results |= results
        self._skipped |= skipped
        self._reported |= {
            path: result
            for path, result in results.items()
            if result.hidden_reason or result.problems
        }
        posts = (result.post for result in results.values() if result.post)
        for post in sorted(posts, key=sort_key):
            self._add(post)
        self.posts = self.posts.with_changes(
            self._removed_posts.values(), self._added_posts.values()
        )
        self._removed_posts.clear()
        self._added_posts.clear()

    @property
    def hidden(self) -> tuple[HiddenFile, ...]:
        """The files that are not served, by path."""
        reasons = self._skipped | {
            path: result.hidden_reason for path, result in self._reported.items()
        }
        return tuple(
            HiddenFile(path=path, reason=reason)
            for path, reason in sorted(reasons.items())
            if reason
        )

    @property
    def problems(self) -> Iterator[Problem]:
        """The problems of the files, by path, then the duplicate URLs."""
        for _, result in sorted(self._reported.items()):
            yield from result.problems
        for url, conflicts in sorted(self._url_conflicts.items()):
            yield from (_duplicate_url(self._url_owners[url], post) for post in conflicts)

    def _remove_file(self, path: Path) -> None:
        self._skipped.pop(path, None)
        self._reported.pop(path, None)
        result = self._results.pop(path, None)
        if result and result.post:
            self._remove(result.post)

    def _add(self, post: Post) -> None:
        owner = self._url_owners.get(post.url)
        if owner is None:
            self._assign_url(post)
        elif sort_key(owner) < sort_key(post):
            insort(self._url_conflicts.setdefault(post.url, []), post, key=sort_key)
        else:
            self._release_url(owner)
            self._url_conflicts.setdefault(post.url, []).insert(0, owner)
            self._assign_url(post)

    def _remove(self, post: Post) -> None:
        conflicts = self._url_conflicts.get(post.url, [])
        if self._url_owners[post.url] is post:
            self._release_url(post)
            if conflicts:
                self._assign_url(conflicts.pop(0))
        else:
            conflicts.remove(post)
        if not conflicts:
            self._url_conflicts.pop(post.url, None)

    def _assign_url(self, post: Post) -> None:
        self._url_owners[post.url] = post
        self._added_posts[id(post)] = post

    def _release_url(self, post: Post) -> None:
        del self._url_owners[post.url]
        if self._added_posts.pop(id(post), None) is None:
            self._removed_posts[id(post)] = post


def _duplicate_url(owner: Post, post: Post) -> Problem:
    return Problem(
        level="error",
        rule="duplicate-address",
        source=post.source,
        path=post.path,
        message=f"{owner.path} has the same URL: {post.url}",
        hint="Change the permalink of one of the two posts; this post is not served.",
    )

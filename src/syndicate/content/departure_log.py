"""When posts left the feeds of a source: a replay of its history, page by page (decision 33).

Each commit counts with the configuration that was in force then, since a line of it may hide posts
as well as a change of their files. What was recorded stays, whatever later commits do, so that the
date of a feed never goes back.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

from syndicate.content.configuration_changes import (
    KnownPlaces,
    is_configuration,
    with_all_changes,
)
from syndicate.content.file_classifier import FileResult
from syndicate.content.file_history import (
    BranchHistory,
    PostHistory,
    Version,
    post_id,
    post_key,
)
from syndicate.content.index_snapshot import IndexSnapshot
from syndicate.content.parsed_file import (
    KEY_BYTES,
    FileParser,
    FileVersion,
    ParsedVersion,
    PresentFiles,
)
from syndicate.content.removed_configuration import RemovedConfiguration
from syndicate.content.served_pages import PageFile, PagePost, ServedPages
from syndicate.content.site_pages import PageBundles, is_inside, post_url
from syndicate.content.site_source import (
    DEFAULT_DIALECT,
    SiteSource,
    asks_site,
    what_decides_feeds,
)
from syndicate.content.site_tracker import SiteReader, SiteTracker
from syndicate.content.source_problems import is_in_folder
from syndicate.dialects import DIALECTS
from syndicate.dialects.fields import VersionFields
from syndicate.errors import UnknownSite
from syndicate.git import Commit, FileChange
from syndicate.git.history import is_page
from syndicate.model.departure import Departure, PostAttributes, PostState
from syndicate.model.post import BlobId, CommitId, Path, Source
from syndicate.sites import may_be_read

OpenParser = Callable[[SiteSource], FileParser]
"""Returns the parser for a source as its configuration at some commit describes it."""

_MAX_PENDING: Final = 500
"""Versions of files that are parsed at the same time, which bounds the memory of a first start."""

_Files = dict[Path, PageFile]


@dataclass(frozen=True, slots=True)
class _Step:
    """A page that a commit may have changed; ``path`` is None if it is no post then."""

    commit: Commit
    file: PageFile
    path: Path | None
    blob: BlobId


class _Rules:
    """Which pages are posts, and how they are read, by the configuration of one commit."""

    def __init__(self, described: SiteSource, parser: FileParser, pages: Iterable[Path]) -> None:
        self.configured_by = frozenset(described.site.files if described.site else ())
        self.parser = parser
        self.described = described
        self.what_counts = what_decides_feeds(described)
        self._source = described.source
        self._dialect = DIALECTS[described.source.dialect or DEFAULT_DIALECT]
        inside = (path for path in pages if self.is_in_folders(path))
        self._bundles = PageBundles(self._dialect.bundle_folder, inside)

    def is_in_folders(self, path: Path) -> bool:
        return any(is_in_folder(path, folder) for folder in self._source.folders)

    def admits(self, path: Path) -> bool:
        """Return whether the page at ``path`` may be a post."""
        if not self.is_in_folders(path) or self._dialect.skip_reason(path, self._source):
            return False
        return not self._bundles.bundle_of(path)

    def update_bundles(self, files: Mapping[Path, BlobId | None]) -> frozenset[str]:
        """Record changed files, None for removed ones; return the folders whose status changed."""
        inside = {path: blob for path, blob in files.items() if self.is_in_folders(path)}
        return self._bundles.update(inside)


class DepartureLog:
    """Records when posts left feeds, up to one commit after the other.

    ``commit`` is the last one.
    """

    def __init__(self, source: Source, sites: SiteReader, open_parser: OpenParser) -> None:
        # An authority in every source: old configurations may lack one, and it decides no feed.
        known = replace(source, id_authority=source.id_authority or "example.invalid")
        self._source, self._sites, self._open_parser = known, sites, open_parser
        self._repository = sites.repository
        self._start()

    def _start(self) -> None:
        self.commit: CommitId | None = None
        self._removed = RemovedConfiguration(self._sites)
        self._latest: dict[tuple[PostAttributes, PostAttributes | None], datetime] = {}
        self._tracker = SiteTracker(self._source, self._sites)
        self._rules: _Rules | None = None
        self._is_described = False
        self._files: _Files = {}
        self._served = ServedPages()
        self._created_at_path: dict[Path, int] = {}
        self._deleted: _Files = {}
        self._places = KnownPlaces()
        self._pending: list[_Step] = []
        self._present: PresentFiles | None = None
        self._version_keys: set[bytes] = set()
        self._restored: IndexSnapshot | None = None

    @property
    def configuration_removed(self) -> datetime | None:
        """The latest time of a commit that removed configuration of the site, None if none did."""
        return self._removed.at

    @property
    def departures(self) -> tuple[Departure, ...]:
        """The departures, the latest first; of equal ones, only the latest."""
        found = (
            Departure(at=at, before=before, after=after)
            for (before, after), at in self._latest.items()
        )
        return tuple(sorted(found, key=lambda each: each.at, reverse=True))

    @property
    def version_keys(self) -> bytes:
        """The cache keys of all versions that a replay reads, `KEY_BYTES` each, one after other."""
        return b"".join(sorted(self._version_keys))

    def snapshot(
        self, branch: BranchHistory, results: Mapping[Path, FileResult], skipped: Mapping[Path, str]
    ) -> IndexSnapshot:
        """Return the state of an index at the commit of ``branch``, for `restore`."""
        log = (self.departures, self.version_keys, self.configuration_removed)
        return IndexSnapshot(branch.copy(), dict(results), dict(skipped), *log)

    def restore(self, snapshot: IndexSnapshot) -> None:
        """Continue at the commit of ``snapshot``, with its files as they were classified.

        Nothing is done with them before the next commit: a start does not wait.
        """
        self._start()
        self.commit, keys = snapshot.branch.commit, snapshot.version_keys
        self._removed = RemovedConfiguration(self._sites, snapshot.configuration_removed)
        self._latest = {(each.before, each.after): each.at for each in snapshot.departures}
        self._restored = snapshot
        starts = range(0, len(keys), KEY_BYTES)
        self._version_keys = {keys[start : start + KEY_BYTES] for start in starts}

    def replay(self, commit: CommitId, present: PresentFiles) -> Iterator[Commit]:
        """Record the whole history up to ``commit``; yield each commit that changes pages.

        What is yielded has the changes of pages only. ``present`` are the files of ``commit``.
        Raises `RepositoryError`.
        """
        self._start()
        self._present = present
        for each in self._repository.history(commit, also=may_be_read):
            self._record(each)
            pages = tuple(change for change in each.changes if is_page(change.path))
            if pages:
                has_others = len(pages) < len(each.changes)
                yield replace(each, changes=pages) if has_others else each
        self._finish(commit)

    def update(self, commit: CommitId, present: PresentFiles) -> None:
        """Record what happened up to ``commit``, which has the files ``present``.

        Raises `RepositoryError`.
        """
        if self.commit == commit:
            return
        delta = self._repository.commits_since(commit, self.commit) if self.commit else None
        if delta is None:
            deque(self.replay(commit, present), maxlen=0)
            return
        self._present = present
        self._prepare()
        self.commit = None  # until all is recorded
        for each in with_all_changes(delta):
            self._record(each)
        self._finish(commit)

    def _prepare(self) -> None:
        """Take the pages and the configuration in force from a restored state, if there is one."""
        if self._restored is None or self.commit is None:
            return
        snapshot, self._restored = self._restored, None
        branch, results = snapshot.branch, snapshot.results
        posts: dict[PageFile, PagePost] = {}
        for path, history in branch.current.items():
            result = results.get(path)
            post = result.post if result else None
            file = self._files[path] = self._file_with(history)
            if post is not None:
                file.blob = post.blob
                posts[file] = PagePost.of(post)
        self._served.restore(posts)
        for path, history in branch.deleted.items():
            self._deleted[path] = self._file_with(history)
        self._created_at_path = branch.created_at_path.copy()
        self._places.add(self._files)
        self._configure(self.commit)

    def _finish(self, commit: CommitId) -> None:
        self._flush()
        self._present = None
        self._removed.look_up()
        self.commit = commit

    def _record(self, commit: Commit) -> None:
        gone, changed = self._apply(commit)
        if asks_site(self._source):
            read = self._rules.configured_by if self._rules else frozenset[str]()
            self._removed.record(commit, read)
        before = self._rules
        if self._may_configure(commit):
            self._flush()
            self._configure(commit.id)
        if self._rules is not before:
            all_files = {path: (file, file.blob) for path, file in self._files.items()}
            changed = all_files | changed
        else:
            changed = self._moved_by_bundles(gone, changed) | changed
        self._pending += (_Step(commit, file, None, file.blob) for file in gone.values())
        for path, (file, blob) in changed.items():
            is_post = self._rules is not None and self._rules.admits(path)
            self._pending.append(_Step(commit, file, path if is_post else None, blob))
        self._places.add(changed)
        if len(self._pending) >= _MAX_PENDING:
            self._flush()

    def _apply(self, commit: Commit) -> tuple[_Files, dict[Path, tuple[PageFile, BlobId]]]:
        """Apply the changes of ``commit`` to the pages.

        Return the pages that are gone, and those that changed with their content.
        """
        gone: _Files = {}
        changed: dict[Path, tuple[PageFile, BlobId]] = {}
        pages = [change for change in commit.changes if is_page(change.path)]
        for change in pages:
            if change.kind in ("deleted", "renamed") and change.old_path in self._files:
                gone[change.old_path] = self._files.pop(change.old_path)
        moved = {change.old_path for change in pages if change.kind == "renamed"}
        self._deleted |= {path: file for path, file in gone.items() if path not in moved}
        for change in pages:
            if change.blob is not None:
                file = self._file_of(change, change.blob, gone, commit.time)
                self._files[change.path] = file
                changed[change.path] = file, change.blob
        return {path: file for path, file in gone.items() if path not in moved}, changed

    def _file_of(self, change: FileChange, blob: BlobId, gone: _Files, time: datetime) -> PageFile:
        """Return the page that ``change`` is about, as `BranchHistory` identifies it."""
        moved = gone.get(change.old_path) if change.kind == "renamed" else None
        found = moved or self._files.get(change.path) or self._deleted.pop(change.path, None)
        if found is not None:
            return found
        number = self._created_at_path[change.path] = self._created_at_path.get(change.path, 0) + 1
        key = post_key(self._source.name, change.path, number)
        return self._file_with(PostHistory(key, (Version(blob, time),)))

    def _file_with(self, history: PostHistory) -> PageFile:
        """Return the page with ``history``, at its last version."""
        blob = history.versions[-1].blob
        return PageFile(blob, history.created, post_id(self._source, history))

    def _moved_by_bundles(
        self, gone: _Files, changed: Mapping[Path, tuple[PageFile, BlobId]]
    ) -> dict[Path, tuple[PageFile, BlobId]]:
        """Return the pages that became resources of a bundle, or ceased to be, by these changes."""
        if self._rules is None:
            return {}
        present = ((path, blob) for path, (_, blob) in changed.items())
        folders = self._rules.update_bundles({**dict.fromkeys(gone), **dict(present)})
        if not folders:
            return {}
        return {
            path: (file, file.blob)
            for path, file in self._files.items()
            if is_inside(path, folders)
        }

    def _may_configure(self, commit: Commit) -> bool:
        """Return whether ``commit`` may change what the site's configuration says."""
        if not self._is_described:
            return True
        if not asks_site(self._source):
            return False
        read = self._rules.configured_by if self._rules else frozenset[str]()
        return any(
            is_configuration(change, read) or self._is_in_new_place(change.path)
            for change in commit.changes
        )

    def _is_in_new_place(self, path: Path) -> bool:
        """Return whether a page may be the first one of a folder of posts, or of a language."""
        if not is_page(path):
            return False
        if self._rules is not None and self._rules.is_in_folders(path):
            return self._places.has_new_language(path)
        return "folders" in self._source.derived and self._places.has_new_folder(path)

    def _configure(self, commit: CommitId) -> None:
        """Use the rules of ``commit``; the same ones if its configuration makes no difference."""
        self._is_described = True
        try:
            described = self._tracker.describe(commit)
        except UnknownSite:
            self._rules = None
            return
        parser = self._open_parser(described)
        if self._present and parser.rules == self._present.parser.rules:
            parser = self._present.parser  # which knows the digests of the rules for its files
        rules = _Rules(described, parser, self._files)
        if self._rules is None or self._rules.what_counts != rules.what_counts:
            self._rules = rules
        else:
            self._rules.configured_by = rules.configured_by

    def _flush(self) -> None:
        """Read the versions of pending steps, and record whose post left feeds."""
        steps, self._pending = self._pending, []
        for commit, changes in groupby(self._posts_of(steps), key=itemgetter(0)):
            posts = ((file, post) for _, file, post in changes)
            for each in self._served.update(posts, commit.time):
                key = each.before, each.after
                self._latest[key] = max(each.at, self._latest.get(key, each.at))

    def _posts_of(
        self, steps: Sequence[_Step]
    ) -> Iterator[tuple[Commit, PageFile, PagePost | None]]:
        """Yield what each readable version of ``steps`` describes."""
        for start in range(0, len(steps), _MAX_PENDING):
            batch = steps[start : start + _MAX_PENDING]
            parsed = self._parse(
                [(each.path, each.blob) for each in batch if each.path is not None]
            )
            for step in batch:
                found = parsed[step.path, step.blob] if step.path is not None else None
                if found is None or not found.is_broken:  # else the last readable version is served
                    step.file.blob = step.blob
                    yield step.commit, step.file, self._post_in(step, found)

    def _parse(self, versions: Collection[FileVersion]) -> Mapping[FileVersion, ParsedVersion]:
        if self._rules is None or not versions:
            return {}
        parser = self._rules.parser
        self._version_keys.update(bytes.fromhex(parser.cache_key(each)) for each in versions)
        return parser.parse_older(versions, self._present)

    def _post_in(self, step: _Step, found: ParsedVersion | None) -> PagePost | None:
        fields = found.fields if found else None
        if self._rules is None or step.path is None or fields is None or fields.hidden_reason:
            return None
        described = self._rules.described
        published = fields.published or step.file.created.astimezone(described.source.zone)
        url = post_url(fields, step.path, described, published).value
        return PagePost(_state_in(fields, published, self._source), url)


def _state_in(fields: VersionFields, published: datetime, source: Source) -> PostState:
    attributes = PostAttributes(
        source=source.name,
        categories=fields.categories,
        carousel=fields.carousel,
        language=fields.language,
    )
    return PostState(attributes=attributes, published=published, expires=fields.expires)

"""The posts of one source at a commit, updated from commit to commit."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Final

from syndicate import telemetry
from syndicate.cache import Cache
from syndicate.content.cache_keys import keys_of_files
from syndicate.content.departure_log import DepartureLog
from syndicate.content.file_classifier import FileResult, FileTable, classify
from syndicate.content.file_history import BranchHistory, PostHistory, TimelineEntry, build_timeline
from syndicate.content.held_commits import ChangeBrake, HeldCommit
from syndicate.content.index_snapshot import CACHE_NAMESPACE, SnapshotStore
from syndicate.content.link_targets import AssetUrls, LinkTargets, MediaFiles
from syndicate.content.needed_files import needed_files
from syndicate.content.parsed_file import FileParser, ParsedFile, PresentFiles
from syndicate.content.post_digests import PostDigests
from syndicate.content.render_input import RenderInput, RenderInputReader
from syndicate.content.site_pages import PageBundles, is_inside
from syndicate.content.site_references import SiteReferences
from syndicate.content.site_source import DEFAULT_DIALECT, SiteSource
from syndicate.content.site_tracker import SiteReader, SiteTracker
from syndicate.content.source_problems import emptied_message, find_problems, is_in_folder
from syndicate.dialects import DIALECTS
from syndicate.git import Commit, CommitDelta, Repository, TreeEntry
from syndicate.model.asset import is_public
from syndicate.model.category import Vocabulary
from syndicate.model.content_reader import DEFAULT_CONTENT_LIMITS, ContentLimits
from syndicate.model.edition import SourceSnapshot
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import BlobId, CommitId, Path, Post, Source


class SourceIndex:
    """Builds the snapshots of one source; each one classifies only files changed since the last.

    ``accepted`` returns the commits that may empty a folder; it is called for every snapshot.
    ``assets`` resolves files that this service serves for posts: none without ``assets_url``.
    ``public_url`` is the URL of this service.
    """

    def __init__(  # noqa: PLR0913 — optional settings by keyword
        self,
        source: Source,
        repository: Repository,
        *,
        cache: Cache,
        vocabulary: Vocabulary,
        accepted: Callable[[], frozenset[CommitId]] = frozenset,
        limits: ContentLimits = DEFAULT_CONTENT_LIMITS,
        assets_url: str = "",
        public_url: str = "",
    ) -> None:
        self.repository = repository
        self.accepted = accepted
        self.assets = AssetUrls(base_url=assets_url, blobs={}, folders=source.folders)
        self.needed_files: Final = needed_files(has_assets=bool(assets_url))
        self._site_tracker = SiteTracker(source, SiteReader(source, repository))
        self._brake = ChangeBrake(
            source, repository, self._site_tracker, read=self._build_snapshot, cache=cache
        )
        self._held: HeldCommit | None = None
        self._cache = cache
        self._vocabulary = vocabulary
        self._limits = limits
        self._public_url = public_url
        self._accepted_seen = accepted()
        self.source = source
        self._branch = BranchHistory()
        self._departures = DepartureLog(source, self._site_tracker.sites, self._open_parser)
        self._media_files: MediaFiles | None = None
        self._use(SiteSource(source=source))
        self._is_shallow = False
        """Whether the branch was replayed from the history of a shallow clone."""
        self._lock = Lock()

    def _use(self, described: SiteSource) -> None:
        """Start again with a source that the settings or its site describe.

        The history of files is replayed again only where other files count.
        """
        source, repository = described.source, self.repository
        if (source.folders, source.dialect) != (self.source.folders, self.source.dialect):
            self._branch = BranchHistory()
        self.site_source = described
        self.source = source
        self._media_files = None
        self.assets = replace(self.assets, folders=source.folders)
        self._dialect = DIALECTS[source.dialect or DEFAULT_DIALECT]
        self._parser = self._open_parser(described)
        self._render_inputs = RenderInputReader(source, repository, self._parser, self._limits)
        self.references = SiteReferences(described, repository, None)
        rules = (self._vocabulary, self._limits, self._public_url, self.assets.base_url)
        self._snapshots = SnapshotStore(described, rules, self._cache)
        self._table = FileTable()
        self._digests = PostDigests(self._public_url)
        self._bundles = PageBundles(self._dialect.bundle_folder)
        self._table_commit: CommitId | None = None
        """The commit of the file table."""

    def _open_parser(self, described: SiteSource) -> FileParser:
        return FileParser(described, self.repository, self._cache, self._vocabulary, self._limits)

    def snapshot(self, commit: CommitId) -> SourceSnapshot:
        """Return the source at ``commit``.

        If a folder that had posts is missing or empty, return the source at the last commit with
        posts in all such folders, with an error. Raises `RepositoryError`.
        """
        with self._lock:
            return self._build_snapshot(commit)

    def served(self, commit: CommitId, *, is_trial: bool = False) -> SourceSnapshot:
        """Return the source as it is served while its branch is at ``commit``.

        That is the snapshot at ``commit``, or at an earlier one if a commit of configuration is
        held (`syndicate.content.held_commits`). A trial is not remembered as served. Raises
        `RepositoryError`.
        """
        with self._lock:
            held = self._held = self._brake.find(commit, self.accepted())
            snapshot = self._build_snapshot(held.parent if held else commit)
            if held is None:
                if not is_trial:
                    self._brake.record(snapshot.commit)
                return snapshot
            problem = held.problem(self.source.name)
            return replace(
                snapshot,
                problems=(problem, *snapshot.problems),
                error=f"source {self.source.name}: {problem.message}",
                error_code="changes-held",
            )

    @property
    def held_commit(self) -> CommitId | None:
        """The commit of configuration that is held, as of the last call of `served`."""
        return None if self._held is None else self._held.commit

    def save(self) -> None:
        """Store the state in the cache, from which the next start continues.

        A state that depends on the depth of a shallow clone is not stored, nor one with damaged
        files or from before the first complete snapshot.
        """
        with self._lock:
            commit, accepted = self._branch.commit, self._accepted_seen
            if commit is None or commit != self._table_commit:
                return
            if self._is_shallow or self._table.damaged:
                return
            if self._snapshots.is_stored(commit, accepted):
                return
            files = self._table.results, self._table.skipped
            snapshot = self._departures.snapshot(self._branch, *files)
        self._snapshots.store(snapshot, accepted)

    @property
    def snapshot_key(self) -> str:
        """The cache key of the stored state."""
        return self._snapshots.key(self._accepted_seen)

    def _restore(self) -> None:
        snapshot = None if self.repository.is_shallow else self._snapshots.load(self._accepted_seen)
        if snapshot is not None:
            self._branch, self._table = snapshot.branch.copy(), snapshot.to_file_table()
            self._departures.restore(snapshot)
            self._digests = PostDigests(self._public_url, self._table)
            self._bundles = PageBundles(self._dialect.bundle_folder, self._table)
            self._table_commit = snapshot.branch.commit

    def _build_snapshot(self, commit: CommitId) -> SourceSnapshot:
        self.repository.fetch_contents(commit, self.needed_files)
        described = self._site_tracker.describe(commit)
        if described != self.site_source:
            self._use(described)
        if self._table_commit is None and self._branch.commit is None:
            self._restore()
        accepted = self.accepted()
        if accepted != self._accepted_seen:
            self._branch, self._accepted_seen = BranchHistory(), accepted
        is_incremental = (
            self._table_commit is not None and self._table_commit == self._branch.commit
        )
        self._table_commit = None
        delta = self._update_branch(commit)
        branch, served = self._served_branch(commit)
        emptied_folders = self._branch.emptied_folders
        is_incremental = is_incremental and served == commit
        files = self._files_to_classify(served, delta if is_incremental else None)
        self._departures.update(served, PresentFiles(self._parser, files))
        self._record_files(files, branch)
        # Last, so that the files of the commit before are served until everything is read.
        self.assets = self._use_files_of(served, is_fetched=served == commit)
        committed = self.repository.commit_time(served)
        return SourceSnapshot(
            source=self.source,
            commit=served,
            committed=committed,
            posts=self._table.posts,
            hidden=self._table.hidden,
            problems=find_problems(self.site_source, self._table, branch, (served, committed)),
            departures=self._departures.departures,
            configured=self._configured_at(
                served, is_successor=delta is not None and served == commit
            ),
            error=emptied_message(self.source, emptied_folders) if emptied_folders else "",
            error_code="folder-emptied",
        )

    def _configured_at(self, commit: CommitId, *, is_successor: bool) -> datetime | None:
        """Return when the site's configuration last changed, None if it is not read."""
        at = self._site_tracker.configured_at(commit, self.site_source, is_successor=is_successor)
        times = at, self._departures.configuration_removed
        return max(filter(None, times), default=None)

    def _served_branch(self, commit: CommitId) -> tuple[BranchHistory, CommitId]:
        """Return the branch up to ``commit``, or to the last one before a folder was emptied."""
        served = self._branch.last_complete_commit
        if not self._branch.emptied_folders or served is None:
            return self._branch, commit
        branch = BranchHistory()
        self._replay(branch, self.repository.history(served), head=served)
        return branch, served

    def cache_keys(self) -> Mapping[str, frozenset[str]]:
        """Return what the next start reads from the cache: the keys by namespace."""
        with self._lock:
            read = keys_of_files(self._table.results, self._parser, self._departures.version_keys)
            return {**read, CACHE_NAMESPACE: frozenset([self.snapshot_key])}

    def find_asset(self, path: Path, commit: CommitId) -> BlobId | None:
        """Return the blob of the regular file at ``path``, None if it may not be served.

        Calls git only if ``commit`` is not that of the last snapshot. Raises `RepositoryError`.
        """
        assets = self.assets
        if not assets.base_url or not is_public(path, assets.folders):
            return None
        if assets.commit == commit:
            return assets.blobs.get(path)
        return self.repository.find_blob(commit, path)

    def media_files(self, commit: CommitId) -> MediaFiles:
        """Return the files of ``commit`` by the URLs of images and recordings."""
        files = self._media_files
        if files is None or files.commit != commit:
            files = MediaFiles(self.repository, commit, self.source, self.assets.base_url)
            self._media_files = files
        return files

    @property
    def emptied_by(self) -> CommitId | None:
        """The commit that emptied a folder, as of the last snapshot; None if none is empty."""
        return self._branch.emptied_by

    def parsed_file(self, path: Path, commit: CommitId) -> ParsedFile:
        """Return the parsed file at ``path`` in ``commit``, an empty one if it does not exist."""
        blob = self.repository.find_blob(commit, path)
        return self._parser.parse([(path, blob)])[path, blob] if blob else ParsedFile()

    def timeline(self, path: Path, commit: CommitId) -> tuple[TimelineEntry, ...]:
        """Return what the commits up to ``commit`` did to the file that is now at ``path``."""
        return build_timeline(path, self.repository.history(commit), self._parser.parse)

    def render_inputs(self, posts: Sequence[Post], targets: LinkTargets) -> Iterator[RenderInput]:
        """Yield the render input of each readable one of ``posts``; raises `RepositoryError`."""
        return self._render_inputs.read(
            posts, targets=targets, assets=self.assets, references=self.references
        )

    def render_inputs_as_announced(
        self, announced: Sequence[tuple[LedgerRow, Post]], targets: LinkTargets
    ) -> Iterator[RenderInput]:
        """Yield the render inputs of posts as recorded; see `RenderInputReader`."""
        return self._render_inputs.read_as_announced(
            announced, targets=targets, assets=self.assets, references=self.references
        )

    def _use_files_of(self, commit: CommitId, *, is_fetched: bool) -> AssetUrls:
        """Give posts the digests of what they name at ``commit``; return the files it serves."""
        assets = self._assets_at(commit, is_fetched=is_fetched)
        if self.references.commit != commit:
            self.references = SiteReferences(self.site_source, self.repository, commit)
        self._digests.update(self._table, assets, self.references)
        self._table_commit = commit
        return assets

    def _assets_at(self, commit: CommitId, *, is_fetched: bool) -> AssetUrls:
        """Return the files of ``commit``; a mirror may lack those of an earlier commit."""
        if not self.assets.base_url:
            return self.assets
        files = self.repository.list_files(commit, (Path("."),))
        if not is_fetched:
            media = (file.blob for file in files if self.needed_files.in_commit(file.path))
            self.repository.fetch_blobs(media)
        return replace(self.assets, blobs={file.path: file.blob for file in files}, commit=commit)

    def _update_branch(self, commit: CommitId) -> CommitDelta | None:
        """Replay the commits up to ``commit``; return the delta, None if all were replayed."""
        before = self._branch.commit
        delta = self.repository.commits_since(commit, before) if before else None
        if delta is None:
            self._branch, self._is_shallow = BranchHistory(), self.repository.is_shallow
            present = PresentFiles(self._parser, self._list_files(commit))
            self._replay(self._branch, self._departures.replay(commit, present), head=commit)
        else:
            self._replay(self._branch, delta.commits, head=commit)
        return delta

    def _replay(self, branch: BranchHistory, history: Iterable[Commit], head: CommitId) -> None:
        branch.replay(
            _counted(history, self.source.name),
            source=self.source.name,
            find_folder=self._find_folder,
            accepted=self._accepted_seen,
            head=head,
        )

    def _find_folder(self, path: Path) -> Path | None:
        folder = next((f for f in self.source.folders if is_in_folder(path, f)), None)
        if folder is None or self._dialect.skip_reason(path, self.source):
            return None
        return folder

    def _is_in_folders(self, path: Path) -> bool:
        return any(is_in_folder(path, folder) for folder in self.source.folders)

    def _files_to_classify(
        self, commit: CommitId, delta: CommitDelta | None
    ) -> Mapping[Path, BlobId | None]:
        """Return the files of ``delta``, or all files; the blob of a removed file is None."""
        if delta is not None:
            damaged = {path: result.blob for path, result in self._table.damaged.items()}
            return damaged | {
                path: blob for path, blob in delta.files.items() if self._is_in_folders(path)
            }
        return dict.fromkeys(self._table) | self._list_files(commit)

    def _list_files(self, commit: CommitId) -> dict[Path, BlobId | None]:
        files = self.repository.list_files(commit, self.source.folders)
        return {file.path: file.blob for file in files}

    def _record_files(self, files: Mapping[Path, BlobId | None], branch: BranchHistory) -> None:
        files = self._with_bundle_changes(files, branch)
        skipped: dict[Path, str] = {}
        fresh: list[tuple[TreeEntry, PostHistory]] = []
        for path, blob in files.items():
            if blob is None:
                continue
            if reason := self._skip_reason(path):
                skipped[path] = reason
                continue
            history = branch.current[path]
            before = self._table.get(path)
            is_same = before and (before.blob, before.history) == (blob, history)
            if before is None or before.is_damaged or not is_same:
                fresh.append((TreeEntry(path=path, blob=blob), history))
        results = classify(fresh, self.site_source, self._parser)
        removed = [path for path, blob in files.items() if blob is None]
        self._raise_if_all_damaged(results, removed)
        self._table.update(results, skipped, removed)

    def _with_bundle_changes(
        self, files: Mapping[Path, BlobId | None], branch: BranchHistory
    ) -> Mapping[Path, BlobId | None]:
        """Return ``files``, and files that became or ceased to be bundle resources by them."""
        changed = self._bundles.update(files)
        if not changed:
            return files
        moved = (path for path in self._table if path not in files and is_inside(path, changed))
        return {
            path: branch.current[path].versions[-1].blob for path in moved if path in branch.current
        } | dict(files)

    def _skip_reason(self, path: Path) -> str:
        bundle = self._bundles.bundle_of(path)
        resource = f"a resource of the page bundle {bundle}" if bundle else ""
        return self._dialect.skip_reason(path, self.source) or resource

    def _raise_if_all_damaged(
        self, results: Mapping[Path, FileResult], removed: Iterable[Path]
    ) -> None:
        """Raise `RepositoryError` if git can read none of the files, as in a partial clone."""
        if any(result.post or not result.is_damaged for result in results.values()):
            return
        others = self._table.results.keys() - results.keys() - set(removed)
        if results and not others:
            next(self.repository.read([next(iter(results.values())).blob]))


def _counted(history: Iterable[Commit], source: str) -> Iterator[Commit]:
    """Yield the commits of ``history`` and count them, for those who wait for the first edition."""
    counter = telemetry.commits_read_total.labels(source)
    for commit in history:
        counter.inc()
        yield commit

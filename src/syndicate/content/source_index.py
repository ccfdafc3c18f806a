"""One source at one commit: which files are posts, and what an edition must know of each."""

import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from threading import Lock
from typing import Final

from syndicate import dialects, git, model, telemetry
from syndicate.cache import Cache
from syndicate.content import code_fingerprint, index_snapshot
from syndicate.content.asset_urls import AssetUrls
from syndicate.content.file_classifier import FileResult, classify
from syndicate.content.file_history import BranchHistory, PostHistory, replay
from syndicate.content.file_table import FileTable
from syndicate.content.file_timeline import TimelineEntry, build_timeline
from syndicate.content.link_targets import LinkTargets
from syndicate.content.page_bundles import PageBundles, is_inside
from syndicate.content.parsed_file import FileParser, ParsedFile
from syndicate.content.render_input import RenderInput, build_render_input, post_as_announced
from syndicate.dialects import DIALECTS
from syndicate.git import Commit, CommitDelta, Repository, TreeEntry, UnreadableBlob
from syndicate.git.parsers import UNREADABLE_TIMES
from syndicate.model.asset import is_public
from syndicate.model.category import Vocabulary
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS, ContentLimits
from syndicate.model.edition import Problem, SourceSnapshot
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import BlobId, CommitId, Path, Post, Source

_CODE: Final = tuple(
    pathlib.Path(package).parent
    for package in (__file__, dialects.__file__, git.__file__, model.__file__)
)
"""All code that makes what an index remembers."""

_log = telemetry.logger("index")

_RENDER_BATCH_SIZE: Final = 20
"""Posts whose contents are in memory together while they are prepared for rendering."""

_CLASSIFY_BATCH_SIZE = 500
"""Files examined together: bounds the memory while a large folder is read for the first time."""


class SourceIndex:
    """Makes the parts of one source; each next one examines only what changed since the last.

    ``accepted`` tells which commits may empty a folder of posts; it is asked for every part.
    ``assets`` are the files that posts may show from this service, none unless `serve_assets`.
    """

    def __init__(  # noqa: PLR0913 — one more than five: the limits
        self,
        source: Source,
        repository: Repository,
        *,
        cache: Cache,
        vocabulary: Vocabulary,
        accepted: Callable[[], frozenset[CommitId]] = frozenset,
        limits: ContentLimits = DEFAULT_CONTENT_LIMITS,
    ) -> None:
        self.source = source
        self.repository = repository
        self._dialect = DIALECTS[source.dialect]
        self._cache = cache
        self._limits = limits
        self._parser = FileParser(source, repository, cache, vocabulary, limits)
        self._vocabulary = vocabulary
        self.accepted = accepted
        self.assets = AssetUrls(base_url="", blobs={}, folders=source.folders)
        self._accepted_seen = accepted()
        self._branch = BranchHistory()
        self._table = FileTable()
        self._bundles = PageBundles(self._dialect.bundle_folder)
        self._table_commit: CommitId | None = None
        """The commit that the register is at."""
        self._is_shallow = False
        """Whether the ancestry was replayed from a history that is not all there."""
        self._saved: tuple[str, CommitId] | None = None
        """The key and commit of what the cache has been given to remember."""
        self._lock = Lock()

    def snapshot(self, commit: CommitId) -> SourceSnapshot:
        """Return the source as it is at ``commit``.

        Where a folder that had posts is gone or empty, the part is that of the last commit at
        which it was not, and says so. Raises `RepositoryError`.
        """
        with self._lock:
            return self._build_snapshot(commit)

    def save(self) -> None:
        """Write down what all this took, unless that has been done.

        Another index of the same source and settings then goes on from there. What hangs on how
        much of the history is there (a shallow clone's, or one that was) is not kept, nor while a
        folder is empty.
        """
        with self._lock:
            key, commit = self.snapshot_key, self._branch.commit
            if commit is None or commit != self._table_commit or (key, commit) == self._saved:
                return
            if self._is_shallow or self._table.damaged:
                return
            snapshot = index_snapshot.IndexSnapshot.capture(self._branch, self._table)
        self._cache.put(index_snapshot.CACHE_NAMESPACE, {key: index_snapshot.encode(snapshot)})
        self._saved = key, commit

    @property
    def snapshot_key(self) -> str:
        """The key by which the cache knows what this index remembers."""
        made_by = (
            code_fingerprint.code_digest(*_CODE),
            code_fingerprint.zone_data_digest(self.source.zone),
        )
        rules = (made_by, self.source, self._vocabulary, self._limits, sorted(self._accepted_seen))
        return sha256(repr(rules).encode()).hexdigest()

    def _restore(self) -> None:
        if self.repository.is_shallow:
            return
        for key, data in self._cache.get(
            index_snapshot.CACHE_NAMESPACE, [self.snapshot_key]
        ).items():
            snapshot = index_snapshot.decode(data, self.source)
            self._branch, self._table = snapshot.branch, snapshot.to_file_table()
            self._bundles = PageBundles(self._dialect.bundle_folder, self._table)
            self._table_commit = commit = snapshot.branch.commit
            self._saved = (key, commit) if commit else None

    def _build_snapshot(self, commit: CommitId) -> SourceSnapshot:
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
        branch, served = self._branch, commit
        emptied_folders = branch.emptied_folders
        if emptied_folders and branch.last_complete_commit:
            is_incremental, served = False, branch.last_complete_commit
            branch = BranchHistory()
            self._replay_commits(branch, self.repository.history(served))
        self._record_files(
            self._files_to_classify(served, delta if is_incremental else None), branch
        )
        self._table_commit = served
        committed = self.repository.commit_time(served)
        without_time = (served,) if committed in UNREADABLE_TIMES else ()
        if (
            self.assets.base_url
        ):  # last: until all is read, the files of the commit before are served
            self.assets = replace(self.assets, blobs=self._all_files(served), commit=served)
        return SourceSnapshot(
            source=self.source,
            commit=served,
            committed=committed,
            posts=self._table.posts,
            hidden=self._table.hidden,
            problems=(
                *self._table.problems,
                *self._folder_problems(),
                *(
                    self._commit_time_problem(c)
                    for c in dict.fromkeys((*branch.commits_without_time, *without_time))
                ),
            ),
            error=self._emptied_message(emptied_folders) if emptied_folders else "",
            error_code="folder-emptied",
        )

    def parsed_file_keys(self) -> Iterator[str]:
        """Yield the keys by which the cache knows what the files of the last part say as posts.

        And what they said: when the words of a post last changed is found by looking back.
        """
        for path in tuple(self._table.classified):
            result = self._table.get(path)
            for version in result.history.versions if result else ():
                yield self._parser.cache_key((path, version.blob))

    def find_asset(self, path: Path, commit: CommitId) -> BlobId | None:
        """Return the blob of the regular file at ``path``, None if it may not be served.

        Git is not asked about the commit that was read last, which is the one in service but for
        a moment. Raises `RepositoryError`.
        """
        assets = self.assets
        if not assets.base_url or not is_public(path, assets.folders):
            return None
        if assets.commit == commit:
            return assets.blobs.get(path)
        return self.repository.find_blob(commit, path)

    def serve_assets(self, url: str) -> None:
        """Let posts show the files of the repository at addresses below ``url``."""
        self.assets = replace(self.assets, base_url=url)

    @property
    def emptied_by(self) -> CommitId | None:
        """The commit that emptied a folder, as of the last part; None while none is empty."""
        return self._branch.emptied_by

    def parsed_file(self, path: Path, commit: CommitId) -> ParsedFile:
        """Return what the file at ``path`` says in ``commit``; nothing if it is not there."""
        blob = self.repository.find_blob(commit, path)
        return self._parser.parse([(path, blob)])[path, blob] if blob else ParsedFile()

    def timeline(self, path: Path, commit: CommitId) -> tuple[TimelineEntry, ...]:
        """Return what the history up to ``commit`` did to the file that is now at ``path``."""
        return build_timeline(path, self.repository.history(commit), self._parser.parse)

    def render_inputs(self, posts: Sequence[Post], targets: LinkTargets) -> Iterator[RenderInput]:
        """Open the files of ``posts`` to make items of them; raises `RepositoryError`."""
        for start in range(0, len(posts), _RENDER_BATCH_SIZE):
            group = posts[start : start + _RENDER_BATCH_SIZE]
            contents = self._read_blobs(post.blob for post in group)
            yield from filter(None, self._build_render_inputs(group, contents, targets))

    def _read_blobs(self, blobs: Iterable[BlobId]) -> dict[BlobId, bytes]:
        """Return what ``blobs`` hold; those that cannot be read are left out and logged."""
        found: dict[BlobId, bytes] = {}
        wanted = dict.fromkeys(blobs)
        for blob, content in self.repository.read_blobs(wanted, max_bytes=self._limits.post_bytes):
            if isinstance(content, UnreadableBlob):
                _log.warning(
                    "post unreadable", source=self.source.name, blob=blob, reason=content.reason
                )
            else:
                found[blob] = content
        return found

    def render_inputs_as_announced(
        self, announced: Sequence[tuple[LedgerRow, Post]], targets: LinkTargets
    ) -> Iterator[RenderInput]:
        """Open what the file of each post was when its row was told, to make an item of that.

        Those that git has lost, or that cannot be read as a post any more, are left out.
        """
        contents = self._read_blobs(row.blob for row, _ in announced)
        readable = [(row, post) for row, post in announced if row.blob in contents]
        former_posts = [
            replace(post, path=row.path, blob=row.blob, url=row.url, carousel=row.carousel)
            for row, post in readable
        ]
        for (row, post), found in zip(
            readable, self._build_render_inputs(former_posts, contents, targets), strict=True
        ):
            if found is not None:
                yield replace(found, post=post_as_announced(row, found.fields, post))

    def _build_render_inputs(
        self, posts: Sequence[Post], contents: Mapping[BlobId, bytes], targets: LinkTargets
    ) -> Iterator[RenderInput | None]:
        """Yield the manuscript of each of ``posts``, None where the file cannot be read as one."""
        parsed = self._parser.parse([(post.path, post.blob) for post in posts])
        for post in posts:
            fields = parsed[post.path, post.blob].fields
            data = contents.get(post.blob)
            if fields is None or data is None:
                yield None
                continue
            render_input = build_render_input(
                post, data, fields, source=self.source, targets=targets, limits=self._limits
            )
            yield render_input.with_assets(self.assets)

    def _all_files(self, commit: CommitId) -> dict[Path, BlobId]:
        files = self.repository.list_files(commit, (Path("."),))
        return {file.path: file.blob for file in files}

    def _update_branch(self, commit: CommitId) -> CommitDelta | None:
        """Bring the ancestry to ``commit``; return what is new, None if all of it is."""
        before = self._branch.commit
        delta = self.repository.commits_since(commit, before) if before else None
        if delta is None:
            self._branch, self._is_shallow = BranchHistory(), self.repository.is_shallow
        history = self.repository.history(commit) if delta is None else delta.commits
        self._replay_commits(self._branch, history)
        self._branch.commit = commit
        return delta

    def _replay_commits(self, branch: BranchHistory, history: Iterable[Commit]) -> None:
        replay(
            branch,
            history,
            source=self.source.name,
            find_folder=self._find_folder,
            accepted=self._accepted_seen,
        )

    def _find_folder(self, path: Path) -> Path | None:
        folder = next((f for f in self.source.folders if _is_below(path, f)), None)
        if folder is None or self._dialect.skip_reason(path, self.source):
            return None
        return folder

    def _is_in_folders(self, path: Path) -> bool:
        return any(_is_below(path, folder) for folder in self.source.folders)

    def _emptied_message(self, folders: Sequence[Path]) -> str:
        return (
            f"source {self.source.name}: {', '.join(folders)} had posts and has none now; "
            "the last posts stay in service until that is accepted"
        )

    def _commit_time_problem(self, commit: CommitId) -> Problem:
        return Problem(
            level="warning",
            rule="commit-time",
            source=self.source.name,
            message=f"the time of commit {commit} cannot be read or is after the year 9999",
            hint="Give each post that it added a key date; the time counts as 1970 or 9999.",
        )

    def _folder_problems(self) -> Iterator[Problem]:
        for folder in self.source.folders:
            if not any(_is_below(path, folder) for path in self._table.classified):
                yield Problem(
                    level="error",
                    rule="no-posts",
                    source=self.source.name,
                    path=folder,
                    message=f"the folder {folder} holds no posts",
                    hint="Name the folder as it is in the repository, from its root.",
                )

    def _files_to_classify(
        self, commit: CommitId, delta: CommitDelta | None
    ) -> Mapping[Path, BlobId | None]:
        """Return what to look at: what is in ``news``, or every file; None for those gone."""
        if delta is not None:
            damaged = {path: found.blob for path, found in self._table.damaged.items()}
            return damaged | {
                path: blob for path, blob in delta.files.items() if self._is_in_folders(path)
            }
        files = self.repository.list_files(commit, self.source.folders)
        return dict.fromkeys(self._table) | {file.path: file.blob for file in files}

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
        results: dict[Path, FileResult] = {}
        for start in range(0, len(fresh), _CLASSIFY_BATCH_SIZE):
            results |= self._classify_batch(fresh[start : start + _CLASSIFY_BATCH_SIZE])
        removed = [path for path, blob in files.items() if blob is None]
        self._raise_if_all_damaged(results, removed)
        self._table.update(results, skipped, removed)

    def _with_bundle_changes(
        self, files: Mapping[Path, BlobId | None], branch: BranchHistory
    ) -> Mapping[Path, BlobId | None]:
        """Return ``files`` and all other files that began or ceased to be resources by them."""
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
        """Raise `RepositoryError` where git has none of the files, as in a partial clone."""
        if any(found.post or not found.is_damaged for found in results.values()):
            return
        others = self._table.results.keys() - results.keys() - set(removed)
        if results and not others:
            next(self.repository.read([next(iter(results.values())).blob]))

    def _classify_batch(
        self, fresh: Sequence[tuple[TreeEntry, PostHistory]]
    ) -> dict[Path, FileResult]:
        """Let every examination ask for what it wants to read next, and read that in one go."""
        results: dict[Path, FileResult] = {}
        classifiers = {file.path: classify(file, lineage, self.source) for file, lineage in fresh}
        wanted = {path: next(examination) for path, examination in classifiers.items()}
        while wanted:
            parsed = self._parser.parse(wanted.items())
            for path, blob in list(wanted.items()):
                try:
                    wanted[path] = classifiers[path].send(parsed[path, blob])
                except StopIteration as done:
                    results[path] = done.value
                    del wanted[path]
        return results


def _is_below(path: Path, folder: Path) -> bool:
    """Tell whether ``path`` is in ``folder``, which is ``.`` for the root."""
    return folder in ("", ".") or path.startswith(f"{folder}/")

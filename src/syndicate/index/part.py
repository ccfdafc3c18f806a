"""One source at one commit: which files are posts, and what an edition must know of each."""

import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from threading import Lock
from typing import Final

from syndicate import dialects, git, model, telemetry
from syndicate.cache import Cache
from syndicate.dialects import DIALECTS
from syndicate.git import Commit, Entry, News, Repository, UnreadableBlob
from syndicate.git.record import UNREADABLE_TIMES
from syndicate.index import code, memory
from syndicate.index.ancestry import Ancestry, Lineage, replay
from syndicate.index.asset import Assets
from syndicate.index.biography import Chapter, biography
from syndicate.index.examination import Outcome, examine
from syndicate.index.manuscript import Manuscript, manuscript, past
from syndicate.index.page_bundles import PageBundles, is_inside
from syndicate.index.reading import Reading, Readings
from syndicate.index.register import Register
from syndicate.index.target import Targets
from syndicate.model.asset import is_public
from syndicate.model.category import Vocabulary
from syndicate.model.content_limits import DEFAULT_CONTENT_LIMITS, ContentLimits
from syndicate.model.edition import Part, Problem
from syndicate.model.ledger import LedgerRow
from syndicate.model.post import BlobId, CommitId, Path, Post, Source

_CODE: Final = tuple(
    pathlib.Path(package).parent
    for package in (__file__, dialects.__file__, git.__file__, model.__file__)
)
"""All code that makes what an index remembers."""

_log = telemetry.logger("index")

_OPENED_TOGETHER: Final = 20
"""Posts whose contents are in memory together while they are prepared for rendering."""

_AT_ONCE = 500
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
        self._readings = Readings(source, repository, cache, vocabulary, limits)
        self._vocabulary = vocabulary
        self.accepted = accepted
        self.assets = Assets(url="", blobs={}, folders=source.folders)
        self._obeyed = accepted()
        self._ancestry = Ancestry()
        self._register = Register()
        self._bundles = PageBundles(self._dialect.bundle_folder)
        self._registered: CommitId | None = None
        """The commit that the register is at."""
        self._is_cut = False
        """Whether the ancestry was replayed from a history that is not all there."""
        self._remembered: tuple[str, CommitId] | None = None
        """The key and commit of what the cache has been given to remember."""
        self._lock = Lock()

    def part(self, commit: CommitId) -> Part:
        """Return the source as it is at ``commit``.

        Where a folder that had posts is gone or empty, the part is that of the last commit at
        which it was not, and says so. Raises `RepositoryError`.
        """
        with self._lock:
            return self._part(commit)

    def remember(self) -> None:
        """Write down what all this took, unless that has been done.

        Another index of the same source and settings then goes on from there. What hangs on how
        much of the history is there (a shallow clone's, or one that was) is not kept, nor while a
        folder is empty.
        """
        with self._lock:
            key, commit = self.memory_key, self._ancestry.commit
            if commit is None or commit != self._registered or (key, commit) == self._remembered:
                return
            if self._is_cut or self._register.damaged:
                return
            found = memory.Memory.of(self._ancestry, self._register)
        self._cache.put(memory.SHELF, {key: memory.encode(found)})
        self._remembered = key, commit

    @property
    def memory_key(self) -> str:
        """The key by which the cache knows what this index remembers."""
        made_by = code.digest(*_CODE), code.zone_data(self.source.zone)
        rules = (made_by, self.source, self._vocabulary, self._limits, sorted(self._obeyed))
        return sha256(repr(rules).encode()).hexdigest()

    def _recall(self) -> None:
        if self.repository.is_shallow:
            return
        for key, data in self._cache.get(memory.SHELF, [self.memory_key]).items():
            found = memory.decode(data, self.source)
            self._ancestry, self._register = found.ancestry, found.register()
            self._bundles = PageBundles(self._dialect.bundle_folder, self._register)
            self._registered = commit = found.ancestry.commit
            self._remembered = (key, commit) if commit else None

    def _part(self, commit: CommitId) -> Part:
        if self._registered is None and self._ancestry.commit is None:
            self._recall()
        accepted = self.accepted()
        if accepted != self._obeyed:
            self._ancestry, self._obeyed = Ancestry(), accepted
        in_step = self._registered is not None and self._registered == self._ancestry.commit
        self._registered = None
        news = self._replay(commit)
        ancestry, shown = self._ancestry, commit
        vanished = ancestry.vanished
        if vanished and ancestry.whole:
            in_step, shown = False, ancestry.whole
            ancestry = Ancestry()
            self._retell(ancestry, self.repository.history(shown))
        self._take_down(self._files(shown, news if in_step else None), ancestry)
        self._registered = shown
        committed = self.repository.committed(shown)
        odd = (shown,) if committed in UNREADABLE_TIMES else ()
        if self.assets.url:  # last: until all is read, the files of the commit before are served
            self.assets = replace(self.assets, blobs=self._everything(shown), commit=shown)
        return Part(
            source=self.source,
            commit=shown,
            committed=committed,
            posts=self._register.posts,
            hidden=self._register.hidden,
            problems=(
                *self._register.problems,
                *self._without_posts(),
                *(
                    self._unreadable_time(c)
                    for c in dict.fromkeys((*ancestry.unreadable_times, *odd))
                ),
            ),
            failing=self._explain(vanished) if vanished else "",
            failing_kind="folder-emptied",
        )

    def reading_keys(self) -> Iterator[str]:
        """Yield the keys by which the cache knows what the files of the last part say as posts.

        And what they said: when the words of a post last changed is found by looking back.
        """
        for path in tuple(self._register.examined):
            found = self._register.get(path)
            for version in found.lineage.versions if found else ():
                yield self._readings.key((path, version.blob))

    def asset(self, path: Path, commit: CommitId) -> BlobId | None:
        """Return the blob of the regular file at ``path``, None if it may not be served.

        Git is not asked about the commit that was read last, which is the one in service but for
        a moment. Raises `RepositoryError`.
        """
        assets = self.assets
        if not assets.url or not is_public(path, assets.folders):
            return None
        if assets.commit == commit:
            return assets.blobs.get(path)
        return self.repository.find(commit, path)

    def serve_assets(self, url: str) -> None:
        """Let posts show the files of the repository at addresses below ``url``."""
        self.assets = replace(self.assets, url=url)

    @property
    def emptied(self) -> CommitId | None:
        """The commit that emptied a folder, as of the last part; None while none is empty."""
        return self._ancestry.emptied

    def reading(self, path: Path, commit: CommitId) -> Reading:
        """Return what the file at ``path`` says in ``commit``; nothing if it is not there."""
        blob = self.repository.find(commit, path)
        return self._readings.read([(path, blob)])[path, blob] if blob else Reading()

    def biography(self, path: Path, commit: CommitId) -> tuple[Chapter, ...]:
        """Return what the history up to ``commit`` did to the file that is now at ``path``."""
        return biography(path, self.repository.history(commit), self._readings.read)

    def manuscripts(self, posts: Sequence[Post], targets: Targets) -> Iterator[Manuscript]:
        """Open the files of ``posts`` to make items of them; raises `RepositoryError`."""
        for start in range(0, len(posts), _OPENED_TOGETHER):
            group = posts[start : start + _OPENED_TOGETHER]
            contents = self._contents(post.blob for post in group)
            yield from filter(None, self._open(group, contents, targets))

    def _contents(self, blobs: Iterable[BlobId]) -> dict[BlobId, bytes]:
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

    def past(
        self, told: Sequence[tuple[LedgerRow, Post]], targets: Targets
    ) -> Iterator[Manuscript]:
        """Open what the file of each post was when its row was told, to make an item of that.

        Those that git has lost, or that cannot be read as a post any more, are left out.
        """
        kept = self._contents(row.blob for row, _ in told)
        there = [(row, post) for row, post in told if row.blob in kept]
        were = [
            replace(post, path=row.path, blob=row.blob, url=row.url, carousel=row.carousel)
            for row, post in there
        ]
        for (row, post), found in zip(there, self._open(were, kept, targets), strict=True):
            if found is not None:
                yield replace(found, post=past(row, found.fields, post))

    def _open(
        self, posts: Sequence[Post], contents: Mapping[BlobId, bytes], targets: Targets
    ) -> Iterator[Manuscript | None]:
        """Yield the manuscript of each of ``posts``, None where the file cannot be read as one."""
        readings = self._readings.read([(post.path, post.blob) for post in posts])
        for post in posts:
            fields = readings[post.path, post.blob].fields
            data = contents.get(post.blob)
            if fields is None or data is None:
                yield None
                continue
            opened = manuscript(
                post, data, fields, source=self.source, targets=targets, limits=self._limits
            )
            yield opened.served(self.assets)

    def _everything(self, commit: CommitId) -> dict[Path, BlobId]:
        files = self.repository.entries(commit, (Path("."),))
        return {file.path: file.blob for file in files}

    def _replay(self, commit: CommitId) -> News | None:
        """Bring the ancestry to ``commit``; return what is new, None if all of it is."""
        before = self._ancestry.commit
        news = self.repository.news(commit, before) if before else None
        if news is None:
            self._ancestry, self._is_cut = Ancestry(), self.repository.is_shallow
        history = self.repository.history(commit) if news is None else news.commits
        self._retell(self._ancestry, history)
        self._ancestry.commit = commit
        return news

    def _retell(self, ancestry: Ancestry, history: Iterable[Commit]) -> None:
        replay(
            ancestry,
            history,
            source=self.source.name,
            folder_of=self._folder_of,
            accepted=self._obeyed,
        )

    def _folder_of(self, path: Path) -> Path | None:
        folder = next((f for f in self.source.folders if _is_below(path, f)), None)
        if folder is None or self._dialect.skips(path, self.source):
            return None
        return folder

    def _is_ours(self, path: Path) -> bool:
        return any(_is_below(path, folder) for folder in self.source.folders)

    def _explain(self, vanished: Sequence[Path]) -> str:
        return (
            f"source {self.source.name}: {', '.join(vanished)} had posts and has none now; "
            "the last posts stay in service until that is accepted"
        )

    def _unreadable_time(self, commit: CommitId) -> Problem:
        return Problem(
            level="warning",
            rule="commit-time",
            source=self.source.name,
            what=f"the time of commit {commit} cannot be read or is after the year 9999",
            hint="Give each post that it added a key date; the time counts as 1970 or 9999.",
        )

    def _without_posts(self) -> Iterator[Problem]:
        for folder in self.source.folders:
            if not any(_is_below(path, folder) for path in self._register.examined):
                yield Problem(
                    level="error",
                    rule="no-posts",
                    source=self.source.name,
                    path=folder,
                    what=f"the folder {folder} holds no posts",
                    hint="Name the folder as it is in the repository, from its root.",
                )

    def _files(self, commit: CommitId, news: News | None) -> Mapping[Path, BlobId | None]:
        """Return what to look at: what is in ``news``, or every file; None for those gone."""
        if news is not None:
            again = {path: found.blob for path, found in self._register.damaged.items()}
            return again | {path: blob for path, blob in news.files.items() if self._is_ours(path)}
        files = self.repository.entries(commit, self.source.folders)
        return dict.fromkeys(self._register) | {file.path: file.blob for file in files}

    def _take_down(self, files: Mapping[Path, BlobId | None], ancestry: Ancestry) -> None:
        files = self._with_bundles(files, ancestry)
        skipped: dict[Path, str] = {}
        fresh: list[tuple[Entry, Lineage]] = []
        for path, blob in files.items():
            if blob is None:
                continue
            if why := self._skips(path):
                skipped[path] = why
                continue
            lineage = ancestry.living[path]
            before = self._register.get(path)
            is_same = before and (before.blob, before.lineage) == (blob, lineage)
            if before is None or before.is_damaged or not is_same:
                fresh.append((Entry(path=path, blob=blob), lineage))
        outcomes: dict[Path, Outcome] = {}
        for start in range(0, len(fresh), _AT_ONCE):
            outcomes |= self._read_together(fresh[start : start + _AT_ONCE])
        gone = [path for path, blob in files.items() if blob is None]
        self._refuse_lost_content(outcomes, gone)
        self._register.update(outcomes, skipped, gone)

    def _with_bundles(
        self, files: Mapping[Path, BlobId | None], ancestry: Ancestry
    ) -> Mapping[Path, BlobId | None]:
        """Return ``files`` and all other files that began or ceased to be resources by them."""
        changed = self._bundles.update(files)
        if not changed:
            return files
        moved = (path for path in self._register if path not in files and is_inside(path, changed))
        return {
            path: ancestry.living[path].versions[-1].blob
            for path in moved
            if path in ancestry.living
        } | dict(files)

    def _skips(self, path: Path) -> str:
        bundle = self._bundles.around(path)
        resource = f"a resource of the page bundle {bundle}" if bundle else ""
        return self._dialect.skips(path, self.source) or resource

    def _refuse_lost_content(self, outcomes: Mapping[Path, Outcome], gone: Iterable[Path]) -> None:
        """Raise `RepositoryError` where git has none of the files, as in a partial clone."""
        if any(found.post or not found.is_damaged for found in outcomes.values()):
            return
        others = self._register.outcomes.keys() - outcomes.keys() - set(gone)
        if outcomes and not others:
            next(self.repository.read([next(iter(outcomes.values())).blob]))

    def _read_together(self, fresh: Sequence[tuple[Entry, Lineage]]) -> dict[Path, Outcome]:
        """Let every examination ask for what it wants to read next, and read that in one go."""
        outcomes: dict[Path, Outcome] = {}
        asking = {file.path: examine(file, lineage, self.source) for file, lineage in fresh}
        wanted = {path: next(examination) for path, examination in asking.items()}
        while wanted:
            readings = self._readings.read(wanted.items())
            for path, blob in list(wanted.items()):
                try:
                    wanted[path] = asking[path].send(readings[path, blob])
                except StopIteration as done:
                    outcomes[path] = done.value
                    del wanted[path]
        return outcomes


def _is_below(path: Path, folder: Path) -> bool:
    """Tell whether ``path`` is in ``folder``, which is ``.`` for the root."""
    return folder in ("", ".") or path.startswith(f"{folder}/")

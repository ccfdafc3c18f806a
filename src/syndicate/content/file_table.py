"""What became of every file of a source, kept up to date file by file."""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from syndicate.content.file_classifier import FileResult
from syndicate.model.edition import HiddenFile, Problem
from syndicate.model.post import Path, Post
from syndicate.model.post_list import PostList, sort_key


class FileTable:
    """The outcomes of a source by path, and what an edition must know of them.

    What it takes to bring it up to date depends on what changed, not on how much there is. Where
    posts compete for an address, the first published has it.
    """

    def __init__(self) -> None:
        self._results: dict[Path, FileResult] = {}
        self._skipped: dict[Path, str] = {}
        self._reported: dict[Path, FileResult] = {}
        self.posts = PostList(())
        """The posts by (published, id), each of which has its address to itself."""
        self._removed_posts: dict[int, Post] = {}
        self._added_posts: dict[int, Post] = {}
        """What an update takes out of the posts and puts among them, by the object it is."""
        self._url_owners: dict[str, Post] = {}
        """Whose each address is."""
        self._url_conflicts: dict[str, list[Post]] = {}
        """Who else wants it; nobody of most."""

    def get(self, path: Path) -> FileResult | None:
        """Return what became of the file at ``path``, None if it was not looked at."""
        return self._results.get(path)

    @property
    def results(self) -> Mapping[Path, FileResult]:
        """What became of the files that were looked at."""
        return self._results

    @property
    def damaged(self) -> Mapping[Path, FileResult]:
        """The files whose content git has lost or holds corrupt."""
        return {path: found for path, found in self._reported.items() if found.is_damaged}

    @property
    def skipped(self) -> Mapping[Path, str]:
        """Why other files were not looked at."""
        return self._skipped

    @property
    def classified(self) -> Iterable[Path]:
        """The paths of the files that were looked at."""
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
        """Take down what became of files: looked at, ``skipped`` and why, or ``gone``."""
        for path in (*results, *skipped, *removed):
            self._remove_file(path)
        self._results |= results
        self._skipped |= skipped
        self._reported |= {
            path: found for path, found in results.items() if found.hidden_reason or found.problems
        }
        for post in sorted((f.post for f in results.values() if f.post), key=sort_key):
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
            path: found.hidden_reason for path, found in self._reported.items()
        }
        return tuple(
            HiddenFile(path=path, reason=why) for path, why in sorted(reasons.items()) if why
        )

    @property
    def problems(self) -> Iterator[Problem]:
        """What is wrong with the files, by path, and with their addresses."""
        for _, found in sorted(self._reported.items()):
            yield from found.problems
        for url, rivals in sorted(self._url_conflicts.items()):
            yield from (_duplicate_url(self._url_owners[url], post) for post in rivals)

    def _remove_file(self, path: Path) -> None:
        self._skipped.pop(path, None)
        self._reported.pop(path, None)
        found = self._results.pop(path, None)
        if found and found.post:
            self._remove(found.post)

    def _add(self, post: Post) -> None:
        owner = self._url_owners.get(post.url)
        if owner is None:
            self._give_url(post)
        elif sort_key(owner) < sort_key(post):
            insort(self._url_conflicts.setdefault(post.url, []), post, key=sort_key)
        else:
            self._take_url(owner)
            self._url_conflicts.setdefault(post.url, []).insert(0, owner)
            self._give_url(post)

    def _remove(self, post: Post) -> None:
        conflicts = self._url_conflicts.get(post.url, [])
        if self._url_owners[post.url] is post:
            self._take_url(post)
            if conflicts:
                self._give_url(conflicts.pop(0))
        else:
            conflicts.remove(post)
        if not conflicts:
            self._url_conflicts.pop(post.url, None)

    def _give_url(self, post: Post) -> None:
        self._url_owners[post.url] = post
        self._added_posts[id(post)] = post

    def _take_url(self, post: Post) -> None:
        del self._url_owners[post.url]
        if self._added_posts.pop(id(post), None) is None:
            self._removed_posts[id(post)] = post


def _duplicate_url(owner: Post, post: Post) -> Problem:
    return Problem(
        level="error",
        rule="duplicate-address",
        source=post.source,
        path=post.path,
        message=f"{post.url} is the address of {owner.path} already",
        hint="Give one of the two another permalink; this one is not served.",
    )

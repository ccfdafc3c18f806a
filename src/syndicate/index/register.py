"""What became of every file of a source, kept up to date file by file."""

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from syndicate.index.examination import Outcome
from syndicate.model.edition import Hidden, Problem
from syndicate.model.post import Path, Post
from syndicate.model.sheets import Sheets, order


class Register:
    """The outcomes of a source by path, and what an edition must know of them.

    What it takes to bring it up to date depends on what changed, not on how much there is. Where
    posts compete for an address, the first published has it.
    """

    def __init__(self) -> None:
        self._outcomes: dict[Path, Outcome] = {}
        self._skipped: dict[Path, str] = {}
        self._noted: dict[Path, Outcome] = {}
        self.posts = Sheets(())
        """The posts by (published, id), each of which has its address to itself."""
        self._gone: dict[int, Post] = {}
        self._come: dict[int, Post] = {}
        """What an update takes out of the posts and puts among them, by the object it is."""
        self._keepers: dict[str, Post] = {}
        """Whose each address is."""
        self._rivals: dict[str, list[Post]] = {}
        """Who else wants it; nobody of most."""

    def get(self, path: Path) -> Outcome | None:
        """Return what became of the file at ``path``, None if it was not looked at."""
        return self._outcomes.get(path)

    @property
    def outcomes(self) -> Mapping[Path, Outcome]:
        """What became of the files that were looked at."""
        return self._outcomes

    @property
    def damaged(self) -> Mapping[Path, Outcome]:
        """The files whose content git has lost or holds corrupt."""
        return {path: found for path, found in self._noted.items() if found.is_damaged}

    @property
    def skipped(self) -> Mapping[Path, str]:
        """Why other files were not looked at."""
        return self._skipped

    @property
    def examined(self) -> Iterable[Path]:
        """The paths of the files that were looked at."""
        return self._outcomes

    def __iter__(self) -> Iterator[Path]:
        """Yield the paths of all files, skipped or not."""
        return chain(self._outcomes, self._skipped)

    def update(
        self, outcomes: Mapping[Path, Outcome], skipped: Mapping[Path, str], gone: Iterable[Path]
    ) -> None:
        """Take down what became of files: looked at, ``skipped`` and why, or ``gone``."""
        for path in (*outcomes, *skipped, *gone):
            self._forget(path)
        self._outcomes |= outcomes
        self._skipped |= skipped
        self._noted |= {
            path: found for path, found in outcomes.items() if found.hidden or found.problems
        }
        for post in sorted((f.post for f in outcomes.values() if f.post), key=order):
            self._claim(post)
        self.posts = self.posts.replaced(self._gone.values(), self._come.values())
        self._gone.clear()
        self._come.clear()

    @property
    def hidden(self) -> tuple[Hidden, ...]:
        """The files that are not served, by path."""
        reasons = self._skipped | {path: found.hidden for path, found in self._noted.items()}
        return tuple(Hidden(path=path, reason=why) for path, why in sorted(reasons.items()) if why)

    @property
    def problems(self) -> Iterator[Problem]:
        """What is wrong with the files, by path, and with their addresses."""
        for _, found in sorted(self._noted.items()):
            yield from found.problems
        for url, rivals in sorted(self._rivals.items()):
            yield from (_clash(self._keepers[url], post) for post in rivals)

    def _forget(self, path: Path) -> None:
        self._skipped.pop(path, None)
        self._noted.pop(path, None)
        found = self._outcomes.pop(path, None)
        if found and found.post:
            self._release(found.post)

    def _claim(self, post: Post) -> None:
        keeper = self._keepers.get(post.url)
        if keeper is None:
            self._keep(post)
        elif order(keeper) < order(post):
            insort(self._rivals.setdefault(post.url, []), post, key=order)
        else:
            self._drop(keeper)
            self._rivals.setdefault(post.url, []).insert(0, keeper)
            self._keep(post)

    def _release(self, post: Post) -> None:
        rivals = self._rivals.get(post.url, [])
        if self._keepers[post.url] is post:
            self._drop(post)
            if rivals:
                self._keep(rivals.pop(0))
        else:
            rivals.remove(post)
        if not rivals:
            self._rivals.pop(post.url, None)

    def _keep(self, post: Post) -> None:
        self._keepers[post.url] = post
        self._come[id(post)] = post

    def _drop(self, post: Post) -> None:
        del self._keepers[post.url]
        if self._come.pop(id(post), None) is None:
            self._gone[id(post)] = post


def _clash(keeper: Post, post: Post) -> Problem:
    return Problem(
        level="error",
        rule="duplicate-address",
        source=post.source,
        path=post.path,
        what=f"{post.url} is the address of {keeper.path} already",
        hint="Give one of the two another permalink; this one is not served.",
    )

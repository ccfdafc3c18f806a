"""An edition: everything that may be served at one moment, and what went wrong on the way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final, Literal, Protocol, Self

from syndicate.errors import NotReady, UnknownName
from syndicate.model.asset import Asset
from syndicate.model.catalogue import spellings
from syndicate.model.category import Category, Vocabulary
from syndicate.model.delivery import Backlog
from syndicate.model.near_misses import MAX_KNOWN, near_misses
from syndicate.model.post import (
    CommitId,
    Item,
    Key,
    Path,
    Post,
    PostId,
    RenderedPosts,
    Source,
    key_of,
)
from syndicate.model.roll import Roll
from syndicate.model.selection import Selection
from syndicate.model.sheets import Sheets

Level = Literal["error", "warning", "notice"]

ALL: Final = "all"
CAROUSEL: Final = "carousel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something an editor or operator should know; lines and columns count from 1, 0 is none."""

    level: Level
    rule: str
    source: str
    path: Path = Path("")
    line: int = 0
    column: int = 0
    what: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A file in a post folder that is not served, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One source at one commit.

    ``posts`` holds every readable post, those of the future and the expired included.
    ``failing`` says why the part is older than the source, for operators: it may name paths of
    this host; empty while all is well. ``failing_kind`` is a code of that, for anybody to see.
    ``is_stale`` if the source could not be read: then nobody knows what it holds now.
    """

    source: Source
    commit: CommitId
    committed: datetime
    posts: Sequence[Post] = ()
    hidden: tuple[Hidden, ...] = ()
    problems: tuple[Problem, ...] = ()
    failing: str = ""
    failing_kind: str = "source-failing"
    is_stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A source that could not be read since the start, and why, as `Part` says it."""

    source: Source
    failing: str
    failing_kind: str = "source-failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFeed:
    """A selection with a name, as addresses and people know it."""

    name: str
    title: str
    description: str = ""
    selection: Selection = Selection()


@dataclass(frozen=True, kw_only=True)
class Edition:
    """All sources together at one moment: the only thing readers are served from.

    ``roll`` says which posts of ``parts`` are live.
    """

    parts: tuple[Part, ...]
    unread: tuple[Unread, ...]
    vocabulary: Vocabulary
    named: tuple[NamedFeed, ...]
    roll: Roll

    @classmethod
    def of(
        cls,
        parts: Iterable[Part],
        *,
        at: datetime,
        unread: Iterable[Unread] = (),
        vocabulary: Vocabulary = Vocabulary(),
        named: Iterable[NamedFeed] = (),
    ) -> Self:
        """Put ``parts`` together as readers see them at ``at``."""
        parts = tuple(parts)
        return cls(
            parts=parts,
            unread=tuple(unread),
            vocabulary=vocabulary,
            named=tuple(named),
            roll=Roll.of(_held(parts), at),
        )

    def next(self, parts: Iterable[Part], *, at: datetime, unread: Iterable[Unread] = ()) -> Self:
        """Return the same as `of`, sooner where little differs from this edition."""
        parts = tuple(parts)
        roll = self.roll.next(_held(parts), at)
        return replace(self, parts=parts, unread=tuple(unread), roll=roll)

    @property
    def at(self) -> datetime:
        """The moment."""
        return self.roll.at

    @property
    def posts(self) -> Sheets:
        """The live posts in the order of every feed: (published, id) descending."""
        return self.roll.live.posts

    @property
    def turns(self) -> datetime | None:
        """When the next post appears or expires without a commit; None if none will."""
        return self.roll.turns

    def select(self, selection: Selection) -> Sequence[Post]:
        """Return the live posts of ``selection`` in its order.

        A carousel is in carousel order, (day, path) descending, whatever it is called.
        Raises `NotReady` where all sources of ``selection`` are unread.
        """
        self._refuse_unread(selection)
        posts = self.roll.live.find(selection.demands)
        if selection.languages is not None:
            posts = tuple(post for post in posts if post in selection)
        if selection.carousel:
            posts = tuple(sorted(posts, key=lambda post: (post.day, post.path), reverse=True))
        return posts

    def post(self, key: Key) -> Post:
        """Return the live post with ``key``; `UnknownName` if there is none."""
        try:
            return self.roll.live.by_key[key]
        except KeyError:
            raise UnknownName(
                f"no live post has the key {key!r}",
                code="unknown-post",
                hint="It may have been removed: /v1/changes tells removals.",
            ) from None

    def find(self, post: PostId) -> Post | None:
        """Return the live post with the id ``post``, None if there is none."""
        found = self.roll.live.by_key.get(key_of(post))
        return found if found and found.id == post else None

    def part(self, source: str) -> Part:
        """Return the part of ``source``; `UnknownName` lists the known ones, unread: `NotReady`."""
        self._refuse_unread(Selection.of(sources=[source]))
        parts = {part.source.name: part for part in self.parts}
        if source in parts:
            return parts[source]
        raise UnknownName(
            f"there is no source called {source!r}",
            code="unknown-source",
            known=near_misses(source, sorted(parts)),
            known_total=len(parts),
            known_at="/v1/sources",
        )

    def feed(self, name: str) -> NamedFeed:
        """Return the feed called ``name``; `UnknownName` lists the known ones."""
        if name in self.feeds:
            return self.feeds[name]
        raise UnknownName(
            f"there is no feed called {name!r}",
            code="unknown-feed",
            hint="Choose one of the known names, or narrow `all` by query.",
            known=near_misses(name, self._feed_names),
            known_total=len(self.feeds),
            known_at="/v1/categories",
        )

    def category(self, text: str) -> Category | None:
        """Return the known category that ``text`` means: slug, alias or title in any case."""
        meant = self.vocabulary.category(text)
        return None if meant is None else self._by_slug.get(meant.slug)

    def category_of(self, slug: str) -> Category:
        """Return the known category with ``slug``, one of `category_slugs`."""
        return self._by_slug[slug]

    def _refuse_unread(self, selection: Selection) -> None:
        failing = {one.source.name: one.failing_kind for one in self.unread}
        wanted = selection.sources
        if wanted is None:
            wanted = frozenset(source.name for source in self.sources)
        if wanted and wanted <= failing.keys():
            which = ", ".join(f"{name} ({failing[name]})" for name in sorted(wanted))
            raise NotReady(f"not read yet: {which}", hint="Try again in a minute.")

    def translations(self, post: Post) -> tuple[tuple[str, str], ...]:
        """Return (language, address) of the live translations of ``post`` but itself."""
        return tuple(
            (other.language, other.url)
            for other in self.roll.live.translations.get((post.source, post.translation), ())
            if other.id != post.id
        )

    @cached_property
    def categories(self) -> tuple[Category, ...]:
        """Every known category by slug: those of the settings and of any post ever live."""
        counts = self.roll.live.spellings + spellings(
            post for post in self.roll.expired if post.published <= self.at
        )
        found: dict[str, dict[str, int]] = {}
        for (slug, title), count in counts.items():
            found.setdefault(slug, {})[title] = count
        titles = {
            slug: min(counted, key=lambda title: (-counted[title], title))
            for slug, counted in found.items()
        } | {term.category.slug: term.category.title for term in self.vocabulary.terms}
        return tuple(Category(slug=slug, title=titles[slug]) for slug in sorted(titles))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Every source of the settings, read or not."""
        return (
            *(part.source for part in self.parts),
            *(unread.source for unread in self.unread),
        )

    @cached_property
    def failing(self) -> dict[str, str]:
        """The sources that fail, each with a code of why that anybody may see."""
        either: tuple[Part | Unread, ...] = (*self.parts, *self.unread)
        return {one.source.name: one.failing_kind for one in either if one.failing}

    @cached_property
    def feeds(self) -> dict[str, NamedFeed]:
        """Every feed by name; where two want one name, the first in the order has it."""
        feeds: dict[str, NamedFeed] = {}
        for feed in self._claims:
            feeds.setdefault(feed.name, feed)
        return feeds

    @cached_property
    def shadowed(self) -> tuple[NamedFeed, ...]:
        """The feeds whose name an earlier one has; they stay reachable by query."""
        return tuple(feed for feed in self._claims if self.feeds[feed.name] is not feed)

    @cached_property
    def expiries(self) -> dict[str, datetime]:
        """When a post of a source last expired, for sources of which one has."""
        expired = [(post.expires, post.source) for post in self.roll.expired if post.expires]
        return {source: at for at, source in sorted(expired)}

    @cached_property
    def _feed_names(self) -> tuple[str, ...]:
        """The names of all feeds, in the order of `feeds` where they are few, else sorted."""
        return tuple(self.feeds if len(self.feeds) <= MAX_KNOWN else sorted(self.feeds))

    @cached_property
    def category_slugs(self) -> tuple[str, ...]:
        """The slugs of `categories`, sorted."""
        return tuple(category.slug for category in self.categories)

    @cached_property
    def _by_slug(self) -> dict[str, Category]:
        return {category.slug: category for category in self.categories}

    @cached_property
    def _claims(self) -> tuple[NamedFeed, ...]:
        return (
            NamedFeed(name=ALL, title="All posts"),
            NamedFeed(name=CAROUSEL, title="Carousel", selection=Selection(carousel=True)),
            *self.named,
            *(
                NamedFeed(
                    name=source.name,
                    title=source.title,
                    selection=Selection.of(sources=[source.name]),
                )
                for source in self.sources
            ),
            *(
                NamedFeed(
                    name=category.slug,
                    title=category.title,
                    selection=Selection.of(categories=[category.slug]),
                )
                for category in self.categories
            ),
        )


def _held(parts: Iterable[Part]) -> tuple[Sheets, ...]:
    return tuple(Sheets.of(part.posts) for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether to send readers to the service, beside what its edition says of the sources.

    ``settled`` once every source was tried, and until the service stops. ``database`` says why
    the database fails, empty while it is well, None where there is none. ``deliveries`` is what is
    on its way to subscribers, None where nobody delivers. ``components`` are the names of those
    that ended lately and were restarted.
    """

    settled: bool
    database: str | None = None
    deliveries: Backlog | None = None
    components: tuple[str, ...] = ()


class Reader(Protocol):
    """What the web is given to read from."""

    @property
    def readiness(self) -> Readiness:
        """How the service is doing now; never raises."""
        ...

    @property
    def edition(self) -> Edition:
        """The edition to serve now; raises `NotReady` before the first."""
        ...

    async def items(self, posts: Sequence[Post], edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` of ``edition`` as items, in their order, however long that takes."""
        ...

    async def rendered(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` of ``edition`` as far as they are rendered within some seconds.

        The others go on being rendered. Raises `Rendering` if not even that is possible.
        """
        ...

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return the file at ``path`` of the commit in service; raises `UnknownName`.

        Without ``with_content`` its bytes are not read, for who has them already.
        """
        ...

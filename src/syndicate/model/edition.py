"""An edition: everything that may be served at one moment, and what went wrong on the way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final, Literal, Protocol, Self

from syndicate.errors import NotReady, UnknownName
from syndicate.model.asset import Asset
from syndicate.model.category import Category, Vocabulary
from syndicate.model.delivery import Backlog
from syndicate.model.live_posts import LivePosts
from syndicate.model.near_misses import MAX_CHOICES, near_misses
from syndicate.model.post import (
    CommitId,
    Path,
    Post,
    PostId,
    PostKey,
    RenderedPost,
    RenderedPosts,
    Source,
    post_key,
)
from syndicate.model.post_index import count_labels
from syndicate.model.post_list import PostList
from syndicate.model.selection import Selection

ProblemLevel = Literal["error", "warning", "notice"]

ALL: Final = "all"
CAROUSEL: Final = "carousel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something an editor or operator should know; lines and columns count from 1, 0 is none."""

    level: ProblemLevel
    rule: str
    source: str
    path: Path = Path("")
    line: int = 0
    column: int = 0
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenFile:
    """A file in a post folder that is not served, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSnapshot:
    """One source at one commit.

    ``posts`` holds every readable post, those of the future and the expired included.
    ``failing`` says why the part is older than the source, for operators: it may name paths of
    this host; empty while all is well. ``error_code`` is a code of that, for anybody to see.
    ``is_stale`` if the source could not be read: then nobody knows what it holds now.
    """

    source: Source
    commit: CommitId
    committed: datetime
    posts: Sequence[Post] = ()
    hidden: tuple[HiddenFile, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: str = ""
    error_code: str = "source-failing"
    is_stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnavailableSource:
    """A source that could not be read since the start, and why, as `SourceSnapshot` says it."""

    source: Source
    error: str
    error_code: str = "source-failing"


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

    snapshots: tuple[SourceSnapshot, ...]
    unavailable: tuple[UnavailableSource, ...]
    vocabulary: Vocabulary
    named_feeds: tuple[NamedFeed, ...]
    live_posts: LivePosts

    @classmethod
    def build(
        cls,
        snapshots: Iterable[SourceSnapshot],
        *,
        at: datetime,
        unavailable: Iterable[UnavailableSource] = (),
        vocabulary: Vocabulary = Vocabulary(),
        named_feeds: Iterable[NamedFeed] = (),
    ) -> Self:
        """Put ``parts`` together as readers see them at ``at``."""
        snapshots = tuple(snapshots)
        return cls(
            snapshots=snapshots,
            unavailable=tuple(unavailable),
            vocabulary=vocabulary,
            named_feeds=tuple(named_feeds),
            live_posts=LivePosts.build(_post_lists(snapshots), at),
        )

    def with_snapshots(
        self,
        snapshots: Iterable[SourceSnapshot],
        *,
        at: datetime,
        unavailable: Iterable[UnavailableSource] = (),
    ) -> Self:
        """Return the same as `of`, sooner where little differs from this edition."""
        snapshots = tuple(snapshots)
        live_posts = self.live_posts.updated(_post_lists(snapshots), at)
        return replace(
            self, snapshots=snapshots, unavailable=tuple(unavailable), live_posts=live_posts
        )

    @property
    def at(self) -> datetime:
        """The moment."""
        return self.live_posts.at

    @property
    def posts(self) -> PostList:
        """The live posts in the order of every feed: (published, id) descending."""
        return self.live_posts.index.posts

    @property
    def next_change_at(self) -> datetime | None:
        """When the next post appears or expires without a commit; None if none will."""
        return self.live_posts.next_change_at

    def select(self, selection: Selection) -> Sequence[Post]:
        """Return the live posts of ``selection`` in its order.

        A carousel is in carousel order, (day, path) descending, whatever it is called.
        Raises `NotReady` where all sources of ``selection`` are unread.
        """
        self._require_available(selection)
        posts = self.live_posts.index.matching(selection.criteria)
        if selection.languages is not None:
            posts = tuple(post for post in posts if post in selection)
        if selection.carousel:
            posts = tuple(sorted(posts, key=lambda post: (post.day, post.path), reverse=True))
        return posts

    def post(self, key: PostKey) -> Post:
        """Return the live post with ``key``; `UnknownName` if there is none."""
        try:
            return self.live_posts.index.by_key[key]
        except KeyError:
            raise UnknownName(
                f"no live post has the key {key!r}",
                code="unknown-post",
                hint="It may have been removed: /v1/changes tells removals.",
            ) from None

    def find_post(self, post_id: PostId) -> Post | None:
        """Return the live post with the id ``post``, None if there is none."""
        found = self.live_posts.index.by_key.get(post_key(post_id))
        return found if found and found.id == post_id else None

    def snapshot(self, source: str) -> SourceSnapshot:
        """Return the part of ``source``; `UnknownName` lists the known ones, unread: `NotReady`."""
        self._require_available(Selection.create(sources=[source]))
        parts = {part.source.name: part for part in self.snapshots}
        if source in parts:
            return parts[source]
        raise UnknownName(
            f"there is no source called {source!r}",
            code="unknown-source",
            choices=near_misses(source, sorted(parts)),
            choices_total=len(parts),
            choices_path="/v1/sources",
        )

    def feed(self, name: str) -> NamedFeed:
        """Return the feed called ``name``; `UnknownName` lists the known ones."""
        if name in self.feeds:
            return self.feeds[name]
        raise UnknownName(
            f"there is no feed called {name!r}",
            code="unknown-feed",
            hint="Choose one of the known names, or narrow `all` by query.",
            choices=near_misses(name, self._feed_names),
            choices_total=len(self.feeds),
            choices_path="/v1/categories",
        )

    def resolve_category(self, text: str) -> Category | None:
        """Return the known category that ``text`` means: slug, alias or title in any case."""
        meant = self.vocabulary.category(text)
        return None if meant is None else self._by_slug.get(meant.slug)

    def category_by_slug(self, slug: str) -> Category:
        """Return the known category with ``slug``, one of `category_slugs`."""
        return self._by_slug[slug]

    def _require_available(self, selection: Selection) -> None:
        failing = {one.source.name: one.error_code for one in self.unavailable}
        wanted = selection.sources
        if wanted is None:
            wanted = frozenset(source.name for source in self.sources)
        if wanted and wanted <= failing.keys():
            names = ", ".join(f"{name} ({failing[name]})" for name in sorted(wanted))
            raise NotReady(f"not read yet: {names}", hint="Try again in a minute.")

    def translations(self, post: Post) -> tuple[tuple[str, str], ...]:
        """Return (language, address) of the live translations of ``post`` but itself."""
        return tuple(
            (other.language, other.url)
            for other in self.live_posts.index.translations.get((post.source, post.translation), ())
            if other.id != post.id
        )

    @cached_property
    def categories(self) -> tuple[Category, ...]:
        """Every known category by slug: those of the settings and of any post ever live."""
        counts = self.live_posts.index.label_counts + count_labels(
            post for post in self.live_posts.expired if post.published <= self.at
        )
        found: dict[str, dict[str, int]] = {}
        for (slug, title), count in counts.items():
            found.setdefault(slug, {})[title] = count
        titles = {
            slug: min(counted, key=lambda title: (-counted[title], title))
            for slug, counted in found.items()
        } | {term.category.slug: term.category.title for term in self.vocabulary.definitions}
        return tuple(Category(slug=slug, title=titles[slug]) for slug in sorted(titles))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Every source of the settings, read or not."""
        return (
            *(part.source for part in self.snapshots),
            *(unread.source for unread in self.unavailable),
        )

    @cached_property
    def source_errors(self) -> dict[str, str]:
        """The sources that fail, each with a code of why that anybody may see."""
        either: tuple[SourceSnapshot | UnavailableSource, ...] = (
            *self.snapshots,
            *self.unavailable,
        )
        return {one.source.name: one.error_code for one in either if one.error}

    @cached_property
    def feeds(self) -> dict[str, NamedFeed]:
        """Every feed by name; where two want one name, the first in the order has it."""
        feeds: dict[str, NamedFeed] = {}
        for feed in self._feed_candidates:
            feeds.setdefault(feed.name, feed)
        return feeds

    @cached_property
    def shadowed_feeds(self) -> tuple[NamedFeed, ...]:
        """The feeds whose name an earlier one has; they stay reachable by query."""
        return tuple(feed for feed in self._feed_candidates if self.feeds[feed.name] is not feed)

    @cached_property
    def last_expiries(self) -> dict[str, datetime]:
        """When a post of a source last expired, for sources of which one has."""
        expired = [(post.expires, post.source) for post in self.live_posts.expired if post.expires]
        return {source: at for at, source in sorted(expired)}

    @cached_property
    def _feed_names(self) -> tuple[str, ...]:
        """The names of all feeds, in the order of `feeds` where they are few, else sorted."""
        return tuple(self.feeds if len(self.feeds) <= MAX_CHOICES else sorted(self.feeds))

    @cached_property
    def category_slugs(self) -> tuple[str, ...]:
        """The slugs of `categories`, sorted."""
        return tuple(category.slug for category in self.categories)

    @cached_property
    def _by_slug(self) -> dict[str, Category]:
        return {category.slug: category for category in self.categories}

    @cached_property
    def _feed_candidates(self) -> tuple[NamedFeed, ...]:
        return (
            NamedFeed(name=ALL, title="All posts"),
            NamedFeed(name=CAROUSEL, title="Carousel", selection=Selection(carousel=True)),
            *self.named_feeds,
            *(
                NamedFeed(
                    name=source.name,
                    title=source.title,
                    selection=Selection.create(sources=[source.name]),
                )
                for source in self.sources
            ),
            *(
                NamedFeed(
                    name=category.slug,
                    title=category.title,
                    selection=Selection.create(categories=[category.slug]),
                )
                for category in self.categories
            ),
        )


def _post_lists(snapshots: Iterable[SourceSnapshot]) -> tuple[PostList, ...]:
    return tuple(PostList.from_posts(part.posts) for part in snapshots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether to send readers to the service, beside what its edition says of the sources.

    ``settled`` once every source was tried, and until the service stops. ``database`` says why
    the database fails, empty while it is well, None where there is none. ``deliveries`` is what is
    on its way to subscribers, None where nobody delivers. ``components`` are the names of those
    that ended lately and were restarted.
    """

    is_ready: bool
    database_error: str | None = None
    backlog: Backlog | None = None
    restarted_components: tuple[str, ...] = ()


class ContentReader(Protocol):
    """What the web is given to read from."""

    @property
    def readiness(self) -> Readiness:
        """How the service is doing now; never raises."""
        ...

    @property
    def edition(self) -> Edition:
        """The edition to serve now; raises `NotReady` before the first."""
        ...

    async def render_posts(
        self, posts: Sequence[Post], edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return ``posts`` of ``edition`` as items, in their order, however long that takes."""
        ...

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` of ``edition`` as far as they are rendered within some seconds.

        The others go on being rendered. Raises `RenderResult` if not even that is possible.
        """
        ...

    async def asset(self, source: str, path: str, *, with_content: bool = True) -> Asset:
        """Return the file at ``path`` of the commit in service; raises `UnknownName`.

        Without ``with_content`` its bytes are not read, for who has them already.
        """
        ...

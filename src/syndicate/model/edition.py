"""An edition: all posts, feeds and categories that may be served at one time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Final, Literal, Self

from syndicate.errors import NotReady, UnknownName
from syndicate.model.category import Category, Vocabulary
from syndicate.model.departure import Departure
from syndicate.model.near_misses import MAX_CHOICES, near_misses
from syndicate.model.post import (
    CommitId,
    Path,
    Post,
    PostId,
    PostKey,
    Source,
    tag_key,
)
from syndicate.model.post_index import LivePosts, count_labels
from syndicate.model.post_list import PostList, sort_key
from syndicate.model.selection import Selection

ProblemLevel = Literal["error", "warning", "notice"]

ALL: Final = "all"
CAROUSEL: Final = "carousel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem for editors or operators; lines and columns count from 1, 0 means none."""

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
    """A file in a post folder that is not served, and the reason."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSnapshot:
    """One source at one commit.

    ``posts`` holds every readable post, future and expired ones included. ``departures`` say when
    posts left feeds, the latest first. ``configured`` is the time of the last commit that changed
    the site's own configuration, None if that is not read. ``error`` says for operators why the
    snapshot is older than the source, and may hold paths of this host; it is empty if there is no
    error. ``error_code`` is a public code for it. ``is_stale`` if the source could not be read, so
    that its current content is unknown. ``withdrawn`` is when the operator last took a post out of
    all feeds, None if no post is withdrawn; ``withdrawn_ids`` are the posts withdrawn now.
    """

    source: Source
    commit: CommitId
    committed: datetime
    configured: datetime | None = None
    posts: Sequence[Post] = ()
    departures: tuple[Departure, ...] = ()
    hidden: tuple[HiddenFile, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: str = ""
    error_code: str = "source-failing"
    is_stale: bool = False
    withdrawn: datetime | None = None
    withdrawn_ids: frozenset[PostId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnavailableSource:
    """A source that was never read since the start; the fields are those of `SourceSnapshot`."""

    source: Source
    error: str
    error_code: str = "source-failing"
    withdrawn_ids: frozenset[PostId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFeed:
    """A selection with a name, as it is used in URLs and shown to people."""

    name: str
    title: str
    description: str = ""
    selection: Selection = Selection()


@dataclass(frozen=True, kw_only=True)
class Edition:
    """All sources together at one time: everything that readers are served comes from an edition.

    ``live_posts`` tells which posts of the ``snapshots`` are live.
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
        """Build the edition of ``snapshots`` at the time ``at``."""
        snapshots = _with_unique_ids(tuple(snapshots))
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
        """Return the same as `build`, but faster if little differs from this edition."""
        snapshots = _with_unique_ids(tuple(snapshots))
        live_posts = self.live_posts.updated(_post_lists(snapshots), at)
        return replace(
            self, snapshots=snapshots, unavailable=tuple(unavailable), live_posts=live_posts
        )

    @property
    def at(self) -> datetime:
        """The time of the edition."""
        return self.live_posts.at

    @property
    def posts(self) -> PostList:
        """Live posts in the order of every feed: (published, id), descending."""
        return self.live_posts.index.posts

    @property
    def next_change_at(self) -> datetime | None:
        """When the next post appears or expires without a commit, or None."""
        return self.live_posts.next_change_at

    def select(self, selection: Selection) -> Sequence[Post]:
        """Return the live posts of ``selection`` in its order.

        A carousel is in carousel order, (day, path) descending, under any feed name. Raises
        `NotReady` if all sources of ``selection`` are unavailable.
        """
        self._require_available(selection)
        posts = self.live_posts.index.matching(selection.criteria)
        if selection.languages is not None:
            posts = tuple(post for post in posts if post in selection)
        if selection.carousel:
            posts = tuple(sorted(posts, key=lambda post: (post.day, post.path), reverse=True))
        return posts

    def post(self, key: PostKey) -> Post:
        """Return the live post with ``key``; raises `UnknownName` if there is none."""
        try:
            return self.live_posts.index.by_key[key]
        except KeyError:
            raise UnknownName(
                f"no live post has the key {key!r}",
                code="unknown-post",
                hint="It may have been removed: /v1/changes lists removals.",
            ) from None

    def find_post(self, post_id: PostId) -> Post | None:
        """Return the live post with the id ``post_id``, or None."""
        index = self.live_posts.index
        post = index.by_own_id.get(post_id) or index.by_key.get(tag_key(post_id))
        return post if post and post.id == post_id else None

    def snapshot(self, source: str) -> SourceSnapshot:
        """Return the snapshot of ``source``; raises `UnknownName` and `NotReady`."""
        self._require_available(Selection.create(sources=[source]))
        snapshots = {snapshot.source.name: snapshot for snapshot in self.snapshots}
        if source in snapshots:
            return snapshots[source]
        raise UnknownName(
            f"there is no source called {source!r}",
            code="unknown-source",
            choices=near_misses(source, sorted(snapshots)),
            choices_total=len(snapshots),
            choices_path="/v1/sources",
        )

    def feed(self, name: str) -> NamedFeed:
        """Return the feed called ``name``; raises `UnknownName`."""
        if name in self.feeds:
            return self.feeds[name]
        raise UnknownName(
            f"there is no feed called {name!r}",
            code="unknown-feed",
            hint="Choose one of the known names, or filter `all` by query.",
            choices=near_misses(name, self._feed_names),
            choices_total=len(self.feeds),
            choices_path="/v1/categories",
        )

    def resolve_category(self, text: str) -> Category | None:
        """Return the known category for ``text``: a slug, alias or title in any case."""
        category = self.vocabulary.category(text)
        return None if category is None else self._by_slug.get(category.slug)

    def category_by_slug(self, slug: str) -> Category:
        """Return the known category with ``slug``, one of `category_slugs`."""
        return self._by_slug[slug]

    def _require_available(self, selection: Selection) -> None:
        error_codes = {one.source.name: one.error_code for one in self.unavailable}
        wanted = selection.sources
        if wanted is None:
            wanted = frozenset(source.name for source in self.sources)
        if wanted and wanted <= error_codes.keys():
            names = ", ".join(f"{name} ({error_codes[name]})" for name in sorted(wanted))
            raise NotReady(f"not read yet: {names}", hint="Try again in a minute.")

    def translations(self, post: Post) -> tuple[tuple[str, str], ...]:
        """Return (language, URL) of the live translations of ``post``, without the post itself."""
        return tuple(
            (other.language, other.url)
            for other in self.live_posts.index.translations.get((post.source, post.translation), ())
            if other.id != post.id
        )

    @cached_property
    def categories(self) -> tuple[Category, ...]:
        """All categories by slug: those of the settings and of every post that was ever live."""
        counts = self.live_posts.index.label_counts + count_labels(
            post for post in self.live_posts.expired if post.published <= self.at
        )
        titles_by_slug: dict[str, dict[str, int]] = {}
        for (slug, title), count in counts.items():
            titles_by_slug.setdefault(slug, {})[title] = count
        titles = {
            slug: min(counted, key=lambda title: (-counted[title], title))
            for slug, counted in titles_by_slug.items()
        } | {term.category.slug: term.category.title for term in self.vocabulary.definitions}
        return tuple(Category(slug=slug, title=titles[slug]) for slug in sorted(titles))

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """All sources of the settings, available or not."""
        return (
            *(snapshot.source for snapshot in self.snapshots),
            *(unread.source for unread in self.unavailable),
        )

    @cached_property
    def withdrawn(self) -> datetime | None:
        """When the operator last took a post out of all feeds, None if no post is withdrawn."""
        return max((each.withdrawn for each in self.snapshots if each.withdrawn), default=None)

    @cached_property
    def source_errors(self) -> dict[str, str]:
        """Public error codes of the sources that have an error, by source."""
        sources: tuple[SourceSnapshot | UnavailableSource, ...] = (
            *self.snapshots,
            *self.unavailable,
        )
        return {source.source.name: source.error_code for source in sources if source.error}

    @cached_property
    def feeds(self) -> dict[str, NamedFeed]:
        """All feeds by name; if two have the same name, the first in order of precedence has it."""
        feeds: dict[str, NamedFeed] = {}
        for feed in self._feed_candidates:
            feeds.setdefault(feed.name, feed)
        return feeds

    @cached_property
    def shadowed_feeds(self) -> tuple[NamedFeed, ...]:
        """Feeds whose name belongs to another feed; their posts can be selected by query."""
        return tuple(feed for feed in self._feed_candidates if self.feeds[feed.name] is not feed)

    @cached_property
    def expired_posts(self) -> tuple[tuple[datetime, Post], ...]:
        """The posts that have expired with the time, the latest first."""
        expired = [(post.expires, post) for post in self.live_posts.expired if post.expires]
        return tuple(sorted(expired, key=lambda pair: (pair[0], pair[1].id), reverse=True))

    @cached_property
    def _feed_names(self) -> tuple[str, ...]:
        """Names of all feeds: in order of precedence if they are few, else sorted."""
        return tuple(self.feeds if len(self.feeds) <= MAX_CHOICES else sorted(self.feeds))

    @cached_property
    def category_slugs(self) -> tuple[str, ...]:
        """Slugs of `categories`, sorted."""
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
    return tuple(PostList.from_posts(snapshot.posts) for snapshot in snapshots)


def _with_unique_ids(snapshots: tuple[SourceSnapshot, ...]) -> tuple[SourceSnapshot, ...]:
    """Return ``snapshots`` in which no two posts have the same id.

    The first published of them keeps it; the others get their tag URI, and a problem.
    """
    lists = _post_lists(snapshots)
    if not any(posts.has_own_ids for posts in lists):
        return snapshots
    owners = _owners_of_shared_ids(chain.from_iterable(lists))
    return tuple(_with_tag_ids(snapshot, owners) for snapshot in snapshots) if owners else snapshots


def _owners_of_shared_ids(posts: Iterable[Post]) -> Mapping[PostId, Post]:
    """Return who keeps the id, by tag URI of each post that loses it."""
    by_id: dict[PostId, list[Post]] = {}
    for post in posts:
        by_id.setdefault(post.id, []).append(post)
    owners: dict[PostId, Post] = {}
    for sharing in by_id.values():
        owner = min(sharing, key=lambda post: (bool(post.tag), sort_key(post)))
        owners |= {post.tag: owner for post in sharing if post is not owner}
    return owners


def _with_tag_ids(snapshot: SourceSnapshot, owners: Mapping[PostId, Post]) -> SourceSnapshot:
    """Return ``snapshot`` with the tag URI as id of the posts that ``owners`` has."""
    losing = [post for post in snapshot.posts if post.tag in owners]
    return replace(
        snapshot,
        posts=PostList.from_posts(
            replace(post, id=post.tag, tag=PostId("")) if post.tag in owners else post
            for post in snapshot.posts
        ),
        problems=(*snapshot.problems, *(_duplicate_id(post, owners[post.tag]) for post in losing)),
    )


def _duplicate_id(post: Post, owner: Post) -> Problem:
    return Problem(
        level="error",
        rule="duplicate-id",
        source=post.source,
        path=post.path,
        message=f"{owner.path} of {owner.source} has the same ID in feeds: {post.id}",
        hint="Give the post a guid of its own; until then, readers know it by its tag URI.",
    )

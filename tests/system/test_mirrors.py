"""Whoever applies what is told to an earlier copy has exactly what `/v1/posts` holds now.

Whether it was asked for at `/v1/changes` or delivered.
"""

import asyncio
import pathlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.publisher.announcing import Announcer
from syndicate.service.newsroom import Newsroom
from tests import samples
from tests.content_repository import START, ContentRepository
from tests.databases import KINDS, postgresql_database
from tests.mirror import Bureau, Mirror, bureau, posts, sqlite
from tests.publisher.conftest import file, open_newsroom
from tests.subscribers import Subscriber, bring
from tests.web.site import Site

PATHS: Final = tuple(f"news/2023-11-0{day}-post.md" for day in range(1, 5))
QUERIES: Final = ("", "category=design", "carousel=true", "source=news&language=es")


class Write(NamedTuple):
    """An editor writes a file."""

    path: str
    text: str


class Move(NamedTuple):
    """An editor moves a file, over another one if there is one."""

    old: str
    new: str


class Delete(NamedTuple):
    """An editor deletes a file."""

    path: str


class Push(NamedTuple):
    """Somebody force-pushes an earlier state of the branch; counted modulo what there is."""

    state: int


class Wait(NamedTuple):
    """Days pass."""

    days: int


class Sync(NamedTuple):
    """A partner asks what changed."""

    partner: int


class Select(NamedTuple):
    """A subscriber asks for other posts; subscribers are counted modulo how many there are."""

    subscriber: int
    query: str


class Pause(NamedTuple):
    """A subscriber lets deliveries wait."""

    subscriber: int


class Resume(NamedTuple):
    """A subscriber lets them come."""

    subscriber: int


class Break(NamedTuple):
    """The endpoint of a subscriber says that it is gone for good."""

    subscriber: int


class Repair(NamedTuple):
    """A subscriber asks for what it missed, or for everything."""

    subscriber: int
    whole: bool


class Join(NamedTuple):
    """Somebody subscribes who has nothing."""

    query: str


Edit = Write | Move | Delete | Push | Wait
Errand = Select | Pause | Resume | Break | Repair
Deed = Edit | Sync | Errand | Join

paths = st.sampled_from(PATHS)
keys = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.sampled_from(["[design]", "[design, tts]", "[tts]"]),
        "draft": st.just("true"),
        "published": st.just("false"),
        "carousel_show": st.just("true"),
        "lang": st.just("es"),
        "permalink": st.sampled_from(["/a", "/b"]),
        "date": st.integers(1, 28).map(lambda day: f"2024-02-{day:02}"),
        "expires": st.integers(1, 28).map(lambda day: f"2024-02-{day:02}"),
    },
)
texts = st.builds(
    lambda title, words, more: file(title, words, **more),
    st.sampled_from(["One", "Two"]),
    st.sampled_from(["Some words.", "Other *words*.", "Other words."]),
    keys,
)
numbers = st.integers(0, 9)
errands = (
    st.builds(Select, numbers, st.sampled_from(QUERIES))
    | st.builds(Pause, numbers)
    | st.builds(Resume, numbers)
    | st.builds(Break, numbers)
    | st.builds(Repair, numbers, st.booleans())
)
deeds = (
    st.builds(Write, paths, texts)
    | st.builds(Write, paths, texts)
    | st.builds(Move, paths, paths)
    | st.builds(Delete, paths)
    | st.builds(Push, st.integers(0, 9))
    | st.builds(Wait, st.integers(1, 15))
    | st.builds(Sync, st.integers(0, len(QUERIES) - 1))
    | errands
    | st.builds(Join, st.sampled_from(QUERIES))
)
scripts = st.lists(deeds, min_size=6, max_size=14)


@dataclass
class Stage:
    """A repository that the same newsroom sees in all plays."""

    content: ContentRepository
    newsroom: Newsroom
    beginning: str
    states: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Go back to a branch with one post, which is a force-push as well."""
        self.content.now = START
        self.content.reset(self.beginning)
        self.states = [self.beginning]

    def act(self, deed: Deed) -> timedelta:
        """Do what changes the branch, and return how much time passes."""
        match deed:
            case Write(path, text):
                self.states.append(self.content.commit({path: text}))
            case Move(old, new) if old != new and self.has(old):
                self.states.append(self.content.rename(old, new))
            case Delete(path) if self.has(path):
                self.states.append(self.content.commit({path: None}))
            case Push(state):
                self.content.reset(self.states[state % len(self.states)])
            case Wait(days):
                return timedelta(days=days)
            case _:
                pass
        return timedelta()

    def has(self, path: str) -> bool:
        """Tell whether there is a file."""
        return bool(self.content.git("ls-tree", "main", path))


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Return a stage."""
    with ExitStack() as closing:
        folder = pathlib.Path(closing.enter_context(tempfile.TemporaryDirectory()))
        content = ContentRepository.create(folder / "content")
        beginning = content.commit({PATHS[0]: file("One"), "about.md": file("About")})
        newsroom = closing.enter_context(open_newsroom(folder, CATEGORIES))
        yield Stage(content=content, newsroom=newsroom, beginning=beginning)


CATEGORIES: Final = """
[[categories]]
slug = "design"
title = "Design"
"""


@dataclass(kw_only=True)
class Audience:
    """Everybody who is told."""

    office: Bureau
    subscribers: list[Subscriber] = field(default_factory=list)

    async def join(self, query: str, *, backfill: bool) -> None:
        """Add a subscriber."""
        number = len(self.subscribers)
        self.subscribers.append(
            await Subscriber.begin(self.office, query, number=number, backfill=backfill)
        )

    async def act(self, deed: Deed) -> None:
        """Do what a subscriber does."""
        if isinstance(deed, Join):
            await self.join(deed.query, backfill=True)
        if not isinstance(deed, Errand):
            return
        one = self.subscribers[deed.subscriber % len(self.subscribers)]
        match deed:
            case Select(_, query):
                await one.select(self.office, query)
            case Pause() if not one.is_lost:
                await one.pause(self.office)
            case Resume() if not one.is_lost:
                await one.resume(self.office)
            case Break():
                one.is_gone = True
            case Repair(_, whole):
                await one.repair(self.office, whole=whole)
            case _:
                pass

    async def hear(self) -> None:
        """Bring what there is, and compare every copy with the service."""
        await bring(self.office, self.subscribers)
        for one in self.subscribers:
            await one.check(self.office)


async def play(script: list[Deed], stage: Stage, office: Bureau) -> None:
    """Take every step, publish it, and compare partners with the service all along."""
    site = Site(reader=office)
    partners = [Mirror(query=query, limit=n + 1) for n, query in enumerate(QUERIES)]
    ahead = timedelta()
    await office.publish()
    announcer = Announcer(office.newsroom, samples.MASTHEAD, office.newsroom.clock)
    office.teller.announce = announcer.announce
    audience = Audience(office=office)
    for query in QUERIES:
        await audience.join(query, backfill=False)
    for deed in (*script, *(Sync(n) for n in range(len(QUERIES)))):
        ahead += stage.act(deed)
        await office.publish(ahead)
        await audience.act(deed)
        await audience.hear()
        if isinstance(deed, Sync):
            partner = partners[deed.partner]
            await partner.sync(site)
            assert partner.copy == await posts(site, partner.query)
    newcomer = Mirror(limit=2)
    await newcomer.sync(site)
    assert newcomer.copy == await posts(site)
    assert {kind for kind, _ in newcomer.heard} <= {"post.published"}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=scripts)
def test_a_mirror_is_exact_after_any_history(
    kind: str, script: list[Deed], stage: Stage, request: pytest.FixtureRequest
) -> None:
    """Over renames, deletions, drafts, turns of the clock, forced pushes and reverts.

    And over whatever subscribers do: other selections, pauses, endpoints that are gone, repairs,
    and newcomers who are told everything.
    """
    stage.clear()
    with ExitStack() as closing:
        if kind == "sqlite":
            folder = closing.enter_context(tempfile.TemporaryDirectory())
            address = sqlite(pathlib.Path(folder))
        else:
            server: str = request.getfixturevalue("postgresql")
            address = closing.enter_context(postgresql_database(server))

        async def run() -> None:
            async with bureau(stage.newsroom, address) as office:
                await play(script, stage, office)

        asyncio.run(run())

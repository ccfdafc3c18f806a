"""Whoever applies what is told to an earlier copy has exactly what `/v1/posts` holds now.

Whether it was asked for at `/v1/changes` or delivered.
"""

import asyncio
import json
import pathlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple, Self
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.model.query import parse_query
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.publisher.announcing import Announcer
from syndicate.service.newsroom import Newsroom
from syndicate.storage.journal import Journal
from syndicate.storage.safe import Safe
from syndicate.storage.subscriptions import Subscriptions
from tests import samples
from tests.content_repository import START, ContentRepository
from tests.databases import KINDS, postgresql_database
from tests.mirror import Bureau, Mirror, bureau, posts, sqlite
from tests.publisher.conftest import file, open_newsroom
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


Deed = Write | Move | Delete | Push | Wait | Sync

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
deeds = (
    st.builds(Write, paths, texts)
    | st.builds(Write, paths, texts)
    | st.builds(Move, paths, paths)
    | st.builds(Delete, paths)
    | st.builds(Push, st.integers(0, 9))
    | st.builds(Wait, st.integers(1, 15))
    | st.builds(Sync, st.integers(0, len(QUERIES) - 1))
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
class Subscriber:
    """Applies the deliveries of its subscription, in order, to the copy it began with."""

    id: SubscriptionId
    mirror: Mirror
    seq: int = 0

    @classmethod
    async def begin(cls, site: Site, office: Bureau, query: str) -> Self:
        """Subscribe, with a copy of what is there."""
        asked = parse_query(parse_qsl(query), office.edition)
        which = SubscriptionId(f"sub_{query}")
        url = f"https://partner.example/{query}"
        wish = Subscription(id=which, url=url, selection=asked.selection)
        await Subscriptions(office.database, Safe()).add(wish, office.newsroom.clock())
        return cls(id=which, mirror=Mirror(query=query, copy=await posts(site, query)))

    async def hear(self, office: Bureau) -> None:
        """Apply what is on its way."""
        found = await Journal(office.database).list(self.id, limit=1_000)
        for delivery in reversed(found[: len(found) - self.seq]):
            self.seq += 1
            body = json.loads(delivery.body)
            assert body["data"]["seq"] == delivery.seq == self.seq
            self.mirror.apply(body)


async def play(script: list[Deed], stage: Stage, office: Bureau) -> None:
    """Take every step, publish it, and compare partners with the service all along."""
    site = Site(reader=office)
    partners = [Mirror(query=query, limit=n + 1) for n, query in enumerate(QUERIES)]
    ahead = timedelta()
    await office.publish()
    announcer = Announcer(office.newsroom, samples.MASTHEAD, office.newsroom.clock)
    office.teller.announce = announcer.announce
    subscribers = [await Subscriber.begin(site, office, query) for query in QUERIES]
    for deed in (*script, *(Sync(n) for n in range(len(QUERIES)))):
        ahead += stage.act(deed)
        await office.publish(ahead)
        for subscriber in subscribers:
            await subscriber.hear(office)
            assert subscriber.mirror.copy == await posts(site, subscriber.mirror.query)
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
    """Over renames, deletions, drafts, turns of the clock, forced pushes and reverts."""
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

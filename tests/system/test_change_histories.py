"""A copy to which all changes are applied has exactly what `/v1/posts` returns.

The changes are requested from `/v1/changes` or delivered.
"""

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

from syndicate.service.content_service import ContentService
from tests.content_repository import FIRST_COMMIT_AT, ContentRepository
from tests.databases import DATABASE_KINDS, postgresql_database
from tests.publisher.conftest import open_content_service, post_file
from tests.stepwise_service import (
    PostMirror,
    StepwiseService,
    served_posts,
    sqlite_url,
    stepwise_service,
)
from tests.subscribers import Subscriber, deliver_all
from tests.web.app_client import AppClient

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
    """A force-push to an earlier state of the branch, counted modulo the number of states."""

    state: int


class Wait(NamedTuple):
    """A number of days passes."""

    days: int


class Sync(NamedTuple):
    """A partner requests the changes."""

    partner: int


class Select(NamedTuple):
    """A subscriber changes its selection; subscribers are counted modulo their number."""

    subscriber: int
    query: str


class Pause(NamedTuple):
    """A subscriber pauses its subscription."""

    subscriber: int


class Resume(NamedTuple):
    """A subscriber resumes its subscription."""

    subscriber: int


class Gone(NamedTuple):
    """The endpoint of a subscriber responds with 410."""

    subscriber: int


class Recover(NamedTuple):
    """A subscriber requests what it missed, or everything."""

    subscriber: int
    from_scratch: bool


class NewSubscriber(NamedTuple):
    """A subscriber without a copy subscribes."""

    query: str


Edit = Write | Move | Delete | Push | Wait
SubscriberAction = Select | Pause | Resume | Gone | Recover
Action = Edit | Sync | SubscriberAction | NewSubscriber

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
    lambda title, words, more: post_file(title, words, **more),
    st.sampled_from(["One", "Two"]),
    st.sampled_from(["Some words.", "Other *words*.", "Other words."]),
    keys,
)
numbers = st.integers(0, 9)
subscriber_actions = (
    st.builds(Select, numbers, st.sampled_from(QUERIES))
    | st.builds(Pause, numbers)
    | st.builds(Resume, numbers)
    | st.builds(Gone, numbers)
    | st.builds(Recover, numbers, st.booleans())
)
actions = (
    st.builds(Write, paths, texts)
    | st.builds(Write, paths, texts)
    | st.builds(Move, paths, paths)
    | st.builds(Delete, paths)
    | st.builds(Push, st.integers(0, 9))
    | st.builds(Wait, st.integers(1, 15))
    | st.builds(Sync, st.integers(0, len(QUERIES) - 1))
    | subscriber_actions
    | st.builds(NewSubscriber, st.sampled_from(QUERIES))
)
histories = st.lists(actions, min_size=6, max_size=14)


@dataclass
class EditedRepository:
    """A repository that one content service reads in all histories."""

    content: ContentRepository
    content_service: ContentService
    first_commit: str
    states: list[str] = field(default_factory=list)

    def reset(self) -> None:
        """Reset the branch to one post, which is a force-push as well."""
        self.content.now = FIRST_COMMIT_AT
        self.content.reset(self.first_commit)
        self.states = [self.first_commit]

    def apply(self, action: Action) -> timedelta:
        """Apply an action to the branch, and return the time that passes."""
        match action:
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
        """Return whether there is a file at ``path``."""
        return bool(self.content.git("ls-tree", "main", path))


@pytest.fixture(scope="module")
def edited_repository() -> Iterator[EditedRepository]:
    """Return the repository for all examples."""
    with ExitStack() as exit_stack:
        folder = pathlib.Path(exit_stack.enter_context(tempfile.TemporaryDirectory()))
        content = ContentRepository.create(folder / "content")
        first_commit = content.commit({PATHS[0]: post_file("One"), "about.md": post_file("About")})
        content_service = exit_stack.enter_context(open_content_service(folder, CATEGORIES))
        yield EditedRepository(
            content=content, content_service=content_service, first_commit=first_commit
        )


CATEGORIES: Final = """
[[categories]]
slug = "design"
title = "Design"
"""


@dataclass(kw_only=True)
class Subscribers:
    """All subscribers of the service."""

    service: StepwiseService
    subscribers: list[Subscriber] = field(default_factory=list)

    async def add(self, query: str, *, backfill: bool) -> None:
        """Add a subscriber."""
        number = len(self.subscribers)
        self.subscribers.append(
            await Subscriber.subscribe(self.service, query, number=number, backfill=backfill)
        )

    async def apply(self, action: Action) -> None:
        """Apply an action to a subscriber."""
        if isinstance(action, NewSubscriber):
            await self.add(action.query, backfill=True)
        if not isinstance(action, SubscriberAction):
            return
        subscriber = self.subscribers[action.subscriber % len(self.subscribers)]
        match action:
            case Select(_, query):
                await subscriber.change_selection(self.service, query)
            case Pause() if not subscriber.has_missed_events:
                await subscriber.pause(self.service)
            case Resume() if not subscriber.has_missed_events:
                await subscriber.resume(self.service)
            case Gone():
                subscriber.is_gone = True
            case Recover(_, whole):
                await subscriber.recover(self.service, from_scratch=whole)
            case _:
                pass

    async def deliver_and_check(self) -> None:
        """Deliver all events, and compare every copy with the service."""
        await deliver_all(self.service, self.subscribers)
        for subscriber in self.subscribers:
            await subscriber.check_posts(self.service)


async def replay(
    history: list[Action], repository: EditedRepository, service: StepwiseService
) -> None:
    """Apply and publish every action, and compare all mirrors with the service."""
    site = AppClient(reader=service)
    mirrors = [PostMirror(query=query, limit=n + 1) for n, query in enumerate(QUERIES)]
    elapsed = timedelta()
    await service.publish()
    subscribers = Subscribers(service=service)
    for query in QUERIES:
        await subscribers.add(query, backfill=False)
    for action in (*history, *(Sync(n) for n in range(len(QUERIES)))):
        elapsed += repository.apply(action)
        await service.publish(elapsed)
        await subscribers.apply(action)
        await subscribers.deliver_and_check()
        if isinstance(action, Sync):
            mirror = mirrors[action.partner]
            await mirror.sync(site)
            assert mirror.posts == await served_posts(site, mirror.query)
    new_mirror = PostMirror(limit=2)
    await new_mirror.sync(site)
    assert new_mirror.posts == await served_posts(site)
    assert {kind for kind, _ in new_mirror.received} <= {"post.published"}


@pytest.mark.parametrize("kind", DATABASE_KINDS)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories)
async def test_mirror_is_exact_after_any_history(
    kind: str,
    history: list[Action],
    edited_repository: EditedRepository,
    request: pytest.FixtureRequest,
) -> None:
    """Histories have renames, deletions, drafts, passing time, force-pushes and reverts.

    Subscribers change selections, pause, lose their endpoint, recover, and join with a backfill.
    """
    edited_repository.reset()
    with ExitStack() as exit_stack:
        if kind == "sqlite":
            folder = exit_stack.enter_context(tempfile.TemporaryDirectory())
            database_url = sqlite_url(pathlib.Path(folder))
        else:
            server: str = request.getfixturevalue("postgresql")
            database_url = exit_stack.enter_context(postgresql_database(server))

        async with stepwise_service(edited_repository.content_service, database_url) as service:
            await replay(history, edited_repository, service)

"""A copy to which all changes are applied has exactly what `/v1/posts` returns.

The changes are requested from `/v1/changes` or delivered.
"""

import os
import pathlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings

from tests import change_histories
from tests.change_histories import (
    QUERIES,
    Action,
    EditedRepository,
    Gone,
    NewSubscriber,
    Pause,
    Recover,
    Resume,
    Select,
    SubscriberAction,
    Sync,
    histories,
)
from tests.databases import postgresql_database
from tests.stepwise_service import (
    PostMirror,
    StepwiseService,
    served_posts,
    sqlite_url,
    stepwise_service,
)
from tests.subscribers import Subscriber, deliver_all

EXAMPLES: Final = 1_000 if os.environ.get("SYNDICATE_SOAK") == "1" else 100


@pytest.fixture(scope="module")
def edited_repository() -> Iterator[EditedRepository]:
    """Return the repository for all examples."""
    with change_histories.edited_repository() as repository:
        yield repository


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
    mirrors = [PostMirror(query=query, limit=n + 1) for n, query in enumerate(QUERIES)]
    elapsed = timedelta()
    await service.publish()
    subscribers = Subscribers(service=service)
    for query in QUERIES:
        await subscribers.add(query, backfill=False)
    for action in (*history, *(Sync(n) for n in range(len(QUERIES)))):
        elapsed += repository.apply(action)
        await service.use(repository.content_service)
        await service.publish(elapsed)
        await subscribers.apply(action)
        await subscribers.deliver_and_check()
        if isinstance(action, Sync):
            mirror = mirrors[action.partner]
            await mirror.sync(service.site)
            assert mirror.posts == await served_posts(service.site, mirror.query)
    new_mirror = PostMirror(limit=2)
    await new_mirror.sync(service.site)
    assert new_mirror.posts == await served_posts(service.site)
    assert {kind for kind, _ in new_mirror.received} <= {"post.published"}


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories)
async def test_mirror_is_exact_after_any_history(
    history: list[Action], edited_repository: EditedRepository
) -> None:
    """Histories have renames, deletions, drafts, passing time, force-pushes and reverts.

    Settings, the site's configuration, its authors and pictures change, and posts name each other.
    Subscribers change selections, pause, lose their endpoint, recover, and join with a backfill.
    """
    with tempfile.TemporaryDirectory() as folder:
        await replay_with(sqlite_url(pathlib.Path(folder)), history, edited_repository)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=EXAMPLES // 10, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories)
async def test_mirror_is_exact_on_postgresql(
    history: list[Action], edited_repository: EditedRepository, postgresql: str
) -> None:
    """For the same histories."""
    with postgresql_database(postgresql) as database_url:
        await replay_with(database_url, history, edited_repository)


async def replay_with(
    database_url: str, history: list[Action], repository: EditedRepository
) -> None:
    """Replay a history from the first commit, with a new database."""
    repository.reset()
    async with stepwise_service(repository.content_service, database_url) as service:
        await replay(history, repository, service)

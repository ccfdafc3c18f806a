"""Recording an edition: what is announced, what is recorded silently, and who may."""

import json
import pathlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import pytest

from syndicate.errors import StorageError
from syndicate.model.ledger import FIELD_NAMES, FieldName, PostEvent
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.subscription import SubscriptionId
from syndicate.publisher.ledger_service import LedgerWriter
from syndicate.service.content_service import ContentService
from syndicate.storage.delivery_log import DeliveryLog
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from tests import samples
from tests.content_repository import ContentRepository
from tests.publisher.conftest import (
    FIRST,
    NOW,
    OTHER_SOURCE,
    SECOND,
    open_content_service,
    post_file,
)
from tests.stepwise_service import StepwiseService, sqlite_url, stepwise_service
from tests.storage.outbox_fixture import subscriber

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """A webhook subscription of every event, and the events enqueued for it."""

    log: DeliveryLog

    @classmethod
    async def subscribe(cls, service: StepwiseService) -> Self:
        """Subscribe to what ``service`` announces from now on."""
        subscriptions = Subscriptions(service.database, SecretStore())
        await subscriptions.add(subscriber("inbox"), NOW)
        return cls(log=DeliveryLog(service.database))

    async def events(self) -> list[tuple[str, PostEvent, int]]:
        """Return title, event and generation of each delivery, in order."""
        deliveries = await self.log.list(SubscriptionId("sub_inbox"))
        return [_parse(delivery.body) for delivery in reversed(deliveries)]


def _parse(body: bytes) -> tuple[str, PostEvent, int]:
    document = json.loads(body)
    data = document["data"]
    event = PostEvent(kind=document["type"], reason=data["reason"], changed=tuple(data["changed"]))
    return data["post"].get("title", ""), event, LedgerCursor.parse(data["cursor"]).generation


async def rows(service: StepwiseService) -> dict[str, tuple[str | None, bool, int]]:
    """Return (reason, is live, generation) of each ledger row, by the end of its URL."""
    return {
        entry.row.url.rpartition("-")[2]: (entry.reason, entry.row.is_live, entry.row.generation)
        for entry in (await service.ledger.entries()).values()
    }


@pytest.fixture
async def service(
    content_service: ContentService, tmp_path: pathlib.Path
) -> AsyncIterator[StepwiseService]:
    """Return a service of the source ``news`` with an empty ledger."""
    async with stepwise_service(content_service, sqlite_url(tmp_path)) as opened:
        yield opened


@asynccontextmanager
async def service_of(folder: pathlib.Path, tables: str = "") -> AsyncIterator[StepwiseService]:
    """Open a service of ``news`` and the sources in ``tables``; its ledger stays in ``folder``."""
    with open_content_service(folder, tables) as content_service:
        async with stepwise_service(content_service, sqlite_url(folder)) as opened:
            yield opened


async def test_first_edition_is_a_baseline_without_events(service: StepwiseService) -> None:
    """Every post is recorded, nothing enqueued; the same edition again writes nothing."""
    inbox = await Inbox.subscribe(service)
    assert await service.publish()
    assert await service.publish()
    assert await rows(service) == {"first": ("new", True, 1)}
    assert await inbox.events() == []
    assert (await service.ledger.end_cursor()).generation == 2


async def test_empty_first_edition_is_a_baseline_too(
    service: StepwiseService, content: ContentRepository
) -> None:
    """The first post of a service that started without any is announced."""
    content.commit({FIRST: post_file("First", draft="true")})
    inbox = await Inbox.subscribe(service)
    await service.publish()
    content.commit({SECOND: post_file("Second")})
    await service.publish()
    event = PostEvent(kind="post.published", reason="new")
    assert await inbox.events() == [("Second", event, 2)]


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (post_file("Better"), ("title",)),
        (post_file("First", "Other words."), ("summary", "words")),
        (post_file("First", "*Words.*"), ("markup",)),
        (post_file("First", permalink="/elsewhere-first"), ("url",)),
        (post_file("First", tags="[design]"), ("categories",)),
        (post_file("First", expires="2040-01-01"), ("expires",)),
        (post_file("First", readtime_str='"9"'), ()),
    ],
)
async def test_edit_is_announced_with_the_changed_fields(
    service: StepwiseService,
    content: ContentRepository,
    text: str,
    changed: tuple[FieldName, ...],
) -> None:
    """Old and new version are rendered and compared."""
    await service.publish()
    inbox = await Inbox.subscribe(service)
    content.commit({FIRST: text})
    await service.publish()
    ((_, event, _),) = await inbox.events()
    assert event == PostEvent(kind="post.updated", changed=changed)
    assert await rows(service) == {"first": (None, True, 2)}


async def test_invisible_change_is_recorded_without_an_event(
    service: StepwiseService, content: ContentRepository
) -> None:
    """Such as other white space: it is recorded, so that it is compared only once."""
    await service.publish()
    inbox = await Inbox.subscribe(service)
    content.commit({FIRST: "---\ntitle:   'First'\n---\n\nWords.\n"})
    await service.publish()
    assert await rows(service) == {"first": ("new", True, 1)}
    (entry,) = (await service.ledger.entries()).values()
    assert entry.row.blob == service.edition.posts[0].blob
    for writer in (service.ledger_writer, service.new_ledger_writer()):
        assert await writer.record(service.edition)
    assert await inbox.events() == []


async def test_lost_previous_version_counts_as_changed_in_every_field(
    service: StepwiseService, content: ContentRepository
) -> None:
    """After a force-push and a garbage collection the old version is unknown."""
    await service.publish()
    inbox = await Inbox.subscribe(service)
    content.git("checkout", "-q", "--orphan", "new")
    content.git("branch", "-D", "main")
    content.git("symbolic-ref", "HEAD", "refs/heads/main")
    content.commit({FIRST: post_file("Anew")}, committed=NOW - timedelta(days=31))
    content.git("reflog", "expire", "--expire=now", "--all")
    content.git("gc", "-q", "--prune=now")
    await service.publish()
    assert [event.changed for _, event, _ in await inbox.events()] == [FIELD_NAMES]


async def test_removed_post_is_announced_with_the_reason(
    service: StepwiseService, content: ContentRepository
) -> None:
    """And announced as new when it is back."""
    await service.publish()
    content.commit({FIRST: post_file("First", published="false")})
    await service.publish()
    assert await rows(service) == {"first": ("unpublished", False, 2)}
    content.commit({FIRST: post_file("First", expires="2024-02-02")})
    await service.publish()
    assert await rows(service) == {"first": ("new", True, 3)}
    await service.publish(timedelta(days=3))
    assert await rows(service) == {"first": ("expired", False, 4)}


@pytest.mark.usefixtures("content")
async def test_posts_of_a_source_removed_from_the_settings_are_removed(
    tmp_path: pathlib.Path, other: ContentRepository
) -> None:
    """Those of a source that cannot be read are not."""
    async with service_of(tmp_path, OTHER_SOURCE) as service:
        await service.publish()
        shutil.move(other.path, tmp_path / "away")
        assert await service.publish()
        assert len(await rows(service)) == 2
    async with service_of(tmp_path) as service:
        await service.publish()
        assert (await rows(service))["other"] == ("source_removed", False, 2)


@pytest.mark.slow
@pytest.mark.usefixtures("content", "other")
async def test_posts_of_an_added_source_are_announced_as_such(tmp_path: pathlib.Path) -> None:
    """As new if the source was removed less than 90 days ago."""
    steps = [
        ("", 0, None),
        (OTHER_SOURCE, 1, ("source_added", True, 2)),
        ("", 2, ("source_removed", False, 3)),
        (OTHER_SOURCE, 91, ("new", True, 4)),
        ("", 100, ("source_removed", False, 5)),
        (OTHER_SOURCE, 190, ("source_added", True, 6)),
    ]
    for tables, days, expected in steps:
        async with service_of(tmp_path, tables) as service:
            inbox = await Inbox.subscribe(service)
            assert await service.publish(timedelta(days=days))
            assert (await rows(service)).get("other") == expected
            reasons = [event.reason for _, event, _ in await inbox.events()]
            assert reasons == ([expected[0]] if expected else [])
            await Subscriptions(service.database, SecretStore()).remove("sub_inbox")
            await service.ledger_writer.release_lease()


@pytest.mark.parametrize("has_git_ended", [False, True])
async def test_source_that_fails_during_the_comparison_is_compared_later(
    tmp_path: pathlib.Path,
    content: ContentRepository,
    other: ContentRepository,
    *,
    has_git_ended: bool,
) -> None:
    """The other sources are announced meanwhile."""
    async with service_of(tmp_path, OTHER_SOURCE) as service:
        await service.publish()
        content.commit({FIRST: post_file("Better")})
        other.commit({"other/2023-11-08-other.md": post_file("Other", "New words.")})
        service.edition = service.content.edition()
        shutil.move(other.path, tmp_path / "away")
        if has_git_ended:
            source = service.edition.snapshot("other").source
            service.content.index(source).repository.close()
        assert await service.ledger_writer.record(service.edition)
        assert await rows(service) == {"first": (None, True, 2), "other": ("new", True, 1)}
        shutil.move(tmp_path / "away", other.path)
        assert await service.ledger_writer.record(service.edition)
        assert (await rows(service))["other"] == (None, True, 3)


@pytest.mark.slow
async def test_post_that_cannot_be_read_is_announced_when_it_can_be(
    service: StepwiseService, tmp_path: pathlib.Path, content: ContentRepository
) -> None:
    """Its git object is damaged after it was indexed; other posts are announced meanwhile."""
    await service.publish()
    inbox = await Inbox.subscribe(service)
    content.commit({FIRST: post_file("Better"), SECOND: post_file("Second")})
    service.edition = service.content.edition()
    blob = content.git("rev-parse", f"HEAD:{SECOND}").strip()
    git_object = content.path / ".git" / "objects" / blob[:2] / blob[2:]
    git_object.rename(tmp_path / "object")
    assert await service.ledger_writer.record(service.edition)
    assert [title for title, _, _ in await inbox.events()] == ["Better"]
    (tmp_path / "object").rename(git_object)
    assert await service.ledger_writer.record(service.edition)
    assert [title for title, _, _ in await inbox.events()] == ["Better", "Second"]


async def test_only_the_lease_holder_records(
    service: StepwiseService, content: ContentRepository
) -> None:
    """A writer that lost the lease reads the ledger again when it has it back."""
    here, there = service.ledger_writer, service.new_ledger_writer("there")
    assert await service.publish()
    assert not await there.record(service.edition)
    await here.release_lease()
    content.commit({FIRST: post_file("Better")})
    service.edition = service.content.edition()
    assert await there.record(service.edition)
    assert not await here.record(service.edition)
    await there.release_lease()
    assert await here.record(service.edition)
    assert await rows(service) == {"first": (None, True, 2)}


async def test_lease_that_another_writer_had_meanwhile_is_a_new_one(
    service: StepwiseService, content: ContentRepository
) -> None:
    """A writer that slept while another recorded and left does not record the same again."""
    here, there = service.ledger_writer, service.new_ledger_writer("there")
    assert await service.publish()
    content.commit({FIRST: post_file("Better")})
    service.edition = service.content.edition()
    there.clock = lambda: NOW + timedelta(minutes=1)
    assert await there.record(service.edition)
    await there.release_lease()
    assert await here.record(service.edition)
    assert await rows(service) == {"first": (None, True, 2)}


async def test_writer_whose_lease_expires_on_the_way_writes_nothing(
    service: StepwiseService,
) -> None:
    """As after a long sleep: the other process goes on."""
    late = LedgerWriter(
        database=service.database,
        holder="late",
        renderer=service.content.renderer,
        service_info=samples.SERVICE_INFO,
        clock=iter([NOW, NOW + timedelta(minutes=1)]).__next__,
    )
    assert not await late.record(service.edition)
    assert await rows(service) == {}


async def test_failed_transaction_records_nothing_and_is_repeated(
    service: StepwiseService,
) -> None:
    """Neither a row nor an event is stored without the other."""
    inbox = await Inbox.subscribe(service)
    await service.publish()
    service.edition = service.content.edition(at=NOW - timedelta(days=365))
    async with service.database.write() as connection:
        await connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON event "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    with pytest.raises(StorageError, match="disk is full"):
        await service.ledger_writer.record(service.edition)
    assert await rows(service) == {"first": ("new", True, 1)}
    async with service.database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER full")
    assert await service.ledger_writer.record(service.edition)
    assert [generation for _, _, generation in await inbox.events()] == [2]

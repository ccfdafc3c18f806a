"""The subscription service, while editions are published."""

import asyncio
import json
import pathlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from syndicate.channels.ssrf_guard import SsrfGuard
from syndicate.errors import Conflict, NotReady, StorageError, UnknownName, ValidationFailed
from syndicate.model.asset import Asset
from syndicate.model.change import LedgerEntry
from syndicate.model.edition import Edition
from syndicate.model.post import Post, RenderedPost, RenderedPosts
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId, SubscriptionPatch
from syndicate.service.content_service import ContentService
from syndicate.service.subscription_service import (
    SubscriptionService,
    open_subscription_service,
)
from syndicate.settings import load
from syndicate.storage.schema import DELIVERY, EVENT, SUBSCRIPTION
from tests import samples
from tests.channels.receiver import respond, run_receiver
from tests.content_repository import ContentRepository
from tests.databases import DATABASE_KINDS, database_of_kind
from tests.publisher.conftest import FIRST, SETTINGS, open_content_service, post_file
from tests.stepwise_service import StepwiseService, served_posts, sqlite_url, stepwise_service
from tests.storage.outbox_fixture import change_subscription
from tests.subscribers import Subscriber, deliver_all
from tests.subscription_services import subscription_service_with_ledger
from tests.web.app_client import LEDGER, POSTS, AppClient

HOOK = "http://127.0.0.1:9/hook"
STORED = (SUBSCRIPTION, DELIVERY, EVENT)
BLANK = Subscription(id=SubscriptionId(""), url=HOOK)


@pytest.fixture(params=DATABASE_KINDS)
def address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a migrated database of each kind."""
    with database_of_kind(request, tmp_path / "syndicate.db") as url:
        yield url


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return a repository with one post."""
    made = ContentRepository.create(tmp_path / "content")
    made.commit({FIRST: post_file("First")})
    return made


@pytest.fixture
def content_service(tmp_path: pathlib.Path, content: ContentRepository) -> Iterator[ContentService]:
    """Return a content_service of ``content``."""
    assert content.path == tmp_path / "content"
    with open_content_service(tmp_path) as opened:
        yield opened


@pytest.mark.slow
async def test_subscribing_during_publication_misses_and_repeats_nothing(
    address: str, content_service: ContentService, content: ContentRepository
) -> None:
    """Whichever comes first; the same holds for a changed selection."""
    subscribers: list[Subscriber] = []

    async def publish(service: StepwiseService) -> None:
        for number in range(10, 20):
            path = f"news/2023-11-{number}-post.md"
            content.commit(
                {path: post_file(f"Post {number}", lang="es"), FIRST: post_file(f"{number}")}
            )
            await service.publish()

    async def join(service: StepwiseService, start: int) -> None:
        for number in range(start, start + 6):
            query = "language=es" if number % 2 else ""
            one = await Subscriber.subscribe(service, query, number=number, backfill=True)
            subscribers.append(one)
            await one.change_selection(service, "" if number % 3 else "language=es")

    async with stepwise_service(content_service, address) as service:
        await service.publish()
        await asyncio.gather(publish(service), join(service, 0), join(service, 6))
        await deliver_all(service, subscribers)
        assert len(subscribers) == 12
        assert len(await served_posts(AppClient(reader=service))) == 11
        for one in subscribers:
            await one.check_posts(service)


@dataclass(kw_only=True)
class Lagging:
    """A reader with one post that differs from the ledger, until the edition was read often."""

    looks: int = 0
    enough: int = 3
    removed: tuple[LedgerEntry, ...] = ()

    @property
    def edition(self) -> Edition:
        """The edition of this look."""
        self.looks += 1
        first = replace(POSTS[0], url=f"{POSTS[0].url}?as-it-was")
        return samples.edition(*(POSTS if self.looks >= self.enough else (first, *POSTS[1:])))

    async def render_posts(
        self, posts: Sequence[Post], _edition: Edition
    ) -> tuple[RenderedPost, ...]:
        """Return ``posts`` as items."""
        return tuple(map(samples.rendered_post, posts))

    async def render_posts_in_time(self, posts: Sequence[Post], edition: Edition) -> RenderedPosts:
        """Return ``posts`` as items."""
        return RenderedPosts(items=await self.render_posts(posts, edition))

    async def asset(self, source: str, path: str, **_: bool) -> Asset:
        """Raise: there are no assets."""
        raise UnknownName(f"no file is served at {path} of {source}")


async def test_backfill_waits_for_the_edition_of_the_ledger(tmp_path: pathlib.Path) -> None:
    """Posts are sent as the ledger has them."""
    reader = Lagging()

    async with subscription_service_with_ledger(
        sqlite_url(tmp_path), reader, entries=LEDGER
    ) as service:
        made = await service.subscribe(replace(BLANK, backfill=True))
        found = await service.deliveries(made.id, None, before=None, limit=99)
        assert len(found) == len(POSTS)
        assert not any(b"as-it-was" in one.body for one in found)
    assert reader.looks == 3


async def test_backfill_fails_while_edition_and_ledger_differ(tmp_path: pathlib.Path) -> None:
    """The error names a post, and nothing is stored; without backfill there is no wait."""
    async with subscription_service_with_ledger(
        sqlite_url(tmp_path), Lagging(enough=10**9), entries=LEDGER
    ) as opened:
        service = replace(opened, catch_up=replace(opened.catch_up, timeout_seconds=0))
        with pytest.raises(NotReady, match="is not recorded yet"):
            await service.subscribe(replace(BLANK, backfill=True))
        assert await service.subscriptions.list() == ()
        await service.subscribe(BLANK)


async def test_backfill_needs_a_baseline(tmp_path: pathlib.Path) -> None:
    """Subscribing without backfill is possible before."""
    async with subscription_service_with_ledger(
        sqlite_url(tmp_path), Lagging(), entries=()
    ) as service:
        with pytest.raises(NotReady, match="initial snapshot has not been recorded"):
            await service.subscribe(replace(BLANK, backfill=True))
        made = await service.subscribe(BLANK)
        with pytest.raises(NotReady, match="initial snapshot has not been recorded"):
            await service.recover(made.id, None, None)
        assert await service.recover(made.id, None, samples.NOW) == 0
        await service.update(made.id, None, SubscriptionPatch(selection=Selection(carousel=True)))


async def test_change_without_an_audit_entry_is_undone(address: str) -> None:
    """Each change and its entry are one transaction."""
    async with subscription_service_with_ledger(
        address, Lagging(enough=0), entries=LEDGER
    ) as service:
        database = service.catch_up.database
        made = await service.subscribe(replace(BLANK, backfill=True))
        (delivery, *_) = await service.deliveries(made.id, None, before=None, limit=99)
        async with database.write() as connection:
            await connection.execute(update(DELIVERY).values(state="exhausted", completed_ms=2**42))
            await connection.execute(text("ALTER TABLE audit_log RENAME TO away"))

        async def rows() -> list[object]:
            async with database.read() as connection:
                tables = [select(table).order_by(*table.primary_key) for table in STORED]
                return [(await connection.execute(table)).all() for table in tables]

        before = await rows()
        other = replace(BLANK, url=f"{HOOK}/2")
        for change in (
            lambda: service.subscribe(other),
            lambda: service.subscribe(replace(other, backfill=True)),
            lambda: service.update(made.id, None, SubscriptionPatch(state="paused")),
            lambda: service.rotate(made.id, None),
            lambda: service.recover(made.id, None, None),
            lambda: service.replay(delivery.id, None),
            lambda: service.replay_failed(made.id, None, samples.NOW),
            lambda: service.remove(made.id, None),
        ):
            with pytest.raises(StorageError, match="audit_log"):
                await change()
            assert await rows() == before


async def disable(service: SubscriptionService, subscription: Subscription) -> None:
    """Disable a subscription as a 410 response does."""

    def disabled(found: Subscription) -> Subscription:
        return replace(found, state="disabled", state_reason="gone")

    catch_up = service.catch_up
    await change_subscription(catch_up.database, catch_up.secret_store, subscription.id, disabled)


async def test_disabled_subscription_gets_no_deliveries(address: str) -> None:
    """Nor for a changed selection; after resuming, recovery sends the difference."""
    async with subscription_service_with_ledger(
        address, Lagging(enough=0), entries=LEDGER
    ) as service:
        made = await service.subscribe(BLANK)
        await disable(service, made)
        await service.update(made.id, None, SubscriptionPatch(selection=Selection(carousel=True)))
        assert (await service.get(made.id, None)).pending == 0
        with pytest.raises(Conflict, match="disabled"):
            await service.recover(made.id, None, None)
        resumed = await service.update(made.id, None, SubscriptionPatch(state="active"))
        assert (resumed.state, resumed.state_reason) == ("active", "")
        assert await service.recover(made.id, None, None) == 1
        await disable(service, made)
        both = SubscriptionPatch(state="active", selection=Selection())
        assert (await service.update(made.id, None, both)).state == "active"
        assert (await service.get(made.id, None)).pending == len(POSTS)


async def test_recovery_sends_the_difference_of_a_selection_changed_while_disabled(
    address: str,
) -> None:
    """Also of posts that did not change since the given time, and once only."""
    async with subscription_service_with_ledger(
        address, Lagging(enough=0), entries=LEDGER
    ) as service:
        made = await service.subscribe(BLANK)
        await disable(service, made)
        for source in ("other", "updates"):
            changed = SubscriptionPatch(selection=Selection.create(sources=[source]))
            await service.update(made.id, None, changed)
        await service.update(made.id, None, SubscriptionPatch(state="active"))
        late = samples.NOW + timedelta(days=1)
        assert await service.recover(made.id, None, late) == len(POSTS) - 1
        sent = await service.deliveries(made.id, None, before=None, limit=99)
        reasons = {json.loads(delivery.body)["data"]["reason"] for delivery in sent}
        assert reasons == {"selection_changed"}
        assert await service.recover(made.id, None, late) == 0


async def test_recovery_sends_missed_events_last(address: str) -> None:
    """Events sent before keep their IDs; missed ones get new IDs."""
    async with subscription_service_with_ledger(
        address, Lagging(enough=0), entries=LEDGER
    ) as service:
        made = await service.subscribe(replace(BLANK, backfill=True))
        before = await service.deliveries(made.id, None, before=None, limit=99)
        count = await service.recover(made.id, None, samples.NOW)
        after = await service.deliveries(made.id, None, before=None, limit=99)
        assert after[-len(before) :] == tuple(replace(one, trigger="manual") for one in before)
        fresh = [json.loads(one.body) for one in reversed(after[: -len(before)])]
        assert count == len(before) + len(fresh)
        assert [one["type"] for one in fresh] == ["post.removed"]
        assert len({one.event for one in after}) == len(after)
        assert await service.recover(made.id, None, samples.NOW) == count


async def test_events_of_other_types_are_not_sent(address: str) -> None:
    """Nor for a changed selection."""
    async with subscription_service_with_ledger(
        address, Lagging(enough=0), entries=LEDGER
    ) as service:
        subscription = replace(BLANK, types=("post.removed",), backfill=True)
        made = await service.subscribe(subscription)
        assert (await service.get(made.id, None)).pending == 0
        await service.update(
            made.id, None, SubscriptionPatch(selection=Selection.create(sources=["updates"]))
        )
        assert (await service.get(made.id, None)).pending == len(POSTS) - 1


async def test_hub_subscriptions_are_not_webhooks(tmp_path: pathlib.Path) -> None:
    """They cannot be managed here; their deliveries are visible."""
    async with subscription_service_with_ledger(
        sqlite_url(tmp_path), Lagging(), entries=LEDGER
    ) as service:
        hub = replace(BLANK, id=SubscriptionId("sub_hub"), kind="websub", topic="x")
        await service.subscriptions.add(hub, samples.NOW)
        with pytest.raises(UnknownName):
            await service.send_test("sub_hub")
        assert await service.deliveries("sub_hub", None, before=None, limit=9) == ()
        assert await service.list_page(None, "", 9) == ((), None)


async def test_refused_url_is_a_field_error(tmp_path: pathlib.Path) -> None:
    """When adding, editing and parsing; nothing is changed."""
    async with subscription_service_with_ledger(
        sqlite_url(tmp_path), Lagging(), entries=LEDGER
    ) as service:
        refused = "https://192.168.0.1/"
        with pytest.raises(ValidationFailed, match=r"192\.168\.0\.1"):
            await service.subscribe(replace(BLANK, url=refused))
        made = await service.subscribe(BLANK)
        with pytest.raises(ValidationFailed) as caught:
            await service.update(made.id, None, SubscriptionPatch(url=refused))
        assert [one.pointer for one in caught.value.errors] == ["#/url"]
        assert (await service.get(made.id, None)).subscription.url == HOOK


async def _resolve(host: str, _: int) -> list[str]:
    known = {"private.example": ["10.1.2.3"], "mapped.example": ["9.9.9.9", "::ffff:10.1.2.3"]}
    if host not in known:
        raise OSError(-2, "Name or service not known")
    return known[host]


async def test_dns_answers_are_hidden_from_partners(tmp_path: pathlib.Path) -> None:
    """Unknown and private names get the same error; the command line has the reason."""
    names = ("private", "mapped", "unknown")

    async def refusals(service: SubscriptionService) -> set[str]:
        said = set()
        for name in names:
            with pytest.raises(ValidationFailed) as caught:
                await service.subscribe(replace(BLANK, url=f"https://{name}.example/"))
            (mistake,) = caught.value.errors
            text = f"{mistake.code} {mistake.message} {mistake.hint}"
            said.add(text.replace(name, "NAME"))
        return said

    async with subscription_service_with_ledger(
        sqlite_url(tmp_path), Lagging(), entries=LEDGER
    ) as opened:
        service = replace(opened, ssrf_guard=SsrfGuard(lookup=_resolve))
        assert len(await refusals(service)) == 3
        (only,) = await refusals(replace(service, hides_dns_answers=True))
        assert "10.1.2.3" not in only
        with pytest.raises(ValidationFailed, match="https"):
            await replace(service, hides_dns_answers=True).subscribe(replace(BLANK, url="ftp://x/"))


async def test_partner_sees_attempts_without_ip_addresses(tmp_path: pathlib.Path) -> None:
    """The operator, who owns nothing, sees where each went."""
    async with (
        subscription_service_with_ledger(
            sqlite_url(tmp_path), Lagging(), entries=LEDGER
        ) as service,
        run_receiver(respond(204)) as receiver,
    ):
        made = await service.subscribe(replace(BLANK, owner="p", url=receiver.url("/hook")))
        assert (await service.send_test(made.id)).ip_address == "127.0.0.1"
        assert (await service.send_test(made.id, "p")).ip_address == "127.0.0.1"  # of the URL
        assert (await service.send_test(made.id, "p")).status == 204


async def test_limits_apply_to_the_web_only(tmp_path: pathlib.Path) -> None:
    """The settings limit the subscriptions of the tokens of one name."""
    written = tmp_path / "syndicate.toml"
    written.write_text(
        f"{SETTINGS}\n[limits]\nsubscriptions_per_token = 1\nold_secrets = 0\n"
        '[delivery]\nallow_http = true\nallow_networks = ["127.0.0.0/8"]\n'
    )
    settings = load(written, {"SYNDICATE_DATABASE__URL": sqlite_url(tmp_path)})

    async with open_subscription_service(
        settings, clock=lambda: samples.NOW, content=Lagging(), for_web=True
    ) as service:
        made = await service.subscribe(replace(BLANK, owner="p"))
        with pytest.raises(Conflict, match="'p' have 1 subscriptions; 1 are allowed"):
            await service.subscribe(replace(BLANK, owner="p", url=f"{HOOK}/2"))
        assert len((await service.rotate(made.id)).secrets) == 1
    async with open_subscription_service(settings) as by_operator:
        made = await by_operator.subscribe(replace(BLANK, owner="p", url=f"{HOOK}/2"))
        assert made.owner == "p"


async def test_administrator_removes_an_unreadable_subscription(
    tmp_path: pathlib.Path,
) -> None:
    """Its owner gets an error."""
    async with subscription_service_with_ledger(
        sqlite_url(tmp_path), Lagging(), entries=LEDGER
    ) as service:
        made = await service.subscribe(replace(BLANK, owner="partner"))
        with sqlite3.connect(tmp_path / "syndicate.db") as connection:
            connection.execute("UPDATE subscription SET types = 'x'")
        connection.close()
        with pytest.raises(StorageError, match="cannot be read"):
            await service.remove(made.id, "partner")
        await service.remove(made.id, None)
        with pytest.raises(UnknownName):
            await service.remove(made.id, None)

"""What the office does, beside a publisher that does not wait for it."""

import asyncio
import json
import pathlib
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from syndicate.channels.guard import Guard
from syndicate.errors import Conflict, Invalid, NotReady, StorageError, UnknownName
from syndicate.model.edition import Edition
from syndicate.model.post import Item, Post
from syndicate.model.selection import Selection
from syndicate.model.subscription import Subscription, SubscriptionId
from syndicate.model.wish import Wish
from syndicate.publisher import briefing
from syndicate.publisher.announcing import Announcer
from syndicate.publisher.briefing import Shelf
from syndicate.service.keeping import Restarts
from syndicate.service.newsroom import Newsroom
from syndicate.service.partners import Partners, keep_partners, partners
from syndicate.settings import load
from tests import samples
from tests.channels.receiver import answer, receiving
from tests.content_repository import ContentRepository
from tests.databases import KINDS, database_of_kind
from tests.mirror import Bureau, bureau, posts, sqlite
from tests.partners import office_at
from tests.publisher.conftest import FIRST, SETTINGS, file, open_newsroom
from tests.subscribers import Subscriber, bring
from tests.web.site import LEDGER, POSTS, Site

HOOK = "http://127.0.0.1:9/hook"
BLANK = Subscription(id=SubscriptionId(""), url=HOOK)


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[str]:
    """Return the URL of a migrated database of each kind."""
    with database_of_kind(request, tmp_path / "syndicate.db") as url:
        yield url


@pytest.fixture
def content(tmp_path: pathlib.Path) -> ContentRepository:
    """Return a repository with one post."""
    made = ContentRepository.create(tmp_path / "content")
    made.commit({FIRST: file("First")})
    return made


@pytest.fixture
def newsroom(tmp_path: pathlib.Path, content: ContentRepository) -> Iterator[Newsroom]:
    """Return a newsroom of ``content``."""
    assert content.path == tmp_path / "content"
    with open_newsroom(tmp_path) as opened:
        yield opened


def test_who_begins_while_something_is_published_has_all_of_it_once(
    address: str, newsroom: Newsroom, content: ContentRepository
) -> None:
    """Whichever of the two comes first; and so does who selects anew."""
    subscribers: list[Subscriber] = []

    async def publish(office: Bureau) -> None:
        for number in range(10, 20):
            path = f"news/2023-11-{number}-post.md"
            content.commit({path: file(f"Post {number}", lang="es"), FIRST: file(f"{number}")})
            await office.publish()

    async def join(office: Bureau, start: int) -> None:
        for number in range(start, start + 6):
            query = "language=es" if number % 2 else ""
            one = await Subscriber.begin(office, query, number=number, backfill=True)
            subscribers.append(one)
            await one.select(office, "" if number % 3 else "language=es")

    async def do() -> None:
        async with bureau(newsroom, address) as office:
            await office.publish()
            announcer = Announcer(newsroom, samples.MASTHEAD, newsroom.clock)
            office.teller.announce = announcer.announce
            await asyncio.gather(publish(office), join(office, 0), join(office, 6))
            await bring(office, subscribers)
            assert len(subscribers) == 12
            assert len(await posts(Site(reader=office))) == 11
            for one in subscribers:
                await one.check(office)

    asyncio.run(do())


@dataclass(kw_only=True)
class Lagging:
    """A shelf on which one post lies that was told otherwise, until it was looked at often."""

    looks: int = 0
    enough: int = 3

    @property
    def edition(self) -> Edition:
        """The edition of this look."""
        self.looks += 1
        first = replace(POSTS[0], url=f"{POSTS[0].url}?as-it-was")
        return samples.edition(*(POSTS if self.looks >= self.enough else (first, *POSTS[1:])))

    async def items(self, posts: Sequence[Post], _edition: Edition) -> tuple[Item, ...]:
        """Return ``posts`` as items."""
        return tuple(map(samples.item, posts))


def within(
    address: str, shelf: Shelf, work: Callable[[Partners], Awaitable[None]], *, told: bool = True
) -> None:
    """Do ``work`` in an office."""

    async def do() -> None:
        async with office_at(address, shelf, told=LEDGER if told else ()) as office:
            await work(office)

    asyncio.run(do())


def test_what_is_served_may_be_a_moment_behind(tmp_path: pathlib.Path) -> None:
    """Then it is waited for; nothing is told of posts as they were not told."""
    shelf = Lagging()

    async def work(office: Partners) -> None:
        made = await office.subscribe(replace(BLANK, backfill=True))
        found = await office.deliveries(made.id, None, before=None, limit=99)
        assert len(found) == len(POSTS)
        assert not any(b"as-it-was" in one.body for one in found)

    within(sqlite(tmp_path), shelf, work)
    assert shelf.looks == 3


def test_what_stays_behind_cannot_be_told(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says of what, and nothing is written; who wants no backfill need not wait."""
    monkeypatch.setattr(briefing, "_PATIENCE_SECONDS", 0.0)

    async def work(office: Partners) -> None:
        with pytest.raises(NotReady, match="not what was told"):
            await office.subscribe(replace(BLANK, backfill=True))
        assert await office.subscriptions.list() == ()
        await office.subscribe(BLANK)

    within(sqlite(tmp_path), Lagging(enough=10**9), work)


def test_before_the_baseline_nothing_can_be_told(tmp_path: pathlib.Path) -> None:
    """But who wants to hear of what comes may subscribe and select already."""

    async def work(office: Partners) -> None:
        with pytest.raises(NotReady, match="nothing was told"):
            await office.subscribe(replace(BLANK, backfill=True))
        made = await office.subscribe(BLANK)
        with pytest.raises(NotReady, match="nothing was told"):
            await office.recover(made.id, None, None)
        assert await office.recover(made.id, None, samples.NOW) == 0
        await office.amend(made.id, None, Wish(selection=Selection(carousel=True)))

    within(sqlite(tmp_path), Lagging(), work, told=False)


def test_nothing_is_made_for_who_is_disabled(address: str) -> None:
    """Not even the difference of two selections; resumed, it is had by recovering."""

    async def work(office: Partners) -> None:
        made = await office.subscribe(BLANK)

        async def disable(subscription: Subscription) -> None:
            def disabled(found: Subscription) -> Subscription:
                return replace(found, state="disabled", state_reason="gone")

            await office.subscriptions.change(subscription.id, disabled)

        await disable(made)
        await office.amend(made.id, None, Wish(selection=Selection(carousel=True)))
        assert (await office.standing(made.id, None)).pending == 0
        with pytest.raises(Conflict, match="disabled"):
            await office.recover(made.id, None, None)
        resumed = await office.amend(made.id, None, Wish(state="active"))
        assert (resumed.state, resumed.state_reason) == ("active", "")
        assert await office.recover(made.id, None, None) == 1
        await disable(made)
        both = Wish(state="active", selection=Selection())
        assert (await office.amend(made.id, None, both)).state == "active"
        assert (await office.standing(made.id, None)).pending == len(POSTS)

    within(address, Lagging(enough=0), work)


def test_what_was_missed_comes_after_what_was_not(address: str) -> None:
    """What was told is sent again with its id; what was never told gets one of its own."""

    async def work(office: Partners) -> None:
        made = await office.subscribe(replace(BLANK, backfill=True))
        before = await office.deliveries(made.id, None, before=None, limit=99)
        count = await office.recover(made.id, None, samples.NOW)
        after = await office.deliveries(made.id, None, before=None, limit=99)
        assert after[-len(before) :] == tuple(replace(one, trigger="manual") for one in before)
        fresh = [json.loads(one.body) for one in reversed(after[: -len(before)])]
        assert count == len(before) + len(fresh)
        assert [one["type"] for one in fresh] == ["post.removed"]
        assert len({one.event for one in after}) == len(after)
        assert await office.recover(made.id, None, samples.NOW) == count

    within(address, Lagging(enough=0), work)


def test_who_wants_some_events_alone_is_told_no_others(address: str) -> None:
    """Also of another selection."""

    async def work(office: Partners) -> None:
        wish = replace(BLANK, types=("post.removed",), backfill=True)
        made = await office.subscribe(wish)
        assert (await office.standing(made.id, None)).pending == 0
        await office.amend(made.id, None, Wish(selection=Selection.of(sources=["updates"])))
        assert (await office.standing(made.id, None)).pending == len(POSTS) - 1

    within(address, Lagging(enough=0), work)


def test_subscribers_of_the_hub_are_no_webhooks(tmp_path: pathlib.Path) -> None:
    """Nobody can look after them here, but see what was sent to them."""

    async def work(office: Partners) -> None:
        hub = replace(BLANK, id=SubscriptionId("sub_hub"), kind="websub", topic="x")
        await office.subscriptions.add(hub, samples.NOW)
        with pytest.raises(UnknownName):
            await office.trial("sub_hub")
        assert await office.deliveries("sub_hub", None, before=None, limit=9) == ()
        assert await office.standings(None, "", 9) == ((), None)

    within(sqlite(tmp_path), Lagging(), work)


def test_an_address_that_is_refused_is_a_field_that_is_wrong(tmp_path: pathlib.Path) -> None:
    """By whatever way it comes; nothing is changed."""

    async def work(office: Partners) -> None:
        refused = "https://192.168.0.1/"
        with pytest.raises(Invalid, match=r"192\.168\.0\.1"):
            await office.subscribe(replace(BLANK, url=refused))
        made = await office.subscribe(BLANK)
        with pytest.raises(Invalid) as caught:
            await office.amend(made.id, None, Wish(url=refused))
        assert [one.pointer for one in caught.value.mistakes] == ["#/url"]
        assert (await office.standing(made.id, None)).subscription.url == HOOK

    within(sqlite(tmp_path), Lagging(), work)


def test_a_database_that_cannot_be_had_is_asked_again(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log says so, and the service goes on."""
    written = tmp_path / "syndicate.toml"
    written.write_text(SETTINGS)
    nowhere = {"SYNDICATE_DATABASE__URL": "postgresql://nobody@127.0.0.1:1/none"}
    settings = load(written, nowhere)
    opened: list[Partners] = []

    async def do() -> None:
        keeping = asyncio.create_task(
            keep_partners(
                settings,
                clock=lambda: samples.NOW,
                shelf=Lagging(),
                ring=lambda: None,
                opened=opened.append,
                restarts=Restarts(),
            )
        )
        said = ""
        while "nobody looks after subscriptions" not in said:
            await asyncio.sleep(0.01)
            said += capsys.readouterr().err
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(do())
    assert not opened


async def _resolve(host: str, _: int) -> list[str]:
    known = {"private.example": ["10.1.2.3"], "mapped.example": ["9.9.9.9", "::ffff:10.1.2.3"]}
    if host not in known:
        raise OSError(-2, "Name or service not known")
    return known[host]


def test_partner_is_not_told_what_the_dns_of_the_operator_answers(tmp_path: pathlib.Path) -> None:
    """Unknown and private names get the same words; the command line says more."""
    names = ("private", "mapped", "unknown")

    async def refusals(office: Partners) -> set[str]:
        said = set()
        for name in names:
            with pytest.raises(Invalid) as caught:
                await office.subscribe(replace(BLANK, url=f"https://{name}.example/"))
            (mistake,) = caught.value.mistakes
            text = f"{mistake.code} {mistake.what} {mistake.hint}"
            said.add(text.replace(name, "NAME"))
        return said

    async def work(office: Partners) -> None:
        office = replace(office, guard=Guard(lookup=_resolve))
        assert len(await refusals(office)) == 3
        (only,) = await refusals(replace(office, is_discreet=True))
        assert "10.1.2.3" not in only
        with pytest.raises(Invalid, match="https"):
            await replace(office, is_discreet=True).subscribe(replace(BLANK, url="ftp://x/"))

    within(sqlite(tmp_path), Lagging(), work)


def test_partner_sees_attempts_without_ip_addresses(tmp_path: pathlib.Path) -> None:
    """The operator, who owns nothing, sees where each went."""

    async def work(office: Partners) -> None:
        async with receiving(answer(204)) as receiver:
            made = await office.subscribe(replace(BLANK, owner="p", url=receiver.url("/hook")))
            assert (await office.trial(made.id)).address == "127.0.0.1"
            assert (await office.trial(made.id, "p")).address == "127.0.0.1"  # of the URL
            assert (await office.trial(made.id, "p")).status == 204

    within(sqlite(tmp_path), Lagging(), work)


def test_the_web_has_limits_that_the_command_line_has_not(tmp_path: pathlib.Path) -> None:
    """The settings say how many subscriptions the tokens of one name may have."""
    written = tmp_path / "syndicate.toml"
    written.write_text(
        f"{SETTINGS}\n[limits]\nsubscriptions_per_token = 1\nold_secrets = 0\n"
        '[delivery]\nallow_http = true\nallow_networks = ["127.0.0.0/8"]\n'
    )
    settings = load(written, {"SYNDICATE_DATABASE__URL": sqlite(tmp_path)})

    async def do() -> None:
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[Partners] = loop.create_future()
        keeping = asyncio.create_task(
            keep_partners(
                settings,
                clock=lambda: samples.NOW,
                shelf=Lagging(),
                ring=lambda: None,
                opened=opened.set_result,
                restarts=Restarts(),
            )
        )
        office = await opened
        made = await office.subscribe(replace(BLANK, owner="p"))
        with pytest.raises(Conflict, match="'p' have 1 subscriptions; 1 are allowed"):
            await office.subscribe(replace(BLANK, owner="p", url=f"{HOOK}/2"))
        assert len((await office.rotate(made.id)).secrets) == 1
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        async with partners(settings) as by_operator:
            made = await by_operator.subscribe(replace(BLANK, owner="p", url=f"{HOOK}/2"))
            assert made.owner == "p"

    asyncio.run(do())


def test_an_administrator_removes_a_subscription_that_cannot_be_read(
    tmp_path: pathlib.Path,
) -> None:
    """Its partner hears that it cannot be read."""

    async def do() -> None:
        async with office_at(sqlite(tmp_path), Lagging(), told=LEDGER) as office:
            made = await office.subscribe(replace(BLANK, owner="partner"))
            with sqlite3.connect(tmp_path / "syndicate.db") as connection:
                connection.execute("UPDATE subscription SET types = 'x'")
            connection.close()
            with pytest.raises(StorageError, match="cannot be read"):
                await office.remove(made.id, "partner")
            await office.remove(made.id, None)
            with pytest.raises(UnknownName):
                await office.remove(made.id, None)

    asyncio.run(do())

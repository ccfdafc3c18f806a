"""Properties of the delivery worker: no stored row and no response affects other subscribers."""

import pathlib
import shutil
import sqlite3
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.storage.schema import DELIVERY, EVENT, SUBSCRIPTION
from tests.channels.receiver import respond, respond_raw, run_receiver
from tests.delivery_fixture import (
    LIMITS,
    RETRY_AFTER,
    execute_sql,
    has_delivery_states,
    received_event_ids,
    running_worker,
    wait_until,
)
from tests.storage.outbox_fixture import open_outbox


@pytest.fixture(scope="module")
async def template(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a database with two subscriptions and two deliveries each, to be copied."""
    made = tmp_path_factory.mktemp("template") / "syndicate.db"
    async with open_outbox(f"sqlite:///{made}") as outbox:
        await outbox.subscribe("a", events=[1, 2])
        await outbox.subscribe("b", events=[3, 4])
    with sqlite3.connect(made) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return made


COLUMNS: Final = [
    *(f"subscription.{column.name}" for column in SUBSCRIPTION.c if column.name != "identity"),
    *(f"delivery.{column.name}" for column in DELIVERY.c),
    *(f"event.{column.name}" for column in EVENT.c),
]
WHERE: Final = {
    "subscription": "id = 'sub_a'",
    "delivery": "subscription_id = 'sub_a' AND seq = 1",
    "event": "id = 'evt_1'",
}
values = (
    st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.sampled_from(["", "[]", "{}", "null", "pending", "leased", "active", b"\xff", 0, 1])
)
mutations = st.lists(st.tuples(st.sampled_from(COLUMNS), values), min_size=1, max_size=3)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations=mutations, as_text=st.booleans())
async def test_any_stored_row_leaves_other_deliveries_alone(
    template: pathlib.Path,
    tmp_path: pathlib.Path,
    mutations: list[tuple[str, object]],
    *,
    as_text: bool,
) -> None:
    """Any value in any column of a subscription, its deliveries and their events."""
    copy = tmp_path / "copy.db"
    for suffix in ("", "-wal", "-shm"):
        pathlib.Path(f"{copy}{suffix}").unlink(missing_ok=True)
    shutil.copy(template, copy)
    with sqlite3.connect(copy) as connection:
        for name, value in mutations:
            table, _, column = name.partition(".")
            new = "CAST(? AS TEXT)" if as_text and isinstance(value, bytes) else "?"
            with suppress(sqlite3.IntegrityError):
                damage = f"UPDATE {table} SET {column} = {new} WHERE {WHERE[table]}"  # noqa: S608
                connection.execute(damage, (value,))
        connection.execute("UPDATE subscription SET url = 'http://127.0.0.1:9/' WHERE id = 'sub_a'")
    connection.close()

    async with (
        open_outbox(f"sqlite:///{copy}") as outbox,
        run_receiver(respond(204)) as receiver,
    ):
        address = "UPDATE subscription SET url = :url WHERE id = 'sub_b'"
        await execute_sql(outbox, address, url=receiver.url())
        async with running_worker(outbox, replace(LIMITS, grace_seconds=0)):
            await wait_until(has_delivery_states(outbox, "b", "delivered", "delivered"))
        assert received_event_ids(receiver, "/hook") == ["evt_3", "evt_4"]


lines = st.sampled_from([b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/2 ", b"http/1.1 ", b"\r\n", b""])
codes = st.sampled_from([b"200", b"100", b"101", b"103", b"204", b"205", b"304", b"410", b"503"])
words = st.sampled_from([b"\r\n", b" OK\r\n", b"\n", b" \xff\r\n", b" " + b"x" * 9_000 + b"\r\n"])
names = st.sampled_from(
    b"retry-after content-length transfer-encoding connection webhook-delivery location x \0".split(
        b" "
    )
)
contents = st.binary(max_size=30) | st.sampled_from(
    [
        b"chunked",
        b"close",
        b"disable",
        b"5",
        b"gzip",
        b"a\r\n b",
        *(x.encode() for x in RETRY_AFTER),
    ]
)
fields = st.builds(lambda name, value: name + b": " + value + b"\r\n", names, contents)
heads = st.builds(
    lambda *parts: b"".join((*parts[:3], *parts[3], b"\r\n")),
    lines,
    codes | st.binary(max_size=4),
    words,
    st.lists(fields, max_size=4),
)
responses = st.lists(
    heads
    | st.binary(max_size=60)
    | st.sampled_from([b"5\r\nhello\r\n", b"0\r\n\r\n", b"x" * 20_000]),
    min_size=1,
    max_size=4,
).map(b"".join)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(response=responses, close=st.booleans())
async def test_any_response_leaves_other_deliveries_alone(
    template: pathlib.Path, tmp_path: pathlib.Path, response: bytes, *, close: bool
) -> None:
    """Any status line, headers and body: the attempt is recorded, and the worker continues."""
    copy = tmp_path / "copy.db"
    for suffix in ("", "-wal", "-shm"):
        pathlib.Path(f"{copy}{suffix}").unlink(missing_ok=True)
    shutil.copy(template, copy)

    async with (
        open_outbox(f"sqlite:///{copy}") as outbox,
        run_receiver(respond_raw(response, close=close)) as hostile,
        run_receiver(respond(204)) as healthy,
    ):
        address = "UPDATE subscription SET url = :url WHERE id = :id"
        await execute_sql(outbox, address, id="sub_a", url=hostile.url())
        await execute_sql(outbox, address, id="sub_b", url=healthy.url())
        limits = replace(LIMITS, timeout=timedelta(seconds=0.3), grace_seconds=0)
        async with running_worker(outbox, limits):
            await wait_until(has_delivery_states(outbox, "b", "delivered", "delivered"))

            async def recorded() -> bool:
                return bool((await outbox.delivery_log.find("sub_a.1"))[1])

            await wait_until(recorded)

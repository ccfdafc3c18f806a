"""Whose turn it is is found out by indexes, however much was ever delivered."""

import pathlib
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event

from syndicate.model.retry import Moment
from tests.storage.mailroom import NOW, Mailroom, done, within

Given = tuple[object, ...] | list[tuple[object, ...]]
"""The parameters of a statement, or of each time that it is executed."""


@contextmanager
def overheard() -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    """Give every statement that is executed meanwhile, with its parameters."""
    heard: list[tuple[str, tuple[object, ...]]] = []

    def hear(_: Connection, __: object, text: str, given: Given, *___: object) -> None:
        heard.append((text, given[0] if isinstance(given, list) else given))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def test_nothing_goes_through_all_that_was_ever_delivered(tmp_path: pathlib.Path) -> None:
    """Only what is being sent is gone through; the rest is looked up."""

    async def work(mailroom: Mailroom) -> None:
        await mailroom.subscribe("a", "b", letters=(1, 2))
        with overheard() as heard:
            claims = await mailroom.claim("one")
            await mailroom.outbox.complete([done(claims[0].delivery)])
            await mailroom.outbox.give_back([claims[1].delivery])
            await mailroom.claim("two")
            await mailroom.outbox.next_due(NOW)
            await mailroom.outbox.depth()
            await mailroom.outbox.reclaim(Moment(now=NOW), dead=["two"])
        statements = [(text, given) for text, given in heard if not text.startswith("BEGIN")]
        assert len(statements) > 15
        async with mailroom.database.read() as connection:
            for text, given in statements:
                found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given)
                steps = [str(row["detail"]) for row in found.mappings()]
                through = [step for step in steps if step.startswith("SCAN delivery")]
                indexes = ("delivery_leased", "delivery_unfinished")
                assert [step for step in through if not step.endswith(indexes)] == [], text

    within(f"sqlite:///{tmp_path / 'syndicate.db'}", work)

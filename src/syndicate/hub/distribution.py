"""Distribution: whoever follows a topic hears what it has become."""

from collections.abc import Callable
from datetime import datetime

from syndicate import telemetry
from syndicate.errors import NotReady, StorageError, SyndicateError, UsageError
from syndicate.model.edition import Edition, Reader
from syndicate.model.feed import Masthead
from syndicate.representation import Press
from syndicate.representation.topic import Topic
from syndicate.storage.database import Database, is_unavailable
from syndicate.storage.topics import State, Topics

_log = telemetry.logger("hub")


class Distributor:
    """Compares what topics are with what their subscribers heard, and puts it into the outbox.

    Args:
        reader: Has the edition in service.
        press: Makes the very bytes that readers are served.
        masthead: Says where our feeds are.
        clock: Tells the time, with a zone.
    """

    def __init__(
        self,
        reader: Reader,
        press: Press,
        masthead: Masthead,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._reader = reader
        self._press = press
        self._masthead = masthead
        self._clock = clock

    async def distribute(self, database: Database, by: str) -> None:
        """Do so for every topic that somebody follows, while ``by`` has the right to tell.

        Nothing is said of a topic to which a source belongs that is not read yet. Raises
        `StorageError`.
        """
        topics = Topics(database)
        heard = await topics.heard(self._clock())
        try:
            for topic in sorted(heard):
                await self._compare(topics, topic, heard[topic], by)
        except StorageError as error:
            if error.code != "lease-lost":
                raise
            _log.warning("another process distributes", reason=error.what)

    async def _compare(self, topics: Topics, topic: str, heard: frozenset[str], by: str) -> None:
        edition = self._reader.edition
        try:
            state = await self._state(topic, edition)
            if heard != {state.tag}:
                made = await topics.spread(state, by, self._clock())
                _log.info("topic distributed", topic=topic, subscribers=made)
        except UsageError as error:
            if not edition.unread:
                ended = await topics.end(topic, error.what, by, self._clock())
                _log.info("topic ended", topic=topic, subscribers=ended)
        except SyndicateError as error:
            if is_unavailable(error):
                raise
            _log.warning("topic not distributed", topic=topic, reason=error.what)
        except Exception:  # noqa: BLE001 — one bad topic stays one bad topic
            _log.exception("topic not distributed", topic=topic)

    async def _state(self, topic: str, edition: Edition) -> State:
        found = Topic.parse(topic, self._masthead, edition)
        selection = edition.feed(found.name).selection.narrow(found.query.selection)
        for unread in edition.unread:
            if selection.sources is None or unread.source.name in selection.sources:
                raise NotReady(f"not read yet: {unread.failing}")
        made = await self._press.feed(self._reader, found.name, found.query, found.form, wait=True)
        return State(
            topic=topic,
            address=found.address(self._masthead),
            tag=made.etag,
            media_type=made.media_type,
            body=made.body,
        )

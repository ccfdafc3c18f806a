"""WebSub distribution: enqueues topics whose content changed for their subscribers."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from syndicate import telemetry
from syndicate.errors import NotReady, StorageError, SyndicateError, UsageError
from syndicate.feeds import FeedCache
from syndicate.feeds.feed_location import parse_topic
from syndicate.model.content_reader import ContentReader
from syndicate.model.edition import Edition
from syndicate.model.feed import ServiceInfo
from syndicate.storage.database import Database, is_unavailable
from syndicate.storage.websub_topics import TopicState, WebSubTopics

_NO_REDIRECTS: Final[Mapping[str, str]] = MappingProxyType({})

_log = telemetry.logger("hub")


class HubDistributor:
    """Compares topics with what their subscribers were sent, and enqueues the changed ones.

    Args:
        reader: Provides the edition in service.
        feed_cache: Provides the bytes that readers are served.
        service_info: Provides the URLs of our feeds.
        clock: Returns the time, with a time zone.
        redirects: Where feeds have moved: their subscribers are sent the feed there.
        notify_verifier: Called when callbacks are to be sent the end of a topic.
    """

    def __init__(  # noqa: PLR0913 — collaborators
        self,
        reader: ContentReader,
        feed_cache: FeedCache,
        service_info: ServiceInfo,
        *,
        clock: Callable[[], datetime],
        redirects: Mapping[str, str] = _NO_REDIRECTS,
        notify_verifier: Callable[[], None] = lambda: None,
    ) -> None:
        self._reader = reader
        self._feed_cache = feed_cache
        self._service_info = service_info
        self._clock = clock
        self._redirects = redirects
        self._notify_verifier = notify_verifier

    async def distribute(self, database: Database, holder: str) -> None:
        """Distribute every topic with subscribers, while ``holder`` holds the publisher lease.

        Topics with a source that was never read are skipped. Raises `StorageError`.
        """
        topics = WebSubTopics(database)
        last_sent_tags = await topics.last_sent_tags(self._clock())
        try:
            for topic in sorted(last_sent_tags):
                await self._distribute_topic(topics, topic, last_sent_tags[topic], holder)
        except StorageError as error:
            if error.code != "lease-lost":
                raise
            _log.warning("topics distributed by another process", reason=error.message)

    async def _distribute_topic(
        self, topics: WebSubTopics, topic: str, last_sent_tags: frozenset[str], holder: str
    ) -> None:
        edition = self._reader.edition
        try:
            state = await self._current_state(topic, edition)
            if last_sent_tags != {state.tag}:
                count = await topics.enqueue_state(state, holder, self._clock())
                _log.info("topic distributed", topic=topic, subscribers=count)
        except UsageError as error:
            if not edition.unavailable:
                ended = await topics.end_topic(topic, error.message, holder, self._clock())
                self._notify_verifier()
                _log.info("topic ended", topic=topic, subscribers=ended)
        except SyndicateError as error:
            if is_unavailable(error):
                raise
            _log.warning("topic not distributed", topic=topic, reason=error.message)
        except Exception:  # noqa: BLE001 — an error with one topic must not stop the others
            _log.exception("topic not distributed", topic=topic)

    async def _current_state(self, topic: str, edition: Edition) -> TopicState:
        request = parse_topic(topic, self._service_info, edition, self._redirects)
        selection = edition.feed(request.name).selection.intersect(request.query.selection)
        for unread in edition.unavailable:
            if selection.sources is None or unread.source.name in selection.sources:
                raise NotReady(f"not read yet: {unread.error}")
        representation = await self._feed_cache.get(
            self._reader, edition, request, removed=self._reader.removed, wait=True
        )
        return TopicState(
            topic=topic,
            canonical_url=request.url(self._service_info),
            tag=representation.etag,
            media_type=representation.media_type,
            body=representation.body,
        )

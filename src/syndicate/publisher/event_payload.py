"""Posts as subscribers see them: what goes into an event."""

from typing import Final, NamedTuple

from syndicate.feeds.formats import FORMATS
from syndicate.model.feed import ServiceInfo
from syndicate.model.post import RenderedPost


class EventPayload(NamedTuple):
    """A post as subscribers see it."""

    title: str
    self_url: str
    item: bytes

    @classmethod
    def from_post(cls, post: RenderedPost, service_info: ServiceInfo) -> "EventPayload":
        """Return ``item`` as it is shown in the name of ``masthead``."""
        return cls(
            title=post.post.title,
            self_url=service_info.url(f"/v1/posts/{post.post.key}"),
            item=FORMATS["json"].write_entry(post, service_info),
        )


EMPTY_PAYLOAD: Final = EventPayload("", "", b"")
"""Of a post that is gone nothing is shown."""

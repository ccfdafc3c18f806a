"""Posts as subscribers see them: what goes into an event."""

from typing import Final, NamedTuple

from syndicate.formats import FORMATS
from syndicate.model.feed import Masthead
from syndicate.model.post import Item


class Shown(NamedTuple):
    """A post as subscribers see it."""

    title: str
    self_url: str
    item: bytes

    @classmethod
    def of(cls, item: Item, masthead: Masthead) -> "Shown":
        """Return ``item`` as it is shown in the name of ``masthead``."""
        return cls(
            title=item.post.title,
            self_url=masthead.url(f"/v1/posts/{item.post.key}"),
            item=FORMATS["json"].entry(item, masthead),
        )


UNSEEN: Final = Shown("", "", b"")
"""Of a post that is gone nothing is shown."""

"""What subscribers would hear, worked out as it is for them, and told to nobody."""

from collections.abc import Mapping
from dataclasses import replace

from syndicate.errors import RepositoryError, UnknownName
from syndicate.model.change import Change, Told, as_told, changes
from syndicate.model.edition import Edition, Part
from syndicate.model.event import Event
from syndicate.model.post import PostId, Source
from syndicate.publisher.comparison import compared
from syndicate.service.newsroom import Newsroom


def events(newsroom: Newsroom, told: Mapping[PostId, Told], edition: Edition) -> tuple[Event, ...]:
    """Return what somebody who wants everything would be told of ``edition``, in that order.

    The events are those of no generation, and hold no item. Raises `RepositoryError`.
    """
    found = compared(newsroom, tuple(changes(told, edition)), edition)
    made = (_event(newsroom, change) for change in found)
    return tuple(sorted((one for one in made if one), key=lambda one: one.post.encode()))


def between(
    newsroom: Newsroom, before: str, after: str, *, source: str = ""
) -> tuple[Edition, tuple[Event, ...]]:
    """Return the edition of the revision ``after``, and what would be told by going there.

    Sources that do not know both revisions are left out, all but ``source`` if it is given.
    Raises `RepositoryError` if none is left, `UnknownName` if there is no such source.
    """
    old: list[Part] = []
    new: list[Part] = []
    refusals: list[RepositoryError] = []
    for one in _sources(newsroom, source):
        try:
            first, second = _parts(newsroom, one, before, after)
        except RepositoryError as error:
            refusals.append(error)
        else:
            old.append(first)
            new.append(second)
    if refusals and not new:
        raise refusals[0]
    at = newsroom.clock()
    edition = newsroom.put_together(new, at=at)
    return edition, events(newsroom, as_told(newsroom.put_together(old, at=at)), edition)


def _sources(newsroom: Newsroom, name: str) -> tuple[Source, ...]:
    known = {source.name: source for source in newsroom.settings.sources}
    if not name:
        return tuple(known.values())
    if name not in known:
        raise UnknownName(
            f"there is no source called {name!r}", code="unknown-source", known=tuple(known)
        )
    return (known[name],)


def _parts(newsroom: Newsroom, source: Source, before: str, after: str) -> tuple[Part, Part]:
    index = newsroom.index(source)
    trouble = ""
    try:
        index.repository.fetch()
    except RepositoryError as error:
        trouble = error.what
    first, second = (index.part(index.repository.resolve(rev)) for rev in (before, after))
    return first, replace(second, failing=trouble or second.failing)


def _event(newsroom: Newsroom, change: Change) -> Event | None:
    telling, row, post = change.telling(), change.row, change.post
    if telling is None or row is None:
        return None
    return Event(
        telling=telling,
        generation=0,
        post=row.post,
        url=row.url,
        source=row.source,
        commit=change.commit,
        at=change.at,
        title=post.title if post else "",
        self_url=newsroom.settings.masthead.url(f"/v1/posts/{post.key}") if post else "",
    )

"""Compute the events that a change would send, without sending them."""

from collections.abc import Mapping
from dataclasses import replace

from syndicate.errors import RepositoryError, UnknownName
from syndicate.model.change import Change, LedgerEntry, changes, ledger_of
from syndicate.model.edition import Edition, SourceSnapshot
from syndicate.model.event import WebhookEvent
from syndicate.model.post import PostId, Source
from syndicate.publisher.event_builder import with_changed_fields
from syndicate.service.content_service import ContentService


def preview_events(
    content: ContentService, recorded: Mapping[PostId, LedgerEntry], edition: Edition
) -> tuple[WebhookEvent, ...]:
    """Return the events of ``edition`` for a subscription without filters, in order.

    They have generation 0 and no item. Raises `RepositoryError`.
    """
    found = with_changed_fields(content.renderer, tuple(changes(recorded, edition)), edition)
    events = (_event(content, change) for change in found)
    return tuple(sorted(filter(None, events), key=lambda event: event.post_id.encode()))


def preview_between(
    content: ContentService, before: str, after: str, *, source: str = ""
) -> tuple[Edition, tuple[WebhookEvent, ...]]:
    """Return the edition of revision ``after``, and the events of publishing it after ``before``.

    Sources that do not have both revisions are left out, and all but ``source`` if it is given.
    Raises `RepositoryError` if none is left, `UnknownName` for an unknown source.
    """
    old: list[SourceSnapshot] = []
    new: list[SourceSnapshot] = []
    errors: list[RepositoryError] = []
    for candidate in _sources(content, source):
        try:
            first, second = _snapshots(content, candidate, before, after)
        except RepositoryError as error:
            errors.append(error)
        else:
            old.append(first)
            new.append(second)
    if errors and not new:
        raise errors[0]
    at = content.clock()
    edition = content.build_edition(new, at=at)
    return edition, preview_events(content, ledger_of(content.build_edition(old, at=at)), edition)


def _sources(content: ContentService, name: str) -> tuple[Source, ...]:
    known = {source.name: source for source in content.settings.sources}
    if not name:
        return tuple(known.values())
    if name not in known:
        raise UnknownName(
            f"there is no source called {name!r}", code="unknown-source", choices=tuple(known)
        )
    return (known[name],)


def _snapshots(
    content: ContentService, source: Source, before: str, after: str
) -> tuple[SourceSnapshot, SourceSnapshot]:
    index = content.index(source)
    fetch_error = ""
    try:
        index.repository.fetch()
    except RepositoryError as error:
        fetch_error = error.message
    first, second = (index.snapshot(index.repository.resolve(rev)) for rev in (before, after))
    return first, replace(second, error=fetch_error or second.error)


def _event(content: ContentService, change: Change) -> WebhookEvent | None:
    post_event, row, post = change.event_for(), change.new_row, change.post
    if post_event is None or row is None:
        return None
    return WebhookEvent(
        post_event=post_event,
        generation=0,
        post_id=row.post_id,
        url=row.url,
        source=row.source,
        commit=change.commit,
        noticed_at=change.noticed_at,
        title=post.own_title if post else "",
        self_url=content.settings.service_info.url(f"/v1/posts/{post.key}") if post else "",
    )

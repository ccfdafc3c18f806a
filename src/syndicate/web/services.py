"""What the web answers from: the ports that the service implements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from syndicate.model.access_token import AccessToken, NewToken, TokenState
from syndicate.model.audit import Actor
from syndicate.model.change import LedgerEntry
from syndicate.model.content_reader import ContentReader
from syndicate.model.delivery import (
    ALL_DELIVERIES,
    Attempt,
    Backlog,
    Delivery,
    DeliverySearch,
    RequestFault,
    SubscriptionStatus,
)
from syndicate.model.edition import Edition
from syndicate.model.explanation import Explanation
from syndicate.model.ledger_cursor import LedgerCursor
from syndicate.model.post import Post
from syndicate.model.search import Excerpts, SearchResult, SearchTerms
from syndicate.model.source_history import CommitReport, SourceReport
from syndicate.model.subscription import Subscription, SubscriptionPatch
from syndicate.model.websub_request import WebSubRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """State of the service apart from its sources, as ``/readyz`` reports it.

    ``is_ready`` from the time every source was tried until the service is ``is_stopping``.
    ``database_error`` is empty if the database works and None if there is none, or none yet while
    ``is_database_starting``. ``is_database_lost`` if an empty one is in the place of that with the
    tokens and subscriptions. ``backlog`` is None if this process delivers nothing.
    ``restarted_components`` are the components that ended recently and were restarted.
    """

    is_ready: bool
    is_stopping: bool = False
    is_database_starting: bool = False
    database_error: str | None = None
    is_database_lost: bool = False
    backlog: Backlog | None = None
    restarted_components: tuple[str, ...] = ()


class AccessManager(Protocol):
    """Authenticates holders of tokens, and keeps their sessions.

    ``address`` is the IP address of the client. Every method may raise `StorageError`.
    """

    async def authenticate(self, text: str, address: str) -> AccessToken:
        """Return the token with the given text; raises `Unauthenticated` unless it is valid now."""
        ...

    async def log_in(self, text: str, address: str) -> str:
        """Return the id of a new session for the token with the given text.

        Raises `Unauthenticated`.
        """
        ...

    async def session_token(self, session_id: str) -> AccessToken | None:
        """Return the token of a session; None if the session or its token is no longer valid."""
        ...

    async def log_out(self, session_id: str, actor: Actor) -> None:
        """End a session."""
        ...

    async def list_tokens(self) -> Sequence[tuple[AccessToken, TokenState]]:
        """Return all tokens with their states, expired and revoked ones too, the oldest first."""
        ...

    async def create_token(self, new: NewToken, actor: Actor) -> tuple[AccessToken, str]:
        """Create a token, and return it with its text; raises `UsageError`."""
        ...

    async def revoke_token(self, token_id: str, actor: Actor) -> AccessToken:
        """Revoke a token, which ends its sessions; raises `UnknownName`."""
        ...

    async def record_failure(self, reason: str, address: str) -> None:
        """Record invalid credentials of another kind in the audit log."""
        ...


class SubscriptionManager(Protocol):
    """Manages subscriptions and their deliveries.

    ``owner`` limits access: subscriptions of others raise `UnknownName` as if they did not exist.
    None means access to all. Every method may raise `StorageError`.
    """

    @property
    def access(self) -> AccessManager:
        """Who may enter."""
        ...

    def acting_as(self, actor: Actor) -> "SubscriptionManager":
        """Return the same manager, whose entries in the audit log name ``actor``."""
        ...

    async def check_url(self, url: str) -> None:
        """Raise `ValidationFailed` if requests to ``url`` are not allowed."""
        ...

    async def subscribe(self, subscription: Subscription) -> Subscription:
        """Store a subscription with a new id and secret, and return it.

        Raises `ValidationFailed` if requests to the URL are not allowed, `Conflict` if the
        subscription exists already, `NotReady` if the posts for a backfill are not available now.
        """
        ...

    async def update(
        self, subscription_id: str, owner: str | None, patch: SubscriptionPatch
    ) -> Subscription:
        """Apply ``patch`` to a subscription, and send the difference between its selections.

        Raises `UnknownName`, `ValidationFailed`, `Conflict` and `NotReady`.
        """
        ...

    async def get(self, subscription_id: str, owner: str | None) -> SubscriptionStatus:
        """Return a subscription with its status; raises `UnknownName`."""
        ...

    async def list_page(
        self, owner: str | None, after: str, limit: int
    ) -> tuple[Sequence[SubscriptionStatus], str | None]:
        """Return a page of subscriptions, the oldest first, and the cursor of the next page.

        ``after`` is empty for the first page. Raises `UsageError` if it is not a cursor.
        """
        ...

    async def remove(self, subscription_id: str, owner: str | None) -> None:
        """Delete a subscription and its deliveries; raises `UnknownName`."""
        ...

    async def rotate(self, subscription_id: str, owner: str | None = None) -> Subscription:
        """Rotate the secret of a subscription; the old one stays valid for a day."""
        ...

    async def send_test(
        self, subscription_id: str, owner: str | None = None, fault: RequestFault = "none"
    ) -> Attempt:
        """Send a signed test request now, outside the order; raises `UnknownName`.

        With a ``fault`` the endpoint must reject it.
        """
        ...

    async def recover(self, subscription_id: str, owner: str | None, since: datetime | None) -> int:
        """Send all live posts, or what changed since a time; return the number of deliveries.

        Raises `UnknownName`, `NotReady`, and `Conflict` if the subscription is disabled.
        """
        ...

    async def deliveries(
        self,
        subscription_id: str,
        owner: str | None,
        *,
        before: int | None,
        limit: int,
        search: DeliverySearch = ALL_DELIVERIES,
    ) -> Sequence[Delivery]:
        """Return deliveries with a seq below ``before`` that match, the newest first."""
        ...

    async def delivery(
        self, delivery_id: str, owner: str | None
    ) -> tuple[Delivery, Sequence[Attempt]]:
        """Return a delivery with all its attempts; raises `UnknownName`."""
        ...

    async def count_deliveries(self, post_id: str) -> Mapping[str, int]:
        """Return the number of subscribers by the state of the latest delivery of a post."""
        ...

    async def replay(self, delivery_id: str, owner: str | None) -> Delivery:
        """Send a delivery again with the same id; raises `UnknownName`."""
        ...

    async def replay_failed(
        self, subscription_id: str | None, owner: str | None, since: datetime
    ) -> int:
        """Send again what failed since a time; return the number of deliveries.

        Raises `UnknownName`.
        """
        ...


class EditorReports(Protocol):
    """Makes reports for editors, also on a branch and at another time.

    ``rev`` is a branch, tag or commit that this host has, empty for what is served; ``at`` a time,
    None for the present. Raises `UnknownName`, `RepositoryError`, and `NotReady` if too many wait.
    """

    async def explain(
        self, text: str, *, rev: str = "", at: datetime | None = None
    ) -> tuple[Explanation, ...]:
        """Explain the posts that ``text`` names: path, file name, URL, key or ID."""
        ...

    async def check(
        self, source: str = "", *, rev: str = "", at: datetime | None = None
    ) -> SourceReport:
        """Return the problems of ``source``, and for a preview the changes in feeds.

        By default of the first source, or of the first one that has ``rev``.
        """
        ...

    async def history(self, source: str) -> tuple[CommitReport, ...]:
        """Return what the last commits of ``source`` changed, the newest first."""
        ...


class PostFinder(Protocol):
    """Finds posts by words of their titles and texts."""

    async def find(
        self, terms: SearchTerms, edition: Edition, posts: Sequence[Post]
    ) -> SearchResult:
        """Return those of ``posts`` of ``edition`` that contain all of ``terms``, in their order.

        Raises `NotReady` if there is no index.
        """
        ...

    async def excerpts(self, terms: SearchTerms, posts: Sequence[Post]) -> Excerpts:
        """Return the matches in titles and texts of ``posts``, without those not indexed."""
        ...


class Services(ContentReader, Protocol):
    """Everything the web serves from: content, search, changes, subscriptions and the hub."""

    @property
    def search(self) -> PostFinder:
        """Finds posts by words."""
        ...

    @property
    def editor_reports(self) -> EditorReports:
        """Reports for editors."""
        ...

    @property
    def readiness(self) -> Readiness:
        """State of the service now; never raises."""
        ...

    async def request_subscription(self, request: WebSubRequest) -> timedelta:
        """Store ``request`` for verification and return zero, or return when to repeat the request.

        Raises `Refused` if requests to the callback are not allowed, `UnknownName` if there is
        nothing to unsubscribe, `StorageError` if the database is unavailable.
        """
        ...

    async def subscription_service(self) -> SubscriptionManager:
        """Return the manager of subscriptions; raises `StorageError` if there is no database."""
        ...

    def refresh(self, source: str) -> None:
        """Read ``source`` now instead of at its next interval; raises `UnknownName`.

        During a read, any number of calls cause one more read after it.
        """
        ...

    async def ledger_entries_after(
        self, after: LedgerCursor | None, limit: int
    ) -> tuple[LedgerCursor, tuple[LedgerEntry, ...]]:
        """Return a cursor and up to ``limit`` ledger entries after it, as they were recorded.

        The cursor is ``after``, or the start for a client without data. Raises `Gone` if ``after``
        does not belong to the ledger, `StorageError` if the database is unavailable.
        """
        ...

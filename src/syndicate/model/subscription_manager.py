"""Management of subscriptions, as the web handlers use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from syndicate.model.access_token import AccessToken
from syndicate.model.delivery import Attempt, Delivery
from syndicate.model.subscription import Subscription, SubscriptionPatch


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStatus:
    """A subscription with the number of its unfinished deliveries and its last attempt."""

    subscription: Subscription
    pending: int = 0
    last_attempt: Attempt | None = None


class SubscriptionManager(Protocol):
    """Manages subscriptions, their deliveries and access tokens.

    ``owner`` limits access: subscriptions of others raise `UnknownName` as if they did not exist.
    None means access to all. Every method may raise `StorageError`.
    """

    async def authenticate(self, text: str) -> AccessToken | None:
        """Return the access token with the given text, or None unless it is valid now."""
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
        """Give a subscription a new secret; the old one signs as well for a day."""
        ...

    async def send_test(self, subscription_id: str, owner: str | None = None) -> Attempt:
        """Send a signed test request now, outside the order; raises `UnknownName`."""
        ...

    async def recover(self, subscription_id: str, owner: str | None, since: datetime | None) -> int:
        """Send all live posts, or what changed since a time; return the number of deliveries.

        Raises `UnknownName`, `NotReady`, and `Conflict` if the subscription is disabled.
        """
        ...

    async def deliveries(
        self, subscription_id: str, owner: str | None, *, before: int | None, limit: int
    ) -> Sequence[Delivery]:
        """Return deliveries with a seq below ``before``, the newest first."""
        ...

    async def delivery(
        self, delivery_id: str, owner: str | None
    ) -> tuple[Delivery, Sequence[Attempt]]:
        """Return a delivery with all its attempts; raises `UnknownName`."""
        ...

    async def replay(self, delivery_id: str, owner: str | None) -> Delivery:
        """Send a delivery again with the same id; raises `UnknownName`."""
        ...

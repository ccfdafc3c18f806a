"""The office: what partners and operators can do, as the web is given it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from syndicate.model.access_token import AccessToken
from syndicate.model.delivery import Attempt, Delivery
from syndicate.model.subscription import Subscription
from syndicate.model.subscription_input import Operation, SubscriptionPatch
from syndicate.model.subscription_status import SubscriptionStatus


class SubscriptionManager(Protocol):
    """Looks after subscriptions and their deliveries.

    ``owner`` is who asks: what is not theirs is `UnknownName` to them as if it were not there;
    None is somebody who sees everything. Every method may raise `StorageError`.
    """

    async def authenticate(self, text: str) -> AccessToken | None:
        """Return the token of which ``text`` was shown; None unless it holds now."""
        ...

    async def parse(self, document: object, operation: Operation) -> SubscriptionPatch:
        """Parse a subscription from JSON.

        Raises `ValidationFailed` with all that is wrong or not allowed.
        """
        ...

    async def subscribe(self, subscription: Subscription) -> Subscription:
        """Store a subscription under an id and with a secret of its own; return that.

        Raises `ValidationFailed` if nothing may be sent there, `Conflict` if it exists already,
        `NotReady`
        where what there is cannot be told at this moment.
        """
        ...

    async def update(
        self, subscription_id: str, owner: str | None, patch: SubscriptionPatch
    ) -> Subscription:
        """Change a subscription as wished, and tell it what another selection means.

        Raises `UnknownName`, `ValidationFailed`, `Conflict` and `NotReady`.
        """
        ...

    async def get(self, subscription_id: str, owner: str | None) -> SubscriptionStatus:
        """Return a subscription; raises `UnknownName`."""
        ...

    async def list_page(
        self, owner: str | None, after: str, limit: int
    ) -> tuple[Sequence[SubscriptionStatus], str | None]:
        """Return a page of subscriptions, the oldest first, and the cursor of the next one.

        Raises `UsageError` if ``after`` is no cursor; it is empty for the first page.
        """
        ...

    async def remove(self, subscription_id: str, owner: str | None) -> None:
        """Forget a subscription and all that was on its way to it; raises `UnknownName`."""
        ...

    async def rotate(self, subscription_id: str, owner: str | None = None) -> Subscription:
        """Give a subscription a new secret; the old one signs as well for a day."""
        ...

    async def send_test(self, subscription_id: str, owner: str | None = None) -> Attempt:
        """Send a signed test at once, outside the order; raises `UnknownName`."""
        ...

    async def recover(self, subscription_id: str, owner: str | None, since: datetime | None) -> int:
        """Tell everything live, or what changed since a time; return how many deliveries that is.

        Raises `UnknownName`, `NotReady`, and `Conflict` if the subscription is disabled.
        """
        ...

    async def deliveries(
        self, subscription_id: str, owner: str | None, *, before: int | None, limit: int
    ) -> Sequence[Delivery]:
        """Return deliveries, the newest first, from below the seq ``before``."""
        ...

    async def delivery(
        self, delivery_id: str, owner: str | None
    ) -> tuple[Delivery, Sequence[Attempt]]:
        """Return a delivery with every attempt; raises `UnknownName`."""
        ...

    async def replay(self, delivery_id: str, owner: str | None) -> Delivery:
        """Send a delivery again, with the same id; raises `UnknownName`."""
        ...

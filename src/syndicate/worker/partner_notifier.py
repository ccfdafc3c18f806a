"""Notifies partners whose endpoint fails, is suspended or disabled, and works again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from syndicate.channels.contact_notifier import ContactNotifier
from syndicate.model.contact import Notice, contact_digest
from syndicate.model.event import rfc3339
from syndicate.model.feed import ServiceInfo
from syndicate.model.redaction import redact_text
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.notifications import (
    ENDPOINT,
    Announcement,
    EndpointHealth,
    Notifications,
)
from syndicate.worker.state_announcer import StateAnnouncer, run_each_minute

FAILING_AFTER: Final = timedelta(hours=1)
"""How long an endpoint fails before its owner is notified."""

WORKING: Final = "working"
_FAILING: Final = "failing"

_SUBJECTS: Final = {
    _FAILING: "Your webhook endpoint has failed for an hour",
    "suspended": "Deliveries to your webhook endpoint are suspended",
    "disabled": "Your webhook subscription was disabled",
    WORKING: "Your webhook endpoint works again",
}
_ADVICE: Final = {
    _FAILING: "Events wait and are sent again. Nothing is lost while we retry.",
    "suspended": "Events wait; one request is sent from time to time until it succeeds.",
    "disabled": "Nothing is sent any more. Repair the endpoint, resume the subscription, and then "
    "recover what it missed.",
    WORKING: "Events that waited are being sent, in order.",
}


class PartnerNotifier:
    """Looks at all endpoints each minute while `run` runs, and notifies each state once.

    Args:
        notifications: Knows the endpoints, their owners' contacts, and what was sent.
        notifier: Sends mail and requests.
        service_info: Title and URLs of the service.
        clock: Returns the time, with a time zone.
    """

    def __init__(
        self,
        notifications: Notifications,
        notifier: ContactNotifier,
        service_info: ServiceInfo,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._notifications = notifications
        self._announcer = StateAnnouncer(ENDPOINT, notifications, notifier, clock=clock)
        self._service_info = service_info
        self._clock = clock

    async def run(self) -> None:
        """Notify until cancelled; an unavailable database is tried again."""
        await run_each_minute(self.notify)

    async def notify(self) -> None:
        """Notify the owners of all endpoints whose state is new since the last notice.

        Those who were not notified of a failure are not notified of its end.
        """
        announced = await self._announcer.announced()
        observed = {announcement.object_id for announcement in announced}
        endpoints = await self._notifications.endpoints(observed)
        now = self._clock()
        contacts = {
            endpoint.id: await self._notifications.contacts(endpoint.owner, now)
            for endpoint in endpoints
        }
        await self._forget_removed(announced, contacts)
        for endpoint in endpoints:
            found = endpoint_state(endpoint, now)
            if found:
                await self._announcer.announce(
                    endpoint.id,
                    "" if found == WORKING else found,
                    contacts[endpoint.id],
                    announced,
                    partial(self._notice, endpoint, found, now),
                )

    async def _forget_removed(
        self,
        announced: Mapping[Announcement, str],
        contacts: Mapping[SubscriptionId, Sequence[str]],
    ) -> None:
        """Forget what was announced of removed subscriptions, and to contacts of no valid token."""
        kept = {
            Announcement(endpoint, contact_digest(contact))
            for endpoint, of_owner in contacts.items()
            for contact in of_owner
        }
        for announcement, state in announced.items():
            if announcement not in kept:
                await self._announcer.forget(announcement, state)

    def _notice(self, endpoint: EndpointHealth, state: str, now: datetime, _before: str) -> Notice:
        return endpoint_notice(endpoint, state, now, self._service_info)


def endpoint_state(endpoint: EndpointHealth, now: datetime) -> str:
    """Return the state that an owner is notified of; empty for one that needs no notice yet.

    What its owner paused is neither failing nor working.
    """
    if endpoint.state in {"suspended", "disabled"}:
        return endpoint.state
    if endpoint.state != "active":
        return ""
    if endpoint.failing_since is None:
        return WORKING
    return _FAILING if now - endpoint.failing_since >= FAILING_AFTER else ""


def endpoint_notice(
    endpoint: EndpointHealth, state: str, now: datetime, service_info: ServiceInfo
) -> Notice:
    """Return the notice about an endpoint, without its path and query, which may be secret."""
    host = urlsplit(endpoint.url).hostname or ""
    reason = redact_text(endpoint.reason)
    lines = [
        f"{_SUBJECTS[state]}.",
        "",
        f"Host:         {host}",
        f"Subscription: {endpoint.id}",
        f"Since:        {rfc3339(endpoint.failing_since or now)}",
        *([f"Reason:       {reason}"] if reason else []),
        "",
        _ADVICE[state],
        "",
        service_info.url(f"/portal/subscriptions/{endpoint.id}"),
        f"{service_info.title}",
        "",
    ]
    return Notice(
        subject=f"{service_info.title}: {_SUBJECTS[state]} ({host})",
        text="\n".join(lines),
        data={
            "type": f"endpoint.{state}",
            "timestamp": rfc3339(now),
            "data": {
                "subscription": endpoint.id,
                "owner": endpoint.owner,
                "host": host,
                "reason": reason,
            },
        },
    )

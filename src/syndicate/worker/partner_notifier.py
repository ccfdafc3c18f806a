"""Notifies partners whose endpoint fails, is suspended or disabled, and works again."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from syndicate import telemetry
from syndicate.channels.contact_notifier import ContactNotifier
from syndicate.errors import StorageError
from syndicate.model.contact import Notice
from syndicate.model.event import rfc3339
from syndicate.model.feed import ServiceInfo
from syndicate.model.redaction import redact_text
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.notifications import (
    ENDPOINT,
    EndpointHealth,
    Notification,
    Notifications,
)

FAILING_AFTER: Final = timedelta(hours=1)
"""How long an endpoint fails before its owner is notified."""

_INTERVAL_SECONDS: Final = 60.0

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

_log = telemetry.logger("notifications")


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
        self._notifier = notifier
        self._service_info = service_info
        self._clock = clock
        self._partly_sent: Final[dict[SubscriptionId, tuple[Notification, set[str]]]] = {}

    async def run(self) -> None:
        """Notify until cancelled; an unavailable database is tried again."""
        while True:
            try:
                await self.notify()
            except StorageError as error:
                _log.warning("database unavailable", reason=error.message)
            await asyncio.sleep(_INTERVAL_SECONDS)

    async def notify(self) -> None:
        """Notify the owners of all endpoints whose state is new since the last notice."""
        observed = {row.object_id: row for row in await self._notifications.of_kind(ENDPOINT)}
        endpoints = {endpoint.id: endpoint for endpoint in await self._notifications.endpoints()}
        for object_id in observed.keys() - endpoints.keys():  # the subscription was removed
            await self._notifications.forget(ENDPOINT, object_id)
        now = self._clock()
        for endpoint in endpoints.values():
            state = endpoint_state(endpoint, now)
            previous = observed.get(endpoint.id)
            if state == "" or (state == WORKING and previous is None):
                continue
            if state == WORKING and previous and is_unsent_failure(previous):
                await self._notifications.forget(ENDPOINT, endpoint.id)
                continue
            notification = await self._notifications.observe(ENDPOINT, endpoint.id, state, now)
            if notification.sent is None and await self._notifications.claim(notification, now):
                await self._send(endpoint, notification, now)

    async def _send(
        self, endpoint: EndpointHealth, notification: Notification, now: datetime
    ) -> None:
        """Send the notice to all contacts of the owner.

        Those that failed are tried again later, and also if this is cancelled.
        """
        try:
            is_sent = await self._send_to_contacts(endpoint, notification, now)
        except BaseException:
            await self._notifications.release(notification)
            raise
        if not is_sent:
            await self._notifications.release(notification)
        elif notification.state == WORKING:
            await self._notifications.forget(ENDPOINT, endpoint.id)

    async def _send_to_contacts(
        self, endpoint: EndpointHealth, notification: Notification, now: datetime
    ) -> bool:
        """Return whether all contacts have the notice; each gets it once."""
        notice = endpoint_notice(endpoint, notification, self._service_info)
        known, sent = self._partly_sent.pop(endpoint.id, (notification, set[str]()))
        sent = sent if known == notification else set()
        contacts = await self._notifications.contacts(endpoint.owner, now)
        for contact in contacts:
            error = "" if contact in sent else await self._notifier.send(contact, notice)
            if error:
                _log.warning("partner not notified", subscription=endpoint.id, reason=error)
            else:
                sent.add(contact)
        is_sent = sent.issuperset(contacts)
        if not is_sent:
            self._partly_sent[endpoint.id] = (notification, sent)
        return is_sent


def is_unsent_failure(notification: Notification) -> bool:
    """Return whether the failure was not announced, so that its end is no news."""
    return notification.state != WORKING and notification.sent is None


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
    endpoint: EndpointHealth, notification: Notification, service_info: ServiceInfo
) -> Notice:
    """Return the notice about an endpoint, without its path and query, which may be secret."""
    host = urlsplit(endpoint.url).hostname or ""
    reason = redact_text(endpoint.reason)
    lines = [
        f"{_SUBJECTS[notification.state]}.",
        "",
        f"Host:         {host}",
        f"Subscription: {endpoint.id}",
        f"Since:        {rfc3339(endpoint.failing_since or notification.since)}",
        *([f"Reason:       {reason}"] if reason else []),
        "",
        _ADVICE[notification.state],
        "",
        service_info.url(f"/portal/subscriptions/{endpoint.id}"),
        f"{service_info.title}",
        "",
    ]
    return Notice(
        subject=f"{service_info.title}: {_SUBJECTS[notification.state]} ({host})",
        text="\n".join(lines),
        data={
            "type": f"endpoint.{notification.state}",
            "timestamp": rfc3339(notification.since),
            "data": {
                "subscription": endpoint.id,
                "owner": endpoint.owner,
                "host": host,
                "reason": reason,
            },
        },
    )

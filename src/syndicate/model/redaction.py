"""Removal of IP addresses that the operator's DNS resolved from what partners see."""

import re
from dataclasses import replace
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from syndicate.model.delivery import Attempt, Delivery
from syndicate.model.subscription import Subscription

NOT_REACHABLE: Final = "the host does not resolve to public IP addresses only"
"""Shown instead of an unknown host name or of the IP address that is not public."""

_LOOKUP_RESULT: Final = re.compile(
    r"(?:no request may go to |\S+(?:, which embeds \S+,)? is not public|"
    r"the name (?:\S+ )?cannot be resolved).*",
    re.DOTALL,
)
"""Error texts of `channels.ssrf_guard` and `channels.transport` about resolving a host name."""

_POSSIBLE_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:]*[:.][0-9A-Fa-f:.]+")


def redact_text(text: str) -> str:
    """Return ``text`` without IP addresses and without the result of a DNS lookup."""
    return _POSSIBLE_ADDRESS.sub(_mask_address, _LOOKUP_RESULT.sub(NOT_REACHABLE, text))


def redact_attempt(attempt: Attempt, url: str) -> Attempt:
    """Return ``attempt`` to deliver to ``url`` as its owner may see it.

    The IP address stays only if the owner wrote it, as the host of ``url``. The operator's command
    line shows everything.
    """
    address = attempt.ip_address if attempt.ip_address == urlsplit(url).hostname else ""
    return replace(attempt, ip_address=address, error=redact_text(attempt.error))


def redact_delivery(delivery: Delivery) -> Delivery:
    """Return ``delivery`` as its owner may see it."""
    return replace(delivery, last_error=redact_text(delivery.last_error))


def redact_subscription(subscription: Subscription) -> Subscription:
    """Return ``subscription`` as its owner may see it."""
    return replace(subscription, state_reason=redact_text(subscription.state_reason))


def _mask_address(match: re.Match[str]) -> str:
    text = match[0].rstrip(".:")
    try:
        ip_address(text)
    except ValueError:
        return match[0]
    return "(IP address)" + match[0][len(text) :]

"""Channels that deliver to subscribers: one module each, over one transport with an SSRF guard."""

from collections.abc import Mapping
from typing import Final

from syndicate.channels import webhook, websub
from syndicate.channels.transport import Channel
from syndicate.model.subscription import SubscriptionKind

CHANNELS: Final[Mapping[SubscriptionKind, Channel]] = {
    "webhook": webhook.send,
    "websub": websub.send,
}
"""Function that sends the deliveries of each kind of subscription."""

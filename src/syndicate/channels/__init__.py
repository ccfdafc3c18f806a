"""The ways out: one file per channel, over one guarded transport."""

from collections.abc import Mapping
from typing import Final

from syndicate.channels import webhook, websub
from syndicate.channels.transport import Channel
from syndicate.model.subscription import SubscriptionKind

CHANNELS: Final[Mapping[SubscriptionKind, Channel]] = {
    "webhook": webhook.send,
    "websub": websub.send,
}
"""How deliveries of each kind of subscription are sent."""

"""What an operator decided about serving, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from syndicate.model.websub_request import DEFAULT_LEASE_LIMITS, LeaseLimits

NO_CACHE: Final = "no-cache"
"""Cache-Control of what may be kept but must be asked about each time."""

NO_STORE: Final = "no-store"
"""Cache-Control of what is true only now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPolicy:
    """How long answers may be kept, what has moved, who may see the metrics, and how often to ask.

    Times in seconds. ``redirects`` are former paths and the path or URL that took their place,
    empty if nothing did; a feed's page stands for its formats. ``metrics_token`` is wanted as a
    bearer token by /metrics, unless it is empty. ``requests_per_minute`` of one client are
    answered, any number if it is 0; who that is, ``proxies`` in front say (see `web.timeout`).
    ``hook_secrets`` are shared with git hosts, by source; one without is not in there.
    ``leases`` are for how long the hub grants subscriptions. The last two are as in
    `web.client_limits`.
    """

    max_age: int = 300
    stale_while_revalidate: int = 600
    stale_if_error: int = 86_400
    redirects: Mapping[str, str] = field(default_factory=dict)
    metrics_token: str = ""
    requests_per_minute: int = 0
    proxies: int = 0
    hook_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    leases: LeaseLimits = DEFAULT_LEASE_LIMITS
    unauthenticated_posts_per_minute: int = 120
    failed_authentications_per_minute: int = 20

    @property
    def cache_control(self) -> str:
        """Cache-Control of everything that anybody may keep (RFC 9111, RFC 5861)."""
        return (
            f"public, max-age={self.max_age}, "
            f"stale-while-revalidate={self.stale_while_revalidate}, "
            f"stale-if-error={self.stale_if_error}"
        )

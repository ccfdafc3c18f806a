"""The HTTP policy: caching, redirects and limits, as the operator set them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from syndicate.model.edition import Edition
from syndicate.model.websub_request import DEFAULT_LEASE_LIMITS, LeaseLimits

NO_CACHE: Final = "no-cache"
"""Cache-Control of responses that caches must revalidate each time."""

NO_STORE: Final = "no-store"
"""Cache-Control of responses that must not be stored."""

REPLACE_IN_NGINX: Final = ((b"x-accel-expires", b"30"),)
"""Lets nginx store a response for 30 seconds in place of what it has, although others may not.

Where it may store nothing, it keeps the stale copy with a post that was withdrawn, and serves it
for as long as that was allowed to be stale. nginx reads this field before Cache-Control, and passes
it on to nobody.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpPolicy:
    """What an operator decided about HTTP: caching, redirects, limits and secrets.

    Times are in seconds. ``redirects`` maps paths that have moved to a path or URL, which is empty
    where the page was withdrawn; a redirect of a feed's page applies to its formats, too. With a
    ``metrics_token``, /metrics requires it as a bearer token. ``requests_per_minute`` limits each
    client, 0 means unlimited; ``proxies`` is the number of trusted reverse proxies (see
    `web.http.rate_limit`, also for the last two). ``hook_secrets`` are shared with git hosts, by
    source. ``leases`` bounds the leases that the hub grants. ``delivery_timeout_seconds`` and
    ``delivery_attempts`` are what webhook subscribers can rely on, ``egress`` is where their
    requests come from (CIDR). With ``pages_open``, everybody may see the explanations and problems
    of what is served at present.
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
    delivery_timeout_seconds: float = 15
    delivery_attempts: int = 11
    docs_folder: str = ""
    """Folder of the built documentation, empty if none is served."""
    egress: tuple[str, ...] = ()
    pages_open: bool = False

    cache_control: str = field(init=False)
    """Cache-Control of everything that shared caches may store (RFC 9111, RFC 5861)."""

    def cache_control_of(self, edition: Edition | None) -> str:
        """Return Cache-Control of the documents of ``edition``, or of those without posts.

        While caches may still have a post that the operator withdrew, they store nothing.
        """
        if edition is not None and time.time() < self.no_store_until(edition):
            return NO_STORE
        return self.cache_control

    def no_store_until(self, edition: Edition) -> float:
        """Return until when (`time.time`) documents of ``edition`` must not be stored, else 0.

        That is as long as caches may use what they stored before a post was withdrawn.
        """
        if edition.withdrawn is None:
            return 0.0
        seconds = self.max_age + max(self.stale_while_revalidate, self.stale_if_error)
        return edition.withdrawn.timestamp() + seconds

    def __post_init__(self) -> None:
        """Write Cache-Control once."""
        value = (
            f"public, max-age={self.max_age}, "
            f"stale-while-revalidate={self.stale_while_revalidate}, "
            f"stale-if-error={self.stale_if_error}"
        )
        object.__setattr__(self, "cache_control", value)

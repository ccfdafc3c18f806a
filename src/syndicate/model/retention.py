"""How long deliveries, responses, audit entries and addresses of clients are kept."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

UNDELIVERED_FACTOR: Final = 3
"""Deliveries that did not arrive are kept this many times as long as those that did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what is kept: ``deliveries`` from their end, the others from their time.

    ``responses`` are what endpoints answered; ``client_addresses`` are in audit entries.
    """

    deliveries: timedelta = timedelta(days=30)
    responses: timedelta = timedelta(days=7)
    audit: timedelta = timedelta(days=913)
    client_addresses: timedelta = timedelta(days=90)

    @classmethod
    def from_days(
        cls, *, deliveries: int, responses: int, audit: int, client_addresses: int
    ) -> Self:
        """Return the retention with the days of the settings."""
        return cls(
            deliveries=timedelta(days=deliveries),
            responses=timedelta(days=responses),
            audit=timedelta(days=audit),
            client_addresses=timedelta(days=client_addresses),
        )

    @property
    def undelivered(self) -> timedelta:
        """How long deliveries are kept that did not arrive, so that they can be replayed."""
        return self.deliveries * UNDELIVERED_FACTOR


DEFAULT_RETENTION: Final = Retention()

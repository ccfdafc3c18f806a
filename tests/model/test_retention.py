"""How long deliveries and audit entries are kept."""

from datetime import timedelta

from syndicate.model.retention import Retention


def test_retention_is_in_days() -> None:
    """What did not arrive is kept three times as long."""
    retention = Retention.from_days(deliveries=10, responses=5, audit=100, client_addresses=50)
    assert retention == Retention(
        deliveries=timedelta(days=10),
        responses=timedelta(days=5),
        audit=timedelta(days=100),
        client_addresses=timedelta(days=50),
    )
    assert retention.undelivered == timedelta(days=30)

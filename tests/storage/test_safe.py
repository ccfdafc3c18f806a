"""The safe for subscribers' secrets."""

from datetime import UTC, datetime

import pytest

from syndicate.errors import StorageError
from syndicate.model.signature import Secret
from syndicate.model.subscription import SubscriptionId
from syndicate.storage.safe import Safe

ONE, TWO = SubscriptionId("sub_1"), SubscriptionId("sub_2")
SECRETS = (
    Secret(key=b"a" * 24),
    Secret(key=b"b" * 64, until=datetime(2024, 6, 1, tzinfo=UTC)),
    Secret(key="kürzer".encode()),
)


@pytest.mark.parametrize("key", ["", "a passphrase"])
def test_secrets_come_back_as_they_were(key: str) -> None:
    """In their order, with their ends; a WebSub subscriber chose one as it liked."""
    safe = Safe(key)
    assert safe.load(ONE, safe.store(ONE, SECRETS)) == SECRETS


def test_with_a_key_nothing_is_readable() -> None:
    """Without one it is; and the same secret looks different each time."""
    assert SECRETS[0].text in Safe().store(ONE, SECRETS)
    stored = Safe("key").store(ONE, SECRETS)
    assert SECRETS[0].text not in stored
    assert "whsec_" not in stored
    assert stored != Safe("key").store(ONE, SECRETS)


def test_what_was_stored_readable_is_read_with_a_key() -> None:
    """An operator may introduce a key at any time."""
    assert Safe("key").load(ONE, Safe().store(ONE, SECRETS)) == SECRETS


@pytest.mark.parametrize(("key", "of"), [("", ONE), ("other", ONE), ("key", TWO)])
def test_another_key_or_another_subscription_opens_nothing(key: str, of: SubscriptionId) -> None:
    """The error names the setting."""
    stored = Safe("key").store(ONE, SECRETS)
    with pytest.raises(StorageError) as refused:
        Safe(key).load(of, stored)
    assert refused.value.code == "wrong-secret-key"
    assert "secret_key" in refused.value.hint

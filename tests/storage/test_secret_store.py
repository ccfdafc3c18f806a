"""Encoding and encrypting the secrets of subscriptions."""

from datetime import UTC, datetime

import pytest

from syndicate.errors import StorageError
from syndicate.model.subscription import SubscriptionId
from syndicate.model.webhook_signature import Secret
from syndicate.storage.secret_store import SecretStore

ONE, TWO = SubscriptionId("sub_1"), SubscriptionId("sub_2")
SECRETS = (
    Secret(key=b"a" * 24),
    Secret(key=b"b" * 64, valid_until=datetime(2024, 6, 1, tzinfo=UTC)),
    Secret(key="kürzer".encode()),
)


@pytest.mark.parametrize("key", ["", "a passphrase"])
def test_secrets_are_decoded_as_they_were(key: str) -> None:
    """In their order, with their expiry; a WebSub subscriber chose one itself."""
    secret_store = SecretStore(key)
    assert secret_store.decode(ONE, secret_store.encode(ONE, SECRETS)) == SECRETS


def test_key_encrypts_secrets() -> None:
    """Without one they are plain text; the same secret looks different each time."""
    assert SECRETS[0].text in SecretStore().encode(ONE, SECRETS)
    stored = SecretStore("key").encode(ONE, SECRETS)
    assert SECRETS[0].text not in stored
    assert "whsec_" not in stored
    assert stored != SecretStore("key").encode(ONE, SECRETS)


def test_plain_text_is_decoded_with_a_key() -> None:
    """An operator may introduce a key at any time."""
    assert SecretStore("key").decode(ONE, SecretStore().encode(ONE, SECRETS)) == SECRETS


@pytest.mark.parametrize(("key", "of"), [("", ONE), ("other", ONE), ("key", TWO)])
def test_wrong_key_or_subscription_is_an_error(key: str, of: SubscriptionId) -> None:
    """The error names the setting."""
    stored = SecretStore("key").encode(ONE, SECRETS)
    with pytest.raises(StorageError) as refused:
        SecretStore(key).decode(of, stored)
    assert refused.value.code == "wrong-secret-key"
    assert "secret_key" in refused.value.hint


def test_previous_keys_decrypt_and_only_the_key_encrypts() -> None:
    """So a process reads what another one stores before and after the key is replaced."""
    store = SecretStore("new", ["older", "old"])
    old = SecretStore("old").encode(ONE, SECRETS)
    assert store.decode(ONE, old) == SECRETS
    assert SecretStore("new").decode(ONE, store.encode(ONE, SECRETS)) == SECRETS
    assert not store.is_current(ONE, old)
    assert store.is_current(ONE, store.encode(ONE, SECRETS))


@pytest.mark.parametrize(
    ("key", "stored_with", "is_current"),
    [("", "", True), ("key", "", False), ("", "key", False), ("key", "key", True)],
)
def test_store_knows_what_it_would_write(key: str, stored_with: str, *, is_current: bool) -> None:
    """Plain text is current only without a key."""
    stored = SecretStore(stored_with).encode(ONE, SECRETS)
    assert SecretStore(key).is_current(ONE, stored) is is_current

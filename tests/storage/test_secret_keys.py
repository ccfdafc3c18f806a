"""Keys of the secrets in a database: rotation, and processes with the key of another service."""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select, update

from syndicate.errors import StorageError
from syndicate.model.audit import SERVICE
from syndicate.model.subscription import SubscriptionId, pause, rotate_secret
from syndicate.storage import secret_keys
from syndicate.storage.audit_log import AuditLog
from syndicate.storage.database import Database
from syndicate.storage.schema import SUBSCRIPTION
from syndicate.storage.secret_keys import (
    KeyRotation,
    check_key,
    count_unreadable,
    rotate_keys,
)
from syndicate.storage.secret_store import SecretStore
from syndicate.storage.subscriptions import Subscriptions
from syndicate.storage.websub_requests import WebSubRequests, store_request
from tests.databases import open_database
from tests.storage.hub_fixture import subscription_request
from tests.storage.outbox_fixture import NOW, SECRET, change_subscription, open_outbox, subscriber

REQUEST = subscription_request("1", secret=b"s" * 24)
NEW = SecretStore("new", ["old"])


def checking(key: str = "", *previous: str) -> SecretStore:
    """Return what a process of the service has with these keys."""
    return SecretStore(key, previous, checks_key=True)


async def store_secrets(address: str, *names: str, key: str = "old") -> None:
    """Add subscriptions whose secrets are encrypted under ``key``."""
    async with open_outbox(address, key=key) as outbox_fixture:
        await outbox_fixture.subscribe(*names)


async def rotate(database: Database, secret_store: SecretStore) -> KeyRotation:
    """Rotate the keys of a database."""
    return await rotate_keys(database, secret_store, now=NOW, actor=SERVICE)


async def check(database: Database, secret_store: SecretStore) -> None:
    """Check the key for a database."""
    async with database.read() as connection:
        await check_key(connection, secret_store)


async def test_rotation_encrypts_header_fields_too(address: str) -> None:
    """Also where the secrets have the new key already; unreadable ones are kept as they are."""
    async with open_outbox(address, key="old") as outbox_fixture:
        with_headers = replace(subscriber("a"), headers=(("X-A", "b"),))
        await outbox_fixture.subscriptions.add(with_headers, NOW)
    async with open_database(address) as database:
        async with database.read() as connection:
            query = select(SUBSCRIPTION.c.secrets, SUBSCRIPTION.c.headers)
            stored = (await connection.execute(query)).one()
        assert "X-A" not in stored.headers
        unreadable = SecretStore("other")
        await change_subscription(database, unreadable, "sub_a", pause)
        (found,) = await Subscriptions(database, SecretStore("old")).list()
        assert found.headers == (("X-A", "b"),)
        (sealed,) = await Subscriptions(database, unreadable).list()
        assert (sealed.headers, bool(sealed.unreadable_secret)) == ((), True)

        assert await rotate(database, NEW) == KeyRotation(encrypted=1)
        async with database.write() as connection:
            await connection.execute(update(SUBSCRIPTION).values(headers=stored.headers))
        assert await rotate(database, NEW) == KeyRotation(encrypted=1)
        assert await rotate(database, NEW) == KeyRotation(current=1)
        (found,) = await Subscriptions(database, SecretStore("new")).list()
        assert found.headers == (("X-A", "b"),)
        async with database.write() as connection:
            await connection.execute(update(SUBSCRIPTION).values(headers="[1]"))
        assert await rotate(database, NEW) == KeyRotation(unreadable=1)


async def test_rotation_encrypts_every_secret_under_the_new_key(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In batches; the old key then decrypts none. The audit log has the numbers."""
    monkeypatch.setattr(secret_keys, "_BATCH_ROWS", 2)
    await store_secrets(address, "a", "b", "c")
    async with open_database(address) as database:
        assert await rotate(database, NEW) == KeyRotation(encrypted=3)

        found = await Subscriptions(database, SecretStore("new")).list()
        assert [each.secrets for each in found] == [(SECRET,)] * 3
        with pytest.raises(StorageError):
            await check(database, checking("old"))
        (entry,) = await AuditLog(database).latest()
        assert (entry.action, entry.detail) == (
            "keys.rotated",
            {"encrypted": 3, "current": 0, "unreadable": 0},
        )


async def test_rotation_can_be_repeated(address: str) -> None:
    """Secrets with the current key are not written again."""
    await store_secrets(address, "a")
    await store_secrets(address, "b", key="new")
    async with open_database(address) as database:
        assert await rotate(database, NEW) == KeyRotation(encrypted=1, current=1)
        assert await rotate(database, NEW) == KeyRotation(current=2)


async def test_rotation_leaves_secrets_of_unknown_keys_alone(address: str) -> None:
    """The key may be found again."""
    await store_secrets(address, "a", key="lost")
    async with open_database(address) as database:
        assert await rotate(database, NEW) == KeyRotation(unreadable=1)
        (found,) = await Subscriptions(database, SecretStore("lost")).list()
        assert found.secrets == (SECRET,)


async def test_plain_text_is_encrypted_and_decrypted_by_rotation(address: str) -> None:
    """When an operator sets a key for the first time, and when one removes it."""
    await store_secrets(address, "a", key="")
    async with open_database(address) as database:
        assert await rotate(database, SecretStore("new")) == KeyRotation(encrypted=1)
        assert await rotate(database, SecretStore("", ["new"])) == KeyRotation(encrypted=1)
        assert await rotate(database, SecretStore()) == KeyRotation(current=1)


async def test_secrets_of_websub_requests_are_rotated(address: str) -> None:
    """Those that wait for their verification."""
    async with open_database(address) as database:
        async with database.write() as connection:
            await store_request(connection, REQUEST, SecretStore("old"), NOW)
        assert await rotate(database, NEW) == KeyRotation(encrypted=1)
        requests = WebSubRequests(database, SecretStore("new"))
        assert len(await requests.claim(1, token="t", now=NOW, lease=NOW - NOW)) == 1


async def test_key_of_another_service_is_an_error(address: str) -> None:
    """Also an empty one; a previous key, and one of a part of the secrets, are right."""
    await store_secrets(address, "a")
    await store_secrets(address, "b", key="third")
    async with open_database(address) as database:
        for wrong in (checking("wrong"), checking()):
            with pytest.raises(StorageError) as refused:
                await check(database, wrong)
            assert refused.value.code == "wrong-secret-key"
        for right in (checking("old"), checking("third"), checking("new", "old")):
            await check(database, right)
        async with database.read() as connection:
            assert await count_unreadable(connection, NEW) == 1


async def test_unreadable_header_fields_are_counted(address: str) -> None:
    """Also where the secret can be read; a subscription counts once."""
    await store_secrets(address, "a", "b")
    other_key = SecretStore("third")
    async with open_database(address) as database:
        headers = other_key.encode_headers(SubscriptionId("sub_a"), (("X-A", "b"),))
        async with database.write() as connection:
            statement = update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == "sub_a")
            await connection.execute(statement.values(headers=headers))
        async with database.read() as connection:
            assert await count_unreadable(connection, NEW) == 1
            assert await count_unreadable(connection, other_key) == 2
        rotate_now = partial(rotate_secret, secret=SECRET, at=NOW)
        await change_subscription(database, NEW, "sub_a", rotate_now)
        async with database.read() as connection:
            assert await count_unreadable(connection, NEW) == 0


async def test_any_key_is_right_for_a_database_without_encrypted_secrets(address: str) -> None:
    """It has no subscriptions, or plain text."""
    async with open_database(address) as database:
        await check(database, checking("new"))
        await store_secrets(address, "a", key="")
        await check(database, checking("new"))


async def test_one_readable_secret_of_many_is_found(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not among the first ones."""
    monkeypatch.setattr(secret_keys, "_FIRST_ROWS", 1)
    await store_secrets(address, "a", "b", key="lost")
    await store_secrets(address, "c", key="new")
    async with open_database(address) as database:
        await check(database, checking("new"))


async def test_process_of_the_service_with_a_wrong_key_stores_no_secrets(address: str) -> None:
    """It neither adds nor changes subscriptions, nor stores requests of the hub."""
    await store_secrets(address, "a")
    wrong = checking("wrong")
    async with open_database(address) as database:
        with pytest.raises(StorageError, match="decrypts none"):
            await Subscriptions(database, wrong).add(subscriber("b"), NOW)
        with pytest.raises(StorageError, match="decrypts none"):
            await change_subscription(database, wrong, "sub_a", pause)
        with pytest.raises(StorageError, match="decrypts none"):
            async with database.write() as connection:
                await store_request(connection, REQUEST, wrong, NOW)

        await Subscriptions(database, checking("old")).add(subscriber("b"), NOW)


async def test_damaged_secret_is_unreadable(address: str) -> None:
    """It does not make a key wrong: there is no encrypted secret."""
    await store_secrets(address, "a")
    async with open_database(address) as database:
        async with database.write() as connection:
            await connection.execute(
                update(SUBSCRIPTION)
                .where(SUBSCRIPTION.c.id == SubscriptionId("sub_a"))
                .values(secrets="damaged")
            )
        await check(database, checking("new"))
        assert await rotate(database, NEW) == KeyRotation(unreadable=1)

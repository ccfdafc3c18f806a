"""The keys that encrypt subscribers' secrets, from the settings."""

from syndicate.settings import Settings
from syndicate.storage.secret_store import SecretStore


def make_secret_store(settings: Settings, *, checks_key: bool = False) -> SecretStore:
    """Return what encrypts and decrypts secrets; ``checks_key`` is that of `SecretStore`."""
    service = settings.service
    return SecretStore(service.secret_key, service.previous_secret_keys, checks_key=checks_key)

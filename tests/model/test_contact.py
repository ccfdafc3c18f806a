"""Contacts: which are accepted, and which are email addresses."""

import pytest

from syndicate.errors import UsageError
from syndicate.model.contact import check_contact, email_address


@pytest.mark.parametrize(
    ("contact", "email"),
    [
        ("", ""),
        ("web-team@example.gov", "web-team@example.gov"),
        ("mailto:web+team@mail.example.gov", "web+team@mail.example.gov"),
        ("https://chat.example/hook?key=1", ""),
    ],
)
def test_valid_contact_is_accepted(contact: str, email: str) -> None:
    """Either an email address or a URL."""
    check_contact(contact)
    assert email_address(contact) == email


@pytest.mark.parametrize(
    "contact",
    [
        "web-team",
        "a@b",
        "a@example.gov\nBcc: b@example.gov",
        f"{'a' * 250}@example.gov",
        "http://chat.example/hook",
        "https://",
        "https://user@chat.example/",
        "https://chat.example/\x07",
        "https://chat.example/a b",
        "https://chat.example:99999/",
        "https://[chat",
        "mailto:https://[chat",
    ],
)
def test_other_contact_is_refused(contact: str) -> None:
    """With an example of a valid one."""
    with pytest.raises(UsageError) as caught:
        check_contact(contact)
    assert caught.value.code == "malformed-contact"
    assert "example.gov" in caught.value.hint

"""The mail server in the settings."""

import pathlib
from typing import Final

import pytest

from syndicate.errors import SettingsError
from syndicate.settings import load

SOURCE: Final = """[[sources]]
name = "news"
repository = "content"
id_authority = "www.example.gov"

"""


def test_mail_server_is_read(tmp_path: pathlib.Path) -> None:
    """Its password is not displayed, and the address is that of the header field."""
    file = tmp_path / "syndicate.toml"
    mail = 'smtp_url = "smtps://feeds:pass@mail.example.gov"\nfrom = "mailto:a@b.gov"'
    file.write_text(f"{SOURCE}[mail]\n{mail}\n")
    settings = load(file, {})
    assert settings.mail.sender == "a@b.gov"
    assert "pass@" not in str(settings.displayed)


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ('smtp_url = "mail.example.gov"\nfrom = "a@b.gov"', "mail.smtp_url: expected smtp://"),
        ('smtp_url = "smtp://a.gov:99999"\nfrom = "a@b.gov"', "mail.smtp_url: expected smtp://"),
        ('smtp_url = "smtp://a:b#c@d.gov"\nfrom = "a@b.gov"', "mail.smtp_url: expected smtp://"),
        ('smtp_url = "smtp://mail.example.gov"', 'mail: expected from = "…" beside smtp_url'),
        ('from = "nobody"', "mail.from: expected an email address"),
        ('from = "https://chat.example"', "mail.from: expected an email address"),
    ],
)
def test_wrong_mail_server_is_an_error(tmp_path: pathlib.Path, lines: str, error: str) -> None:
    """By the name of the setting."""
    file = tmp_path / "syndicate.toml"
    file.write_text(f"{SOURCE}[mail]\n{lines}\n")
    with pytest.raises(SettingsError) as caught:
        load(file, {})
    assert [message.startswith(error) for message in caught.value.errors] == [True]

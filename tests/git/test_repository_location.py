"""A location is a folder or a URL, and its secrets are redacted."""

import pathlib

import pytest

from syndicate.git.repository_location import RepositoryLocation


@pytest.mark.parametrize(
    ("text", "is_remote", "is_file"),
    [
        ("https://example.gov/site.git", True, False),
        ("ssh://git@example.gov:2222/site", True, False),
        ("SSH://git@example.gov/site", True, False),
        ("file:///srv/site.git", True, True),
        ("git@example.gov:agency/site.git", True, False),
        ("host:site", True, False),
        ("/srv/with:colon", False, False),
        ("./with:colon", False, False),
        ("-odd:option", False, False),
        ("site", False, False),
        ("", False, False),
    ],
)
def test_urls_and_paths_are_distinguished(text: str, *, is_remote: bool, is_file: bool) -> None:
    """As by git: a colon before the first slash means ssh."""
    location = RepositoryLocation.parse(text)
    assert (location.is_remote, location.is_file_url) == (is_remote, is_file)
    assert location.path_or_url == (text if is_remote else str(pathlib.Path(text).absolute()))


def test_tilde_is_the_home_folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell; the tilde of an unknown user is literal."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert RepositoryLocation.parse("~/site").path_or_url == str(tmp_path / "site")
    assert RepositoryLocation.parse("~nobody-at-all/site").path_or_url.endswith(
        "/~nobody-at-all/site"
    )


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://token@example.gov/x", "https://…@example.gov/x"),
        ("https://user:pa%20ss@example.gov/x", "https://…@example.gov/x"),
        ("ssh://git:secret@example.gov/x", "ssh://…@example.gov/x"),
        ("ssh://git@example.gov/x", "ssh://git@example.gov/x"),
        ("https://example.gov/@x", "https://example.gov/@x"),
    ],
)
def test_credentials_in_urls_are_redacted(address: str, shown: str) -> None:
    """Passwords and tokens; the user name of ssh is not secret."""
    location = RepositoryLocation.parse(address)
    assert location.redacted == shown
    assert location.label == f"repository {shown}"
    assert RepositoryLocation.parse(address, source_name="usds").label == "source usds"


def test_mirror_name_is_readable_stable_and_unique() -> None:
    """It is the same every time, and differs between similar URLs."""
    addresses = (
        "https://example.gov/agency/Site_Source.git/",
        "https://example.gov/other/Site_Source.git",
        "git@example.gov:site-source",
        "git@example.gov:agency/site-source.git",
    )
    stems = [RepositoryLocation.parse(address).mirror_name for address in addresses]
    assert [stem.rpartition("-")[0] for stem in stems] == ["site-source"] * 4
    assert len(set(stems)) == 4
    assert stems == [RepositoryLocation.parse(address).mirror_name for address in addresses]
    assert RepositoryLocation.parse("https://example.gov/").mirror_name.startswith("repository-")

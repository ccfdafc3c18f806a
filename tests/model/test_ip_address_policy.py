"""IP address policy: every form of address, and a comparison with the standard library."""

import csv
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.ip_address_policy import RESERVED_RANGES, check_address

TABLE = Path(__file__).parents[1] / "data" / "addresses.tsv"
FORMS = list(csv.reader(TABLE.read_text().splitlines()[1:], delimiter="\t"))


@pytest.mark.parametrize(("text", "rule"), FORMS, ids=[form[0] for form in FORMS])
def test_address_is_public_or_in_the_expected_range(text: str, rule: str) -> None:
    """Each listed form is public, or refused with the purpose written beside it."""
    block = check_address(ip_address(text)).reserved_range
    assert (block.purpose if block else "public") == rule


def test_at_least_sixty_forms_are_listed() -> None:
    """At least sixty forms of addresses that are not public."""
    assert sum(rule != "public" for _, rule in FORMS) >= 60


def test_every_reserved_range_has_a_form() -> None:
    """No range of the table is without a form that only this range refuses."""
    refused = {check_address(ip_address(text)).reserved_range for text, _ in FORMS}
    assert [block for block in RESERVED_RANGES if block not in refused] == []


@given(st.ip_addresses())
def test_addresses_that_are_not_global_are_refused(
    address: IPv4Address | IPv6Address,
) -> None:
    """The table is at least as strict as `is_global`; mapped addresses differ."""
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    if not address.is_global and not mapped:
        assert check_address(address).reserved_range is not None


@given(st.ip_addresses(v=4))
def test_mapped_address_is_checked_as_its_ipv4_address(address: IPv4Address) -> None:
    """Mapped and NAT64 forms of an IPv4 address are refused by its own range."""
    block = check_address(address).reserved_range
    assert check_address(IPv6Address(f"::ffff:{address}")).reserved_range == block
    assert check_address(IPv6Address(f"64:ff9b::{address}")).reserved_range == block


def test_allowed_network_allows_only_its_addresses() -> None:
    """Addresses inside an allowed network pass, addresses beside it do not."""
    allowed = (ip_network("10.1.0.0/16"), ip_network("::1/128"))
    assert check_address(ip_address("10.1.2.3"), allowed).reserved_range is None
    assert check_address(ip_address("::ffff:10.1.2.3"), allowed).reserved_range is None
    assert check_address(ip_address("::1"), allowed).reserved_range is None
    assert check_address(ip_address("10.2.0.1"), allowed).reserved_range is not None
    assert check_address(ip_address("::2"), allowed).reserved_range is not None


@pytest.mark.parametrize(
    ("network", "inside"),
    [
        ("64:ff9b:1::/48", "64:ff9b:1::127.0.0.1"),
        ("2002::/16", "2002:7f00:1::1"),
        ("2001::/32", "2001:0:808:808:0:0:80ff:fffe"),
        ("2001::/32", "2001:0:7f00:1:0:0:f7f7:f7f7"),
        ("::/96", "::127.0.0.1"),
    ],
)
def test_allowed_tunnel_does_not_allow_embedded_loopback(network: str, inside: str) -> None:
    """The IPv4 address embedded in an allowed network is checked by itself."""
    block = check_address(ip_address(inside), (ip_network(network),)).reserved_range
    assert block is not None
    assert block.purpose == "loopback"


def test_refusal_names_address_purpose_and_reference() -> None:
    """The text has the address, the embedded address, the purpose and the document."""
    assert (
        str(check_address(ip_address("10.0.0.1")))
        == "10.0.0.1 is not public: private use (RFC 1918)"
    )
    assert str(check_address(ip_address("64:ff9b::a00:1"))) == (
        "64:ff9b::a00:1, which embeds 10.0.0.1, is not public: private use (RFC 1918)"
    )
    assert str(check_address(ip_address("8.8.8.8"))) == "8.8.8.8 may be dialled"

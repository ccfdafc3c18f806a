"""Which addresses may be dialled, form by form and by comparison with the standard library."""

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
def test_every_form_meets_its_rule(text: str, rule: str) -> None:
    """Each listed form is public, or refused by the rule written beside it."""
    block = check_address(ip_address(text)).reserved_range
    assert (block.purpose if block else "public") == rule


def test_the_list_of_forms_is_long_enough() -> None:
    """At least sixty forms of addresses that are not public stand in the list."""
    assert sum(rule != "public" for _, rule in FORMS) >= 60


def test_every_block_is_met_by_a_form() -> None:
    """No block stands in the table without a form that only it refuses."""
    refused = {check_address(ip_address(text)).reserved_range for text, _ in FORMS}
    assert [block for block in RESERVED_RANGES if block not in refused] == []


@given(st.ip_addresses())
def test_what_the_standard_library_calls_not_global_is_refused(
    address: IPv4Address | IPv6Address,
) -> None:
    """The table is stricter than `is_global`, never laxer; mapped addresses are told apart."""
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    if not address.is_global and not mapped:
        assert check_address(address).reserved_range is not None


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_one_inside(address: IPv4Address) -> None:
    """Mapped and NAT64 forms of an IPv4 address are refused by the same block as itself."""
    block = check_address(address).reserved_range
    assert check_address(IPv6Address(f"::ffff:{address}")).reserved_range == block
    assert check_address(IPv6Address(f"64:ff9b::{address}")).reserved_range == block


def test_an_allowed_network_opens_its_addresses_only() -> None:
    """What lies inside an allowed network passes, what lies beside it does not."""
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
def test_allowing_a_tunnel_does_not_open_loopback_through_it(network: str, inside: str) -> None:
    """The IPv4 address inside an allowed network is judged for itself."""
    block = check_address(ip_address(inside), (ip_network(network),)).reserved_range
    assert block is not None
    assert block.purpose == "loopback"


def test_a_verdict_names_address_rule_and_source() -> None:
    """A refusal can be read: the address, what it carries, the rule and its document."""
    assert (
        str(check_address(ip_address("10.0.0.1")))
        == "10.0.0.1 is not public: private use (RFC 1918)"
    )
    assert str(check_address(ip_address("64:ff9b::a00:1"))) == (
        "64:ff9b::a00:1, which carries 10.0.0.1, is not public: private use (RFC 1918)"
    )
    assert str(check_address(ip_address("8.8.8.8"))) == "8.8.8.8 may be dialled"

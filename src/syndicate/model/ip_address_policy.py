"""Table of IP address ranges that are not public, and the check against it.

The check takes the IP address that would be dialled, never its text: host names and short, octal
or decimal forms have been resolved to a number before. An IPv6 address that embeds an IPv4 address
is public only if both are. `ipaddress.is_global` is no substitute: it accepts multicast, 6to4 and
NAT64 addresses.

A NAT64 prefix that a network chose for itself (RFC 6052 section 2.2) cannot be recognized from an
address.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

from typing_extensions import override

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedRange:
    """A range of IP addresses that are not public: purpose and reserving document."""

    network: IpNetwork
    purpose: str
    reference: str


RESERVED_RANGES: Final = tuple(
    ReservedRange(network=ip_network(network), purpose=rule, reference=source)
    for network, rule, source in (
        # IANA IPv4 Special-Purpose Address Registry, with additions
        ("0.0.0.0/8", "this network", "RFC 791 section 3.2"),
        ("10.0.0.0/8", "private use", "RFC 1918"),
        ("100.64.0.0/10", "shared address space of carriers", "RFC 6598"),
        ("127.0.0.0/8", "loopback", "RFC 1122 section 3.2.1.3"),
        ("168.63.129.16/32", "platform services of Azure", "Microsoft Azure documentation"),
        ("169.254.0.0/16", "link-local, where clouds keep metadata", "RFC 3927"),
        ("172.16.0.0/12", "private use", "RFC 1918"),
        ("192.0.0.0/24", "protocol assignments", "RFC 6890 section 2.1"),
        ("192.0.2.0/24", "documentation", "RFC 5737"),
        ("192.88.99.0/24", "6to4 relays", "RFC 7526"),
        ("192.168.0.0/16", "private use", "RFC 1918"),
        ("198.18.0.0/15", "benchmarking", "RFC 2544"),
        ("198.51.100.0/24", "documentation", "RFC 5737"),
        ("203.0.113.0/24", "documentation", "RFC 5737"),
        ("224.0.0.0/4", "multicast", "RFC 5771"),
        ("255.255.255.255/32", "broadcast", "RFC 919 section 7"),
        ("240.0.0.0/4", "reserved", "RFC 1112 section 4"),
        # IANA IPv6 Special-Purpose Address Registry, with additions
        ("::/128", "unspecified", "RFC 4291 section 2.5.2"),
        ("::1/128", "loopback", "RFC 4291 section 2.5.3"),
        ("::/96", "IPv4-compatible", "RFC 4291 section 2.5.5.1"),
        ("::ffff:0:0:0/96", "IPv4-translated", "RFC 2765 section 2.1"),
        ("64:ff9b:1::/48", "local NAT64", "RFC 8215"),
        ("100::/64", "discard only", "RFC 6666"),
        ("100:0:0:1::/64", "dummy prefix", "RFC 9780"),
        ("2001::/32", "Teredo", "RFC 4380"),
        ("2001:2::/48", "benchmarking", "RFC 5180"),
        ("2001::/23", "protocol assignments", "RFC 2928"),
        ("2001:db8::/32", "documentation", "RFC 3849"),
        ("2002::/16", "6to4", "RFC 3056"),
        ("3ffe::/16", "6bone, returned", "RFC 3701"),
        ("3fff::/20", "documentation", "RFC 9637"),
        ("5f00::/16", "segment routing", "RFC 9602"),
        ("fc00::/7", "private use (unique local)", "RFC 4193"),
        ("fe80::/10", "link-local", "RFC 4291 section 2.5.6"),
        ("fec0::/10", "site-local", "RFC 3879"),
        ("ff00::/8", "multicast", "RFC 4291 section 2.7"),
        # Only 2000::/3 is assigned so far (RFC 4291 section 2.4)
        ("::/3", "not global unicast", "IANA IPv6 Address Space"),
        ("4000::/2", "not global unicast", "IANA IPv6 Address Space"),
        ("8000::/1", "not global unicast", "IANA IPv6 Address Space"),
    )
)
"""Checked in this order: the first range that holds an address is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Embedding:
    """An IPv6 network whose addresses embed an IPv4 address, ``shift_bits`` from the right.

    ``is_transparent``: a connection to the address goes to the IPv4 address, so only that one
    counts.
    """

    network: IPv6Network
    shift_bits: int = 0
    is_inverted: bool = False
    is_transparent: bool = False

    def extract(self, address: IPv6Address) -> IPv4Address:
        bits = int(address) >> self.shift_bits & 0xFFFF_FFFF
        return IPv4Address(bits ^ 0xFFFF_FFFF if self.is_inverted else bits)


_EMBEDDINGS: Final = (
    _Embedding(
        network=IPv6Network("::ffff:0:0/96"), is_transparent=True
    ),  # RFC 4291 section 2.5.5.2
    _Embedding(
        network=IPv6Network("64:ff9b::/96"), is_transparent=True
    ),  # NAT64, RFC 6052 section 2.1
    _Embedding(network=IPv6Network("::/96")),
    _Embedding(network=IPv6Network("::ffff:0:0:0/96")),
    _Embedding(network=IPv6Network("64:ff9b:1::/48")),
    _Embedding(network=IPv6Network("2001::/32"), shift_bits=64),  # Teredo's server
    _Embedding(network=IPv6Network("2001::/32"), is_inverted=True),  # Teredo's client
    _Embedding(network=IPv6Network("2002::/16"), shift_bits=80),
)

_LOOPBACK: Final = IPv6Address("::1")
_ISATAP: Final = 0x0000_5EFE


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressCheck:
    """Result of `check_address`; ``reserved_range`` is None if the address may be dialled.

    ``matched_address`` lies in ``reserved_range``: the address itself or the IPv4 address embedded
    in it.
    """

    address: IpAddress
    matched_address: IpAddress
    reserved_range: ReservedRange | None = None

    @override
    def __str__(self) -> str:
        inside = (
            ""
            if self.matched_address == self.address
            else f", which embeds {self.matched_address},"
        )
        if self.reserved_range is None:
            return f"{self.address} may be dialled"
        reserved = self.reserved_range
        return f"{self.address}{inside} is not public: {reserved.purpose} ({reserved.reference})"


def check_address(address: IpAddress, allowed_networks: Iterable[IpNetwork] = ()) -> AddressCheck:
    """Check whether ``address`` is public or inside one of the ``allowed_networks``.

    An embedded IPv4 address is checked in the same way: allowing ``64:ff9b:1::/48`` does not allow
    loopback addresses embedded in it. The zone of a scoped address is ignored.
    """
    if isinstance(address, IPv6Address):
        address = IPv6Address(int(address))
    allowed_networks = tuple(allowed_networks)
    for reading in _embedded_addresses(address):
        if any(reading in network for network in allowed_networks):
            continue
        for block in RESERVED_RANGES:
            if reading in block.network:
                return AddressCheck(address=address, matched_address=reading, reserved_range=block)
    return AddressCheck(address=address, matched_address=address)


def _embedded_addresses(address: IpAddress) -> Iterator[IpAddress]:
    if isinstance(address, IPv4Address) or int(address) <= int(_LOOPBACK):
        yield address  # "::" and "::1" embed no IPv4 address
        return
    embeddings = [embedding for embedding in _EMBEDDINGS if address in embedding.network]
    if not any(embedding.is_transparent for embedding in embeddings):
        yield address
    for embedding in embeddings:
        yield embedding.extract(address)
    if _is_isatap(address):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)


def _is_isatap(address: IPv6Address) -> bool:
    """Return whether the interface is ``[0200:]5efe:`` and an IPv4 address (RFC 5214, 6.1)."""
    return int(address) >> 32 & 0xFDFF_FFFF == _ISATAP

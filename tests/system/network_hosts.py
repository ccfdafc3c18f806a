"""Hosts of a network inside this machine: Linux network namespaces, and links that can be cut.

This machine is the one that has the database, the subscriber and the reader. Each host has a link
of its own to each of them, so that one can be cut and the others stay.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pytest

from tests.project_documents import find_program

PEERS: Final = ("database", "subscriber", "reader")
_FIRST_OCTETS: Final = f"10.{100 + os.getpid() % 100}"
"""Addresses of this run; another one at the same time has other ones, as a rule."""

ADDRESSES: Final = {peer: f"{_FIRST_OCTETS}.0.{n}" for n, peer in enumerate(PEERS, 1)}
"""Where hosts reach each peer. These are addresses of this machine, whatever links are cut."""

NETWORK: Final = f"{_FIRST_OCTETS}.0.0/16"


@dataclass(frozen=True, kw_only=True)
class NetworkHost:
    """A host; ``command_prefix`` runs a command on it."""

    number: int
    namespace: str

    @property
    def command_prefix(self) -> tuple[str, ...]:
        """The words before a command that runs on this host."""
        return ("ip", "netns", "exec", self.namespace)

    @property
    def address(self) -> str:
        """Where readers reach this host."""
        return self._address_at("reader", 2)

    def connect(self) -> None:
        """Connect this host to itself and to all peers."""
        self._ip("link", "set", "lo", "up")
        for peer in PEERS:
            self._add_link(peer)

    def _add_link(self, peer: str) -> None:
        near, far = self._device(peer), f"{self._device(peer)}h"
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", self.namespace)
        _ip("address", "add", f"{self._address_at(peer, 1)}/30", "dev", near)
        _ip("link", "set", near, "up")
        self._ip("address", "add", f"{self._address_at(peer, 2)}/30", "dev", far)
        self._ip("link", "set", far, "up")
        self._ip("route", "add", ADDRESSES[peer], "via", self._address_at(peer, 1))

    def cut(self, peer: str) -> None:
        """Lose every packet between this host and a peer; neither of them gets an error."""
        _ip("link", "set", self._device(peer), "down")

    def heal(self, peer: str) -> None:
        """End what `cut` began."""
        _ip("link", "set", self._device(peer), "up")

    def _ip(self, *arguments: str) -> None:
        _ip("-n", self.namespace, *arguments)

    def _device(self, peer: str) -> str:
        return f"syn{self.number}{peer[:3]}{os.getpid() % 10_000}"

    def _address_at(self, peer: str, end: int) -> str:
        return f"{_FIRST_OCTETS}.{self.number}.{4 * PEERS.index(peer) + end}"


@contextmanager
def network_hosts(count: int) -> Iterator[list[NetworkHost]]:
    """Make hosts with links to all peers; skip the test where that is not permitted."""
    find_program("ip")
    hosts = [
        NetworkHost(number=number, namespace=f"syndicate-{os.getpid()}-{number}")
        for number in range(1, count + 1)
    ]
    added = []
    try:
        for host in hosts:
            try:
                _ip("netns", "add", host.namespace)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"no permission to make network namespaces: {error.stderr}")
            added.append(host)
            host.connect()
        for address in ADDRESSES.values():
            _ip("address", "add", f"{address}/32", "dev", "lo")
        yield hosts
    finally:
        for host in added:
            _ip("netns", "delete", host.namespace)  # its links end with it
        for address in ADDRESSES.values():
            subprocess.run(["ip", "address", "delete", f"{address}/32", "dev", "lo"], check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)

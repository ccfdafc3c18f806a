"""The guard against requests to addresses that are nobody's business but ours.

Whoever subscribes chooses where we send (OWASP: server-side request forgery). An address is judged
three times: as text, when somebody subscribes or a request is made; as the answer of DNS, where
one address that is not public condemns them all; and as the very number about to be dialled, so
that no rebinding and no spelling slips through. TLS stays on the name.
"""

import asyncio
import errno
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final

import httpx
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from syndicate.errors import Refused
from syndicate.model.ip_address_policy import AddressCheck, IpAddress, IpNetwork, check_address

Lookup = Callable[[str, int], Awaitable[Iterable[str]]]
"""Host and port to the texts of its addresses; raises `OSError` where there are none."""

MAX_URL_CHARACTERS: Final = 2_000
MAX_PORT: Final = 65_535

FORBIDDEN_PORTS: Final = {
    0: "nothing",
    21: "FTP",
    22: "SSH",
    23: "Telnet",
    25: "SMTP",
    53: "DNS",
    110: "POP3",
    119: "NNTP",
    143: "IMAP",
    389: "LDAP",
    445: "SMB",
    465: "SMTP",
    587: "SMTP",
    636: "LDAP",
    993: "IMAP",
    995: "POP3",
    1433: "SQL Server",
    3306: "MySQL",
    5432: "PostgreSQL",
    6379: "Redis",
    6667: "IRC",
    11211: "memcached",
    27017: "MongoDB",
}
"""Ports where something else than HTTP listens, which a request might be made to speak to."""

_HOST: Final = re.compile(r"[a-z0-9._-]+", re.ASCII)
_AUTHORITY: Final = re.compile(r"(\[[^\]]+\]|[^:\[\]]+)(:(0|[1-9][0-9]*))?", re.ASCII)
_FORBIDDEN_CHARACTERS: Final = re.compile(r"[\x00-\x20\x7f\\]")
_URL_CACHE_SIZE: Final = 4_096
_LOOKUP_TIMEOUT_SECONDS: Final = 5.0
_LOOKUP_THREADS: Final = 32
"""Threads for DNS: hosts whose servers do not answer must not hold up the others."""


def request_target(url: str) -> str:
    """Return what stands behind the host of a URL, byte for byte; ``/`` before a bare query.

    That is the request target in origin-form (RFC 9112 section 3.2.1).
    """
    target = url.partition("://")[2].removeprefix(_authority(url))
    return target if target.startswith("/") else f"/{target}"


def _authority(url: str) -> str:
    """Return host and port as they are written, empty where there is no ``://``."""
    return re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]


class SsrfGuard(AbstractResolver):
    """Says where a request may go; resolver and maker of sockets for the transport.

    Args:
        allow_networks: Networks that may be reached although they are not public.
        allow_http: Whether requests may go without TLS.
        proxy: The proxy that all requests take, empty for none. It resolves names and dials, so
            it alone decides about the addresses behind names; texts are judged here all the same.
        lookup: Who answers for names, by default the system.
    """

    def __init__(
        self,
        *,
        allow_networks: Iterable[IpNetwork] = (),
        allow_http: bool = False,
        proxy: str = "",
        lookup: Lookup | None = None,
    ) -> None:
        self.allow_networks: Final = tuple(allow_networks)
        self.allow_http: Final = allow_http
        self.proxy: Final = proxy
        self._threads: Final = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="lookup")
        self._lookup: Final = lookup or self._system_lookup
        self.check: Final = lru_cache(_URL_CACHE_SIZE)(self._check)
        """Returns an address read if its text forbids no request; raises `Refused` if it does."""

    @property
    def limitations(self) -> str:
        """What an operator should know at the start about how far this guard reaches; or empty."""
        if not self.proxy:
            return ""
        proxy = httpx.URL(self.proxy).copy_with(username=None, password=None)
        return f"requests to subscribers take the proxy {proxy}, which must refuse inner addresses"

    def _check(self, url: str) -> httpx.URL:
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise _malformed_url(str(error)) from None
        if _FORBIDDEN_CHARACTERS.search(url) or len(url) > MAX_URL_CHARACTERS:
            raise _malformed_url(
                f"it is longer than {MAX_URL_CHARACTERS} or holds spaces or backslashes"
            )
        if parsed.scheme != "https" and not (parsed.scheme == "http" and self.allow_http):
            raise Refused(
                f"the scheme is {parsed.scheme!r}, not https",
                code="forbidden-scheme",
                hint="Use https. [delivery] allow_http = true would allow http.",
            )
        if "@" in _authority(url) or "#" in url:
            raise Refused(
                "the address has a user name, a password or a fragment",
                code="forbidden-part",
                hint="Leave them out; a secret path or query is as good as a password.",
            )
        if parsed.port is not None and parsed.port > MAX_PORT:
            raise _malformed_url(f"there is no port {parsed.port}")
        if parsed.port in FORBIDDEN_PORTS:
            raise Refused(
                f"port {parsed.port} is for {FORBIDDEN_PORTS[parsed.port]}",
                code="forbidden-port",
                hint="Use 443, or any other port where nothing else is expected.",
            )
        self._check_host(_host(parsed))
        _check_text(url)
        return parsed

    def host(self, url: str) -> str:
        """Return the host of ``url`` as it is looked up, in one spelling; raises `Refused`."""
        return _host(self.check(url))

    async def check_resolved(self, url: str) -> bool:
        """Look ``url`` up as well; for a kind error when somebody subscribes. Raises `Refused`.

        Returns whether it is the operator's own: all its addresses are in ``allow_networks``.
        """
        host = _host(self.check(url))
        literal = _ip_literal(host)
        if literal is not None:
            return self._is_allowed(literal)
        if self.proxy:
            return False
        try:
            async with asyncio.timeout(_LOOKUP_TIMEOUT_SECONDS):
                addresses = [ipaddress.ip_address(text) for text in await self._lookup(host, 0)]
        except OSError as error:  # as is a time-out
            raise Refused(
                f"the name {host} cannot be resolved: {error.strerror or 'no answer in time'}",
                code="unknown-host",
                hint="Check the spelling; if it is new, wait until DNS knows it.",
            ) from None
        for address in addresses:
            self._check_address(host, address)
        return all(map(self._is_allowed, addresses))

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of ``host``; `PermissionError` if one of them must not be dialled.

        The host of the proxy is not judged: it is the operator's own.
        """
        texts = list(await self._lookup(host, port))
        for text in texts:
            self._require_permitted(ipaddress.ip_address(text), host)
        return [
            ResolveResult(
                hostname=host,
                host=text,
                port=port,
                family=socket.AF_INET6 if ":" in text else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for text in texts
        ]

    def socket(self, info: AddrInfoType) -> socket.socket:
        """Return a socket for the address about to be dialled; `PermissionError` if it must not."""
        family, kind, protocol, _, where = info
        self._require_permitted(ipaddress.ip_address(where[0]), "")
        return socket.socket(family, kind, protocol)

    @override
    async def close(self) -> None:
        """Look nothing up any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _system_lookup(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, _addresses, host, port)
        except UnicodeError as error:
            raise OSError(errno.EINVAL, str(error)) from None
        return found

    def _is_allowed(self, address: IpAddress) -> bool:
        return any(address in network for network in self.allow_networks)

    def _require_permitted(self, address: IpAddress, host: str) -> None:
        if self.proxy:
            return
        try:
            self._check_address(host, address)
        except Refused as refusal:
            raise PermissionError(errno.EACCES, f"{refusal.message}. {refusal.hint}") from None

    def _check_host(self, host: str) -> None:
        literal = _ip_literal(host)
        if literal is not None:
            self._check_address("", literal)
        elif not _HOST.fullmatch(host):
            raise _malformed_url(f"{host!r} is not the name of a host")
        else:
            self._check_legacy(host)

    def _check_legacy(self, host: str) -> None:
        """Refuse short, octal, hexadecimal and decimal forms of IPv4 addresses (inet_aton)."""
        try:
            address = ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return
        self._check_address(host, address)
        raise _malformed_url(f"{host} is an odd way to write {address}")

    def _check_address(self, host: str, address: IpAddress) -> None:
        verdict = check_address(address, self.allow_networks)
        if verdict.reserved_range is not None:
            raise _forbidden_address(host, verdict)


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def _check_text(url: str) -> None:
    """Refuse what could not be sent as it is written: it would reach another address."""
    if not _AUTHORITY.fullmatch(_authority(url)):
        raise _malformed_url("its port is not a number from 1 to 65535 without leading zeros")
    if not request_target(url).isascii():
        raise Refused(
            "the path or query of the address has characters outside ASCII",
            code="malformed-url",
            hint="Write them percent-encoded, as in /caf%C3%A9.",
        )


def _host(url: httpx.URL) -> str:
    """Return the name to be looked up: as it goes over the wire, without the dot of the root."""
    return url.raw_host.decode().removesuffix(".")


def _ip_literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _malformed_url(reason: str) -> Refused:
    return Refused(
        f"the address of the endpoint cannot be used: {reason}",
        code="malformed-url",
        hint="Write it like https://partner.example/hook.",
    )


def _forbidden_address(host: str, check: AddressCheck) -> Refused:
    network = ipaddress.ip_network(check.matched_address)
    return Refused(
        f"no request may go to {host}: {check}" if host else str(check),
        code="forbidden-address",
        hint=f'[delivery] allow_networks = ["{network}"] would allow it.',
    )

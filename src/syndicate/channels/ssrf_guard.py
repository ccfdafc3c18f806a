"""SSRF guard: which URLs and IP addresses requests to subscribers may use.

Subscribers choose the URLs that requests are sent to (OWASP: server-side request forgery). A host
is checked three times: as text, when a subscription is created and when a request is sent; as the
result of DNS, where a single address that is not public rejects the host; and as the IP address
about to be dialled, so that DNS rebinding and unusual spellings have no effect. TLS verifies the
host name.
"""

import asyncio
import errno
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from math import ceil
from typing import Final

import httpx
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from syndicate import telemetry
from syndicate.errors import Refused
from syndicate.model.ip_address_policy import AddressCheck, IpAddress, IpNetwork, check_address

Lookup = Callable[[str, int], Awaitable[Iterable[str]]]
"""Resolves host and port to the texts of IP addresses; raises `OSError` if there are none."""

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
"""Ports of protocols other than HTTP, to which a request could smuggle commands."""

_HOST: Final = re.compile(r"[a-z0-9._-]+", re.ASCII)
_AUTHORITY: Final = re.compile(r"(\[[^\]]+\]|[^:\[\]]+)(:(0|[1-9][0-9]*))?", re.ASCII)
_FORBIDDEN_CHARACTERS: Final = re.compile(r"[\x00-\x20\x7f\\]")
_URL_CACHE_SIZE: Final = 4_096
_LOOKUP_TIMEOUT_SECONDS: Final = 5.0
_LOOKUP_THREADS: Final = 32
"""Threads for DNS lookups: hosts whose name servers do not respond must not delay the others."""


def request_target(url: str) -> str:
    """Return the part of a URL after the host, byte for byte; ``/`` before a bare query.

    That is the request target in origin-form (RFC 9112 section 3.2.1).
    """
    target = url.partition("://")[2].removeprefix(_authority(url))
    return target if target.startswith("/") else f"/{target}"


def _authority(url: str) -> str:
    """Return host and port as written, or an empty string without ``://``."""
    return re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]


class SsrfGuard(AbstractResolver):
    """Decides where requests may go; also resolver and socket factory of the transport.

    Args:
        allow_networks: Networks that requests may reach although they are not public.
        allow_http: Whether requests without TLS are allowed.
        proxy: URL of the proxy for all requests, empty for none. The proxy resolves host names and
            dials, so it alone checks the IP addresses of names; URLs are checked here all the same.
        lookup: Resolves host names; the system's resolver by default.
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
        """Returns the parsed URL if its text is allowed; raises `Refused`."""

    @property
    def limitations(self) -> str:
        """Limits of this guard that an operator should know at the start; may be empty."""
        if not self.proxy:
            return ""
        proxy = httpx.URL(self.proxy).copy_with(username=None, password=None)
        return (
            f"requests to subscribers use the proxy {proxy}, which must refuse internal addresses"
        )

    def _check(self, url: str) -> httpx.URL:
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise _malformed_url(str(error)) from None
        if _FORBIDDEN_CHARACTERS.search(url) or len(url) > MAX_URL_CHARACTERS:
            raise _malformed_url(
                f"longer than {MAX_URL_CHARACTERS} characters, or with spaces or backslashes"
            )
        if parsed.scheme != "https" and not (parsed.scheme == "http" and self.allow_http):
            raise Refused(
                f"the scheme is {parsed.scheme!r}, not https",
                code="forbidden-scheme",
                hint="Use https. [delivery] allow_http = true would allow http.",
            )
        if "@" in _authority(url) or "#" in url:
            raise Refused(
                "the URL has a user name, a password or a fragment",
                code="forbidden-part",
                hint="Remove them; a secret path or query protects as well as a password.",
            )
        if parsed.port is not None and parsed.port > MAX_PORT:
            raise _malformed_url(f"port {parsed.port} is out of range")
        if parsed.port in FORBIDDEN_PORTS:
            raise Refused(
                f"port {parsed.port} is reserved for {FORBIDDEN_PORTS[parsed.port]}",
                code="forbidden-port",
                hint="Use 443, or any other port where nothing else is expected.",
            )
        self._check_host(_host(parsed))
        _check_text(url)
        return parsed

    def host(self, url: str) -> str:
        """Return the normalized host of ``url``; raises `Refused`."""
        return _host(self.check(url))

    async def check_resolved(self, url: str) -> bool:
        """Check ``url`` and the IP addresses of its host, for an early error; raises `Refused`.

        Returns whether all its IP addresses are in ``allow_networks``.
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
        except OSError as error:  # TimeoutError is one
            raise Refused(
                f"the name {host} cannot be resolved: {error.strerror or 'no response in time'}",
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
        """Return the IP addresses of ``host``; raises `PermissionError` if one is not allowed.

        The host of the proxy is not checked: the operator chose it.
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
        """Return a socket for the IP address about to be dialled; raises `PermissionError`."""
        family, kind, protocol, _, where = info
        self._require_permitted(ipaddress.ip_address(where[0]), "")
        return socket.socket(family, kind, protocol)

    @override
    async def close(self) -> None:
        """Stop all DNS lookups."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _system_lookup(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            addresses = await loop.run_in_executor(self._threads, _addresses, host, port)
        except UnicodeError as error:
            raise OSError(errno.EINVAL, str(error)) from None
        return addresses

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
            raise _malformed_url(f"{host!r} is not a host name")
        else:
            self._check_legacy(host)

    def _check_legacy(self, host: str) -> None:
        """Refuse short, octal, hexadecimal and decimal forms of IPv4 addresses (inet_aton)."""
        try:
            address = ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return
        self._check_address(host, address)
        raise _malformed_url(f"{host} is an unusual spelling of {address}")

    def _check_address(self, host: str, address: IpAddress) -> None:
        verdict = check_address(address, self.allow_networks)
        if verdict.reserved_range is not None:
            raise _forbidden_address(host, verdict)


def _addresses(host: str, port: int) -> list[str]:
    results = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in results))


def _check_text(url: str) -> None:
    """Refuse a URL that could not be sent as written, since it would reach another URL."""
    if not _AUTHORITY.fullmatch(_authority(url)):
        raise _malformed_url("the port must be a number from 1 to 65535 without leading zeros")
    if not request_target(url).isascii():
        raise Refused(
            "the path or query of the URL has characters outside ASCII",
            code="malformed-url",
            hint="Write them percent-encoded, as in /caf%C3%A9.",
        )


def _host(url: httpx.URL) -> str:
    """Return the host name as it is resolved: as sent, without the dot of the DNS root."""
    return url.raw_host.decode().removesuffix(".")


def _ip_literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _malformed_url(reason: str) -> Refused:
    return Refused(
        f"invalid endpoint URL: {reason}",
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


REFUSAL_SECONDS: Final = 0.5
"""Longer than a look-up in a nearby DNS server, successful or not."""

_log = telemetry.logger("guard")


async def inspect_privately(
    ssrf_guard: SsrfGuard, url: str, refusal: Refused, *, seconds: float = REFUSAL_SECONDS
) -> bool:
    """Return what `SsrfGuard.check_resolved` returns; raises ``refusal`` for every reason.

    The log has the reason. A refusal takes a whole multiple of ``seconds``, so that a name that
    resolves to a private IP address and one that does not resolve take equally long.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        return await ssrf_guard.check_resolved(url)
    except Refused as reason:
        _log.info("subscriber URL refused", code=reason.code, reason=reason.message)
    steps = ceil((loop.time() - began) / seconds)
    await asyncio.sleep(began + steps * seconds - loop.time())
    raise refusal

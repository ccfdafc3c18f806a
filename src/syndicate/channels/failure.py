"""What went wrong with a request, in one word for programs and in one sentence for people."""

import errno
import os
import ssl
from collections.abc import Iterator
from itertools import islice
from typing import Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from syndicate.channels.response_protocol import ResponseLimitError
from syndicate.model.delivery import FailureCause

MAX_TEXT_CHARACTERS: Final = 1_000
"""How many characters of what a receiver says are written down."""

_LOCAL_SHORTAGES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""What this system is short of, which no receiver can be blamed for."""

_CAUSES: Final[tuple[tuple[type[Exception], FailureCause, str], ...]] = (
    (PermissionError, "refused", ""),
    (aiohttp.ClientConnectorDNSError, "name", "the name cannot be resolved: "),
    (aiohttp.ClientSSLError, "tls", "no trust in the other side: "),
    (aiohttp.ClientProxyConnectionError, "proxy", "no connection to the proxy: "),
    (aiohttp.ClientHttpProxyError, "proxy", "the proxy declined: "),
    (aiohttp.ClientConnectorError, "connect", "no connection: "),
    (aiohttp.ConnectionTimeoutError, "connect", "no connection in time: "),
    (aiohttp.ClientPayloadError, "broken", "the answer breaks off: "),
    (ResponseLimitError, "broken", "the answer is over a limit: "),
    (HttpProcessingError, "broken", "the answer is not HTTP: "),
)
"""What the first match in a chain of exceptions means, and how it is said."""


def describe_failure(error: BaseException, *, has_response: bool) -> tuple[FailureCause, str]:
    """Return the cause behind ``error``, and a sentence on it.

    ``heard`` is whether any byte of an answer came.
    """
    chain = tuple(_chain(error))
    if any(isinstance(link, OSError) and link.errno in _LOCAL_SHORTAGES for link in chain):
        return "busy", "no connection can be opened here at the moment"
    for kind, cause, words in _CAUSES:
        if any(isinstance(link, kind) for link in chain):
            return cause, words + _detail(chain[-1])
    stage = "in the middle of the answer" if has_response else "before an answer came"
    return "broken", f"the connection was lost {stage}"


def printable(text: str) -> str:
    """Return the beginning of ``text`` without control characters and broken surrogates."""
    if len(text) <= MAX_TEXT_CHARACTERS and text.isprintable():
        return text
    shown = (c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return "".join(islice(shown, MAX_TEXT_CHARACTERS))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _detail(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return error.reason.lower().replace("_", " ")
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno)  # without what each event loop says around it
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, HttpProcessingError | aiohttp.ClientResponseError):
        return _first_line(error.message)
    return _first_line(str(error)) or "it ended without a word"


def _first_line(text: str) -> str:
    return printable(text.partition("\n")[0].rstrip(":. "))

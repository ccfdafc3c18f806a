"""Classification of failed requests: a cause for programs and a sentence for people."""

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
"""How many characters of a receiver's text are recorded."""

_LOCAL_SHORTAGES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors of this host's own limits, for which no receiver is to blame."""

_CAUSES: Final[tuple[tuple[type[Exception], FailureCause, str], ...]] = (
    (PermissionError, "refused", ""),
    (aiohttp.ClientConnectorDNSError, "name", "the name cannot be resolved"),
    (aiohttp.ClientSSLError, "tls", "TLS verification failed"),
    (aiohttp.ClientProxyConnectionError, "proxy", "no connection to the proxy"),
    (aiohttp.ClientHttpProxyError, "proxy", "the proxy refused the request"),
    (aiohttp.ClientConnectorError, "connect", "no connection"),
    (aiohttp.ConnectionTimeoutError, "connect", "connecting timed out"),
    (aiohttp.ClientPayloadError, "broken", "incomplete response"),
    (ResponseLimitError, "broken", "the response is over a limit"),
    (HttpProcessingError, "broken", "the response is not HTTP"),
)
"""Cause and beginning of the text by exception class; the first match in a chain counts."""


def describe_failure(error: BaseException, *, has_response: bool) -> tuple[FailureCause, str]:
    """Return the cause of ``error`` and a sentence about it.

    ``has_response`` tells whether any byte of a response arrived.
    """
    chain = tuple(_chain(error))
    if any(isinstance(link, OSError) and link.errno in _LOCAL_SHORTAGES for link in chain):
        return "busy", "this host cannot open another connection at present"
    for kind, cause, summary in _CAUSES:
        if any(isinstance(link, kind) for link in chain):
            return cause, ": ".join(filter(None, (summary, _detail(chain[-1]))))
    stage = "during the response" if has_response else "before a response arrived"
    return "broken", f"the connection was lost {stage}"


def printable(text: str) -> str:
    """Return the beginning of ``text`` without control characters and lone surrogates."""
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
        return os.strerror(error.errno)  # event loops add different texts of their own
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, HttpProcessingError | aiohttp.ClientResponseError):
        return _first_line(error.message)
    return _first_line(str(error))


def _first_line(text: str) -> str:
    return printable(text.partition("\n")[0].rstrip(":. "))

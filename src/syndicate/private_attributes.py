"""Private attributes of dependencies, for what nothing public offers; no other module names one.

A version without one of them is refused where it is needed (`RuntimeError`), since an assignment to
a missing attribute would change nothing and be noticed by nobody. The pins in requirements/ name
versions that have them all.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

FOLDER_MONITOR: Final = "_monitor_fs"
"""uvloop's `Loop`: reports changes of files (inotify on Linux). Its absence is expected: asyncio's
own loop has none, and callers then poll.
"""

RETRY: Final = "_retry_connection"
"""aiohttp's `ClientSession`: whether an idempotent request is repeated on another connection."""

PROTOCOL_FACTORY: Final = "_factory"
"""aiohttp's `TCPConnector`: makes the protocol of each connection."""

RESPONSE: Final = ("_parser", "_payload")
"""aiohttp's `ResponseHandler`: the HTTP parser, and the body being read."""

CONNECTION: Final = (*RESPONSE, "_pause_transport_reading", "_resume_transport_reading")
"""These, and the flow control that does not pause the parser as well."""

RULES: Final = "__rules__"
"""markdown-it-py's `Ruler`: the rules with their functions; its methods only replace functions."""


def folder_monitor(loop: object) -> Callable[..., asyncio.Handle] | None:
    """Return the function of an event loop that watches a folder, None if it has none."""
    monitor: Callable[..., asyncio.Handle] | None = getattr(loop, FOLDER_MONITOR, None)
    return monitor


def prevent_retries(session: object) -> None:
    """Make a session of aiohttp send every request once only."""
    _require(session, RETRY)
    setattr(session, RETRY, False)


def set_protocol_factory(connector: object, factory: Callable[[], object]) -> None:
    """Make a connector of aiohttp use connections of a subclass of its `ResponseHandler`."""
    _require(connector, PROTOCOL_FACTORY)
    setattr(connector, PROTOCOL_FACTORY, factory)


def require_connection(protocol: object) -> None:
    """Raise `RuntimeError` unless a `ResponseHandler` has what the functions below need."""
    _require(protocol, *CONNECTION)


def has_parser(protocol: Any) -> bool:  # noqa: ANN401 — of a package that only channels import
    """Return whether a connection waits for, or reads, a response."""
    return protocol._parser is not None  # noqa: SLF001


def payload_of(protocol: Any) -> Any:  # noqa: ANN401
    """Return the body that a connection reads, an aiohttp `StreamReader`; None if there is none."""
    return protocol._payload  # noqa: SLF001


def end_response(protocol: object) -> None:
    """Make a connection parse nothing more of its response."""
    for name in RESPONSE:
        setattr(protocol, name, None)


def pause_transport(protocol: Any) -> None:  # noqa: ANN401
    """Stop reading from the socket of a connection; its parser goes on."""
    protocol._pause_transport_reading()  # noqa: SLF001


def resume_transport(protocol: Any) -> None:  # noqa: ANN401
    """Read from the socket of a connection again."""
    protocol._resume_transport_reading()  # noqa: SLF001


def markdown_rules(ruler: Any) -> Sequence[Any]:  # noqa: ANN401 — only `render` imports the package
    """Return the rules of a `Ruler`, whose functions may be replaced."""
    _require(ruler, RULES)
    rules: Sequence[Any] = ruler.__rules__
    return rules


def _require(owner: object, *names: str) -> None:
    for name in names:
        if not hasattr(owner, name):
            kind = f"{type(owner).__module__}.{type(owner).__qualname__}"
            raise RuntimeError(
                f"{kind} has no {name}: install the versions that requirements/run.txt pins"
            )

"""The express lane: a plain request for a feed gets the answer that the application gave before.

What is plain is decided here, and strictly; all else, and whatever is in doubt, goes to the
application untouched. The application says what may be repeated and for how long
(`web.repetition`). Every answer was one of its own: only the date is new.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndicate.representation.shelf import Shelf
from syndicate.telemetry import Tally, request_seconds, requests_total
from syndicate.web.envelope import route
from syndicate.web.repetition import Admit, Ask, Repetition, repetition

_LONGEST: Final = 2_048
"""Bytes of a head that may be plain."""

_PLAIN: Final = re.compile(
    rb"(?P<method>GET|HEAD) (?P<target>/feeds/[!$-;=?-Z_a-z~]++) HTTP/1\.1\r\n"
    rb"(?P<fields>(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t -~\x80-\xff]*+\r\n)++)\r\n"
)
"""The head of a request without anything unusual in its form (RFC 9112 sections 3 and 5)."""

_ODD: Final = frozenset(
    b"authorization content-encoding content-length content-type cookie expect"
    b" http2-settings if-match if-range if-unmodified-since keep-alive proxy-authorization"
    b" proxy-connection range te trailer transfer-encoding upgrade".split()
)
"""Fields that could say where the request ends, want more than a feed, or must not be kept."""

_CONNECTION: Final = {b"": False, b"keep-alive": False, b"close": True}
"""Whether the connection ends, by what may be said of it."""

_HEADS: Final = 1_024
"""Heads to remember: a program sends the same one each time."""

_ROOM: Final = 16 * 2**20
_OBJECTS: Final = 1_000
"""Bytes that an answer takes beside its texts, about."""

_REPEATABLE: Final = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}

Added = Sequence[tuple[bytes, bytes]]
"""What the server adds to every answer: its date, in another object once that is another."""


Peer = tuple[str, int] | None
"""The address and port that asks, None where nobody knows."""


class Plain(NamedTuple):
    """A plain request: what is asked, and for whom, if proxies say so."""

    ask: Ask
    forwarded: str


def read(head: bytes) -> Plain | None:
    """Return the plain request that ``head`` is, from its first byte to its last; else None."""
    found = _PLAIN.fullmatch(head) if len(head) <= _LONGEST else None
    if found is None:
        return None
    fields: dict[bytes, bytes] = {}
    for line in found["fields"].split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in fields:
            return None
        fields[name] = value
    closes = _CONNECTION.get(fields.get(b"connection", b"").strip(b" \t").lower())
    has_host = fields.get(b"host", b"").strip(b" \t")
    if closes is None or not has_host or not _ODD.isdisjoint(fields):
        return None
    ask = Ask(
        method=found["method"],
        target=found["target"],
        accept_encoding=fields.get(b"accept-encoding"),
        if_none_match=fields.get(b"if-none-match"),
        if_modified_since=fields.get(b"if-modified-since"),
        closes=closes,
    )
    return Plain(ask, fields.get(b"x-forwarded-for", b"").decode("latin-1"))


@dataclass(slots=True, kw_only=True)
class Answer:
    """An answer of the application: its parts, and as a whole with what the server ``added``."""

    status: bytes
    fields: bytes
    body: bytes
    closes: bool
    is_current: Callable[[], bool]
    admit: Admit | None
    tally: Tally
    added: Added = ()
    whole: bytes = b""
    is_checked: bool = False
    """Whether it was found current in this turn of the loop."""

    def renew(self, added: Added) -> None:
        """Be whole with ``added``."""
        lines = [name + b": " + value + b"\r\n" for name, value in added]
        self.whole = b"".join((self.status, *lines, self.fields, self.body))
        self.added = added

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return _OBJECTS + 2 * (len(self.fields) + len(self.body))


class Lane:
    """ASGI application around another one whose answers it gives again.

    Args:
        app: Answers everything for the first time.
        room: Bytes of answers to remember; the one unused for longest goes first.
    """

    def __init__(self, app: ASGIApp, *, room: int = _ROOM) -> None:
        self._app = app
        self._answers = Shelf[Ask, Answer](room)
        self._heads: dict[bytes, Answer] = {}
        self._checked: list[Answer] = []

    def take(self, head: bytes, to: asyncio.WriteTransport, peer: Peer, added: Added) -> bool:
        """Answer ``peer``, who sent ``head`` and nothing else, if the answer is known.

        Tells whether; if not, nothing was written, and it is for the application to answer.
        """
        began = perf_counter()
        answer = self._heads.get(head) if len(head) <= _LONGEST else None
        if answer is None:
            answer = self._find(head, peer)
            if answer is None:
                return False
        if not (answer.is_checked or self._check(answer)):
            return False
        if answer.added is not added:
            answer.renew(added)
        to.write(answer.whole)
        if answer.closes:
            to.close()
        answer.tally.count += 1
        request_seconds.observe(perf_counter() - began)
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer; remember what, if it says that it would say so again."""
        said = repetition(scope)
        if said.ask is None:
            await self._app(scope, receive, send)
            return
        start: Message = {}

        async def listen(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                self._remember(said, scope, start, message)
            await send(message)

        await self._app(scope, receive, listen)

    def _find(self, head: bytes, peer: Peer) -> Answer | None:
        plain = read(head)
        answer = self._answers.get(plain.ask) if plain else None
        if plain is None or answer is None:
            return None
        if answer.admit is not None:  # of everybody, so the head alone will not do next time
            who = (peer or ("", 0))[0]
            return answer if self._check(answer) and answer.admit(who, plain.forwarded) else None
        if len(self._heads) >= _HEADS:
            self._heads.clear()
        self._heads[head] = answer
        return answer

    def _check(self, answer: Answer) -> bool:
        """Tell whether ``answer`` is what the application would say, from now to the next turn.

        Whatever changes that runs in the same loop, so that one look a turn is enough.
        """
        if not answer.is_current():
            return False
        if not self._checked:
            asyncio.get_running_loop().call_soon(self._turn)
        answer.is_checked = True
        self._checked.append(answer)
        return True

    def _turn(self) -> None:
        for answer in self._checked:
            answer.is_checked = False
        self._checked.clear()

    def _remember(self, said: Repetition, scope: Scope, start: Message, message: Message) -> None:
        status = HTTPStatus(start["status"])
        if (
            said.ask is None
            or said.is_current is None
            or status not in _REPEATABLE
            or message.get("more_body")
        ):
            return
        lines = [name + b": " + value + b"\r\n" for name, value in start["headers"]]
        last = b"connection: close\r\n\r\n" if said.ask.closes else b"\r\n"
        answer = Answer(
            status=f"HTTP/1.1 {status} {status.phrase}\r\n".encode(),
            fields=b"".join([*lines, last]),
            body=message.get("body", b""),
            closes=said.ask.closes,
            is_current=said.is_current,
            admit=said.admit,
            tally=requests_total.labels(route(scope), str(int(status))),
        )
        self._answers.put(said.ask, answer, answer.size)
        self._heads.clear()

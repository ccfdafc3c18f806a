"""A WebSub subscriber on loopback that keeps what it is asked and told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.channels.receiver import Behaviour, Received, Receiver, answer, receiving


@dataclass(kw_only=True)
class Subscriber:
    """Confirms what it is asked, and takes what it is told; both may be changed.

    ``confirm`` and ``take`` answer questions (GET) and content (POST); None is to confirm.
    """

    receiver: Receiver
    confirm: Behaviour | None = None
    take: Behaviour = field(default_factory=lambda: answer(204))

    def url(self, path: str = "/callback") -> str:
        """Return a callback."""
        return self.receiver.url(path)

    @property
    def questions(self) -> list[Mapping[str, str]]:
        """The parameters of each question, in order."""
        return [asked(one) for one in self.receiver.requests if one.method == "GET"]

    @property
    def contents(self) -> list[Received]:
        """What was delivered, in order."""
        return [one for one in self.receiver.requests if one.method == "POST"]


def asked(received: Received) -> Mapping[str, str]:
    """Return the parameters of a question; of one that a callback has as well, the hub's."""
    return {name: each[-1] for name, each in parse_qs(urlsplit(received.target).query).items()}


@asynccontextmanager
async def subscriber() -> AsyncIterator[Subscriber]:
    """Subscribe on a port of its own on loopback, until the end."""
    made: Subscriber

    async def behave(received: Received, writer: asyncio.StreamWriter) -> None:
        if received.method == "POST":
            await made.take(received, writer)
        else:
            challenge = asked(received).get("hub.challenge", "")
            confirm = made.confirm or answer(200, challenge.encode())
            await confirm(received, writer)

    async with receiving(behave) as receiver:
        made = Subscriber(receiver=receiver)
        yield made

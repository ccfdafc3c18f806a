"""A WebSub subscriber on loopback that keeps what it is asked and told."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.channels.receiver import Behaviour, Received, Receiver, respond, run_receiver


@dataclass(kw_only=True)
class WebSubSubscriber:
    """Confirms what it is asked, and takes what it is told; both may be changed.

    ``confirm`` and ``take`` answer questions (GET) and content (POST); None is to confirm.
    """

    receiver: Receiver
    verify_behaviour: Behaviour | None = None
    content_behaviour: Behaviour = field(default_factory=lambda: respond(204))

    def url(self, path: str = "/callback") -> str:
        """Return a callback."""
        return self.receiver.url(path)

    @property
    def verifications(self) -> list[Mapping[str, str]]:
        """The parameters of each question, in order."""
        return [query_parameters(one) for one in self.receiver.requests if one.method == "GET"]

    @property
    def deliveries(self) -> list[Received]:
        """What was delivered, in order."""
        return [one for one in self.receiver.requests if one.method == "POST"]


def query_parameters(received: Received) -> Mapping[str, str]:
    """Return the parameters of a question; of one that a callback has as well, the hub's."""
    return {name: each[-1] for name, each in parse_qs(urlsplit(received.target).query).items()}


@asynccontextmanager
async def run_subscriber() -> AsyncIterator[WebSubSubscriber]:
    """Subscribe on a port of its own on loopback, until the end."""
    made: WebSubSubscriber

    async def behave(received: Received, writer: asyncio.StreamWriter) -> None:
        if received.method == "POST":
            await made.content_behaviour(received, writer)
        else:
            challenge = query_parameters(received).get("hub.challenge", "")
            confirm = made.verify_behaviour or respond(200, challenge.encode())
            await confirm(received, writer)

    async with run_receiver(behave) as receiver:
        made = WebSubSubscriber(receiver=receiver)
        yield made

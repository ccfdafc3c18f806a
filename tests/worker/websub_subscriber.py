"""A WebSub subscriber on loopback that records verifications and content."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.channels.receiver import Behaviour, Received, Receiver, respond, run_receiver


@dataclass(kw_only=True)
class WebSubSubscriber:
    """Confirms verifications and accepts content, unless a test changes that.

    ``verify_behaviour`` and ``content_behaviour`` respond to verifications (GET) and to content
    (POST); None is to confirm.
    """

    receiver: Receiver
    verify_behaviour: Behaviour | None = None
    content_behaviour: Behaviour = field(default_factory=lambda: respond(204))

    def url(self, path: str = "/callback") -> str:
        """Return a callback URL."""
        return self.receiver.url(path)

    @property
    def verifications(self) -> list[Mapping[str, str]]:
        """Parameters of each verification, in order."""
        return [
            query_parameters(request)
            for request in self.receiver.requests
            if request.method == "GET"
        ]

    @property
    def deliveries(self) -> list[Received]:
        """Delivered content, in order."""
        return [request for request in self.receiver.requests if request.method == "POST"]


def query_parameters(received: Received) -> Mapping[str, str]:
    """Return the query parameters; of one that the callback has as well, the hub's."""
    return {name: each[-1] for name, each in parse_qs(urlsplit(received.target).query).items()}


@asynccontextmanager
async def run_subscriber() -> AsyncIterator[WebSubSubscriber]:
    """Run a subscriber on a free port of loopback."""
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

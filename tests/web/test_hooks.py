"""Push hooks of git hosts: who proves to know the secret is heard, everybody else is counted."""

import asyncio
import hashlib
import hmac
import pathlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

import pytest
from starlette.types import Message

from syndicate.telemetry import exposition
from syndicate.web import body, hooks
from syndicate.web.policy import Policy
from tests import samples
from tests.mirror import sqlite
from tests.partners import office_at
from tests.web.counter import Counter
from tests.web.site import POSTS, Answer, Library, Site

SECRET: Final = "hush"  # noqa: S105 — a test's
PATH: Final = "/v1/sources/news/refresh"


class Place:
    """A service of the sources ``news``, which has a secret, and ``updates``, which has none."""

    def __init__(self) -> None:
        self.library = Library(now=samples.edition(*POSTS))
        self.site = Site(
            reader=self.library, policy=Policy(hook_secrets={"news": SECRET, "former": SECRET})
        )

    def post(
        self,
        shown: Mapping[str, str],
        content: bytes | AsyncIterator[bytes] = b"{}",
        path: str = PATH,
    ) -> Answer:
        """Return the answer to a hook that shows some header fields."""
        return self.site.ask("POST", path, shown, content)


@pytest.fixture
def place() -> Place:
    """Return a service that nobody has asked for anything."""
    return Place()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return what GitHub shows of a secret."""
    made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={made}"}


def counted(outcome: str) -> float:
    """Return how many hooks had this outcome."""
    start = f'syndicate_hooks_total{{outcome="{outcome}"}} '
    lines = exposition().decode().splitlines()
    return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))


def test_a_signed_hook_has_the_source_looked_at(place: Place) -> None:
    """It is answered before anything is done, and counted."""
    before = counted("accepted")

    answer = place.post(signed(b'{"zen":"x"}'), b'{"zen":"x"}')

    assert answer.status_code == 202
    assert answer.json() == {"source": "news", "status": "accepted"}
    assert answer.headers["cache-control"] == "no-store"
    assert place.library.refreshed == ["news"]
    assert counted("accepted") == before + 1


def test_the_secret_of_gitlab_is_enough(place: Place) -> None:
    """GitLab shows it as it is."""
    assert place.post({"X-Gitlab-Token": SECRET}).status_code == 202
    assert place.library.refreshed == ["news"]


@pytest.mark.parametrize(
    ("path", "shown", "why"),
    [
        (PATH, {}, "this wants a token"),
        (PATH, {"X-Hub-Signature": "sha1=0"}, "this wants a token"),
        (PATH, signed(b"{}", "other"), "hook_secret of the source 'news'"),
        (PATH, signed(b"{} "), "hook_secret of the source 'news'"),
        (PATH, {"X-Gitlab-Token": "hus"}, "hook_secret of the source 'news'"),
        ("/v1/sources/updates/refresh", signed(b"{}", ""), "no hook_secret is set"),
        ("/v1/sources/updates/refresh", {"X-Gitlab-Token": ""}, "this wants a token"),
        ("/v1/sources/nobody/refresh", signed(b"{}"), "no hook_secret is set"),
    ],
)
def test_who_proves_nothing_is_refused_and_counted(
    place: Place, path: str, shown: dict[str, str], why: str
) -> None:
    """401 says why, and not whether there is such a source; nothing is looked at."""
    before = counted("refused")

    answer = place.post(shown, path=path)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert why in answer.json()["detail"]
    assert answer.headers["www-authenticate"] == 'Bearer realm="syndicate"'
    assert place.library.refreshed == []
    assert counted("refused") == before + 1


def test_a_token_of_an_administrator_will_do(place: Place, tmp_path: pathlib.Path) -> None:
    """Where no signature is shown; one of a partner will not, nor any beside a wrong signature."""

    async def do() -> None:
        async with office_at(sqlite(tmp_path), place.library) as office:
            place.library.staff = office
            counter = Counter(site=place.site, office=office, address="")
            admin, partner = await counter.of("ops", "admin"), await counter.of()
            for path in (PATH, "/v1/sources/updates/refresh"):
                assert (await admin.ask("POST", path)).status_code == 202
            assert place.library.refreshed == ["news", "updates"]
            before = counted("refused")
            assert (await partner.ask("POST", PATH)).status_code == 403
            mixed = {**signed(b"x"), "Authorization": f"Bearer {admin.token}"}
            assert (await place.site.answer(PATH, method="POST", headers=mixed)).status_code == 401
            assert counted("refused") == before + 2
            unknown = await admin.ask("POST", "/v1/sources/fish/refresh")
            assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-source")

    asyncio.run(do())


def test_a_source_that_is_no_more_is_unknown(place: Place) -> None:
    """404 to whoever knows the secret, with the sources there are."""
    answer = place.post(signed(b"{}"), path="/v1/sources/former/refresh")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-source")
    assert answer.json()["known"] == ["news", "updates"]


def test_it_is_posted_to(place: Place) -> None:
    """Reading it does nothing."""
    answer = place.site.get(PATH)

    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")


def test_a_long_body_is_signed_and_not_held(place: Place) -> None:
    """As long as GitHub's may be it is accepted, piece by piece; one byte more is refused."""
    piece = b"x" * 2**20

    async def content(extra: bytes) -> AsyncIterator[bytes]:
        for _ in range(hooks.LARGEST // len(piece)):
            yield piece
        yield extra

    whole = hmac.new(SECRET.encode(), digestmod="sha256")
    for _ in range(hooks.LARGEST // len(piece)):
        whole.update(piece)
    shown = {"X-Hub-Signature-256": f"sha256={whole.hexdigest()}"}

    assert place.post(shown, content(b"")).status_code == 202
    refused = place.post(shown, content(b"x"))
    assert (refused.status_code, refused.json()["code"]) == (413, "content-too-large")
    assert place.library.refreshed == ["news"]


def test_a_body_that_never_ends_is_not_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """408, and the connection is closed."""
    monkeypatch.setattr(body, "_PATIENCE_SECONDS", 0.05)

    async def content() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = place.post(signed(b"{}"), content())

    assert (answer.status_code, answer.json()["code"]) == (408, "request-timeout")
    assert answer.headers["connection"] == "close"
    assert place.library.refreshed == []


def test_a_body_that_breaks_off_proves_nothing(place: Place) -> None:
    """Even if what came of it was signed."""
    coming: list[Message] = [
        {"type": "http.request", "body": b"{}", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []
    ((name, value),) = signed(b"{}").items()
    scope = {
        "type": "http",
        "http_version": "1.0",
        "method": "POST",
        "path": PATH,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode())],
    }

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(place.site.app(scope, receive, send))

    assert sent[0]["status"] == 400
    assert place.library.refreshed == []

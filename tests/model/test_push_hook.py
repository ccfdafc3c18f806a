"""What git hosts show, as their public documentation has it, and what nobody may get in with."""

from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.model.push_hook import BodySigner, HookCredentials

SECRET: Final = "our own hook secret: naïve and long enough"  # noqa: S105 — a test's
REQUESTS: Final = Path(__file__).parents[1] / "data" / "hooks"
"""Requests as the hosts send them, signed by openssl with `SECRET`."""

HOSTS: Final = sorted(file.stem for file in REQUESTS.iterdir())


def read(host: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the header fields and the body of a request."""
    head, _, body = (REQUESTS / f"{host}.http").read_bytes().partition(b"\n\n")
    fields = (line.split(b": ", 1) for line in head.splitlines())
    return [(name.lower(), value) for name, value in fields], body


def signature(body: bytes, secret: str = SECRET) -> str:
    """Return the signature of ``body``, which comes in two pieces."""
    signer = BodySigner(secret)
    signer.update(body[:7])
    signer.update(body[7:])
    return signer.signature


@pytest.mark.parametrize("host", HOSTS)
def test_what_a_host_sends_proves_that_it_knows_the_secret(host: str) -> None:
    """To nobody else: another secret is not proved by it."""
    headers, body = read(host)
    proof = HookCredentials.from_headers(headers)

    assert not proof.is_empty
    assert proof.verify(SECRET, signature(body))
    assert not proof.verify("another", signature(body, "another"))


@pytest.mark.parametrize("host", [host for host in HOSTS if host != "gitlab"])
def test_a_signature_is_of_one_body(host: str) -> None:
    """A byte more, and it proves nothing."""
    headers, body = read(host)
    assert not HookCredentials.from_headers(headers).verify(SECRET, signature(body + b" "))


def test_everything_shown_must_be_right() -> None:
    """A right signature does not excuse a wrong one, of which the order says nothing."""
    right = (b"x-gitea-signature", signature(b"{}").encode())
    wrong = (b"x-hub-signature-256", b"sha256=" + b"0" * 64)
    assert HookCredentials.from_headers([right]).verify(SECRET, signature(b"{}"))
    for headers in ([right, wrong], [wrong, right]):
        assert not HookCredentials.from_headers(headers).verify(SECRET, signature(b"{}"))


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"x-hub-signature", b"sha1=ad3f15c4dd5a4a4ef1c1d0c4f2bd5bd4bbd6dbf3")],
        [(b"x-hub-signature-256", b"sha256=")],
        [(b"x-gitea-signature", b""), (b"x-hub-signature-256", b"sha256=")],
        [(b"x-gitlab-token", b"")],
    ],
)
def test_what_is_empty_or_obsolete_shows_nothing(headers: list[tuple[bytes, bytes]]) -> None:
    """As hosts send it for hooks without a secret; it holds for no secret either."""
    proof = HookCredentials.from_headers(headers)
    assert proof.is_empty
    assert not proof.verify("", signature(b"", ""))


@given(value=st.binary(min_size=1), secret=st.text(), body=st.binary())
def test_no_bytes_are_refused_by_failing(value: bytes, secret: str, body: bytes) -> None:
    """Whatever stands in the header fields, it is right or wrong."""
    made = signature(body, secret)
    names = (b"x-hub-signature-256", b"x-gitea-signature", b"x-forgejo-signature")
    for name in names:
        assert not HookCredentials.from_headers([(name, value)]).verify(secret, made)
    assert HookCredentials.from_headers([(b"x-gitlab-token", value)]).verify(secret, made) == (
        value == secret.encode()
    )


def test_a_secret_is_not_shown_by_accident() -> None:
    """Whoever logs a proof logs no secret."""
    assert "hush" not in repr(HookCredentials.from_headers([(b"x-gitlab-token", b"hush")]))

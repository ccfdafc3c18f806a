"""Push hook credentials of each git host, and rejected ones."""

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
    """Return the headers and the body of a request."""
    head, _, body = (REQUESTS / f"{host}.http").read_bytes().partition(b"\n\n")
    fields = (line.split(b": ", 1) for line in head.splitlines())
    return [(name.lower(), value) for name, value in fields], body


def signature(body: bytes, secret: str = SECRET) -> str:
    """Return the signature of ``body``, which arrives in two pieces."""
    signer = BodySigner(secret)
    signer.update(body[:7])
    signer.update(body[7:])
    return signer.signature


@pytest.mark.parametrize("host", HOSTS)
def test_credentials_of_a_host_are_verified(host: str) -> None:
    """They do not match another secret."""
    headers, body = read(host)
    proof = HookCredentials.from_headers(headers)

    assert not proof.is_empty
    assert proof.verify(SECRET, signature(body))
    assert not proof.verify("another", signature(body, "another"))


@pytest.mark.parametrize("host", [host for host in HOSTS if host != "gitlab"])
def test_signature_of_another_body_is_rejected(host: str) -> None:
    """One more byte is enough."""
    headers, body = read(host)
    assert not HookCredentials.from_headers(headers).verify(SECRET, signature(body + b" "))


def test_all_credentials_must_match() -> None:
    """One right signature does not outweigh a wrong one, in any order."""
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
def test_empty_and_sha1_credentials_are_ignored(headers: list[tuple[bytes, bytes]]) -> None:
    """Hosts send empty ones for hooks without a secret; they match no secret either."""
    proof = HookCredentials.from_headers(headers)
    assert proof.is_empty
    assert not proof.verify("", signature(b"", ""))


@given(value=st.binary(min_size=1), secret=st.text(), body=st.binary())
def test_any_header_value_is_verified_without_an_error(
    value: bytes, secret: str, body: bytes
) -> None:
    """It matches or it does not."""
    made = signature(body, secret)
    names = (b"x-hub-signature-256", b"x-gitea-signature", b"x-forgejo-signature")
    for name in names:
        assert not HookCredentials.from_headers([(name, value)]).verify(secret, made)
    assert HookCredentials.from_headers([(b"x-gitlab-token", value)]).verify(secret, made) == (
        value == secret.encode()
    )


def test_repr_hides_secrets() -> None:
    """Logging credentials discloses no secret."""
    assert "hush" not in repr(HookCredentials.from_headers([(b"x-gitlab-token", b"hush")]))

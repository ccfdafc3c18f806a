"""X.509 certificates for tests: valid ones and every kind of invalid one."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from syndicate.channels.transport import verifying_tls_context

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateAuthority:
    """A certificate authority; ``certificate`` is its own."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, called: str) -> Self:
        """Create an authority that no client trusts yet."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(called)
        builder = _builder(name, name, key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        return cls(key=key, certificate=builder.sign(key, hashes.SHA256()))

    @property
    def pem(self) -> bytes:
        """The certificate of the authority."""
        return _pem(self.certificate)

    def client_context(self) -> ssl.SSLContext:
        """Return the client context of the transport, which also trusts this authority."""
        context = verifying_tls_context()
        context.load_verify_locations(cadata=_pem(self.certificate).decode())
        return context

    def server_context(
        self, host: str = "127.0.0.1", *, expired: bool = False, self_signed: bool = False
    ) -> ssl.SSLContext:
        """Return a server context with a certificate for ``host``, optionally an invalid one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "chain.pem"
            path.write_bytes(self.issue(host, expired=expired, self_signed=self_signed))
            context.load_cert_chain(path)
        return context

    def issue(self, host: str, *, expired: bool = False, self_signed: bool = False) -> bytes:
        """Return a certificate for ``host`` and its key as PEM, optionally an invalid one."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(host)
        issuer = subject if self_signed else self.certificate.subject
        until = datetime.now(UTC) + (-DAY if expired else DAY)
        builder = _builder(subject, issuer, key, valid_until=until).add_extension(
            x509.SubjectAlternativeName([_general_name(host)]), critical=False
        )
        certificate = builder.sign(key if self_signed else self.key, hashes.SHA256())
        return _pem(certificate) + _private_pem(key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    valid_until: datetime | None = None,
) -> x509.CertificateBuilder:
    valid_until = valid_until or datetime.now(UTC) + DAY
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_until - 3 * DAY)
        .not_valid_after(valid_until)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )

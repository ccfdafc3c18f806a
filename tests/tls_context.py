"""One TLS context for all tests: to read the certificate authorities of the system takes 20 ms."""

import ssl
from functools import cache

from syndicate.channels.transport import verifying_tls_context


@cache
def system_tls_context() -> ssl.SSLContext:
    """Return the context that a transport makes for itself if it gets none."""
    return verifying_tls_context()

"""What an HTTP client checks a server by, read once a process."""

from __future__ import annotations

import ssl
from functools import lru_cache


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The certificates this machine trusts, read once a process: reading takes 20 ms of CPU."""
    return ssl.create_default_context()


@lru_cache(maxsize=1)
def _trusts_nobody() -> ssl.SSLContext:
    """For plain http, where nothing is checked; quicker to give a client than to have it make."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def verify_for(url: str) -> ssl.SSLContext:
    """What an HTTP client checks a server by: the certificates, which plain http needs none of."""
    return _trusts_nobody() if url.startswith("http://") else tls_context()

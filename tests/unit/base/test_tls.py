"""What servers are checked by."""

from __future__ import annotations

import ssl

from include.base.tls import tls_context, verify_for


def test_a_server_is_checked_by_the_machines_certificates() -> None:
    assert verify_for("https://api.example.com") is tls_context()


def test_over_plain_http_nobody_is_trusted_and_nothing_is_read() -> None:
    context = verify_for("http://127.0.0.1:8092")
    assert context is verify_for("http://127.0.0.1:9000")
    assert context.verify_mode is ssl.CERT_REQUIRED  # should it lead to https, that fails
    assert context.cert_store_stats()["x509"] == 0

"""Addresses that may be called: the public internet alone, unless a setting allows more."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from include.base.errors import FatalError, TransientError
from include.base.outbound import checked_url, destination, is_public


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name lead to these."""
    found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ],
)
def test_this_machine_and_its_network_are_not_public(address: str) -> None:
    assert is_public(address) is False


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address) is True


def test_the_call_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "93.184.216.34")
    there = destination("https://hooks.example.com:8443/in?x=1", allow_private=False)
    assert there.url == "https://93.184.216.34:8443/in?x=1"
    assert (there.host, there.name) == ("hooks.example.com:8443", "hooks.example.com")


def test_an_address_of_version_6_stands_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "2606:2800:220:1::1")
    there = destination("https://hooks.example.com", allow_private=False)
    assert there.url == "https://[2606:2800:220:1::1]/"


def test_one_private_address_among_public_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "93.184.216.34", "10.0.0.7")
    with pytest.raises(FatalError, match=r"'intra\.example' leads to this machine or its network"):
        destination("https://intra.example/", allow_private=False)
    assert destination("https://intra.example/", allow_private=True).name == "intra.example"


def test_a_name_that_is_not_known_may_be_known_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_a: Any, **_k: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(TransientError, match=r"'nowhere\.example' cannot be resolved"):
        destination("https://nowhere.example/", allow_private=False)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.com/", "is no web address"),
        ("https://", "is no web address"),
        ("https://example.com:0x50/", "is no web address"),
        ("javascript:alert(1)", "is no web address"),
        ("https://ann:secret@example.com/", "holds a user name or a password"),
    ],
)
def test_what_is_no_address_is_refused(url: str, said: str) -> None:
    with pytest.raises(FatalError, match=said):
        checked_url(url)


def test_an_address_is_kept_without_its_fragment() -> None:
    assert checked_url(" https://example.com/in?x=1#top ") == "https://example.com/in?x=1"

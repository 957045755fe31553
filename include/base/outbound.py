"""Addresses that the product may call: none of this machine or its network, unless allowed.

A name is resolved once, and the call goes to the address that was checked: a name that leads
elsewhere a moment later gains nothing.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from include.base.errors import FatalError, TransientError

SCHEMES = ("https", "http")
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Destination:
    """Where to call: ``url`` with the address in place of the name, ``host`` as it was written."""

    url: str
    host: str
    name: str


def checked_url(url: str) -> str:
    """The address as it is stored.

    Raises:
        FatalError: it is no web address, or carries a password.
    """
    try:
        parts = urlsplit(url.strip())
        fits = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits:
        raise FatalError(f"url {url[:80]!r} is no web address: it begins with https://")
    if parts.username or parts.password:
        raise FatalError("url holds a user name or a password; leave them out")
    return parts._replace(fragment="").geturl()


def destination(url: str, *, allow_private: bool) -> Destination:
    """Where a call to this address goes.

    Raises:
        FatalError: it leads to this machine or its network and that is not allowed.
        TransientError: the name cannot be resolved now.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise TransientError(f"the name {host[:80]!r} cannot be resolved") from None
    addresses = [str(one[4][0]) for one in found]
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise FatalError(
                    f"{host[:80]!r} leads to this machine or its network; the setting "
                    "webhook_private_addresses allows that"
                )
    return Destination(_with_host(parts, addresses[0]), parts.netloc, host)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet."""
    ip = ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None) or ip
    if ip.version == 6 and ip in _NAT64:
        inner = IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.is_global and inner.is_global and not ip.is_multicast


def _with_host(parts: SplitResult, address: str) -> str:
    host = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=f"{host}{port}", path=parts.path or "/").geturl()

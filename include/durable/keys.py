"""What identifies a wait, and the signed tokens that buttons carry."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass


def hook_key(dag_id: str, run_id: str, name: str, map_index: int = -1) -> str:
    """The unique key of what is being waited for: one wait called ``name`` in one run.

    It holds no task id, so that the task which asks and the sensor which waits derive the same
    key; ``map_index`` tells mapped waits apart (-1 when the wait is not mapped).
    """
    return f"{dag_id}/{run_id}/{name}/{map_index}"


@dataclass(frozen=True)
class SigningKey:
    """One row of ``hook_keys``."""

    id: int
    secret: bytes


class InvalidToken(Exception):
    """A button's token was not made by this product (or its key was retired)."""


def sign(purpose: str, subject: str, key: SigningKey) -> str:
    """The token for ``subject``: derived, so a retried task makes the same one; no clock in it.

    ``purpose`` separates token families (``hook``, ``undo``): one cannot stand for another.
    Form: ``<subject>.<key id>.<HMAC-SHA256, base64url>``.
    """
    return f"{subject}.{key.id}.{_mac(purpose, subject, key.secret)}"


def verify(purpose: str, token: str, keys: list[SigningKey]) -> str:
    """The subject of a valid token.

    Raises:
        InvalidToken: malformed, signed for another purpose, or by a key that is not in ``keys``.
    """
    subject, _, rest = token.rpartition(".")[0].rpartition(".")
    key_id, mac = rest, token.rpartition(".")[2]
    key = next((key for key in keys if str(key.id) == key_id), None)
    if not subject or key is None:
        raise InvalidToken("the button's token is malformed or its key was retired")
    if not hmac.compare_digest(mac.encode(), _mac(purpose, subject, key.secret).encode()):
        raise InvalidToken("the button's token has a wrong signature")
    return subject


def verify_hook_token(token: str, keys: list[SigningKey]) -> uuid.UUID:
    """The hook id a valid ``hook`` token stands for; raises :class:`InvalidToken` otherwise."""
    try:
        return uuid.UUID(verify("hook", token, keys))
    except ValueError:
        raise InvalidToken("the button's token names no durable hook") from None


def _mac(purpose: str, subject: str, secret: bytes) -> str:
    digest = hmac.new(secret, f"{purpose}:{subject}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

"""What identifies a wait, and the signed tokens that buttons carry."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, Signer

if TYPE_CHECKING:
    from collections.abc import Iterable


def hook_key(dag_id: str, run_id: str, name: str, map_index: int = -1) -> str:
    """The unique key of what is being waited for: one wait called ``name`` in one run.

    It holds no task id, so that the task which asks and the sensor which waits derive the same
    key; ``map_index`` tells mapped waits apart (-1 when the wait is not mapped).
    """
    return f"{dag_id}/{run_id}/{name}/{map_index}"


class InvalidToken(Exception):
    """A button's token was not made by this product (or its key was retired)."""


def sign(purpose: str, subject: str, key: bytes) -> str:
    """The token for ``subject``: derived, so a retried task makes the same one; no clock in it.

    ``purpose`` separates token families (``hook``, ``undo``): one cannot stand for another.
    Form: ``<subject>.<HMAC-SHA256, base64url>``.
    """
    return _signer(purpose, [key]).sign(subject).decode()


def verify(purpose: str, token: str, keys: Iterable[bytes]) -> str:
    """The subject of a valid token.

    Raises:
        InvalidToken: malformed, signed for another purpose, or by a key that is not in ``keys``.
    """
    try:
        return _signer(purpose, keys).unsign(token).decode()
    except (BadSignature, UnicodeError):
        raise InvalidToken(
            "the button's token was not signed for this by any key in force"
        ) from None


def _signer(purpose: str, keys: Iterable[bytes]) -> Signer:
    return Signer(keys, salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256)


def verify_hook_token(token: str, keys: Iterable[bytes]) -> uuid.UUID:
    """The hook id a valid ``hook`` token stands for; raises :class:`InvalidToken` otherwise."""
    try:
        return uuid.UUID(verify("hook", token, keys))
    except ValueError:
        raise InvalidToken("the button's token names no durable hook") from None

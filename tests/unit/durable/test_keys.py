"""Keys and button tokens."""

from __future__ import annotations

import uuid

import pytest

from include.durable.keys import (
    InvalidToken,
    hook_key,
    sign,
    verify,
    verify_hook_token,
)

OLD, NEW = b"o" * 32, b"n" * 32
HOOK = uuid.UUID("6c0bb0a4-5c0c-4c3a-9a55-6f2f8a3f1b11")


def test_the_same_wait_has_the_same_key_and_mapped_waits_differ() -> None:
    assert hook_key("d", "r", "answer") == hook_key("d", "r", "answer", -1)
    keys = {hook_key("d", "r", "answer", index) for index in (-1, 0, 1)}
    assert len(keys) == 3


def test_a_token_is_the_same_on_every_call_and_names_its_hook() -> None:
    token = sign("hook", str(HOOK), NEW)
    assert token == sign("hook", str(HOOK), NEW)
    assert verify_hook_token(token, [NEW, OLD]) == HOOK


def test_a_rotated_key_still_opens_old_buttons_until_it_is_retired() -> None:
    token = sign("hook", str(HOOK), OLD)
    assert verify_hook_token(token, [NEW, OLD]) == HOOK
    with pytest.raises(InvalidToken, match="in force"):
        verify_hook_token(token, [NEW])


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        str(HOOK),
        f"{HOOK}.",
        f"{HOOK}.AAAA",
        f"{uuid.UUID(int=1)}." + sign("hook", str(HOOK), NEW).rsplit(".", 1)[1],
        sign("undo", str(HOOK), NEW),
        sign("hook", "not-a-uuid", NEW),
        sign("hook", str(HOOK), NEW) + "x",
        sign("hook", str(HOOK), b"x" * 32),
        "ü" * 50,
        "\ud800.\ud800",
        "\x00.\x00",
    ],
)
def test_a_forged_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        verify_hook_token(token, [NEW, OLD])


def test_a_subject_may_hold_dots() -> None:
    assert verify("undo", sign("undo", "a.b.c", NEW), [NEW]) == "a.b.c"

"""Only what surely says nothing is set aside."""

from __future__ import annotations

import time

import pytest

from include.agents.noise import NoiseReason, noise_reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://crm.example.com/deals/17", NoiseReason.ONLY_LINKS),
        ("<https://a.example/x> <@U0ANN>", NoiseReason.ONLY_LINKS),
        ("see@example.com", NoiseReason.NO_WORDS),
        ("🔥🔥🔥", NoiseReason.NO_WORDS),
        (":tada: :+1:", NoiseReason.NO_WORDS),
        ("...?! 404", NoiseReason.NO_WORDS),
        ("<p>&nbsp;</p><br>", NoiseReason.NO_WORDS),
        ("Thanks!", NoiseReason.ONLY_THANKS),
        ("Thank you so much, team 🎉", NoiseReason.ONLY_THANKS),
        ("danke sehr", NoiseReason.ONLY_THANKS),
        ("hi there", NoiseReason.ONLY_THANKS),
        ("UI", NoiseReason.TOO_SHORT),
        ("🔥" * 10_000, NoiseReason.NO_WORDS),
        ("https://a.example/b " * 500, NoiseReason.ONLY_LINKS),
    ],
)
def test_what_holds_no_pain_is_named(text: str, reason: NoiseReason) -> None:
    assert noise_reason(text) is reason


@pytest.mark.parametrize(
    "text",
    [
        "Export fails",
        "SSO please",
        "Thanks, but the export is slow",
        "no export",
        "崩溃",
        "ça plante",
        "导出失败 🔥",
        "Экспорт не работает",
        "```Error: export timed out```",
        "<https://a.example|Export fails for Acme>",
        "<div>Export <b>fails</b></div>",
        "what about https://a.example/x",
        "x" * 10_000,
        "https://a.example/b " * 300 + "and the export fails",
        "Login 🔥 geht nicht, please fix",
    ],
)
def test_what_may_hold_a_pain_is_never_set_aside(text: str) -> None:
    assert noise_reason(text) is None


@pytest.mark.parametrize("unit", ["<!--", "<a ", "http://a|", "a@", ":a", "&amp;", "<@"])
def test_hostile_text_is_read_in_a_moment(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    began = time.process_time()
    noise_reason(text)
    assert time.process_time() - began < 0.5

"""A model that obeys all it reads: what the fence, the ids and left-out rows still hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from include.agents.client import ModelAgent
from include.agents.judge import ask_judge
from include.agents.ledger import MemoryLedger
from include.matching.types import Candidate
from tests.injections import CORPUS, MORE

if TYPE_CHECKING:
    from tests.chat import Chat

INNOCENT = Candidate(1, "export", "Export the invoice table", "As a spreadsheet.")
PAIN = "We cannot export the invoice table."


def agent(chat: Chat) -> ModelAgent:
    return ModelAgent(chat.config(), MemoryLedger())


def obey(chat: Chat, *ids: int) -> None:
    """The model names every id that an attacker could want, with full confidence."""
    verdicts: list[dict[str, Any]] = [{"id": one, "confidence": 1.0, "reason": "ok"} for one in ids]
    chat.script("content", content=json.dumps({"verdicts": verdicts}), times=99)


@pytest.mark.parametrize("title", [*CORPUS[:6], *CORPUS[38:48], *MORE[:6], *MORE[-7:]])
def test_a_stored_order_leaves_the_prompt_and_the_others_are_still_judged(
    chat: Chat, title: str
) -> None:
    obey(chat, 1, 2)
    stored = Candidate(2, "stored", title, "Nothing else.")
    asked = agent(chat)
    verdict = ask_judge(asked, PAIN, [stored, INNOCENT], key="k")
    assert verdict is not None
    assert [one.request_id for one in verdict.stated] == [1]
    assert verdict.dropped == 1
    [body] = chat.seen()
    message = body["messages"][-1]["content"]
    assert "Export the invoice table" in message
    assert "Nothing else." not in message
    assert "left out" in asked.ledger.notes["judge: rows"]  # type: ignore[attr-defined]


def test_nobody_is_asked_about_orders_alone(chat: Chat) -> None:
    obey(chat, 2)
    stored = Candidate(2, "stored", CORPUS[0], "")
    assert ask_judge(agent(chat), PAIN, [stored], key="k") is None
    assert chat.seen() == []


def test_what_the_filter_does_not_see_stays_in_its_fence_and_invents_no_id(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.agents.client.addresses_model", lambda _: False)
    monkeypatch.setattr("include.agents.judge.addresses_model", lambda _: False)
    obey(chat, 1, 2, 987_654_321)
    stored = Candidate(2, "stored", CORPUS[5], CORPUS[6])
    verdict = ask_judge(agent(chat), CORPUS[0], [stored, INNOCENT], key="k")
    assert verdict is not None
    assert {one.request_id for one in verdict.stated} == {1, 2}
    [body] = chat.seen()
    system, message = (one["content"] for one in body["messages"])
    assert "Ignore all previous" not in system
    fence = message.split("<<<DATA ")[1].split(" ")[0]
    outside = "".join(
        part.split(f"\nDATA {fence}>>>")[-1] for part in message.split(f"<<<DATA {fence}")
    )
    assert "Ignore all previous" not in outside
    assert "This one" not in outside

"""Every stage of an entry on every surface: what is said is so, and every end has a way out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from include.base.entry_state import Stage
from include.entries.overview import Followed, OpenQuestion, Overview, RecentEntry
from include.relay.home import home_view
from include.slack.cards.blocks import section
from include.slack.cards.entry_card import MOVE_TO, entry_card, group_card, summary_card
from include.slack.cards.modals import details_modal
from include.slack.cards.words import stage_words
from sandbox.slack.blockkit import check_message_blocks, check_view
from tests.entry_states import every_stage, question, request, tokens

if TYPE_CHECKING:
    from include.base.entry_state import EntryState
    from include.slack.cards.blocks import Block

STATES = every_stage()


def group(states: list[EntryState], status: str = "pending") -> list[Block]:
    asked = question(status, "attach" if status == "answered" else None)
    by_entry = {state.entry_id: tokens(state) for state in states}
    return group_card(states, by_entry, question=asked, token="q", count=len(states)).blocks


SURFACES: dict[str, Any] = {
    "card": lambda state: entry_card(state, tokens(state)).blocks,
    "older card": lambda state: entry_card(state, None).blocks,
    "summary": lambda state: summary_card([state], {state.entry_id: tokens(state)}).blocks,
    "group, open": lambda state: group([state, replace(state, entry_id=4)]),
    "group, answered": lambda state: group([state, replace(state, entry_id=4)], "answered"),
    "home": lambda state: home_view(
        Overview([], 0, [RecentEntry(state, tokens(state))], [Followed(request(), 1)])
    )["blocks"],
    "home, asked": lambda state: home_view(Overview([OpenQuestion(state, "q")], 0, [], []))[
        "blocks"
    ],
    "thread": lambda state: [section(stage_words(state))],
}
# What is said at each stage, wherever it is said, and what must not be.
SAID = {
    "working": "I am working on this.",
    "taken up": "I am working on this.",
    "asked": "whether this belongs to",
    "decided answered attach": "It is being added to",
    "decided answered create": "A request of its own is being opened.",
    "decided answered set_aside": "It is being taken back.",
    "decided expired": "A request of its own is being opened.",
    "decided cancelled": "until then nothing is decided",
    "attached": "This was added to",
    "attached to a merged one": "(now part of",
    "created": "No request fitted, so this opened",
    "created by the clock": "This is a request of its own",
    "undone": "This is a request of its own",
    "set aside": "it reads like praise, without a problem",
    "withdrawn": "This was taken back as not feedback.",
    "split": "There are 2 things in this",
    "failed": "I could not finish working on this.",
}
WAYS_ON = {
    "attached": ["undo_attachment", "pick_for_feedback", "not_feedback", "edit_details"],
    "moved": ["undo_attachment", "pick_for_feedback", "not_feedback", "edit_details"],
    "created": ["pick_for_feedback", "not_feedback", "edit_details"],
    "undone": ["move_to_0", "pick_for_feedback", "not_feedback", "edit_details"],
    "set aside": ["restore_entry"],
    "withdrawn": ["restore_entry"],
    "failed": ["not_feedback", "edit_details"],
    "asked": [
        "answer_attach",
        "answer_create",
        "pick_for_question",
        "answer_set_aside",
        "edit_details",
    ],
}


def buttons(blocks: list[Block]) -> list[dict[str, Any]]:
    return [one for block in blocks if block["type"] == "actions" for one in block["elements"]]


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("name", STATES)
def test_every_stage_is_shown_on_every_surface(name: str, surface: str) -> None:
    blocks = SURFACES[surface](STATES[name])
    if surface.startswith("home"):
        check_view({"type": "home", "blocks": blocks})
    else:
        check_message_blocks(blocks)
    assert "None" not in json.dumps(blocks)


@pytest.mark.parametrize("surface", ["card", "summary", "group, answered", "home", "thread"])
@pytest.mark.parametrize("name", SAID)
def test_every_surface_says_the_same_of_a_stage(name: str, surface: str) -> None:
    if name == "asked" and surface == "card":
        return  # the card asks instead
    said = json.dumps(SURFACES[surface](STATES[name]), ensure_ascii=False)
    assert SAID[name] in said
    if STATES[name].stage not in (Stage.CREATED, Stage.SPLIT):
        assert "opened <" not in said


@pytest.mark.parametrize("surface", ["card", "summary", "home"])
@pytest.mark.parametrize("name", WAYS_ON)
def test_every_stage_has_its_ways_on(name: str, surface: str) -> None:
    if name == "asked" and surface != "card":
        return
    found = buttons(SURFACES[surface](STATES[name]))
    ids = [one["action_id"] for one in found if one["action_id"] not in MOVE_TO[1:]]
    assert ids == WAYS_ON[name]
    assert all(b["value"] for b in found)


def test_while_an_answer_is_carried_out_nothing_can_be_pressed() -> None:
    for name, state in STATES.items():
        if state.stage in (Stage.DECIDED, Stage.WORKING):
            assert buttons(entry_card(state, tokens(state)).blocks) == [], name


def test_a_new_request_shows_the_three_nearest_as_buttons() -> None:
    blocks = entry_card(STATES["created"], tokens(STATES["created"])).blocks
    near = [b for b in buttons(blocks) if b["action_id"].startswith("move_to_")]
    assert [(b["text"]["text"], b["value"]) for b in near] == [
        ("Near 2", "m2"),
        ("Near 3", "m3"),
        ("Near 4", "m4"),
    ]
    assert "Is it one of these?" in json.dumps(blocks)
    assert "Nobody" not in json.dumps(blocks)


def test_a_grouped_question_has_the_choices_and_facts_of_a_single_one() -> None:
    blocks = group([replace(STATES["asked"], entry_id=n) for n in (3, 4, 5)])
    assert [b["action_id"] for b in buttons(blocks)] == WAYS_ON["asked"][:4]
    said = json.dumps(blocks)
    for part in ("Kestrel, $480k ARR", "dealbreaker", "<@U0ANN>", "Strong match, 86% sure"):
        assert part in said


def test_every_card_names_account_deal_severity_and_submitter() -> None:
    for name, state in STATES.items():
        said = json.dumps(entry_card(state, tokens(state)).blocks)
        for part in ("Kestrel, $480k ARR", "deal Renewal 2027", "dealbreaker", "<@U0ANN>"):
            assert part in said, name


@pytest.mark.parametrize("surface", [one for one in SURFACES if one != "thread"])
@pytest.mark.parametrize("name", STATES)
def test_every_card_leads_to_the_page_that_says_why(name: str, surface: str) -> None:
    url = "https://airflow.example.com/plugin/feedback/gtm-feedback/entries/3"
    shown = SURFACES[surface](replace(STATES[name], why_url=url))
    assert f"<{url}|Why?>" in json.dumps(shown)
    assert "Why?" not in json.dumps(SURFACES[surface](STATES[name])), "there is no page"


def test_who_decided_and_when_is_said() -> None:
    said = {name: json.dumps(entry_card(state, None).blocks) for name, state in STATES.items()}
    assert "<@U0ANN> chose " in said["decided answered create"]
    assert "Create new request" in said["decided answered create"]
    assert "Undone by <@U0ANN> on 2 Mar 2026" in said["undone"]
    assert "by <@U0BEN>" in said["moved"]
    assert "Nobody answered until" in said["created by the clock"]


def test_the_form_holds_what_is_known() -> None:
    view = details_modal(STATES["attached"], "t")
    check_view(view)
    initial = [b["element"]["initial_option"]["value"] for b in view["blocks"][1:3]]
    assert initial == ["high", "acc-1"]

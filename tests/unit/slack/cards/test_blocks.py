"""Every card and view just below, at and above each of Slack's limits."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from include.base.entry_state import QuestionState
from include.base.settings import Settings
from include.entries.overview import Followed, OpenQuestion, Overview, RecentEntry
from include.insights.answer_words import Line, Words
from include.matching.types import FoundRequest
from include.outbox.fallbacks import MOST_BLOCKS, Place, rerouted
from include.relay.home import home_view
from include.slack.cards import blocks, modals
from include.slack.cards import unfurl as unfurls
from include.slack.cards.answer import answer_card
from include.slack.cards.entry_card import entry_card, group_card, summary_card
from include.slack.cards.markup import escape
from include.slack.cards.requests import not_reached
from include.slack.cards.search import search_card
from include.slack.errors import Trouble, Verdict
from include.store.models import Message
from sandbox.slack.blockkit import check_message_blocks, check_view
from sandbox.slack.errors import SlackError
from tests.entry_states import every_stage, request, tokens

LENGTHS = [1, 149, 150, 151, 499, 500, 501, 2999, 3000, 3001, 10_000]
CHARACTERS = ["x", "&", "<", "🙂", "a b ", "\n"]


def texts(length: int, character: str) -> str:
    return (character * length)[:length]


@pytest.mark.parametrize("character", CHARACTERS)
@pytest.mark.parametrize("length", LENGTHS)
def test_cards_keep_the_3000_characters_of_a_section(length: int, character: str) -> None:
    said = texts(length, character)
    cards = []
    for state in every_stage().values():
        worded = replace(state, quote=said, reason=said)
        if state.request is not None:
            worded = replace(worded, request=request(title=said, areas=(said,) * 40))
        cards.append(entry_card(worded, tokens(worded)))
        cards.append(
            summary_card(
                [replace(worded, entry_id=n) for n in range(20)],
                dict.fromkeys(range(20), tokens(worded)),
            )
        )
    for card in cards:
        check_message_blocks(card.blocks)
        assert 0 < len(card.text) <= 4000


@pytest.mark.parametrize("character", CHARACTERS)
@pytest.mark.parametrize("length", LENGTHS)
def test_home_search_and_previews_keep_the_limits(length: int, character: str) -> None:
    said = texts(length, character)
    asked, created = every_stage()["asked"], every_stage()["created"]
    home = home_view(
        Overview(
            questions=[OpenQuestion(replace(asked, quote=said), "t" * 200)] * 10,
            more_questions=90,
            entries=[
                RecentEntry(replace(created, quote=said, entry_id=n), tokens(created))
                for n in range(5)
            ],
            followed=[Followed(request(title=said, url="https://e.com/" + "x" * 200), 3)] * 10,
        )
    )
    check_view(home)
    assert len(home["blocks"]) <= 100
    found = [FoundRequest(1, "s", said, "open", 0.9, said[:300])] * 5
    for card in (search_card(said, found, Settings()), search_card(said, [], Settings())):
        check_message_blocks(card.blocks)
        assert len(card.text) <= 4000
    page = unfurls.PageFacts("request", said, said, (said,) * 9)
    check_message_blocks(unfurls.page_card(page, "https://e.com/requests/s")["blocks"])
    check_message_blocks(unfurls.private_card()["blocks"])


@pytest.mark.parametrize("length", LENGTHS)
def test_modals_keep_the_limits(length: int) -> None:
    check_view(modals.feedback_modal(pain="x" * length, message={"channel": "C", "ts": "1.2"}))
    check_view(modals.pick_modal(quote="&" * length, subject="feedback", token="t" * 200))


@pytest.mark.parametrize(("count", "added"), [(0, 0), (1, 1), (49, 1), (50, 0)])
def test_a_message_of_50_blocks_gets_no_line_more(count: int, added: int) -> None:
    message = Message(
        key="k",
        purpose="p",
        address="U0ANN",
        body="b",
        blocks=[blocks.section(escape("x"))] * count,
        state="sending",
    )
    trouble = Trouble("user_disabled", Verdict.UNREACHABLE)
    shown = rerouted(message, trouble, Place("#review")).changes["blocks"]
    assert len(shown) == count + added
    assert len(shown) <= MOST_BLOCKS
    check_message_blocks(shown)


def test_the_check_itself_refuses_what_is_over() -> None:
    for over in ([blocks.section(escape("x" * 3001))], [blocks.section(escape("x"))] * 51):
        with pytest.raises(SlackError, match="invalid_blocks"):
            check_message_blocks(over)
    with pytest.raises(SlackError, match="invalid_arguments"):
        check_view({"type": "home", "blocks": [blocks.section(escape("x"))] * 101})


def test_one_row_more_than_a_section_holds_is_in_the_next() -> None:
    lines = tuple(
        Line(f"Request {number} {'x' * 200}", "5 accounts, $1.2M ARR, 40 pieces of feedback", "s")
        for number in range(20)
    )
    settings = Settings(web_base_url="https://pages.example.com/" + "p" * 80)
    card = answer_card(
        Words("Requests by ARR:", lines, "In all 20 requests.", "Query x."), settings
    )
    check_message_blocks(card.blocks)
    said = "\n".join(block["text"]["text"] for block in card.blocks if block["type"] == "section")
    assert len(card.blocks) > 3
    places = [said.index(f"\n{number}. ") for number in range(1, 21)]
    assert places == sorted(places)
    assert said.count("|Request ") == said.count(">: 5 accounts") == 20


def test_home_says_how_much_more_somebody_follows_and_where_it_is() -> None:
    followed = [Followed(request(), 3)] * 10
    assert "more" not in str(home_view(Overview([], 0, [], followed)))
    more = Overview([], 0, [], followed, 2, "https://pages.example.com/me")
    assert "… and 2 more, on <https://pages.example.com/me|your page>." in str(home_view(more))
    assert "… and 2 more, on *your page*." in str(home_view(Overview([], 0, [], followed, 2)))


def test_one_entry_more_than_a_question_shows_is_counted() -> None:
    asked = every_stage()["asked"]
    states = [replace(asked, entry_id=n, quote=f"Words {n}.") for n in range(21)]
    carried = {n: tokens(asked) for n in range(21)}
    question = QuestionState(uuid4(), "pending", None, None, None, None)
    card = group_card(states[:20], carried, question=question, token="t", count=21)
    said = str(card.blocks)
    assert all(f"Words {n}." in said for n in range(8))
    assert "… and 13 more." in said
    assert "Add all 21 to this request" in said
    closed = replace(question, status="answered", choice="create")
    card = group_card(states[:20], carried, question=closed, token="t", count=21)
    said = str(card.blocks)
    assert all(f"Words {n}." in said for n in range(20))
    assert "… and 1 more." in said
    # Room is left for the line that says whom it is for.
    assert len(card.blocks) < MOST_BLOCKS


def test_one_follower_more_than_are_named_is_counted() -> None:
    people = [f"p{n:02}@example.com" for n in range(21)]
    card = not_reached(title="Export", url=None, people=people, what="has shipped")
    assert all(person in str(card.blocks) for person in people[:20])
    assert " and 1 more." in str(card.blocks)

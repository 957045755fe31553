"""The inbox shows what is open, to whom it concerns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.store.models import Decision, Request

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.web.world import World


def test_open_questions_are_shown_with_the_words_the_request_and_the_account(
    ann: TestClient,
) -> None:
    answer = ann.get("/gtm-feedback/inbox?whose=all")

    assert answer.status_code == 200
    assert "They copy tables by hand &amp; lose hours." in answer.text
    assert "Export tables as CSV" in answer.text
    assert "Lotus Analytics" in answer.text
    assert "Everybody has to log in through Okta." in answer.text


def test_the_tabs_say_whose_questions_they_are(ann: TestClient) -> None:
    mine = ann.get("/gtm-feedback/inbox?whose=mine").text
    unowned = ann.get("/gtm-feedback/inbox?whose=unowned").text

    assert "Mine (1)" in mine
    assert "They copy tables" in mine
    assert "through Okta" not in mine
    assert "through Okta" in unowned
    assert "They copy tables" not in unowned


def test_an_area_leaves_out_the_others(ann: TestClient) -> None:
    access = ann.get("/gtm-feedback/inbox?whose=all&area=access").text

    assert "through Okta" in access
    assert "They copy tables" not in access


def test_whoever_is_asked_sees_their_own_questions_first(ann: TestClient) -> None:
    page = ann.get("/gtm-feedback/inbox").text

    assert "They copy tables" in page
    assert "through Okta" not in page


def test_the_reason_quotes_the_feedback_that_spoke_for_it_as_the_card_does(
    ann: TestClient, world: World
) -> None:
    request = world.session.get_one(Request, 1)
    piece = world.evidence(request, "Our rows as a file", account_id="ACC-1", by="ann")
    hook = world.question(request, "A file of rows, please")
    entry_id = int(hook.question["entries"][0][0])
    decision = world.session.scalars(select(Decision).where(Decision.entry_id == entry_id)).one()
    decision.candidates = [
        one | {"nearest_piece": piece, "piece_cosine": 0.99} for one in decision.candidates
    ]
    world.session.commit()
    for page in ("inbox?whose=all", f"entries/{entry_id}"):
        assert "Nearest: “Our rows as a file”" in ann.get(f"/gtm-feedback/{page}").text
    said = ann.get(f"/gtm-feedback/api/entries/{entry_id}").text
    assert "Nearest: “Our rows as a file”" in said

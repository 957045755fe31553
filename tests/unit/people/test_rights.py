"""The table of rights: as the page says, and fail closed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from include.people.actor import (
    RIGHTS,
    Action,
    Actor,
    Right,
    Standing,
    may,
    refusal_words,
    standing_in_slack,
    standing_of,
)
from include.store.models import PersonKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PAGE = Path(__file__).parents[3] / "docs" / "rights.md"
NO_SESSION = cast("Session", None)


class Asked:
    """A question."""

    def __init__(self, *responders: str) -> None:
        self.responders = responders


def test_the_page_shows_the_table_of_the_code() -> None:
    lines = [
        [cell.strip() for cell in line.strip("|\n ").split("|")]
        for line in PAGE.read_text().splitlines()
        if line.startswith("|")
    ]
    standings = [Standing(name) for name in lines[0][1:]]
    rows = {
        Action(cells[0].split(":")[0]): dict(zip(standings, map(Right, cells[1:]), strict=True))
        for cells in lines
        if len(cells) == len(standings) + 1 and re.match(r"[a-z_]+:", cells[0])
    }
    assert rows == RIGHTS
    described = {cells[0] for cells in lines if len(cells) == 2}
    assert set(Standing) <= described


def test_every_action_has_a_cell_for_every_standing() -> None:
    assert set(RIGHTS) == set(Action)
    assert all(set(row) == set(Standing) for row in RIGHTS.values())


def test_guests_and_outsiders_see_and_change_nothing() -> None:
    allowed = {
        (action, standing)
        for action, row in RIGHTS.items()
        for standing in (Standing.GUEST, Standing.GONE, Standing.OUTSIDER)
        if row[standing] is not Right.NO
    }
    assert allowed == {(Action.HAND_IN, Standing.GUEST), (Action.HAND_IN, Standing.GONE)}


def test_every_kind_of_account_has_a_standing() -> None:
    assert {kind: standing_in_slack(kind) for kind in PersonKind} == {
        PersonKind.PERSON: Standing.MEMBER,
        PersonKind.NO_EMAIL: Standing.MEMBER,
        PersonKind.GUEST: Standing.GUEST,
        PersonKind.BOT: Standing.OUTSIDER,
        PersonKind.GONE: Standing.GONE,
    }


@pytest.mark.parametrize(
    ("actor", "named", "allowed"),
    [
        (Actor(Standing.MEMBER, "U0ANN"), ["slack:U0ANN"], True),
        (Actor(Standing.MEMBER, "U0ANN"), ["slack:U0BEN"], False),
        (Actor(Standing.MEMBER, "U0ANN"), [], True),
        (Actor(Standing.MEMBER, email="Ann@example.com"), ["user:ann@example.com"], True),
        (Actor(Standing.MEMBER, "U0ANN", "ann@example.com"), ["user:ann@example.com"], True),
        (Actor(Standing.MEMBER, airflow_user="ann"), ["slack:ann"], False),
        (Actor(Standing.OPERATOR, airflow_user="olga"), ["slack:U0BEN"], True),
        (Actor(Standing.READER, "U0ANN"), ["slack:U0ANN"], False),
        (Actor(Standing.GUEST, "U0ANN"), ["slack:U0ANN"], False),
        (Actor(Standing.OUTSIDER, "U0ANN"), [], False),
    ],
)
def test_a_question_is_answered_by_those_it_names(
    monkeypatch: pytest.MonkeyPatch, actor: Actor, named: list[str], allowed: bool
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    assert may(NO_SESSION, actor, Action.ANSWER, Asked(*named)) is allowed


def test_a_listed_member_is_an_approver_and_a_listed_guest_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"approvers": ["U0ANN"]}')
    assert standing_of(Actor(Standing.MEMBER, "U0ANN")) is Standing.APPROVER
    assert standing_of(Actor(Standing.GUEST, "U0ANN")) is Standing.GUEST
    assert standing_of(Actor(Standing.MEMBER)) is Standing.MEMBER


def test_what_is_decided_by_whose_it_is_cannot_be_asked_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", "{}")
    with pytest.raises(TypeError, match="say on what"):
        may(NO_SESSION, Actor(Standing.MEMBER, "U0ANN"), Action.CORRECT)


def test_a_claim_is_no_label() -> None:
    from include.people.person import Submitter

    claim = Submitter(slack_user_id="U0BEN", email="ben@example.com")
    actor = Actor(Standing.MEMBER, email="Ann@Example.com", airflow_user="ann", claimed=claim)
    assert actor.label == "user:ann@example.com"
    assert actor.labels == {"user:ann@example.com", "airflow:ann"}


@pytest.mark.parametrize("standing", Standing)
def test_a_refusal_says_what_would_help(standing: Standing) -> None:
    words = {refusal_words(Actor(standing), action) for action in Action}
    assert all(word.endswith(".") for word in words)

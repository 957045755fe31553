"""Answers become labels, labels a proposal, and an approver's press new thresholds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from include.durable.api import signing_keys
from include.durable.keys import sign
from include.entries import learning, proposal_cards
from include.entries.labels import labels_as_of
from include.entries.spoken_for import reasons_with_evidence
from include.matching.learning import Label
from include.matching.route import DOUBTED
from include.requests.evidence import Evidence, attach
from include.store.models import (
    ActorKind,
    Decision,
    DecisionStep,
    Entry,
    Feedback,
    Message,
    ProposalState,
    Request,
    RequestMerge,
    ThresholdProposal,
    ThresholdSet,
)
from include.store.session import session_scope
from tests.db.entries.conftest import (
    TableJudge,
    WordsEmbedder,
    make_area,
    make_request,
    submit,
)
from tests.people import member

if TYPE_CHECKING:
    import pytest
    from sqlalchemy.orm import Session

LATER = datetime.now(UTC) + timedelta(hours=1)
CALIBRATED, OTHER = "calibrated/words", "calibrated/other-words"
MODEL_A, MODEL_B = "model/meta/llama/aaaa", "model/meta/llama/bbbb"


def decision(
    session: Session,
    entry_id: int,
    step: str,
    route: str,
    request_id: int | None,
    by: str = "",
    judge: str = CALIBRATED,
) -> Decision:
    """One row of the record; a match has the confidence 0.85."""
    matched = step == "match"
    name, _, model = judge.partition("/")
    prompt = None
    if name == "model":
        model, _, prompt = model.rpartition("/")
    candidates = [{"request_id": request_id, "confidence": 0.85}]
    made = Decision(
        key=f"{step}:{entry_id}:0",
        entry_id=entry_id,
        step=DecisionStep(step),
        route=route,
        request_id=request_id,
        confidence=0.85 if matched else None,
        candidates=candidates if matched else [],
        judge=name if matched else None,
        model=model if matched else None,
        prompt_version=prompt if matched else None,
        actor_kind=ActorKind.SYSTEM if matched else ActorKind.PERSON,
        actor=by or None,
    )
    session.add(made)
    session.flush()
    return made


def answered(
    request_id: int,
    answers: list[str],
    *,
    step: str = "answer",
    by: str = "slack:U0ANN",
    judge: str = CALIBRATED,
) -> None:
    """Entries that were asked about, with what was answered."""
    for answer in answers:
        with session_scope() as session:
            number = session.scalar(select(func.count(Entry.id)))
        entry_id = submit(f"words number {number}", f"run{number}")
        with session_scope() as session:
            decision(session, entry_id, "match", "ask", request_id, judge=judge)
            decision(session, entry_id, step, answer, request_id, by)


def labels(judge: str = CALIBRATED, area_id: int | None = None) -> list[Label]:
    with session_scope() as session:
        return labels_as_of(session, LATER, judge, area_id)


def propose(as_of: datetime = LATER) -> list[int]:
    return learning.propose(session_scope, as_of, judge_of=lambda *_: TableJudge())


def test_every_kind_of_answer_is_a_label_and_what_nobody_saw_is_none(
    embedder: WordsEmbedder,
) -> None:
    request, other = (make_request(embedder, title) for title in ("Export a table", "Dark mode"))
    ids = [submit(f"pain {word}", word) for word in ("a", "b", "c", "d", "e", "f")]
    approved, declined, undone, picked, unseen, noise = ids
    with session_scope() as session:
        for entry_id in ids:
            decision(session, entry_id, "match", "attach", request)
        decision(session, approved, "answer", "attach", request, "ann")
        decision(session, declined, "answer", "create", None, "bob")
        decision(session, undone, "undo", "create", other, "ann")
        decision(session, picked, "pick", "attach", other, "ann")
        session.execute(
            text(
                "UPDATE entries SET status = 'done', outcome = 'noise', noise_reason = 'x'"
                " WHERE id = :id"
            ),
            {"id": noise},
        )
    assert [(label.right, label.by, label.asked) for label in labels()] == [
        (True, "ann", True),
        (False, "bob", True),
        (False, "ann", False),
        (False, "ann", False),
        (False, "", False),
    ]
    assert unseen


def test_the_costs_in_the_settings_move_what_is_proposed(
    embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = make_request(embedder, "Export a table")
    answered(request, ["attach", "create"] * 15)
    found = {}
    for cost in (0.5, 1.8):
        monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", json.dumps({"cost_question": cost}))
        [proposal_id] = propose(LATER + timedelta(seconds=cost))
        with session_scope() as session:
            proposal = session.get_one(ThresholdProposal, proposal_id)
            assert proposal.facts["costs"] == {"wrong": 5, "duplicate": 2, "question": cost}
            found[cost] = proposal.ask
    assert found[0.5] < found[1.8]


def test_a_request_that_was_merged_into_the_suggested_one_makes_it_right(
    embedder: WordsEmbedder,
) -> None:
    request = make_request(embedder, "Export a table")
    entry_id = submit("pain a", "a")
    with session_scope() as session:
        opened = Request(slug="second", title="Second one", opened_by_entry_id=entry_id)
        session.add(opened)
        session.flush()
        made = decision(session, entry_id, "match", "create", opened.id)
        made.candidates = [{"request_id": request, "confidence": 0.85}]
        session.add(RequestMerge(request_id=opened.id, into_id=request, merged_by="slack:U1"))
    assert labels() == [Label(0.85, right=True, by="slack:U1", asked=False, fits=True)]


def test_a_question_was_worth_it_where_a_request_that_was_there_was_chosen(
    embedder: WordsEmbedder,
) -> None:
    request, other = (make_request(embedder, title) for title in ("Export a table", "Dark mode"))
    ids = [submit(f"pain {word}", word) for word in ("a", "b", "c", "d")]
    right, picked, new, own = ids
    with session_scope() as session:
        for entry_id in ids:
            decision(session, entry_id, "match", "ask", request)
        decision(session, right, "answer", "attach", request)
        decision(session, picked, "answer", "attach", other)
        decision(session, new, "answer", "create", request)
        opened = Request(slug="own", title="Its own", opened_by_entry_id=own)
        session.add(opened)
        session.flush()
        decision(session, own, "answer", "create", request)
        decision(session, own, "pick", "attach", opened.id)
    assert [(label.right, label.fits) for label in labels()] == [
        (True, True),
        (False, True),
        (False, False),
        (False, False),
    ]


def test_a_sure_match_that_was_doubted_says_nothing_about_the_others(
    embedder: WordsEmbedder,
) -> None:
    request = make_request(embedder, "Export a table")
    answered(request, ["attach", "create"])
    with session_scope() as session:
        first = session.scalars(select(Decision).where(Decision.step == "match")).first()
        assert first is not None
        first.reason = f"It says almost the same as this request. {DOUBTED}"
    assert [label.right for label in labels()] == [False]


def test_the_answers_on_one_judge_are_no_labels_of_another(embedder: WordsEmbedder) -> None:
    request = make_request(embedder, "Export a table")
    answered(request, ["attach"] * 2, judge=MODEL_A)
    answered(request, ["create"] * 3, judge=CALIBRATED)
    answered(request, ["create"], judge=OTHER)
    assert [label.right for label in labels(MODEL_A)] == [True] * 2
    assert [label.right for label in labels(CALIBRATED)] == [False] * 3
    assert [label.right for label in labels(OTHER)] == [False]
    assert labels(MODEL_B) == []


def test_a_verdict_on_what_the_model_never_saw_is_no_label_of_the_model(
    embedder: WordsEmbedder,
) -> None:
    request = make_request(embedder, "Export a table")
    answered(request, ["attach"] * 2, judge=MODEL_A)
    with session_scope() as session:
        first = session.scalars(select(Decision).where(Decision.judge == "model")).first()
        assert first is not None
        first.candidates = [{"request_id": request, "confidence": 0.85, "unheard": True}]
    assert len(labels(MODEL_A)) == 1


def test_each_judge_has_its_own_proposal_and_accepting_it_changes_nobody_elses_thresholds(
    embedder: WordsEmbedder,
) -> None:
    request = make_request(embedder, "Export a table")
    answered(request, ["attach"] * 40, judge=MODEL_A)
    answered(request, ["create"] * 40, judge=CALIBRATED)
    ids = propose()
    with session_scope() as session:
        found = {one.judge: one for one in learning.proposals(session)}
        assert {judge: one.facts["attaches"] for judge, one in found.items()} == {
            MODEL_A: True,
            CALIBRATED: False,
        }
        of_model = found[MODEL_A]
        assert of_model.labels == 40
        assert of_model.facts["held"]
        month = of_model.facts["last_month"]
        assert (month["decisions"], month["replayed"]) == (40, 40)
        assert month["now"]["questions"] == 40
        proposal_cards.queue_cards(session, ids)
        words = session.scalars(
            select(Message.blocks).where(Message.key == f"proposal:{of_model.id}")
        ).one()
        attach = of_model.attach
    assert "judged by meta/llama with prompt aaaa" in str(words)
    assert "a person is asked today" in str(words)
    assert press(of_model.id, "accept", "U0BOSS") == "recorded"
    assert in_force(MODEL_A) == attach < 0.9
    assert [in_force(judge) for judge in (MODEL_B, CALIBRATED, None)] == [0.9] * 3
    with session_scope() as session:
        assert learning.in_force(session, None, MODEL_A).is_fitted
    assert press(of_model.id, "undo", "U0BOSS") == "recorded"
    with session_scope() as session:
        back = learning.in_force(session, None, MODEL_A)
        assert (back.attach, back.is_fitted) == (0.9, False)


def test_a_day_of_the_past_knows_only_what_was_answered_then(embedder: WordsEmbedder) -> None:
    answered(make_request(embedder, "Export a table"), ["attach"] * 3)
    with session_scope() as session:
        assert labels_as_of(session, datetime.now(UTC) - timedelta(days=1), CALIBRATED) == []


def test_answers_end_in_a_proposal_and_accepting_it_changes_the_thresholds(
    embedder: WordsEmbedder,
) -> None:
    answered(make_request(embedder, "Export a table"), ["attach"] * 40)
    [proposal_id] = propose()
    with session_scope() as session:
        before = learning.in_force(session, None, CALIBRATED)
        found = session.get_one(ThresholdProposal, proposal_id)
        assert before.attach == 0.9
        attach = found.attach
        assert attach < before.attach
        assert found.facts["last_month"]["decisions"] == 40
    assert press(proposal_id, "accept", "U0ANN") == "not_allowed"
    assert press(proposal_id, "accept", "U0BOSS") == "recorded"
    assert in_force() == attach
    assert press(proposal_id, "decline", "U0BOSS") == "too_late"
    assert press(proposal_id, "undo", "U0BOSS") == "recorded"
    assert in_force() == 0.9
    assert press(proposal_id, "undo", "U0BOSS") == "too_late"


def test_a_version_made_by_hand_since_is_not_taken_back(embedder: WordsEmbedder) -> None:
    answered(make_request(embedder, "Export a table"), ["attach"] * 40)
    [proposal_id] = propose()
    press(proposal_id, "accept", "U0BOSS")
    with session_scope() as session:
        session.add(ThresholdSet(attach=0.97, ask=0.8, created_by="ann"))
    assert press(proposal_id, "undo", "U0BOSS") == "too_late"
    assert in_force() == 0.97


def test_a_repeat_finds_its_proposal_and_a_newer_one_replaces_it(embedder: WordsEmbedder) -> None:
    answered(make_request(embedder, "Export a table"), ["attach"] * 40)
    first = propose()
    assert propose() == first
    second = propose(LATER + timedelta(days=7))
    with session_scope() as session:
        states = [session.get_one(ThresholdProposal, one).state for one in (*first, *second)]
        assert states == [ProposalState.REPLACED, ProposalState.OPEN]
    assert press(first[0], "accept", "U0BOSS") == "too_late"


def test_an_area_out_of_reach_asks_and_its_card_says_so(embedder: WordsEmbedder) -> None:
    area = make_area("billing")
    good = make_request(embedder, "Export a table")
    bad = make_request(embedder, "Dark mode", areas=[area])
    answered(good, ["attach"] * 60)
    answered(bad, ["create"] * 60, by="slack:U0BOB")
    found = propose()
    with session_scope() as session:
        of_area = [
            one
            for one in learning.proposals(session, state=ProposalState.OPEN)
            if one.area_id == area
        ]
        assert [one.attach for one in of_area] == [1.0]
        proposal_cards.queue_cards(session, found)
        words = session.scalars(
            select(Message.blocks).where(Message.key == f"proposal:{of_area[0].id}")
        ).one()
    assert "Nothing would be attached by itself" in str(words)


def test_ten_answers_and_an_area_with_few_propose_nothing(embedder: WordsEmbedder) -> None:
    area = make_area("billing")
    answered(make_request(embedder, "Dark mode", areas=[area]), ["create"] * 10)
    assert propose() == []
    answered(make_request(embedder, "Export a table"), ["attach"] * 40)
    with session_scope() as session:
        assert len(propose()) == 1
        assert [one.area_id for one in learning.proposals(session)] == [None]


def test_a_decision_names_the_feedback_that_spoke_for_it_while_it_is_there(
    embedder: WordsEmbedder,
) -> None:
    request = make_request(embedder, "Export a table")
    earlier, later = submit("my rows as a file", "a"), submit("rows as a file please", "b")
    with session_scope() as session:
        feedback = attach(
            session, session.get_one(Entry, earlier), request, Evidence("person", "Said so.")
        )
        made = decision(session, later, "match", "ask", request)
        made.reason = "It is close."
        made.candidates = [
            {"request_id": request, "cosine": 0.2, "nearest_piece": feedback, "piece_cosine": 0.8}
        ]
        session.flush()
        assert (
            reasons_with_evidence(session, [made])[made.id]
            == "It is close. Nearest: “my rows as a file”"
        )
        row = session.get_one(Feedback, feedback)
        row.removed_at, row.removed_by = func.now(), "x"
        session.flush()
        assert reasons_with_evidence(session, [made])[made.id] == "It is close."


def press(proposal_id: int, choice: str, who: str) -> str:
    with session_scope() as session:
        token = sign("proposal", str(proposal_id), signing_keys(session)[0])
        reply = proposal_cards.answer(session, token=token, choice=choice, actor=member(who))
        return reply.status


def in_force(judge: str | None = CALIBRATED) -> float:
    with session_scope() as session:
        return learning.in_force(session, None, judge).attach

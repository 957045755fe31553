from __future__ import annotations

from dataclasses import replace

import pytest

from include.entries.decisions import candidate_record
from include.matching.recorded import recorded_candidate
from include.matching.route import DOUBTED, is_audited, route
from include.matching.types import (
    Candidate,
    MatchType,
    RequestStatus,
    Route,
    Thresholds,
    Verdict,
)


def candidate(request_id: int = 1, status: str = RequestStatus.OPEN) -> Candidate:
    return Candidate(request_id, f"r-{request_id}", "Export to CSV", "", status=status)


def verdict(confidence: float, request_id: int = 1) -> Verdict:
    return Verdict(request_id, confidence, "Both speak of export.", MatchType.of(confidence))


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [
        (1.0, Route.ATTACH),
        (0.90, Route.ATTACH),
        (0.8999, Route.ASK),
        (0.80, Route.ASK),
        (0.7999, Route.CREATE),
        (0.5, Route.CREATE),
    ],
)
def test_default_thresholds_are_exact_at_their_boundaries(
    confidence: float, expected: Route
) -> None:
    decision = route([verdict(confidence)], {1: candidate()}, Thresholds(1))
    assert decision.route is expected
    assert decision.best == verdict(confidence)


def test_other_thresholds_are_obeyed() -> None:
    loose = Thresholds(2, attach=0.7, ask=0.6)
    assert route([verdict(0.7)], {1: candidate()}, loose).route is Route.ATTACH
    assert route([verdict(0.65)], {1: candidate()}, loose).route is Route.ASK
    assert route([verdict(0.59)], {1: candidate()}, loose).route is Route.CREATE


@pytest.mark.parametrize("status", [RequestStatus.SHIPPED, RequestStatus.DEPRIORITIZED])
def test_a_closed_request_is_asked_about_and_never_attached_silently(status: str) -> None:
    decision = route([verdict(0.99)], {1: candidate(status=status)}, Thresholds(1))
    assert decision.route is Route.ASK
    assert ("shipped" if status == "shipped" else "deprioritized") in decision.reason


def test_a_closed_request_below_ask_becomes_a_new_request() -> None:
    shipped = {1: candidate(status="shipped")}
    assert route([verdict(0.79)], shipped, Thresholds(1)).route is Route.CREATE


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95, 1.0])
def test_without_vectors_a_person_is_asked_however_sure_the_judge_is(confidence: float) -> None:
    decision = route([verdict(confidence)], {1: candidate()}, Thresholds(1), degraded=True)
    assert decision.route is Route.ASK


def test_without_vectors_and_without_a_reported_candidate_a_request_is_created() -> None:
    assert route([], {}, Thresholds(1), degraded=True).route is Route.CREATE
    weak = route([verdict(0.49)], {1: candidate()}, Thresholds(1), degraded=True)
    assert weak.route is Route.CREATE


def test_no_verdict_creates_and_names_no_best() -> None:
    decision = route([], {1: candidate()}, Thresholds(1))
    assert decision.route is Route.CREATE
    assert decision.best is None


def test_a_verdict_about_a_request_that_was_not_offered_is_ignored() -> None:
    invented = verdict(0.99, request_id=77)
    decision = route([invented, verdict(0.85)], {1: candidate()}, Thresholds(1))
    assert decision.route is Route.ASK
    assert decision.best is not None
    assert decision.best.request_id == 1


def test_the_most_confident_verdict_decides_whatever_the_order() -> None:
    both = {1: candidate(1), 2: candidate(2)}
    decision = route([verdict(0.81, 1), verdict(0.93, 2)], both, Thresholds(1))
    assert decision.best is not None
    assert (decision.route, decision.best.request_id) == (Route.ATTACH, 2)


@pytest.mark.parametrize(
    ("attach", "ask"), [(0.8, 0.9), (1.1, 0.8), (0.9, 0.0), (float("nan"), 0.8), (0.9, -1.0)]
)
def test_senseless_thresholds_are_refused(attach: float, ask: float) -> None:
    with pytest.raises(ValueError, match="0 < ask <= attach <= 1"):
        Thresholds(1, attach=attach, ask=ask)


def test_a_negative_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        Thresholds(-1)


@pytest.mark.parametrize("confidence", [-0.01, 1.01, float("nan")])
def test_a_confidence_outside_the_scale_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        verdict(confidence)


def test_an_audited_sure_match_is_asked_about_and_says_so() -> None:
    verdicts = [verdict(0.97)]
    routed = route(verdicts, {1: candidate(1)}, Thresholds(1), audited=True)
    assert routed.route is Route.ASK
    assert routed.best is not None
    assert routed.best.confidence == 0.97
    assert "checked by a person" in routed.best.reason
    assert route(verdicts, {1: candidate(1)}, Thresholds(1)).route is Route.ATTACH


@pytest.mark.parametrize(
    ("refused", "affirmed", "expected"),
    [
        (0.8, None, Route.ASK),
        (0.8, 0.7, Route.ASK),
        (0.8, 0.9, Route.ATTACH),
        (0.5, None, Route.ATTACH),
        (None, 0.9, Route.ATTACH),
    ],
)
def test_what_resembles_a_refusal_more_than_anything_that_people_put_there_is_asked_about(
    refused: float | None, affirmed: float | None, expected: Route
) -> None:
    known = replace(candidate(1), cosine=0.6, refused=refused, affirmed=affirmed)
    routed = route([verdict(0.97)], {1: known}, Thresholds(1))
    assert routed.route is expected
    assert routed.best is not None
    assert routed.best.confidence == 0.97
    assert routed.best.reason.endswith(DOUBTED) is (expected is Route.ASK)


def test_a_decision_that_is_routed_again_from_its_record_is_doubted_as_it_was() -> None:
    known = replace(candidate(1), cosine=0.6, refused=0.8, affirmed=0.7)
    [row] = candidate_record([known], [verdict(0.97)])
    again = recorded_candidate(row)
    assert again.is_doubted
    assert route([verdict(0.97)], {1: again}, Thresholds(1)).reason == DOUBTED


def test_a_refusal_makes_no_question_of_what_would_be_opened() -> None:
    known = replace(candidate(1), cosine=0.6, refused=0.9)
    assert route([verdict(0.7)], {1: known}, Thresholds(1)).route is Route.CREATE


def test_what_is_asked_or_opened_anyway_is_not_audited() -> None:
    for confidence, expected in ((0.85, Route.ASK), (0.6, Route.CREATE)):
        routed = route([verdict(confidence)], {1: candidate(1)}, Thresholds(1), audited=True)
        assert routed.route is expected
        assert "checked by a person" not in routed.reason


def test_the_share_of_audited_entries_is_the_settings_and_always_the_same() -> None:
    chosen = [entry_id for entry_id in range(1, 10_001) if is_audited(entry_id, 0.05)]
    assert 400 < len(chosen) < 600
    assert chosen == [entry_id for entry_id in range(1, 10_001) if is_audited(entry_id, 0.05)]
    assert not any(is_audited(entry_id, 0) for entry_id in range(1000))
    assert all(is_audited(entry_id, 1) for entry_id in range(1000))

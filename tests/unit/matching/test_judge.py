from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.base.errors import FatalError
from include.matching.calibration import FOLDER, Calibration, file_name, parse
from include.matching.features import (
    TEXT_FEATURES,
    VECTOR_FEATURES,
    number_conflict,
    vector_features,
)
from include.matching.judge import CalibratedJudge
from include.matching.types import Candidate

MINILM = CalibratedJudge("all-MiniLM-L6-v2")


def candidate(request_id: int, cosine: float | None, **more: object) -> Candidate:
    given_fields: dict[str, object] = {
        "title": f"request number {'abcdefghij'[request_id]}",
        "background_mean": 0.2,
        "background_size": 5,
        "corpus_size": 100,
    }
    fields = given_fields | more
    return Candidate(request_id, f"r-{request_id}", description="", cosine=cosine, **fields)  # type: ignore[arg-type]


def test_a_candidate_far_above_its_surroundings_is_the_same_issue() -> None:
    verdicts = MINILM.judge("spreadsheet", [candidate(1, 0.85), candidate(2, 0.3)])
    assert [verdict.request_id for verdict in verdicts] == [1]
    assert verdicts[0].confidence >= 0.9


def test_the_same_cosine_among_near_neighbours_is_not_enough() -> None:
    crowded = [candidate(n, c, background_mean=0.74) for n, c in ((1, 0.78), (2, 0.77))]
    assert MINILM.confidences("card", crowded)[0] < 0.8
    alone = [candidate(1, 0.78), candidate(2, 0.3)]
    assert MINILM.confidences("card", alone)[0] >= 0.9


def test_strangers_are_not_reported() -> None:
    assert MINILM.judge("x", [candidate(1, 0.25), candidate(2, 0.24)]) == []


def test_among_requests_that_have_nothing_in_common_a_stranger_is_no_match() -> None:
    def top(cosine: float, background: float) -> float:
        rows = [candidate(1, cosine, background_mean=background), candidate(2, background)]
        return MINILM.confidences("draw delivery zones", rows)[0]

    assert top(0.3, 0.02) < 0.8
    assert 0.8 <= top(0.4, 0.02) < 0.9
    assert top(0.4, 0.02) == top(0.4, 0.25) > top(0.4, 0.26)


def test_no_candidates_give_no_verdicts() -> None:
    assert MINILM.judge("anything", []) == []


def test_verdicts_come_best_first() -> None:
    rows = [candidate(1, 0.5), candidate(2, 0.62), candidate(3, 0.3)]
    verdicts = MINILM.judge("x", rows)
    confidences = [verdict.confidence for verdict in verdicts]
    assert verdicts[0].request_id == 2
    assert confidences == sorted(confidences, reverse=True)


def test_another_number_lowers_the_confidence() -> None:
    def top(title: str, pain: str) -> float:
        return MINILM.confidences(pain, [candidate(1, 0.6, title=title), candidate(2, 0.3)])[0]

    assert top("move to version 9.4.51", "move to version 9.4.48") < top(
        "move to version 9.4.51", "move to version 9.4.51"
    )


def test_the_very_same_text_is_certain_even_in_a_crowd() -> None:
    crowd = [
        candidate(n, c, background_mean=0.9, title=title)
        for n, c, title in ((1, 0.93, "Export as CSV"), (2, 0.92, "Export as CSV again"))
    ]
    assert MINILM.confidences("  export as csv! ", crowd)[0] >= 0.95
    assert MINILM.confidences("  export as csv! ", crowd)[1] < 0.9


def test_an_only_request_needs_more_than_a_passing_likeness_to_be_attached_to() -> None:
    lonely = candidate(1, 0.45, background_mean=None, background_size=0, corpus_size=1)
    assert MINILM.confidences("x", [lonely])[0] < 0.9
    near = dataclasses.replace(lonely, cosine=0.8)
    assert MINILM.confidences("x", [near])[0] >= 0.9


def test_words_alone_are_reported_but_never_attach() -> None:
    found = candidate(
        1,
        None,
        text_score=1.0,
        title_score=1.0,
        text_points=80.0,
        text_rank=1,
        shared_words=("export", "csv"),
        background_size=0,
    )
    verdicts = MINILM.judge("Exporting as CSV please", [found])
    assert 0.5 <= verdicts[0].confidence < 0.9
    assert verdicts[0].reason == "Compared by words alone: both mention “exporting” and “csv”."


def test_words_in_passing_are_not_reported() -> None:
    found = candidate(1, None, text_score=0.05, title_score=0.0, text_points=1.0)
    other = candidate(2, None, text_score=0.05, title_score=0.0, text_points=1.0)
    assert MINILM.judge("export", [found, other]) == []


@pytest.mark.parametrize("model", ["text-embedding-3-small", "some/unknown model", ""])
def test_a_model_nobody_calibrated_asks_and_never_attaches(model: str) -> None:
    judge = CalibratedJudge(model)
    perfect = candidate(1, 1.0, title="Export as CSV")
    confidence = judge.confidences("Export as CSV", [perfect])[0]
    assert 0.8 <= confidence < 0.9


def test_the_reason_uses_the_pains_own_words_and_no_numbers() -> None:
    top = candidate(1, 0.85, shared_words=("spreadsheet", "tabl", "404"))
    reason = MINILM.judge("Tables as Spreadsheets, error 404", [top, candidate(2, 0.2)])[0].reason
    assert reason.endswith("both mention “spreadsheets” and “tables”.")
    assert not any(character.isdigit() for character in reason)
    assert reason.count(".") == 1


def test_a_reason_without_shared_words_says_so() -> None:
    reason = MINILM.judge("Herunterladen", [candidate(1, 0.9), candidate(2, 0.1)])[0].reason
    assert reason == "It says almost the same as this request, though in other words."


cosines = st.one_of(st.none(), st.floats(-1, 1))


@given(
    st.text(max_size=200),
    st.lists(st.tuples(cosines, st.text(max_size=60), st.lists(st.text(), max_size=4)), max_size=9),
)
def test_any_pain_and_any_candidates_are_judged_on_the_scale(
    pain: str, rows: list[tuple[float | None, str, list[str]]]
) -> None:
    offered = [
        candidate(n, cosine, title=title, shared_words=tuple(words))
        for n, (cosine, title, words) in enumerate(rows)
    ]
    verdicts = MINILM.judge(pain, offered)
    assert all(0.5 <= verdict.confidence <= 1 for verdict in verdicts)
    assert {verdict.request_id for verdict in verdicts} <= set(range(len(rows)))


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_nearer_candidate_is_never_judged_less(first: float, second: float) -> None:
    low, high = sorted((first, second))
    others = [candidate(2, 0.3)]
    nearer = MINILM.confidences("x", [candidate(1, high), *others])[0]
    farther = MINILM.confidences("x", [candidate(1, low), *others])[0]
    assert nearer >= farther


def test_features_of_an_only_request_assume_strangers_around_it() -> None:
    row = vector_features("x", [candidate(1, 0.6, background_mean=None, background_size=0)])[0]
    named = dict(zip(VECTOR_FEATURES, row, strict=True))
    assert named["above_background"] == pytest.approx(0.25)
    assert named["margin"] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("pain", "title", "expected"),
    [
        ("move to 3.1.4", "move to 3.1.2", True),
        ("move to 3.1.4", "move the library", False),
        ("show 50 rows, not 20", "show more than 20 rows", False),
        ("ticket 111 in 3.2", "ticket 222 in 3.2", True),
    ],
)
def test_numbers_conflict_only_when_each_side_has_its_own(
    pain: str, title: str, expected: bool
) -> None:
    assert number_conflict(pain, title) is expected


def test_every_shipped_calibration_can_be_read_and_rises() -> None:
    files = sorted(FOLDER.glob("*.json"))
    assert {path.stem for path in files} >= {"all-MiniLM-L6-v2", "uncalibrated"}
    for path in files:
        calibration = parse(json.loads(path.read_text()))
        for curve in (calibration.vector, calibration.text):
            values = [high for _, high in curve.points]
            assert values == sorted(values)
        assert calibration.text.cap < 0.9
        assert calibration.vector.weights[VECTOR_FEATURES.index("closeness")] > 0


def test_a_calibration_is_found_by_its_models_name() -> None:
    assert Calibration.for_model("all-MiniLM-L6-v2").model == "all-MiniLM-L6-v2"
    assert Calibration.for_model("text-embedding-3-small").model == "uncalibrated"
    assert file_name("../../etc/passwd") == "etc-passwd"


@pytest.mark.parametrize(
    "broken",
    [
        {"weights": {}},
        {"scale": [[0, 0.2], [0.5, 0.1], [1, 1]]},
        {"scale": [[0, 0], [0.9, 1]]},
        {"scale": [[0, 0], [1, 1.2]]},
        {"intercept": "much"},
    ],
)
def test_a_damaged_calibration_is_refused_for_good(broken: dict[str, object]) -> None:
    text = {
        "intercept": 0,
        "weights": dict.fromkeys(TEXT_FEATURES, 1),
        "scale": [[0, 0], [1, 0.89]],
        "cap": 0.89,
    }
    with pytest.raises(FatalError, match="not a calibration"):
        parse({"model": "m", "vector": text, "text": text | broken})

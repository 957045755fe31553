from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.agents.judge import judge_task, plain_reason
from include.agents.ledger import CallOutcome, Health, Result
from include.base.errors import FatalError
from include.matching.heard import (
    FOLDER,
    NOT_SURE,
    HeardJudge,
    judge_curve,
    judge_features,
    parse_judge,
)
from include.matching.judge import CalibratedJudge
from include.matching.route import route
from include.matching.scale import SCALE, chance_of
from include.matching.types import Candidate, MatchType, Route, Thresholds, Verdict
from sandbox.chat_server import MODEL_NAME

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(FOLDER.glob("*.json"))
SHARES = st.floats(0, 1)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_calibration_is_of_the_pair_it_names(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    curve = parse_judge(content)
    assert judge_curve(content["model"], content["prompt_version"]) == curve
    assert "text" not in content


def test_the_sandboxes_model_is_calibrated_for_the_prompt_in_force() -> None:
    version = judge_task().prompt_version
    found = judge_curve(MODEL_NAME, version)
    assert found is not None, f"fit {MODEL_NAME} again: python -m benchmarks.fit_judge; {version}"


@pytest.mark.parametrize("content", [{}, {"judge": {}}, {"judge": {"weights": {"stated": 1}}}])
def test_what_is_no_calibration_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(FatalError, match="not a calibration of a judge"):
        parse_judge(content)


@given(SHARES)
def test_the_chance_behind_a_confidence_is_the_scales_inverse(chance: float) -> None:
    for (left, low), (right, high) in itertools.pairwise(SCALE):
        if left <= chance <= right:
            confidence = low + (high - low) * (chance - left) / (right - left)
            assert chance_of(confidence) == pytest.approx(chance, abs=1e-9)


def test_what_the_model_left_out_is_far_below_what_it_named() -> None:
    named, left_out = judge_features([0.95, 0.0], [0.6, 0.6])
    assert named[0] > 2.9
    assert left_out[0] < -3.8
    assert named[1] == 0.95
    assert left_out[1] == -0.95
    assert named[2] == left_out[2]


@given(
    st.lists(st.tuples(SHARES, st.booleans(), st.booleans()), max_size=10),
    st.sampled_from([MODEL_NAME, "nobody fitted this"]),
)
def test_any_verdict_stays_on_the_scale_and_what_was_left_out_never_attaches(
    rows: list[tuple[float, bool, bool]], model: str
) -> None:
    said = {
        n: Verdict(n, share, "", MatchType.of(share))
        for n, (share, sent, named) in enumerate(rows)
        if sent and named
    }
    sent = frozenset(n for n, row in enumerate(rows) if row[1])
    other = CalibratedJudge("all-MiniLM-L6-v2")
    judge = HeardJudge(model, judge_task().prompt_version, sent, said, other)
    searched = [row[0] for row in rows]
    confidences = judge.confidences(list(range(len(rows))), searched)
    assert all(0 <= one <= 1 for one in confidences)
    for n, confidence in enumerate(confidences):
        if n not in sent:
            assert confidence == searched[n]
        elif n not in said or model != MODEL_NAME:
            assert confidence <= NOT_SURE


@pytest.mark.parametrize("attach", [0.6, 0.9])
def test_a_judge_on_hold_asks_where_it_would_attach(attach: float) -> None:
    verdict = Verdict(1, 0.95, "Same.", MatchType.SAME_ISSUE)
    candidates = {1: Candidate(1, "a", "A", "")}
    thresholds = Thresholds(1, attach=attach, ask=0.5)
    held = route([verdict], candidates, thresholds, hold="Not calibrated.")
    assert (held.route, held.reason) == (Route.ASK, "Not calibrated.")
    assert route([verdict], candidates, thresholds).route is Route.ATTACH
    weak = Verdict(1, 0.4, "", MatchType.WEAK)
    assert route([weak], candidates, thresholds, hold="x").route is Route.CREATE


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Both want\n CSV.", "Both want CSV."),
        ("See https://evil.example/x now", "See now"),
        ("<!channel> <@U123> look <https://e.example|here>", "look"),
        ("word " * 100, ("word " * 100)[:199].rstrip() + "…"),
    ],
)
def test_a_reason_is_one_short_line_without_links_and_mentions(said: str, shown: str) -> None:
    assert plain_reason(said) == shown


def test_a_server_rests_after_three_failures_or_as_long_as_it_asks() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    down = Result(CallOutcome.UNAVAILABLE)
    health = Health().after(down, now).after(down, now)
    assert health.resting_until is None
    assert health.after(down, now).resting_until == now + timedelta(seconds=60)
    asked = Health().after(Result(CallOutcome.UNAVAILABLE, retry_after=90_000), now)
    assert asked.resting_until == now + timedelta(hours=1)
    assert health.after(Result(CallOutcome.ANSWERED, answer="{}"), now) == Health()

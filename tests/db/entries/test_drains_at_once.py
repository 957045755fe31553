"""Several drains at once: each has other people, decisions as one by one, a person's in order."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select, text

from include.entries import drain as backlog
from include.entries import held, intake
from include.store.models import Decision, Entry, Feedback, Request, RunStart
from include.store.session import session_scope
from tests.db.entries.conftest import TableJudge, WordsEmbedder, make_request, route_entry
from tests.db.entries.test_drain import airflow_with, drain_until_done

THINGS = ("tables", "rosters", "invoices", "passwords", "charts", "filters", "prices", "backups")
PEOPLE = 7
THERE = "We cannot print charts on paper"


def pains(count: int) -> list[str]:
    """Of eight problems each is told again and again, by different people."""
    return [f"We cannot print {THINGS[n % len(THINGS)]} on paper" for n in range(count)]


def arrivals(said: list[str], first: int = 0) -> list[intake.Arrival]:
    return [
        intake.arrival(
            {
                "customer_pain": pain,
                "external_id": f"e{n}",
                "submitter": {"email": f"person{n % PEOPLE}@example.com"},
            }
        )
        for n, pain in enumerate(said, start=first)
    ]


def hold(said: list[str], first: int = 0) -> list[str]:
    """Store submissions while many wait; the runs of the drains that are asked for."""
    taken, start_ids = intake.take_in_now(arrivals(said, first))
    assert {one.run_id for one in taken} == {"held"}
    with session_scope() as session:
        return list(session.scalars(select(RunStart.run_id).where(RunStart.id.in_(start_ids))))


@pytest.fixture
def lanes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """So many drains at once; two that wait are many; all drains are at work."""
    count: int = getattr(request, "param", 2)
    settings = json.dumps({"hold_from": 2, "drains_at_once": count})
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", settings)
    monkeypatch.setattr(airflow_with(monkeypatch, {}), "states", {})
    monkeypatch.setattr("include.engine.airflow_api.run_state", lambda *_: "running")
    return count


def together(runs: list[str], embedder: WordsEmbedder) -> Counter[str]:
    """Carry drains out at the same time, as two workers do; how many each decided."""
    begin = Barrier(len(runs))

    def drain(run_id: str) -> int:
        begin.wait()
        return drain_until_done(run_id, embedder)

    with ThreadPoolExecutor(len(runs)) as pool:
        return Counter(dict(zip(runs, pool.map(drain, runs), strict=True)))


def outcomes() -> tuple[Counter[tuple[str, str | None, float | None]], dict[str, int]]:
    """What became of the entries, by words; and the evidence of each request, by title."""
    with session_scope() as session:
        told = session.execute(
            select(Entry.customer_pain, Entry.outcome, Decision.confidence)
            .select_from(Entry)
            .outerjoin(Decision, Decision.entry_id == Entry.id)
        )
        evidence = session.execute(
            select(Request.title, func.count(Feedback.id)).join(Feedback).group_by(Request.id)
        )
        sure = Counter((pain, way, c and round(c, 2)) for pain, way, c in told)
        return sure, {title: count for title, count in evidence}


@pytest.mark.parametrize("lanes", [1, 2, 4], indirect=True)
def test_drains_at_once_decide_as_one_by_one_and_keep_each_persons_order(
    lanes: int, embedder: WordsEmbedder
) -> None:
    make_request(embedder, THERE)
    taken, _ = intake.take_in_now(arrivals(pains(1)))
    taken += intake.take_in_now(arrivals(pains(64)[1:], first=1))[0]
    for one in taken:
        route_entry(one.entry_id, embedder, TableJudge())
    alone = outcomes()
    with session_scope() as session:
        session.execute(text("TRUNCATE entries, requests, run_starts, watermarks CASCADE"))
    make_request(embedder, THERE)

    runs = hold(pains(64))
    assert len(runs) == lanes
    decided = together(runs, embedder)
    assert decided.total() == 64
    assert min(decided.values()) > 0
    assert outcomes() == alone
    with session_scope() as session:
        assert set(session.scalars(select(Entry.status))) == {"done"}
        told = session.execute(
            select(Entry.submitter_id, Entry.run_id, Entry.id)
            .join(Decision, Decision.entry_id == Entry.id)
            .order_by(Decision.id)
        ).all()
    for person in {row.submitter_id for row in told}:
        of_person = [row for row in told if row.submitter_id == person]
        assert len({row.run_id for row in of_person}) == 1
        assert [row.id for row in of_person] == sorted(row.id for row in of_person)


def test_what_comes_while_they_work_is_decided_once(lanes: int, embedder: WordsEmbedder) -> None:
    assert lanes == 2
    runs = hold(pains(40))
    begin = Barrier(3)

    def drain(run_id: str) -> int:
        begin.wait()
        return drain_until_done(run_id, embedder)

    def more() -> set[str]:
        begin.wait()
        return {run for n in range(40, 80, 4) for run in hold(pains(4), first=n)}

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(drain, run) for run in runs]
        asked = pool.submit(more).result(60)
        decided = sum(one.result(60) for one in working)
    decided += sum(drain_until_done(run, embedder) for run in sorted(asked - set(runs)))
    assert decided == 80
    with session_scope() as session:
        assert set(session.scalars(select(Entry.status))) == {"done"}
        assert session.scalar(select(func.count(Decision.id))) == 80


def test_a_drain_by_hand_leaves_people_alone_whom_another_serves(
    lanes: int, embedder: WordsEmbedder
) -> None:
    assert lanes == 2
    [first, _] = sorted(hold(pains(PEOPLE)))
    backlog.take_over(dag_id="drain_backlog", run_id=first, batch_size=500)
    hold(pains(PEOPLE), first=PEOPLE)
    with session_scope() as session:
        served = select(Entry.submitter_id).where(Entry.run_id == first).scalar_subquery()
        later = session.scalar(
            select(func.count(Entry.id)).where(
                Entry.run_id == "held", Entry.submitter_id.in_(served)
            )
        )
    assert later
    assert drain_until_done("manual__1", embedder) == 2 * PEOPLE - 2 * later
    with session_scope() as session:
        assert session.scalar(select(func.count(Entry.id)).where(Entry.run_id == "held")) == later
    assert drain_until_done(first, embedder) == 2 * later


def test_runs_taken_over_are_shared_out_among_the_lanes(
    lanes: int, embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lanes == 2
    confs = {f"api-{n}": one.submission.conf() for n, one in enumerate(arrivals(pains(40)))}
    airflow_with(monkeypatch, confs)
    [part], facts = backlog.take_over(
        dag_id="drain_backlog", run_id=held.run_id_of(0, 1), batch_size=500
    )
    assert (len(facts["runs"]), facts["stored"]) == (40, 40)
    assert part["label"] == f"1 to {40 - facts['shared']} of {40 - facts['shared']}"
    with session_scope() as session:
        owners = Counter(session.scalars(select(Entry.run_id)))
        asked = session.scalars(select(RunStart.run_id)).all()
    assert owners == {"held": facts["shared"], held.run_id_of(0, 1): 40 - facts["shared"]}
    assert 0 < facts["shared"] < 40
    assert asked == [held.run_id_of(1, 1)]
    assert drain_until_done(asked[0], embedder) == facts["shared"]


def test_fewer_lanes_than_before_leave_nothing_held(
    lanes: int, embedder: WordsEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lanes == 2
    runs = hold(pains(20))
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"hold_from": 2, "drains_at_once": 1}')
    assert sorted(together(runs, embedder).values()) == [0, 20]


@pytest.mark.parametrize(
    ("run_id", "lane"),
    [("backlog__000007", 0), ("backlog__3__000007", 3), ("manual__2026", None), ("b1", None)],
)
def test_a_run_says_its_lane(run_id: str, lane: int | None) -> None:
    assert held.lane_of(run_id) == lane
    if lane is not None:
        assert held.run_id_of(lane, 7) == run_id

"""Runs that wait are parked by a running Airflow and go on as the same runs."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import psycopg
import pytest

from include.durable.api import answer_hook, create_hook, find_hook
from include.durable.keys import hook_key
from include.entries.questions import answer_question
from include.store.session import session_scope
from tests.e2e.conftest import DAG, Airflow, card_of, until
from tests.e2e.test_durability import hook_of, open_question, press
from tests.people import member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.slack.client import SlackSandbox
    from sandbox.stack import Stack
    from tests.virtual_clock import MoveClock

SHAPES, VERSIONS = "parking_shapes", "parking_versions"


@pytest.fixture
def park_everything(configure: Callable[..., None]) -> Iterator[Callable[[], None]]:
    """Park what waits for more than five seconds, from the call on."""
    yield lambda: configure(park_after_minutes=0.01)
    configure()


def is_parked(airflow: Airflow, run_id: str, dag_id: str = DAG) -> bool:
    note = airflow.note(run_id, dag_id).rpartition("\n\n")[2]
    return note.startswith("PARKED") and airflow.run_state(run_id, dag_id) == "success"


def go_on_and_finish(airflow: Airflow, run_id: str, dag_id: str = DAG) -> None:
    """Wait for the real end of a run that is parked now."""
    until(lambda: not is_parked(airflow, run_id, dag_id), 60)
    airflow.finish(run_id, dag_id=dag_id)
    until(lambda: airflow.note(run_id, dag_id).startswith("Waited, parked, "), 30)


def open_hooks(dag_id: str, run_id: str, *names: tuple[str, int]) -> None:
    with session_scope() as session:
        for name, index in names:
            create_hook(
                session, dag_id=dag_id, run_id=run_id, name=name, kind="approval", map_index=index
            )


def answer(dag_id: str, run_id: str, name: str, index: int = -1) -> None:
    with session_scope() as session:
        hook = find_hook(session, hook_key(dag_id, run_id, name, index))
        assert hook is not None
        answer_hook(session, hook.id, answer={"choice": name}, by="user:test", via="api")


def tries(airflow: Airflow, run_id: str, dag_id: str = DAG) -> dict[str, int]:
    """How often each task that was executed ran, mapped ones together."""
    listed = airflow.client.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances").json()
    return {
        ti["task_id"]: ti["try_number"]
        for ti in listed["task_instances"]
        if ti["state"] == "success"
    }


def last_task(airflow: Airflow, run_id: str) -> tuple[str, str]:
    """State and note of the last task: by these a person finds parked runs in Airflow's lists."""
    path = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/report_outcome"
    task = airflow.client.get(path).json()
    return task["state"], task["note"] or ""


def test_a_parked_question_is_answered_and_the_same_run_goes_on(
    airflow: Airflow, slack: SlackSandbox, park_everything: Callable[[], None]
) -> None:
    run_id = open_question(airflow, "parked")
    park_everything()
    until(lambda: is_parked(airflow, run_id), 40)
    assert "wait_for_answer waits for an answer until" in airflow.note(run_id)
    assert airflow.tasks(run_id)["apply_answer"] == "skipped"
    until(lambda: last_task(airflow, run_id)[1].startswith("PARKED: "), 10)
    assert last_task(airflow, run_id)[0] == "skipped"
    assert "answer_create" in str(card_of(slack, run_id)["blocks"])
    press(slack, run_id, "create")
    go_on_and_finish(airflow, run_id)
    assert airflow.result(run_id)["outcome"] == "created"
    assert last_task(airflow, run_id) == ("success", "")
    assert tries(airflow, run_id)["apply_answer"] == 1
    assert "answer_create" not in str(card_of(slack, run_id)["blocks"])


def test_a_run_in_every_shape_is_parked_whole_and_each_answer_lets_its_part_go_on(
    airflow: Airflow, stack: Stack, park_everything: Callable[[], None]
) -> None:
    run_id = f"shapes__{uuid.uuid4().hex[:8]}"
    names = [("left", -1), ("right", -1), ("one", 0), ("two", 1)]
    open_hooks(SHAPES, run_id, *names)
    until(lambda: airflow.post_run({}, run_id, SHAPES).status_code in (200, 409), 60)
    until(lambda: states(airflow, run_id).count("deferred") == 5, 60)
    park_everything()
    until(lambda: is_parked(airflow, run_id, SHAPES), 60)
    assert "and 2 more" in airflow.note(run_id, SHAPES)
    assert airflow.tasks(run_id, SHAPES)["group.always"] == "skipped"
    assert ends(stack, run_id) == 0
    assert open_deadlines(stack, run_id) == 1, "the run is not over, so its deadline goes on"
    answer(SHAPES, run_id, "left")
    airflow.wait_for_task(run_id, "group.after_left", "success", dag_id=SHAPES)
    said = airflow.result(run_id, "group.after_left", SHAPES)
    assert "'choice': 'left'" in said or '"choice": "left"' in said
    airflow.wait_for_task(run_id, "group.always", "success", dag_id=SHAPES)
    until(lambda: is_parked(airflow, run_id, SHAPES), 60)
    assert airflow.tasks(run_id, SHAPES)["finish"] == "skipped"
    for name, index in names[1:]:
        answer(SHAPES, run_id, name, index)
    with session_scope() as session:
        sleep = find_hook(session, hook_key(SHAPES, run_id, "sleep"))
        assert sleep is not None
        answer_hook(session, sleep.id, answer={"choice": "wake"}, by="user:test", via="api")
    go_on_and_finish(airflow, run_id, SHAPES)
    ran = tries(airflow, run_id, SHAPES)
    assert (ran["group.after_left"], ran["group.always"], ran["finish"]) == (1, 1, 1)
    until(lambda: ends(stack, run_id) == 1 or not_yet(airflow), 120)
    assert open_deadlines(stack, run_id) == 0
    events = airflow.client.get("/assets/events", params={"source_dag_id": SHAPES}).json()
    assert [e["source_run_id"] for e in events["asset_events"]].count(run_id) == 1


def not_yet(airflow: Airflow) -> Literal[False]:
    """Have a callback called soon.

    Where the file is being parsed as the callback comes, Airflow 3.3.2 calls it with the file's
    next parse, minutes later.
    """
    airflow.parse_again(SHAPES)
    time.sleep(5)
    return False


def states(airflow: Airflow, run_id: str) -> list[str | None]:
    listed = airflow.client.get(f"/dags/{SHAPES}/dagRuns/{run_id}/taskInstances").json()
    return [ti["state"] for ti in listed["task_instances"]]


def open_deadlines(stack: Stack, run_id: str) -> int:
    """Deadlines of a run that Airflow still watches."""
    uri = f"postgresql://postgres@/airflow?host={stack.postgres_host()}"
    query = (
        "SELECT count(*) FROM deadline d JOIN dag_run r ON r.id = d.dagrun_id "
        "WHERE r.run_id = %s AND NOT d.missed"
    )
    with psycopg.connect(uri) as connection:
        row = connection.execute(query, (run_id,)).fetchone()
    assert row is not None
    return int(row[0])


def ends(stack: Stack, run_id: str) -> int:
    """How often Airflow called the DAG's success callback for a run."""
    path = stack.sandbox.state / "airflow" / "ends.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return lines.count(run_id)


def test_clearing_a_parked_wait_by_hand_makes_it_hot_and_keeps_the_question(
    airflow: Airflow,
    slack: SlackSandbox,
    park_everything: Callable[[], None],
    configure: Callable[..., None],
) -> None:
    run_id = open_question(airflow, "parked and cleared")
    before = hook_of(run_id)
    park_everything()
    until(lambda: is_parked(airflow, run_id), 40)
    configure()
    airflow.clear(run_id, "wait_for_answer")
    airflow.wait_for_task(run_id, "wait_for_answer", "deferred")
    until(lambda: airflow.tasks(run_id)["apply_answer"] is None, 30)
    after = hook_of(run_id)
    assert (after.id, after.is_open, after.parked_at) == (before.id, True, None)
    press(slack, run_id, "attach")
    airflow.finish(run_id)
    assert airflow.result(run_id)["outcome"] == "attached"


def test_a_whole_run_cleared_while_parked_asks_nothing_twice(
    airflow: Airflow,
    slack: SlackSandbox,
    park_everything: Callable[[], None],
    configure: Callable[..., None],
) -> None:
    run_id = open_question(airflow, "parked and cleared whole")
    park_everything()
    until(lambda: is_parked(airflow, run_id), 40)
    configure()
    cards = len(slack.dm("U0ANN"))
    airflow.clear(run_id, "decide_entry", downstream=True)
    airflow.wait_for_task(run_id, "wait_for_answer", "deferred")
    until(lambda: hook_of(run_id).parked_at is None, 30)
    assert len(slack.dm("U0ANN")) == cards
    press(slack, run_id, "attach")
    airflow.finish(run_id)
    assert airflow.result(run_id)["outcome"] == "attached"


def test_a_run_failed_by_hand_while_parked_closes_its_question_with_the_next_sweep(
    airflow: Airflow, slack: SlackSandbox, park_everything: Callable[[], None]
) -> None:
    run_id = open_question(airflow, "parked and failed")
    park_everything()
    until(lambda: is_parked(airflow, run_id), 40)
    answer = airflow.client.patch(f"/dags/{DAG}/dagRuns/{run_id}", json={"state": "failed"})
    assert answer.status_code == 200
    sweep = airflow.post_run({}, dag_id="sweep_pending").json()["dag_run_id"]
    airflow.finish(sweep, dag_id="sweep_pending")
    assert hook_of(run_id).status == "cancelled"
    until(lambda: "closed in Airflow" in str(card_of(slack, run_id)["blocks"]), 30)
    until(lambda: hook_of(run_id).parked_at is None, 30)
    assert airflow.run_state(run_id) == "failed"


def test_a_parked_run_of_a_paused_dag_goes_on_when_the_dag_is_switched_on(
    airflow: Airflow, park_everything: Callable[[], None]
) -> None:
    run_id = f"paused__{uuid.uuid4().hex[:8]}"
    start_versions(airflow, run_id)
    park_everything()
    until(lambda: is_parked(airflow, run_id, VERSIONS), 40)
    switch(airflow, is_paused=True)
    answer(VERSIONS, run_id, "wait")
    until(lambda: airflow.run_state(run_id, VERSIONS) == "queued", 30)
    assert airflow.tasks(run_id, VERSIONS)["stays"] is None
    switch(airflow, is_paused=False)
    airflow.finish(run_id, dag_id=VERSIONS)


def test_a_parked_run_whose_dag_changed_goes_on_with_what_the_dag_is_now(
    airflow: Airflow, stack: Stack, park_everything: Callable[[], None]
) -> None:
    run_id = f"changed__{uuid.uuid4().hex[:8]}"
    start_versions(airflow, run_id)
    park_everything()
    until(lambda: is_parked(airflow, run_id, VERSIONS), 40)
    path = stack.sandbox.state / "test-dags" / f"{VERSIONS}.py"
    source = path.read_text(encoding="utf-8")
    path.write_text(
        source.replace("removed_later", "added_later").replace("Gone in", "Only in"),
        encoding="utf-8",
    )
    parse_again(airflow)
    answer(VERSIONS, run_id, "wait")
    airflow.wait_for_task(run_id, "added_later", "success", dag_id=VERSIONS)
    airflow.finish(run_id, dag_id=VERSIONS)
    assert airflow.tasks(run_id, VERSIONS)["stays"] == "success"
    assert airflow.tasks(run_id, VERSIONS)["removed_later"] == "removed"


def start_versions(airflow: Airflow, run_id: str) -> None:
    open_hooks(VERSIONS, run_id, ("wait", -1))
    until(lambda: airflow.post_run({}, run_id, VERSIONS).status_code in (200, 409), 60)
    airflow.wait_for_task(run_id, "wait", "deferred", dag_id=VERSIONS)


def switch(airflow: Airflow, *, is_paused: bool) -> None:
    answer = airflow.client.patch(f"/dags/{VERSIONS}", json={"is_paused": is_paused})
    assert answer.status_code == 200


def parse_again(airflow: Airflow) -> None:
    dag: dict[str, Any] = airflow.client.get(f"/dags/{VERSIONS}/details").json()
    assert airflow.client.put(f"/parseDagFile/{dag['file_token']}").status_code == 201
    until(
        lambda: "added_later" in str(airflow.client.get(f"/dags/{VERSIONS}/tasks").json()["tasks"]),
        60,
    )


def test_a_parked_sleep_and_an_answer_count_although_all_was_down_then(
    airflow: Airflow,
    slack: SlackSandbox,
    stack: Stack,
    park_everything: Callable[[], None],
    configure: Callable[..., None],
    move_clock: MoveClock,
) -> None:
    run_id = f"asleep__{uuid.uuid4().hex[:8]}"
    names = [("left", -1), ("right", -1), ("one", 0), ("two", 1)]
    open_hooks(SHAPES, run_id, *names)
    for name, index in names:
        answer(SHAPES, run_id, name, index)
    until(lambda: airflow.post_run({}, run_id, SHAPES).status_code in (200, 409), 60)
    airflow.wait_for_task(run_id, "group.always", "success", dag_id=SHAPES)
    park_everything()
    until(lambda: is_parked(airflow, run_id, SHAPES), 60)
    configure()
    hot = open_question(airflow, "down")
    token = str(card_of(slack, hot)["blocks"]).split("'value': '")[1].split("'")[0]
    stack.stop("all")
    with session_scope() as session:
        reply = answer_question(session, token=token, choice="create", actor=member("U0ANN"))
    assert reply.status == "recorded"
    move_clock(timedelta(hours=1, seconds=1))
    stack.up()
    airflow.login()
    go_on_and_finish(airflow, run_id, SHAPES)
    assert airflow.result(run_id, "sleep", SHAPES)["outcome"] == "due"
    airflow.finish(hot)
    assert airflow.result(hot)["outcome"] == "created"
    assert "answer_create" not in str(card_of(slack, hot)["blocks"])


def test_a_parked_run_is_continued_by_the_sweep_and_by_hand_while_the_keeper_is_off(
    airflow: Airflow, park_everything: Callable[[], None], configure: Callable[..., None]
) -> None:
    swept = open_question(airflow, "swept")
    by_hand = open_question(airflow, "by hand")
    park_everything()
    until(lambda: is_parked(airflow, swept) and is_parked(airflow, by_hand), 60)
    configure()
    conf = {"parked_dag_id": DAG, "parked_run_id": by_hand}
    resume = airflow.post_run(conf, dag_id="resume_waits").json()["dag_run_id"]
    airflow.finish(resume, dag_id="resume_waits")
    airflow.wait_for_task(by_hand, "wait_for_answer", "deferred")
    airflow.client.patch("/dags/resume_waits", json={"is_paused": True})
    try:
        with session_scope() as session:
            answer_hook(
                session,
                hook_of(swept).id,
                answer={"choice": "attach"},
                by="slack:U0ANN",
                via="api",
            )
        sweep = airflow.post_run({}, dag_id="sweep_pending").json()["dag_run_id"]
        airflow.finish(sweep, dag_id="sweep_pending")
        go_on_and_finish(airflow, swept)
    finally:
        airflow.client.patch("/dags/resume_waits", json={"is_paused": False})

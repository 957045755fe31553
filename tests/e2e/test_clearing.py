"""Cleared in the middle on a running Airflow: it goes on, and nothing is done twice."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import httpx
from sqlalchemy import func, or_, select, text

from include.store.models import (
    AnalyticsEvent,
    Area,
    AreaReport,
    Entry,
    Hook,
    Message,
    Request,
    RequestFollower,
    RequestLink,
    RequestMerge,
    RequestStatusChange,
    User,
)
from include.store.session import session_scope
from tests.e2e.conftest import ASKS, Airflow, until

if TYPE_CHECKING:
    from sandbox.slack.client import SlackSandbox
    from sandbox.stack import Stack

DRAIN = "drain_backlog"
FOLLOWERS = ("U0ANN", "U0BEN", "U0CARLA")


def make(title: str) -> str:
    """A request that three people follow; its slug."""
    with session_scope() as session:
        slug = f"{title.lower().replace(' ', '-')}-{uuid.uuid4().hex[:6]}"
        request = Request(slug=slug, title=title)
        session.add(request)
        session.flush()
        for slack_id in FOLLOWERS:
            user = session.scalars(select(User).where(User.slack_user_id == slack_id)).first()
            if user is None:
                user = User(slack_user_id=slack_id, name=slack_id)
                session.add(user)
                session.flush()
            session.add(RequestFollower(request_id=request.id, user_id=user.id))
        return slug


def run(airflow: Airflow, dag_id: str, conf: dict[str, Any]) -> str:
    answer = airflow.post_run(conf, dag_id=dag_id)
    assert answer.status_code == 200, answer.text
    run_id: str = answer.json()["dag_run_id"]
    airflow.finish(run_id, dag_id=dag_id)
    return run_id


def counts() -> dict[str, int]:
    """How much there is of everything a request workflow makes."""
    kinds = (Message, AnalyticsEvent, RequestLink, RequestMerge, RequestStatusChange)
    with session_scope() as session:
        return {
            kind.__tablename__: session.scalar(select(func.count()).select_from(kind)) or 0
            for kind in kinds
        }


def cleared_changes_nothing(airflow: Airflow, dag_id: str, run_id: str, *tasks: str) -> None:
    """Clear each task with what follows it, and compare."""
    before = counts()
    for task_id in tasks:
        airflow.clear(run_id, task_id, downstream=True, dag_id=dag_id)
        airflow.finish(run_id, dag_id=dag_id)
        assert counts() == before, f"{dag_id}.{task_id}"


def test_shipping_reopening_and_merging_cleared_in_the_middle(
    airflow: Airflow, slack: SlackSandbox
) -> None:
    slug, other = make("Print rosters"), make("Print shift rosters")
    shipped = run(airflow, "mark_shipped", {"request": slug})
    told = [m for m in slack.dm("U0ANN") if "Print rosters" in m["text"]]
    cleared_changes_nothing(airflow, "mark_shipped", shipped, "ship_request", "notify_followers")
    assert [m for m in slack.dm("U0ANN") if "Print rosters" in m["text"]] == told
    assert len(told) == 1
    reopened = run(airflow, "reopen_request", {"request": slug})
    cleared_changes_nothing(airflow, "reopen_request", reopened, "set_open", "report_outcome")
    merged = run(airflow, "merge_requests", {"request": other, "into": slug, "dry_run": False})
    cleared_changes_nothing(airflow, "merge_requests", merged, "link_requests")
    with session_scope() as session:
        live = select(func.count(RequestMerge.id)).where(RequestMerge.undone_at.is_(None))
        assert session.scalar(live) == 1


def test_a_new_request_cleared_in_the_middle_sleeps_on_and_announces_once(
    airflow: Airflow,
) -> None:
    slug = make("Scan badges")
    answer = airflow.post_run({"request": slug}, dag_id="new_request")
    run_id = answer.json()["dag_run_id"]
    sleep = "sleep_before_reminder"
    airflow.wait_for_task(run_id, sleep, "deferred", dag_id="new_request")
    # (find_related may find more the second time: the embedding is stored beside it.)
    names = ("post_to_firehose", "record_event", "find_related", "store_embedding")

    def done() -> bool:
        return all(airflow.tasks(run_id, "new_request")[name] == "success" for name in names)

    until(done, 90)
    before = counts()
    airflow.clear(run_id, *names[:2], dag_id="new_request")
    until(lambda: not done(), 30)
    until(done, 90)
    assert counts() == before
    assert airflow.tasks(run_id, "new_request")[sleep] == "deferred"
    airflow.client.patch(f"/dags/new_request/dagRuns/{run_id}", json={"state": "failed"})


def test_one_failed_area_is_cleared_alone(airflow: Airflow) -> None:
    with session_scope() as session:
        slugs = session.scalars(select(Area.slug).order_by(Area.slug)).all()
        bad = session.scalars(select(Area).where(Area.slug == slugs[0])).one()
        session.execute(
            text(
                "ALTER TABLE area_reports ADD CONSTRAINT broken"
                f" CHECK (area_id <> {bad.id}) NOT VALID"
            )
        )
    try:
        answer = airflow.post_run({}, dag_id="area_insights")
        run_id = answer.json()["dag_run_id"]
        until(lambda: airflow.run_state(run_id, "area_insights") in ("success", "failed"), 150)
    finally:
        with session_scope() as session:
            session.execute(text("ALTER TABLE area_reports DROP CONSTRAINT broken"))
    result = airflow.result(run_id, "summarise", "area_insights")
    assert (result["status"], result["failed_slugs"]) == ("partial", [slugs[0]])
    before = instances(airflow, run_id)
    [failed] = [one for one in before.values() if one["state"] == "failed"]

    body = {
        "dry_run": False,
        "dag_run_id": run_id,
        "task_ids": [["report_area", failed["map_index"]]],
        "include_downstream": True,
        "only_failed": False,
        "reset_dag_runs": True,
    }
    answer = airflow.client.post("/dags/area_insights/clearTaskInstances", json=body)
    assert answer.status_code == 200, answer.text
    airflow.finish(run_id, dag_id="area_insights")

    after = instances(airflow, run_id)
    again = [index for index, one in after.items() if one["start"] != before[index]["start"]]
    assert again == [failed["map_index"]]
    assert airflow.result(run_id, "summarise", "area_insights")["status"] == "success"
    with session_scope() as session:
        reports = session.scalar(select(func.count(AreaReport.id)))
    assert reports == len(slugs)


def instances(airflow: Airflow, run_id: str) -> dict[int, dict[str, Any]]:
    """State and start of each area's task."""
    path = f"/dags/area_insights/dagRuns/{run_id}/taskInstances?task_id=report_area&limit=100"
    found = airflow.client.get(path).json()["task_instances"]
    return {
        one["map_index"]: {
            "map_index": one["map_index"],
            "state": one["state"],
            "start": one["start_date"],
        }
        for one in found
    }


SAID_BY_EVE = (
    "Receipts of the coffee machine lack a tax number",
    "Nurses cannot see who is allergic to latex",
    "Beer kegs lose pressure overnight",
    "Our drone loses its position above water",
    "Bees die while the hive's sensor reboots",
    "Subtitles run ahead of the film",
    "The elevator stops between floors at night",
    "Seeds are sown twice at the edge of a field",
)


def test_many_at_once_are_taken_by_one_run_told_together_and_cleared_in_the_middle(
    airflow: Airflow, slack: SlackSandbox, stack: Stack
) -> None:
    pains = [*SAID_BY_EVE, ASKS]
    eve = {"slack_user_id": "U0EVE", "email": "eve.l@example.com"}
    many = [
        {"customer_pain": pain, "external_id": f"route-{number}", "submitter": eve}
        for number, pain in enumerate(pains)
    ]
    answer = httpx.post(
        f"{stack.sandbox.airflow_url}/feedback/entries",
        json={"entries": many},
        headers=airflow.client.headers,
        timeout=60,
        trust_env=False,
    )
    assert answer.status_code == 202, answer.text
    ids = [one["entry_id"] for one in answer.json()["entries"]]

    def decided() -> bool:
        with session_scope() as session:
            open_ones = select(func.count(Entry.id)).where(
                Entry.id.in_(ids), Entry.status == "received"
            )
            return session.scalar(open_ones) == 0

    until(decided, 120)
    with session_scope() as session:
        owners = set(session.scalars(select(Entry.run_id).where(Entry.id.in_(ids))))
    [run_id] = owners
    assert run_id.startswith("backlog__")
    until(lambda: any(SAID_BY_EVE[0] in str(m.get("blocks")) for m in slack.dm("U0EVE")), 60)

    wait = "ask_people.wait_for_answer"
    airflow.wait_for_task(run_id, wait, "deferred", dag_id=DRAIN)
    airflow.wait_for_task(run_id, "tell_meanwhile", "success", dag_id=DRAIN)
    until(lambda: len(in_slack(slack)) == 2, 60)
    before, shown = said(run_id), in_slack(slack)
    assert sorted(purpose for purpose, _, _ in before) == ["question", "summary"]
    for task_id, downstream in (("tell_meanwhile", False), ("ask_questions", True)):
        airflow.clear(run_id, task_id, downstream=downstream, dag_id=DRAIN)
        airflow.wait_for_task(run_id, task_id, "success", dag_id=DRAIN)
        airflow.wait_for_task(run_id, "tell_submitters", "success", dag_id=DRAIN)
        airflow.wait_for_task(run_id, wait, "deferred", dag_id=DRAIN)
        assert (said(run_id), in_slack(slack)) == (before, shown), task_id
    [card] = [ts for purpose, _, ts in before if purpose == "question"]
    assert slack.click("U0EVE", "D0EVE", str(card), "answer_create")["status"] == 200
    airflow.finish(run_id, dag_id=DRAIN)
    result = airflow.result(run_id, dag_id=DRAIN)
    assert result["attached"] + result["created"] == len(many)
    assert result["waiting"] == result["unfinished"] == 0


def in_slack(slack: SlackSandbox) -> list[str]:
    """Where Eve sees the drain's words."""
    words = (*SAID_BY_EVE, ASKS)
    return [m["ts"] for m in slack.dm("U0EVE") if any(w in str(m.get("blocks")) for w in words)]


def said(run_id: str) -> list[tuple[str, str, str | None]]:
    """What a drain has told and asked: purpose, key and place of each message."""
    with session_scope() as session:
        entries = select(Entry.id).where(Entry.run_id == run_id)
        hooks = select(Hook.id).where(Hook.run_id == run_id)
        summaries = [f"summary:{entry_id}" for entry_id in session.scalars(entries)]
        rows = session.execute(
            select(Message.purpose, Message.key, Message.ts)
            .where(or_(Message.hook_id.in_(hooks), Message.key.in_(summaries)))
            .where(Message.kind == "post")
            .order_by(Message.key)
        ).all()
        return [(row.purpose, row.key, row.ts) for row in rows]

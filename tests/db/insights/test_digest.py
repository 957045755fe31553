"""The week's digest: its numbers by hand, and posting it once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from include.base.errors import FatalError, TransientError
from include.insights.digest import Listing, Part, Work, make_digest, week_end, week_start
from include.insights.digest_store import digest_of, store_digest
from include.store.models import Decision, Digest, Hook, Message, ModelCall, SlackEvent, User
from include.store.session import session_scope
from include.workflows import weekly_digest as digests
from tests.db.insights.conftest import World, at
from tests.db.outbox.conftest import running_slack, slack

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.orm import Session

    from sandbox.slack.client import SlackSandbox

__all__ = ["running_slack", "slack"]


def slugs(listing: Listing) -> list[str]:
    return [item["slug"] for item in listing.items]


def test_the_week_before_the_twelfth_by_hand(history: World) -> None:
    """5 to 12 March: csv huge on the 8th, late on the 11th; the week before: all the others."""
    found = make_digest(history.session, at(12), {"access": history.areas["access"].id})
    assert found.week == "2026-W10"
    whole = found.whole
    # The feedback of the fifth at noon is seven days old to the second: the week before.
    assert (whole.feedback, whole.feedback_before) == (2, 7)
    assert (whole.accounts, whole.arr) == (1, 300_000)
    assert whole.new == Listing(
        1,
        (
            {
                "slug": "late",
                "title": "Request late",
                "feedback": 1,
                "accounts": 0,
                "arr": 0.0,
                "areas": "Reporting",
            },
        ),
    )
    assert whole.rising == Listing()
    assert whole.shipped == Listing(
        1,
        (
            {
                "slug": "pdf",
                "title": "Request pdf",
                "feedback": 4,
                "accounts": 3,
                "arr": 400_000.0,
                "areas": "Access, Reporting",
            },
        ),
    )
    assert whole.unanswered == Listing()
    part = found.areas["access"]
    assert (part.feedback, part.feedback_before, slugs(part.shipped)) == (0, 4, ["pdf"])
    assert slugs(part.new) == []
    days = {day: counts for day, *counts in found.days}
    assert len(found.days) == 28
    assert (found.days[0][0], found.days[-1][0]) == ("2026-02-12", "2026-03-11")
    assert days["2026-03-04"] == [3, 0, 0]
    assert days["2026-03-11"] == [0, 0, 1]
    assert days["2026-03-10"] == [0, 0, 0]
    assert sum(sum(counts) for counts in days.values()) == 9


def test_a_request_rises_by_its_numbers_and_waits_when_nobody_decided(history: World) -> None:
    from include.store.models import Request

    csv = history.session.scalars(select(Request).where(Request.slug == "csv")).one()
    for day in (40, 41, 42.5):
        history.feedback(csv, "low", "big", day)
    history.feedback(csv, "low", "big", 35)
    found = make_digest(history.session, at(43)).whole
    assert found.rising.items == (
        {
            "slug": "csv",
            "title": "Request csv",
            "week": 3,
            "week_before": 1,
            "areas": "Reporting",
        },
    )
    [waiting] = found.unanswered.items
    assert (waiting["slug"], waiting["week"], waiting["days"]) == ("csv", 3, 42)
    assert (waiting["accounts"], waiting["arr"]) == (3, 720_000)
    assert make_digest(history.session, at(30)).whole.unanswered == Listing()
    history.status(csv, "deprioritized", 42.9)
    after = make_digest(history.session, at(43)).whole
    assert (after.rising, after.unanswered) == (Listing(), Listing())


def test_questions_and_decisions_are_those_of_the_moment(history: World) -> None:
    session = history.session
    session.add(User(slack_user_id="U0ANN", name="Ann Ames"))
    for number, (asked, closed) in enumerate([(3, None), (8, 10), (11, None)]):
        session.add(
            Hook(
                key=f"k{number}",
                kind="approval",
                dag_id="d",
                run_id="r",
                question={"request_id": number + 1 if number else None},
                responders=["slack:U0ANN"] if number else [],
                created_at=at(asked),
                status="expired" if closed else "pending",
                closed_at=at(closed) if closed else None,
            )
        )
    entry_id = session.scalars(select(func.min(Decision.entry_id))).one() or 1
    for number, (step, route, actor, day) in enumerate(
        [
            ("match", "ask", "system", 9),
            ("match", "attach", "system", 9),
            ("answer", "attach", "person", 10),
            ("undo", "create", "person", 2),
        ]
    ):
        session.add(
            Decision(
                key=f"d{number}",
                entry_id=entry_id,
                step=step,
                route=route,
                actor_kind=actor,
                prompt_version="p1" if route == "attach" and step == "match" else None,
                decided_at=at(day),
            )
        )
    for number, (kind, user, day) in enumerate(
        [
            ("action:answer_attach", "U0ANN", 9),
            ("action:undo_attachment", "U0ANN", 9),
            ("action:answer_create", "U0BEN", 10),
            ("action:answer_create", "U0BEN", 2),
            ("command:/feedback", "U0EVE", 9),
        ]
    ):
        session.add(
            SlackEvent(key=f"c{number}", kind=kind, user_id=user, payload={}, received_at=at(day))
        )
    for number, (cost, day) in enumerate([(1.25, 9), (0.5, 10), (4.0, 2)]):
        session.add(
            ModelCall(
                call_key=f"m{number}",
                task="judge",
                model="m",
                prompt_version="p1",
                server="s",
                key=f"k{number}",
                outcome="answered",
                answer="{}",
                cost=cost,
                created_at=at(day),
            )
        )
    session.flush()
    found = make_digest(session, at(12))
    assert found.work == Work(
        matched=2, asked=1, by_people=1, by_model=1, clicks=3, people=2, model_cost=1.75
    )
    assert found.questions.count == 2
    assert [(item["hours"], item["person"]) for item in found.questions.items] == [
        (9 * 24, ""),
        (24, "Ann Ames"),
    ]
    assert make_digest(session, at(9)).questions.count == 2
    assert make_digest(session, at(2.9)).questions.count == 0


def test_a_week_without_anything_is_zeros(session: Session) -> None:
    found = make_digest(session, at(1))
    nothing = Part(0, 0, 0, 0.0, Listing(), Listing(), Listing(), Listing())
    assert (found.whole, found.questions, found.work) == (nothing, Listing(), Work())
    with pytest.raises(FatalError, match="in the future"):
        store_digest(session, datetime.now(UTC) + timedelta(days=2))
    with pytest.raises(FatalError, match=r"do not exist: \['nowhere'\]"):
        store_digest(session, at(1), area_slugs=["nowhere"])


@pytest.mark.parametrize(
    ("monday", "hours"),
    [
        (datetime(2026, 3, 9, 13, tzinfo=UTC), 167),
        (datetime(2026, 11, 2, 14, tzinfo=UTC), 169),
        (datetime(2026, 6, 1, 13, tzinfo=UTC), 168),
    ],
)
def test_a_week_has_an_hour_less_or_more_when_the_clocks_change(
    monday: datetime, hours: int
) -> None:
    assert monday - week_start(monday) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        (datetime(2026, 11, 2, 14, tzinfo=UTC), datetime(2026, 11, 2, 14, tzinfo=UTC)),
        (datetime(2026, 11, 2, 13, 59, tzinfo=UTC), datetime(2026, 10, 26, 13, tzinfo=UTC)),
        (datetime(2026, 11, 8, 23, tzinfo=UTC), datetime(2026, 11, 2, 14, tzinfo=UTC)),
        (datetime(2026, 3, 9, 12, 59, tzinfo=UTC), datetime(2026, 3, 2, 14, tzinfo=UTC)),
        (datetime(2026, 3, 9, 13, 0, tzinfo=UTC), datetime(2026, 3, 9, 13, tzinfo=UTC)),
    ],
)
def test_a_week_ends_on_monday_at_nine_whenever_it_is_asked_for(
    moment: datetime, end: datetime
) -> None:
    assert week_end(moment) == end


@pytest.fixture
def now(world: World, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The end of the last week, with a request, its feedback and two areas, one with a channel."""
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"digest_areas": ["*"]}')
    moment = week_end(datetime.now(UTC))
    day = (moment - at(0)) / timedelta(days=1)
    world.area("reporting", channel="#eng-reporting")
    world.area("access")
    world.account("big", 400_000, "EMEA", True)
    request = world.request("csv", "reporting", "access", day=day - 2)
    world.feedback(request, "high", "big", day - 1)
    world.session.commit()
    return moment


def post(week: str, **more: Any) -> dict[str, Any]:
    return digests.post(week, **({"dry_run": False, "is_last_try": False} | more))


def images(slack: SlackSandbox) -> int:
    blocks = [block for message in slack.messages("C0FEEDBACK") for block in message["blocks"]]
    return sum(block["type"] == "image" for block in blocks)


def test_a_week_is_posted_once_with_its_chart_and_to_the_areas_channel(
    slack: SlackSandbox, now: datetime
) -> None:
    week = digests.make(now, run_id="r1")
    expected = {"week": week, "status": "posted", "messages": 2, "chart": True}
    assert post(week) == expected
    assert post(week) == expected
    assert digests.make(datetime.now(UTC), run_id="r2") == week
    assert post(week) == expected
    [message] = slack.messages("C0FEEDBACK")
    assert "1 piece of feedback, 1 new request, 0 shipped" in message["text"]
    assert images(slack) == 1
    shown = str(message["blocks"])
    assert "*1 piece* of feedback (0 the week before) from *1 account* with *$400k* ARR" in shown
    assert "*Request csv*: 1 piece of feedback, $400k ARR _(Access, Reporting)_" in shown
    [part] = slack.messages("C0REPORTING")
    assert part["text"].startswith("Reporting: customer feedback")
    assert slack.calls()["files.completeUploadExternal"] == 1
    with session_scope() as session:
        assert digest_of(session, week).as_of == now


def test_a_dry_run_posts_nothing_and_stores_the_digest(slack: SlackSandbox, now: datetime) -> None:
    week = digests.make(now, run_id="r")
    assert post(week, dry_run=True)["status"] == "dry_run"
    assert slack.messages("C0FEEDBACK") == []
    with session_scope() as session:
        assert digest_of(session, week).content["whole"]["feedback"] == 1
        assert session.scalar(select(func.count(Message.id))) == 0


def test_a_past_week_is_stored_and_not_posted(slack: SlackSandbox, now: datetime) -> None:
    weeks = [digests.make(now - timedelta(days=7 * back), run_id="r") for back in (3, 2, 1)]
    assert [post(week)["status"] for week in weeks] == ["past_week"] * 3
    assert slack.messages("C0FEEDBACK") == []
    with session_scope() as session:
        assert session.scalar(select(func.count(Digest.id))) == 3


def test_without_a_channel_nothing_is_posted(
    slack: SlackSandbox, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"digest_channel": ""}')
    assert post(digests.make(now, run_id="r"))["status"] == "no_channel"
    assert slack.messages("C0FEEDBACK") == []


def test_a_chart_slack_does_not_take_is_tried_again_and_then_left_out(
    slack: SlackSandbox, now: datetime
) -> None:
    week = digests.make(now, run_id="r")
    slack.faults("files.completeUploadExternal", error="missing_scope", times=9)
    with pytest.raises(TransientError, match=r"missing_scope.*files:write"):
        post(week)
    assert slack.messages("C0FEEDBACK") == []
    result = post(week, is_last_try=True)
    assert (result["status"], result["chart"]) == ("posted", False)
    assert images(slack) == 0


def test_a_digest_refused_for_its_chart_is_posted_without_it_once(
    slack: SlackSandbox, now: datetime
) -> None:
    week = digests.make(now, run_id="r")
    slack.faults("chat.postMessage", error="invalid_blocks", times=1)
    for _ in range(2):
        result = post(week)
        assert (result["status"], result["chart"]) == ("posted", False)
    assert len(slack.messages("C0FEEDBACK")) == 1


def test_a_digest_refused_for_its_channel_fails_and_goes_to_the_mended_one(
    slack: SlackSandbox, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"digest_channel": "#no-such-channel"}')
    week = digests.make(now, run_id="r")
    for _ in range(2):
        with pytest.raises(FatalError, match=r"#no-such-channel: channel_not_found.*clear"):
            post(week)
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"digest_channel": "#general"}')
    result = post(week)
    assert (result["status"], result["chart"]) == ("posted", True)
    assert len(slack.messages("C0GENERAL")) == 1
    assert slack.calls()["files.completeUploadExternal"] == 1


def test_while_slack_is_away_the_digest_waits(
    feedback_db: URL, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_SLACK_APP",
        '{"conn_type": "slack", "password": "x", "extra": {"base_url": "http://127.0.0.1:9/api/"}}',
    )
    week = digests.make(now, run_id="r")
    with pytest.raises(TransientError, match="unreachable"):
        post(week)
    assert post(week, is_last_try=True) == {
        "week": week,
        "status": "queued",
        "messages": 0,
        "chart": False,
    }

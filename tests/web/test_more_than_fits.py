"""What does not fit on a page is on the next one, or the page says how much there is."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from include.entries.overview import overview_of
from include.people.actor import Actor, Standing
from include.store.models import (
    Account,
    AreaReport,
    Digest,
    Message,
    Opportunity,
    RequestLink,
    RequestStatusChange,
)
from tests.web.hosting import MOUNT

if TYPE_CHECKING:
    import pytest
    from starlette.testclient import TestClient

    from tests.web.world import World


def links(page: str, start: str) -> list[str]:
    """What follows the start in the addresses of a page, in order, each once."""
    found = [part.split('"')[0] for part in page.split(f'href="{MOUNT}/{start}')[1:]]
    return list(dict.fromkeys(found))


def linked(low_id: int, high_id: int, kind: str) -> RequestLink:
    return RequestLink(
        low_id=low_id,
        high_id=high_id,
        kind=kind,
        confidence=0.9,
        judge="calibrated",
        model="test",
        found_by="test",
    )


def test_pairs_beyond_the_first_are_counted_and_come_as_those_are_decided(
    ann: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.web.inbox.queries.PAGE", 2)
    ids = [world.request(f"twin-{n}", f"Twin {n}").id for n in range(4)]
    pairs = [linked(ids[0], one, "duplicate") for one in ids[1:]]
    world.session.add_all(pairs)
    world.session.commit()
    page = ann.get(f"{MOUNT}/inbox/twins").text
    assert page.count("Are these the same?") == 2
    assert "The surest 2 of 3." in page
    world.session.delete(pairs[0])
    world.session.commit()
    page = ann.get(f"{MOUNT}/inbox/twins").text
    assert {"twin-0", "twin-2", "twin-3"} <= set(links(page, "requests/"))
    assert "The surest" not in page


def test_what_is_stuck_or_late_beyond_the_first_is_counted(
    ann: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.web.health.queries.MOST", 2)
    for number in range(3):
        world.entry(f"Stuck {number}", status="failed")
    world.session.execute(
        text("UPDATE entries SET updated_at = now() - interval '1 day' WHERE status = 'failed'")
    )
    world.session.commit()
    page = ann.get(f"{MOUNT}/health").text
    assert "The oldest 2 of 3." in page
    assert "The first 2 of 3." in page
    assert ann.get(f"{MOUNT}/health.json").json()["late"] == 3


def test_every_entry_of_a_run_is_on_one_of_its_pages(
    ann: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.web.entry.queries.MOST", 2)
    ids = [world.entry(f"Line {number}").id for number in range(5)]
    world.session.execute(
        text("UPDATE entries SET dag_id = 'import_feedback', run_id = 'r' WHERE id = ANY(:ids)"),
        {"ids": ids},
    )
    world.session.commit()
    seen: list[str] = []
    address = "runs?dag_id=import_feedback&run_id=r"
    while address:
        page = ann.get(f"{MOUNT}/{address}").text
        seen += links(page, "entries/")
        [following] = links(page, "runs") or [""]
        address = f"runs{following}".replace("&amp;", "&") if following else ""
    assert [int(one) for one in seen if one.isdigit()] == ids


def test_an_entry_says_that_evidence_is_left_out(
    ann: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = world.request("moved", "Moved about")
    feedback_id = world.evidence(request, "It was moved often.")
    [entry_id] = world.session.scalars(
        text("SELECT entry_id FROM feedback WHERE id = :id"), {"id": feedback_id}
    )
    world.session.commit()
    assert "of each kind are shown" not in ann.get(f"{MOUNT}/entries/{entry_id}").text
    world.session.execute(
        text(
            "INSERT INTO feedback (request_id, entry_id, quote_length, severity, match_type,"
            " removed_at, removed_by) SELECT request_id, entry_id, quote_length, severity,"
            " match_type, now(), 'test' FROM feedback WHERE id = :id"
        ),
        {"id": feedback_id},
    )
    world.session.commit()
    monkeypatch.setattr("include.web.entry.queries.MOST", 2)
    monkeypatch.setattr("include.web.entry.routes.MOST", 2)
    assert "Only the first 2 of each kind are shown." in ann.get(f"{MOUNT}/entries/{entry_id}").text
    assert ann.get(f"{MOUNT}/api/entries/{entry_id}").json()["cut"] == ["events"]


def test_the_report_of_any_day_can_be_chosen(ann: TestClient, world: World) -> None:
    newest = date(2026, 11, 20)
    for back in range(130):
        day = newest - timedelta(days=back)
        world.session.add(
            AreaReport(
                area_id=world.areas["reporting"].id,
                day=day,
                as_of=datetime.combine(day, datetime.min.time(), UTC),
                sections=[],
                metrics={},
            )
        )
    world.session.commit()
    page = ann.get(f"{MOUNT}/areas/reporting").text
    assert f'min="{newest - timedelta(days=129)}" max="{newest}"' in page
    assert "There is one of 130 days" in page
    assert len(ann.get(f"{MOUNT}/api/areas/reporting").json()["days"]) == 130


def test_every_week_is_on_one_of_the_pages_of_digests(
    ann: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.web.digests.routes.MOST", 2)
    weeks = [f"2026-W{number}" for number in range(10, 15)]
    part = {"feedback": 1, "feedback_before": 0, "accounts": 0, "arr": 0}
    part |= {key: {"count": 0, "items": []} for key in ("new", "rising", "shipped", "unanswered")}
    content = {
        "opening": "",
        "days": [],
        "whole": part,
        "questions": {"count": 0, "items": []},
        "work": {"matched": 0, "asked": 0, "by_people": 0},
    }
    for week in weeks:
        world.session.add(Digest(week=week, as_of=datetime.now(UTC), content=content))
    for number in range(3):
        world.session.add(
            Message(
                key=f"digest:{weeks[0]}:{number}",
                purpose="digest",
                address=f"#area-{number}",
                body="b",
                blocks=[],
                state="pending",
            )
        )
    world.session.commit()
    seen: list[str] = []
    address = "digests"
    while address:
        page = ann.get(f"{MOUNT}/{address}").text
        seen += [one for one in links(page, "digests/") if one in weeks]
        [following] = links(page, "digests?") or [""]
        address = f"digests?{following}" if following else ""
    assert seen == weeks[::-1]
    shown = ann.get(f"{MOUNT}/digests/{weeks[0]}").text
    assert all(f"Posted to #area-{number}" in shown for number in range(3))


def test_a_form_offers_those_with_most_arr_and_says_that_others_can_be_typed(
    ann: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.session.add(Account(id="ACC-9", name="Nobody knows its ARR"))
    world.session.add(Opportunity(id="OPP-2", name="Another"))
    world.session.commit()
    assert "can be typed" not in ann.get(f"{MOUNT}/entries/new").text
    monkeypatch.setattr("include.web.submit.routes.MOST_CHOICES", 2)
    page = ann.get(f"{MOUNT}/entries/new").text
    assert '<option value="ACC-1">' in page
    assert '<option value="ACC-2">' in page
    assert "The 2 accounts with most ARR are offered; any other id can be typed." in page
    assert "The 2 first deals are offered" in page


def test_filters_find_what_many_better_hits_would_hide(
    ann: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.web.requests.routes.FOUND", 2)
    for number in range(5):
        world.request(f"roster-{number}", f"Print the roster {number}")
    world.request("roster-access", "Print the roster with a lot of other words", "access")
    world.session.commit()
    page = ann.get(f"{MOUNT}/requests?q=print roster&area=access").text
    assert "roster-access" in links(page, "requests/")
    assert "more may fit" not in page
    page = ann.get(f"{MOUNT}/requests?q=print roster").text
    assert "The best 2 that were found; more may fit." in page
    assert "roster-access" in ann.get(f"{MOUNT}/requests.csv?q=print roster&area=access").text


def test_the_read_api_names_the_lists_that_it_cuts(
    ann: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ann.get(f"{MOUNT}/api/requests/csv-export").json()
    account = ann.get(f"{MOUNT}/api/accounts/ACC-1").json()
    assert (request["cut"], account["cut"]) == ([], [])
    other = world.request("other", "Something else")
    world.session.add(linked(request["id"], other.id, "related"))
    for status in ("planned", "open"):
        world.session.add(
            RequestStatusChange(request_id=request["id"], status=status, changed_by="test")
        )
    world.session.commit()
    for module in ("request.queries", "api.read"):
        monkeypatch.setattr(f"include.web.{module}.MOST_HISTORY", 2)
        monkeypatch.setattr(f"include.web.{module}.MOST_RELATED", 1)
    for module in ("accounts.queries", "api.read"):
        monkeypatch.setattr(f"include.web.{module}.SAID", 1)
    request = ann.get(f"{MOUNT}/api/requests/csv-export").json()
    assert (len(request["history"]), request["cut"]) == (2, ["history", "related"])
    assert ann.get(f"{MOUNT}/api/accounts/ACC-1").json()["cut"] == ["requests"]


def test_more_questions_than_are_watched_at_once_are_refused(
    ann: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.web.inbox.routes.MOST_AT_ONCE", 1)
    monkeypatch.setattr("include.web.inbox.routes.LONGEST_WAIT", 0.0)
    ids = ",".join(str(uuid.uuid4()) for _ in range(2))
    assert ann.get(f"{MOUNT}/inbox/changes?ids={ids[:36]}").json() == {"closed": []}
    assert ann.get(f"{MOUNT}/inbox/changes?ids={ids}").status_code == 422


def test_home_counts_what_somebody_follows_beyond_what_it_lists(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("include.entries.overview.FOLLOWED", 1)
    ann = world.users["ann"]
    actor = Actor(Standing.MEMBER, user_id=ann.id, slack_user_id="U0ANN")
    found = overview_of(world.session, actor)
    assert (len(found.followed), found.more_followed) == (1, 1)

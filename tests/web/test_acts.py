"""What is done on a page is done as in Slack, once, and told to whom it concerns."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from sqlalchemy import func, select

from include.agents.draft import Draft
from include.relay import background
from include.requests.opening import open_request
from include.store.models import (
    Area,
    Decision,
    Entry,
    Feedback,
    Hook,
    Message,
    Request,
    RequestFollower,
    RequestMerge,
    RunStart,
    ThresholdSet,
    User,
)
from include.store.session import session_scope
from include.web import names
from include.web.inbox import routes
from include.web.inbox.changes import Changes
from include.web.request import actions
from tests.web.hosting import MOUNT, client_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from tests.web.world import World


@pytest.fixture(autouse=True)
def nothing_goes_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AIRFLOW_CONN_SLACK_APP", raising=False)
    monkeypatch.delenv("AIRFLOW_CONN_AIRFLOW_API", raising=False)
    yield
    assert background.drain(30)


def post(client: TestClient, path: str, **form: Any) -> tuple[int, str]:
    """Status, and the note that the next page shows."""
    answer = client.post(f"{MOUNT}/{path}", data=form)
    note = answer.cookies.get("gtm_feedback_note") or ""
    client.cookies.delete("gtm_feedback_note") if note else None
    return answer.status_code, unquote(unquote(note.strip('"')))


def one(statement: Any) -> Any:
    with session_scope() as session:
        return session.scalars(statement).one()


def tokens(client: TestClient, whose: str = "all") -> dict[str, str]:
    """The token of each open question, by the title of its request."""
    import re

    page = client.get(f"{MOUNT}/inbox?whose={whose}").text
    found = {}
    for card in page.split("<article")[1:]:
        [title] = re.findall(r"Does this belong to <a [^>]*>([^<]+)</a>", card)
        token = re.search(r'value="attach:([^"]+)"', card)
        if token:
            found[title] = token.group(1)
    return found


def test_an_answer_is_recorded_with_its_decision_and_the_locked_card(ann: TestClient) -> None:
    token = tokens(ann)["Export tables as CSV"]

    assert post(ann, "inbox/answers", one=f"attach:{token}") == (303, "1 answer recorded.")

    hook = one(select(Hook).where(Hook.status == "answered"))
    assert (hook.answered_by, hook.answered_via) == ("slack:U0ANN", "web")
    decision = one(select(Decision).where(Decision.step == "answer"))
    assert (decision.route, decision.actor) == ("attach", "slack:U0ANN")
    assert one(select(Message.state).where(Message.kind == "update")) == "pending"


def test_the_slower_of_two_answers_is_told_who_was_first(ann: TestClient) -> None:
    token = tokens(ann)["Single sign-on with SAML"]
    with client_of("ben@example.com", "user") as ben:
        post(ben, "inbox/answers", one=f"create:{token}")

    status, note = post(ann, "inbox/answers", one=f"attach:{token}")

    assert status == 303
    assert "Ben Okafor chose “Create new request”" in note


def test_many_are_answered_at_once_and_those_of_others_stay_open(world: World) -> None:
    with client_of("ben@example.com", "op") as ben:
        chosen = list(tokens(ben).values())
        assert len(chosen) == 2
        assert post(ben, "inbox/answers", all="attach", token=chosen)[1] == "2 answers recorded."


def test_one_more_than_is_answered_at_once_is_named_and_stays_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MOST_AT_ONCE", 1)
    with client_of("ben@example.com", "op") as ben:
        chosen = list(tokens(ben).values())
        _, note = post(ben, "inbox/answers", all="attach", token=chosen)
        assert note == (
            "1 answer recorded. 1 more were chosen than 1 at once; they are still open."
        )
        assert list(tokens(ben).values()) == chosen[1:]


def test_somebody_elses_question_cannot_be_answered(world: World) -> None:
    with client_of("ann@example.com", "user") as ann:
        token = tokens(ann)["Export tables as CSV"]
    with client_of("cleo@example.com", "user") as cleo:
        _, note = post(cleo, "inbox/answers", one=f"attach:{token}")
    assert note == "Only Ann Ames can answer this question."
    with client_of("zoe@example.com", "user") as stranger:
        _, note = post(stranger, "inbox/answers", one=f"attach:{token}")
    assert note == "Only Ann Ames can answer this question."
    assert one(select(func.count(Hook.id)).where(Hook.status == "answered")) == 0


def test_another_request_is_picked_by_a_search(ann: TestClient) -> None:
    hook = one(select(Hook).where(Hook.responders != []))
    found = ann.get(f"{MOUNT}/inbox/{hook.id}/other?q=single sign-on").text
    assert "Single sign-on with SAML" in found
    sso = one(select(Request.id).where(Request.slug == "single-sign-on"))
    token = tokens(ann)["Export tables as CSV"]

    post(ann, "inbox/answers", one=f"attach:{token}", request_id=sso)

    assert one(select(Hook.answer).where(Hook.id == hook.id))["request_id"] == sso


def test_an_open_inbox_hears_of_an_answer_when_it_is_given(
    ann: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only the database's notification can end the wait before the test gives up.
    monkeypatch.setattr(routes, "LONGEST_WAIT", 300.0)
    token = tokens(ann)["Single sign-on with SAML"]
    hook = one(select(Hook).where(Hook.responders == []))
    heard: list[Any] = []

    def look() -> None:
        with client_of("ben@example.com", "user") as ben:
            answer = ben.get(f"{MOUNT}/inbox/changes?ids={hook.id}")
            heard.append(answer.json())

    watcher = threading.Thread(target=look)
    watcher.start()
    deadline = time.monotonic() + 10
    while not any(one._listens.is_set() for one in list(Changes._of_loops.values())):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    post(ann, "inbox/answers", one=f"attach:{token}")
    watcher.join(60)
    [said] = heard
    assert said["closed"][0]["id"] == str(hook.id)
    assert "Ann Ames chose “Add to this request”" in said["closed"][0]["words"]


def test_planned_and_shipped_are_told_once(ann: TestClient) -> None:
    url = "requests/csv-export/status"
    assert post(ann, url, status="planned", once="1")[1].endswith("2 followers will hear of it.")
    assert post(ann, url, status="planned", once="2")[1].endswith("Nobody is told again.")
    assert post(ann, url, status="in_progress", once="3")[1] == "This request is in progress now."
    assert post(ann, url, status="shipped", once="4")[1].endswith("2 followers will hear of it.")
    assert post(ann, url, status="shipped", once="4")[0] == 303
    with session_scope() as session:
        told = dict(
            session.execute(
                select(Message.purpose, func.count())
                .where(Message.purpose.in_(("planned", "shipped")))
                .group_by(Message.purpose)
            ).all()
        )
    assert told == {"planned": 2, "shipped": 2}
    assert post(ann, url, status="open", once="5")[1].startswith("This request is open now.")
    assert post(ann, url, status="nonsense")[0] == 422


def test_a_request_is_edited_and_embedded_again(ann: TestClient) -> None:
    form = {"title": "Export any table", "description": "As CSV.", "areas": ["access"], "owner": 1}

    assert post(ann, "requests/csv-export/edit", **form) == (303, "Saved.")

    request = one(select(Request).where(Request.slug == "csv-export"))
    assert (request.title, request.description, request.owner_id) == (
        "Export any table",
        "As CSV.",
        1,
    )
    assert one(select(RunStart.dag_id)) == "sync_embeddings"
    page = ann.get(f"{MOUNT}/requests/csv-export").text
    assert "Owner: Ann Ames" in page
    assert "Access and security" in page


def test_the_second_editor_is_shown_the_first_ones_text_and_loses_no_word(ann: TestClient) -> None:
    import re

    form = ann.get(f"{MOUNT}/requests/csv-export/edit").text
    [seen] = re.findall(r'name="seen" value="(\w+)"', form)
    assert post(ann, "requests/csv-export/edit", title="The first one", seen=seen)[0] == 303

    second = ann.post(
        f"{MOUNT}/requests/csv-export/edit", data={"title": "The second one", "seen": seen}
    )

    assert second.status_code == 409
    assert "The first one" in second.text
    assert 'value="The second one"' in second.text
    [now] = re.findall(r'name="seen" value="(\w+)"', second.text)
    assert post(ann, "requests/csv-export/edit", title="The second one", seen=now)[0] == 303


@pytest.mark.parametrize("title", ["abc", "x" * 121, "a\x00title"])
def test_a_title_that_does_not_fit_is_told_and_not_lost(ann: TestClient, title: str) -> None:
    answer = ann.post(f"{MOUNT}/requests/csv-export/edit", data={"title": title})
    assert answer.status_code == 422
    assert "title" in answer.text
    assert one(select(Request.title).where(Request.slug == "csv-export")) == "Export tables as CSV"


def test_a_merge_leads_to_the_survivor_and_is_taken_back_there(ann: TestClient) -> None:
    post(ann, "requests/single-sign-on/merge", into="csv-export")

    gone = ann.get(f"{MOUNT}/requests/single-sign-on")
    assert gone.headers["location"].endswith("/requests/csv-export")
    page = ann.get(f"{MOUNT}/requests/csv-export").text
    assert "is merged into this request" in page
    assert "requests/single-sign-on/unmerge" in page
    assert "Security will not sign" in page

    assert post(ann, "requests/single-sign-on/unmerge")[0] == 303
    assert ann.get(f"{MOUNT}/requests/single-sign-on").status_code == 200
    assert one(select(RequestMerge.undone_by)) == "slack:U0ANN"


def test_a_list_to_choose_from_holds_the_others_only(ann: TestClient) -> None:
    shown = {}
    for path in ("requests/single-sign-on/merge", "feedback/1/move"):
        page = ann.get(f"{MOUNT}/{path}?q=single+sign-on+csv+export").text
        shown[path] = set(re.findall(r'<h2 class="small"><a href="[^"]*requests/([^"]+)"', page))
        assert shown[path], path
    assert "single-sign-on" not in shown["requests/single-sign-on/merge"]
    here = one(select(Request.slug).join(Feedback).where(Feedback.id == 1))
    assert here not in shown["feedback/1/move"]


def test_evidence_is_moved_and_taken_off(ann: TestClient) -> None:
    sso = one(select(Request.id).where(Request.slug == "single-sign-on"))
    assert post(ann, "feedback/1/move", request_id=sso) == (303, "Moved.")
    moved = one(select(Feedback).where(Feedback.entry_id == 1, Feedback.removed_at.is_(None)))
    assert moved.request_id == sso

    for page in ("requests/single-sign-on", "entries/1"):
        shown = ann.get(f"{MOUNT}/{page}").text
        form = shown.split("Move it back to “Export tables as CSV”")[0].rsplit("<form", 1)[1]
        back = re.findall(r'name="request_id" value="(\d+)"', form)
    assert post(ann, f"feedback/{moved.id}/move", request_id=back[0]) == (303, "Moved.")
    moved = one(select(Feedback).where(Feedback.entry_id == 1, Feedback.removed_at.is_(None)))
    assert moved.request_id == int(back[0]) != sso
    assert "Move it back to" in ann.get(f"{MOUNT}/entries/1").text

    status, note = post(ann, f"feedback/{moved.id}/undo")

    assert (status, note) == (303, "Taken off. It is a request of its own now.")
    assert one(select(Request.slug).where(Request.opened_by_entry_id == 1))


def test_others_evidence_stays_where_it_is(ann: TestClient) -> None:
    _, note = post(ann, "feedback/2/undo")
    assert note.startswith("Only the person")
    assert one(select(Feedback.removed_at).where(Feedback.id == 2)) is None


def test_a_request_is_opened_by_hand_once_it_is_none_of_the_near_ones(ann: TestClient) -> None:
    title = {"title": "Rename many dashboards at once"}
    assert post(ann, "open", **title)[0] == 303
    opened = one(select(Request).where(Request.slug == "rename-many-dashboards-at-once"))
    assert opened.opened_by_entry_id is None
    assert one(select(RequestFollower.user_id).where(RequestFollower.request_id == opened.id)) == 1
    assert one(select(RunStart.dag_id)) == "new_request"


def test_feedback_is_handed_in_once_and_a_bad_field_is_told_beside_it(ann: TestClient) -> None:
    words = {"customer_pain": "No offline mode at all.", "external_id": "form-1", "severity": "low"}
    first = ann.post(f"{MOUNT}/entries/new", data=words)
    again = ann.post(f"{MOUNT}/entries/new", data=words)
    assert first.headers["location"] == again.headers["location"]
    entry = one(select(Entry).where(Entry.customer_pain == "No offline mode at all."))
    assert (entry.source, entry.submitter_id) == ("ui", 1)

    bad = ann.post(f"{MOUNT}/entries/new", data={"customer_pain": "Slow.", "links": "nope"})
    assert bad.status_code == 422
    assert "Slow." in bad.text
    assert "is no web address" in bad.text


def test_only_operators_change_thresholds_and_areas(world: World) -> None:
    with client_of("ops", "op") as op:
        assert post(op, "settings/thresholds", attach=0.95, ask=0.85, note="careful")[0] == 303
        assert post(op, "settings/thresholds", attach=0.5, ask=0.85)[0] == 422
        assert post(op, "manage-areas", name="Billing", slack_channel="#bill")[0] == 303
        assert post(op, "manage-areas", name="Billing")[0] == 422
        assert post(op, "manage-areas", slug="billing", name="Invoices")[0] == 303
        assert "fixes the settings" in post(op, "settings", hot_waits="7")[1]
    newest = one(select(ThresholdSet).order_by(ThresholdSet.version.desc()).limit(1))
    assert (newest.attach, newest.note, newest.created_by) == (0.95, "careful", "airflow:ops")
    assert one(select(Area.name).where(Area.slug == "billing")) == "Invoices"


def test_an_owner_who_is_in_no_list_can_be_written(
    ann: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "other_owner" not in ann.get(f"{MOUNT}/requests/csv-export/edit").text
    for module in (actions, names):
        monkeypatch.setattr(module, "MOST_PEOPLE", 1)
    page = ann.get(f"{MOUNT}/requests/csv-export/edit").text
    assert "somebody who is not in the list" in page
    ben = one(select(User).where(User.email == "ben@example.com"))
    form = {"title": "Export any table", "description": "As CSV.", "owner": ""}
    for said in ("BEN@example.com", ben.slack_user_id):
        status, _ = post(ann, "requests/csv-export/edit", **form, other_owner=said)
        assert status == 303
        owner = select(Request.owner_id).where(Request.slug == "csv-export")
        assert one(owner) == ben.id
        assert post(ann, "requests/csv-export/edit", **form)[0] == 303
        assert one(owner) is None
    answer = ann.post(f"{MOUNT}/requests/csv-export/edit", data={**form, "other_owner": "nobody"})
    assert answer.status_code == 422
    assert "nobody here has the address or Slack id" in answer.text
    assert 'value="Export any table"' in answer.text


def test_an_area_has_an_owner_whom_its_new_requests_get(world: World) -> None:
    ben, ann = world.users["ben"].id, world.users["ann"].id
    with client_of("ops", "op") as op:
        for slug, name, owner in (("reporting", "Reporting", ben), ("access", "Access", ann)):
            assert post(op, "manage-areas", slug=slug, name=name, owner=owner)[0] == 303
        assert f'<option value="{ben}" selected>Ben Okafor' in op.get(f"{MOUNT}/manage-areas").text
        assert post(op, "manage-areas", slug="access", name="Access", owner=999)[0] == 422
    session = world.session
    session.expire_all()
    ids = dict(session.execute(select(Area.slug, Area.id)).all())
    entry = session.scalars(select(Entry).order_by(Entry.id)).first()
    assert entry is not None
    for areas, owner in (
        ((ids["reporting"],), ben),
        ((ids["reporting"], ids["access"]), None),
        ((), None),
    ):
        draft = Draft("Reports arrive late", "They arrive late.", areas, "They arrive late.")
        assert open_request(session, entry, draft, None).owner_id == owner
        session.rollback()


def test_a_question_takes_not_feedback_as_in_slack(ann: TestClient) -> None:
    token = tokens(ann)["Export tables as CSV"]
    assert f'value="set_aside:{token}"' in ann.get(f"{MOUNT}/inbox?whose=all").text

    assert post(ann, "inbox/answers", one=f"set_aside:{token}") == (303, "1 answer recorded.")

    assert one(select(Hook).where(Hook.status == "answered")).answer["choice"] == "set_aside"

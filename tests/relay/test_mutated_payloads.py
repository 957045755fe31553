"""Mutated payloads: no 5xx for what is signed, and no effect of what is not.

``RELAY_MUTATIONS`` sets how many are tried (10,000 for the full measure); ``SLACK_PAYLOADS`` names
a folder of recorded Slack payloads to mutate besides those of the sandbox.
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from starlette.testclient import TestClient

from include.engine import airflow_api
from include.relay import background
from include.relay.asgi import build
from include.relay.socket import take
from include.store.models import SlackEvent
from include.store.session import session_scope
from tests.relay.conftest import connect_airflow, connect_slack
from tests.relay.support import FORM, Caller, click, running_airflow, slash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL

Json = dict[str, Any]
COUNT = int(os.environ.get("RELAY_MUTATIONS", "600"))
USER = {"id": "U0ANN", "username": "ann", "name": "ann", "team_id": "T0DEMO"}
MODERATE = settings(
    max_examples=COUNT,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def event(kind: str, **fields: Any) -> Json:
    return {
        "type": "event_callback",
        "token": "verification-token",
        "team_id": "T0DEMO",
        "api_app_id": "A0GTM",
        "event_id": f"Ev0{kind.upper()}",
        "event_time": 1795300000,
        "is_ext_shared_channel": False,
        "authorizations": [{"team_id": "T0DEMO", "user_id": "U0GTMBOT", "is_bot": True}],
        "event": {"type": kind, "user": "U0ANN", "event_ts": "1795300000.000300", **fields},
    }


def view(callback_id: str, values: Json, metadata: str = "{}") -> Json:
    state = {"values": {block: {"a": value} for block, value in values.items()}}
    shown = {
        "id": "V0123",
        "type": "modal",
        "hash": "1795300000.abc",
        "callback_id": callback_id,
        "private_metadata": metadata,
        "state": state,
        "blocks": [],
    }
    return {"type": "view_submission", "user": USER, "team": {"id": "T0DEMO"}, "view": shown}


def chosen(value: str) -> Json:
    return {"type": "external_select", "selected_option": {"value": value}}


LINK = {"url": "https://feedback.example.com/requests/csv-export", "domain": "feedback.example.com"}
EVENTS = [
    event(
        "reaction_added",
        reaction="gtm-feedback",
        item_user="U0BEN",
        item={"type": "message", "channel": "C0FEEDBACK", "ts": "1795300000.000200"},
    ),
    event("link_shared", channel="C0FEEDBACK", message_ts="1795300000.000200", links=[LINK]),
    event("app_mention", channel="C0FEEDBACK", ts="1795300000.000200", text="<@U0GTMBOT> SSO?"),
    event("message", channel="D0ANN", channel_type="im", ts="1795300000.000201", text="SSO?"),
    event("app_home_opened", channel="D0ANN", tab="home"),
    {"type": "url_verification", "challenge": "c", "token": "t"},
]
MESSAGE = {"type": "message", "user": "U0BEN", "ts": "1795300000.000200", "text": "Exports fail"}
INTERACTIONS = [
    click("answer_attach", "00000000-0000-0000-0000-000000000000.1.mac"),
    click("undo_attachment", "1.1.mac"),
    click("pick_for_question", "x.1.mac"),
    click("pick_for_feedback", "1.1.mac"),
    {
        "type": "shortcut",
        "callback_id": "add_feedback",
        "trigger_id": "1.1.t",
        "user": USER,
        "team": {"id": "T0DEMO"},
    },
    {
        "type": "message_action",
        "callback_id": "add_feedback_from_message",
        "trigger_id": "1.1.t",
        "user": USER,
        "team": {"id": "T0DEMO"},
        "channel": {"id": "C0FEEDBACK", "name": "feedback"},
        "message": MESSAGE,
        "message_ts": MESSAGE["ts"],
    },
    {
        "type": "block_suggestion",
        "action_id": "request_search",
        "block_id": "request",
        "value": "csv",
        "user": USER,
        "team": {"id": "T0DEMO"},
        "view": {"id": "V0123", "state": {"values": {}}},
    },
    {
        "type": "block_suggestion",
        "action_id": "opportunity_search",
        "block_id": "opportunity",
        "value": "ren%",
        "user": USER,
        "view": view("add_feedback", {"account": chosen("ACC-1")})["view"],
    },
    view(
        "add_feedback",
        {
            "pain": {"type": "plain_text_input", "value": "Exports fail"},
            "severity": chosen("high"),
            "account": chosen("ACC-1"),
            "opportunity": chosen("OPP-1"),
            "links": {"type": "plain_text_input", "value": "https://crm.example.com/1"},
        },
        '{"message": {"channel": "C0FEEDBACK", "ts": "1.2"}}',
    ),
    view("pick_request", {"request": chosen("1")}, '{"subject": "question", "token": "x.1.m"}'),
    {"type": "view_closed", "user": USER, "view": {"id": "V0123"}, "is_cleared": True},
]
COMMANDS = [slash("Exports fail"), slash("csv-export", "/shipped"), slash("x", "/unknown")]


def recorded() -> Iterator[tuple[str, Json]]:
    """Requests found in a folder of recordings, whatever its files are called."""
    folder = os.environ.get("SLACK_PAYLOADS")
    for path in sorted(Path(folder).rglob("*.json")) if folder else ():
        for found in _requests(json.loads(path.read_text(encoding="utf-8"))):
            kind = "event" if found.get("type") == "event_callback" else "interact"
            yield ("command", found) if "command" in found else (kind, found)


def _requests(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        known = ("event_callback", "block_actions", "view_submission", "shortcut", "message_action")
        if value.get("type") in known or "command" in value:
            yield value
        else:
            for inner in value.values():
                yield from _requests(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _requests(inner)
    elif isinstance(value, str) and value.startswith("payload="):
        yield from _requests(json.loads(dict(parse_qsl(value))["payload"]))


BASES: list[tuple[str, Json]] = [
    *(("event", body) for body in EVENTS),
    *(("interact", body) for body in INTERACTIONS),
    *(("command", body) for body in COMMANDS),
    *recorded(),
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["", " ", "\x00", "a\x00b", "\ud800", "🙂" * 50, "x" * 5000, "<!channel>", "1e999", "-1"]
    ),
    st.text(max_size=20),
    st.just([]),
    st.just({}),
    st.just([[[[{}]]]]),
    st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything inside a payload."""
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for key, child in inner:
        yield (*at, key)
        yield from places(child, (*at, key))


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Json]:
    how, base = draw(st.sampled_from(BASES))
    body = json.loads(json.dumps(base))
    for _ in range(draw(st.integers(0, 3))):
        found = list(places(body))
        if not found:
            break
        *path, last = draw(st.sampled_from(found))
        owner = body
        for key in path:
            owner = owner[key]
        if draw(st.booleans()):
            owner[last] = copy.deepcopy(draw(ODD))
        else:
            del owner[last]
    return how, body


@pytest.fixture
def caller(feedback_db: URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """The relay with a Slack that cannot be reached: what is tested is what it does itself."""
    connect_slack(monkeypatch, "http://127.0.0.1:9/api/")
    airflow_api._tokens.clear()
    with running_airflow() as fake, TestClient(build()) as client:
        connect_airflow(monkeypatch, fake.port)
        yield Caller(client)
        assert background.drain(120)


def send(caller: Caller, how: str, body: Json, **more: Any) -> int:
    if how == "event":
        return caller.event(body, **more).status_code
    if how == "interact":
        return caller.interact(body, **more).status_code
    fields = {str(k): v if isinstance(v, str) else json.dumps(v) for k, v in body.items()}
    raw = urlencode(fields, errors="surrogatepass").encode()
    return caller.send(raw, FORM, **more).status_code


def stored() -> int:
    with session_scope() as session:
        return session.scalar(select(func.count(SlackEvent.id))) or 0


def test_the_bases_are_taken_as_they_are(caller: Caller) -> None:
    assert {send(caller, how, body) for how, body in BASES} <= {200, 400}
    own = len(EVENTS) + len(INTERACTIONS) + len(COMMANDS)
    assert {send(caller, how, body) for how, body in BASES[:own]} == {200}
    assert stored() >= 8


def test_no_mutation_is_answered_with_an_error_of_ours(caller: Caller) -> None:
    seen: list[int] = []

    @MODERATE
    @given(mutated())
    def run(case: tuple[str, Json]) -> None:
        how, body = case
        seen.append(send(caller, how, body))
        assert seen[-1] in (200, 400), (how, body)
        if how == "event":
            assert take(body) is not None, body

    run()
    assert len(seen) >= COUNT
    assert 200 in seen
    assert 400 in seen


@pytest.mark.parametrize("odd", ["a\x00b", "\ud800"])
def test_no_text_of_ours_may_be_one_that_a_database_cannot_hold(caller: Caller, odd: str) -> None:
    """Every single text of our own payloads in turn, without a dice."""
    own = len(EVENTS) + len(INTERACTIONS) + len(COMMANDS)
    tried = 0
    for how, base in BASES[:own]:
        for *path, last in places(base):
            body = json.loads(json.dumps(base))
            owner = body
            for key in path:
                owner = owner[key]
            if not isinstance(owner[last], str):
                continue
            owner[last] = odd
            tried += 1
            assert send(caller, how, body) in (200, 400), (how, path, last)
    assert tried > 100


def test_nothing_unsigned_has_an_effect(caller: Caller) -> None:
    @settings(MODERATE, max_examples=max(50, COUNT // 10))
    @given(mutated(), st.sampled_from([{"secret": "another"}, {"age": 360}, {"age": -360}]))
    def run(case: tuple[str, Json], forged: dict[str, Any]) -> None:
        how, body = case
        assert send(caller, how, body, **forged) == 401

    run()
    assert background.drain()
    assert stored() == 0


@settings(MODERATE, max_examples=max(50, COUNT // 4))
@given(raw=st.binary(max_size=300), kind=st.sampled_from([FORM, "application/json", "text/plain"]))
def test_signed_noise_is_refused_in_words(caller: Caller, raw: bytes, kind: str) -> None:
    # Slack's own check knows UTF-8 only, and refuses anything else as not genuine.
    assert caller.send(raw, kind).status_code in (200, 400, 401)

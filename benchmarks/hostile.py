"""Hostile calls against the running sandbox, counted in a table: ``make hostile``.

Every route of every plugin is walked from the apps' own tables of routes, with every method, as
nobody, with bad tokens, and in every role; so are all DAGs with parameters that do not fit. Signed
calls of Slack are mutated field by field, presses are made in the name of everybody else, and texts
that give orders are handed in. At the end the database must hold nothing that nobody had a right
to, and no message in Slack a mention or a link that a caller wrote.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import importlib
import json
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
from sqlalchemy import func, select

from include.base.masking import masked
from include.store.models import Decision, Hook, Request, RequestMerge, User
from include.store.session import session_scope
from sandbox.environment import PASSWORDS, ROLES, ROOT, Sandbox
from sandbox.slack.client import SlackSandbox
from tests.injections import CORPUS, LATER, MORE
from tests.masking_lookalikes import LOOKALIKES
from tests.masking_samples import SAMPLES
from tests.relay.support import click, slash
from tests.relay.test_mutated_payloads import COMMANDS, EVENTS, INTERACTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]

MUTATIONS = 6_000
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OPEN = {("GET", "/slack/health")}
"""What answers everybody."""

HOSTILE = "<!channel> <http://evil.example/login|Re-login>"
VALUES: tuple[Any, ...] = (
    None,
    "",
    "\x00",
    "\ud83d",
    HOSTILE,
    "x" * 20_000,
    10**30,
    -1,
    1e308,
    True,
    [],
    {},
    [[[[[[]]]]]],
    {"$ne": None},
    "' OR 1=1 --",
    "../../../etc/passwd",
    "U0CARLA",
    "#general",
)
BODIES: tuple[bytes, ...] = (
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe",
    b'{"entries": []}',
    b'{"entries": [{}]}',
    b'{"customer_pain": 1e999}',
    b'{"customer_pain": "x", "submitter": {"slack_user_id": "#general"}}',
    b'{"customer_pain": "x", "areas": ["' + b"a" * 5_000 + b'"]}',
    b'{"customer_pain": "\\u0000"}',
    b'{"customer_pain": "x", "entry_id": ' + b"9" * 400 + b"}",
    b"[" * 20_000,
)
BAD_TOKENS = ("", "x", "Bearer", "Bearer x", "Bearer " + "a." * 3, "Basic YWRtaW46YWRtaW4=")
LIVE = re.compile(r"<(![^>]*|https?://evil[^>]*|@U0EVIL[^>]*)>")


@dataclass
class Tally:
    """Tries of one kind, and what was wrong with them."""

    tries: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def count(self, kind: str, answer: httpx.Response, *, allowed: bool, what: str) -> None:
        """Note one answer; one that must not succeed and does, or a 5xx, is a fault."""
        self.tries[kind] += 1
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 500 or (not allowed and answer.is_success):
            self.faults.append(f"{kind}: {what}: HTTP {answer.status_code}")

    def check(self, kind: str, right: bool, what: str) -> None:
        """Note one try that is no call."""
        self.tries[kind] += 1
        if not right:
            self.faults.append(f"{kind}: {what}")


def plugin_routes() -> Iterator[tuple[str, frozenset[str]]]:
    """Path and methods of every route that a plugin mounts, with ids filled in."""
    from airflow.plugins_manager import AirflowPlugin

    for path in sorted((ROOT / "plugins").glob("*.py")):
        for value in vars(importlib.import_module(f"plugins.{path.stem}")).values():
            is_plugin = isinstance(value, type) and issubclass(value, AirflowPlugin)
            for entry in getattr(value, "fastapi_apps", ()) if is_plugin else ():
                for route in getattr(entry["app"], "routes", ()):
                    shown = re.sub(r"\{[^}]*\}", "1", getattr(route, "path", ""))
                    methods = frozenset(getattr(route, "methods", None) or {"GET", "POST"})
                    yield entry["url_prefix"] + shown, methods


def walk_routes(base: str, tokens: dict[str, str], tally: Tally) -> None:
    """Every route with every method, body and identity."""
    identities: list[tuple[str, str]] = [(f"bad token {n}", t) for n, t in enumerate(BAD_TOKENS)]
    identities += [(role, f"Bearer {token}") for role, token in tokens.items()]
    with httpx.Client(base_url=base, timeout=30, trust_env=False) as client:
        for path, own in sorted(set(plugin_routes())):
            for method in METHODS:
                for role, token in identities:
                    for body in BODIES if method != "GET" else BODIES[:2]:
                        headers = {"content-type": "application/json"}
                        request = client.build_request(
                            method,
                            path,
                            content=body,
                            headers=headers | ({"authorization": token} if token else {}),
                        )
                        # Some answers are streams that do not end.
                        answer = client.send(request, stream=True)
                        answer.close()
                        known = role in tokens
                        reads = method == "GET" and known
                        writes = method in own and role in ("user", "op", "admin")
                        allowed = (method, path) in OPEN or reads or writes
                        what = f"{role} {method} {path}"
                        tally.count("routes", answer, allowed=allowed, what=what)


def walk_dags(base: str, tokens: dict[str, str], tally: Tally) -> None:
    """Every DAG in every role with parameters that do not fit, and one by one hostile values."""
    with httpx.Client(base_url=base, timeout=60, trust_env=False) as client:
        as_admin = {"authorization": f"Bearer {tokens['admin']}"}
        listed = client.get("/api/v2/dags", params={"limit": 100}, headers=as_admin).json()["dags"]
        for dag_id in sorted(one["dag_id"] for one in listed):
            url = f"/api/v2/dags/{dag_id}/dagRuns"
            told = client.get(f"/api/v2/dags/{dag_id}/details", headers=as_admin).json()
            names = sorted(told.get("params") or {})
            for role, token in tokens.items():
                headers = {"authorization": f"Bearer {token}"}
                unknown: Json = {"logical_date": None, "conf": {"no_such_field": HOSTILE}}
                if role == "viewer":
                    answer = client.post(url, json=unknown, headers=headers)
                    tally.count("DAGs", answer, allowed=False, what=f"{role} {dag_id}")
                    continue
                for name in names:
                    for value in (10**30, [HOSTILE] * 10_000, {"a": {"b": HOSTILE}}, "x" * 20_000):
                        body = {"logical_date": None, "conf": {name: value}}
                        answer = client.post(url, json=body, headers=headers)
                        tally.count("DAGs", answer, allowed=False, what=f"{role} {dag_id}.{name}")


def signed(secret: str, raw: bytes, *, age: int = 0) -> dict[str, str]:
    """Headers with Slack's signature."""
    stamp = str(int(time.time()) - age)
    mac = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256)
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={mac.hexdigest()}"}


def encoded(payload: Json) -> tuple[bytes, str]:
    """A payload as Slack sends it."""
    if "command" in payload:
        return urlencode(payload, errors="replace").encode(), "application/x-www-form-urlencoded"
    if payload.get("type") in ("event_callback", "url_verification"):
        return json.dumps(payload).encode(), "application/json"
    form = urlencode({"payload": json.dumps(payload)})
    return form.encode(), "application/x-www-form-urlencoded"


def mutate(payload: Json, chance: random.Random) -> Json:
    """The payload with one to three of its values replaced or taken away."""
    changed: Json = copy.deepcopy(payload)
    for _ in range(chance.randint(1, 3)):
        at: Any = changed
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = chance.choice(keys)
            if isinstance(at[key], dict | list) and at[key] and chance.random() < 0.7:
                at = at[key]
                continue
            if chance.random() < 0.2 and isinstance(at, dict):
                del at[key]
            else:
                at[key] = copy.deepcopy(chance.choice(VALUES))
            break
    return changed


def call_slack(base: str, secret: str, tally: Tally, count: int = MUTATIONS) -> None:
    """Mutated calls with a right signature, and right calls with a wrong one."""
    chance = random.Random(20_261_128)
    payloads = [*EVENTS, *INTERACTIONS, *COMMANDS]
    with httpx.Client(base_url=base, timeout=30, trust_env=False) as client:
        for number in range(count):
            raw, kind = encoded(mutate(payloads[number % len(payloads)], chance))
            headers = signed(secret, raw) | {"content-type": kind}
            answer = client.post("/slack/events", content=raw, headers=headers)
            tally.count("signed and mutated", answer, allowed=True, what=f"payload {number}")
        wrong = ({}, signed("another", b""), signed(secret, b"other"))
        for payload in payloads:
            raw, kind = encoded(payload)
            for headers in (*wrong, signed(secret, raw, age=900)):
                answer = client.post(
                    "/slack/events", content=raw, headers=headers | {"content-type": kind}
                )
                tally.count("badly signed", answer, allowed=False, what=str(payload.get("type")))
            foreign = payload | {"team_id": "T0EVIL", "team": {"id": "T0EVIL"}}
            foreign.pop("authorizations", None)
            raw, kind = encoded(foreign)
            headers = signed(secret, raw) | {"content-type": kind}
            answer = client.post("/slack/events", content=raw, headers=headers)
            tally.count("another workspace", answer, allowed=False, what=str(payload.get("type")))


def press_for_others(base: str, secret: str, users: list[str], tally: Tally) -> None:
    """Every open question pressed by everybody whom it does not name."""
    from include.durable.api import hook_token

    with session_scope() as session:
        asked = session.scalars(
            select(Hook).where(Hook.status == "pending", Hook.responders != [])
        ).all()
        open_now = [(hook_token(session, one.id), set(one.responders)) for one in asked]
    with httpx.Client(base_url=base, timeout=30, trust_env=False) as client:
        for token, named in open_now:
            for user in [one for one in users if f"slack:{one}" not in named]:
                for action in ("answer_attach", "answer_create", "undo_attachment"):
                    raw, kind = encoded(click(action, token, user))
                    headers = signed(secret, raw) | {"content-type": kind}
                    answer = client.post("/slack/events", content=raw, headers=headers)
                    tally.count("presses for others", answer, allowed=True, what=user)
        for command in ("/shipped csv-export", "/shipped " + HOSTILE):
            name, _, text = command.partition(" ")
            raw, kind = encoded(slash(text, name, user_id="U0GIL"))
            headers = signed(secret, raw) | {"content-type": kind}
            answer = client.post("/slack/events", content=raw, headers=headers)
            tally.count("guests", answer, allowed=True, what=command)


def hand_in(base: str, token: str, tally: Tally) -> None:
    """Texts that give orders, with names and links that are markup, at once."""
    entries = [
        {
            "customer_pain": text[:9_000],
            "submitter": {"slack_user_id": "U0ANN", "name": HOSTILE},
            "external_id": f"hostile-{number}",
        }
        for number, text in enumerate((*CORPUS, *LATER, *MORE))
        if text.strip()
    ]
    with httpx.Client(base_url=base, timeout=60, trust_env=False) as client:
        for entry in entries:
            answer = client.post(
                "/feedback/entries", json=entry, headers={"authorization": f"Bearer {token}"}
            )
            tally.count("injections", answer, allowed=True, what=entry["external_id"])


def mask(tally: Tally) -> None:
    """Personal data that must be hidden from a model, and what only looks like it."""
    for said, value in SAMPLES:
        hidden = value not in masked(said.format(value))
        tally.check("masking", hidden, "a sample was not masked")
    for text in LOOKALIKES:
        tally.check("masking", masked(text) == text, "a look-alike was masked")


def effects() -> Json:
    """What nobody had a right to change.

    A wait that ended by itself is no answer of a person's, and what an Airflow user took off was
    taken off with their right, which the routes' statuses tell.
    """
    with session_scope() as session:
        return {
            "shipped": session.scalar(
                select(func.count(Request.id)).where(Request.status == "shipped")
            ),
            "answered": session.scalar(
                select(func.count(Hook.id)).where(Hook.answered_by.like("slack:%"))
            ),
            "merged": session.scalar(select(func.count(RequestMerge.id))),
            "taken off": session.scalar(
                select(func.count(Decision.id)).where(
                    Decision.step.in_(("undo", "pick", "withdraw")),
                    Decision.actor.like("slack:%"),
                )
            ),
        }


def wrongly_bound(people: dict[str, str]) -> list[str]:
    """Slack ids that the product binds to another address than Slack itself does."""
    with session_scope() as session:
        bound = session.execute(
            select(User.slack_user_id, User.email).where(
                User.email.is_not(None), User.slack_user_id.is_not(None)
            )
        ).all()
    return [one for one, email in bound if people.get(one, "").casefold() != email.casefold()]


def live_messages(slack: SlackSandbox) -> list[str]:
    """Texts of messages in Slack that hold a mention or a link of a caller's."""
    found = []
    for message in [one for shown in slack.state()["messages"].values() for one in shown]:
        said = json.dumps(message.get("blocks") or message.get("text") or "", ensure_ascii=False)
        if message.get("user") == "U0GTMBOT" and LIVE.search(said):
            found.append(said[:200])
    return found


def main() -> int:
    """Print the table; 1 when something got through."""
    sandbox = Sandbox.from_environment()
    base, secret = sandbox.airflow_url, sandbox.keys()["slack_signing_secret"]
    tokens = {}
    for name, role in ROLES.items():
        answer = httpx.post(
            f"{base}/auth/token",
            json={"username": name, "password": PASSWORDS[name]},
            timeout=30,
            trust_env=False,
        )
        tokens[role] = str(answer.raise_for_status().json()["access_token"])
    tally, before = Tally(), effects()
    with SlackSandbox(sandbox.slack_url) as slack:
        people = slack.state()["users"]
        users = [one["id"] for one in people if not one.get("is_bot")]
        steps: dict[str, Callable[[], None]] = {
            "masking": lambda: mask(tally),
            "routes": lambda: walk_routes(base, tokens, tally),
            "DAGs": lambda: walk_dags(base, tokens, tally),
            "Slack's calls": lambda: call_slack(base, secret, tally),
            "presses for others": lambda: press_for_others(base, secret, users, tally),
        }
        for name, step in steps.items():
            began = time.monotonic()
            step()
            sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
        after = effects()
        for name, number in before.items():
            tally.check("effects", after[name] <= number, f"{name} changed")
        said = {one["id"]: one.get("profile", {}).get("email") or "" for one in people}
        strangers = wrongly_bound(said)
        tally.check("effects", not strangers, f"bound to another's address: {strangers[:3]}")
        hand_in(base, tokens["user"], tally)
        time.sleep(30)
        live = live_messages(slack)
        tally.check("live markup", not live, "; ".join(live[:3]))
    print("| what | tries |\n|---|---|")
    for kind, number in tally.tries.items():
        print(f"| {kind} | {number:,} |")
    print(f"| **all** | **{sum(tally.tries.values()):,}** |")
    print(f"\nAnswers: {dict(sorted(tally.statuses.items()))}")
    print(f"Before {before}, after {after}")
    print(f"Got through: {len(tally.faults)}")
    for fault in tally.faults[:40]:
        print(f"  {fault}")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())

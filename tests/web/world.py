"""A small world for the pages: areas, accounts, requests with evidence, questions, people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.entries.decisions import match_key, record_decision
from include.entries.questions import ask, plan_groups
from include.requests.evidence import Evidence, attach
from include.store.models import (
    Account,
    Area,
    Entry,
    Hook,
    Message,
    Opportunity,
    Request,
    RequestArea,
    RequestStatusChange,
    SlackPerson,
    User,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MAIN = "process_customer_entry"


@dataclass
class World:
    """Makes rows as the product does."""

    session: Session
    areas: dict[str, Area] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    count: int = 0

    def people(self) -> None:
        for slack, name in (
            ("U0ANN", "Ann Ames"),
            ("U0BEN", "Ben Okafor"),
            ("U0CLEO", "Cleo Marsh"),
        ):
            first = name.split()[0].lower()
            user = User(slack_user_id=slack, email=f"{first}@example.com", name=name)
            # Slack has said whose address it is.
            said = SlackPerson(slack_user_id=slack, kind="person", email=user.email, name=name)
            self.session.add_all([user, said])
            self.users[first] = user
        self.session.flush()

    def accounts(self) -> None:
        self.session.add_all(
            [
                Account(
                    id="ACC-1",
                    name="Northwind Freight",
                    arr=480_000,
                    region="EMEA",
                    is_enterprise=True,
                ),
                Account(id="ACC-2", name="Lotus Analytics", arr=64_000, region="APAC"),
                Account(id="ACC-3", name="Tinker & Sons"),
            ]
        )
        self.session.flush()
        self.session.add(Opportunity(id="OPP-1", account_id="ACC-1", name="Renewal", arr=480_000))
        self.session.flush()

    def area(self, slug: str, name: str) -> Area:
        area = Area(slug=slug, name=name, description=f"All about {name.lower()}.")
        self.session.add(area)
        self.session.flush()
        self.areas[slug] = area
        return area

    def request(self, slug: str, title: str, area: str | None = None, **more: Any) -> Request:
        request = Request(slug=slug, title=title, **more)
        self.session.add(request)
        self.session.flush()
        self.session.add(
            RequestStatusChange(request_id=request.id, status=request.status, changed_by="test")
        )
        if area:
            self.session.add(RequestArea(request_id=request.id, area_id=self.areas[area].id))
        self.session.flush()
        return request

    def entry(self, words: str, *, by: str | None = "ann", **more: Any) -> Entry:
        self.count += 1
        entry = Entry(
            idempotency_key=f"test:{self.count}",
            source=more.pop("source", "api"),
            customer_pain=words,
            severity=more.pop("severity", "medium"),
            submitter_id=self.users[by].id if by else None,
            dag_id=MAIN,
            run_id=f"test_{self.count}",
            **more,
        )
        self.session.add(entry)
        self.session.flush()
        return entry

    def evidence(self, request: Request, words: str, **more: Any) -> int:
        """Feedback that the matcher attached; the id of its row."""
        entry = self.entry(words, **more)
        self.decide(entry, request, "attach", 0.93)
        reason = "Both ask for the same thing."
        feedback_id = attach(self.session, entry, request.id, Evidence("same_issue", reason, 0.93))
        entry.status, entry.outcome = "done", "attached"
        self.session.flush()
        return feedback_id

    def question(self, request: Request, words: str, **more: Any) -> Hook:
        """An open question to the submitter, or to anybody, as the DAG asks it."""
        entry = self.entry(words, status="waiting", **more)
        self.decide(entry, request, "ask", 0.86)
        run = {"dag_id": MAIN, "run_id": entry.run_id}
        [group] = plan_groups(self.session, **run)
        message = self.session.get_one(Message, ask(self.session, group, **run))
        return self.session.get_one(Hook, message.hook_id)

    def decide(self, entry: Entry, request: Request, route: str, confidence: float) -> None:
        record_decision(
            self.session,
            key=match_key(entry.id),
            entry_id=entry.id,
            step="match",
            route=route,
            request_id=request.id,
            confidence=confidence,
            reason="Both ask for tables outside the product.",
            candidates=[
                {
                    "request_id": request.id,
                    "status": "open",
                    "cosine": 0.71,
                    "text_score": 0.4,
                    "confidence": confidence,
                }
            ],
            thresholds_version=1,
            judge="calibrated",
            model="test",
            actor_kind="system",
        )


def small_world(session: Session) -> World:
    """Two areas, three requests, evidence, one question to Ann and one to anybody."""
    world = World(session)
    world.people()
    world.accounts()
    world.area("reporting", "Reporting")
    world.area("access", "Access and security")
    csv = world.request("csv-export", "Export tables as CSV", "reporting")
    sso = world.request("single-sign-on", "Single sign-on with SAML", "access")
    world.request("dark-mode", "Dark mode for dashboards", "reporting", status="shipped")
    world.evidence(csv, "We retype every number by hand.", severity="high", account_id="ACC-1")
    world.evidence(csv, "A download would save an hour a day.", by="ben", account_id="ACC-2")
    world.evidence(
        sso,
        "Security will not sign without single sign-on.",
        severity="high",
        account_id="ACC-1",
        opportunity_id="OPP-1",
        links=["https://example.com/notes/1"],
    )
    world.question(csv, "They copy tables by hand & lose hours.", account_id="ACC-2")
    world.question(sso, "Everybody has to log in through Okta.", by=None)
    session.commit()
    return world

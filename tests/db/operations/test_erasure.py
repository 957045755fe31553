"""Erasing a person or an account: no word is left anywhere, and the numbers stay right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Text, cast, func, inspect, select, text

from include.base.errors import FatalError
from include.operations import __main__ as commands
from include.operations.erasure import NOBODY, about, erase_account, erase_person
from include.operations.forgetting import ERASED
from include.people.actor import Actor, NotAllowed, Standing
from include.store.models import (
    Account,
    Area,
    AreaReport,
    AuditRow,
    Base,
    Entry,
    Feedback,
    Hook,
    Message,
    ModelCall,
    Opportunity,
    Request,
    SlackCapture,
    SlackEvent,
    SlackPerson,
    User,
)
from include.store.session import session_scope
from tests.people import member

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OPERATOR = Actor(Standing.OPERATOR, airflow_user="olga")
WORDS = "Quarterly exports of the Zanzibar ledger time out after an hour."
SECRETS = ("Zanzibar", "ann@example.com", "U0ANN", "Ann Ames", "ann.old@example.com")


def add(session: Session, *rows: Any) -> None:
    session.add_all(rows)
    session.flush()


@pytest.fixture
def told(feedback_db: object) -> int:
    """Everything that Ann's feedback leaves behind; her user's id."""
    with session_scope() as session:
        ann = User(email="ann@example.com", slack_user_id="U0ANN", name="Ann Ames")
        ben = User(email="ben@example.com", slack_user_id="U0BEN", name="Ben")
        account = Account(id="ACC-1", name="Zanzibar Bank", arr=90_000, is_enterprise=True)
        add(session, ann, ben, account, Opportunity(id="O1", account_id="ACC-1", name="Zanzibar"))
        own, open_one, other = (
            Entry(
                idempotency_key=f"k{n}",
                source="slack" if n == 0 else "api",
                external_id=("slack:C1:1.2", "Zanzibar-1", None)[n],
                customer_pain=words,
                severity="high",
                account_id=account_id,
                links=["https://crm.example.com/zanzibar"],
                submitter_id=user.id,
                handed_in_by="slack:U0ANN" if user is ann else None,
                claimed_submitter={"email": "ann@example.com"} if user is ann else None,
                status=status,
                outcome="created" if status == "done" else None,
                dag_id="process_customer_entry",
                run_id=f"r{n}",
                embedding=[0.1] * 384,
                embedding_model="m",
            )
            for n, (words, user, account_id, status) in enumerate(
                [
                    (WORDS, ann, "ACC-1", "done"),
                    (WORDS + " Again.", ann, "ACC-1", "waiting"),
                    ("Charts have no legend at all.", ben, None, "done"),
                ]
            )
        )
        add(session, own, open_one, other)
        request = Request(
            slug="zanzibar-exports",
            title="Zanzibar exports time out",
            description=WORDS,
            created_by=ann.id,
            opened_by_entry_id=own.id,
        )
        area = Area(slug="exports", name="Exports")
        add(session, request, area)
        for entry in (own, other):
            evidence = Feedback(
                request_id=request.id,
                entry_id=entry.id,
                quote_length=len(entry.customer_pain),
                severity="high",
                account_id=entry.account_id,
                match_type="match",
                reason=f"Both: {entry.customer_pain}",
                created_by=entry.submitter_id,
                removed_by="slack:U0ANN" if entry is other else None,
                removed_at=func.now() if entry is other else None,
            )
            add(session, evidence)
        shown = [{"type": "section", "text": {"type": "mrkdwn", "text": f"> {WORDS}"}}]
        for n, (entry_id, address) in enumerate([(own.id, "U0ANN"), (None, "C0AREA")]):
            message = Message(
                key=f"m{n}",
                purpose="attached",
                address=address,
                entry_id=entry_id,
                body=WORDS,
                blocks=shown,
                state="sent",
                channel="D0ANN",
                ts=f"1.{n}",
                sent_at=func.now(),
            )
            add(session, message)
        add(
            session,
            SlackPerson(slack_user_id="U0ANN", kind="person", email="ann@example.com"),
            SlackCapture(
                key="slack:C1:1.2",
                channel="C1",
                message_ts="1.2",
                slack_user_id="U0ANN",
                thread=[{"user": "U0ANN", "text": WORDS}],
                dag_id="d",
                run_id="r",
            ),
            SlackEvent(key="e", kind="k", user_id="U0ANN", payload={"user_name": "Ann Ames"}),
            AreaReport(
                area_id=area.id,
                day=func.current_date(),
                as_of=func.now(),
                sections=[{"id": "themes", "quotes": [WORDS], "count": 2}],
                metrics={"requests": 1},
            ),
            AuditRow(actor="slack:U0ANN", action="ship", subject="request:1"),
            Hook(
                key="h",
                kind="approval",
                dag_id="process_customer_entry",
                run_id="r1",
                handler="question",
                question={"entries": [[open_one.id, 0.8]], "request_id": request.id},
                responders=["slack:U0ANN"],
            ),
        )
        session.execute(
            text(
                "INSERT INTO model_calls (call_key, task, model, prompt_version, server, key,"
                " entry_id, outcome, cost, answer) VALUES ('c', 't', 'm', 'p', 's', 'k', :entry,"
                " (SELECT 'answered'), 0.5, :answer)"
            ),
            {"entry": own.id, "answer": WORDS},
        )
        return ann.id


def everything() -> str:
    """All rows of all tables, as text."""
    with session_scope() as session:
        return "\n".join(
            str(row)
            for table in Base.metadata.sorted_tables
            for row in session.execute(
                select(*[cast(column, Text) for column in table.columns])
            ).all()
        )


def numbers(session: Session) -> list[Any]:
    return [
        session.scalar(select(func.count()).select_from(model))
        for model in (User, Account, Entry, Feedback, Request, ModelCall, AreaReport)
    ] + [
        session.scalar(select(func.sum(ModelCall.cost))),
        session.scalar(
            select(func.sum(Account.arr)).where(
                Account.id.in_(select(Feedback.account_id).where(Feedback.removed_at.is_(None)))
            )
        ),
    ]


def test_nothing_of_a_person_is_left_and_the_numbers_are_the_same(
    told: int, session: Session
) -> None:
    before = numbers(session)
    session.commit()
    with session_scope() as own:
        rows, message_ids = erase_person(own, "Ann@example.com", OPERATOR)
    left = everything()
    # The account is not hers: its name stays until it is erased itself.
    words = left.replace("Zanzibar Bank", "").replace("O1', 'ACC-1', 'Zanzibar'", "")
    assert [secret for secret in SECRETS if secret in words] == []
    assert "Charts have no legend" in left
    assert numbers(session) == before
    assert rows["entries"] == 2
    assert session.execute(select(ModelCall.answer, ModelCall.outcome)).all() == [
        (None, "unavailable")
    ]
    assert len(message_ids) == 2
    notices = session.scalars(select(Message).where(Message.id.in_(message_ids))).all()
    assert {one.body for one in notices} == {"This message was erased."}
    assert {one.target_id for one in notices} == set(
        session.scalars(select(Message.id).where(Message.key.in_(["m0", "m1"])))
    )
    written = session.scalars(select(AuditRow).where(AuditRow.action == "erase")).one()
    assert (written.actor, written.subject) == ("airflow:olga", f"person:{told}")


def test_an_entry_on_its_way_ends_and_its_question_is_closed(told: int, session: Session) -> None:
    with session_scope() as own:
        erase_person(own, "U0ANN", OPERATOR)
    entry = session.scalars(select(Entry).where(Entry.run_id == "r1")).one()
    assert (entry.status, entry.outcome, entry.noise_reason) == ("done", "noise", "erased")
    hook = session.scalars(select(Hook)).one()
    assert (hook.status, hook.responders) == ("cancelled", [NOBODY])


def test_nothing_of_an_account_is_left_but_its_id_and_its_arr(told: int, session: Session) -> None:
    before = numbers(session)
    session.commit()
    with session_scope() as own:
        erase_account(own, "ACC-1", OPERATOR)
    assert "Zanzibar" not in everything()
    assert numbers(session) == before
    assert session.get_one(Account, "ACC-1").arr == 90_000
    # Who handed it in is still a person of the own company.
    assert session.get_one(User, told).email == "ann@example.com"


def test_a_request_of_others_keeps_its_title_and_loses_the_quote(
    told: int, session: Session
) -> None:
    session.execute(text("UPDATE feedback SET removed_at = NULL, removed_by = NULL"))
    session.commit()
    with session_scope() as own:
        erase_person(own, "U0ANN", OPERATOR)
    request = session.scalars(select(Request)).one()
    assert (request.title, request.description) == ("Zanzibar exports time out", "")


def test_erasing_again_finds_nobody_and_a_repeat_of_an_account_changes_nothing(
    told: int, session: Session
) -> None:
    with session_scope() as own:
        erase_person(own, "U0ANN", OPERATOR)
    with session_scope() as own, pytest.raises(FatalError, match="nobody is known"):
        erase_person(own, "U0ANN", OPERATOR)
    sent = session.scalar(select(func.count(Message.id)))
    with session_scope() as own:
        erase_account(own, "ACC-1", OPERATOR)
        erase_account(own, "ACC-1", OPERATOR)
    assert session.scalar(select(func.count(Message.id))) == sent
    bodies = session.scalars(select(Message.body).where(Message.key.startswith("erased:")))
    assert set(bodies) == {"This message was erased."}


@pytest.mark.parametrize("actor", [member("U0ANN"), Actor(Standing.PROGRAM, run="d/r")])
def test_only_an_operator_erases_and_exports(told: int, session: Session, actor: Actor) -> None:
    for act in (erase_person, about):
        with pytest.raises(NotAllowed):
            act(session, "U0ANN", actor)
    with pytest.raises(NotAllowed):
        erase_account(session, "ACC-1", actor)
    assert session.scalar(select(func.count(AuditRow.id))) == 1


def test_a_dry_run_counts_and_changes_nothing(
    told: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything()
    assert commands.main(["erase-person", "ann@example.com"]) == 0
    counted = json.loads(capsys.readouterr().out)
    assert (counted["applied"], counted["rows"]["entries"]) == (False, 2)
    assert everything() == before
    assert commands.main(["erase-account", "NO-SUCH"]) == 2
    assert "there is no account 'NO-SUCH'" in capsys.readouterr().err


def test_the_export_holds_what_is_known_about_a_person(
    told: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["export-person", "U0ANN"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert held["users"][0]["email"] == "ann@example.com"
    assert WORDS in {one["customer_pain"] for one in held["handed_in"]}
    assert held["messages"][0]["body"] == WORDS
    assert held["questions"][0]["responders"] == ["slack:U0ANN"]
    assert len(held["did"]["audit.actor"]) == 1
    assert "Charts have no legend" not in json.dumps(held)


def test_every_column_that_may_name_a_person_is_renamed() -> None:
    """A new column of such a name must be added to what erasure renames."""
    from include.operations.erasure import NAMED_IN

    known = {(column.class_.__tablename__, column.key) for column in NAMED_IN}
    named = {
        (mapper.local_table.name, column.key)
        for mapper in Base.registry.mappers
        for column in inspect(mapper.class_).column_attrs
        if column.key.endswith("_by") or column.key in ("actor", "claimed")
    }
    users = {("feedback", "created_by"), ("requests", "created_by"), ("request_links", "found_by")}
    assert named - users == known


def test_a_report_forgets_what_it_quotes_from_far_down_a_text(told: int, session: Session) -> None:
    quotes = ("Brief.", "The printer of the depot swallows every second label.")
    said = "We like it. " * 200 + " ".join(quotes)
    entry = session.scalars(select(Entry).where(Entry.account_id == "ACC-1")).first()
    assert entry is not None
    entry.customer_pain = said
    [feedback_id] = session.scalars(select(Feedback.id).where(Feedback.entry_id == entry.id))
    report = session.scalars(select(AreaReport)).one()
    other = {"feedback_id": feedback_id + 1_000, "start": 0, "end": 6, "text": "Other."}
    own = [
        {"feedback_id": feedback_id, "start": said.index(one), "end": len(said), "text": one}
        for one in quotes
    ]
    report.sections = [{"id": "themes", "visuals": [{"themes": [{"quotes": [other, *own]}]}]}]
    session.commit()
    with session_scope() as at_work:
        done, _ = erase_account(at_work, "ACC-1", OPERATOR)
    session.refresh(report)
    [section] = report.sections
    [theme] = section["visuals"][0]["themes"]
    assert [one["text"] for one in theme["quotes"]] == ["Other.", ERASED, ERASED]
    assert done["reports"] == 1

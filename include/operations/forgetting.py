"""Taking the words out of entries, and out of everything that quotes them; the rows stay.

Counts, accounts and ARR are read from the rows, so they stay right. What was sent to Slack is
replaced there through the outbox.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pgvector.sqlalchemy import Vector
from sqlalchemy import Text, cast, delete, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from include.agents.ledger import CallOutcome
from include.durable.api import cancel_hook, get_hook
from include.entries.attention import UNPOSTED, asked_person
from include.entries.show import show_question_card, show_waiting
from include.entries.waiting_card import card_family
from include.outbox.messages import queue_update
from include.slack.cards.blocks import section
from include.slack.cards.markup import markup
from include.store.models import (
    AreaReport,
    Base,
    Decision,
    Digest,
    Entry,
    EntryStatus,
    Feedback,
    Hook,
    HookStatus,
    Message,
    MessageKind,
    MessageState,
    ModelCall,
    Outcome,
    Request,
    RequestEmbedding,
    SlackCapture,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

ERASED = "(erased)"
NOTICE = markup("This message was erased.")
REASON = "erased"
_FRAGMENT = re.compile(r"[^\W_][\w ,.'-]{18,60}")


def forget_entries(session: Session, entry_ids: Sequence[int], done: Counter[str]) -> list[int]:
    """Erase the words of entries and of the pains taken out of them; the ids of messages to send.

    An entry that is still on its way ends here: its question is closed and nothing comes of it.
    What only these entries have said about a request goes from the request as well. ``done``
    counts rows, by what they are.
    """
    ids = _with_pains(session, entry_ids)
    if not ids:
        return []
    entries = session.scalars(select(Entry).where(Entry.id.in_(ids)).with_for_update()).all()
    fragments = sorted({part for one in entries for part in fragments_of(one.customer_pain)})
    requests = session.scalars(select(Request).where(Request.opened_by_entry_id.in_(ids))).all()
    keys = [one.external_id for one in entries if one.source == "slack" and one.external_id]
    runs = {(one.dag_id, one.run_id) for one in entries}
    told_daily = _told_daily(session, set(ids), runs)
    mixed = _close_questions(session, set(ids), runs)
    done["captures"] += forget_captures(session, SlackCapture.key.in_(keys))
    for entry in entries:
        _blank(entry)
    session.flush()
    done["entries"] += len(entries)
    done["feedback"] += _count(
        session,
        update(Feedback)
        .where(Feedback.entry_id.in_(ids))
        .values(links=[], reason="", quote_start=0, quote_length=len(ERASED)),
    )
    done["decisions"] += _count(
        session, update(Decision).where(Decision.entry_id.in_(ids)).values(reason="")
    )
    done["model_calls"] += forget_answers(session, ModelCall.entry_id.in_(ids))
    done["vectors"] += _forget_vectors(session, ids)
    done["requests"] += sum(_forget_request(session, request, set(ids)) for request in requests)
    told = [one.told_in for one in entries if one.told_in is not None]
    is_post = Message.kind == MessageKind.POST
    which = or_(
        Message.entry_id.in_(ids),
        Message.id.in_(told),
        Message.target_id.in_(told),
        _quotes(Message.blocks, fragments),
        *(
            Message.key.startswith(card_family(person), autoescape=True) & is_post
            for person in told_daily
        ),
    )
    message_ids = redact_messages(session, which, done)
    for hook_id in mixed:
        hook = get_hook(session, hook_id)
        if hook is not None:
            message_ids += show_question_card(session, hook)
    # The other questions of a daily card are shown again.
    message_ids += [one for person in told_daily if (one := show_waiting(session, person))]
    done["reports"] += _forget_reports(session, ids, fragments)
    return message_ids


def fragments_of(words: str) -> list[str]:
    """Pieces of a text's beginning, which are looked for where it may be quoted, shortened."""
    return _FRAGMENT.findall(" ".join(words.split()))[:5]


def redact_messages(session: Session, which: ColumnElement[bool], done: Counter[str]) -> list[int]:
    """Replace messages in Slack by a notice and forget them here; the ids of what is to be sent."""
    found = session.execute(select(Message.id, Message.target_id).where(which)).all()
    wanted = {row.target_id or row.id for row in found}
    posts = session.execute(
        select(Message.id, Message.key, Message.state)
        .where(Message.id.in_(wanted), Message.kind == MessageKind.POST)
        .order_by(Message.id)
    ).all()
    family = or_(Message.id.in_(wanted), Message.target_id.in_(wanted)) & ~Message.key.startswith(
        "erased:", autoescape=True
    )
    session.execute(
        update(Message)
        .where(family, Message.state == MessageState.PENDING)
        .values(state=MessageState.SUPERSEDED)
    )
    done["messages"] += _count(
        session, update(Message).where(family).values(body=ERASED, blocks=[], error=None)
    )
    shown = (MessageState.SENT, MessageState.SENDING)
    queued = [
        queue_update(
            session,
            key=f"erased:{row.id}",
            target_key=row.key,
            body=NOTICE,
            blocks=[section(NOTICE)],
        )
        for row in posts
        if row.state in shown
    ]
    return [one for one in queued if one is not None]


def forget_captures(session: Session, which: ColumnElement[bool]) -> int:
    """Blank what was read from Slack; how many rows."""
    values: dict[str, Any] = {"thread": [], "summary": None, "pain": None, "permalink": None}
    return _count(session, update(SlackCapture).where(which).values(values))


def forget_answers(session: Session, which: ColumnElement[bool]) -> int:
    """Blank what a language model answered; what it cost stays. How many rows.

    An answered call has an answer, so it counts from then on as one that came to nothing.
    """
    values = {"answer": None, "error": None, "outcome": CallOutcome.UNAVAILABLE}
    return _count(session, update(ModelCall).where(which).values(values))


def _with_pains(session: Session, entry_ids: Sequence[int]) -> list[int]:
    own = select(Entry.id).where(or_(Entry.id.in_(entry_ids), Entry.parent_id.in_(entry_ids)))
    return list(session.scalars(own.order_by(Entry.id)))


def _blank(entry: Entry) -> None:
    if entry.status != EntryStatus.DONE:
        entry.status, entry.outcome = EntryStatus.DONE, Outcome.NOISE
        entry.noise_reason = REASON
    entry.customer_pain, entry.suggestion, entry.error = ERASED, None, None
    entry.links, entry.claimed_submitter = [], None
    entry.embedding, entry.embedding_model = None, None
    entry.external_id, entry.idempotency_key = None, f"erased:{entry.id}"
    entry.pain_start, entry.pain_end = None, None


def _close_questions(
    session: Session, ids: Collection[int], runs: Collection[tuple[str, str]]
) -> list[Any]:
    """Close open questions about these entries; the ids of those that are about others as well."""
    mixed = []
    for dag_id, run_id in sorted(runs):
        asked = session.execute(
            select(Hook.id, Hook.question).where(
                Hook.dag_id == dag_id,
                Hook.run_id == run_id,
                Hook.is_current,
                Hook.status == HookStatus.PENDING,
            )
        ).all()
        for hook_id, question in asked:
            about = {int(pair[0]) for pair in question.get("entries", [])}
            if about and about <= set(ids):
                cancel_hook(session, hook_id, by=REASON, via="operations")
            elif about & set(ids):
                mixed.append(hook_id)
    return mixed


def _told_daily(
    session: Session, ids: Collection[int], runs: Collection[tuple[str, str]]
) -> list[str | None]:
    """Whose daily cards may show these entries; ``None`` for the review channel."""
    found = dict[str | None, None]()
    for dag_id, run_id in sorted(runs):
        hooks = session.scalars(
            select(Hook).where(
                Hook.dag_id == dag_id, Hook.run_id == run_id, Hook.question.has_key(UNPOSTED)
            )
        )
        for hook in hooks:
            if {int(pair[0]) for pair in hook.question["entries"]} & set(ids):
                found[asked_person(hook)] = None
    return list(found)


def _forget_vectors(session: Session, ids: Sequence[int]) -> int:
    """Delete the rows that hold a vector of these entries, in whatever table."""
    gone = 0
    feedback = select(Feedback.id).where(Feedback.entry_id.in_(ids))
    for table in Base.metadata.sorted_tables:
        if table is Entry.__table__ or not any(isinstance(c.type, Vector) for c in table.c):
            continue
        for column in table.c:
            of = {key.column.table.name for key in column.foreign_keys}
            if "entries" in of:
                gone += _count(session, delete(table).where(column.in_(ids)))
            elif "feedback" in of:
                gone += _count(session, delete(table).where(column.in_(feedback)))
    return gone


def _forget_request(session: Session, request: Request, ids: Collection[int]) -> bool:
    """Take the words out of a request that an erased entry opened; true when it lost its title.

    While others have given evidence for it, its title stays: it names their problem as well.
    """
    others = session.scalar(
        select(func.count(Feedback.id)).where(
            Feedback.request_id == request.id,
            Feedback.removed_at.is_(None),
            Feedback.entry_id.not_in(ids),
        )
    )
    request.description = ""
    if not others:
        request.title, request.slug = f"Request {request.id} {ERASED}", f"erased-{request.id}"
    session.execute(delete(RequestEmbedding).where(RequestEmbedding.request_id == request.id))
    return not others


def _forget_reports(session: Session, ids: Sequence[int], fragments: Sequence[str]) -> int:
    """Take quotes out of stored reports and digests, from wherever in a text they are."""
    changed = 0
    feedback = set(session.scalars(select(Feedback.id).where(Feedback.entry_id.in_(ids))))
    columns = ((AreaReport, "sections"), (AreaReport, "metrics"), (Digest, "content"))
    for model, name in columns:
        column = getattr(model, name)
        which = or_(_quotes(column, fragments), _names(column, feedback))
        for row in session.scalars(select(model).where(which)):
            setattr(row, name, _without(getattr(row, name), fragments, feedback))
            changed += 1
    return changed


def _without(value: Any, fragments: Sequence[str], feedback: Collection[int]) -> Any:
    if isinstance(value, str):
        said = " ".join(value.split())
        return ERASED if any(part in said for part in fragments) else value
    if isinstance(value, list):
        return [_without(one, fragments, feedback) for one in value]
    if isinstance(value, dict):
        if value.get("feedback_id") in feedback:
            return value | {"text": ERASED}
        return {key: _without(one, fragments, feedback) for key, one in value.items()}
    return value


def _names(column: Any, feedback: Collection[int]) -> ColumnElement[bool]:
    """Whether a JSON column has a quote of one of these pieces of feedback."""
    ids = cast({"ids": sorted(feedback)}, JSONB)
    return func.jsonb_path_exists(column, cast("$.**.feedback_id ? (@ == $ids[*])", JSONPATH), ids)


def _quotes(column: Any, fragments: Sequence[str]) -> ColumnElement[bool]:
    """Whether a JSON column holds one of the fragments."""
    said = [json.dumps(part, ensure_ascii=False)[1:-1] for part in fragments]
    return or_(*(cast(column, Text).contains(part, autoescape=True) for part in said), false())


def _count(session: Session, statement: Any) -> int:
    result: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)

"""Proposals of thresholds: a card each in Slack, a list on a page, answered once by who may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.base.settings import load_settings
from include.durable.api import signing_keys
from include.durable.keys import InvalidToken, sign, verify
from include.entries import learning
from include.entries.decisions import judge_words
from include.outbox.messages import queue_message, queue_update
from include.outbox.replies import AnswerReply
from include.people.actor import Action, may, refusal_words
from include.people.audit import write_down
from include.slack.cards.markup import Markup, markup
from include.slack.cards.proposal import Proposed, proposal_card, proposal_closed, proposal_words
from include.slack.cards.words import person_words
from include.store.models import Area, ProposalState, ThresholdProposal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from include.people.actor import Actor

PURPOSE = "proposal"
ACCEPT, DECLINE, UNDO = "accept", "decline", "undo"
_STEPS = {ACCEPT: learning.accept, DECLINE: learning.decline, UNDO: learning.undo}
_CHOICES = {ProposalState.OPEN: (ACCEPT, DECLINE), ProposalState.ACCEPTED: (UNDO,)}
_WORDS = {
    ProposalState.ACCEPTED: "Accepted",
    ProposalState.DECLINED: "Left as it was",
    ProposalState.UNDONE: "Taken back",
    ProposalState.REPLACED: "Replaced by a newer proposal",
}


@dataclass(frozen=True)
class Listed:
    """A proposal on a page: what it says, how it stands, and the answers it still takes."""

    token: str
    words: Markup
    verdict: Markup
    choices: tuple[str, ...]


def listed(session: Session, most: int) -> list[Listed]:
    """The newest proposals, the newest first."""
    found = session.scalars(
        select(ThresholdProposal).order_by(ThresholdProposal.id.desc()).limit(most)
    )
    return [
        Listed(
            _token(session, one),
            proposal_words(_shown(session, one)),
            _verdict(one),
            _CHOICES.get(one.state, ()),
        )
        for one in found
    ]


def queue_cards(session: Session, proposal_ids: Sequence[int]) -> list[int]:
    """Queue a card in the review channel for each proposal that is open; message ids."""
    message_ids = []
    for proposal_id in proposal_ids:
        found = session.get_one(ThresholdProposal, proposal_id)
        if found.state != ProposalState.OPEN:
            continue
        card = proposal_card(_shown(session, found), _token(session, found))
        message_ids.append(
            queue_message(
                session,
                key=f"{PURPOSE}:{found.id}",
                purpose=PURPOSE,
                address=load_settings().review_channel,
                body=card.text,
                blocks=card.blocks,
            )
        )
    return message_ids


def answer(session: Session, *, token: str, choice: str, actor: Actor) -> AnswerReply:
    """Accept, decline or take back, once; only an approver may."""
    try:
        proposal_id = int(verify(PURPOSE, token, signing_keys(session)))
    except (InvalidToken, ValueError):
        return AnswerReply("unknown", "This button is no longer valid. Nothing was changed.")
    if not may(session, actor, Action.DECIDE_THRESHOLDS):
        note = "Only an approver can change thresholds. Approvers are named in the settings."
        return AnswerReply("not_allowed", refusal_words(actor, Action.DECIDE_THRESHOLDS, note))
    changed = _STEPS[choice](session, proposal_id, actor.label)
    found = session.get(ThresholdProposal, proposal_id)
    if found is None:
        return AnswerReply("unknown", "This proposal does not exist any more.")
    session.flush()
    session.refresh(found)
    if changed is None:
        return AnswerReply("too_late", markup("{} Nothing was changed.", _verdict(found)))
    write_down(session, actor, Action.DECIDE_THRESHOLDS, f"proposal:{found.id}", choice=choice)
    undoable = found.state == ProposalState.ACCEPTED
    card = proposal_closed(
        _shown(session, found), _verdict(found), _token(session, found) if undoable else None
    )
    message = queue_update(
        session,
        key=f"{PURPOSE}:{found.id}:{found.state}",
        target_key=f"{PURPOSE}:{found.id}",
        body=card.text,
        blocks=card.blocks,
    )
    return AnswerReply("recorded", None, [message] if message is not None else [])


def _verdict(found: ThresholdProposal) -> Markup:
    if found.state == ProposalState.OPEN:
        return markup("This proposal is open.")
    words = _WORDS[found.state]
    if not found.decided_by:
        return markup("{}.", words)
    return markup("{} by {}.", words, person_words(found.decided_by))


def _shown(session: Session, found: ThresholdProposal) -> Proposed:
    now = learning.in_force(session, found.area_id, found.judge)
    before = found.facts.get("before") or {"attach": now.attach, "ask": now.ask}
    area = session.get_one(Area, found.area_id).name if found.area_id is not None else ""
    return Proposed(
        area,
        found.labels,
        found.attach,
        found.ask,
        before,
        found.precision,
        found.facts,
        judge=judge_words(found.judge) if found.judge else "",
    )


def _token(session: Session, found: ThresholdProposal) -> str:
    return sign(PURPOSE, str(found.id), signing_keys(session)[0])

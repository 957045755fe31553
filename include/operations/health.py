"""The degradation ladder: which parts are there, and how the product goes on without them.

``python -m include.operations.health`` prints it, run where Airflow runs; ``--ask`` also asks the
embeddings API and Slack whether they answer, and ``--forget`` has every model server tried anew:
what it was found to lack, and its rest, are forgotten. What it reads is in the database and the
connections.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.agents.ledger import still_lacking
from include.base.connections import (
    CHAT_MODEL,
    EMBEDDINGS_API,
    MissingConnection,
    find_connection,
    get_connection,
    read_as_server,
)
from include.base.errors import FatalError, TransientError
from include.base.settings import load_settings
from include.clients.language_model import budget_notice, config_from, note_model_in_use
from include.clients.model_ledger import forget_lacks, spent_today
from include.matching.calibration import UNCALIBRATED, Calibration
from include.matching.language import reads
from include.store.models import (
    AnalyticsEvent,
    Decision,
    Message,
    MessageState,
    ModelCall,
    ModelServer,
)
from include.store.session import session_scope

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.agents.config import ModelConfig


class State(StrEnum):
    """How a part does."""

    ON = "on"
    OFF = "off"
    DEGRADED = "degraded"


@dataclass(frozen=True)
class Rung:
    """One part: its state, what is known about it, and how the product goes on meanwhile."""

    part: str
    state: State
    facts: tuple[str, ...]
    meanwhile: str = ""


WITHOUT_MODEL = "calibrated matching and the customers' own words; nothing else changes"
WITHOUT_BUDGET = "as without a language model, until midnight UTC"
WITHOUT_EMBEDDINGS = "full text finds candidates; a person is asked, nothing is attached"
WITHOUT_SLACK = "messages wait in the ledger and are sent later, in order"


def ladder(session: Session, *, ask: bool = False) -> list[Rung]:
    """Every part with its state.

    Args:
        session: On the product's database.
        ask: Also call the embeddings API and Slack, which takes a moment.
    """
    return [
        model_rung(session),
        budget_rung(session),
        embeddings_rung(session, ask),
        slack_rung(session, ask),
    ]


def model_rung(session: Session) -> Rung:
    """The language model: configured, used, resting, or wrong."""
    info = find_connection(CHAT_MODEL)
    if info is None:
        fact = f"there is no connection {CHAT_MODEL}"
        return Rung("language model", State.OFF, (fact,), WITHOUT_MODEL)
    try:
        config = config_from(info)
    except FatalError as error:
        return Rung("language model", State.DEGRADED, (str(error),), WITHOUT_MODEL)
    facts = [f"{config.model} at {config.base_url}"]
    facts += [
        f"task {name}: {chosen.model if chosen else 'off'}"
        for name, chosen in sorted(config.tasks.items())
    ]
    troubled = False
    for server in _servers(session, config):
        more, trouble = _server_facts(server)
        facts += more
        troubled = troubled or trouble
    if troubled:
        return Rung("language model", State.DEGRADED, tuple(facts), WITHOUT_MODEL)
    return Rung("language model", State.ON, tuple(facts))


def budget_rung(session: Session) -> Rung:
    """The day's money for the language model."""
    budget, spent = load_settings().model_budget_per_day, spent_today(session)
    today = func.date_trunc("day", func.now(), "UTC")
    calls = session.scalar(select(func.count(ModelCall.id)).where(ModelCall.created_at >= today))
    facts: tuple[str, ...] = (f"{spent:.4f} of {budget:g} US dollars today, {calls or 0} calls",)
    prices = session.scalars(select(ModelServer.model).where(ModelServer.in_use)).all()
    info = find_connection(CHAT_MODEL)
    for model in prices if info else ():
        try:
            known = config_from(info).price(model).known if info else True
        except FatalError:
            known = True
        if not known:
            facts += (f"{model} has no price in the connection: counted as 10 dollars a million",)
    # A call needs something in reserve, so the last cents are never spent: a refused one tells.
    refused = select(AnalyticsEvent.id).where(AnalyticsEvent.key == budget_notice())
    if float(spent) >= budget or session.scalar(refused) is not None:
        return Rung("model budget", State.DEGRADED, facts, WITHOUT_BUDGET)
    return Rung("model budget", State.ON, facts)


def embeddings_rung(session: Session, ask: bool) -> Rung:
    """The embeddings API, by what it answers or by what entries met in the last hour."""
    from include.clients.embeddings import embedder_from, other_embedder

    part = "embeddings"
    try:
        embedder = embedder_from(get_connection(EMBEDDINGS_API))
    except (FatalError, MissingConnection) as error:
        return Rung(part, State.DEGRADED, (str(error),), WITHOUT_EMBEDDINGS)
    facts = [f"{embedder.model}, {embedder.dimensions} dimensions"]
    other = other_embedder(embedder)
    if other is not None:
        facts.append(f"{other.model} for other languages than English")
    elif not reads(embedder.model, "de"):
        facts.append("it reads English only, so other languages are matched by their words")
    if Calibration.for_model(embedder.model).model == UNCALIBRATED:
        facts.append("the model is not calibrated, so matches are asked about, never attached")
    hour = func.now() - func.make_interval(0, 0, 0, 0, 1)
    lame = session.scalar(
        select(func.count(Decision.id)).where(Decision.degraded, Decision.decided_at > hour)
    )
    if lame:
        facts.append(f"{lame} decisions of the last hour had words only")
    if ask:
        try:
            for one in (embedder, other):
                if one is not None:
                    one.embed(["Is anybody there?"])
        except (FatalError, TransientError) as error:
            return Rung(part, State.DEGRADED, (*facts, str(error)), WITHOUT_EMBEDDINGS)
        facts.append("it answers")
    degraded = bool(lame) and not ask
    return Rung(
        part,
        State.DEGRADED if degraded else State.ON,
        tuple(facts),
        WITHOUT_EMBEDDINGS if degraded else "",
    )


def slack_rung(session: Session, ask: bool) -> Rung:
    """Slack, by what it answers or by messages that wait."""
    from include.operations.slack_check import ask_slack
    from include.slack.client import slack_client

    part = "Slack"
    try:
        client = slack_client()
    except FatalError as error:
        return Rung(part, State.OFF, (str(error),), WITHOUT_SLACK)
    waiting, oldest = session.execute(
        select(func.count(Message.id), func.min(Message.created_at)).where(
            Message.state.in_((MessageState.PENDING, MessageState.SENDING))
        )
    ).one()
    facts = [f"{waiting} messages wait" + (f", the oldest since {oldest:%H:%M}" if oldest else "")]
    facts += _slack_codes(session)
    late = oldest is not None and (datetime.now(UTC) - oldest).total_seconds() > 600
    if ask:
        answer, trouble = ask_slack(client.auth_test)
        late = answer is None
        facts.append("it answers" if answer is not None else f"it does not answer: {trouble}")
    return Rung(
        part, State.DEGRADED if late else State.ON, tuple(facts), WITHOUT_SLACK if late else ""
    )


def _slack_codes(session: Session) -> list[str]:
    """Why messages wait, and why those of the last day failed, in Slack's codes."""
    code = func.split_part(Message.error, ":", 1).label("code")
    has_failed = (Message.state == MessageState.FAILED).label("has_failed")
    is_new = Message.created_at > datetime.now(UTC) - timedelta(days=1)
    found = session.execute(
        select(has_failed, code, func.count(Message.id))
        .where(
            Message.error.is_not(None),
            Message.state.in_((MessageState.PENDING, MessageState.SENDING))
            | ((Message.state == MessageState.FAILED) & is_new),
        )
        .group_by("has_failed", "code")
        .order_by("has_failed", "code")
    ).all()
    return [f"{count} {'failed' if failed else 'wait'}: {said}" for failed, said, count in found]


def _servers(session: Session, config: ModelConfig) -> list[ModelServer]:
    """What is known of the models that the connection names."""
    models = {config.model, *(chosen.model for chosen in config.tasks.values() if chosen)}
    wanted = [config.server(model) for model in models]
    statement = select(ModelServer).where(ModelServer.server.in_(wanted))
    return list(session.scalars(statement.order_by(ModelServer.model)))


def _server_facts(server: ModelServer) -> tuple[list[str], bool]:
    facts = []
    now = datetime.now(UTC)
    lacking = still_lacking(server.lacking, now)
    facts += [
        f"{server.model} does without: {name} (found at {at}, tried again after a day)"
        for name, at in sorted(server.lacking.items())
        if name in lacking
    ]
    facts += [
        f"{name} ({note['times']} times, last {note['at']}): {note['words']}"
        for name, note in sorted(server.notes.items())
    ]
    if server.last_answer_at:
        facts.append(f"{server.model} last answered {server.last_answer_at:%Y-%m-%d %H:%M} UTC")
    resting = server.resting_until is not None and server.resting_until > now
    failed_last = server.last_error_at is not None and (
        server.last_answer_at is None or server.last_answer_at < server.last_error_at
    )
    if server.last_error_at is not None:
        when = f"{server.last_error_at:%Y-%m-%d %H:%M} UTC"
        facts.append(f"last error {when}: {server.last_error}")
    if resting and server.resting_until is not None:
        facts.append(f"left alone until {server.resting_until:%H:%M:%S} UTC")
    return facts, resting or failed_last


def main(arguments: list[str] | None = None) -> int:
    """Print the ladder; 1 when something is degraded."""
    given = sys.argv[1:] if arguments is None else arguments
    ask = "--ask" in given
    read_as_server()
    note_model_in_use()
    with session_scope() as session:
        if "--forget" in given:
            print(f"forgotten what {forget_lacks(session)} servers lack, and that they rest")
        rungs = ladder(session, ask=ask)
    for rung in rungs:
        print(f"{rung.state:<9} {rung.part}")
        for fact in rung.facts:
            print(f"          {fact}")
        if rung.meanwhile:
            print(f"          → {rung.meanwhile}")
    return int(any(rung.state is State.DEGRADED for rung in rungs))


if __name__ == "__main__":
    sys.exit(main())

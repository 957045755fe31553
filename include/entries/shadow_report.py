"""What a model in shadow would have decided beside what was: who was right, and what it cost.

Numbers only, read from the tables, for a message, a page and a command.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.base.settings import load_settings
from include.entries.replay import past_decisions
from include.matching.types import Route
from include.store.merges import survivors_of
from include.store.models import Decision, DecisionStep, ModelCall, ShadowVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from include.entries.replay import Past

MOST = 2_000
"""Decisions of a window that are compared, the newest; more would make a page slow."""

OFF = (
    "No other model or prompt judges in shadow. Set shadow_model or shadow_prompt to try one on "
    "live feedback: it acts on nothing."
)
NOTHING = "Nothing was judged in shadow in this time."
_DID = {Route.ATTACH: "attached", Route.ASK: "asked", Route.CREATE: "opened a new request"}
_WOULD = {Route.ATTACH: "attach", Route.ASK: "ask", Route.CREATE: "open a new request"}


@dataclass
class Compared:
    """One model with one prompt beside what was decided in a window.

    ``routes`` counts pairs: what was done, what it would have done. ``same`` and ``other`` count
    decisions in which both named a request. Of ``answered`` ones people said where they belong.
    """

    model: str
    prompt_version: str
    judged: int = 0
    unanswered: int = 0
    routes: Counter[tuple[str, str]] = field(default_factory=Counter)
    same: int = 0
    other: int = 0
    answered: int = 0
    live_right: int = 0
    shadow_right: int = 0
    only_live_right: int = 0
    only_shadow_right: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True)
class ShadowReport:
    """A window; ``live_cost`` is what the model's verdicts that counted cost in it.

    ``not_compared`` counts older decisions that were judged in shadow and left out here.
    """

    since: datetime
    until: datetime
    is_on: bool
    decisions: int
    live_cost: Decimal
    models: Sequence[Compared]
    not_compared: int = 0


def shadow_report(session: Session, since: datetime, until: datetime) -> ShadowReport:
    """The comparison for the decisions of a window, of each model and prompt that judged in it."""
    shadowed = select(ShadowVerdict.decision_id)
    past, judged = past_decisions(session, since, until, MOST, Decision.id.in_(shadowed))
    by_id = {one.decision_id: one for one in past}
    verdicts = session.scalars(
        select(ShadowVerdict).where(ShadowVerdict.decision_id.in_(by_id)).order_by(ShadowVerdict.id)
    ).all()
    roots = survivors_of(session, [one.request_id for one in verdicts if one.request_id])
    found: dict[tuple[str, str], Compared] = {}
    for verdict in verdicts:
        pair = (verdict.model, verdict.prompt_version)
        named = roots.get(verdict.request_id or 0, verdict.request_id)
        _add(found.setdefault(pair, Compared(*pair)), by_id[verdict.decision_id], verdict, named)
    live = select(func.coalesce(func.sum(ModelCall.cost), 0)).where(
        ModelCall.key.startswith("judge:"),
        ModelCall.entry_id.is_not(None),  # a replay's call is about none
        ModelCall.created_at >= since,
        ModelCall.created_at < until,
    )
    decisions = select(func.count(Decision.id)).where(
        Decision.step == DecisionStep.MATCH,
        Decision.decided_at >= since,
        Decision.decided_at < until,
    )
    return ShadowReport(
        since,
        until,
        load_settings().shadow_is_on,
        session.scalar(decisions) or 0,
        session.scalar(live) or Decimal(0),
        list(found.values()),
        judged - len(past),
    )


def _add(to: Compared, past: Past, verdict: ShadowVerdict, shadow_named: int | None) -> None:
    to.tokens_in += verdict.tokens_in
    to.tokens_out += verdict.tokens_out
    to.cost += verdict.cost
    if verdict.route is None:
        to.unanswered += 1
        return
    to.judged += 1
    to.routes[str(past.route), str(verdict.route)] += 1
    live_named = past.request_id if past.route != Route.CREATE else None
    if live_named is not None and shadow_named is not None:
        to.same += live_named == shadow_named
        to.other += live_named != shadow_named
    if not past.is_known:
        return
    live, shadow = live_named == past.truth, shadow_named == past.truth
    to.answered += 1
    to.live_right += live
    to.shadow_right += shadow
    to.only_live_right += live and not shadow
    to.only_shadow_right += shadow and not live


def report_lines(report: ShadowReport) -> list[str]:
    """The report as sentences for people; none of them holds a customer's words."""
    if not report.models:
        return [NOTHING if report.is_on else OFF]
    lines = []
    for one in report.models:
        lines += _lines(one, report)
    if report.not_compared:
        lines.append(
            f"Only the newest {MOST:,} decisions were compared; {report.not_compared:,} older ones "
            "were judged in shadow as well. Ask about fewer days to compare those."
        )
    if not report.is_on:
        lines.append("The shadow lane is switched off now.")
    return lines


def _lines(one: Compared, report: ShadowReport) -> list[str]:
    count = f"{one.judged} of {report.decisions} decisions"
    lines = [f"{one.model} with prompt {one.prompt_version} judged {count} in shadow."]
    if one.unanswered:
        lines.append(f"To {one.unanswered} more it gave no answer that could be used.")
    differ = sum(n for (did, would), n in one.routes.items() if did != would)
    lines.append(
        f"It would have gone the same way {one.judged - differ} times, and another way "
        f"{differ} times:"
    )
    lines += [
        f"  {_DID[Route(did)]}, would {_WOULD[Route(would)]}: {n}"
        for (did, would), n in sorted(one.routes.items(), key=lambda item: (-item[1], item[0]))
    ]
    lines.append(
        f"Where both named a request it was the same one {one.same} times and another "
        f"{one.other} times."
    )
    if one.answered:
        lines.append(
            f"People said where {one.answered} of them belong. What was decided was right "
            f"{one.live_right} times, the shadow {one.shadow_right} times; only the first "
            f"{one.only_live_right} times, only the shadow {one.only_shadow_right} times."
        )
    else:
        lines.append("People have answered none of them yet, so nobody knows who was right.")
    lines.append(
        f"It read {one.tokens_in:,} tokens and wrote {one.tokens_out:,}, for {one.cost:.4f} US "
        f"dollars. The model's verdicts that counted cost {report.live_cost:.4f} in this time."
    )
    return lines


def as_facts(report: ShadowReport) -> dict[str, object]:
    """The report as a run's result: plain values."""
    return {
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "is_on": report.is_on,
        "decisions": report.decisions,
        "live_cost": float(report.live_cost),
        "not_compared": report.not_compared,
        "models": [
            {
                "model": one.model,
                "prompt_version": one.prompt_version,
                "judged": one.judged,
                "unanswered": one.unanswered,
                "routes": [
                    {"did": did, "would": would, "count": n}
                    for (did, would), n in sorted(one.routes.items())
                ],
                "same": one.same,
                "other": one.other,
                "answered": one.answered,
                "live_right": one.live_right,
                "shadow_right": one.shadow_right,
                "only_live_right": one.only_live_right,
                "only_shadow_right": one.only_shadow_right,
                "tokens_in": one.tokens_in,
                "tokens_out": one.tokens_out,
                "cost": float(one.cost),
            }
            for one in report.models
        ],
    }

"""Attach, ask or create: the decision, as a pure function of the verdicts and the thresholds."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from include.matching.types import REPORTED_FROM, RequestStatus, Route, RoutedMatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.matching.types import Candidate, Thresholds, Verdict

AUDITED = "A few sure matches are checked by a person."

DOUBTED = "People took something like it off this request, so a person decides."
"""Why a sure match is asked about: what it resembles most was put on the request by no person."""

_CLOSED = {
    RequestStatus.SHIPPED: "already shipped",
    RequestStatus.DEPRIORITIZED: "was deprioritized",
}


def route(
    verdicts: Sequence[Verdict],
    candidates_by_id: Mapping[int, Candidate],
    thresholds: Thresholds,
    *,
    degraded: bool = False,
    hold: str = "",
    audited: bool = False,
) -> RoutedMatch:
    """Decide by the best verdict's confidence `c`.

    `c >= attach` attaches, `ask <= c < attach` asks, anything else creates. A request that is
    shipped or deprioritized is never attached to without a human's word. `degraded` means the
    vectors were missing, so a confidence rests on words alone: then nothing is attached, and a
    human is asked wherever a candidate was reported at all. `hold` says why the judge may not
    attach by itself (a model that nobody has calibrated); then a human is asked instead. So they
    are about an ``audited`` entry: a small share of sure matches, without which nobody would learn
    how often sure ones are right. Nor is anything attached that is nearer to what people took off
    the request than to what they put on it.

    A verdict about a request that is not among the candidates is ignored: a judge may not invent
    ids.
    """
    known = [verdict for verdict in verdicts if verdict.request_id in candidates_by_id]
    if not known:
        return RoutedMatch(Route.CREATE, None, "No existing request resembles this.")
    best = max(known, key=lambda verdict: verdict.confidence)

    if degraded:
        if best.confidence >= REPORTED_FROM:
            return RoutedMatch(
                Route.ASK, best, "Only words could be compared just now, so a person decides."
            )
        return RoutedMatch(Route.CREATE, best, "No existing request shares enough words with this.")

    if best.confidence < thresholds.ask:
        return RoutedMatch(Route.CREATE, best, "The closest request is not close enough.")
    closed = _CLOSED.get(RequestStatus(candidates_by_id[best.request_id].status))
    if closed:
        return RoutedMatch(Route.ASK, best, f"The matching request {closed}, so a person decides.")
    if hold:
        return RoutedMatch(Route.ASK, best, hold)
    if best.confidence < thresholds.attach:
        return RoutedMatch(
            Route.ASK, best, "The match is strong but not certain, so a person decides."
        )
    if candidates_by_id[best.request_id].is_doubted:
        return _asked_instead(best, DOUBTED)
    if audited:
        return _asked_instead(best, AUDITED)
    return RoutedMatch(Route.ATTACH, best, "The match is as good as certain.")


def _asked_instead(best: Verdict, why: str) -> RoutedMatch:
    return RoutedMatch(Route.ASK, replace(best, reason=f"{best.reason} {why}".strip()), why)


def is_audited(entry_id: int, share: float) -> bool:
    """Whether an entry is among the share of sure matches that are asked about; always the same."""
    return _is_among("audited", entry_id, share)


def is_shadowed(decision_id: int, share: float) -> bool:
    """Whether a decision is among the share that is judged in shadow; always the same."""
    return _is_among("shadowed", decision_id, share)


def _is_among(what: str, number: int, share: float) -> bool:
    digest = hashlib.sha256(f"{what}:{number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64

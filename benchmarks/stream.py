"""A deployment in time: entries arrive one by one, and what becomes of each changes the next.

The product's own search and judge decide about each entry, on PostgreSQL. A person who is asked
sees the five best candidates, adds the entry to the right one if it is among them, and has a new
request made otherwise. A wrong attachment is noticed with chance `UNDONE`; then the entry moves to
where it belongs, or opens a request of its own. What nobody notices stays where it is.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.corpus import embed_all, fill
from benchmarks.labelled import read_entries, read_requests
from benchmarks.metrics import Outcome
from benchmarks.retrieval import Retrieved
from include.entries.decisions import record_decision
from include.entries.drafting import draft_for
from include.matching.embed import content_hash, embedding_text
from include.matching.judge import CalibratedJudge
from include.matching.learning import Label, learned
from include.matching.route import DOUBTED, route
from include.matching.types import Route, Thresholds
from include.requests.evidence import Evidence, attach, live_feedback
from include.requests.opening import Vector, open_request
from include.store.models import ActorKind, DecisionStep, Entry, Severity, Source
from include.store.search import find_candidates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Engine

    from benchmarks.labelled import LabelledEntry
    from include.agents.draft import Draft
    from include.matching.calibration import Calibration
    from include.matching.types import Candidate, Embedder, Verdict

UNDONE = 0.3
"""Chance that somebody undoes a wrong attachment."""

AUDITED = 0.05
"""Share of attachments that are asked about instead."""

LEARNED_EVERY = 25
"""Entries between two looks at the answers."""

EVIDENCE_TRIGGER = "feedback_evidence_added"
"""Without it no vector of feedback is kept, so none is found."""

MORE = "evidence.jsonl"
"""More entries of a folder, whose ids begin with `ev-`."""

SHOWN = 5
"""Candidates that a person who is asked can choose from."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry with the vector of its words and the topic that it is about."""

    entry: LabelledEntry
    vector: list[float]
    topic: str


class Deployment:
    """The product with one folder's requests, before its first entry.

    It judges by the calibration that ships for the embedder's model, or by the one given.
    """

    def __init__(
        self,
        engine: Engine,
        embedder: Embedder,
        folder: Path,
        calibration: Calibration | None = None,
    ) -> None:
        self._engine, self._embedder = engine, embedder
        self._judge = CalibratedJudge(embedder.model, calibration)
        self._requests = read_requests(folder)
        known = {request.id for request in self._requests}
        entries = [
            *read_entries(folder, known),
            *([] if not (folder / MORE).exists() else read_entries(folder, known, MORE)),
        ]
        vectors = embed_all(embedder, [entry.text for entry in entries])
        topics = topics_of(entries)
        self._arrivals = [Arrival(*three) for three in zip(entries, vectors, topics, strict=True)]

    def run(
        self,
        seed: int,
        thresholds: Thresholds,
        *,
        evidence: bool = True,
        answers: bool = False,
        seen: list[Retrieved] | None = None,
    ) -> list[Outcome]:
        """What happens to the entries in the order that belongs to the seed.

        Args:
            seed: Of the order, and of who notices what.
            thresholds: In force at the beginning.
            evidence: Whether feedback on a request helps to find it.
            answers: Whether thresholds are learned from the answers, every `LEARNED_EVERY` entries,
                and one attachment in twenty is audited by a question.
            seen: Takes what the search found for each entry, with what is right.
        """
        chance = random.Random(seed)
        arrivals = list(self._arrivals)
        chance.shuffle(arrivals)
        by_topic = self._begin(evidence=evidence)
        outcomes: list[Outcome] = []
        labels: list[Label] = []
        in_force = thresholds
        for number, arrival in enumerate(arrivals):
            right = {
                one
                for topic in (arrival.topic, *arrival.entry.gold)
                for one in by_topic.get(topic, ())
            }
            with Session(self._engine) as session, session.begin():
                outcome, opened, label = self._arrive(
                    session, number, arrival, right, in_force, chance, answers, seen
                )
            if opened is not None:
                by_topic.setdefault(arrival.topic, set()).add(opened)
            outcomes.append(outcome)
            if label is not None:
                labels.append(label)
            if answers and number % LEARNED_EVERY == LEARNED_EVERY - 1:
                found = learned(labels, [one.confidence for one in outcomes])
                if found is not None:
                    in_force = Thresholds(0, attach=found.attach, ask=found.ask)
        return outcomes

    def _begin(self, *, evidence: bool) -> dict[str, set[int]]:
        """Nothing but the folder's requests; their ids in the database by topic."""
        with self._engine.begin() as connection:
            what = "ENABLE" if evidence else "DISABLE"
            connection.execute(text(f"ALTER TABLE feedback {what} TRIGGER {EVIDENCE_TRIGGER}"))
            connection.execute(text("TRUNCATE entries, requests RESTART IDENTITY CASCADE"))
        texts = [embedding_text(one.title, one.description) for one in self._requests]
        filled = fill(
            self._engine,
            [(one.title, one.description) for one in self._requests],
            embed_all(self._embedder, texts),
            self._embedder.model,
        )
        return {one.id: {number} for one, number in zip(self._requests, filled.ids, strict=True)}

    def _arrive(
        self,
        session: Session,
        number: int,
        arrival: Arrival,
        right: set[int],
        thresholds: Thresholds,
        chance: random.Random,
        answers: bool,
        seen: list[Retrieved] | None,
    ) -> tuple[Outcome, int | None, Label | None]:
        """Decide about one entry and carry it out: the request that it opened, and the answer."""
        entry = _stored(session, number, arrival, self._embedder.model)
        pain = entry.customer_pain
        candidates = find_candidates(
            session, pain=pain, vector=arrival.vector, model=self._embedder.model
        )
        verdicts = self._judge.judge(pain, candidates)
        by_id = {candidate.request_id: candidate for candidate in candidates}
        routed = route(verdicts, by_id, thresholds)
        order = _order(self._judge, pain, candidates, verdicts)
        places = [place for place, one in enumerate(order, start=1) if one in right]
        best = routed.best.request_id if routed.best else None
        taken = routed.route
        if answers and taken is Route.ATTACH and chance.random() < AUDITED:
            taken = Route.ASK
        outcome = Outcome(
            known=bool(right),
            rank=places[0] if places else None,
            confidence=routed.best.confidence if routed.best else 0.0,
            right=best in right,
            route=taken,
        )
        if seen is not None:
            seen.append(Retrieved(arrival.entry.id, pain, frozenset(right), tuple(candidates)))
        shown = next((one for one in order[:SHOWN] if one in right), None)
        label, target = None, best if taken is Route.ATTACH else None
        if taken is Route.ASK:
            if routed.reason != DOUBTED:
                label = Label(outcome.confidence, outcome.right, fits=shown is not None)
            target = shown
            _said(session, entry, DecisionStep.MATCH, Route.ASK, best)
            _said(session, entry, DecisionStep.ANSWER, *_answer(best, shown))
        elif outcome.wrongly_attached and chance.random() < UNDONE:
            label = Label(outcome.confidence, right=False, asked=False, fits=shown is not None)
            attach(session, entry, best or 0, Evidence("match", ""))
            live = live_feedback(session, entry.id)
            if live is not None:
                live.removed_at, live.removed_by = entry.created_at, "undone"
                session.flush()
            target = shown
            step = DecisionStep.UNDO if shown is None else DecisionStep.PICK
            _said(session, entry, step, *_answer(None, shown))
        if target is not None:
            attach(session, entry, target, Evidence("match", ""))
            return outcome, None, label
        opened = open_request(session, entry, *self._draft(session, entry))
        attach(session, entry, opened.id, Evidence("first_evidence", ""))
        return outcome, opened.id, label

    def _draft(self, session: Session, entry: Entry) -> tuple[Draft, Vector]:
        draft = draft_for(session, entry, [])
        words = embedding_text(draft.title, draft.description)
        [values] = embed_all(self._embedder, [words])
        model = self._embedder.model
        return draft, Vector(model, values, content_hash(words, model, len(values)))


def topics_of(entries: Sequence[LabelledEntry]) -> list[str]:
    """The topic of each entry: its id without the last `-n`, where the folder's ids are made so.

    They are when no two entries of one such topic have different labels and most topics have
    several entries. Otherwise each entry without a label is a topic of its own.
    """
    names = [entry.id.removeprefix("ev-") for entry in entries]
    stems = [name.rpartition("-")[0] or name for name in names]
    labels: dict[str, set[frozenset[str]]] = {}
    for stem, entry in zip(stems, entries, strict=True):
        labels.setdefault(stem, set()).add(entry.gold)
    counts = Counter(stems)
    if all(len(found) == 1 for found in labels.values()) and len(counts) < len(entries) / 2:
        return stems
    return [next(iter(entry.gold), f"only {entry.id}") for entry in entries]


def _order(
    judge: CalibratedJudge,
    pain: str,
    candidates: Sequence[Candidate],
    verdicts: Sequence[Verdict],
) -> list[int]:
    """Ids as a person sees them: the verdicts, and then what the judge kept to itself."""
    said = [verdict.request_id for verdict in verdicts]
    confidences = judge.confidences(pain, candidates)
    rest = sorted(
        (pair for pair in zip(confidences, candidates, strict=True)),
        key=lambda pair: -pair[0],
    )
    return said + [one.request_id for _, one in rest if one.request_id not in said]


def _answer(suggested: int | None, chosen: int | None) -> tuple[Route, int | None]:
    return (Route.CREATE, suggested) if chosen is None else (Route.ATTACH, chosen)


def _said(
    session: Session, entry: Entry, step: DecisionStep, taken: Route, request_id: int | None
) -> None:
    """What the record keeps of a question, or of a person's word on it."""
    record_decision(
        session,
        key=f"{step}:{entry.id}",
        entry_id=entry.id,
        step=step,
        route=taken,
        request_id=request_id,
        actor_kind=ActorKind.SYSTEM if step is DecisionStep.MATCH else ActorKind.PERSON,
    )


def _stored(session: Session, number: int, arrival: Arrival, model: str) -> Entry:
    entry = Entry(
        idempotency_key=f"stream:{number}",
        source=Source.API,
        customer_pain=arrival.entry.text.strip()[:10_000] or "-",
        severity=Severity.MEDIUM,
        dag_id="stream",
        run_id=f"stream-{number}",
        embedding=arrival.vector,
        embedding_model=model,
    )
    session.add(entry)
    session.flush()
    return entry

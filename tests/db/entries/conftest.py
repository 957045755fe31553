"""The product's operations on a real database, with an embedder and a judge one can compute."""

from __future__ import annotations

import hashlib
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.base.errors import EmbeddingsUnavailable
from include.entries import questions
from include.entries.decide import Means, Way, decide
from include.entries.entry import get_entry
from include.entries.store import idempotency_key, store
from include.entries.submission import parse_submission
from include.entries.tell import tell
from include.matching import heard
from include.matching.calibration import Curve
from include.matching.embed import content_hash, embedding_text
from include.matching.types import MatchType, Verdict
from include.requests.opening import free_slug
from include.store.models import (
    Area,
    Hook,
    Request,
    RequestArea,
    RequestEmbedding,
)
from include.store.session import session_scope
from tests.people import member

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.agents.client import Agent
    from include.matching.types import Candidate, Judge
    from include.outbox.replies import AnswerReply
    from tests.chat import Chat

DAG = "process_customer_entry"
MODEL = "words-384"


class WordsEmbedder:
    """Texts with the same words have the same vector; ``down`` makes it unreachable."""

    model = MODEL
    dimensions = 384

    def __init__(self) -> None:
        self.down = False

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Hashed bags of words, normalised."""
        if self.down:
            raise EmbeddingsUnavailable("the test made it unreachable")
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * 384
        for word in set(re.findall(r"[a-z]{3,}", text.lower())):
            vector[int(hashlib.sha256(word.encode()).hexdigest(), 16) % 384] += 1.0
        norm = math.sqrt(sum(value * value for value in vector)) or 1.0
        return [value / norm for value in vector] if any(vector) else [1.0] + [0.0] * 383


class TableJudge:
    """Gives each request (by title) the confidence of a table; by default the cosine itself."""

    name = "table"

    def __init__(self, **confidences: float) -> None:
        self.confidences = confidences

    def judge(self, pain: str, candidates: Sequence[Candidate]) -> list[Verdict]:
        """Verdicts best first, nothing below 0.5."""
        found = [
            (self.confidences.get(candidate.slug, candidate.cosine or 0.0), candidate)
            for candidate in candidates
        ]
        return [
            Verdict(candidate.request_id, min(1.0, c), "Both name it.", MatchType.of(c))
            for c, candidate in sorted(found, key=lambda pair: -pair[0])
            if c >= 0.5
        ]


@pytest.fixture(autouse=True)
def quiet_edges(feedback_db: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings by default, and a Slack that cannot be reached: messages stay in the ledger."""
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", '{"approvers": ["U0BOSS"]}')
    monkeypatch.setenv(
        "AIRFLOW_CONN_SLACK_APP",
        '{"conn_type": "slack", "password": "xoxb-t", "extra": {"signing_secret": "s", '
        '"base_url": "http://127.0.0.1:9/api/"}}',
    )


@pytest.fixture
def embedder() -> WordsEmbedder:
    """The computable embedder."""
    return WordsEmbedder()


@pytest.fixture(autouse=True)
def nobody_is_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sure match is attached, whichever number its entry has."""
    monkeypatch.setattr("include.entries.match.is_audited", lambda entry_id, share: False)


def make_area(slug: str, name: str = "") -> int:
    """A product area."""
    with session_scope() as session:
        area = Area(slug=slug, name=name or slug.title(), description=f"All about {slug}.")
        session.add(area)
        session.flush()
        return area.id


def make_request(
    embedder: WordsEmbedder, title: str, *, status: str = "open", areas: Sequence[int] = ()
) -> int:
    """A request with its vector."""
    with session_scope() as session:
        request = Request(slug=free_slug(session, title), title=title, status=status)
        session.add(request)
        session.flush()
        session.add_all(RequestArea(request_id=request.id, area_id=area) for area in areas)
        text = embedding_text(title, "")
        session.add(
            RequestEmbedding(
                request_id=request.id,
                model=MODEL,
                dimensions=384,
                content_hash=content_hash(text, MODEL, 384),
                embedding=embedder.embed([text])[0],
            )
        )
        return request.id


def submit(pain: str, run_id: str = "r1", **values: Any) -> int:
    """Store an entry as every way in does."""
    defaults = {
        "customer_pain": pain,
        "submitter": {"slack_user_id": "U0ANN", "email": "ann@example.com"},
    }
    submission = parse_submission(defaults | values)
    key = idempotency_key(submission, DAG, run_id)
    with session_scope() as session:
        return store(session, [(key, submission)], dag_id=DAG, run_id=run_id)[0].entry_id


def route_entry(
    entry_id: int,
    embedder: WordsEmbedder,
    judge: Judge,
    *,
    last: bool = False,
    agent: Agent | None = None,
    run_id: str | None = None,
) -> Way:
    """Decide an entry and carry it out as its run does; nobody is told."""
    means = Means(embedder, judge, last, agent)
    return decide(session_scope, [entry_id], means, run_id=run_id)[entry_id]


def tell_of(*entry_ids: int) -> None:
    """Tell the submitters as the run does."""
    with session_scope() as session:
        tell(session, [get_entry(session, entry_id, lock=True) for entry_id in entry_ids])


def ask(entry_id: int, run_id: str = "r1") -> str:
    """Ask as the DAG does; returns the token that the card's buttons carry."""
    from include.durable.api import hook_token

    with session_scope() as session:
        for group in questions.plan_groups(session, dag_id=DAG, run_id=run_id):
            questions.ask(session, group, dag_id=DAG, run_id=run_id)
    with session_scope() as session:
        hook = session.scalars(select(Hook).where(Hook.run_id == run_id, Hook.is_current)).one()
        assert hook.question["entries"][0][0] == entry_id
        return hook_token(session, hook.id)


def press(token: str, choice: str, user: str = "U0ANN") -> AnswerReply:
    """Press a button as the relay does."""
    with session_scope() as session:
        return questions.answer_question(session, token=token, choice=choice, actor=member(user))


@pytest.fixture
def calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Confidences of a model count as it states them."""
    curve = Curve(0.0, (1.0, 0.0, 0.0), ((0.0, 0.0), (1.0, 1.0)), 1.0)
    monkeypatch.setattr(heard, "judge_curve", lambda model, version: curve)


@pytest.fixture
def model(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> Chat:
    """A configured chat model: the scripted server."""
    monkeypatch.setenv("AIRFLOW_CONN_GTM_FEEDBACK_LLM", chat.connection(patience=0))
    return chat

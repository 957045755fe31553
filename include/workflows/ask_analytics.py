"""Answering an analytics question: choose a prepared query, count, and say where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError
from include.insights.answer_words import EXAMPLES, Words, answer_words
from include.insights.asof import ZONE, database_now, rows
from include.insights.prepared import Found, read_only, run_query
from include.insights.question import QUERIES, Question, Vocabulary, question_of
from include.insights.question_rules import MOST_CHARACTERS, read_question
from include.insights.wording import quoted
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from sqlalchemy.orm import Session

    Chooser = Callable[[str, Vocabulary, date], Question | None]
    """Reads a question with a language model; ``None`` when it cannot or there is none."""

_NAMED = 50

_KNOWN = """
SELECT (SELECT json_object_agg(slug, name) FROM areas) AS areas,
       (SELECT json_agg(region ORDER BY region)
          FROM (SELECT DISTINCT region FROM accounts WHERE region IS NOT NULL) r) AS regions,
       (SELECT json_object_agg(id, name) FROM (
           SELECT id, name FROM accounts
            WHERE (length(name) > 2 AND strpos(lower(:said), lower(name)) > 0)
               OR (length(id) > 2 AND strpos(lower(:said), lower(id)) > 0)
            ORDER BY length(name) DESC LIMIT :most) a) AS accounts,
       (SELECT json_object_agg(id, first) FROM (
           SELECT min(id) AS id, lower(split_part(name, ' ', 1)) AS first FROM accounts
            WHERE length(split_part(name, ' ', 1)) > 3
              AND lower(split_part(name, ' ', 1))
                  = ANY(regexp_split_to_array(lower(:said), '[^[:alnum:]-]+'))
            GROUP BY 2 HAVING count(*) = 1 LIMIT :most) n) AS nicknames,
       (SELECT json_object_agg(id, name) FROM (
           SELECT id, name FROM opportunities
            WHERE (length(name) > 4 AND strpos(lower(:said), lower(name)) > 0)
               OR (length(id) > 2 AND strpos(lower(:said), lower(id)) > 0)
            ORDER BY length(name) DESC LIMIT :most) d) AS deals,
       (SELECT json_object_agg(slug, title) FROM (
           SELECT slug, title FROM requests
            WHERE slug = ANY(regexp_split_to_array(lower(:said), '[^a-z0-9-]+'))
                  AND slug LIKE '%-%'
               OR (length(title) > 8 AND strpos(lower(:said), lower(title)) > 0)
            LIMIT :most) q) AS requests
"""
"""What the product knows of a question's names. Accounts and requests: only those it holds."""


@dataclass(frozen=True)
class Answer:
    """A question's answer; ``chosen_by`` is ``rules`` or ``model``."""

    question: Question
    found: Found
    words: Words
    chosen_by: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON, for the run's result."""
        return {
            "status": "answered",
            "text": self.words.text,
            "query": self.question.query,
            "answers": QUERIES[self.question.query],
            "filters": self.question.filters.given(),
            "rows": list(self.found.rows),
            "total_rows": self.found.total_rows,
            "totals": self.found.totals,
            "chosen_by": self.chosen_by,
            "not_understood": list(self.question.unread),
        }


def ask_with_model(values: Mapping[str, Any]) -> dict[str, Any]:
    """The result of ``ask_analytics``, with the language model of the connection if there is one.

    Raises:
        FatalError: the question is blank.
    """
    return ask(values, choose=choose_with_model)


def choose_with_model(said: str, known: Vocabulary, today: date) -> Question | None:
    """A model's choice of query and filters; None without one, and where none fits."""
    from include.clients.language_model import find_agent

    agent = find_agent()
    if agent is None:
        return None
    from hashlib import sha256

    from include.agents.analytics import choose_query

    chosen = choose_query(
        agent,
        said,
        queries=QUERIES,
        known={
            "areas": known.areas,
            "regions": list(known.regions),
            "accounts": known.accounts,
            "requests": known.requests,
        },
        today=today.isoformat(),
        key=f"question:{sha256(said.encode()).hexdigest()[:16]}",
    )
    return question_of(chosen) if chosen is not None else None


def ask(values: Mapping[str, Any], *, choose: Chooser | None = None) -> dict[str, Any]:
    """The result of ``ask_analytics``.

    Raises:
        FatalError: the question is blank.
    """
    said = str(values.get("question") or "").replace("\x00", " ").strip()
    if not said:
        raise FatalError("question is blank: ask, for example, what hurts enterprise customers")
    answer = answer_question(said, choose=choose)
    if answer is None:
        return {
            "status": "not_understood",
            "text": "I found no prepared query for this. Ask for example: "
            + " ".join(f"“{one}”" for one in EXAMPLES),
            "queries": QUERIES,
        }
    if answer.question.unread:
        # An answer to another question than the one that was asked is worse than none.
        words = quoted(answer.question.unread)
        return {
            "status": "not_understood",
            "text": f"I did not understand {words}, so I counted nothing. I understood: "
            f"{answer.words.source} Ask again without them, or ask for example: "
            + " ".join(f"“{one}”" for one in EXAMPLES),
            "queries": QUERIES,
            "not_understood": list(answer.question.unread),
        }
    return answer.as_dict()


def answer_question(
    said: str, *, choose: Chooser | None = None, complete: bool = False
) -> Answer | None:
    """Answer, or ``None`` when no prepared query is asked for.

    The rules read the question first. Where they leave something over, a model is asked if there is
    one; it, too, only chooses the query and its filters.

    Args:
        said: The question; its first 2,000 characters are read.
        choose: Reads it with a language model.
        complete: Answer only when every word was understood, for a place where another kind of
            answer is at hand.
    """
    said = said[:MOST_CHARACTERS]
    with session_scope() as session:
        read_only(session)
        known, today = _known(session, said), database_now(session).astimezone(ZONE).date()
    question, chosen_by = read_question(said, known, today), "rules"
    if choose is not None and (question is None or question.unread):
        chosen = choose(said, known, today)
        if chosen is not None:
            question, chosen_by = chosen, "model"
    if question is None or (complete and question.unread):
        return None
    with session_scope() as session:
        read_only(session)
        found = run_query(session, question)
    return Answer(question, found, answer_words(question, found, known), chosen_by)


def _known(session: Session, said: str) -> Vocabulary:
    [row] = rows(session, _KNOWN, said=said, most=_NAMED)
    return Vocabulary(
        areas=row.areas or {},
        regions=tuple(row.regions or ()),
        accounts=row.accounts or {},
        requests=row.requests or {},
        deals=row.deals or {},
        nicknames=row.nicknames or {},
    )

"""Choosing a prepared query for a question: names and filters only, never a number."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pydantic import BaseModel

    from include.agents.client import Agent, AgentTask

NONE = "none"


def choose_query(
    agent: Agent,
    question: str,
    *,
    queries: Mapping[str, str],
    known: Mapping[str, Any],
    today: str,
    key: str,
) -> dict[str, Any] | None:
    """The model's choice as plain values, None without one.

    Names that are not in the lists are moved to `not_covered`: an invented area filters nothing.

    Args:
        agent: Whoever answers.
        question: As it was asked.
        queries: Names of the prepared queries and what each answers.
        known: `areas` and `accounts` and `requests` (key to name) and `regions` (a list).
        today: The day, for "last week".
        key: Names the question in the ledger.
    """
    values = {
        "today": today,
        "queries": "\n".join(f"* {name}: {words}" for name, words in queries.items()),
        "known": json.dumps(known, ensure_ascii=False),
        "question": question,
    }
    answer = agent.ask(query_task(), values, key=key)
    if answer is None:
        return None
    said = answer.model_dump()
    if said["query"] not in queries:
        return None
    missing: list[str] = list(said["not_covered"])
    for name in ("areas", "regions"):
        said[name] = _known(said[name], known[name], missing)
    for name, group in (("account", "accounts"), ("request", "requests")):
        one = _known([said[name]] if said[name] else [], known[group], missing)
        said[name] = one[0] if one else None
    said["not_covered"] = [word[:60] for word in dict.fromkeys(missing) if word][:8]
    return said


@cache
def query_task() -> AgentTask[BaseModel]:
    """The task; made on first use, because its types need Pydantic."""
    from pydantic import BaseModel, Field

    from include.agents.client import AgentTask

    class ChosenQuery(BaseModel):
        query: str = Field(description="name of a prepared query, or none")
        areas: list[str]
        regions: list[str]
        account: str | None
        request: str | None
        enterprise: bool | None
        severity: str | None = Field(description="low, medium, high or null")
        status: str | None = Field(description="open, shipped, deprioritized or null")
        since: str | None = Field(description="YYYY-MM-DD or null")
        until: str | None = Field(description="YYYY-MM-DD or null")
        limit: int = Field(description="how many rows; 5 if the question does not say")
        not_covered: list[str] = Field(description="conditions that no filter expresses")

    # The product's own names are shown whole: a masked name could not be chosen.
    trusted = frozenset({"today", "queries"})
    return AgentTask("choose_query", ChosenQuery, max_tokens=600, trusted=trusted)


def _known(said: list[str], known: Collection[str], missing: list[str]) -> list[str]:
    by_lower = {name.lower(): name for name in known}
    found = []
    for name in said:
        if name.lower() in by_lower:
            found.append(by_lower[name.lower()])
        else:
            missing.append(name)
    return list(dict.fromkeys(found))

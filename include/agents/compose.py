"""One or two human sentences for a Slack message; without a model the card's own words stand."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from include.agents.sentences import is_plain, one_line, only_numbers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from include.agents.client import Agent, AgentTask

MOST = 300


def compose(agent: Agent, occasion: str, facts: Mapping[str, str], *, key: str) -> str | None:
    """Slack mrkdwn of one or two sentences; None when the caller's own words must do.

    What holds a link, a mention, an id, or a number that is not in the facts is refused.

    Args:
        agent: Whoever answers.
        occasion: What the message is about, in our words.
        facts: What may be said, by name.
        key: Names the message, so that a retry says the same.
    """
    told = json.dumps(dict(facts), ensure_ascii=False, indent=1)
    answer = agent.ask(compose_task(), {"occasion": occasion, "facts": told}, key=key)
    if answer is None:
        return None
    text = one_line(answer.model_dump()["text"])
    if is_plain(text, most=MOST) and only_numbers_of(text, " ".join(facts.values())):
        return text
    agent.note(compose_task(), "refused", "a message held a link, an id or a number of its own")
    return None


@cache
def compose_task() -> AgentTask[BaseModel]:
    """The task; made on first use, because its types need Pydantic."""
    from pydantic import BaseModel, Field

    from include.agents.client import AgentTask

    class ComposedMessage(BaseModel):
        text: str = Field(description="one or two sentences, at most 280 characters")

    return AgentTask(
        "compose_message", ComposedMessage, max_tokens=300, trusted=frozenset({"occasion"})
    )

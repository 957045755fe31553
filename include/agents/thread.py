"""The pain in a conversation, read by a model; `include.agents.extract` is its fallback."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING

from include.agents.extract import PAIN_MAX, SUMMARY_MAX, Extraction, only_points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from include.agents.client import Agent, AgentTask
    from include.agents.extract import ThreadMessage

MESSAGES_READ = 40
CHARACTERS_READ = 4_000
_SPACE = re.compile(r"\s+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.I)


def extract_with(
    agent: Agent, messages: Sequence[ThreadMessage], without: Extraction, *, key: str
) -> Extraction:
    """The pain as a verbatim quote of one message, or what was found without a model.

    Args:
        agent: Whoever answers.
        messages: The thread, oldest first; of a long one the marked message and those before it.
        without: The extraction that needs no model; it stands when the model's quote is not
            somebody's own words.
        key: Names the question in the ledger.
    """
    said = [message.text[:CHARACTERS_READ] for message in messages]
    marked = next((i for i, one in enumerate(messages) if one.is_marked), len(messages) - 1)
    first = max(0, min(marked - MESSAGES_READ // 2, len(messages) - MESSAGES_READ))
    shown = range(first, min(len(messages), first + MESSAGES_READ))
    lines = [
        json.dumps(
            {"message": i, "is_marked": i == marked, "text": said[i]},
            ensure_ascii=False,
        )
        for i in shown
    ]
    answer = agent.ask(thread_task(), {"thread": "\n".join(lines)}, key=key)
    if answer is None:
        return without
    stated = answer.model_dump()
    number = stated["message"]
    if number != marked and messages and not only_points(messages[marked].text):
        # What a person marked is the pain; the rest of the thread helps to understand it.
        return without
    pain = _quoted(said[number], stated["pain"]) if number in shown else None
    if pain is None:
        return without
    summary = _SPACE.sub(" ", _LINK.sub("", stated["summary"])).strip()[:SUMMARY_MAX]
    return Extraction(
        summary=summary or without.summary,
        pain_description=pain[:PAIN_MAX],
        is_customer_specific=stated["is_customer_specific"],
    )


@cache
def thread_task() -> AgentTask[BaseModel]:
    """The task; made on first use, because its types need Pydantic."""
    from pydantic import BaseModel, Field

    from include.agents.client import AgentTask

    class ThreadAnswer(BaseModel):
        message: int = Field(description="number of the message that says it best")
        pain: str = Field(description="exact words of that message; empty if there is no pain")
        summary: str = Field(description="one or two sentences")
        is_customer_specific: bool

    return AgentTask("extract_thread", ThreadAnswer, max_tokens=1_500)


def _quoted(text: str, quote: str) -> str | None:
    """The text's own span that a quote names, with its own white space."""
    words = quote.split()
    if len("".join(words)) < 2:
        return None
    found = re.search(r"\s+".join(map(re.escape, words)), text)
    return found[0] if found else None

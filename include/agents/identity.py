"""Whether two names are one person's: a model may say so, and only "surely" counts.

No address is shown to it. Rules compare the addresses first and let through what may be one person
at all; the model, too, can only say no. Without a model nobody is matched by likeness.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

    from include.agents.client import Agent, AgentTask

SURE = 0.95
_PART = re.compile(r"[a-z0-9]+")


def may_be_one(slack_name: str, slack_email: str, user_name: str, user_email: str) -> str | None:
    """How two people compare, in words without an address; None when they are surely not one.

    They must share the domain and a family name, and each address must be made of its own name.
    """
    slack_domain, user_domain = (_domain(email) for email in (slack_email, user_email))
    if not slack_domain or slack_domain != user_domain:
        return None
    slack_parts, user_parts = _parts(slack_name), _parts(user_name)
    if len(slack_parts) < 2 or len(user_parts) < 2 or slack_parts[-1] != user_parts[-1]:
        return None
    if slack_parts[0][0] != user_parts[0][0]:
        return None
    if not (_made_of(slack_email, slack_parts) and _made_of(user_email, user_parts)):
        return None
    return "both addresses are of one company and each is made of its person's name"


def same_person(agent: Agent, slack_name: str, user_name: str, facts: str, *, key: str) -> bool:
    """Whether the model is sure that it is one person; false without a model."""
    values = {"slack_name": slack_name, "user_name": user_name, "facts": facts}
    answer = agent.ask(identity_task(), values, key=key)
    if answer is None:
        return False
    said = answer.model_dump()
    return bool(said["verdict"] == "same" and SURE <= said["confidence"] <= 1)


@cache
def identity_task() -> AgentTask[BaseModel]:
    """The task; made on first use, because its types need Pydantic."""
    from pydantic import BaseModel, Field

    from include.agents.client import AgentTask

    class IdentityAnswer(BaseModel):
        verdict: str = Field(description="same, unsure or different")
        confidence: float = Field(description="0 to 1")

    return AgentTask("match_identity", IdentityAnswer, max_tokens=200, trusted=frozenset({"facts"}))


def _parts(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _PART.findall(plain)


def _domain(email: str) -> str:
    return email.rpartition("@")[2].strip().lower() if "@" in email else ""


def _made_of(email: str, parts: list[str]) -> bool:
    local = "".join(_PART.findall(email.rpartition("@")[0].partition("+")[0].lower()))
    first, last = parts[0], parts[-1]
    forms = {first + last, first[0] + last, first + last[0], last + first, last + first[0], last}
    return local in forms

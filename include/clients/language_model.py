"""The agents' model out of its connection: the only place that knows both."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from include.base.connections import CHAT_MODEL, find_connection, get_connection
from include.base.errors import FatalError
from include.clients.embeddings import api_url

if TYPE_CHECKING:
    from pydantic import BaseModel

    from include.agents.client import Agent, AgentTask
    from include.agents.config import ModelConfig
    from include.base.connections import ConnectionInfo
    from include.base.settings import Settings

log = logging.getLogger(__name__)


def agent_for_entry(in_use: bool) -> Agent | None:
    """The model for an entry; None, at no cost, when there is none.

    Args:
        in_use: What the sweep found (``Entry.model_in_use``). Without it only the environment is
            looked at: asking Airflow for a connection is a call.
    """
    if not in_use and f"AIRFLOW_CONN_{CHAT_MODEL.upper()}" not in os.environ:
        return None
    return find_agent()


def agent_from_connection() -> Agent:
    """Whoever answers agents' tasks: the model of the connection, or nobody."""
    found = find_agent()
    if found is None:
        from include.agents.client import NoAgent

        return NoAgent()
    return found


def find_agent() -> Agent | None:
    """The model of the connection, None without one.

    A connection that cannot be used is told in the log and counts as none: a mistake in it must
    not stop feedback.
    """
    info = find_connection(CHAT_MODEL)
    if info is None:
        return None
    try:
        return agent_of(config_from(info))
    except FatalError as error:
        log.error("No language model is used: %s", error)
        return None


def note_model_in_use() -> bool:
    """Write down whether a connection names a model, for entries to see; true when it is."""
    from include.clients.model_ledger import use_server
    from include.store.session import session_scope

    info = find_connection(CHAT_MODEL)
    server = model = None
    try:
        if info is not None:
            config = config_from(info)
            server, model = config.server(config.model), config.model
    except FatalError as error:
        log.error("No language model is used: %s", error)
    with session_scope() as session:
        if use_server(session, server, model):
            log.info("Language model in use: %s", model or "none")
    return server is not None


def agent_of(config: ModelConfig) -> Agent:
    """The client with the product's ledger and budget."""
    from include.agents.client import ModelAgent
    from include.base.settings import load_settings
    from include.clients.model_ledger import StoreLedger
    from include.store.session import session_scope

    budget = load_settings().model_budget_per_day
    ledger = StoreLedger(session_scope, Decimal(str(budget)))
    return ModelAgent(config, ledger, note_closed=lambda why: _tell(why, budget))


SHADOW_PART = Decimal("0.5")
"""Of the day's budget: once this much is spent, whoever judges in shadow leaves the rest."""

CONNECTION_PREFIX = "connection:"


@dataclass
class ShadowLane:
    """Who judges in shadow. ``closed`` fills with why no more calls may be made now."""

    agent: Agent
    task: AgentTask[BaseModel]
    model: str
    closed: list[str] = field(default_factory=list)


def shadow_lane(settings: Settings) -> ShadowLane | None:
    """The model and prompt of the settings, None when nobody judges in shadow.

    Its calls are in the same ledger and count against the same budget, of which it may use a part.

    Raises:
        FatalError: the settings name a connection or a prompt that is not there or does not fit.
    """
    if not settings.shadow_is_on:
        return None
    from include.agents.client import ModelAgent
    from include.agents.config import TaskModel
    from include.agents.judge import judge_task
    from include.clients.model_ledger import StoreLedger
    from include.store.session import session_scope

    task = judge_task()
    if settings.shadow_prompt:
        task = replace(task, name=_prompt_like(task.name, settings.shadow_prompt))
    own = settings.shadow_model.startswith(CONNECTION_PREFIX)
    conn_id = settings.shadow_model.removeprefix(CONNECTION_PREFIX) if own else CHAT_MODEL
    config = config_from(get_connection(conn_id))
    chosen = config.for_task("judge") or TaskModel(config.model, config.temperature)
    if settings.shadow_model and not own:
        chosen = replace(chosen, model=settings.shadow_model)
    config = replace(config, tasks={**config.tasks, task.name: chosen})
    closed: list[str] = []
    budget = Decimal(str(settings.model_budget_per_day)) * SHADOW_PART
    agent = ModelAgent(config, StoreLedger(session_scope, budget), note_closed=closed.append)
    return ShadowLane(agent, task, chosen.model, closed)


def _prompt_like(task: str, name: str) -> str:
    from include.agents.prompting import FOLDER, load_prompt

    known = sorted(path.stem for path in FOLDER.glob("[a-z]*.md"))
    if name not in known or load_prompt(name).places != load_prompt(task).places:
        raise FatalError(
            f"Setting 'shadow_prompt' is {name!r}; it must name a prompt of include/agents/prompts "
            f"with the places of {task!r}: {', '.join(sorted(load_prompt(task).places))}."
        )
    return name


def config_from(info: ConnectionInfo) -> ModelConfig:
    """The configuration of a connection: host is the base URL; extra has the rest.

    Raises:
        FatalError: something is missing or wrong; the message names it.
    """
    from include.agents.config import parse_config

    if not info.host:
        raise FatalError(
            f"Connection '{info.conn_id}' has no host; set it to the API's address, "
            "for example https://api.openai.com"
        )
    return parse_config(api_url(info), info.password or "none", info.extra)


def budget_notice() -> str:
    """Key of the event that says today's budget is spent."""
    return f"notice:budget:{datetime.now(UTC).date()}"


def _tell(why: str, budget: float) -> None:
    """One alert a day when the budget is spent."""
    if why != "budget":
        return
    from include.outbox.notices import notify

    day = datetime.now(UTC).date()
    notify(
        budget_notice(),
        f"The budget for language models ({budget:g} US dollars) is spent for {day} (UTC). Until "
        "midnight everything goes on without a model. Setting: model_budget_per_day.",
    )

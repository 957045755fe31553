"""The agents' model out of its connection: the only place that knows both."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.connections import CHAT_MODEL, find_connection
from include.errors import FatalError

if TYPE_CHECKING:
    from include.agents.client import Agent
    from include.agents.config import ModelConfig
    from include.connections import ConnectionInfo

log = logging.getLogger(__name__)


def agent_from_connection() -> Agent:
    """Whoever answers agents' tasks: the model of the connection, or nobody.

    A connection that cannot be used is told in the log and counts as none: a mistake in it must
    not stop feedback.
    """
    info = find_connection(CHAT_MODEL)
    if info is None:
        return no_agent()
    try:
        return agent_of(config_from(info))
    except FatalError as error:
        log.error("No language model is used: %s", error)
        return no_agent()


def no_agent() -> Agent:
    """Nobody."""
    from include.agents.client import NoAgent

    return NoAgent()


def agent_of(config: ModelConfig) -> Agent:
    """The client with the product's ledger and budget."""
    from decimal import Decimal

    from include.agents.client import ModelAgent
    from include.feedback.model_ledger import StoreLedger
    from include.settings import load_settings
    from include.store.session import session_scope

    budget = load_settings().model_budget_per_day
    ledger = StoreLedger(session_scope, Decimal(str(budget)))
    return ModelAgent(config, ledger, note_closed=lambda why: _tell(why, budget))


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


def api_url(info: ConnectionInfo) -> str:
    """The base URL of an OpenAI-compatible API."""
    scheme = info.extra.get("scheme", "https")
    host = info.host if "://" in info.host else f"{scheme}://{info.host}"
    return host + (f":{info.port}" if info.port else "") + str(info.extra.get("path", "/v1"))


def _tell(why: str, budget: float) -> None:
    """One alert a day when the budget is spent."""
    if why != "budget":
        return
    from include.feedback.alerts import notify

    day = datetime.now(UTC).date()
    notify(
        f"budget:{day}",
        f"The budget for language models ({budget:g} US dollars) is spent for {day} (UTC). Until "
        "midnight everything goes on without a model. Setting: model_budget_per_day.",
    )

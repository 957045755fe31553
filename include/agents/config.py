"""How the chat model is configured: server, models by task, prices, limits."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTION = "gtm_feedback_llm"
OFF = "off"
UNKNOWN_PRICE = Decimal(10)
"""US dollars a million tokens, both ways, for a model without a price: a budget must bite."""

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens; `known` is false when it is only assumed."""

    tokens_in: Decimal = UNKNOWN_PRICE
    tokens_out: Decimal = UNKNOWN_PRICE
    known: bool = False

    def cost(self, tokens_in: int, tokens_out: int) -> Decimal:
        """US dollars for so many tokens."""
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / _MILLION


@dataclass(frozen=True, slots=True)
class TaskModel:
    """Which model answers a task, and how freely; `temperature` None leaves it to the server."""

    model: str
    temperature: float | None = 0.0


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Everything the client needs to know; made of the connection `gtm_feedback_llm`.

    Attributes:
        base_url: As `https://api.openai.com/v1`.
        api_key: Sent as bearer token.
        model: Of every task that names no other.
        temperature: Of every task that names no other.
        tasks: Task name to its model, or None for a task that is switched off.
        prices: Model name to its price.
        timeout: Seconds for one request.
        patience: Seconds it may wait before it tries a failed request again; more, and it goes on
            without a model.
    """

    base_url: str
    api_key: str = field(repr=False)
    model: str
    temperature: float | None = 0.0
    tasks: Mapping[str, TaskModel | None] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    timeout: float = 20.0
    patience: float = 10.0

    def for_task(self, name: str) -> TaskModel | None:
        """The model of a task; None when the task is switched off."""
        if name in self.tasks:
            return self.tasks[name]
        return TaskModel(self.model, self.temperature)

    def price(self, model: str) -> Price:
        """The price of a model, assumed high when nobody said."""
        return self.prices.get(model, Price())

    def server(self, model: str) -> str:
        """A short name of this model at this address, for what is remembered about it."""
        return hashlib.sha256(f"{self.base_url}\x00{model}".encode()).hexdigest()[:16]


def parse_config(base_url: str, api_key: str, extra: Mapping[str, Any]) -> ModelConfig:
    """The configuration out of a connection's parts.

    Raises:
        FatalError: Something is missing or of the wrong type; the message names it.
    """
    model = extra.get("model")
    if not isinstance(model, str) or not model.strip():
        raise _wrong("model", model, "the name of a chat model")
    temperature = _temperature(extra.get("temperature", 0.0))
    return ModelConfig(
        base_url=base_url,
        api_key=api_key,
        model=model,
        temperature=temperature,
        tasks={
            str(name): _task(name, value, model, temperature)
            for name, value in _object(extra, "tasks").items()
        },
        prices={str(name): _price(name, value) for name, value in _object(extra, "prices").items()},
        timeout=_seconds(extra, "timeout", 20.0),
        patience=_seconds(extra, "patience", 10.0),
    )


def _task(name: str, value: Any, model: str, temperature: float | None) -> TaskModel | None:
    if value == OFF or value is False:
        return None
    if isinstance(value, str) and value.strip():
        return TaskModel(value, temperature)
    if not isinstance(value, dict) or not set(value) <= {"model", "temperature"}:
        raise _wrong(
            f"tasks.{name}", value, f"'{OFF}', a model, or an object with model and temperature"
        )
    chosen = value.get("model", model)
    if not isinstance(chosen, str):
        raise _wrong(f"tasks.{name}.model", chosen, "the name of a chat model")
    if chosen == OFF:
        return None
    return TaskModel(chosen, _temperature(value.get("temperature", temperature)))


def _price(name: str, value: Any) -> Price:
    try:
        found = Price(Decimal(str(value["input"])), Decimal(str(value["output"])), known=True)
        fine = all(one.is_finite() and one >= 0 for one in (found.tokens_in, found.tokens_out))
    except (KeyError, TypeError, InvalidOperation):
        fine = False
    if not fine:
        raise _wrong(
            f"prices.{name}", value, "{'input': 0.4, 'output': 1.6}: US dollars a million tokens"
        )
    return found


def _temperature(value: Any) -> float | None:
    if value is None:
        return None
    number = _number(value)
    if number is None or not 0 <= number <= 2:
        raise _wrong("temperature", value, "a number from 0 to 2, or null for the server's own")
    return number


def _seconds(extra: Mapping[str, Any], name: str, default: float) -> float:
    number = _number(extra.get(name, default))
    if number is None or not 0 <= number <= 600:
        raise _wrong(name, extra.get(name), "seconds from 0 to 600")
    return number


def _number(value: Any) -> float | None:
    """A connection given as a URI has texts only, so a text that is a number counts as one."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _object(extra: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = extra.get(name) or {}
    if not isinstance(value, dict):
        raise _wrong(name, value, "an object")
    return value


def _wrong(name: str, value: Any, wanted: str) -> FatalError:
    return FatalError(
        f"Connection '{CONNECTION}': extra {name!r} is {value!r}; it must be {wanted}."
    )

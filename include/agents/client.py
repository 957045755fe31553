"""Asking a language model for one typed answer, or finding out that there is none for this now.

An agent is a task (a prompt file and a type for the answer) and a function beside its fallback:

    answer = agent.ask(TASK, {"pain": entry.customer_pain}, key=f"draft:{entry.id}")
    draft = from_model(answer) if answer else without_model(entry)

`ask` hides e-mail addresses and the like, fences what people wrote, keeps to the budget, writes the
call down, and gives None for everything that is not our own mistake.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from include.agents.chat import ChatServer, ModelUnavailable
from include.agents.ledger import Call, CallOutcome, Result
from include.agents.prompting import Records, load_prompt
from include.agents.schema import MalformedAnswer, answer_schema, read_answer
from include.agents.suspicion import addresses_model
from include.base.backoff import delay_before_retry
from include.base.errors import FatalError, TransientError
from include.base.masking import Mask
from include.base.tracing import entry_span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

    from include.agents.chat import Reply
    from include.agents.config import ModelConfig, TaskModel
    from include.agents.ledger import Ledger
    from include.agents.prompting import Prompt

T = TypeVar("T", bound="BaseModel")

log = logging.getLogger(__name__)

TRIES = 2
"""How often one request is sent when the server is in trouble."""

_BYTES_A_TOKEN = 3
_ROLES_TOKENS = 200


@dataclass(frozen=True, slots=True)
class AgentTask(Generic[T]):
    """One thing a model is asked for.

    Args:
        name: The prompt is `include/agents/prompts/<name>.md`; the connection's `tasks` may give
            it a model of its own or switch it off.
        answer: Pydantic model of the answer; its field descriptions are seen by the model.
        max_tokens: Most tokens of an answer.
        trusted: Names of values that are the product's own words: neither fenced nor masked.
    """

    name: str
    answer: type[T]
    max_tokens: int = 2_000
    trusted: frozenset[str] = frozenset()

    @property
    def prompt_version(self) -> str:
        """First twelve hex digits of the SHA-256 of the prompt with its rules."""
        return load_prompt(self.name).version


class Agent(Protocol):
    """Whoever answers tasks: a model, or nobody."""

    def ask(
        self,
        task: AgentTask[T],
        values: Mapping[str, str],
        *,
        key: str,
        entry_id: int | None = None,
    ) -> T | None:
        """The typed answer, or None when the caller must do without.

        Args:
            task: What is asked.
            values: What fills the prompt's places; fenced and masked unless the task trusts them.
            key: Names this question, as `draft:<entry>`. The same key, task, prompt, model and
                values get the stored answer again and cost nothing.
            entry_id: The entry it is about, for the ledger.
        """
        ...

    def model_for(self, task: AgentTask[Any]) -> str | None:
        """The model that would answer, None when there is none or the task is switched off."""
        ...

    def note(self, task: AgentTask[Any], name: str, words: str) -> None:
        """Tell operators something about a task's model; ``words`` hold no customer's words."""
        ...


class NoAgent:
    """No model is configured."""

    def ask(
        self,
        task: AgentTask[T],  # noqa: ARG002
        values: Mapping[str, str],  # noqa: ARG002
        *,
        key: str,  # noqa: ARG002
        entry_id: int | None = None,  # noqa: ARG002
    ) -> T | None:
        """Nothing, at no cost."""
        return None

    def model_for(self, task: AgentTask[Any]) -> str | None:  # noqa: ARG002
        """No model."""
        return None

    def note(self, task: AgentTask[Any], name: str, words: str) -> None:
        """Nothing to tell."""


@dataclass
class ModelAgent:
    """Answers tasks with a chat model.

    Args:
        config: The server, its models and prices.
        ledger: Where calls are written down and the budget is kept.
        pause: Waits between two tries.
        note_closed: Told why no call may be made now (`budget`, `resting`).
    """

    config: ModelConfig
    ledger: Ledger
    pause: Callable[[float], None] = time.sleep
    note_closed: Callable[[str], None] = lambda _: None
    clock: Callable[[], float] = field(default=time.monotonic)

    def model_for(self, task: AgentTask[Any]) -> str | None:
        """See `Agent`."""
        chosen = self.config.for_task(task.name)
        return chosen.model if chosen else None

    def note(self, task: AgentTask[Any], name: str, words: str) -> None:
        """See `Agent`."""
        model = self.model_for(task)
        if model is not None:
            log.warning("Task %s, model %r: %s", task.name, model, words)
            self.ledger.note(self.config.server(model), model, f"{task.name}: {name}", words)

    def ask(
        self,
        task: AgentTask[T],
        values: Mapping[str, str],
        *,
        key: str,
        entry_id: int | None = None,
    ) -> T | None:
        """See `Agent`."""
        chosen = self.config.for_task(task.name)
        if chosen is None:
            return None
        values = {
            name: value if name in task.trusted else self._without_orders(task, value)
            for name, value in values.items()
        }
        untrusted = (value for name, value in values.items() if name not in task.trusted)
        if any(map(addresses_model, untrusted)):
            log.warning("Task %s goes on without a model: a text in it gives orders", task.name)
            self.note(task, "orders", "a text gave orders to the model, so it was not asked")
            return None
        prompt = load_prompt(task.name)
        mask = Mask()
        hidden = {
            name: value if name in task.trusted else mask.hide(_printable(value))
            for name, value in values.items()
        }
        question = _Question(task, prompt, chosen, hidden, key)
        messages = question.messages()
        call = Call(
            call_key=question.call_key(),
            task=task.name,
            model=chosen.model,
            prompt_version=prompt.version,
            server=self.config.server(chosen.model),
            key=key,
            entry_id=entry_id,
            reserved=self._most_it_can_cost(messages, chosen.model, task.max_tokens),
        )
        try:
            opened = self.ledger.open(call)
        except TransientError as error:
            # Without the ledger nothing guards the budget.
            log.warning("No model for task %s now: %s", task.name, error)
            return None
        if opened.stored is not None:
            return self._stored(opened.stored, task, mask)
        if opened.call_id is None:
            log.warning("No model for task %s now: %s", task.name, opened.closed)
            self.note_closed(opened.closed or "")
            return None
        server = ChatServer(
            self.config,
            chosen,
            set(opened.lacking),
            lambda feature: self.ledger.note_lacking(call, feature),
        )
        exchange = _Exchange(server, self, task, mask)
        started = self.clock()
        # If our own mistake or the task's end breaks this off, the money stays reserved.
        with entry_span("ask model", entry_id, model=chosen.model, task=task.name) as note:
            result, answer = exchange.run(messages)
            note(
                outcome=result.outcome,
                requests=exchange.requests,
                tokens_in=exchange.tokens_in,
                tokens_out=exchange.tokens_out,
            )
        cost = self.config.price(chosen.model).cost(exchange.tokens_in, exchange.tokens_out)
        ended = Result(
            outcome=result.outcome,
            requests=exchange.requests,
            tokens_in=exchange.tokens_in,
            tokens_out=exchange.tokens_out,
            cost=cost,
            seconds=self.clock() - started,
            answer=result.answer,
            error=result.error,
            retry_after=result.retry_after,
        )
        try:
            self.ledger.close(opened.call_id, call, ended)
        except TransientError as error:
            log.warning("A call of task %s is not written down: %s", task.name, error)
        if answer is None:
            log.warning("Task %s goes on without a model: %s", task.name, ended.error)
        return answer

    def _without_orders(self, task: AgentTask[Any], value: str) -> str:
        """Rows without those that give orders: one of them must not cost the others the model."""
        if not isinstance(value, Records):
            return value
        kept = [row for row in value.rows if not addresses_model(row)]
        left_out = len(value.rows) - len(kept)
        if left_out:
            self.note(task, "rows", f"{left_out} rows gave orders to the model and were left out")
        return Records(kept)

    def _stored(self, stored: Result, task: AgentTask[T], mask: Mask) -> T | None:
        if stored.answer is None:
            return None
        try:
            return read_answer(stored.answer, task.answer, mask.show_all)
        except MalformedAnswer:
            return None

    def _most_it_can_cost(self, messages: list[dict[str, str]], model: str, max_tokens: int) -> Any:
        """What a request with its repair can cost at most, to keep it in reserve."""
        said = sum(len(message["content"].encode()) for message in messages)
        tokens_in = said // _BYTES_A_TOKEN + _ROLES_TOKENS
        # The repair sends the same again, with the wrong answer.
        return self.config.price(model).cost(2 * tokens_in + max_tokens, 2 * max_tokens)


@dataclass(frozen=True)
class _Question:
    task: AgentTask[Any]
    prompt: Prompt
    chosen: TaskModel
    values: Mapping[str, str]
    key: str

    def messages(self) -> list[dict[str, str]]:
        system, message = self.prompt.render(self.values, self.task.trusted, seed=self.key)
        return [{"role": "system", "content": system}, {"role": "user", "content": message}]

    def call_key(self) -> str:
        """One for all repeats: key, task, prompt, model and values."""
        parts = [
            self.key,
            self.task.name,
            self.prompt.version,
            self.chosen.model,
            json.dumps(dict(self.values), sort_keys=True),
        ]
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


@dataclass
class _Exchange(Generic[T]):
    """The requests of one call: tries while the server is in trouble, and one repair."""

    server: ChatServer
    agent: ModelAgent
    task: AgentTask[T]
    mask: Mask
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def run(self, messages: list[dict[str, str]]) -> tuple[Result, T | None]:
        schema, strict = answer_schema(self.task.answer)
        problem = ""
        for _ in range(2):
            try:
                reply = self._send(messages, schema, strict=strict)
            except ModelUnavailable as error:
                return _failed(CallOutcome.UNAVAILABLE, str(error), error.retry_after), None
            except FatalError as error:
                return _failed(CallOutcome.MISCONFIGURED, str(error)), None
            if reply.refused:
                return _failed(CallOutcome.REFUSED, "the model declined to answer"), None
            try:
                if not reply.text or not reply.text.strip():
                    raise MalformedAnswer("the answer is empty")
                answer = read_answer(reply.text, self.task.answer, self.mask.show_all)
            except MalformedAnswer as error:
                problem = str(error)
                messages = [*messages, *_repair(reply.text, problem)]
            else:
                return Result(CallOutcome.ANSWERED, answer=reply.text.replace("\x00", "")), answer
        return _failed(CallOutcome.MALFORMED, f"malformed after one repair: {problem}"), None

    def _send(
        self, messages: list[dict[str, str]], schema: dict[str, Any], *, strict: bool
    ) -> Reply:
        for number in range(1, TRIES + 1):
            try:
                self.requests += 1
                reply = self.server.send(
                    messages,
                    name=self.task.name,
                    schema=schema,
                    strict=strict,
                    max_tokens=self.task.max_tokens,
                )
            except ModelUnavailable as error:
                delay = delay_before_retry(error, number).total_seconds()
                if number == TRIES or error.timed_out or delay > self.agent.config.patience:
                    raise
                self.agent.pause(delay)
            else:
                self.tokens_in += reply.tokens_in
                self.tokens_out += reply.tokens_out
                return reply
        raise AssertionError("unreachable: the last try returns or raises")


def _repair(said: str | None, problem: str) -> list[dict[str, str]]:
    """The wrong answer and what is wrong with it, so that the model can mend it."""
    before = [{"role": "assistant", "content": said[:8_000]}] if said and said.strip() else []
    told = (
        f"That answer cannot be used: {problem}. "
        "Answer again with exactly one JSON object of the asked form."
    )
    return [*before, {"role": "user", "content": told}]


def _failed(outcome: CallOutcome, error: str, retry_after: float | None = None) -> Result:
    return Result(outcome, error=error, retry_after=retry_after)


def _printable(text: str) -> str:
    """Without the characters that JSON and PostgreSQL refuse."""
    return text.replace("\x00", "").encode("utf-8", errors="replace").decode()

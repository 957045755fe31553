"""What the client writes down of every call, as a protocol; the product's tables are handed in."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REST_AFTER = 3
"""So many calls in a row fail before the server is left alone for a while."""

REST = timedelta(seconds=60)
LONGEST_REST = timedelta(hours=1)
LACK_KEPT = timedelta(days=1)
"""What a server was found to lack is tried again after this: servers are updated."""


class CallOutcome(StrEnum):
    """How a call ended."""

    STARTED = "started"
    ANSWERED = "answered"
    MALFORMED = "malformed"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    MISCONFIGURED = "misconfigured"


FINAL = frozenset({CallOutcome.ANSWERED, CallOutcome.MALFORMED, CallOutcome.REFUSED})
"""Asking the same again would only pay again."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is about to be asked. `call_key` is one for all repeats of the same question."""

    call_key: str
    task: str
    model: str
    prompt_version: str
    server: str
    key: str
    entry_id: int | None
    reserved: Decimal


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a call. `answer` still has its hidden values hidden."""

    outcome: CallOutcome
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    seconds: float = 0.0
    answer: str | None = None
    error: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The ledger's leave to call.

    `call_id` is set when the call may be made, `stored` when it was made before. With neither,
    `closed` says why nothing is called. `lacking` names what the server cannot do.
    """

    call_id: int | None = None
    stored: Result | None = None
    closed: str | None = None
    lacking: frozenset[str] = frozenset()


def still_lacking(found: Mapping[str, str], now: datetime) -> frozenset[str]:
    """What a server lacks, of features with the ISO time at which each was found missing."""
    return frozenset(
        name for name, at in found.items() if datetime.fromisoformat(at) > now - LACK_KEPT
    )


class Ledger(Protocol):
    """Where calls are written down, once each, and where the budget is kept."""

    def open(self, call: Call) -> Opened:
        """Find a stored answer, or reserve the money for a call, in one step."""
        ...

    def close(self, call_id: int, call: Call, result: Result) -> None:
        """Write down how a call ended and free what it did not cost."""
        ...

    def note_lacking(self, call: Call, feature: str) -> None:
        """Remember that a server cannot do something."""
        ...

    def note(self, server: str, model: str, name: str, words: str) -> None:
        """Remember something that an operator should know; the newest words of a name stay."""
        ...


@dataclass
class Health:
    """How a server did lately, and the rule that lets it rest."""

    failures: int = 0
    resting_until: datetime | None = None

    def after(self, result: Result, now: datetime) -> Health:
        """The health after one more call."""
        if result.outcome is not CallOutcome.UNAVAILABLE:
            return Health()
        failures = self.failures + 1
        rest = timedelta(0)
        if result.retry_after is not None:
            rest = timedelta(seconds=max(0.0, result.retry_after))
        elif failures >= REST_AFTER:
            rest = REST
        return Health(failures, now + min(rest, LONGEST_REST) if rest else self.resting_until)


@dataclass
class MemoryLedger:
    """A ledger for one process and its threads: measuring and tests."""

    budget: Decimal | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    calls: list[tuple[Call, Result]] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    _lacking: dict[str, dict[str, str]] = field(default_factory=dict)
    _health: dict[str, Health] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def spent(self) -> Decimal:
        """All that was paid or is reserved."""
        return sum((result.cost for _, result in self.calls), Decimal(0))

    def open(self, call: Call) -> Opened:
        """See `Ledger`."""
        with self._lock:
            return self._open(call)

    def _open(self, call: Call) -> Opened:
        lacking = still_lacking(self._lacking.get(call.server, {}), self.clock())
        for made, result in reversed(self.calls):
            if made.call_key == call.call_key and result.outcome in FINAL:
                return Opened(stored=result, lacking=lacking)
        resting = self._health.get(call.server, Health()).resting_until
        if resting and resting > self.clock():
            return Opened(closed="resting", lacking=lacking)
        if self.budget is not None and self.spent + call.reserved > self.budget:
            return Opened(closed="budget", lacking=lacking)
        self.calls.append((call, Result(CallOutcome.STARTED, cost=call.reserved)))
        return Opened(call_id=len(self.calls) - 1, lacking=lacking)

    def close(self, call_id: int, call: Call, result: Result) -> None:
        """See `Ledger`."""
        with self._lock:
            self.calls[call_id] = (call, replace(result))
            health = self._health.get(call.server, Health())
            self._health[call.server] = health.after(result, self.clock())

    def note_lacking(self, call: Call, feature: str) -> None:
        """See `Ledger`."""
        self._lacking.setdefault(call.server, {})[feature] = self.clock().isoformat()

    def note(self, server: str, model: str, name: str, words: str) -> None:  # noqa: ARG002
        """See `Ledger`."""
        self.notes[name] = words

"""Scripted trouble: errors, rate limits and delays per Web API method, and the call counters."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class Fault:
    """Trouble for the next ``times`` calls of a method (``*`` is every method).

    Args:
        method: Web API method, or ``*``.
        error: Slack error code to answer; ``ratelimited`` answers HTTP 429 with ``Retry-After``.
        status: HTTP status to answer instead, e.g. 503.
        retry_after: Seconds for the ``Retry-After`` header.
        delay_seconds: Wait first. Alone, the call then succeeds.
        times: How many calls are hit.
        skip: How many calls pass unharmed before.
        applied: The work is done, only the answer is bad: what a lost answer looks like.
        channel: Only calls whose ``channel`` (or ``user_id``) is this.
    """

    method: str
    error: str | None = None
    status: int | None = None
    retry_after: int | None = None
    delay_seconds: float = 0.0
    times: int = 1
    skip: int = 0
    applied: bool = False
    channel: str | None = None


class FaultDesk:
    """The queue of faults, first come first used."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fields: dict[str, Any]) -> Fault:
        """Queue a fault.

        Raises:
            ValueError: A field is unknown or of no use.
        """
        try:
            fault = Fault(**fields)
        except TypeError as exc:
            raise ValueError(f"not a fault: {exc}") from None
        if not (fault.error or fault.status or fault.delay_seconds):
            raise ValueError("a fault needs an error, a status or delay_seconds")
        if fault.times < 1:
            raise ValueError(f"times must be at least 1, not {fault.times}")
        self._faults.append(fault)
        return fault

    def take(self, method: str, args: dict[str, Any]) -> Fault | None:
        """The fault that hits this call, used up by one."""
        target = str(args.get("channel") or args.get("user_id") or args.get("user") or "")
        for fault in self._faults:
            if fault.method not in ("*", method):
                continue
            if fault.channel is not None and fault.channel != target:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
            return fault
        return None

    def clear(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def listing(self) -> list[dict[str, Any]]:
        """The faults still waiting."""
        return [asdict(f) for f in self._faults]


class CallLog:
    """How often each method was called and what it answered."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.recent: deque[dict[str, Any]] = deque(maxlen=500)

    def note(self, method: str, target: str, outcome: str, at: float) -> None:
        """Count one call; ``outcome`` is ``ok`` or the error."""
        self.calls[method] += 1
        if outcome != "ok":
            self.failures[method] += 1
        self.recent.append({"method": method, "target": target, "outcome": outcome, "at": at})

    def clear(self) -> None:
        """Start counting anew."""
        self.calls.clear()
        self.failures.clear()
        self.recent.clear()

    def listing(self) -> dict[str, Any]:
        """Counters and the last 500 calls."""
        return {
            "calls": dict(self.calls),
            "failures": dict(self.failures),
            "total": sum(self.calls.values()),
            "recent": list(self.recent),
        }

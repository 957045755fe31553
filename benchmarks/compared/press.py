"""A press on a real question's button: when the decision is stored, and when the card is locked."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from benchmarks.entry_latency import ENTRY_DAG
from benchmarks.stand import Stand, poll
from include.durable.keys import hook_key
from include.store.models import Entry, Message
from include.store.session import session_scope
from sandbox.slack.client import SlackSandbox

if TYPE_CHECKING:
    from collections.abc import Callable

PERSON, CHANNEL = "U0ANN", "D0ANN"
ASKS = (
    "When a person leaves our company the account here stays alive for weeks. "
    "HR asks me to remove people by hand."
)
PAUSE_SECONDS = 3.0
SECONDS = 300.0


def measure(stand: Stand, presses: int, *, say: Callable[[str], None]) -> dict[str, list[float]]:
    """Seconds of each press until it is acknowledged, stored, and its card locked."""
    with SlackSandbox(stand.stack.sandbox.slack_url) as slack:
        say(f"waits_compared: {presses} presses through the relay")
        runs = [f"press-{number}" for number in range(presses + 1)]
        cards = []
        for run_id in runs:  # one after the other: many at once would be drained as a backlog
            _ask(stand, run_id)
            cards.append(_card(run_id))
        found: dict[str, list[float]] = {"acknowledged": [], "stored": [], "locked": []}
        for number, (run_id, ts) in enumerate(zip(runs, cards, strict=True)):
            seconds = _press(stand, slack, run_id, ts)
            if number:  # the first warms the relay up
                for name, value in seconds.items():
                    found[name].append(value)
            time.sleep(PAUSE_SECONDS)
    return found


def _ask(stand: Stand, run_id: str) -> None:
    """A real entry that asks its submitter."""
    submitter = {"slack_user_id": PERSON, "email": "ann@example.com", "name": "Ann Ames"}
    conf = {"customer_pain": f"{ASKS} [{run_id}]", "source": "api", "submitter": submitter}
    stand.start_run(ENTRY_DAG, run_id, conf)


def _card(run_id: str) -> str:
    """The timestamp of a run's question, when it is posted."""
    found: list[str] = []

    def posted() -> bool:
        with session_scope() as session:
            ts = session.scalar(
                select(Message.ts)
                .join(Entry, Entry.id == Message.entry_id)
                .where(
                    Entry.run_id == run_id, Message.purpose == "question", Message.kind == "post"
                )
            )
        found[:] = [ts] if ts else []
        return bool(ts)

    poll(posted, SECONDS, f"run {run_id} asked nothing within {SECONDS:.0f} s", pause=0.2)
    return found[0]


def _press(stand: Stand, slack: SlackSandbox, run_id: str, ts: str) -> dict[str, float]:
    key = hook_key(ENTRY_DAG, run_id, "answer")

    def stored() -> bool:
        row = stand.product.execute("SELECT status FROM hooks WHERE key = %s", (key,)).fetchone()
        return row is not None and row[0] == "answered"

    def locked() -> bool:
        card = next(card for card in slack.dm(PERSON) if card["ts"] == ts)
        return "button" not in str(card["blocks"])

    def click() -> float:
        person.click(PERSON, CHANNEL, ts, "answer_attach")
        return time.monotonic() - begun

    seconds: dict[str, Any] = {}
    # A client and a thread are made before the press: making one takes as long as an answer.
    with SlackSandbox(slack.base_url) as person, ThreadPoolExecutor(1) as pool:
        person.dm(PERSON)
        pool.submit(time.monotonic).result()
        begun = time.monotonic()
        asked = pool.submit(click)
        poll(stored, SECONDS, f"the press of {run_id} was not stored", pause=0.003)
        seconds["stored"] = time.monotonic() - begun
        poll(locked, SECONDS, f"the card of {run_id} was not locked", pause=0.01)
        seconds["locked"] = time.monotonic() - begun
        seconds["acknowledged"] = asked.result()
    return seconds

"""The relay under a burst: 200 people press the buttons of 200 open questions in the same moment.

A tenth of the presses is sent twice. The relay is the one of ``benchmarks.relay_load``, with the
settings as shipped.
"""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import urlencode

import httpx
from sqlalchemy import func, select

from benchmarks.relay_load import REPEAT_EVERY, Outcome, send_all, settle, signed, stand
from benchmarks.report import Figures, Report, Target, percentile, spread

PRESSES = 200


def press(number: int, token: str) -> tuple[bytes, str]:
    """A press on a question's button; the same number is the same press."""
    body = {
        "type": "block_actions",
        "team": {"id": "T0DEMO"},
        "user": {"id": "U0ANN", "name": "ann"},
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "D0ANN"},
        "trigger_id": f"{number}.3.load",
        "channel": {"id": "D0ANN"},
        "actions": [{"action_id": "answer_attach", "value": token, "action_ts": f"{number}.0001"}],
    }
    return urlencode({"payload": json.dumps(body)}).encode(), "application/x-www-form-urlencoded"


async def press_all(url: str, tokens: list[str]) -> Outcome:
    """All presses in one moment, a tenth of them sent twice.

    Connections are open and requests signed beforehand, because Slack does neither on this machine.
    """
    outcome, at = Outcome(), httpx.URL(url)
    calls = [press(number, token) for number, token in enumerate(tokens)]
    calls += calls[::REPEAT_EVERY]
    opened = [await asyncio.open_connection(at.host, at.port) for _ in calls]
    ready = [request_of(at, *call) for call in calls]
    began = time.monotonic()

    async def send(number: int) -> None:
        reader, writer = opened[number]
        writer.write(ready[number])
        try:
            status = await asyncio.wait_for(reader.readline(), 30)
        except (OSError, TimeoutError):
            outcome.refused += 1
            return
        into = outcome.waits if number < len(tokens) else outcome.repeats
        into.append(time.monotonic() - began)
        outcome.refused += b" 200 " not in status

    await asyncio.gather(*(send(number) for number in range(len(calls))))
    for _, writer in opened:
        writer.close()
    return outcome


def request_of(url: httpx.URL, raw: bytes, kind: str) -> bytes:
    """A whole HTTP request, signed."""
    headers = signed(raw, kind) | {"host": url.netloc.decode(), "content-length": str(len(raw))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {url.path} HTTP/1.1\r\n{head}\r\n".encode() + raw


def ask_questions(count: int) -> list[str]:
    """So many open questions about as many entries; the tokens of their buttons."""
    from include.durable.api import create_hook, hook_token
    from include.entries.state import HANDLER
    from include.store.models import Entry, Request
    from include.store.session import session_scope

    tokens = []
    with session_scope() as session:
        request = Request(slug="csv", title="Export tables as CSV", description="")
        session.add(request)
        session.flush()
        for number in range(count):
            run_id = f"pressed-{number}-{request.id}"
            entry = Entry(
                idempotency_key=run_id,
                source="api",
                customer_pain="We copy tables by hand.",
                severity="low",
                status="waiting",
                dag_id="process_customer_entry",
                run_id=run_id,
            )
            session.add(entry)
            session.flush()
            hook = create_hook(
                session,
                dag_id=entry.dag_id,
                run_id=run_id,
                name="answer",
                kind="approval",
                question={
                    "entries": [[entry.id, 0.85]],
                    "request_id": request.id,
                    "request_status": "open",
                    "options": ["attach", "create", "set_aside"],
                },
                responders=["slack:U0ANN"],
                handler=HANDLER,
            )
            tokens.append(hook_token(session, hook.id))
    return tokens


def answered() -> tuple[int, int]:
    """How many questions are answered, and how many decisions their answers made."""
    from include.store.models import Decision, Hook, HookStatus
    from include.store.session import session_scope

    with session_scope() as session:
        closed = select(func.count()).where(Hook.status == HookStatus.ANSWERED)
        made = select(func.count()).where(Decision.step == "answer")
        return session.scalar(closed) or 0, session.scalar(made) or 0


def measure(*, quick: bool) -> Report:
    """Two hundred presses at once (fifty when quick), after a warm-up."""
    count = 50 if quick else PRESSES
    with stand() as (relay, airflow):
        asyncio.run(send_all(f"{relay}/events", 2, 0))
        settle(airflow)
        tokens = ask_questions(count)
        began = time.monotonic()
        outcome = asyncio.run(press_all(f"{relay}/interactive", tokens))
        settle(airflow)
        settled = time.monotonic() - began
        closed, decided = answered()
    waits = outcome.waits + outcome.repeats
    return Report(
        name="relay_burst",
        purpose=f"{count} presses in one moment, a tenth of them twice, on a relay as shipped.",
        figures=[
            Figures(
                "Seconds to the acknowledgement",
                ("Calls", "n", "p50", "p95", "min", "max", "p99"),
                [("all", *spread(waits), f"{percentile(waits, 99):.3f}")],
                "From the moment of the first press. Sender, relay and PostgreSQL share the "
                "machine; Slack is away.",
            ),
            Figures(
                "What became of them",
                ("Count", ""),
                [
                    ("questions", str(count)),
                    ("calls", str(len(waits))),
                    ("not acknowledged with 200", str(outcome.refused)),
                    ("answered", str(closed)),
                    ("decisions", str(decided)),
                    ("seconds until all were carried out", f"{settled:.1f}"),
                ],
            ),
        ],
        targets=[
            Target("acknowledgement, p99", 1.0, percentile(waits, 99)),
            Target("lost", 0, float(count - closed + outcome.refused), "presses"),
            Target("done twice", 0, float(max(0, decided - count)), "presses"),
        ],
    )

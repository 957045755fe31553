"""The line from the sandbox to the app: signed, three seconds, repeated as Slack repeats.

Over HTTP, or through the socket that the app has open (Socket Mode).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.slack.sockets import SocketDesk

Json = dict[str, Any]

ANSWER_SECONDS = 3.0
# Slack waits about nothing, a minute and five minutes; nobody waits that long for a demo.
RETRY_DELAYS = (0.3, 1.0, 2.0)
STALE_SECONDS = 6 * 60
_BODY_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Sending:
    """How a request is to be sent, for tests of the receiving side.

    Args:
        repeat: How many more times the same request follows the first.
        wrong_signature: Sign with another secret.
        stale: Claim a timestamp older than Slack's five minutes (properly signed).
        no_signature: Leave the signature headers out.
        retry_num: Headers of Slack's n-th repeat on the first request already.
        transport: ``http`` or ``socket``; by default the socket when the app has one open.
    """

    repeat: int = 0
    wrong_signature: bool = False
    stale: bool = False
    no_signature: bool = False
    retry_num: int = 0
    transport: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one request to the relay."""

    status: int | None
    body: str
    elapsed_ms: float
    error: str | None = None
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        """Whether the relay answered 2xx in time."""
        return self.status is not None and 200 <= self.status < 300

    def as_json(self) -> Json:
        """For the test API."""
        return {**asdict(self), "ok": self.ok}


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's request signature, version 0: HMAC-SHA256 over ``v0:<timestamp>:<raw body>``."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class RelayLine:
    """Sends payloads to the relay's URL."""

    def __init__(
        self,
        url: str,
        secret: str,
        clock: Callable[[], float] = time.time,
        *,
        sockets: SocketDesk | None = None,
    ) -> None:
        self.url = url
        self._sockets = sockets
        self._secret = secret
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(30.0), trust_env=False)
        self._retries: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop repeating and close connections."""
        await self.reset()
        await self._client.aclose()

    async def reset(self) -> None:
        """Stop repeating."""
        repeats = list(self._retries)
        for task in repeats:
            task.cancel()
        await asyncio.gather(*repeats, return_exceptions=True)

    async def send_form(self, fields: dict[str, str], how: Sending) -> list[Delivery]:
        """Send a slash command, or an interaction as its one field ``payload``."""
        body = urlencode(fields).encode()
        kind = "application/x-www-form-urlencoded"
        if self._over_socket(how):
            inner = json.loads(fields["payload"]) if "payload" in fields else fields
            name = "interactive" if "payload" in fields else "slash_commands"
            return [await self._send_over_socket(name, inner) for _ in range(how.repeat + 1)]
        return [
            await self._send(body, kind, how, how.retry_num if n == 0 else 0)
            for n in range(how.repeat + 1)
        ]

    async def send_payload(self, payload: Json, how: Sending) -> list[Delivery]:
        """Send an interaction."""
        return await self.send_form({"payload": json.dumps(payload)}, how)

    async def send_event(self, envelope: Json, how: Sending) -> list[Delivery]:
        """Send an event; one that is not taken is repeated up to three times in the background."""
        if self._over_socket(how):
            return [
                await self._send_over_socket("events_api", envelope, how.retry_num + n)
                for n in range(how.repeat + 1)
            ]
        body = json.dumps(envelope).encode()
        done = [await self._send(body, "application/json", how, how.retry_num)]
        for n in range(1, how.repeat + 1):
            done.append(await self._send(body, "application/json", how, how.retry_num + n))
        plain = how == Sending()
        if plain and not done[0].ok and not done[0].no_retry:
            task = asyncio.create_task(self._repeat(body, done[0]))
            self._retries.add(task)
            task.add_done_callback(self._retries.discard)
        return done

    def _over_socket(self, how: Sending) -> bool:
        if self._sockets is None or how.transport == "http":
            return False
        # Signatures exist over HTTP only; so does forging them.
        forged = how.wrong_signature or how.stale or how.no_signature
        return how.transport == "socket" or (self._sockets.is_open and not forged)

    async def _send_over_socket(self, kind: str, payload: Json, retry: int = 0) -> Delivery:
        assert self._sockets is not None
        started = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._sockets.send(
                    kind, payload, retry=retry, reason="timeout" if retry else ""
                )
        except TimeoutError:
            return Delivery(None, "", _ms(started), "http_timeout")
        except ConnectionError:
            return Delivery(None, "", _ms(started), "connection_failed")
        return Delivery(200, json.dumps(answer) if answer else "", _ms(started))

    async def _repeat(self, body: bytes, last: Delivery) -> None:
        for number, delay in enumerate(RETRY_DELAYS, start=1):
            await asyncio.sleep(delay)
            reason = last.error or "http_error"
            last = await self._send(body, "application/json", Sending(), number, reason)
            if last.ok or last.no_retry:
                return

    async def _send(
        self, body: bytes, kind: str, how: Sending, retry: int, reason: str = "http_timeout"
    ) -> Delivery:
        stamp = str(int(self._clock()) - (STALE_SECONDS if how.stale else 0))
        headers = {"Content-Type": kind, "User-Agent": "Slackbot 1.0 (sandbox)"}
        if not how.no_signature:
            secret = self._secret + ("-wrong" if how.wrong_signature else "")
            headers["X-Slack-Request-Timestamp"] = stamp
            headers["X-Slack-Signature"] = sign(secret, stamp, body)
        if retry:
            headers["X-Slack-Retry-Num"] = str(retry)
            headers["X-Slack-Retry-Reason"] = reason
        started = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await self._client.post(self.url, content=body, headers=headers)
        except (TimeoutError, httpx.TimeoutException):
            return Delivery(None, "", _ms(started), "http_timeout")
        except httpx.HTTPError:
            return Delivery(None, "", _ms(started), "connection_failed")
        no_retry = answer.headers.get("x-slack-no-retry") == "1"
        return Delivery(
            answer.status_code, answer.text[:_BODY_LIMIT], _ms(started), no_retry=no_retry
        )


def _ms(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)

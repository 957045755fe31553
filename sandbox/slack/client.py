"""A small client of the sandbox for tests: act as a person, look at what happened."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

Json = dict[str, Any]


class SlackSandbox:
    """The sandbox at a base URL. Use as a context manager, or call :meth:`close`."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx.Client(base_url=self.base_url, timeout=60, trust_env=False)

    def __enter__(self) -> SlackSandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def api_url(self) -> str:
        """For ``slack_sdk.WebClient(base_url=...)`` and the Airflow connection."""
        return f"{self.base_url}/api/"

    def act(self, kind: str, user: str, **fields: Any) -> Json:
        """Do something as a person; how the relay answered.

        Besides the fields of the action: ``repeat``, ``wrong_signature``, ``stale``,
        ``no_signature``, ``retry_num`` (see :class:`sandbox.slack.relay.Sending`).

        Raises:
            ValueError: The person cannot do that; nothing was sent.
        """
        body = {"type": kind, "user": user, **fields}
        answer = self._http.post("/sandbox/act", json=body)
        document: Json = answer.json()
        if answer.status_code != 200:
            raise ValueError(document["message"])
        return document

    def click(self, user: str, channel: str, ts: str, action_id: str, **more: Any) -> Json:
        """Press a button, or choose in a select with ``value=``, in a message."""
        return self.act("click", user, channel=channel, ts=ts, action_id=action_id, **more)

    def click_view(self, user: str, action_id: str, view_id: str, **more: Any) -> Json:
        """Press a button in an open modal or in App Home."""
        return self.act("click", user, action_id=action_id, view_id=view_id, **more)

    def command(
        self, user: str, command: str, text: str = "", channel: str = "C0FEEDBACK", **more: Any
    ) -> Json:
        """Type a slash command."""
        return self.act("command", user, command=command, text=text, channel=channel, **more)

    def say(self, user: str, channel: str, text: str, **more: Any) -> Json:
        """Post a message as a person; ``ts`` in the result is the message's."""
        return self.act("message", user, channel=channel, text=text, **more)

    def react(self, user: str, channel: str, ts: str, name: str, **more: Any) -> Json:
        """Add a reaction, or take it back with ``remove=True``."""
        return self.act("reaction", user, channel=channel, ts=ts, name=name, **more)

    def submit(self, user: str, values: Json, view_id: str | None = None, **more: Any) -> Json:
        """Submit the modal the person sees; values by block_id."""
        return self.act("submit_view", user, values=values, view_id=view_id, **more)

    def close_view(self, user: str, **more: Any) -> Json:
        """Close the modal the person sees."""
        return self.act("close_view", user, **more)

    def shortcut(self, user: str, callback_id: str, **more: Any) -> Json:
        """Use a global shortcut."""
        return self.act("shortcut", user, callback_id=callback_id, **more)

    def message_shortcut(
        self, user: str, channel: str, ts: str, callback_id: str, **more: Any
    ) -> Json:
        """Use a shortcut from a message's menu."""
        return self.act(
            "message_shortcut", user, channel=channel, ts=ts, callback_id=callback_id, **more
        )

    def suggest(self, user: str, action_id: str, value: str, **more: Any) -> list[Json]:
        """Type into an external select; the options the relay offers."""
        options: list[Json] = self.act("suggest", user, action_id=action_id, value=value, **more)[
            "options"
        ]
        return options

    def open_home(self, user: str) -> Json:
        """Open the app's Home tab."""
        return self.act("open_home", user)

    def event(self, user: str, event: Json, **more: Any) -> Json:
        """Send any event of the Events API."""
        return self.act("event", user, event=event, **more)

    def state(self) -> Json:
        """Everything there is."""
        document: Json = self._http.get("/sandbox/state").raise_for_status().json()
        return document

    def view(self, user: str) -> Json | None:
        """The modal the person sees."""
        stack = self.state()["views"].get(user) or [None]
        top: Json | None = stack[-1]
        return top

    def messages(self, channel: str, user: str | None = None) -> list[Json]:
        """All messages of a channel, replies too; ``user`` adds their ephemerals."""
        params = {"channel": channel} | ({"user": user} if user else {})
        answer = self._http.get("/sandbox/messages", params=params)
        if answer.status_code == 404:
            return []
        found: list[Json] = answer.raise_for_status().json()["messages"]
        return found

    def dm(self, user: str) -> list[Json]:
        """The messages between the app and a person; empty before the first."""
        return self.messages("D" + user[1:], user)

    def wait_for_message(
        self,
        predicate: Callable[[Json], bool],
        timeout: float = 10.0,
        *,
        channel: str | None = None,
        user: str | None = None,
    ) -> Json:
        """The newest message that fits, once there is one. It carries its ``channel``.

        Raises:
            TimeoutError: None came in time; the message says what there was instead.
        """
        deadline = time.monotonic() + timeout
        while True:
            found = self._everything(channel, user)
            for message in reversed(found):
                if predicate(message):
                    return message
            if time.monotonic() > deadline:
                texts = [m.get("text", "")[:80] for m in found[-5:]]
                raise TimeoutError(f"no such message after {timeout} s; the last were {texts}")
            time.sleep(0.02)

    def _everything(self, channel: str | None, user: str | None) -> list[Json]:
        if channel is not None:
            return [{**m, "channel": channel} for m in self.messages(channel, user)]
        state = self.state()
        found = [{**m, "channel": c} for c, ms in state["messages"].items() for m in ms]
        found += state["ephemerals"]
        return sorted(found, key=lambda m: str(m["ts"]))

    def faults(self, method: str, **fields: Any) -> None:
        """Queue trouble for a Web API method (see :class:`~sandbox.slack.faults.Fault`).

        Raises:
            ValueError: The fault makes no sense.
        """
        answer = self._http.post("/sandbox/faults", json={"method": method, **fields})
        if answer.status_code != 200:
            raise ValueError(answer.json()["message"])

    def clear_faults(self) -> None:
        """Forget the queued trouble."""
        self._http.delete("/sandbox/faults").raise_for_status()

    def calls(self) -> dict[str, int]:
        """How often each Web API method was called."""
        counts: dict[str, int] = self._http.get("/sandbox/calls").raise_for_status().json()["calls"]
        return counts

    def reset(self) -> None:
        """Back to the seeded workspace."""
        self._http.post("/sandbox/reset", json={}).raise_for_status()

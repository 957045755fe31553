"""Modals and App Home: who has what open, and which clicks may still open one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.slack import seed
from sandbox.slack.blockkit import check_view
from sandbox.slack.errors import SlackError
from sandbox.slack.workspace import with_ids

if TYPE_CHECKING:
    from sandbox.slack.journal import Journal
    from sandbox.slack.workspace import Workspace

Json = dict[str, Any]

TRIGGER_SECONDS = 3.0
MAX_STACK = 3


@dataclass(slots=True)
class _Trigger:
    user: str
    born: float
    used: bool = False


class ViewDesk:
    """Hands out trigger ids and holds each person's open views."""

    def __init__(self, workspace: Workspace, journal: Journal) -> None:
        self._workspace = workspace
        self._journal = journal
        self._triggers: dict[str, _Trigger] = {}
        self.stacks: dict[str, list[Json]] = {}
        self.homes: dict[str, Json] = journal.load("home")
        self.errors: dict[str, dict[str, str]] = {}

    def reset(self) -> None:
        """Close everything; trigger ids given out so far become invalid."""
        self._triggers.clear()
        self.stacks.clear()
        self.errors.clear()
        self.homes.clear()

    def new_trigger(self, user: str) -> str:
        """A trigger id that opens one view for this person within three seconds."""
        trigger = f"{secrets.randbelow(10**13):013d}.{secrets.randbelow(10**12):012d}."
        trigger += secrets.token_hex(16)
        self._triggers[trigger] = _Trigger(user, self._workspace.clock())
        return trigger

    def _exchange(self, trigger_id: str) -> str:
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._workspace.clock() - trigger.born > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def open(self, trigger_id: str, view: Json) -> Json:
        """Open a modal for the person who clicked, in place of what they had open."""
        check_view(view)
        user = self._exchange(trigger_id)
        self._refuse_duplicate(view)
        opened = self._build(view, None)
        self.stacks[user] = [opened]
        self._workspace.touch()
        return opened

    def push(self, trigger_id: str, view: Json) -> Json:
        """Put a modal on top of the person's open one."""
        check_view(view)
        return self.push_for(self._exchange(trigger_id), view)

    def push_for(self, user: str, view: Json) -> Json:
        """Push without a trigger: the answer to a submission."""
        check_view(view)
        stack = self.stacks.get(user)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= MAX_STACK:
            raise SlackError("push_limit_reached")
        self._refuse_duplicate(view)
        opened = self._build(view, stack[-1])
        stack.append(opened)
        self._workspace.touch()
        return opened

    def update(
        self, view: Json, *, view_id: str = "", external_id: str = "", view_hash: str = ""
    ) -> Json:
        """Replace the content of an open modal; its id stays."""
        check_view(view)
        user, place, old = self._find(view_id, external_id)
        if view_hash and view_hash != old["hash"]:
            raise SlackError("hash_conflict")
        new = self._build(view, None) | {
            k: old[k] for k in ("id", "root_view_id", "previous_view_id")
        }
        self.stacks[user][place] = new
        self.errors.pop(new["id"], None)
        self._workspace.touch()
        return new

    def publish(self, user: str, view: Json, view_hash: str = "") -> Json:
        """Replace the person's App Home."""
        check_view(view)
        self._workspace.person(user)
        old = self.homes.get(user)
        if old and view_hash and view_hash != old["hash"]:
            raise SlackError("hash_conflict")
        new = self._build(view, None)
        if old:
            new |= {"id": old["id"], "root_view_id": old["id"]}
        self.homes[user] = new
        self._journal.put("home", user, new)
        self._workspace.touch()
        return new

    def of_user(self, user: str, view_id: str) -> Json | None:
        """The person's open modal or home with this id."""
        home = self.homes.get(user)
        candidates = [*self.stacks.get(user, []), *([home] if home else [])]
        return next((v for v in candidates if v["id"] == view_id), None)

    def top(self, user: str) -> Json | None:
        """The modal the person sees, if any."""
        stack = self.stacks.get(user)
        return stack[-1] if stack else None

    def close(self, user: str, *, everything: bool = False) -> None:
        """Close the top modal, or all of them."""
        stack = self.stacks.get(user, [])
        for view in list(stack) if everything else stack[-1:]:
            self.errors.pop(view["id"], None)
            stack.remove(view)
        self._workspace.touch()

    def show_errors(self, view_id: str, errors: dict[str, str]) -> None:
        """Show messages under the inputs of an open modal."""
        self.errors[view_id] = errors
        self._workspace.touch()

    def _refuse_duplicate(self, view: Json) -> None:
        external = view.get("external_id")
        views = [v for stack in self.stacks.values() for v in stack]
        if external and any(v["external_id"] == external for v in views):
            raise SlackError("duplicate_external_id")

    def _find(self, view_id: str, external_id: str) -> tuple[str, int, Json]:
        for user, stack in self.stacks.items():
            for place, view in enumerate(stack):
                if view["id"] == view_id or (external_id and view["external_id"] == external_id):
                    return user, place, view
        raise SlackError("not_found")

    def _build(self, view: Json, below: Json | None) -> Json:
        view_id = "V0" + secrets.token_hex(5).upper()
        return {
            "id": view_id,
            "team_id": seed.TEAM["id"],
            "type": view["type"],
            "blocks": with_ids(view["blocks"]),
            "private_metadata": view.get("private_metadata") or "",
            "callback_id": view.get("callback_id") or "",
            "state": {"values": {}},
            "hash": f"{int(self._workspace.clock())}.{secrets.token_urlsafe(6)}",
            "title": view.get("title"),
            "clear_on_close": bool(view.get("clear_on_close")),
            "notify_on_close": bool(view.get("notify_on_close")),
            "close": view.get("close"),
            "submit": view.get("submit"),
            "previous_view_id": below["id"] if below else None,
            "root_view_id": below["root_view_id"] if below else view_id,
            "app_id": seed.APP_ID,
            "external_id": view.get("external_id") or "",
            "app_installed_team_id": seed.TEAM["id"],
            "bot_id": seed.BOT_ID,
        }

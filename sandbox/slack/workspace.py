"""Channels, messages and reactions of the sandbox, kept in memory and written through."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from sandbox.slack import seed
from sandbox.slack.errors import SlackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.slack.journal import Journal

Json = dict[str, Any]
_NAMELESS_PARTS = ("button", "select", "overflow", "input", "picker", "checkboxes", "radio_buttons")


def with_ids(blocks: Iterable[Json]) -> list[Json]:
    """Copies of the blocks with the ``block_id`` and ``action_id`` Slack adds where missing."""
    out: list[Json] = []
    for block in blocks:
        new = {"block_id": secrets.token_urlsafe(4)[:5], **block}
        for place in ("accessory", "element"):
            if isinstance(new.get(place), dict):
                new[place] = _with_action_id(new[place])
        if new.get("type") == "actions":
            new["elements"] = [_with_action_id(e) for e in new["elements"]]
        out.append(new)
    return out


def _with_action_id(element: Json) -> Json:
    if any(part in str(element.get("type", "")) for part in _NAMELESS_PARTS):
        return {"action_id": secrets.token_urlsafe(4)[:5], **element}
    return element


def _name_blocks(message: Json, changed: Json) -> None:
    if changed.get("blocks"):
        message["blocks"] = with_ids(changed["blocks"])
    if changed.get("attachments"):
        message["attachments"] = [
            {**a, "blocks": with_ids(a["blocks"])} if a.get("blocks") else a
            for a in changed["attachments"]
        ]


class Workspace:
    """The workspace. Every change raises :attr:`version`, which the page polls."""

    def __init__(self, journal: Journal, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.version = 0
        self._journal = journal
        self._last_ts = 0
        self.people: dict[str, seed.Person] = {p.id: p for p in seed.PEOPLE}
        self.undisturbed: dict[str, tuple[float, float]] = {}
        self.deactivated: set[str] = set()
        self.channels: dict[str, Json] = {}
        self._messages: dict[str, dict[str, Json]] = {}
        self._load()

    def _load(self) -> None:
        self.channels = {c["id"]: c for c in seed.channels()}
        self.channels.update(self._journal.load("channel"))
        self._messages = {}
        for key, message in self._journal.load("message").items():
            channel, ts = key.split("/")
            self._messages.setdefault(channel, {})[ts] = message
            self._last_ts = max(self._last_ts, int(ts.replace(".", "")))

    def touch(self) -> None:
        """Tell the page that something changed."""
        self.version += 1

    def reset(self) -> None:
        """Back to the seed. Timestamps keep increasing."""
        self._journal.clear()
        self.undisturbed.clear()
        self.deactivated.clear()
        self._load()
        self.touch()

    def next_ts(self) -> str:
        """A unique, increasing timestamp: seconds, a dot, six digits."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        seconds, micros = divmod(self._last_ts, 1_000_000)
        return f"{seconds}.{micros:06d}"

    # People and channels

    def person(self, user: str) -> seed.Person:
        """The member with this id, or ``user_not_found``."""
        try:
            return self.people[user]
        except KeyError:
            raise SlackError("user_not_found") from None

    def user_object(self, user: str) -> Json:
        """The member as ``users.info`` shows them."""
        return {**seed.user_object(self.person(user)), "deleted": user in self.deactivated}

    def channel(self, channel: str) -> Json:
        """The channel with this id or ``#name``, or ``channel_not_found``."""
        found = self.channels.get(channel)
        if found is None and channel:
            name = channel.removeprefix("#")
            found = next((c for c in self.channels.values() if c.get("name") == name), None)
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def open_dm(self, users: list[str]) -> tuple[Json, bool]:
        """The conversation of the app with these people, and whether it was open already."""
        others = sorted({u for u in users if u != seed.BOT_USER})
        for user in others:
            self.person(user)
        if not others:
            raise SlackError("cannot_dm_bot")
        single = len(others) == 1
        channel_id = "D" + others[0][1:] if single else "G" + "".join(u[1:] for u in others)
        if channel_id in self.channels:
            return self.channels[channel_id], True
        channel: Json = {
            "id": channel_id,
            "created": int(self.clock()),
            "is_channel": False,
            "is_im": single,
            "is_mpim": not single,
            "is_private": True,
            "is_archived": False,
            "is_ext_shared": False,
            "members": [*others, seed.BOT_USER],
        }
        channel |= {"user": others[0]} if single else {"name": "mpdm-" + "-".join(others).lower()}
        self.save_channel(channel)
        return channel, False

    def save_channel(self, channel: Json) -> None:
        """Keep a new or changed channel."""
        self.channels[channel["id"]] = channel
        self._journal.put("channel", channel["id"], channel)
        self.touch()

    def can_see(self, user: str, channel: str) -> bool:
        """Whether the person is in the conversation."""
        return user in self.channel(channel)["members"]

    # Messages

    def post(
        self, channel: str, user: str, *, ephemeral_to: str | None = None, **body: Any
    ) -> Json:
        """Add a message; ``None`` values in the body are left out.

        Raises:
            SlackError: ``thread_not_found`` for a reply to nothing.
        """
        thread = body.get("thread_ts")
        ts = self.next_ts()
        message: Json = {"type": "message", "user": user, "ts": ts, "team": seed.TEAM["id"]}
        if user == seed.BOT_USER:
            message |= {"bot_id": seed.BOT_ID, "app_id": seed.APP_ID}
        message |= {k: v for k, v in body.items() if v is not None}
        _name_blocks(message, message)
        if thread and not ephemeral_to:
            parent = self._messages.get(channel, {}).get(thread)
            if parent is None:
                raise SlackError("thread_not_found")
            message["parent_user_id"] = parent["user"]
        if ephemeral_to:
            message["ephemeral_to"] = ephemeral_to
        self._save(channel, message)
        return message

    def message(self, channel: str, ts: str) -> Json:
        """The message, or ``message_not_found``."""
        found = self._messages.get(channel, {}).get(ts)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def edit(self, channel: str, ts: str, changes: Json) -> Json:
        """Replace parts of a message; a value of ``None`` removes the part."""
        message = {
            k: v for k, v in {**self.message(channel, ts), **changes}.items() if v is not None
        }
        _name_blocks(message, changes)
        self._save(channel, message)
        return message

    def delete(self, channel: str, ts: str) -> None:
        """Remove a message, or ``message_not_found``."""
        self.message(channel, ts)
        del self._messages[channel][ts]
        self._journal.delete("message", f"{channel}/{ts}")
        self.touch()

    def all_messages(self, channel: str) -> list[Json]:
        """Everything in the conversation, ephemerals and replies too, oldest first."""
        return sorted(self._messages.get(channel, {}).values(), key=lambda m: str(m["ts"]))

    def replies(self, channel: str, ts: str) -> list[Json]:
        """The replies of a thread without the parent, oldest first."""
        return [
            m
            for m in self.all_messages(channel)
            if m.get("thread_ts") == ts and m["ts"] != ts and "ephemeral_to" not in m
        ]

    def timeline(self, channel: str) -> list[Json]:
        """What the channel shows to everybody: no ephemerals, no replies; oldest first."""
        return [
            m
            for m in self.all_messages(channel)
            if "ephemeral_to" not in m
            and (m.get("thread_ts") in (None, m["ts"]) or m.get("subtype") == "thread_broadcast")
        ]

    def as_slack(self, channel: str, message: Json, *, metadata: bool = False) -> Json:
        """The message as the Web API returns it, with the thread's numbers."""
        shown = {k: v for k, v in message.items() if k not in ("ephemeral_to", "metadata")}
        if metadata and "metadata" in message:
            shown["metadata"] = message["metadata"]
        replies = self.replies(channel, message["ts"])
        if replies:
            users = list(dict.fromkeys(r["user"] for r in replies))
            shown |= {
                "thread_ts": message["ts"],
                "reply_count": len(replies),
                "reply_users": users,
                "reply_users_count": len(users),
                "latest_reply": replies[-1]["ts"],
            }
        return shown

    # Reactions

    def react(self, channel: str, ts: str, name: str, user: str) -> None:
        """Add a reaction, or ``already_reacted``."""
        message = self.message(channel, ts)
        reactions = [dict(r) for r in message.get("reactions", [])]
        entry = next((r for r in reactions if r["name"] == name), None)
        if entry is None:
            reactions.append({"name": name, "users": [user], "count": 1})
        elif user in entry["users"]:
            raise SlackError("already_reacted")
        else:
            entry |= {"users": [*entry["users"], user], "count": entry["count"] + 1}
        self._save(channel, {**message, "reactions": reactions})

    def unreact(self, channel: str, ts: str, name: str, user: str) -> None:
        """Take a reaction back, or ``no_reaction``."""
        message = self.message(channel, ts)
        reactions: list[Json] = []
        found = False
        for entry in message.get("reactions", []):
            users = list(entry["users"])
            if entry["name"] == name and user in users:
                found = True
                users.remove(user)
            if users:
                reactions.append({"name": entry["name"], "users": users, "count": len(users)})
        if not found:
            raise SlackError("no_reaction")
        self._save(channel, {**message, "reactions": reactions})

    def _save(self, channel: str, message: Json) -> None:
        self._messages.setdefault(channel, {})[message["ts"]] = message
        self._journal.put("message", f"{channel}/{message['ts']}", message)
        self.touch()

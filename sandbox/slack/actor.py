"""Acting as a person: what the page's buttons do and what tests call."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandbox.slack import forms, payloads, seed
from sandbox.slack.args import Args
from sandbox.slack.errors import ActError, SlackError
from sandbox.slack.hub import ResponseTarget
from sandbox.slack.web_api import write_response

if TYPE_CHECKING:
    from sandbox.slack.hub import Hub
    from sandbox.slack.relay import Delivery, RelayLine, Sending

Json = dict[str, Any]

_URL = re.compile(r"https?://[^\s<>|]+")
_HANDLE = re.compile(r"(?<!\w)@([a-z][a-z0-9-]*)")


class Actor:
    """Turns what a person does into what Slack would send the relay."""

    def __init__(self, hub: Hub, relay: RelayLine) -> None:
        self._hub = hub
        self._relay = relay

    async def reset(self) -> None:
        """A fresh workspace (:meth:`Hub.reset`), whose app is told nothing more of the old one."""
        await self._relay.reset()
        await self._hub.sockets.reset()
        self._hub.reset()

    async def act(self, kind: str, user: str, fields: Json, how: Sending) -> Json:
        """Do one thing as a person.

        Returns:
            ``ok``, ``status``, ``body``, ``elapsed_ms``, ``error`` of the first request to the
            relay, and all ``deliveries``.

        Raises:
            ActError: The person cannot do that; nothing was sent.
            SlackError: The channel, message or user does not exist.
        """
        handlers = {
            "click": self._click,
            "command": self._command,
            "message": self._message,
            "reaction": self._reaction,
            "submit_view": self._submit,
            "close_view": self._close,
            "shortcut": self._shortcut,
            "message_shortcut": self._message_shortcut,
            "suggest": self._suggest,
            "open_home": self._open_home,
            "event": self._event,
            "do_not_disturb": self._do_not_disturb,
            "deactivate": self._deactivate,
        }
        handler = handlers.get(kind)
        if handler is None:
            raise ActError(f"unknown type {kind!r}; there are {sorted(handlers)}")
        self._hub.workspace.person(user)
        return await handler(user, fields, how)

    async def _do_not_disturb(self, user: str, fields: Json, how: Sending) -> Json:
        """Pause notifications for ``minutes``; 0 takes it back."""
        del how
        now = self._hub.workspace.clock()
        until = now + 60 * float(fields.get("minutes") or 0)
        self._hub.workspace.undisturbed[user] = now, until
        self._hub.workspace.touch()
        return {"ok": True, "deliveries": []}

    async def _deactivate(self, user: str, fields: Json, how: Sending) -> Json:
        """Close the account, or with ``back`` open it again."""
        del how
        gone = self._hub.workspace.deactivated
        (gone.discard if fields.get("back") else gone.add)(user)
        self._hub.workspace.touch()
        return {"ok": True, "deliveries": []}

    def _place(self, user: str, fields: Json) -> Json:
        channel = self._hub.workspace.channel(str(fields.get("channel") or ""))
        if user not in channel["members"] and not fields.get("force"):
            raise ActError(f"{user} is not in {channel['id']}")
        return channel

    def _target(self, user: str, fields: Json) -> tuple[Json, Json]:
        channel = self._place(user, fields)
        message = self._hub.workspace.message(channel["id"], str(fields.get("ts") or ""))
        if message.get("ephemeral_to", user) != user:
            raise ActError(f"message {message['ts']} is shown to somebody else only")
        return channel, message

    def _response_url(self, user: str, channel: Json, message: Json | None = None) -> str:
        target = ResponseTarget(user, channel["id"], self._hub.workspace.clock())
        if message is not None:
            target.message_ts, target.thread_ts = message["ts"], message.get("thread_ts")
        return self._hub.response_url(target)

    async def _click(self, user: str, fields: Json, how: Sending) -> Json:
        workspace = self._hub.workspace
        action_id, block_id = str(fields.get("action_id") or ""), fields.get("block_id")
        value, values = fields.get("value"), fields.get("values") or {}
        trigger = self._hub.views.new_trigger(user)
        if fields.get("view_id"):
            view = self._view(user, fields)
            block, element = forms.find(view["blocks"], action_id, block_id, value)
            payload = payloads.view_actions(
                workspace.person(user),
                view,
                forms.action_of(block, element, value, workspace.next_ts()),
                state=forms.fill(view["blocks"], values, require=False),
                trigger_id=trigger,
            )
        else:
            channel, message = self._target(user, fields)
            blocks = message.get("blocks") or []
            for attachment in message.get("attachments") or ():
                blocks = [*blocks, *(attachment.get("blocks") or ())]
            block, element = forms.find(blocks, action_id, block_id, value)
            payload = payloads.message_actions(
                workspace.person(user),
                channel,
                message,
                forms.action_of(block, element, value, workspace.next_ts()),
                state=forms.fill(blocks, values, require=False),
                trigger_id=trigger,
                response_url=self._response_url(user, channel, message),
            )
        return _result(await self._relay.send_payload(payload, how), payload)

    async def _command(self, user: str, fields: Json, how: Sending) -> Json:
        command = str(fields.get("command") or "")
        if not command.startswith("/"):
            raise ActError(f"a command starts with a slash, not {command!r}")
        channel = self._place(user, {"channel": "C0FEEDBACK", **fields})
        form = payloads.slash_command(
            self._hub.workspace.person(user),
            channel,
            command,
            str(fields.get("text") or ""),
            trigger_id=self._hub.views.new_trigger(user),
            response_url=self._response_url(user, channel),
        )
        deliveries = await self._relay.send_form(form, how)
        target = ResponseTarget(user, channel["id"], self._hub.workspace.clock())
        for delivery in deliveries:
            self._show_command_answer(target, command, delivery)
        return _result(deliveries, form)

    def _show_command_answer(self, target: ResponseTarget, command: str, answer: Delivery) -> None:
        if not answer.ok:
            why = "operation_timeout" if answer.error == "http_timeout" else "dispatch_failed"
            text = f'{command} failed with the error "{why}"'
            write_response(self._hub, target, Args({"text": text}))
            return
        if not answer.body.strip():
            return
        try:
            document = json.loads(answer.body)
        except ValueError:
            document = {"text": answer.body}
        if isinstance(document, dict) and (document.get("text") or document.get("blocks")):
            write_response(self._hub, target, Args(document))

    async def _message(self, user: str, fields: Json, how: Sending) -> Json:
        workspace = self._hub.workspace
        channel = self._place(user, fields)
        typed = str(fields.get("text") or "")
        if not typed.strip():
            raise ActError("an empty message cannot be sent")
        text = self._as_slack_text(typed)
        thread = fields.get("thread_ts") or None
        message = workspace.post(channel["id"], user, text=text, thread_ts=thread)
        result: Json = {"ok": True, "deliveries": [], "ts": message["ts"], "text": text}
        if seed.BOT_USER not in channel["members"]:
            return result
        kind = "im" if channel["is_im"] else "mpim" if channel.get("is_mpim") else "channel"
        place = {"channel": channel["id"], "event_ts": message["ts"]}
        events = [{**message, **place, "channel_type": kind}]
        if f"<@{seed.BOT_USER}>" in text and not channel["is_im"]:
            events.append({**message, **place, "type": "app_mention"})
        links = [
            {"url": url, "domain": urlsplit(url).hostname or ""}
            for url in _URL.findall(typed)
            if (urlsplit(url).hostname or "") in self._hub.unfurl_domains
        ]
        if links:
            events.append(
                {
                    "type": "link_shared",
                    "user": user,
                    "message_ts": message["ts"],
                    "links": links,
                    "source": "conversations_history",
                    "unfurl_id": f"{channel['id']}.{message['ts']}",
                    "is_bot_user_member": True,
                    **({"thread_ts": thread} if thread else {}),
                    **place,
                }
            )
        for event in events:
            envelope = payloads.event_callback(workspace, event, channel)
            deliveries = await self._relay.send_event(envelope, how)
            result["deliveries"] += [d.as_json() for d in deliveries]
        return {
            **result["deliveries"][0],
            **result,
            "ok": all(d["ok"] for d in result["deliveries"]),
        }

    def _as_slack_text(self, typed: str) -> str:
        """Escape and link what was typed, as Slack does before it stores it."""
        handles = {p.handle: p.id for p in self._hub.workspace.people.values()}
        text = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        text = _URL.sub(lambda m: f"<{m[0]}>", text)
        return _HANDLE.sub(lambda m: f"<@{handles[m[1]]}>" if m[1] in handles else m[0], text)

    async def _reaction(self, user: str, fields: Json, how: Sending) -> Json:
        channel, message = self._target(user, fields)
        name = str(fields.get("name") or fields.get("reaction") or "").strip(":")
        if not name:
            raise ActError("a reaction needs a name")
        removed = bool(fields.get("remove"))
        change = self._hub.workspace.unreact if removed else self._hub.workspace.react
        change(channel["id"], message["ts"], name, user)
        event = {
            "type": "reaction_removed" if removed else "reaction_added",
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": channel["id"], "ts": message["ts"]},
            "item_user": message["user"],
            "event_ts": self._hub.workspace.next_ts(),
        }
        if seed.BOT_USER not in channel["members"]:
            return {"ok": True, "deliveries": []}
        return await self._send_event(event, channel, how)

    def _view(self, user: str, fields: Json) -> Json:
        view_id = str(fields.get("view_id") or "")
        view = self._hub.views.of_user(user, view_id) if view_id else self._hub.views.top(user)
        if view is None:
            raise ActError(f"{user} has no open view {view_id}".rstrip())
        return view

    async def _submit(self, user: str, fields: Json, how: Sending) -> Json:
        view = self._view(user, fields)
        if view["type"] != "modal" or not view["submit"]:
            raise ActError("this view cannot be submitted")
        payload = payloads.view_submission(
            self._hub.workspace.person(user),
            view,
            state=forms.fill(view["blocks"], fields.get("values") or {}, require=True),
            trigger_id=self._hub.views.new_trigger(user),
        )
        deliveries = await self._relay.send_payload(payload, how)
        if deliveries[0].ok:
            self._follow_submission(user, view, deliveries[0].body)
        return _result(deliveries, payload)

    def _follow_submission(self, user: str, view: Json, body: str) -> None:
        try:
            answer = json.loads(body) if body.strip() else {}
        except ValueError:
            answer = {}
        views, wanted = self._hub.views, answer.get("response_action")
        if views.of_user(user, view["id"]) is None:
            return
        if wanted == "errors":
            views.show_errors(view["id"], answer.get("errors") or {})
        elif wanted == "update":
            views.update(answer["view"], view_id=view["id"])
        elif wanted == "push":
            views.push_for(user, answer["view"])
        else:
            views.close(user, everything=wanted == "clear")

    async def _close(self, user: str, fields: Json, how: Sending) -> Json:
        view = self._view(user, fields)
        everything = bool(view["clear_on_close"] or fields.get("everything"))
        told = [v for v in self._hub.views.stacks.get(user, []) if v["notify_on_close"]]
        told = told if everything else [v for v in told if v["id"] == view["id"]]
        self._hub.views.close(user, everything=everything)
        deliveries: list[Delivery] = []
        for closed in told:
            person = self._hub.workspace.person(user)
            payload = payloads.view_closed(person, closed, is_cleared=everything)
            deliveries += await self._relay.send_payload(payload, how)
        return _result(deliveries, None)

    async def _shortcut(self, user: str, fields: Json, how: Sending) -> Json:
        payload = payloads.global_shortcut(
            self._hub.workspace.person(user),
            _needed(fields, "callback_id"),
            trigger_id=self._hub.views.new_trigger(user),
            ts=self._hub.workspace.next_ts(),
        )
        return _result(await self._relay.send_payload(payload, how), payload)

    async def _message_shortcut(self, user: str, fields: Json, how: Sending) -> Json:
        channel, message = self._target(user, fields)
        payload = payloads.message_shortcut(
            self._hub.workspace.person(user),
            channel,
            self._hub.workspace.as_slack(channel["id"], message),
            _needed(fields, "callback_id"),
            trigger_id=self._hub.views.new_trigger(user),
            response_url=self._response_url(user, channel),
            ts=self._hub.workspace.next_ts(),
        )
        return _result(await self._relay.send_payload(payload, how), payload)

    async def _suggest(self, user: str, fields: Json, how: Sending) -> Json:
        if fields.get("view_id"):
            view = self._view(user, fields)
            blocks = view["blocks"]
            owner: Json = {"container": {"type": "view", "view_id": view["id"]}, "view": view}
        else:
            channel, message = self._target(user, fields)
            blocks = message.get("blocks") or []
            container = {"message_ts": message["ts"], "channel_id": channel["id"]}
            owner = {"container": {"type": "message", **container}, "message": message}
        block, element = forms.find(
            blocks, _needed(fields, "action_id"), fields.get("block_id"), None
        )
        payload = payloads.block_suggestion(
            self._hub.workspace.person(user),
            owner,
            block_id=block["block_id"],
            action_id=element["action_id"],
            value=str(fields.get("value") or ""),
        )
        deliveries = await self._relay.send_payload(payload, how)
        try:
            answer = json.loads(deliveries[0].body) if deliveries[0].ok else {}
        except ValueError:
            answer = {}
        options = forms.options_of(answer if isinstance(answer, dict) else {})
        return {**_result(deliveries, payload), "options": options}

    async def _open_home(self, user: str, fields: Json, how: Sending) -> Json:
        channel, _ = self._hub.workspace.open_dm([user])
        event: Json = {
            "type": "app_home_opened",
            "user": user,
            "channel": channel["id"],
            "tab": str(fields.get("tab") or "home"),
            "event_ts": self._hub.workspace.next_ts(),
        }
        if user in self._hub.views.homes:
            event["view"] = self._hub.views.homes[user]
        return await self._send_event(event, channel, how)

    async def _event(self, user: str, fields: Json, how: Sending) -> Json:
        event = fields.get("event")
        if not isinstance(event, dict) or "type" not in event:
            raise ActError("an event needs an object 'event' with a type")
        try:
            channel = self._hub.workspace.channel(str(event.get("channel") or ""))
        except SlackError:
            channel = None
        stamped = {"user": user, "event_ts": self._hub.workspace.next_ts(), **event}
        return await self._send_event(stamped, channel, how)

    async def _send_event(self, event: Json, channel: Json | None, how: Sending) -> Json:
        envelope = payloads.event_callback(self._hub.workspace, event, channel)
        return _result(await self._relay.send_event(envelope, how), envelope)


def _needed(fields: Json, name: str) -> str:
    value = str(fields.get(name) or "")
    if not value:
        raise ActError(f"{name} is needed")
    return value


def _result(deliveries: list[Delivery], sent: Json | None) -> Json:
    first = deliveries[0].as_json() if deliveries else {"ok": True}
    return {**first, "deliveries": [d.as_json() for d in deliveries], "sent": sent}

"""``/``: the page a person uses, and the pieces of HTML it asks for."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.slack import seed
from sandbox.slack.mrkdwn import EMOJI, emoji
from sandbox.slack.render import Renderer, attributes

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.slack.hub import Hub

Json = dict[str, Any]

_HERE = Path(__file__).parent
_ASSETS = {"page.css": "text/css", "page.js": "text/javascript"}
_TEMPLATES = Environment(loader=FileSystemLoader(_HERE), autoescape=select_autoescape())
_QUICK_REACTIONS = (seed.REACTION, "+1", "eyes", "white_check_mark", "tada", "x")


class PageView:
    """What one person sees, as HTML pieces with keys, so that the page swaps only what changed."""

    def __init__(self, hub: Hub, user: str) -> None:
        self._hub = hub
        self._user = user
        people = [(p.id, p.name) for p in hub.workspace.people.values()]
        self._render = Renderer(self._name, people)

    def _name(self, some_id: str) -> str:
        person = self._hub.workspace.people.get(some_id)
        if person is not None:
            return person.name
        channel = self._hub.workspace.channels.get(some_id)
        return str((channel or {}).get("name") or some_id)

    def conversations(self) -> list[Json]:
        """Channels, then the conversation with the app; with the newest timestamp of each."""
        workspace = self._hub.workspace
        mine = [c for c in workspace.channels.values() if self._user in c["members"]]
        dm_id = "D" + self._user[1:]
        dm = workspace.channels.get(dm_id, {"id": dm_id, "is_im": True, "members": []})
        out = []
        for channel in [c for c in mine if not c["is_im"]] + [dm]:
            seen = [
                m["ts"]
                for m in workspace.all_messages(channel["id"])
                if m.get("ephemeral_to") in (None, self._user) and m["user"] != self._user
            ]
            app = workspace.person(seed.BOT_USER).name
            out.append(
                {
                    "id": channel["id"],
                    "name": app if channel["is_im"] else channel["name"],
                    "is_im": channel["is_im"],
                    "shared": bool(channel.get("is_ext_shared")),
                    "topic": (channel.get("topic") or {}).get("value", ""),
                    "latest": max(seen, default=""),
                }
            )
        return out

    def messages(self, channel: str, thread: str | None) -> list[Json]:
        """The pieces of a channel, or of one of its threads."""
        workspace = self._hub.workspace
        if channel in workspace.channels and not workspace.can_see(self._user, channel):
            return []
        everything = [
            m
            for m in workspace.all_messages(channel)
            if m.get("ephemeral_to") in (None, self._user)
        ]
        if thread:
            shown = [m for m in everything if thread in (m["ts"], m.get("thread_ts"))]
        else:
            shown = [
                m
                for m in everything
                if m.get("thread_ts") in (None, m["ts"]) or m.get("subtype") == "thread_broadcast"
            ]
        return [_piece(m["ts"], self._message(channel, m, in_thread=bool(thread))) for m in shown]

    def _message(self, channel: str, message: Json, *, in_thread: bool) -> str:
        workspace = self._hub.workspace
        person = workspace.person(message["user"])
        private = "ephemeral_to" in message
        at = datetime.fromtimestamp(float(message["ts"]), UTC)
        body = self._body(message)
        replies = [] if in_thread else workspace.replies(channel, message["ts"])
        badge = '<span class="app-badge">APP</span>' if person.is_bot else ""
        edited = '<span class="edited">(edited)</span>' if message.get("edited") else ""
        note = '<div class="only-you">Only visible to you</div>' if private else ""
        thread = ""
        if replies:
            noun = "reply" if len(replies) == 1 else "replies"
            attrs = attributes(
                type="button", class_="thread-link", data_thread=message["ts"], data_testid="thread"
            )
            thread = f"<button {attrs}>{len(replies)} {noun}</button>"
        tools = "" if private else self._tools(message, in_thread=in_thread)
        initials = "".join(part[0] for part in person.name.split()[:2])
        head = attributes(
            class_="message ephemeral" if private else "message",
            data_ts=message["ts"],
            data_testid="message",
        )
        stamp = attributes(datetime=at.isoformat(), title=at.isoformat(" ", "seconds"))
        return (
            f"<article {head}>"
            f'<div class="avatar" style="background:#{person.color}" aria-hidden="true">'
            f"{escape(initials)}</div>"
            f'<div class="message-main">{note}'
            f'<div class="message-head"><b>{escape(person.name)}</b>'
            f"{badge}<time {stamp}>{at:%H:%M}</time>{edited}</div>"
            f'<div class="message-body">{body}</div>'
            f"{self._reactions(message)}{thread}</div>{tools}</article>"
        )

    def _body(self, message: Json) -> str:
        blocks = message.get("blocks")
        text = str(message.get("text") or "")
        out = self._render.blocks(blocks) if blocks else f"<div>{self._render.mrkdwn(text)}</div>"
        for attachment in message.get("attachments") or ():
            inner = self._render.blocks(attachment.get("blocks") or ())
            if not inner:
                title = attachment.get("title") or attachment.get("fallback") or ""
                text = attachment.get("text") or ""
                inner = f"<b>{escape(str(title))}</b><div>{self._render.mrkdwn(str(text))}</div>"
            out += f'<div class="attachment">{inner}</div>'
        for file in message.get("files") or ():
            attrs = attributes(href=file["url_private"], class_="file", target="_blank")
            if file["mimetype"].startswith("image/"):
                shown = f"<img {attributes(src=file['url_private'], alt=file['title'])}>"
            else:
                shown = f"📄 {escape(file['title'])}"
            out += f"<a {attrs}>{shown}</a>"
        return out

    def _reactions(self, message: Json) -> str:
        out = ""
        for reaction in message.get("reactions") or ():
            mine = self._user in reaction["users"]
            attrs = attributes(
                type="button",
                class_="reaction mine" if mine else "reaction",
                data_reaction=reaction["name"],
                data_mine=mine,
                title=", ".join(self._name(u) for u in reaction["users"]),
                aria_label=f"{reaction['name']}: {reaction['count']}",
                data_testid=f"reaction-{reaction['name']}",
            )
            out += f"<button {attrs}>{emoji(reaction['name'])} {reaction['count']}</button>"
        return f'<div class="reactions">{out}</div>' if out else ""

    def _tools(self, message: Json, *, in_thread: bool) -> str:
        out = ""
        mine = {r["name"] for r in message.get("reactions", ()) if self._user in r["users"]}
        for name in _QUICK_REACTIONS:
            attrs = attributes(
                type="button",
                class_="tool",
                data_reaction=name,
                data_mine=name in mine,
                title=f"React with :{name}:",
            )
            shown = emoji(name) if name in EMOJI else "💬"
            out += f'<button {attrs} aria-label="React with {name}">{shown}</button>'
        for shortcut in self._hub.features.shortcuts:
            if shortcut.kind == "message":
                attrs = attributes(
                    type="button", class_="tool wide", data_message_shortcut=shortcut.callback_id
                )
                out += f"<button {attrs}>{escape(shortcut.name)}</button>"
        if not in_thread:
            ts = message.get("thread_ts") or message["ts"]
            attrs = attributes(type="button", class_="tool wide", data_thread=ts)
            out += f"<button {attrs}>Reply in thread</button>"
        return f'<div class="tools" role="toolbar" aria-label="Message actions">{out}</div>'

    def modal(self) -> Json | None:
        """The modal on top of the person's stack."""
        view = self._hub.views.top(self._user)
        if view is None:
            return None
        errors = self._hub.views.errors.get(view["id"], {})
        piece = _piece(view["id"], self._render.blocks(view["blocks"], errors))
        return piece | {
            "hash": view["hash"],
            "errors": {k: str(v) for k, v in errors.items()},
            "title": view["title"]["text"],
            "submit": (view.get("submit") or {}).get("text"),
            "close": (view.get("close") or {"text": "Close"})["text"],
        }

    def home(self) -> Json | None:
        """App Home, once it was published."""
        view = self._hub.views.homes.get(self._user)
        return _piece(view["id"], self._render.blocks(view["blocks"])) if view else None


def _piece(key: str, markup: str) -> Json:
    digest = hashlib.blake2b(markup.encode(), digest_size=8).hexdigest()
    return {"key": key, "digest": digest, "html": markup}


async def show(request: Request) -> Response:
    """The frame; the script fills it."""
    hub: Hub = request.app.state.hub
    people = [p for p in hub.workspace.people.values() if not p.is_bot]
    boot = {
        "people": [{"id": p.id, "name": p.name} for p in people],
        "commands": hub.features.commands,
        "shortcuts": [
            {"id": s.callback_id, "name": s.name}
            for s in hub.features.shortcuts
            if s.kind == "global"
        ],
    }
    markup = _TEMPLATES.get_template("page.html").render(
        team=seed.TEAM["name"],
        people=people,
        shortcuts=boot["shortcuts"],
        commands=", ".join(hub.features.commands),
        relay=hub.settings.relay_url,
        boot=json.dumps(boot).replace("<", "\\u003c"),
    )
    policy = "default-src 'self'; img-src * data:; style-src 'self' 'unsafe-inline'"
    return HTMLResponse(markup, headers={"Content-Security-Policy": policy})


async def data(request: Request) -> Response:
    """What the person sees now, or only the version when nothing changed since."""
    hub: Hub = request.app.state.hub
    query = request.query_params
    version = hub.workspace.version
    if query.get("since") == str(version):
        return JSONResponse({"version": version})
    user = query.get("user", "")
    if user not in hub.workspace.people:
        return JSONResponse({"error": "user_not_found"}, 404)
    view = PageView(hub, user)
    channel, thread = query.get("channel", ""), query.get("thread")
    return JSONResponse(
        {
            "version": version,
            "conversations": view.conversations(),
            "messages": view.messages(channel, None),
            "thread": view.messages(channel, thread) if thread else [],
            "modal": view.modal(),
            "home": view.home(),
        }
    )


async def asset(request: Request) -> Response:
    """The style sheet and the script."""
    name = request.path_params["name"]
    if name not in _ASSETS:
        return Response(status_code=404)
    content = (_HERE / name).read_bytes()
    return Response(content, media_type=_ASSETS[name], headers={"Cache-Control": "no-cache"})


async def permalink(request: Request) -> Response:
    """A permalink opens the page at its message."""
    stamp = request.path_params["stamp"].removeprefix("p")
    ts = f"{stamp[:-6]}.{stamp[-6:]}"
    thread = request.query_params.get("thread_ts", "")
    channel = request.path_params["channel"]
    return RedirectResponse(
        f"/?channel={channel}&ts={ts}" + (f"&thread={thread}" if thread else "")
    )


ROUTES = [
    Route("/", show),
    Route("/page/data", data),
    Route("/page/{name}", asset),
    Route("/archives/{channel}/{stamp}", permalink),
]

"""``/sandbox/*``: the API for tests, and what the page itself calls."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.slack import seed
from sandbox.slack.errors import ActError, SlackError
from sandbox.slack.relay import Sending

if TYPE_CHECKING:
    from starlette.requests import Request

    from sandbox.slack.actor import Actor
    from sandbox.slack.hub import Hub

Json = dict[str, Any]

MOST_PEOPLE = 1_000
_SENDING = {f.name for f in fields(Sending)}


def _refuse(message: str, status: int = 400) -> Response:
    return JSONResponse({"ok": False, "error": "cannot_act", "message": message}, status)


async def _body(request: Request) -> Json:
    # A web page elsewhere can post text/plain without asking; JSON makes the browser ask first.
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise ActError("send application/json")
    try:
        document = json.loads(await request.body() or b"{}")
    except ValueError:
        raise ActError("the body is not JSON") from None
    if not isinstance(document, dict):
        raise ActError("the body is not a JSON object")
    return document


async def act(request: Request) -> Response:
    """Act as a person; answers what the relay answered."""
    actor: Actor = request.app.state.actor
    try:
        body = await _body(request)
        how = Sending(**{k: body.pop(k) for k in _SENDING & body.keys()})
        kind, user = str(body.pop("type", "")), str(body.pop("user", ""))
        return JSONResponse(await actor.act(kind, user, body, how))
    except ActError as exc:
        return _refuse(str(exc))
    except SlackError as exc:
        return JSONResponse({"ok": False, "error": exc.code, "message": exc.code}, 404)


async def state(request: Request) -> Response:
    """Everything there is, as JSON."""
    hub: Hub = request.app.state.hub
    workspace = hub.workspace
    return JSONResponse(
        {
            "team": seed.TEAM,
            "users": [workspace.user_object(user) for user in workspace.people],
            "channels": list(workspace.channels.values()),
            "messages": {
                c: [m for m in workspace.all_messages(c) if "ephemeral_to" not in m]
                for c in workspace.channels
            },
            "ephemerals": [
                {**m, "channel": c}
                for c in workspace.channels
                for m in workspace.all_messages(c)
                if "ephemeral_to" in m
            ],
            "views": hub.views.stacks,
            "view_errors": hub.views.errors,
            "homes": hub.views.homes,
            "faults": hub.faults.listing(),
            "version": workspace.version,
        }
    )


async def messages(request: Request) -> Response:
    """All messages of a channel, replies too, oldest first; ``user`` adds their ephemerals."""
    hub: Hub = request.app.state.hub
    user = request.query_params.get("user")
    try:
        channel = hub.workspace.channel(request.query_params.get("channel", ""))["id"]
    except SlackError as exc:
        return JSONResponse({"ok": False, "error": exc.code}, 404)
    found = [
        m for m in hub.workspace.all_messages(channel) if m.get("ephemeral_to") in (None, user)
    ]
    return JSONResponse({"ok": True, "channel": channel, "messages": found})


async def faults(request: Request) -> Response:
    """Queue trouble (POST), list it (GET), forget it (DELETE)."""
    hub: Hub = request.app.state.hub
    if request.method == "DELETE":
        hub.faults.clear()
    elif request.method == "POST":
        try:
            return JSONResponse({"ok": True, "fault": asdict(hub.faults.add(await _body(request)))})
        except (ValueError, ActError) as exc:
            return _refuse(str(exc))
    return JSONResponse({"ok": True, "faults": hub.faults.listing()})


async def reset(request: Request) -> Response:
    """Back to the seeded workspace."""
    actor: Actor = request.app.state.actor
    try:
        await _body(request)
    except ActError as exc:
        return _refuse(str(exc))
    await actor.reset()
    return JSONResponse({"ok": True})


async def crowd(request: Request) -> Response:
    """Let so many more invented people join, for a burst of feedback; their ids."""
    hub: Hub = request.app.state.hub
    try:
        count = (await _body(request)).get("count")
    except ActError as exc:
        return _refuse(str(exc))
    if not isinstance(count, int) or not 0 < count <= MOST_PEOPLE:
        return _refuse(f"count must be a number from 1 to {MOST_PEOPLE}")
    people = [seed.stranger(number) for number in range(1, count + 1)]
    hub.workspace.people.update({person.id: person for person in people})
    hub.workspace.touch()
    return JSONResponse({"ok": True, "users": [person.id for person in people]})


async def calls(request: Request) -> Response:
    """How often each Web API method was called."""
    hub: Hub = request.app.state.hub
    return JSONResponse(hub.calls.listing())


async def healthz(request: Request) -> Response:
    """Alive, and what it is."""
    hub: Hub = request.app.state.hub
    return JSONResponse({"ok": True, "service": "slack-sandbox", "relay": hub.settings.relay_url})


ROUTES = [
    Route("/sandbox/act", act, methods=["POST"]),
    Route("/sandbox/state", state),
    Route("/sandbox/messages", messages),
    Route("/sandbox/faults", faults, methods=["GET", "POST", "DELETE"]),
    Route("/sandbox/reset", reset, methods=["POST"]),
    Route("/sandbox/calls", calls),
    Route("/sandbox/crowd", crowd, methods=["POST"]),
    Route("/healthz", healthz),
]

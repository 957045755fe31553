"""``/api/<method>``, ``/response/<id>``, uploads: what the app calls."""

from __future__ import annotations

import asyncio
import hmac
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.slack import api_chat, api_conversations, api_people, seed
from sandbox.slack.args import Args, read_args
from sandbox.slack.errors import SlackError
from sandbox.slack.hub import RESPONSE_URL_SECONDS, RESPONSE_URL_USES, Hub, ResponseTarget

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from sandbox.slack.faults import Fault

Json = dict[str, Any]

METHODS: dict[str, Callable[[Hub, Args], Json]] = {
    **api_chat.METHODS,
    **api_conversations.METHODS,
    **api_people.METHODS,
}
_NEEDS_NO_TOKEN = ("api.test",)
_NEEDS_APP_TOKEN = ("apps.connections.open",)


def _check_token(hub: Hub, request: Request, args: Args, method: str) -> None:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else args.text("token")
    if not token:
        raise SlackError("not_authed")
    by_app = method in _NEEDS_APP_TOKEN
    wanted = hub.settings.app_token if by_app else hub.settings.bot_token
    if by_app and token.startswith("xoxb-"):
        raise SlackError("not_allowed_token_type")
    if not hmac.compare_digest(token.encode(), wanted.encode()):
        raise SlackError("invalid_auth")


def _refusal(code: str, messages: list[str]) -> Json:
    answer: Json = {"ok": False, "error": code}
    if messages:
        answer["response_metadata"] = {"messages": messages}
    return answer


def _faulty(fault: Fault) -> Response:
    headers = {}
    if fault.retry_after is not None or fault.error == "ratelimited":
        headers["Retry-After"] = str(1 if fault.retry_after is None else fault.retry_after)
    if fault.error == "ratelimited":
        return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)
    if fault.error:
        return JSONResponse(_refusal(fault.error, []), fault.status or 200, headers)
    if fault.status == 429:
        return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)
    return PlainTextResponse("sandbox fault", fault.status or 503, headers)


async def call_method(request: Request) -> Response:
    """Answer one Web API call, after any scripted trouble."""
    hub: Hub = request.app.state.hub
    method = request.path_params["method"]
    args = Args({})
    outcome = "ok"
    fault: Fault | None = None
    try:
        args = await read_args(request)
        handler = METHODS.get(method)
        if handler is None:
            raise SlackError("unknown_method")
        if method not in _NEEDS_NO_TOKEN:
            _check_token(hub, request, args, method)
        fault = hub.faults.take(method, args.values)
        if fault is not None and fault.delay_seconds:
            await asyncio.sleep(fault.delay_seconds)
        failing = fault is not None and bool(fault.error or fault.status)
        if not failing or (fault is not None and fault.applied):
            answer: Json = {"ok": True, **handler(hub, args)}
        if fault is not None and failing:
            outcome = fault.error or f"http_{fault.status}"
            return _faulty(fault)
        return JSONResponse(answer, headers={"X-OAuth-Scopes": ",".join(hub.features.scopes)})
    except SlackError as exc:
        outcome = exc.code
        return JSONResponse(_refusal(exc.code, exc.messages))
    finally:
        target = args.text("channel") or args.text("user_id") or args.text("user")
        hub.calls.note(method, target, outcome, hub.workspace.clock())


async def respond(request: Request) -> Response:
    """A ``response_url``: five uses within half an hour."""
    hub: Hub = request.app.state.hub
    target = hub.responses.get(request.path_params["key"])
    if target is None or hub.workspace.clock() - target.born > RESPONSE_URL_SECONDS:
        return JSONResponse({"ok": False, "error": "expired_url"}, 404)
    if target.uses >= RESPONSE_URL_USES:
        return JSONResponse({"ok": False, "error": "used_url"}, 404)
    outcome = "ok"
    try:
        args = Args(json.loads(await request.body()))
        write_response(hub, target, args)
    except (ValueError, TypeError):
        outcome = "invalid_payload"
        return PlainTextResponse(outcome, 400)
    except SlackError as exc:
        outcome = exc.code
        return JSONResponse(_refusal(exc.code, exc.messages), 400)
    finally:
        hub.calls.note("response_url", target.channel, outcome, hub.workspace.clock())
    target.uses += 1
    return PlainTextResponse("ok")


def write_response(hub: Hub, target: ResponseTarget, args: Args) -> None:
    """Do what a response asks: delete, replace, or add a message."""
    workspace, ts = hub.workspace, target.message_ts
    if args.flag("delete_original"):
        if ts is None:
            raise SlackError("cant_delete_message")
        return workspace.delete(target.channel, ts)
    body = api_chat.message_body(args, api_chat.POST_LIMIT)
    if args.flag("replace_original") and ts is not None:
        workspace.edit(target.channel, ts, body)
        return None
    ephemeral = args.text("response_type", "ephemeral") != "in_channel"
    workspace.post(
        target.channel,
        seed.BOT_USER,
        ephemeral_to=target.user if ephemeral else None,
        thread_ts=args.text("thread_ts") or target.thread_ts,
        **body,
    )
    return None


async def upload(request: Request) -> Response:
    """Take the bytes of an announced file, raw or as a form."""
    hub: Hub = request.app.state.hub
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form() as form:
            parts = [v for v in form.values() if not isinstance(v, str)]
            content = await parts[0].read() if parts else b""
    else:
        content = await request.body()
    try:
        hub.files.receive(request.path_params["file_id"], content)
    except KeyError:
        return PlainTextResponse("no such upload", 404)
    except ValueError as exc:
        return PlainTextResponse(str(exc), 400)
    return PlainTextResponse(f"OK - {len(content)}")


async def download(request: Request) -> Response:
    """Give a completed file back."""
    hub: Hub = request.app.state.hub
    try:
        content, kind = hub.files.read(request.path_params["file_id"])
    except (KeyError, OSError):
        return PlainTextResponse("no such file", 404)
    return Response(content, media_type=kind)


ROUTES = [
    Route("/api/{method}", call_method, methods=["GET", "POST"]),
    Route("/response/{key}", respond, methods=["POST"]),
    Route("/upload/{file_id}", upload, methods=["POST"]),
    Route("/files/{file_id}/{name}", download, methods=["GET"]),
]

"""A scripted OpenAI-compatible chat endpoint on this machine, for the demo and the tests.

`python -m sandbox.chat_server --port 8093` answers `POST /v1/chat/completions` and
`GET /v1/models`. No model thinks here: answers are computed from the request by plain rules
(`sandbox.chat_answers`), so the same request always gets the same answer. What runs is the
production client, its prompts, its ledger and its budget.

`POST /sandbox/script` makes the next calls go wrong, or answer what a test wants:

    {"kind": "status", "status": 429, "retry_after": 2, "times": 3}
    {"kind": "slow", "delay_seconds": 5}        {"kind": "content", "content": "{...}"}
    {"kind": "cut"}   {"kind": "malformed"}   {"kind": "refusal"}   {"kind": "empty_choice"}
    {"kind": "no_choice"}   {"kind": "two_answers"}   {"kind": "two_choices"}   {"kind": "filtered"}
    {"kind": "unknown_id"}   {"kind": "confidence_7"}   {"kind": "same_id_twice"}
    {"kind": "raw", "status": 200, "body": {"choices": null}}
    {"lacks": ["json_schema", "json_object", "temperature", "max_completion_tokens", "system_role"]}
    {"lacks": ["json_schema"], "status": 500, "body": {"error": {"message": "as another says it"}}}

`times` counts the calls it is served to (default 1); `lacks`, and with what `status` and `body` it
is told, stay until `lacks` is set again.
`GET /sandbox/requests` shows the bodies that came in, newest last; `DELETE` forgets them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.chat_answers import answer_to, spoil

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

MODEL_NAME = "sandbox-words"
KINDS = (
    "status",
    "raw",
    "slow",
    "cut",
    "content",
    "malformed",
    "refusal",
    "filtered",
    "empty_choice",
    "no_choice",
    "two_answers",
    "two_choices",
    "unknown_id",
    "confidence_7",
    "same_id_twice",
)
KEPT = 200


@dataclass
class Script:
    """What the next `times` calls get."""

    kind: str = ""
    times: int = 1
    status: int = 500
    retry_after: float | None = None
    delay_seconds: float = 0.0
    content: str = ""
    lacks: list[str] | None = None
    body: Any = None


@dataclass
class _State:
    script: Script = field(default_factory=lambda: Script(times=0))
    lacks: frozenset[str] = frozenset()
    refusal: tuple[int, Any] | None = None
    seen: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))

    def next(self) -> Script:
        if self.script.times <= 0:
            return Script()
        self.script.times -= 1
        return self.script


def create_app() -> Starlette:
    """The application; its state is its own."""
    app = Starlette(
        routes=[
            Route("/v1/models", _models, methods=["GET"]),
            Route("/healthz", _healthz, methods=["GET"]),
        ]
    )
    add_chat(app)
    return app


def add_chat(app: Starlette) -> None:
    """Let an application answer chat requests too: the sandbox has one server for both."""
    app.state.sandbox = _State()
    app.routes.extend(
        [
            Route("/v1/chat/completions", _completions, methods=["POST"]),
            Route("/sandbox/script", _set_script, methods=["POST"]),
            Route("/sandbox/requests", _requests, methods=["GET", "DELETE"]),
        ]
    )


async def _healthz(_: Request) -> Response:
    return JSONResponse({"status": "ok", "model": MODEL_NAME})


async def _models(_: Request) -> Response:
    model = {"id": MODEL_NAME, "object": "model", "owned_by": "sandbox"}
    return JSONResponse({"object": "list", "data": [model]})


async def _set_script(request: Request) -> Response:
    state: _State = request.app.state.sandbox
    try:
        script = Script(**json.loads(await request.body() or b"{}"))
        valid = not script.kind or script.kind in KINDS
    except (TypeError, ValueError):
        valid = False
    if not valid:
        return _error(400, f"Send an object with a kind of {', '.join(KINDS)}, or lacks.")
    if script.lacks is not None:
        state.lacks = frozenset(script.lacks)
        state.refusal = (script.status, script.body) if script.body is not None else None
    state.script = script if script.kind else Script(times=0)
    return JSONResponse({"ok": True})


async def _requests(request: Request) -> Response:
    state: _State = request.app.state.sandbox
    if request.method == "DELETE":
        state.seen.clear()
    return JSONResponse(list(state.seen))


async def _completions(request: Request) -> Response:
    state: _State = request.app.state.sandbox
    if not request.headers.get("authorization", "").lower().startswith("bearer "):
        return _error(401, "Send any bearer token: 'Authorization: Bearer ...'.")
    try:
        body = json.loads(await request.body())
        messages = [(str(one["role"]), str(one["content"])) for one in body["messages"]]
        model = str(body["model"])
    except (KeyError, TypeError, ValueError):
        return _error(400, "The body is no chat request: model and messages are needed.")
    state.seen.append(body)
    lacking = _lacking(body, state.lacks)
    if lacking and state.refusal:
        return JSONResponse(state.refusal[1], status_code=state.refusal[0])
    if lacking:
        return _error(400, f"Unsupported parameter: {lacking!r} is not supported here.")
    script = state.next()
    if script.kind == "slow":
        await asyncio.sleep(script.delay_seconds)
    if script.kind == "cut":
        return _Cut()
    if script.kind == "raw":
        return JSONResponse(script.body, status_code=script.status)
    if script.kind == "status":
        answer = _error(script.status, "A fault was asked for.")
        if script.retry_after is not None:
            answer.headers["retry-after"] = f"{script.retry_after:g}"
        return answer
    form = (body.get("response_format") or {}).get("json_schema") or {}
    content = script.content
    if script.kind != "content":
        try:
            content = spoil(answer_to(form.get("name"), messages), script.kind)
        except LookupError as error:
            return _error(400, str(error))
    return JSONResponse(_completion(model, messages, content, script.kind))


def _lacking(body: dict[str, Any], lacks: frozenset[str]) -> str | None:
    form = (body.get("response_format") or {}).get("type")
    if form in lacks:
        return f"response_format.type={form}"
    if "system_role" in lacks and any(one["role"] == "system" for one in body["messages"]):
        return "system_role"
    return next((name for name in sorted(lacks) if name in body), None)


def _completion(
    model: str, messages: list[tuple[str, str]], content: str, kind: str
) -> dict[str, Any]:
    special: dict[str, list[str | None]] = {
        "empty_choice": [""],
        "no_choice": [],
        "refusal": [None],
        "two_choices": [content, "{}"],
    }
    contents = special.get(kind, [content])
    choices = [
        {
            "index": place,
            "finish_reason": "content_filter" if kind == "filtered" else "stop",
            "message": {
                "role": "assistant",
                "content": said,
                "refusal": "I can't help with that." if kind == "refusal" else None,
            },
        }
        for place, said in enumerate(contents)
    ]
    tokens_in = sum(len(text.split()) for _, text in messages)
    tokens_out = sum(len((said or "").split()) for said in contents)
    return {
        "id": "chatcmpl-sandbox",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": choices,
        "usage": {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        },
    }


class _Cut(JSONResponse):
    """Promises a body, sends half a line of it and hangs up."""

    def __init__(self) -> None:
        super().__init__({})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"id": "chatcm', "more_body": True})


def _error(status: int, message: str) -> JSONResponse:
    body: dict[str, Any] = {"message": message, "type": "sandbox_error", "code": None}
    return JSONResponse({"error": body}, status_code=status)


def main() -> None:
    parser = argparse.ArgumentParser(description="Scripted chat answers, OpenAI-compatible.")
    parser.add_argument("--port", type=int, default=8093)
    arguments = parser.parse_args()
    import uvicorn

    uvicorn.run(create_app(), host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()

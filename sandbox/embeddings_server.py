"""An OpenAI-compatible endpoint on this machine, for the demo and the tests.

`python -m sandbox.embeddings_server --port 8092` answers `POST /v1/embeddings` and
`GET /v1/models` with all-MiniLM-L6-v2 (384 dimensions), in floats or base64, to any bearer token.
Asked for multilingual-e5-small, it answers with that, where a C compiler made its engine.
`GET /healthz` tells that the model is loaded. `POST /sandbox/faults` makes the next calls fail:

    {"status": 429, "retry_after": 2, "delay_seconds": 0, "wrong_size": false, "times": 3}
    {"body": {"data": []}}   {"status": 400, "body": {"error": {"message": "as another says it"}}}
    {"most_inputs": 10, "status": 400}   {"most_bytes": 500, "status": 400}
    {"lacks_dimensions": true, "status": 400}

`body` is the whole answer; with `most_inputs`, `most_bytes` (of a text) or `lacks_dimensions` only
requests that break them suffer. `times` counts the embedding calls the fault is served to (default
1); `{"times": 0}` clears it.
It answers chat requests too, by plain rules (`sandbox.chat_server`), as model
`sandbox-words`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import struct
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox import e5
from sandbox.chat_server import MODEL_NAME as CHAT_MODEL_NAME
from sandbox.chat_server import add_chat
from sandbox.minilm import DIMENSIONS, MODEL_NAME, load

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from include.matching.types import Embedder

MAX_INPUTS = 2048


@dataclass
class Faults:
    """What the next `times` embedding calls suffer."""

    status: int | None = None
    retry_after: float | None = None
    delay_seconds: float = 0.0
    wrong_size: bool = False
    times: int = 1
    body: Any = None
    most_inputs: int | None = None
    most_bytes: int | None = None
    lacks_dimensions: bool = False

    def spares(self, body: dict[str, Any]) -> bool:
        """Whether a request keeps to what the fault is about."""
        limits = (self.most_inputs, self.most_bytes)
        if limits == (None, None) and not self.lacks_dimensions:
            return False
        given = body.get("input")
        texts = [given] if isinstance(given, str) else given or []
        return (
            len(texts) <= (self.most_inputs or MAX_INPUTS)
            and not (self.lacks_dimensions and "dimensions" in body)
            and all(len(text.encode()) <= (self.most_bytes or 10**9) for text in texts)
        )


class BadRequest(Exception):
    """The caller's mistake, answered as OpenAI answers it."""


def create_app(embedder: Embedder | None = None) -> Starlette:
    """The application around `embedder`, or around MiniLM, which is then loaded here.

    The model for other languages is loaded when it is first asked for.
    """
    chosen = embedder or load()
    app = Starlette(
        routes=[
            Route("/v1/embeddings", _embeddings, methods=["POST"]),
            Route("/v1/models", _models, methods=["GET"]),
            Route("/healthz", _healthz, methods=["GET"]),
            Route("/sandbox/faults", _set_faults, methods=["POST"]),
        ]
    )
    add_chat(app)
    app.state.embedder = chosen
    app.state.faults = Faults(times=0)
    app.state.lock = asyncio.Lock()
    return app


async def _healthz(request: Request) -> Response:
    return JSONResponse({"status": "ok", "model": request.app.state.embedder.model})


async def _models(request: Request) -> Response:
    if not _authorized(request):
        return _unauthorized()
    names = (request.app.state.embedder.model, CHAT_MODEL_NAME)
    models = [{"id": name, "object": "model", "owned_by": "sandbox"} for name in names]
    return JSONResponse({"object": "list", "data": models})


async def _set_faults(request: Request) -> Response:
    try:
        body = json.loads(await request.body() or b"{}")
        faults = Faults(**body)
        valid = (
            isinstance(faults.times, int)
            and (faults.status is None or 400 <= faults.status <= 599)
            and faults.delay_seconds >= 0
        )
    except (TypeError, ValueError):
        valid = False
    if not valid:
        wanted = "status (400 to 599), retry_after, delay_seconds, wrong_size, times"
        return _error(400, f"Send an object with any of {wanted}.")
    request.app.state.faults = faults
    return JSONResponse({"ok": True})


async def _embeddings(request: Request) -> Response:
    if not _authorized(request):
        return _unauthorized()
    faults = await _next_fault(request)
    if faults.delay_seconds:
        await asyncio.sleep(faults.delay_seconds)
    if faults.body is not None:
        return JSONResponse(faults.body, status_code=faults.status or 200)
    if faults.status is not None:
        answer = _error(faults.status, "A fault was asked for.")
        if faults.retry_after is not None:
            answer.headers["retry-after"] = f"{faults.retry_after:g}"
        return answer
    try:
        raw = await request.body()
        embedder = await asyncio.to_thread(_chosen, raw, request.app.state.embedder)
        texts, encoding = _read(raw, embedder.model)
    except (BadRequest, e5.NoCompiler) as error:
        return _error(400, str(error))
    except ClientDisconnect:
        return _error(499, "The caller has gone.")
    async with request.app.state.lock:  # one computation at a time: more would only share the core
        vectors = await asyncio.to_thread(embedder.embed, texts)
    if faults.wrong_size:
        vectors = [vector[:-1] for vector in vectors]
    tokens = sum(len(text.split()) for text in texts)
    return JSONResponse(
        {
            "object": "list",
            "model": embedder.model,
            "data": [
                {"object": "embedding", "index": index, "embedding": _encoded(vector, encoding)}
                for index, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )


def _chosen(raw: bytes, usual: Embedder) -> Embedder:
    """The model that a call names, where it is the one for other languages."""
    with suppress(ValueError):
        body = json.loads(raw)
        if isinstance(body, dict) and body.get("model") == e5.MODEL_NAME:
            return _other()
    return usual


@cache
def _other() -> Embedder:
    return e5.load()


async def _next_fault(request: Request) -> Faults:
    faults: Faults = request.app.state.faults
    if faults.times <= 0:
        return Faults()
    with suppress(ValueError, AttributeError, ClientDisconnect):
        if faults.spares(json.loads(await request.body())):
            return Faults()
    faults.times -= 1
    return faults


def _read(raw: bytes, model: str) -> tuple[list[str], str]:
    try:
        body = json.loads(raw)
    except ValueError:
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise BadRequest("The body is not a JSON object.")
    if body.get("model") != model:
        raise BadRequest(f"The sandbox offers the model {model!r} only.")
    if body.get("dimensions", DIMENSIONS) != DIMENSIONS:
        raise BadRequest(f"The model {model!r} has {DIMENSIONS} dimensions; ask for these.")
    encoding = body.get("encoding_format", "float")
    if encoding not in ("float", "base64"):
        raise BadRequest("encoding_format is 'float' or 'base64'.")
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadRequest("input is a string or a list of strings.")
    if not 1 <= len(texts) <= MAX_INPUTS or not all(texts):
        raise BadRequest(f"input holds 1 to {MAX_INPUTS} strings, none of them empty.")
    return texts, encoding


def _encoded(vector: list[float], encoding: str) -> list[float] | str:
    if encoding == "float":
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _authorized(request: Request) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and bool(token.strip())


def _unauthorized() -> JSONResponse:
    return _error(401, "Send any bearer token: 'Authorization: Bearer ...'.")


def _error(status: int, message: str) -> JSONResponse:
    body: dict[str, Any] = {"message": message, "type": "sandbox_error", "code": None}
    return JSONResponse({"error": body}, status_code=status)


def main() -> None:
    parser = argparse.ArgumentParser(description=f"Embeddings of {MODEL_NAME}, OpenAI-compatible.")
    parser.add_argument("--port", type=int, default=8092)
    arguments = parser.parse_args()
    import uvicorn

    uvicorn.run(create_app(), host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()

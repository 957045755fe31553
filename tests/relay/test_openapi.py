"""The relay's OpenAPI document, and calls made up from it: no 5xx, nothing without a signature."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from sqlalchemy import func, select

from include.relay import background, openapi
from include.relay.asgi import build
from include.store.models import Entry, SlackEvent
from include.store.session import session_scope

if TYPE_CHECKING:
    from tests.relay.support import Caller

EXAMPLES = 100
# Of each path: schemathesis's own parametrisation gives all of them one name.
OPERATIONS = [
    found.ok() for found in schemathesis.openapi.from_dict(openapi.document()).get_all_operations()
]


def test_the_document_in_the_repository_is_that_of_the_code() -> None:
    assert openapi.FILE.read_text(encoding="utf-8") == openapi.text()
    routes = {route.path for route in build().routes}  # type: ignore[attr-defined]
    assert set(openapi.document()["paths"]) == routes


def rows() -> int:
    with session_scope() as session:
        return sum(session.scalar(select(func.count(m.id))) or 0 for m in (SlackEvent, Entry))


@pytest.fixture
def caller(relay: Caller) -> Caller:
    """The relay's caller under a name that schemathesis does not use."""
    return relay


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.path.strip("/"))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(data=st.data())
def test_calls_made_up_from_the_document(operation: Any, data: Any, caller: Caller) -> None:
    """As they are, with a made-up signature: refused. Signed: taken or refused, never a 5xx."""
    ways = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    case = data.draw(st.one_of(ways))
    before = rows()
    prepared = case.as_transport_kwargs(base_url="http://relay")
    raw, kind = _body(case, prepared)
    headers = {name: str(value) for name, value in (case.headers or {}).items()}
    answer = caller.client.request(
        case.method, case.path, content=raw, headers={**_plain(headers), "content-type": kind}
    )
    if case.path == "/health":
        assert answer.status_code in (200, 405)
        return
    assert answer.status_code in (400, 401, 405, 413), answer.text
    assert rows() == before
    if case.method == "POST":
        signed = caller.send(raw, kind, path=case.path)
        assert signed.status_code in (200, 400, 413), signed.text
        assert background.drain()


def _body(case: Any, prepared: dict[str, Any]) -> tuple[bytes, str]:
    if prepared.get("json") is not None:
        return json.dumps(prepared["json"]).encode(), "application/json"
    data = prepared.get("data")
    if isinstance(data, dict):
        from urllib.parse import urlencode

        return urlencode({k: str(v) for k, v in data.items()}).encode(), (
            "application/x-www-form-urlencoded"
        )
    # Bytes that are no UTF-8 are refused as unsigned: the signature is over text.
    words = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data or "")
    return words.encode("utf-8", "replace"), str(case.media_type or "application/json")


def _plain(headers: dict[str, str]) -> dict[str, str]:
    return {
        name: value.encode("latin-1", "replace").decode("latin-1").strip() or "x"
        for name, value in headers.items()
        if value.isprintable()
    }

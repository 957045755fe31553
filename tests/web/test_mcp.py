"""The MCP server with the package's own client: it reads and acts with the caller's own rights."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from sqlalchemy import select

from include.store.models import AuditRow, Feedback, Hook, RequestMerge
from include.store.session import session_scope
from include.web.app import build
from tests.web.hosting import MOUNT, host, token_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.web.world import World

URL = f"http://airflow.example{MOUNT}/mcp"
TOOLS = {"search", "request", "entry", "report", "open_questions", "answer", "merge", "undo"}


@asynccontextmanager
async def assistant(
    role: str = "viewer", name: str = "ann@example.com"
) -> AsyncIterator[ClientSession]:
    """A client's session with the app in this process."""
    app = host()
    headers = {"authorization": f"Bearer {token_of(name, role)}"}
    transport = httpx2.ASGITransport(app=app)
    pages = next(route.app for route in app.routes if route.path == MOUNT)  # type: ignore[attr-defined]
    async with (
        pages.router.lifespan_context(pages),
        httpx2.AsyncClient(transport=transport, headers=headers) as client,
        streamable_http_client(URL, http_client=client) as (read, write),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session


async def call(session: ClientSession, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await session.call_tool(tool, arguments)
    assert not result.is_error, result.content
    found: dict[str, Any] = result.structured_content or {}
    return found


async def refused(session: ClientSession, tool: str, **arguments: Any) -> str:
    result = await session.call_tool(tool, arguments)
    assert result.is_error
    return str(getattr(result.content[0], "text", ""))


async def test_the_tools_say_which_of_them_change_something(world: World) -> None:
    async with assistant() as session:
        listed = (await session.list_tools()).tools
    assert {tool.name for tool in listed} == TOOLS
    writing = {tool.name for tool in listed if not tool.annotations.read_only_hint}
    assert writing == {"answer", "merge", "undo"}
    assert {tool.annotations.destructive_hint for tool in listed if tool.name in writing} == {True}


async def test_a_viewer_reads_everything(world: World) -> None:
    async with assistant() as session:
        found = await call(session, "search", query="export csv")
        assert found["items"][0]["slug"] == "csv-export"
        request = await call(session, "request", slug="csv-export")
        assert request["evidence"]["items"][1]["quote"] == "We retype every number by hand."
        assert (await call(session, "entry", entry_id=1))["request"] == "csv-export"
        areas = (await call(session, "report"))["result"]
        assert [one["slug"] for one in areas["items"]] == ["access", "reporting"]
        questions = await call(session, "open_questions")
        assert len(questions["items"]) == 2
        said = await refused(session, "request", slug="nothing")
        assert "there is no request 'nothing'" in said


async def test_a_viewer_changes_nothing(world: World) -> None:
    async with assistant() as session:
        [question, _] = (await call(session, "open_questions"))["items"]
        for tool, arguments in (
            ("answer", {"question_id": question["id"], "choice": "attach"}),
            ("merge", {"slug": "single-sign-on", "into": "csv-export"}),
            ("undo", {"entry_id": 1}),
        ):
            assert "lets you read" in await refused(session, tool, **arguments)
    with session_scope() as session_:
        assert set(session_.scalars(select(Hook.status))) == {"pending"}
        assert session_.scalars(select(RequestMerge)).all() == []


async def test_a_person_answers_merges_and_takes_back(world: World) -> None:
    async with assistant("user") as session:
        [question, _] = (await call(session, "open_questions", whose="mine"))["items"] + [None]
        asked = {"question_id": question["id"], "choice": "attach"}
        await call(session, "answer", **asked)
        assert "closed" in await refused(session, "answer", **asked)
        await call(session, "merge", slug="single-sign-on", into="csv-export", reason="Same")
        found = await call(session, "request", slug="single-sign-on")
        assert (found["slug"], found["is_survivor"]) == ("csv-export", True)
        await call(session, "undo", merged_request="single-sign-on")
        await call(session, "undo", entry_id=1)
        assert "give either" in await refused(session, "undo")
    with session_scope() as session_:
        hook = session_.scalars(select(Hook).where(Hook.status == "answered")).one()
        assert (hook.answered_by, hook.answered_via) == ("slack:U0ANN", "mcp")
        taken = session_.scalars(select(Feedback).where(Feedback.removed_at.is_not(None))).one()
        assert (taken.entry_id, taken.removed_by) == (1, "slack:U0ANN")
        written = select(AuditRow.actor, AuditRow.action).order_by(AuditRow.id)
        assert [tuple(row) for row in session_.execute(written)] == [
            ("slack:U0ANN", action) for action in ("answer", "merge", "unmerge", "correct")
        ]


async def test_only_whose_it_is_answers(world: World) -> None:
    async with assistant("user", "ben@nowhere.example") as session:
        items = (await call(session, "open_questions"))["items"]
        asked = next(one for one in items if one["asked"])
        said = await refused(session, "answer", question_id=asked["id"], choice="create")
        assert "can answer" in said or "concerns" in said


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Basic YTpi"}, 401),
        ({"authorization": "Bearer made.up.token"}, 403),
    ],
)
async def test_nobody_else_gets_in(world: World, headers: dict[str, str], status: int) -> None:
    transport = httpx2.ASGITransport(app=host())
    # A browser's cookie does not count: another site could ride it.
    cookies = {"_token": token_of("ann@example.com", "admin")}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx2.AsyncClient(transport=transport, cookies=cookies) as client:
        answer = await client.post(URL, json=body, headers=headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"detail"}


def test_the_package_is_not_loaded_before_the_first_call() -> None:
    import subprocess
    import sys

    code = "import sys, include.web.app; print('mcp' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.split()[-1] == "False"
    assert build()

"""``accounts`` and ``accounts/<id>``: who asks, and for what."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from include.store.session import session_scope
from include.web.accounts.queries import COUNTED, SAID, read_account, read_accounts
from include.web.guard import MAY_READ
from include.web.rendering import render
from include.web.visitor import Visiting

router = APIRouter()


@router.get("/accounts", dependencies=[MAY_READ])
def accounts_page(
    request: Request, visitor: Visiting, name: str = "", after: str = ""
) -> HTMLResponse:
    """Accounts by ARR."""
    with session_scope() as session:
        rows, following = read_accounts(session, name.strip()[:200], after)
    return render(
        request,
        "accounts/list.html",
        title="Accounts",
        visitor=visitor,
        rows=rows,
        following=following,
        name=name,
    )


@router.get("/accounts/{account_id:path}", dependencies=[MAY_READ])
def account_page(request: Request, visitor: Visiting, account_id: str) -> HTMLResponse:
    """One account: its deals, its requests, what it said."""
    with session_scope() as session:
        page = read_account(session, account_id)
    if page is None:
        raise HTTPException(404, f"There is no account with the id {account_id[:120]!r}.")
    return render(
        request,
        "accounts/page.html",
        title=page.account.name if page.account else f"Account {account_id}",
        visitor=visitor,
        page=page,
        account_id=account_id,
        most=SAID,
        counted=COUNTED,
    )

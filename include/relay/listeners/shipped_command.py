"""``/shipped <request>``: a run of ``mark_shipped``, by slug or by the request page's URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.base.settings import load_settings
from include.relay.accept import accept
from include.relay.incoming import from_command
from include.requests.pages import slug_in
from include.slack.cards.blocks import escape
from include.store.models import Request, User
from include.store.session import session_scope

if TYPE_CHECKING:
    from slack_bolt import Ack, App

COMMAND = "/shipped"
DAG_ID = "mark_shipped"

USAGE = (
    "Tell me which request has shipped, by its slug or the address of its page: "
    "`/shipped csv-export`"
)
ABSENT = (
    "This installation cannot mark requests as shipped: its workflow `mark_shipped` is not there. "
    "Nothing was changed. Please tell an operator."
)


def register(app: App) -> None:
    """Attach the listener."""
    app.command(COMMAND)(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take the command; what names no request is answered with what to do."""
    said = str(body.get("text") or "").replace("\x00", "").strip()
    if not said:
        ack(text=USAGE, response_type="ephemeral")
        return
    slug = slug_in(said, load_settings().pages_url)
    with session_scope() as session:
        title = session.scalar(select(Request.title).where(Request.slug == slug)) if slug else None
        user = session.scalars(
            select(User).where(User.slack_user_id == body["user_id"])
        ).one_or_none()
    if title is None:
        ack(text=_unknown(said, slug), response_type="ephemeral")
        return
    actor = {
        "slack_user_id": body["user_id"],
        "email": user.email if user else None,
        "name": (user.name if user else "") or body.get("user_name") or None,
    }
    incoming = from_command(body, dag_id=DAG_ID, run_conf={"request": slug, "actor": actor})
    thanks = f"Marking *{escape(title)}* as shipped. Everybody who follows it will hear of it."
    accept(ack, incoming, text=thanks, response_type="ephemeral")


def _unknown(said: str, slug: str | None) -> str:
    shown = escape(said[:80])
    if slug is None and "://" in said:
        return f"`{shown}` is not the page of one of our requests. {USAGE}"
    return f"I know no request `{shown}`. {USAGE}"

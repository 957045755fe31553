"""Show the newest stored digest, a dry run's too, on the sandbox's Slack page and nowhere else.

``python -m sandbox.preview_digest``. Nothing is written into the ledger, so the week's own
digest is still posted once.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.base.addresses import framed_pages
from include.insights.charts import describe_days
from include.slack.cards.digest import digest_card
from include.store.models import Digest
from include.store.session import session_scope
from sandbox.environment import Sandbox
from sandbox.stack import Stack

if TYPE_CHECKING:
    from slack_sdk import WebClient

CHANNEL = "#general"


def show(client: WebClient, content: dict[str, Any], week: str, pages: str) -> str:
    """Post a digest's card, marked as a preview, its links below ``pages``; the message's ts."""
    card = digest_card(
        content,
        request_url=lambda slug: f"{pages}/requests/{slug}",
        chart_words=describe_days(content["days"]),
    )
    words = f"Preview of the digest of {week}; only this sandbox shows it."
    mark = {"type": "context", "elements": [{"type": "mrkdwn", "text": words}]}
    answer = client.chat_postMessage(
        channel=CHANNEL, text=f"{words} {card.text}", blocks=[mark, *card.blocks][:50]
    )
    return str(answer["ts"])


def main() -> int:
    """Look the newest digest up in the running sandbox and show it."""
    from slack_sdk import WebClient

    sandbox = Sandbox.from_environment()
    stack = Stack(sandbox)
    if not stack.is_running():
        sys.stderr.write("preview_digest: the sandbox does not run; start it with `make demo`\n")
        return 1
    os.environ["AIRFLOW_CONN_FEEDBACK_DB"] = (
        f"postgresql://postgres@/feedback?host={stack.postgres_host()}"
    )
    with session_scope() as session:
        digest = session.scalars(select(Digest).order_by(Digest.as_of.desc()).limit(1)).first()
    if digest is None:
        sys.stderr.write("preview_digest: no digest is stored; start weekly_digest first\n")
        return 1
    token = sandbox.keys()["slack_bot_token"]
    client = WebClient(token=token, base_url=f"{sandbox.slack_url}/api/")
    show(client, digest.content, digest.week, framed_pages(sandbox.airflow_url))
    sys.stdout.write(f"{digest.week} is shown in {CHANNEL}: {sandbox.slack_url}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

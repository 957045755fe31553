"""``/feedback <text>``: what a customer said becomes a run of ``process_customer_entry``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.relay.accept import accept
from include.relay.incoming import command_key, from_command
from include.slack.reading.mrkdwn import read_mrkdwn
from include.slack.reading.values import Names

if TYPE_CHECKING:
    from slack_bolt import Ack, App

COMMAND = "/feedback"
DAG_ID = "process_customer_entry"

USAGE = (
    "Tell me what the customer said, in their words: "
    "`/feedback Exports over 10,000 rows time out, so they copy tables by hand.`"
)
THANKS = "Thanks. I am looking for a matching request and will message you about what I find."


def register(app: App) -> None:
    """Attach the listener."""
    app.command(COMMAND)(receive)


def receive(ack: Ack, body: dict[str, Any]) -> None:
    """Take the command; without text, explain it and store nothing."""
    # Slack escapes what was typed, once; so it is read as what it is.
    said = read_mrkdwn(str(body.get("text") or ""), Names()).strip()
    if not said:
        ack(text=USAGE, response_type="ephemeral")
        return
    conf = {
        "customer_pain": said,
        "source": "slack",
        "external_id": command_key(body),
        "submitter": {"slack_user_id": body["user_id"], "name": body.get("user_name") or ""},
    }
    incoming = from_command(body, dag_id=DAG_ID, run_conf=conf)
    accept(ack, incoming, text=THANKS, response_type="ephemeral")

"""What an operator reads when a chat server refuses a request; the shapes are those of servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.agents.ledger import CallOutcome
from tests.unit.agents.test_client import Made
from tests.unit.agents.test_foreign_servers import error

if TYPE_CHECKING:
    from tests.chat import Chat

LITELLM_400 = {"type": "invalid_request_error", "code": "400"}


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (
            400,
            error("/chat/completions: Invalid model name passed in model=nosuch.", **LITELLM_400),
            "check the model's name",
        ),
        (
            400,
            error("No connected db.", type="no_db_connection", code="400"),
            "check the API key of the connection",
        ),
        (
            400,
            error("litellm.ContextWindowExceededError: fallbacks=None.", **LITELLM_400),
            "the message is longer than the model reads",
        ),
        (
            400,
            error(
                "This model's maximum context length is 4096 tokens. However, you requested 6051",
                type="invalid_request_error",
                param="messages",
                code="context_length_exceeded",
            ),
            "the message is longer than the model reads",
        ),
        (400, error("Something else."), "the server does not take this request"),
        (401, {"detail": "Invalid API key"}, "check the API key of the connection"),
        (400, error("model 'x' not found, try pulling it first"), "check the model's name"),
        (400, error("Incorrect API key provided"), "check the API key of the connection"),
        (404, error("The model does not exist"), "check the base URL and the model's name"),
    ],
)
def test_a_refusal_leads_to_what_is_to_be_checked(
    chat: Chat, status: int, body: Any, hint: str
) -> None:
    chat.script("raw", status=status, body=body, times=9)
    made = Made(chat)
    assert made.ask() is None
    assert made.outcomes == [CallOutcome.MISCONFIGURED]
    [(_, result)] = made.ledger.calls
    assert str(result.error).endswith(f"answered {status}: {hint}.")

"""What chat servers of many makers answer, and what the client makes of it.

The shapes are those that the servers gave; their prose is shortened.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from include.agents.chat import JSON_OBJECT, JSON_SCHEMA, MAX_TOKENS, MOST_TOKENS, TEMPERATURE
from include.agents.ledger import CallOutcome
from include.agents.schema import MalformedAnswer, read_answer
from tests.unit.agents.test_client import Made

if TYPE_CHECKING:
    from tests.chat import Chat

FORM_ERROR = (
    "1 validation error: {'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), "
    "'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema'}"
)


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": None, "param": None, "code": None, **more}}


UNSUPPORTED = {
    "llama-cpp-python says so with a 500": (
        [JSON_SCHEMA],
        500,
        error(FORM_ERROR, type="internal_server_error"),
    ),
    "FastAPI says so with a 422": (
        [JSON_SCHEMA],
        422,
        {"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs are not permitted"}]},
    ),
    "OpenAI names the parameter": (
        [TEMPERATURE],
        400,
        error(
            "Unsupported value: it does not support 0 with this model.",
            code="unsupported_value",
            param="temperature",
        ),
    ),
    "LiteLLM's proxy says it of a provider's model": (
        [JSON_SCHEMA, JSON_OBJECT],
        400,
        error(
            "litellm.UnsupportedParamsError: cohere_chat does not support parameters: "
            "['response_format'], for model=command-r. To drop these, set drop_params",
            type="invalid_request_error",
            code="400",
        ),
    ),
    "an older server knows max_tokens only": (
        [MAX_TOKENS],
        400,
        error("Unrecognized request argument supplied: max_completion_tokens"),
    ),
    "a server has no JSON mode with schemas": (
        [JSON_SCHEMA],
        400,
        error("This model does not support response format `json_schema`."),
    ),
}
NOT_UNSUPPORTED = {
    "a value that is too large": error(
        "temperature must be at most 1.0", param="temperature", code="invalid_value"
    ),
    "the customer's words quoted": error(
        "Unsupported characters in: our temperature field, json_schema and response_format"
    ),
    "too long a prompt": error(
        "This model's maximum context length is 4096 tokens",
        code="context_length_exceeded",
        param="messages",
    ),
    "LiteLLM's proxy tells of a context that is too small": error(
        "litellm.ContextWindowExceededError: litellm.BadRequestError: fallbacks=None",
        type="invalid_request_error",
        code="400",
    ),
    "LiteLLM's proxy does not know the model": error(
        "/chat/completions: Invalid model name passed in model=nope.",
        type="invalid_request_error",
        code="400",
    ),
    "a passing trouble": error("A fault was asked for."),
}


@pytest.mark.parametrize("said", UNSUPPORTED)
def test_what_works_after_unsupported_is_learned_for_a_day(chat: Chat, said: str) -> None:
    lacks, status, body = UNSUPPORTED[said]
    chat.script(lacks=lacks, status=status, body=body)
    made, now = Made(chat), [datetime(2026, 1, 1, tzinfo=UTC)]
    made.ledger.clock = lambda: now[0]
    assert made.ask() is not None
    assert len(chat.seen()) == 1 + len(lacks)
    assert made.pauses == []
    call = made.ledger.calls[0][0]
    assert made.ledger.open(call).lacking == set(lacks)
    now[0] += timedelta(days=1, seconds=1)
    assert made.ledger.open(call).lacking == set()


@pytest.mark.parametrize("said", NOT_UNSUPPORTED)
@pytest.mark.parametrize("status", [400, 500])
def test_nothing_is_learned_from_what_is_not_unsupported(
    chat: Chat, said: str, status: int
) -> None:
    chat.script("raw", status=status, body=NOT_UNSUPPORTED[said], times=2)
    made = Made(chat)
    pain = "Unsupported: our temperature field, json_schema and response_format."
    assert made.ask(pain) is None
    assert made.ledger.open(made.ledger.calls[0][0]).lacking == set()


def test_a_lack_that_was_none_is_not_learned(chat: Chat) -> None:
    chat.script("raw", status=500, body=error(FORM_ERROR), times=99)
    made = Made(chat)
    assert made.ask() is None
    assert made.outcomes == [CallOutcome.UNAVAILABLE]
    assert made.ledger.open(made.ledger.calls[0][0]).closed is None
    assert made.ledger.open(made.ledger.calls[0][0]).lacking == set()


def test_a_limit_is_learned_as_a_limit(chat: Chat) -> None:
    chat.script(
        "raw",
        status=400,
        body=error(
            "max_completion_tokens is too large: 2000. This model supports at most 1024 tokens.",
            param="max_completion_tokens",
            code="invalid_value",
        ),
    )
    made = Made(chat)
    assert made.ask() is not None
    assert chat.seen()[-1]["max_completion_tokens"] == 1024
    assert made.ledger.open(made.ledger.calls[0][0]).lacking == {f"{MOST_TOKENS}1024"}
    made.ask(key="again")
    assert [body["max_completion_tokens"] for body in chat.seen()] == [2000, 1024, 1024]


def test_without_schemas_json_mode_is_asked_for(chat: Chat) -> None:
    chat.script(lacks=[JSON_SCHEMA], status=500, body=error(FORM_ERROR))
    Made(chat).ask()
    assert chat.seen()[-1]["response_format"] == {"type": JSON_OBJECT}


@pytest.mark.parametrize(
    ("failed", "outcome"),
    [
        ({"message": "slow down", "code": 429}, CallOutcome.UNAVAILABLE),
        ({"message": "slow down", "type": "rate_limit_error"}, CallOutcome.UNAVAILABLE),
        ({"message": "no", "code": "invalid_api_key"}, CallOutcome.MISCONFIGURED),
        ({"message": "overloaded", "code": 502}, CallOutcome.UNAVAILABLE),
        ("something broke", CallOutcome.UNAVAILABLE),
    ],
)
def test_an_error_inside_a_200_is_the_error_it_names(
    chat: Chat, failed: Any, outcome: CallOutcome
) -> None:
    body = {"id": "x", "object": "chat.completion", "choices": None, "error": failed}
    chat.script("raw", status=200, body=body, times=9)
    made = Made(chat)
    assert made.ask() is None
    assert made.outcomes == [outcome]


ANSWER = '{"title": "Export loses rows", "description": "It does.", "areas": []}'


def completion(**message: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}}],
        "usage": {"prompt_tokens": "n/a", "completion_tokens": None},
    }


@pytest.mark.parametrize(
    "message",
    [
        {"content": ANSWER},
        {"content": [{"type": "text", "text": ANSWER}]},
        {"content": [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": ANSWER}]},
        {
            "content": None,
            "tool_calls": [
                {
                    "id": "1",
                    "type": "function",
                    "function": {"name": "draft_request", "arguments": ANSWER},
                }
            ],
        },
    ],
)
def test_words_are_found_wherever_a_message_carries_them(
    chat: Chat, message: dict[str, Any]
) -> None:
    chat.script("raw", status=200, body=completion(**message))
    made = Made(chat)
    answer = made.ask()
    assert answer is not None
    assert answer.title == "Export loses rows"
    assert made.ledger.calls[0][1].tokens_in == 0


class Given(BaseModel):
    id: int
    why: str = ""


PLAIN = '{"id": 1, "why": "a {b} \\"c\\""}'


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"```json\n{PLAIN}\n```",
        f"```json {PLAIN} ```",
        f'<think>Perhaps {{"id": 7}}? No.</think>\n\n{PLAIN}',
        f"Here is the answer:\n\n```json\n{PLAIN}\n```\nI hope it helps.",
        f"{PLAIN}<|im_end|>",
        f"{PLAIN}</s>",
        f"[{PLAIN}]",
        json.dumps(PLAIN),
        f"The set {{1, 2}} holds. {PLAIN}",
        f'{{"type": "object"}}\n{PLAIN}',
        f"\ufeff{PLAIN}",
    ],
)
def test_the_object_that_fits_is_taken_out_of_what_stands_around_it(text: str) -> None:
    assert read_answer(text, Given, lambda value: value).id == 1


@pytest.mark.parametrize(
    "text",
    ["", "no", "{", '{"id": 1', "[]", '"x"', "null", f"{PLAIN}{PLAIN}", f"[{PLAIN}, {PLAIN}]", "7"],
)
def test_without_one_object_that_fits_it_is_malformed(text: str) -> None:
    with pytest.raises(MalformedAnswer):
        read_answer(text, Given, lambda value: value)


@pytest.mark.parametrize("unit", ["{", '{"a":', '"', "[{", "<think>", '{"a": 1} '])
def test_a_hostile_answer_is_read_in_time(unit: str) -> None:
    with pytest.raises(MalformedAnswer):
        read_answer((unit * 100_000)[:100_000], Given, lambda value: value)

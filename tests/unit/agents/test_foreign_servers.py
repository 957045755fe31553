"""What chat servers of many makers answer, and what the client makes of it.

The shapes are those that the servers gave; their prose is shortened.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.agents.chat import (
    JSON_OBJECT,
    JSON_SCHEMA,
    MAX_TOKENS,
    MOST_TOKENS,
    SYSTEM_ROLE,
    TEMPERATURE,
)
from include.agents.ledger import CallOutcome
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
_SAID_OF_SCHEMAS = {
    "DeepSeek": "This response_format type is unavailable now",
    "Rust": "response_format.type: unknown variant `json_schema`, expected `text`",
    "Together": "response_format.type: Invalid discriminator value. Expected 'json_object'",
    "llama.cpp": 'response_format type must be one of "text" or "json_object", got: json_schema',
    "Azure": "JSON mode is not enabled for this model",
    "Groq": "response_format `json_schema` is incompatible with this model",
    "Zhipu": "response_format \u53c2\u6570\u4e0d\u652f\u6301 json_schema",
    "old Azure": "'response_format' : value is not one of the allowed values ['text']",
    "Azure by version": "response_format value as json_schema is enabled only for newer versions",
    "vLLM's grammars": "The provided JSON schema contains features not supported by xgrammar.",
    "guidance": 'Grammar error: Unimplemented keys: ["minItems"]',
    "llama.cpp's grammars": "Failed to initialize samplers: failed to parse grammar",
    "old TGI": "invalid type: map, expected a string for key `response_format`",
}
_SAID_OF_TEMPERATURE = {
    "Moonshot": "invalid temperature: only 1 is allowed for this model",
    "Anthropic": "`temperature` is deprecated for this model.",
    "Anthropic while it thinks": "`temperature` may only be set to 1 when thinking is enabled.",
    "Bedrock": "Malformed input request: #: extraneous key [temperature] is not permitted",
    "TGI, which takes no zero": "Input validation error: `temperature` must be strictly positive",
    "Transformers": "`temperature` (=0.0) has to be a strictly positive float, otherwise",
    "a server by Pydantic": "temperature: Input should be greater than 0",
    "another": "temperature cannot be 0",
    "a list, as Google writes": 'Invalid JSON payload received. Unknown name "temperature"',
}
UNSUPPORTED |= {
    name: ([JSON_SCHEMA], 400, error(said)) for name, said in _SAID_OF_SCHEMAS.items()
} | {name: ([TEMPERATURE], 400, error(said)) for name, said in _SAID_OF_TEMPERATURE.items()}
UNSUPPORTED |= {
    said: ([SYSTEM_ROLE], status, error(said))
    for status, said in (
        (400, "System role not supported"),
        (500, "Conversation roles must alternate user/assistant/user/assistant/..."),
        (400, "Only user and assistant roles are supported!"),
        (400, "Developer instruction is not enabled for models/gemma-3"),
    )
}
UNSUPPORTED["a list, as Google writes"] = (
    [TEMPERATURE],
    400,
    [{"error": {"code": 400, "message": _SAID_OF_TEMPERATURE["a list, as Google writes"]}}],
)
NOT_UNSUPPORTED = {
    "a range": error("temperature: range: 0..1", param="temperature"),
    "a model that is gone": error("The model `gpt-3` has been deprecated"),
    "a service that rests": error("Service unavailable, try again"),
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


@pytest.mark.parametrize(
    "said",
    [
        "max_completion_tokens is too large: 2000. This model supports at most 1024 tokens.",
        "max_tokens: 2000 > 1024, which is the maximum allowed number of output tokens for claude",
        "`max_completion_tokens` must be less than or equal to `1024`, the maximum value",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 1024]",
        "<400> InternalError: Range of max_tokens should be [1, 1024]",
        "The maximum tokens you requested exceeds the model limit of 1024. Try again with less",
        "max_tokens cannot exceed 1024",
        "max_tokens (2000) exceeds the limit of 1,024",
        "`max_new_tokens` must be <= 1024. Given: 2000",
    ],
)
def test_a_limit_is_learned_as_a_limit(chat: Chat, said: str) -> None:
    chat.script("raw", status=400, body=error(said, code="invalid_value"))
    made = Made(chat)
    assert made.ask() is not None
    assert chat.seen()[-1]["max_completion_tokens"] == 1024
    assert made.ledger.open(made.ledger.calls[0][0]).lacking == {f"{MOST_TOKENS}1024"}
    made.ask(key="again")
    assert [body["max_completion_tokens"] for body in chat.seen()] == [2000, 1024, 1024]


def test_where_only_the_user_may_speak_the_rules_are_told_by_the_user(chat: Chat) -> None:
    chat.script(lacks=[SYSTEM_ROLE], status=400, body=error("System role not supported"))
    chat.script("raw", status=200, body=completion(content=None))
    made = Made(chat)
    assert made.ask("Our exports fail.") is not None
    first, second, repair = (body["messages"] for body in chat.seen())
    assert [one["role"] for one in first] == ["system", "user"]
    assert [one["role"] for one in second] == ["user"]
    assert second[0]["content"] == "\n\n".join(one["content"] for one in first)
    # Nothing was answered, so that what is wrong with it is told in the same turn.
    assert [one["role"] for one in repair] == ["user"]


@pytest.mark.parametrize("held", ['{"title": "Export loses rows", "description": "It', None])
def test_an_answer_that_a_server_finds_to_be_no_json_is_repaired(chat: Chat, held: Any) -> None:
    body = error("Failed to generate JSON.", code="json_validate_failed")
    body["error"]["failed_generation"] = held
    chat.script("raw", status=400, body=body)
    made = Made(chat)
    assert made.ask() is not None
    assert len(chat.seen()) == 2


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
        ({"message": "Forbidden"}, CallOutcome.MISCONFIGURED),
        ({"message": "insufficient balance", "code": "1113"}, CallOutcome.MISCONFIGURED),
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


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        # MiniMax, Zhipu, DashScope, Baidu, FastChat, and a gateway.
        ({"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, CallOutcome.UNAVAILABLE),
        (
            {"base_resp": {"status_code": 1004, "status_msg": "auth failed"}},
            CallOutcome.MISCONFIGURED,
        ),
        ({"code": "1302", "msg": "too many requests", "success": False}, CallOutcome.UNAVAILABLE),
        ({"code": "Throttling.RateQuota", "message": "x"}, CallOutcome.UNAVAILABLE),
        ({"error_code": 110, "error_msg": "Invalid access token"}, CallOutcome.MISCONFIGURED),
        ({"object": "error", "message": "no", "code": 401}, CallOutcome.MISCONFIGURED),
        ({"errors": [{"status": 503, "message": "away"}]}, CallOutcome.UNAVAILABLE),
        ({"status": "INVALID_ARGUMENT", "choices": []}, CallOutcome.MISCONFIGURED),
        ({"detail": "overloaded"}, CallOutcome.UNAVAILABLE),
        ({"choices": None}, CallOutcome.UNAVAILABLE),
        ({"choices": "x"}, CallOutcome.UNAVAILABLE),
        ({}, CallOutcome.UNAVAILABLE),
    ],
)
def test_a_200_without_an_answer_is_no_malformed_answer(
    chat: Chat, body: Any, outcome: CallOutcome
) -> None:
    chat.script("raw", status=200, body=body, times=9)
    made = Made(chat)
    assert made.ask() is None
    assert made.outcomes == [outcome]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, error("x", code="content_policy_violation")),
        (400, error("x", code="data_inspection_failed")),
        (200, {"choices": [{"message": {"content": ""}, "finish_reason": "SAFETY"}]}),
        (200, {"choices": [{"message": {"content": "no"}, "finish_reason": "refusal"}]}),
    ],
)
def test_what_a_makers_rules_hold_back_is_a_refusal(chat: Chat, status: int, body: Any) -> None:
    chat.script("raw", status=status, body=body, times=9)
    made = Made(chat)
    assert made.ask() is None
    assert made.outcomes == [CallOutcome.REFUSED]
    assert len(chat.seen()) == 1


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
        {"tool_calls": [{"function": {"name": "x", "arguments": json.loads(ANSWER)}}]},
        {"content": None, "function_call": {"name": "x", "arguments": ANSWER}},
        {"content": "", "reasoning_content": ANSWER},
        {"content": None, "reasoning": f"It is simple. {ANSWER}"},
        {"content": ["", ANSWER]},
        {"content": json.loads(ANSWER)},
        {"content": [{"type": "output_text", "text": ANSWER}], "reasoning_content": "{}"},
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

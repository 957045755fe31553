"""One request to any OpenAI-compatible `/v1/chat/completions`, and what the server cannot do."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError, TransientError
from include.base.http_answers import SAY_WHY, hint_for, retry_after_seconds, status_of_error
from include.base.tls import verify_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from include.agents.config import ModelConfig, TaskModel

log = logging.getLogger(__name__)

JSON_SCHEMA = "json_schema"
JSON_OBJECT = "json_object"
TEMPERATURE = "temperature"
MAX_TOKENS = "max_completion_tokens"
SYSTEM_ROLE = "system_role"
FEATURES = (JSON_SCHEMA, JSON_OBJECT, TEMPERATURE, MAX_TOKENS, SYSTEM_ROLE)

MOST_TOKENS = "max_tokens="
"""Begins a lack that is a limit: the server answers with so many tokens at most."""

_TRANSIENT_STATUSES = frozenset({408, 409, 425, 429, 498, 499})
_REFUSALS = frozenset({400, 404, 415, 422, 500, 501})
_NAMED_IN = {
    MAX_TOKENS: ("max_completion_tokens",),
    JSON_SCHEMA: (
        *("json_schema", "response_format", "response_schema", "structured output", "guided"),
        *("json mode", "json schema", "grammar"),
    ),
    JSON_OBJECT: ("json_object", "response_format", "json mode"),
    TEMPERATURE: ("temperature",),
    SYSTEM_ROLE: (
        *("system role", "system message", "system prompt", "developer instruction"),
        *("roles must alternate", "assistant roles"),
    ),
}
"""Words of a refusal by feature, the most telling name first."""

_UNSUPPORTED = re.compile(
    r"unsupported|unavailable|incompatible|deprecated|extraneous|\u4e0d\u652f\u6301"
    r"|(?:not|n't|no longer) (?:(?:yet|currently|be) )?"
    r"(?:support|allow|permit|implement|accept|available|enabled)"
    r"|not recogni[sz]e"
    r"|un(?:known|recogni[sz]ed|expected)|extra[_ ](?:inputs?|fields?|forbidden)|literal_error"
    r"|input should be|invalid discriminator"
    r"|must be (?:one of )?['\"]?(?:text|json_object|json_schema)"
    r"|only (?:the default|supports?|be set|\d+(?:\.\d+)? is (?:allowed|supported))"
    r"|not one of the allowed|enabled only for|unimplemented|invalid type: map"
    r"|fail\w* to (?:parse|compile|convert) (?:the )?(?:grammar|json schema)"
    # Of a temperature of nothing, which is what is sent.
    r"|strictly positive|(?:cannot|can't|(?:may|must) not) be (?:0|zero)\b|must be > ?0"
    r"|greater than 0(?![.\d])|roles must alternate|assistant roles are supported",
    re.I,
)
_LIMIT = re.compile(
    r"(?:at most|maximum(?: value)?(?: of| is)?|up to|<=|less than or equal to|lower than|limit of"
    r"|exceed|range (?:of \S+ )?(?:is|should be) \[\d+,) ?:? ?[`'\"]?(\d{1,3}(?:,\d{3})+|\d{2,7})"
    r"|> ?(\d{2,7}),? which is the maximum",
    re.I,
)
_TOKENS = (
    MAX_TOKENS,
    "max_tokens",
    "max_new_tokens",
    "output tokens",
    "completion tokens",
    "maximum tokens",
)
_REFUSED_BY_RULES = frozenset(
    {
        *("content_filter", "content_policy_violation", "data_inspection_failed"),
        *("moderation_blocked", "responsibleaipolicyviolation", "refusal", "safety"),
    }
)
"""Codes and reasons of makers whose rules let no answer out."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What a refusal says the server does not take, and the error if that is not it."""

    feature: str
    error: FatalError | ModelUnavailable


class ModelUnavailable(TransientError):
    """The chat server cannot answer now; a caller goes on without a model.

    `timed_out` tells that its time is used up already, so that nobody waits as long again.
    """

    timed_out = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the text, or None when it is nothing usable, and its price in tokens."""

    text: str | None
    tokens_in: int = 0
    tokens_out: int = 0
    refused: bool = False


@dataclass
class ChatServer:
    """The chat server of one model, with what is known of its gaps.

    Args:
        config: Address, key and limits.
        chosen: Model and temperature.
        lacking: Names of `FEATURES` the server is known not to have; more are added as found.
        note_lacking: Told of each one that is found missing.
    """

    config: ModelConfig
    chosen: TaskModel
    lacking: set[str] = field(default_factory=set)
    note_lacking: Callable[[str], None] = lambda _: None

    def send(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        name: str,
        schema: dict[str, Any],
        strict: bool,
        max_tokens: int,
    ) -> Reply:
        """One answer; features the server turns out to lack are left out and not tried again.

        Raises:
            ModelUnavailable: No connection, a timeout, 429 or 5xx.
            FatalError: The credentials, the address or the request are refused.
        """
        supposed: list[str] = []
        known = set(self.lacking)
        for _ in range(len(FEATURES) + 2):
            options = self._options(name, schema, strict=strict, max_tokens=max_tokens)
            told = self._in_roles(self._with_schema(messages, schema))
            try:
                reply = self._call(told, options)
            except (FatalError, ModelUnavailable):
                self.lacking = known
                raise
            if isinstance(reply, Reply):
                self._learn(supposed)
                return reply
            if reply.feature in supposed:
                self.lacking = known
                raise reply.error
            supposed.append(reply.feature)
            self.lacking = self.lacking | {reply.feature}
        self.lacking = known
        raise FatalError(f"{self._where()} refuses every form of the request.")

    def _learn(self, supposed: list[str]) -> None:
        """Keep what the server did without: it answered, so that was it."""
        for feature in supposed:
            log.warning(
                "Model %r at %s does not know %s; going on without it",
                self.chosen.model,
                self.config.base_url,
                feature,
            )
            self.note_lacking(feature)

    def _options(
        self, name: str, schema: dict[str, Any], *, strict: bool, max_tokens: int
    ) -> dict[str, Any]:
        options: dict[str, Any] = {"model": self.chosen.model}
        if JSON_SCHEMA not in self.lacking:
            form = {"name": name, "schema": schema, "strict": strict}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        elif JSON_OBJECT not in self.lacking:
            options["response_format"] = {"type": "json_object"}
        if TEMPERATURE not in self.lacking and self.chosen.temperature is not None:
            options["temperature"] = self.chosen.temperature
        limits = [one.removeprefix(MOST_TOKENS) for one in self.lacking if MOST_TOKENS in one]
        most = "max_tokens" if MAX_TOKENS in self.lacking else "max_completion_tokens"
        options[most] = min([max_tokens, *map(int, limits)])
        return options

    def _with_schema(
        self, messages: Sequence[Mapping[str, str]], schema: dict[str, Any]
    ) -> list[dict[str, str]]:
        """Without enforced schemas the form is told in words, at the end of the first message."""
        told = [dict(message) for message in messages]
        if JSON_SCHEMA in self.lacking:
            told[0]["content"] += (
                "\n\nThe JSON object must satisfy this JSON schema:\n"
                f"{json.dumps(schema, ensure_ascii=False)}"
            )
        return told

    def _in_roles(self, messages: list[dict[str, str]]) -> list[dict[str, str]]:
        """Where only user and assistant may speak, in turns, the rules are told by the user."""
        if SYSTEM_ROLE not in self.lacking:
            return messages
        told: list[dict[str, str]] = []
        for message in messages:
            role = "user" if message["role"] == "system" else message["role"]
            if told and told[-1]["role"] == role:
                told[-1]["content"] += f"\n\n{message['content']}"
            else:
                told.append({**message, "role": role})
        return told

    def _call(self, messages: list[dict[str, str]], options: dict[str, Any]) -> Reply | Lack:
        """The reply, or what the server does not take."""
        import openai
        from openai import DefaultHttpxClient, OpenAI

        # The client's own exceptions quote the server's answer, which may echo a customer's words:
        # `from None`.
        try:
            with (
                DefaultHttpxClient(verify=verify_for(self.config.base_url)) as http,
                OpenAI(
                    base_url=self.config.base_url,
                    api_key=self.config.api_key,
                    timeout=self.config.timeout,
                    max_retries=0,
                    http_client=http,
                ) as client,
            ):
                completion = client.chat.completions.create(
                    messages=messages,  # type: ignore[arg-type]
                    **options,
                )
        except openai.APITimeoutError:
            slow = ModelUnavailable(
                f"{self._where()} did not answer within {self.config.timeout:g} s."
            )
            slow.timed_out = True
            raise slow from None
        except openai.APIConnectionError:
            raise ModelUnavailable(f"{self._where()} cannot be reached.") from None
        except openai.APIStatusError as error:
            if f"{error.code}".lower() in _REFUSED_BY_RULES:
                return Reply(None, refused=True)
            if error.code == "json_validate_failed":
                # The model's answer is no JSON, which it can mend as it would behind a 200.
                body = error.body if isinstance(error.body, dict) else {}
                return Reply(_text(body.get("failed_generation")))
            said = f"{error.code} {error.type} {error} {error.body}"
            refused = self._refused(error.status_code, error.response.headers, said)
            lack = self._lack(error, messages, options) if error.status_code in _REFUSALS else None
            if lack is None:
                raise refused from None
            return Lack(lack, refused)
        except (openai.OpenAIError, ValueError):
            raise ModelUnavailable(f"{self._where()} answered something unreadable.") from None
        return self._reply(completion)

    def _lack(
        self, error: Any, messages: list[dict[str, str]], options: Mapping[str, Any]
    ) -> str | None:
        """What a refusal is about, if the server calls something that was used unsupported.

        A server may quote the request. So a name counts in `param`, and in the words only if
        nothing that was sent holds it.
        """
        said, param = f"{error} {error.body}", str(error.param or "").lower()
        sent = " ".join(one["content"] for one in messages).lower()
        lowered = said.lower()
        found = _LIMIT.search(said)
        if found and any(one in param or (one in lowered and one not in sent) for one in _TOKENS):
            limit = (found[1] or found[2]).replace(",", "")
            asked = options.get("max_tokens") or options[MAX_TOKENS]
            return f"{MOST_TOKENS}{limit}" if int(limit) < asked else None
        kind = f"{error.code or ''} {error.type or ''}"
        if not _UNSUPPORTED.search(f"{kind} {said}"):
            return None
        form = options.get("response_format", {}).get("type")
        used = {form, *options}
        used |= {SYSTEM_ROLE} if messages[0]["role"] == "system" else set()
        for feature, words in _NAMED_IN.items():
            named = any(word in param or (word in lowered and word not in sent) for word in words)
            if feature in used and named:
                return feature
        return None

    def _refused(
        self, status: int, headers: Mapping[str, str], said: str = ""
    ) -> FatalError | ModelUnavailable:
        if status in _TRANSIENT_STATUSES or status >= 500:
            return ModelUnavailable(
                f"{self._where()} answered {status}.",
                retry_after=retry_after_seconds(headers),
            )
        hint = hint_for(status, said, "the server does not take this request")
        return FatalError(f"{self._where()} answered {status}: {hint}.")

    def _reply(self, completion: Any) -> Reply:
        failed = getattr(completion, "error", None)
        if failed:
            raise self._refused(status_of_error(failed), {})
        usage = getattr(completion, "usage", None)
        tokens_in = _count(getattr(usage, "prompt_tokens", None))
        tokens_out = _count(getattr(usage, "completion_tokens", None))
        said = []
        choices = getattr(completion, "choices", None)
        beside = getattr(completion, "model_extra", None) or {}
        if not isinstance(choices, list) or (not choices and beside.keys() & SAY_WHY):
            # Whatever it is, it is no answer of the model, which could mend it.
            raise self._refused(status_of_error(beside), {})
        for choice in choices:
            message = getattr(choice, "message", None)
            reason = f"{getattr(choice, 'finish_reason', None)}".lower()
            if reason in _REFUSED_BY_RULES or getattr(message, "refusal", None):
                return Reply(None, tokens_in, tokens_out, refused=True)
            said.append(_words(message) or _text(getattr(choice, "text", None)))
        # Several choices were not asked for; if they differ, none of them is the answer.
        text = said[0] if said and all(one == said[0] for one in said) else None
        return Reply(text, tokens_in, tokens_out)

    def _where(self) -> str:
        return f"The chat model {self.chosen.model!r} at {self.config.base_url}"


def _count(value: Any) -> int:
    """Tokens as a server counted them; 0 when it did not."""
    return value if isinstance(value, int) and value > 0 else 0


def _words(message: Any) -> str | None:
    """What a message says: its text, its parts of text, or the arguments of a call it makes.

    Some servers put the whole answer where others put the thoughts that led to it.
    """
    calls = [getattr(one, "function", None) for one in getattr(message, "tool_calls", None) or []]
    places = (
        getattr(message, "content", None),
        *(getattr(one, "arguments", None) for one in calls),
        getattr(getattr(message, "function_call", None), "arguments", None),
        getattr(message, "reasoning_content", None),
        getattr(message, "reasoning", None),
    )
    return next((text for place in places if (text := _text(place))), None)


def _text(value: Any) -> str | None:
    """A text, the parts of one joined, or an object written as JSON."""
    if isinstance(value, list):
        parts = [one.get("text") if isinstance(one, dict) else one for one in value]
        value = "".join(part for part in parts if isinstance(part, str))
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) and value.strip() else None

"""One request to any OpenAI-compatible `/v1/chat/completions`, and what the server cannot do."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.base.errors import FatalError, TransientError
from include.base.tls import verify_for
from include.matching.embed import retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from include.agents.config import ModelConfig, TaskModel

log = logging.getLogger(__name__)

JSON_SCHEMA = "json_schema"
JSON_OBJECT = "json_object"
TEMPERATURE = "temperature"
MAX_TOKENS = "max_completion_tokens"
FEATURES = (JSON_SCHEMA, JSON_OBJECT, TEMPERATURE, MAX_TOKENS)

_TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})
_NAMED_IN = {
    JSON_SCHEMA: ("json_schema", "response_format", "structured output", "guided"),
    JSON_OBJECT: ("json_object", "response_format"),
    TEMPERATURE: ("temperature",),
    MAX_TOKENS: ("max_completion_tokens",),
}


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
        for _ in range(len(FEATURES) + 1):
            options = self._options(name, schema, strict=strict, max_tokens=max_tokens)
            told = self._with_schema(messages, schema)
            lacks = self._call(told, options)
            if isinstance(lacks, Reply):
                return lacks
            log.warning(
                "Model %r at %s does not know %s; going on without it",
                self.chosen.model,
                self.config.base_url,
                lacks,
            )
            self.lacking.add(lacks)
            self.note_lacking(lacks)
        raise FatalError(f"{self._where()} refuses every form of the request.")

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
        if MAX_TOKENS not in self.lacking:
            options["max_completion_tokens"] = max_tokens
        else:
            options["max_tokens"] = max_tokens
        return options

    def _with_schema(
        self, messages: Sequence[Mapping[str, str]], schema: dict[str, Any]
    ) -> list[dict[str, str]]:
        """Without enforced schemas the form is told in words, at the end of the first message."""
        told = [dict(message) for message in messages]
        if JSON_SCHEMA in self.lacking:
            import json

            told[0]["content"] += (
                "\n\nThe JSON object must satisfy this JSON schema:\n"
                f"{json.dumps(schema, ensure_ascii=False)}"
            )
        return told

    def _call(self, messages: list[dict[str, str]], options: dict[str, Any]) -> Reply | str:
        """The reply, or the name of the feature that the server does not have."""
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
            missing = self._missing(error.status_code, str(error), options)
            if missing is not None:
                return missing
            if error.code == "content_filter":
                return Reply(None, refused=True)
            raise self._refused(error.status_code, error.response.headers) from None
        except (openai.OpenAIError, ValueError):
            raise ModelUnavailable(f"{self._where()} answered something unreadable.") from None
        return self._reply(completion)

    def _missing(self, status: int, said: str, options: Mapping[str, Any]) -> str | None:
        """The feature a refusal is about, if it is about one that was used."""
        if status not in (400, 404, 415, 422, 501):
            return None
        lowered = said.lower()
        form = options.get("response_format", {}).get("type")
        used = {
            JSON_SCHEMA: form == "json_schema",
            JSON_OBJECT: form == "json_object",
            TEMPERATURE: "temperature" in options,
            MAX_TOKENS: "max_completion_tokens" in options,
        }
        # The most telling name first: "temperature" also stands in long complaints about others.
        for feature in (MAX_TOKENS, JSON_SCHEMA, JSON_OBJECT, TEMPERATURE):
            if used[feature] and any(word in lowered for word in _NAMED_IN[feature]):
                return feature
        return None

    def _refused(self, status: int, headers: Mapping[str, str]) -> FatalError | ModelUnavailable:
        if status in _TRANSIENT_STATUSES or status >= 500:
            return ModelUnavailable(
                f"{self._where()} answered {status}.",
                retry_after=retry_after_seconds(headers),
            )
        hint = {
            401: "check the API key of the connection",
            403: "the API key may not use this model",
            404: "check the base URL and the model's name",
        }.get(status, "the server does not take this request")
        return FatalError(f"{self._where()} answered {status}: {hint}.")

    def _reply(self, completion: Any) -> Reply:
        usage = getattr(completion, "usage", None)
        tokens_in = int(getattr(usage, "prompt_tokens", 0) or 0)
        tokens_out = int(getattr(usage, "completion_tokens", 0) or 0)
        said = []
        for choice in getattr(completion, "choices", None) or []:
            message = getattr(choice, "message", None)
            filtered = getattr(choice, "finish_reason", None) == "content_filter"
            if filtered or getattr(message, "refusal", None):
                return Reply(None, tokens_in, tokens_out, refused=True)
            said.append(getattr(message, "content", None))
        # Several choices were not asked for; if they differ, none of them is the answer.
        text = said[0] if said and all(one == said[0] for one in said) else None
        return Reply(text if isinstance(text, str) else None, tokens_in, tokens_out)

    def _where(self) -> str:
        return f"The chat model {self.chosen.model!r} at {self.config.base_url}"

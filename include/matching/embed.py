"""Texts to vectors, over any OpenAI-compatible `/v1/embeddings`."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from include.base.errors import EmbeddingsUnavailable, FatalError
from include.base.tls import verify_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_MODEL = "text-embedding-3-small"
DEFAULT_DIMENSIONS = 384
MAX_BYTES = 8_000
"""A text is cut here. A token covers at least one byte, so this is always below OpenAI's limit of
8,192 tokens.
"""

_BATCH = 64
_TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})


def embedding_text(title: str, description: str) -> str:
    """What is embedded for a request: title, blank line, description (if there is one)."""
    return f"{title.strip()}\n\n{description.strip()}".strip()


def content_hash(text: str, model: str, dimensions: int) -> str:
    """SHA-256 (hex) over text, model and size; a stored vector is stale when this differs."""
    return hashlib.sha256(f"{model}\x00{dimensions}\x00{text}".encode()).hexdigest()


def truncated(text: str) -> str:
    """At most `MAX_BYTES` bytes of UTF-8, cut at a space if one is near, never in a character."""
    raw = text.encode("utf-8", errors="replace")
    if len(raw) <= MAX_BYTES:
        return raw.decode()
    cut = raw[:MAX_BYTES].decode("utf-8", errors="ignore")
    at_word = cut.rsplit(maxsplit=1)[0]
    return at_word if len(at_word) > len(cut) - 200 else cut


@dataclass(frozen=True, slots=True)
class OpenAIEmbedder:
    """Embeds with the `openai` package, one try per batch: retrying is the task's business.

    A text longer than `MAX_BYTES` is embedded by its beginning; models read little more anyway.
    What `include.base.masking` finds (addresses, numbers, keys) is hidden from the server.

    Args:
        base_url: As `https://api.openai.com/v1`.
        api_key: Sent as bearer token.
        model: Name of the model.
        dimensions: Wanted size of a vector; any other size is refused.
        timeout: Seconds for one batch.
        batch_size: Texts sent at once.
    """

    base_url: str
    api_key: str
    model: str = DEFAULT_MODEL
    dimensions: int = DEFAULT_DIMENSIONS
    timeout: float = 30.0
    batch_size: int = _BATCH

    def __repr__(self) -> str:
        return f"OpenAIEmbedder({self.base_url!r}, {self.model!r}, {self.dimensions})"

    def embed(self, texts: list[str]) -> list[list[float]]:
        """One vector of `dimensions` floats for each text, in order.

        Raises:
            FatalError: The request or the credentials are refused (400, 401, 403, 404), a text is
                blank, or a vector has the wrong size. Retrying cannot help.
            EmbeddingsUnavailable: No connection, a timeout, 429 (with `retry_after`) or 5xx.
                Retrying can help.
        """
        from include.base.masking import masked

        prepared = [truncated(masked(text)) for text in texts]
        for position, text in enumerate(prepared, start=1):
            if not text.strip():
                raise FatalError(
                    f"Text {position} of {len(texts)} is blank; there is nothing to embed."
                )
        if not prepared:
            return []
        from openai import DefaultHttpxClient, OpenAI

        with (
            DefaultHttpxClient(verify=verify_for(self.base_url)) as http,
            OpenAI(
                base_url=self.base_url,
                api_key=self.api_key,
                timeout=self.timeout,
                max_retries=0,
                http_client=http,
            ) as client,
        ):
            return [
                vector for batch in self._batches(prepared) for vector in self._call(client, batch)
            ]

    def _batches(self, texts: list[str]) -> Iterator[list[str]]:
        for start in range(0, len(texts), self.batch_size):
            yield texts[start : start + self.batch_size]

    def _call(self, client: Any, batch: list[str]) -> list[list[float]]:
        import openai

        # The client's own exceptions quote the server's answer, which may echo a customer's words:
        # `from None`.
        try:
            answer = client.embeddings.create(
                model=self.model, input=batch, dimensions=self.dimensions, encoding_format="float"
            )
        except openai.APITimeoutError:
            raise EmbeddingsUnavailable(
                f"The embeddings endpoint {self.base_url} did not answer within {self.timeout:g} s."
            ) from None
        except openai.APIConnectionError:
            raise EmbeddingsUnavailable(
                f"The embeddings endpoint {self.base_url} cannot be reached."
            ) from None
        except openai.APIStatusError as error:
            raise self._refused(error.status_code, error.response.headers) from None
        except (openai.OpenAIError, ValueError):
            raise self._unreadable() from None
        return self._vectors(answer, len(batch))

    def _refused(
        self, status: int, headers: Mapping[str, str]
    ) -> FatalError | EmbeddingsUnavailable:
        where = (
            f"The embeddings endpoint {self.base_url} answered {status} for model {self.model!r}"
        )
        if status in _TRANSIENT_STATUSES or status >= 500:
            return EmbeddingsUnavailable(f"{where}.", retry_after=retry_after_seconds(headers))
        hint = {
            401: "check the API key of the connection",
            403: "the API key may not use this model",
            404: "check the base URL and the model's name",
        }.get(status, f"check that the model offers {self.dimensions} dimensions")
        return FatalError(f"{where}: {hint}.")

    def _unreadable(self) -> EmbeddingsUnavailable:
        return EmbeddingsUnavailable(
            f"The embeddings endpoint {self.base_url} answered something that is not a list of "
            "embeddings."
        )

    def _vectors(self, answer: Any, expected: int) -> list[list[float]]:
        data = getattr(answer, "data", None)
        if not isinstance(data, list):
            raise self._unreadable()
        if len(data) != expected:
            raise FatalError(
                f"The embeddings endpoint {self.base_url} answered {len(data)} vectors for "
                f"{expected} texts."
            )
        vectors = []
        for item in sorted(data, key=lambda item: item.index):
            vector = [float(value) for value in item.embedding]
            if len(vector) != self.dimensions:
                raise FatalError(
                    f"Model {self.model!r} answered a vector of {len(vector)} dimensions where "
                    f"{self.dimensions} were "
                    "expected; set the dimensions of the embeddings connection to what the "
                    "database column holds."
                )
            if not all(map(math.isfinite, vector)) or not any(vector):
                raise FatalError(
                    f"Model {self.model!r} answered a vector that is zero or not finite; it "
                    "cannot be compared."
                )
            vectors.append(vector)
        return vectors


def retry_after_seconds(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait, by `retry-after-ms` or `Retry-After` (a number or a date), if readable."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * scale
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())

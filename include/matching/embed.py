"""Texts to vectors, over any OpenAI-compatible `/v1/embeddings`."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from include.base.errors import EmbeddingsUnavailable, FatalError
from include.base.http_answers import hint_for, retry_after_seconds, status_of_error
from include.base.tls import verify_for
from include.base.tracing import inner_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Call = Callable[[list[str]], list[list[float]]]

DEFAULT_MODEL = "text-embedding-3-small"
DEFAULT_DIMENSIONS = 384
MAX_BYTES = 8_000
"""A text is cut here. A token covers at least one byte, so this is always below OpenAI's limit of
8,192 tokens.
"""

DEFAULT_BATCH = 64
_TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})
_TOO_MUCH_STATUSES = frozenset({400, 413, 422, 424, 500, 507})
_UNSUPPORTED = re.compile(
    r"unsupported|not (?:(?:yet|currently|be) )?(?:support|allow|permit|implement|available|valid)"
    r"|does not accept|matryoshka|extraneous|\u4e0d\u652f\u6301|additional ?properties"
    r"|only (?:be )?(?:used|supported|available|works?|base64)"
    r"|un(?:known|recogni[sz]ed|expected)|extra[_ ](?:inputs?|fields?|forbidden)",
    re.I,
)
_TOO_MUCH = re.compile(
    r"too (?:long|large|many|big)"
    r"|max(?:imum|imal)?[ _-]?(?:context|input|batch|number|allowed|length|sequence|model|token)"
    r"|context.{0,10}(?:length|size|window)|exceed|(?:at most|up to) \d+|batch.?size"
    r"|(?:larger|longer|greater|more|less|fewer) than|length should be|reduce the (?:length|size)"
    r"|input length|token.?limit|sequence length|max \d+ tokens|above \d+|<= ?\d+|out of memory"
    r"|\u8d85\u8fc7|\u8d85\u51fa|\u8fc7\u957f|\u9577\u3059\u304e",
    re.I,
)
_TOO_LARGE_EVER = re.compile(r"request (?:is )?too large", re.I)
"""Said with a 429 of a request that no waiting makes smaller."""

_CODE = re.compile(r"[a-z][a-z_.-]{2,59}")
_SHORTEST = 200
"""Bytes to which a text that is too long for the model is cut at last."""


def embedding_text(title: str, description: str) -> str:
    """What is embedded for a request: title, blank line, description (if there is one)."""
    return f"{title.strip()}\n\n{description.strip()}".strip()


def content_hash(text: str, model: str, dimensions: int) -> str:
    """SHA-256 (hex) over text, model and size; a stored vector is stale when this differs."""
    return hashlib.sha256(f"{model}\x00{dimensions}\x00{text}".encode()).hexdigest()


def truncated(text: str, most: int = MAX_BYTES) -> str:
    """At most `most` bytes of UTF-8, cut at a space if one is near, never in a character."""
    raw = text.encode("utf-8", errors="replace")
    if len(raw) <= most:
        return raw.decode()
    cut = raw[:most].decode("utf-8", errors="ignore")
    at_word = cut.rsplit(maxsplit=1)[0]
    return at_word if len(at_word) > len(cut) - 200 else cut


@dataclass(frozen=True, slots=True)
class OpenAIEmbedder:
    """Embeds with the `openai` package, one try per batch: retrying is the task's business.

    A text longer than `MAX_BYTES` is embedded by its beginning; models read little more anyway.
    A batch that the server refuses as too much is halved, down to the text at fault, which is cut
    further. `dimensions` is not sent again once the server calls it unsupported.
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
    batch_size: int = DEFAULT_BATCH

    def __repr__(self) -> str:
        return f"OpenAIEmbedder({self.base_url!r}, {self.model!r}, {self.dimensions})"

    def embed(self, texts: list[str]) -> list[list[float]]:
        """One vector of `dimensions` floats for each text, in order.

        Raises:
            FatalError: The request or the credentials are refused (400, 401, 403, 404), a text is
                blank, or a vector has the wrong size. Retrying cannot help.
            EmbeddingsUnavailable: No connection, a timeout, 429 (with `retry_after`), 5xx, or
                something that is no list of vectors. Retrying can help.
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
            inner_span("embed", model=self.model, texts=len(prepared)),
            DefaultHttpxClient(verify=verify_for(self.base_url)) as http,
            OpenAI(
                base_url=self.base_url,
                api_key=self.api_key,
                timeout=self.timeout,
                max_retries=0,
                http_client=http,
            ) as client,
        ):
            # As numbers, because not every server writes base64, which the client asks for.
            extra = {"dimensions": self.dimensions, "encoding_format": "float"}
            call = partial(self._call, client, extra)
            return [
                vector for batch in self._batches(prepared) for vector in self._fitting(call, batch)
            ]

    def _batches(self, texts: list[str]) -> Iterator[list[str]]:
        for start in range(0, len(texts), self.batch_size):
            yield texts[start : start + self.batch_size]

    def _fitting(self, call: Call, batch: list[str]) -> list[list[float]]:
        """The vectors of a batch, in smaller ones where the server takes no such batch."""
        try:
            return call(batch)
        except _TooMuch as refused:
            if len(batch) > 1:
                half = len(batch) // 2
                return self._fitting(call, batch[:half]) + self._fitting(call, batch[half:])
            shorter = truncated(batch[0], len(batch[0].encode()) // 2)
            if len(shorter.encode()) < _SHORTEST:
                raise refused.error from None
            return self._fitting(call, [shorter])

    def _call(self, client: Any, extra: dict[str, Any], batch: list[str]) -> list[list[float]]:
        """The vectors of one request; `extra` loses what the server turns out not to support."""
        import openai
        from openai.types import CreateEmbeddingResponse

        # The client's own exceptions quote the server's answer, which may echo a customer's words:
        # `from None`.
        try:
            answer = client.post(
                "/embeddings",
                cast_to=CreateEmbeddingResponse,
                body={"model": self.model, "input": batch, **extra},
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
            unknown = next((name for name in extra if _says_no(name, error, batch)), None)
            if unknown is not None:
                del extra[unknown]
                return self._call(client, extra, batch)
            words = f"{error.code} {error.type} {error} {error.body}"
            refused = self._refused(
                error.status_code, error.response.headers, _code(error, batch), words
            )
            halves = len(batch) > 1 and (
                error.status_code in (400, 422)
                or (error.status_code == 429 and bool(_TOO_LARGE_EVER.search(f"{error.body}")))
            )
            if halves or error.status_code == 413 or _is_too_much(error, batch):
                raise _TooMuch(refused) from None
            raise refused from None
        except (openai.OpenAIError, ValueError, TypeError, AttributeError):
            raise self._unreadable() from None
        failed = getattr(answer, "error", None)
        if failed:
            status = status_of_error(failed)
            refused = self._refused(status, {})
            said = _Said(status, f"{failed}")
            if (status == 400 and len(batch) > 1) or _is_too_much(said, batch):
                raise _TooMuch(refused) from None
            raise refused
        return self._vectors(answer, len(batch))

    def _refused(
        self, status: int, headers: Mapping[str, str], code: str = "", said: str = ""
    ) -> FatalError | EmbeddingsUnavailable:
        where = (
            f"The embeddings endpoint {self.base_url} answered {status}{code and f' ({code})'} for "
            f"model {self.model!r}"
        )
        if status in _TRANSIENT_STATUSES or status >= 500:
            return EmbeddingsUnavailable(f"{where}.", retry_after=retry_after_seconds(headers))
        hint = hint_for(
            status,
            said,
            "it does not take this request; check that the model takes a text as long and offers "
            f"{self.dimensions} dimensions",
        )
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
            raise EmbeddingsUnavailable(
                f"The embeddings endpoint {self.base_url} answered {len(data)} vectors for "
                f"{expected} texts."
            )
        vectors = []
        for item in self._in_order(data):
            try:
                vector = _floats(getattr(item, "embedding", None))
            except (TypeError, ValueError, struct.error):
                raise self._unreadable() from None
            if len(vector) != self.dimensions:
                raise FatalError(
                    f"Model {self.model!r} answered a vector of {len(vector)} dimensions where "
                    f"{self.dimensions} were "
                    "expected; set the dimensions of the embeddings connection to what the "
                    "database column holds."
                )
            if not all(map(math.isfinite, vector)) or not any(vector):
                raise EmbeddingsUnavailable(
                    f"Model {self.model!r} answered a vector that is zero or not finite; it "
                    "cannot be compared."
                )
            vectors.append(vector)
        return vectors

    def _in_order(self, data: list[Any]) -> list[Any]:
        """The items by their index; as they stand where a server gives none."""
        places = [getattr(item, "index", None) for item in data]
        if all(place is None for place in places):
            return data
        if sorted(place for place in places if isinstance(place, int)) != list(range(len(data))):
            raise self._unreadable()
        return sorted(data, key=lambda item: item.index)


@dataclass(frozen=True, slots=True)
class _Said:
    """An error that came with a 200, read as one that came as itself."""

    status_code: int
    body: str
    code: str = ""


class _TooMuch(Exception):
    """A request is larger than the server takes; `error` is what it comes to in the end."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _is_too_much(error: Any, batch: list[str]) -> bool:
    """Whether a refusal speaks of the size of the request: of the batch or of a text.

    A server may quote a text, so its words count only where no text of the batch has them.
    """
    if error.status_code not in _TOO_MUCH_STATUSES:
        return False
    if "length" in f"{error.code or ''}":
        return True
    found = _TOO_MUCH.search(f"{error} {error.body}")
    return bool(found) and not any(found[0].lower() in text.lower() for text in batch if found)


def _says_no(name: str, error: Any, batch: list[str]) -> bool:
    """Whether a refusal calls a parameter unsupported, or its value."""
    said = f"{error.code or ''} {error} {error.body}".lower()
    word = name.removesuffix("s")
    named = error.param == name or (
        word in said and not any(word in text.lower() for text in batch)
    )
    return named and error.status_code in (400, 422, 500, 501) and bool(_UNSUPPORTED.search(said))


def _code(error: Any, batch: list[str]) -> str:
    """What the server calls its reason, if that is a name and nothing of a text."""
    for said in (error.code, error.type):
        name = f"{said or ''}"
        if _CODE.fullmatch(name) and not any(name in text.lower() for text in batch):
            return name
    return ""


def _floats(embedding: Any) -> list[float]:
    """The numbers of an embedding: a list, or base64 of little-endian single floats."""
    if isinstance(embedding, str):
        raw = base64.b64decode(embedding, validate=True)
        return list(struct.unpack(f"<{len(raw) // 4}f", raw))
    if not isinstance(embedding, list) or any(isinstance(one, bool | str) for one in embedding):
        raise TypeError
    return [float(value) for value in embedding]

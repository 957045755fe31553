"""What embeddings servers of many makers answer, and what the client makes of it."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

import pytest

from include.base.connections import ConnectionInfo
from include.base.errors import EmbeddingsUnavailable, FatalError
from include.clients.embeddings import embedder_from
from tests.unit.matching.test_embed import SECRET_WORDS, base, embedder, fault, served

if TYPE_CHECKING:
    from tests.unit.matching.test_embed import Numbered

__all__ = ["base", "served"]  # fixtures

TOO_MANY = {"error": {"message": "batch size is invalid, it should not be larger than 10"}}
TOO_LONG = {
    "error": {
        "message": "This model's maximum context length is 512 tokens",
        "code": "context_length_exceeded",
    }
}
NO_DIMENSIONS = {
    "error": {
        "message": "This model does not support specifying dimensions",
        "param": "dimensions",
        "code": "unsupported_parameter",
    }
}


NO_DIMENSIONS_BY_LITELLM = {
    "error": {
        "message": "litellm.UnsupportedParamsError: Setting dimensions is not supported for OpenAI "
        "`text-embedding-3` and later models. To drop it, set drop_params",
        "type": "invalid_request_error",
        "param": None,
        "code": "400",
    }
}


def texts(count: int) -> list[str]:
    return ["a" * number for number in range(1, count + 1)]


@pytest.mark.parametrize("status", [400, 413, 422, 500])
@pytest.mark.parametrize("most", [1, 10, 16])
def test_a_batch_that_is_too_large_is_halved_and_stays_in_order(
    base: str, served: tuple[str, Numbered], status: int, most: int
) -> None:
    fault(base, status=status, body=TOO_MANY, most_inputs=most, times=999)
    vectors = embedder(base).embed(texts(40))
    assert [vector[0] for vector in vectors] == [*range(1, 41)]
    assert max(served[1].batches) <= most


def test_a_batch_is_halved_whatever_reason_a_refusal_gives(base: str) -> None:
    fault(base, status=422, body={"detail": "no"}, most_inputs=16, times=999)
    assert len(embedder(base).embed(texts(70))) == 70


def test_only_the_text_at_fault_is_shortened(base: str, served: tuple[str, Numbered]) -> None:
    fault(base, status=400, body=TOO_LONG, most_bytes=2_000, times=999)
    vectors = embedder(base).embed(["short", "long word " * 700, "other"])
    assert [vectors[0][0], vectors[2][0]] == [5, 5]
    assert 900 <= vectors[1][0] <= 2_000


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "The decoder prompt (length 600) is longer than the maximum model length of 512."),
        (400, "The input token count is 2100 but the model supports up to 2048."),
        (400, "#/texts/0: expected maxLength: 2048, actual: 2600, please reformat your input"),
        (422, "`inputs` must have less than 512 tokens. Given: 1000"),
        (500, "input is too large to process. increase the physical batch size"),
        (500, "the sequence of 600 tokens is greater than 512"),
        (400, "<400> InternalError.Algo: Range of input length should be [1, 8192]"),
        (400, "\u8f93\u5165\u957f\u5ea6\u8d85\u8fc7\u9650\u5236"),
        (400, "Please reduce the length of the input."),
        (400, "Requested 350000 tokens, max 300000 tokens per request"),
        (424, "Input validation error: `inputs` must have less than 512 tokens. Given: 1300"),
        (400, "inputs tokens + max_new_tokens must be <= 2048"),
        (500, "CUDA out of memory. Tried to allocate 2 GiB"),
        (507, "out of memory"),
        (400, "The number of input tokens must not be above 512"),
        (400, "\u5165\u529b\u304c\u9577\u3059\u304e\u307e\u3059"),
        (413, "no"),
    ],
)
def test_a_text_is_shortened_however_a_server_calls_it_too_long(
    base: str, status: int, said: str
) -> None:
    body = {"error": {"message": said}}
    fault(base, status=status, body=body, most_bytes=2_000, times=999)
    [vector] = embedder(base).embed(["wordy " * 1_000])
    assert 900 <= vector[0] <= 2_000


def test_a_request_that_is_too_large_for_a_rate_is_halved(
    base: str, served: tuple[str, Numbered]
) -> None:
    said = "Request too large for text-embedding-3-small on tokens per min (TPM): Limit 1000"
    body = {"error": {"message": said, "code": "rate_limit_exceeded"}}
    fault(base, status=429, body=body, most_inputs=10, times=999)
    assert [vector[0] for vector in embedder(base).embed(texts(25))] == [*range(1, 26)]
    fault(base, status=429, body={"error": {"message": "slow down"}}, most_inputs=10, times=999)
    with pytest.raises(EmbeddingsUnavailable, match="429"):
        embedder(base).embed(texts(25))


@pytest.mark.parametrize(
    "said",
    [
        "Value 'float' supplied for argument 'encoding_format' is not valid -- must be null",
        "litellm.UnsupportedParamsError: Setting encoding_format is not supported by cohere",
        "body.encoding_format: Extra inputs are not permitted",
        "Argument 'encoding_format' is not supported by our API",
        "Only base64 is supported as encoding_format; only base64 encoding",
    ],
)
def test_the_form_of_the_numbers_is_left_out_where_it_is_unsupported(base: str, said: str) -> None:
    fault(base, status=400, body={"error": {"message": said}}, times=1)
    assert [vector[0] for vector in embedder(base).embed(["a", "bb"])] == [1, 2]


@pytest.mark.parametrize(
    ("code", "is_told"),
    [("model_not_found", True), ("Secret words!", False), ("own_secret", False), (None, False)],
)
def test_the_servers_own_name_for_its_reason_is_told(
    base: str, code: str | None, is_told: bool
) -> None:
    body = {"error": {"message": "the customer's own_secret", "code": code}}
    fault(base, status=400, body=body, times=999)
    with pytest.raises(FatalError) as caught:
        embedder(base).embed(["our own_secret"])
    assert (f"({code})" in str(caught.value)) is is_told
    assert "own_secret" not in str(caught.value)


def test_a_text_that_no_length_helps_is_refused_for_good(base: str) -> None:
    fault(base, status=400, body=TOO_LONG, times=999)
    with pytest.raises(FatalError, match="400") as caught:
        embedder(base).embed([SECRET_WORDS * 90])
    assert SECRET_WORDS not in str(caught.value)


ONLY_ELSEWHERE = [
    {"error": {"message": said}}
    for said in (
        "`dimensions` is only supported in text-embedding-3 and later",
        "The dimensions parameter can only be used with other models",
        "Model does not support dimension truncation",
        "additionalProperties: dimensions",
    )
]


@pytest.mark.parametrize("body", [NO_DIMENSIONS, NO_DIMENSIONS_BY_LITELLM, *ONLY_ELSEWHERE])
def test_dimensions_are_left_out_where_they_are_unsupported(base: str, body: Any) -> None:
    fault(base, status=400, body=body, lacks_dimensions=True, times=1)
    assert [vector[0] for vector in embedder(base, batch_size=1).embed(["a", "bb"])] == [1, 2]


def test_a_refusal_that_quotes_the_text_is_not_taken_for_a_lack(base: str) -> None:
    said = "dimensions unsupported"
    fault(base, status=400, body={"error": {"message": f"Bad request: {said}"}}, times=1)
    with pytest.raises(FatalError):
        embedder(base).embed([said])


def _answer(*embeddings: Any, **more: Any) -> dict[str, Any]:
    return {"object": "list", "data": [{"embedding": one, **more} for one in embeddings]}


def test_vectors_without_an_index_count_by_their_place(base: str) -> None:
    fault(base, body=_answer([1.0] * 384, [2.0] * 384))
    assert [vector[0] for vector in embedder(base).embed(["a", "b"])] == [1, 2]


def test_an_index_out_of_order_is_followed(base: str) -> None:
    data = [{"index": 1, "embedding": [2.0] * 384}, {"index": 0, "embedding": [1.0] * 384}]
    fault(base, body={"data": data})
    assert [vector[0] for vector in embedder(base).embed(["a", "b"])] == [1, 2]


def test_base64_is_read_though_floats_were_asked_for(base: str) -> None:
    raw = base64.b64encode(struct.pack("<384f", *[0.5] * 384)).decode()
    fault(base, body=_answer(raw, index=0))
    assert embedder(base).embed(["a"]) == [[0.5] * 384]


@pytest.mark.parametrize(
    "body",
    [
        _answer(None, index=0),
        _answer([None] * 384, index=0),
        _answer(["0.5"] * 384, index=0),
        _answer([0.0] * 384, index=0),
        _answer("not base64!", index=0),
        _answer("AAA=", index=0),
        _answer({"a": 1}, index=0),
        _answer([1.0] * 384, index=7),
        _answer([1.0] * 384, [1.0] * 384, index=0),
        _answer(),
        {"data": None},
        {"data": "x"},
        {"data": [None]},
        [],
        {"error": {"message": "slow down", "code": 429}},
        {"object": "error", "message": "broken"},
    ],
)
def test_what_is_no_list_of_vectors_is_unavailable_and_breaks_nothing(base: str, body: Any) -> None:
    fault(base, body=body)
    with pytest.raises(EmbeddingsUnavailable):
        embedder(base).embed(["a"])


@pytest.mark.parametrize(
    "failed",
    [
        {"message": "no", "code": "401"},
        {"message": "Incorrect API key provided", "code": None},
        {"message": "gone", "code": "model_not_found"},
    ],
)
def test_an_error_inside_a_200_is_the_error_it_names(base: str, failed: Any) -> None:
    fault(base, body={"object": "list", "data": None, "error": failed})
    with pytest.raises(FatalError):
        embedder(base).embed(["a"])


def test_a_batch_that_is_refused_inside_a_200_is_halved(base: str) -> None:
    body = {"error": {"message": "invalid batch", "code": 400}}
    fault(base, body=body, most_inputs=10, times=999)
    assert [vector[0] for vector in embedder(base).embed(texts(25))] == [*range(1, 26)]


def test_numbers_that_are_not_finite_are_unavailable(base: str) -> None:
    raw = base64.b64encode(struct.pack("<384f", *[float("nan")] * 384)).decode()
    fault(base, body=_answer(raw, index=0))
    with pytest.raises(EmbeddingsUnavailable, match="not finite"):
        embedder(base).embed(["a"])


def test_the_size_of_a_batch_is_a_setting(base: str, served: tuple[str, Numbered]) -> None:
    extra = {"model": "all-MiniLM-L6-v2", "batch_size": 3}
    info = ConnectionInfo("embeddings_api", host=base, password="key", extra=extra)
    embedder_from(info).embed(texts(7))
    assert served[1].batches == [3, 3, 1]


@pytest.mark.parametrize(
    ("said", "kind", "hint"),
    [
        (
            "/embeddings: Invalid model name passed in model=nosuch.",
            "invalid_request_error",
            "check the model's name",
        ),
        ("No connected db.", "no_db_connection", "check the API key of the connection"),
        ("Something else.", "invalid_request_error", "offers 384 dimensions"),
    ],
)
def test_a_refusal_leads_to_what_is_to_be_checked(
    base: str, said: str, kind: str, hint: str
) -> None:
    body = {"error": {"message": said, "type": kind, "param": None, "code": "400"}}
    fault(base, status=400, body=body, times=999)
    with pytest.raises(FatalError, match=hint) as caught:
        embedder(base).embed(["a"])
    assert f"({kind})" in str(caught.value)


def test_one_vector_for_two_texts_is_no_answer(base: str) -> None:
    # LiteLLM's proxy with a mock answer gives the one vector whatever it was asked.
    fault(base, body=_answer([0.1] * 384, index=0))
    with pytest.raises(EmbeddingsUnavailable, match="1 vectors for 2 texts"):
        embedder(base, batch_size=2).embed(["a", "bb"])

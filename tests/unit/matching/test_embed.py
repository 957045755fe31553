from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from include.base.errors import EmbeddingsUnavailable, FatalError
from include.matching.embed import (
    MAX_BYTES,
    OpenAIEmbedder,
    content_hash,
    embedding_text,
    truncated,
)
from sandbox.embeddings_server import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET_WORDS = "the customer's own secret words"


class Numbered:
    """Embeds a text as a vector that starts with the text's length."""

    model = "all-MiniLM-L6-v2"
    dimensions = 384

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.seen: list[str] = []

    def embed(self, texts: list[str]) -> list[list[float]]:
        self.seen += texts
        self.batches.append(len(texts))
        return [[float(len(text)), *([0.5] * 383)] for text in texts]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Numbered]]:
    numbered = Numbered()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(create_app(numbered), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        thread.join(0.01)
    assert server.started
    yield f"http://127.0.0.1:{port}", numbered
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def base(served: tuple[str, Numbered]) -> str:
    httpx.post(f"{served[0]}/sandbox/faults", json={"times": 0}).raise_for_status()
    served[1].batches.clear()
    return served[0]


def embedder(base: str, **more: Any) -> OpenAIEmbedder:
    return OpenAIEmbedder(f"{base}/v1", "key", **{"model": "all-MiniLM-L6-v2", **more})


def fault(base: str, **what: Any) -> None:
    httpx.post(f"{base}/sandbox/faults", json=what).raise_for_status()


def test_vectors_come_back_in_order_over_several_batches(
    base: str, served: tuple[str, Numbered]
) -> None:
    texts = ["a" * n for n in range(1, 6)]
    vectors = embedder(base, batch_size=2).embed(texts)
    assert [vector[0] for vector in vectors] == [1, 2, 3, 4, 5]
    assert served[1].batches == [2, 2, 1]


def test_addresses_and_keys_are_hidden_from_the_server(
    base: str, served: tuple[str, Numbered]
) -> None:
    embedder(base).embed(["ann@example.com cannot export", "call +1 415-555-2671"])
    assert served[1].seen[-2:] == ["<EMAIL_1> cannot export", "call <PHONE_1>"]


def test_nothing_to_embed_makes_no_call(base: str, served: tuple[str, Numbered]) -> None:
    assert embedder(base).embed([]) == []
    assert served[1].batches == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_permanent_and_keeps_the_customers_words_to_itself(
    base: str, status: int
) -> None:
    fault(base, status=status)
    with pytest.raises(FatalError, match=str(status)) as caught:
        embedder(base).embed([SECRET_WORDS])
    assert SECRET_WORDS not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("status", "wait"), [(429, 2.0), (429, None), (500, None), (503, 7.0)])
def test_a_passing_failure_says_how_long_to_wait(
    base: str, status: int, wait: float | None
) -> None:
    fault(base, status=status, **({} if wait is None else {"retry_after": wait}))
    with pytest.raises(EmbeddingsUnavailable, match=str(status)) as caught:
        embedder(base).embed([SECRET_WORDS])
    assert caught.value.retry_after == wait
    assert SECRET_WORDS not in str(caught.value)


def test_a_failure_is_not_retried_behind_the_tasks_back(base: str) -> None:
    fault(base, status=503, times=1)
    with pytest.raises(EmbeddingsUnavailable):
        embedder(base).embed(["a"])
    assert embedder(base).embed(["a"])[0][0] == 1


def test_a_slow_endpoint_counts_as_unavailable(base: str) -> None:
    fault(base, delay_seconds=5)
    with pytest.raises(EmbeddingsUnavailable, match="did not answer within"):
        embedder(base, timeout=0.2).embed(["a"])


def test_an_endpoint_that_is_not_there_counts_as_unavailable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(EmbeddingsUnavailable, match="cannot be reached"):
        embedder(f"http://127.0.0.1:{port}").embed(["a"])


def test_a_vector_of_the_wrong_size_is_refused_for_good_naming_both_sizes(base: str) -> None:
    fault(base, wrong_size=True)
    with pytest.raises(FatalError, match=r"383 dimensions where 384"):
        embedder(base).embed(["a"])


def test_dimensions_the_model_lacks_are_refused_for_good(base: str) -> None:
    with pytest.raises(FatalError, match="512 dimensions"):
        embedder(base, dimensions=512).embed(["a"])


def test_a_blank_text_is_refused_by_its_place(base: str) -> None:
    with pytest.raises(FatalError, match="Text 2 of 2 is blank"):
        embedder(base).embed(["a", " \n"])


def test_the_key_is_not_shown() -> None:
    assert "hidden" not in repr(OpenAIEmbedder("http://x/v1", "hidden"))


@given(st.text(max_size=300).map(lambda part: part * 60))
def test_a_long_text_is_cut_below_the_limit_and_stays_its_own_beginning(text: str) -> None:
    cut = truncated(text)
    assert len(cut.encode()) <= MAX_BYTES
    assert text.startswith(cut)
    assert len(text.encode()) > MAX_BYTES or cut == text


def test_a_long_text_is_cut_at_a_word() -> None:
    cut = truncated("spreadsheet " * 2000)
    assert cut.endswith("spreadsheet")


def test_the_text_embedded_is_title_blank_line_description() -> None:
    assert embedding_text(" Export ", "As CSV.\n") == "Export\n\nAs CSV."
    assert embedding_text("Export", "  ") == "Export"


def test_a_changed_text_model_or_size_changes_the_hash() -> None:
    hashes = {
        content_hash("a", "m", 384),
        content_hash("b", "m", 384),
        content_hash("a", "n", 384),
        content_hash("a", "m", 512),
    }
    assert len(hashes) == 4
    assert content_hash("a", "m", 384) in hashes


def test_the_server_speaks_base64_as_the_client_asks_by_default(base: str) -> None:
    import openai

    with openai.OpenAI(base_url=f"{base}/v1", api_key="any", max_retries=0) as client:
        vector = client.embeddings.create(model="all-MiniLM-L6-v2", input="abc").data[0].embedding
        listed = [model.id for model in client.models.list()]
    assert list(vector)[:2] == [3.0, 0.5]
    assert listed == ["all-MiniLM-L6-v2", "sandbox-words"]


@pytest.mark.parametrize(
    "body",
    [
        {"input": "a", "model": "other"},
        {"input": "", "model": "all-MiniLM-L6-v2"},
        {"input": [], "model": "all-MiniLM-L6-v2"},
        {"input": [1], "model": "all-MiniLM-L6-v2"},
        {"input": "a", "model": "all-MiniLM-L6-v2", "encoding_format": "hex"},
        {"input": "a", "model": "all-MiniLM-L6-v2", "dimensions": 256},
        ["a"],
    ],
)
def test_the_server_refuses_what_openai_would_refuse(base: str, body: Any) -> None:
    headers = {"authorization": "Bearer any"}
    answer = httpx.post(f"{base}/v1/embeddings", json=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic x"}, {"authorization": "Bearer"}])
def test_the_server_wants_a_bearer_token(base: str, headers: dict[str, str]) -> None:
    body = {"input": "a", "model": "all-MiniLM-L6-v2"}
    answer = httpx.post(f"{base}/v1/embeddings", json=body, headers=headers)
    assert answer.status_code == 401


def test_a_fault_without_sense_is_refused(base: str) -> None:
    assert httpx.post(f"{base}/sandbox/faults", json={"status": 200}).status_code == 400
    assert httpx.post(f"{base}/sandbox/faults", json={"colour": "red"}).status_code == 400
    assert httpx.get(f"{base}/healthz").json()["status"] == "ok"

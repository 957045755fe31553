"""Entries that the first model does not read are matched with the second one."""

from __future__ import annotations

from dataclasses import replace

from include.entries.decide import Means, Way, decide
from include.matching.embed import embedding_text
from include.requests.vectors import keep_vectors
from include.store.models import Decision, Entry
from include.store.session import session_scope
from tests.db.entries.conftest import TableJudge, WordsEmbedder, make_request, submit

GERMAN = "Wir können unsere Tabellen nicht als CSV exportieren"


class OtherEmbedder(WordsEmbedder):
    """A model for all languages."""

    model = "multilingual-e5-small"


def test_the_second_model_decides_about_what_the_first_does_not_read(
    embedder: WordsEmbedder,
) -> None:
    wanted = make_request(embedder, "Export tables as CSV")
    other = OtherEmbedder()
    with session_scope() as session:
        [vector] = other.embed([embedding_text("Export tables as CSV", "")])
        keep_vectors(session, other.model, 384, [(wanted, "h", vector)])
    asks = TableJudge(**{"export-tables-as-csv": 0.85})
    english, german = submit("We export tables by hand"), submit(GERMAN, external_id="g")
    first = Means(reads_english(embedder), TableJudge())
    means = replace(first, other=Means(other, asks))

    ways = decide(session_scope, [english, german], means)

    assert ways == {english: Way.CREATE, german: Way.ASK}
    with session_scope() as session:
        models = {one.entry_id: one.model for one in session.query(Decision)}
        assert models == {english: "all-MiniLM-L6-v2", german: "multilingual-e5-small"}
        entry = session.get_one(Entry, german)
        assert entry.embedding_model == "multilingual-e5-small"


def reads_english(embedder: WordsEmbedder) -> WordsEmbedder:
    """The same under the name of a model that reads English only."""
    embedder.model = "all-MiniLM-L6-v2"
    return embedder

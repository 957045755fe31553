"""Search on a real PostgreSQL with pgvector."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, text

from benchmarks.bench_search import MODEL as SYNTHETIC
from benchmarks.bench_search import explain, make_world
from benchmarks.corpus import fill
from benchmarks.pieces import closest, fill_pieces, make_pieces
from include.store.search import find_candidates

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.matching.types import Candidate

MODEL = "test-model"


def axis(*places: int) -> list[float]:
    """A unit vector along the given axes."""
    vector = [0.0] * 384
    for place in places:
        vector[place] = 1 / math.sqrt(len(places))
    return vector


def add(
    session: Session,
    title: str,
    description: str = "",
    *,
    vector: list[float] | None = None,
    model: str = MODEL,
    status: str = "open",
) -> int:
    number = session.execute(text("SELECT count(*) FROM requests")).scalar_one()
    request_id: int = session.execute(
        text(
            "INSERT INTO requests (slug, title, description, status)"
            " VALUES (:slug, :title, :description, :status) RETURNING id"
        ),
        {"slug": f"r-{number}", "title": title, "description": description, "status": status},
    ).scalar_one()
    if vector is not None:
        embed(session, request_id, vector, model)
    return request_id


def embed(session: Session, request_id: int, vector: list[float], model: str = MODEL) -> None:
    columns = "request_id, model, dimensions, content_hash, embedding"
    session.execute(
        text(
            f"INSERT INTO request_embeddings ({columns})"
            " VALUES (:id, :model, 384, 'h', CAST(:vector AS vector))"
        ),
        {"id": request_id, "model": model, "vector": str(vector)},
    )


def ids(candidates: list[Candidate]) -> list[int]:
    return [candidate.request_id for candidate in candidates]


def search(
    session: Session, pain: str, vector: list[float] | None = None, **more: object
) -> list[Candidate]:
    options: dict[str, Any] = {"model": MODEL, **more}
    return find_candidates(session, pain=pain, vector=vector, **options)


@pytest.fixture
def shelf(session: Session) -> dict[str, int]:
    """Four requests, each on its own axis."""
    return {
        "export": add(session, "Export table as CSV", "Into a spreadsheet", vector=axis(0)),
        "dark": add(session, "Dark mode", "A dark theme for the night", vector=axis(1)),
        "login": add(session, "Single sign-on", "Log in with Okta", vector=axis(2)),
        "search": add(session, "Faster search", "The archive takes minutes", vector=axis(3)),
    }


def test_an_empty_database_has_no_candidates(session: Session) -> None:
    assert search(session, "anything", axis(0)) == []
    assert search(session, "anything") == []


def test_the_nearest_vector_comes_first_with_its_cosine(
    session: Session, shelf: dict[str, int]
) -> None:
    found = search(session, "zzz", axis(1, 2))
    assert set(ids(found)[:2]) == {shelf["dark"], shelf["login"]}
    by_id = {candidate.request_id: candidate for candidate in found}
    assert by_id[shelf["dark"]].cosine == pytest.approx(1 / math.sqrt(2), abs=1e-6)
    assert by_id[shelf["export"]].cosine == pytest.approx(0, abs=1e-6)


def test_words_find_what_has_no_vector(session: Session, shelf: dict[str, int]) -> None:
    bare = add(session, "Webhooks for invoices")
    found = search(session, "we want a webhook per invoice", axis(0))
    by_id = {candidate.request_id: candidate for candidate in found}
    assert by_id[bare].cosine is None
    assert by_id[bare].vector_rank is None
    assert by_id[bare].text_rank == 1
    assert by_id[bare].shared_words == ("webhook", "invoic")


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Caf\xe9 prices", "our cafe\u0301 price"),
        ("\uff23\uff33\uff36 export", "a csv export"),
        ("\ufb01nancial report", "financial reports"),
    ],
)
def test_words_are_found_in_any_writing(session: Session, title: str, said: str) -> None:
    other = add(session, title)
    [found] = search(session, said)
    assert found.request_id == other
    assert len(found.shared_words) == 2


def test_both_lists_agreeing_beats_either_alone(session: Session, shelf: dict[str, int]) -> None:
    found = search(session, "dark theme", axis(1, 0))
    assert found[0].request_id == shelf["dark"]
    assert found[0].title_score == pytest.approx(0.5)
    assert found[0].text_score == pytest.approx(1.0)


def test_rare_words_count_more_than_common_ones(session: Session) -> None:
    for number in range(30):
        add(session, f"Report about the dashboard number {number}")
    rare = add(session, "Report about kerberos")
    found = search(session, "dashboard report with kerberos")
    assert found[0].request_id == rare


def test_without_a_vector_only_words_are_used(session: Session, shelf: dict[str, int]) -> None:
    found = search(session, "export a spreadsheet")
    assert ids(found) == [shelf["export"]]
    assert found[0].cosine is None
    assert found[0].background_size == 0


def test_vectors_of_another_model_are_not_seen(session: Session) -> None:
    other = add(session, "Something else", vector=axis(0), model="other-model")
    mine = add(session, "Mine entirely", vector=axis(5))
    found = search(session, "zzz", axis(0))
    assert ids(found) == [mine]
    embed(session, other, axis(7))
    assert set(ids(search(session, "zzz", axis(0)))) == {mine, other}


def test_no_more_than_the_limit_is_returned(session: Session) -> None:
    for number in range(14):
        add(session, f"Export number {number}", vector=axis(number))
    assert len(search(session, "export", axis(0))) == 10
    assert len(search(session, "export", axis(0), limit=3)) == 3


def test_closed_requests_are_found_and_marked(session: Session, shelf: dict[str, int]) -> None:
    shipped = add(session, "Old export", vector=axis(0), status="shipped")
    by_id = {c.request_id: c for c in search(session, "export", axis(0))}
    assert by_id[shipped].status == "shipped"
    assert by_id[shelf["export"]].status == "open"
    assert ids(search(session, "zzz", axis(0), statuses=["shipped"])) == [shipped]


def test_excluded_and_older_requests_are_left_out(session: Session, shelf: dict[str, int]) -> None:
    later = add(session, "Export later", vector=axis(0))
    everything = set(shelf.values()) | {later}
    assert set(ids(search(session, "export", axis(0)))) == everything
    without = search(session, "export", axis(0), exclude=[later, shelf["dark"]])
    assert set(ids(without)) == everything - {later, shelf["dark"]}
    assert ids(search(session, "export", axis(0), opened_after_id=later - 1)) == [later]
    assert ids(search(session, "export", opened_after_id=later - 1)) == [later]
    assert search(session, "export", axis(0), opened_after_id=later) == []


def test_areas_filter_and_are_told(session: Session, shelf: dict[str, int]) -> None:
    areas = [
        session.execute(
            text("INSERT INTO areas (slug, name) VALUES (:slug, :slug) RETURNING id"),
            {"slug": slug},
        ).scalar_one()
        for slug in ("exports", "looks")
    ]
    for area in areas:
        session.execute(
            text("INSERT INTO request_areas (request_id, area_id) VALUES (:r, :a)"),
            {"r": shelf["export"], "a": area},
        )
    found = search(session, "export dark", axis(1), area_ids=[areas[0]])
    assert ids(found) == [shelf["export"]]
    assert found[0].area_ids == tuple(areas)
    assert search(session, "export", axis(0), area_ids=[]) == []


@pytest.mark.parametrize(
    "pain",
    [
        "",
        "   ",
        "the of and is",
        "😀 🎉",
        "'); DROP TABLE requests; --",
        "a & b | !c <-> d:* (((",
        "\\ ' \\' '' \" %s %(x)s :name ::tsquery {filters}",
        "C:\\temp\\o'neil https://x.y/z?q='1' mail@example.com",
        "\x00nul\x00",
        "Tabelle als CSV herunterladen, bitte! エクスポート",
        "x" * 10_000,
        "export " * 2_000,
        " ".join(f"word{number}" for number in range(3_000)),
    ],
)
def test_any_pain_is_searched_without_harm(
    session: Session, shelf: dict[str, int], pain: str
) -> None:
    assert len(search(session, pain, axis(0))) == 4
    search(session, pain)
    assert session.execute(text("SELECT count(*) FROM requests")).scalar_one() == 4


def test_every_lexeme_the_parser_makes_can_be_looked_up(session: Session) -> None:
    strange = random.Random(5)
    alphabet = "ab'\\&|!:*()<>-_.@/%?=+\"$#~[]{} "
    for _ in range(60):
        title = "".join(strange.choice(alphabet) for _ in range(60)) + " anchor"
        added = add(session, title)
        assert added in ids(search(session, title, exclude=range(1, added)))


def test_the_background_is_the_second_to_sixth_nearest(session: Session) -> None:
    for number in range(8):
        add(session, f"Request {number} of eight", vector=axis(0, *range(1, number + 1)))
    found = search(session, "zzz", axis(0))
    expected = sum(1 / math.sqrt(n) for n in range(2, 7)) / 5
    assert found[0].background_mean == pytest.approx(expected, abs=1e-5)
    assert {candidate.background_size for candidate in found} == {5}
    assert {candidate.corpus_size for candidate in found} == {8}


def test_search_settings_end_with_the_transaction(session: Session) -> None:
    before = session.execute(text("SHOW enable_seqscan")).scalar_one()
    search(session, "export", axis(0))
    assert session.execute(text("SHOW hnsw.ef_search")).scalar_one() == "150"
    session.commit()
    assert session.execute(text("SHOW enable_seqscan")).scalar_one() == before == "on"


def test_both_indexes_serve_the_statement_and_no_table_is_read_whole(session: Session) -> None:
    world = make_world(2_000)
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    fill(engine, world.requests, world.vectors, SYNTHETIC)
    # So few rows the planner may as well sort; at 10,000 it takes the index by itself.
    session.execute(text("SET LOCAL enable_sort = off"))
    plan = str(explain(session, world.pains[1], world.pain_vectors[1].tolist()))
    assert "ix_request_embeddings_hnsw" in plan
    assert "ix_requests_search" in plan
    assert "Seq Scan" not in plan


def test_feedback_is_found_by_its_index_and_among_the_closest(session: Session) -> None:
    world = make_world(2_000)
    pieces = make_pieces(world.vectors, 4_000)
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    fill(engine, world.requests, world.vectors, SYNTHETIC)
    fill_pieces(engine, pieces, SYNTHETIC, memory_mb=256)
    exact = closest(world.vectors, pieces, world.pain_vectors)
    for vector, places in zip(world.pain_vectors[:5].tolist(), exact.tolist(), strict=False):
        found = search(session, "", vector, model=SYNTHETIC)
        assert {one.request_id - 1 for one in found} == set(places)
    session.execute(text("SET LOCAL enable_sort = off"))
    plan = str(explain(session, world.pains[1], world.pain_vectors[1].tolist()))
    assert "ix_request_evidence_hnsw" in plan
    assert "Seq Scan" not in plan


def add_in(session: Session, language: str, title: str) -> int:
    request_id = add(session, title, vector=axis(0))
    session.execute(
        text("UPDATE requests SET language = :language WHERE id = :id"),
        {"language": language, "id": request_id},
    )
    return request_id


@pytest.mark.parametrize(
    ("language", "title", "pain", "shared"),
    [
        (
            "french",
            "Le résumé hebdomadaire perd les accents dans le fichier",
            "Les livreurs laissent les colis dans les escaliers et les voisins les prennent",
            0,
        ),
        ("german", "Die Tabelle und der Export", "Wir wollen, dass die Maschine und der Motor", 0),
        ("german", "Tabellen exportieren", "Wir können unsere Tabelle nicht exportieren", 2),
        ("spanish", "Exportar las tablas de la cuenta", "Nos gusta la comida de las abuelas", 0),
        ("simple", "Nie da się tego pobrać", "Autobus znowu nie przyjechał, nie da się", 0),
    ],
)
def test_empty_words_of_any_language_are_not_shared(
    session: Session, language: str, title: str, pain: str, shared: int
) -> None:
    wanted = add_in(session, language, title)
    [found] = search(session, pain, axis(0))
    assert (found.request_id, len(found.shared_words)) == (wanted, shared)


def test_the_language_of_a_request_is_told_when_it_is_written(session: Session) -> None:
    from include.store.models import Request

    request = Request(slug="x", title="Wir können die Tabellen nicht exportieren")
    session.add(request)
    session.flush()
    assert request.language == "german"
    request.title = "We can not export the tables"
    session.flush()
    assert request.language == "english"

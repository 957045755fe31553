from __future__ import annotations

import pytest

from include.base.errors import FatalError
from include.matching.judge import CalibratedJudge
from include.matching.types import FoundRequest
from include.requests.merging import merge
from include.requests.search import search_requests
from include.store.session import session_scope
from tests.db.entries.conftest import MODEL, TableJudge, WordsEmbedder, make_area, make_request


def search(embedder: WordsEmbedder, query: str, **options: object) -> list[FoundRequest]:
    judge = options.pop("judge", None) or TableJudge()
    with session_scope() as session:
        return search_requests(
            session,
            embedder=embedder,
            judge=judge,  # type: ignore[arg-type]
            query=query,
            **options,  # type: ignore[arg-type]
        )


def test_finds_by_meaning_best_first_with_confidence_and_reason(embedder: WordsEmbedder) -> None:
    csv = make_request(embedder, "Export tables as CSV")
    make_request(embedder, "Dark mode for the editor")
    pdf = make_request(embedder, "Export invoices as PDF")

    judge = TableJudge(**{"export-tables-as-csv": 0.93, "export-invoices-as-pdf": 0.72})
    found = search(embedder, "export tables", judge=judge)

    assert [one.id for one in found] == [csv, pdf]
    assert found[0] == FoundRequest(
        csv, "export-tables-as-csv", "Export tables as CSV", "open", 0.93, "Both name it."
    )


def test_finds_one_word_that_the_judge_thinks_little_of(embedder: WordsEmbedder) -> None:
    sso = make_request(embedder, "Sign in with SSO from Okta")
    make_request(embedder, "Dark mode for the editor")

    found = search(embedder, "what do we have on SSO?", judge=TableJudge())

    assert [(one.id, one.confidence) for one in found] == [(sso, 0.69)]
    assert found[0].reason == "It has all of the words you searched for."


def test_searches_by_words_when_the_embeddings_are_down(embedder: WordsEmbedder) -> None:
    sso = make_request(embedder, "Sign in with SSO from Okta")
    make_request(embedder, "Dark mode for the editor")
    embedder.down = True

    found = search(embedder, "SSO from Okta", judge=CalibratedJudge(MODEL))

    assert [one.id for one in found] == [sso]
    assert 0.5 <= found[0].confidence < 0.9


def test_leaves_out_shipped_requests_unless_asked_for(embedder: WordsEmbedder) -> None:
    make_request(embedder, "Export tables as CSV", status="shipped")
    later = make_request(embedder, "Export tables as PDF", status="deprioritized")

    assert [one.id for one in search(embedder, "export tables")] == [later]
    with_shipped = search(embedder, "export tables", include_shipped=True)
    assert sorted(one.status for one in with_shipped) == ["deprioritized", "shipped"]


def test_keeps_to_the_areas_and_the_limit(embedder: WordsEmbedder) -> None:
    exports, editor = make_area("exports"), make_area("editor")
    inside = {
        make_request(embedder, f"Export tables as {kind}", areas=[exports])
        for kind in ("CSV", "PDF", "ODS")
    }
    make_request(embedder, "Export tables from the editor", areas=[editor])

    assert {one.id for one in search(embedder, "export tables", area_ids=[exports])} == inside
    assert len(search(embedder, "export tables", area_ids=[exports], limit=2)) == 2
    assert search(embedder, "export tables", area_ids=[]) == []


@pytest.mark.parametrize("query", ["", "  \n", "\x00"])
def test_refuses_a_blank_query(embedder: WordsEmbedder, query: str) -> None:
    with pytest.raises(FatalError, match="query is blank"):
        search(embedder, query)


@pytest.mark.parametrize("limit", [0, -1, 51])
def test_refuses_a_limit_out_of_range(embedder: WordsEmbedder, limit: int) -> None:
    with pytest.raises(FatalError, match=f"limit is {limit}; use 1 to 50"):
        search(embedder, "export", limit=limit)


def test_guesses_where_nothing_fits_and_says_so(embedder: WordsEmbedder) -> None:
    dark = make_request(embedder, "Dark mode for the editor")

    [guess] = search(embedder, "invoices in euro")
    assert (guess.id, guess.is_guess, guess.confidence) == (dark, True, 0.0)
    assert guess.reason.startswith("Nothing says what you searched for")
    assert search(embedder, "🤷 ::: ''' \\ & |") == []


def test_looks_past_the_requests_that_are_known(embedder: WordsEmbedder) -> None:
    dark, light = (make_request(embedder, title) for title in ("Dark mode", "Invoices in euro"))

    assert search(embedder, "Dark mode")[0].id == dark
    [guess] = search(embedder, "Dark mode", besides=[dark])
    assert (guess.id, guess.is_guess) == (light, True)
    assert search(embedder, "Dark mode", besides=[dark, light]) == []


@pytest.mark.parametrize(
    ("query", "title", "reason"),
    [
        ("SSO", "Add single sign-on for Okta", "“SSO” may stand for “single sign on”."),
        ("tos", "Show the terms of service", "“TOS” may stand for “terms of service”."),
        ("i18n", "Internationalization of mails", "“I18N” may stand for “internationalization”."),
        ("expo", "Export tables as CSV", "“export” begins with “expo”."),
        ("exprot csv", "Export tables as CSV", "“exprot” is written almost like “export”."),
        ("notifcations", "Notifications come late", "almost like “notifications”"),
        ("batch size", "Keep batchSize in the export", "It has all of the words"),
        ("customer_id", "The customerId is lost", "It has all of the words"),
        ("orders 2026", "Import orders_2026.csv again", "It has all of the words"),
    ],
)
def test_finds_what_people_type(
    embedder: WordsEmbedder, query: str, title: str, reason: str
) -> None:
    wanted = make_request(embedder, title)
    make_request(embedder, "Dark mode for the editor")
    make_request(embedder, "Faster pages on old phones")
    embedder.down = True

    [found] = search(embedder, query, judge=CalibratedJudge(MODEL))

    assert found.id == wanted
    assert 0.5 <= found.confidence < 0.7
    assert not found.is_guess
    assert reason in found.reason


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("darkmode", "Dark mode for the editor"),
        ("resume", "R\xe9sum\xe9 upload for applicants"),
        ("2fa", "Two-factor authentication by phone"),
        ("dark mode", "Darkmode for the editor"),
        ("e-mail", "Email digest on Mondays"),
    ],
)
def test_finds_words_that_are_written_apart_together_or_plainly(
    embedder: WordsEmbedder, query: str, title: str
) -> None:
    make_request(embedder, "Export tables as CSV")
    wanted = make_request(embedder, title)
    embedder.down = True

    found = search(embedder, query, judge=TableJudge())

    assert [one.id for one in found if not one.is_guess] == [wanted]


def test_finds_the_requests_of_an_area_by_its_initials(embedder: WordsEmbedder) -> None:
    area = make_area("identity", name="Identity and access management")
    wanted = make_request(embedder, "Log in with a passkey", areas=[area])
    make_request(embedder, "Dark mode for the editor")

    [found] = search(embedder, "IAM")

    assert found.id == wanted
    assert found.reason == (
        "It is in the area “Identity and access management”, whose initials are “IAM”."
    )


def test_a_merged_request_is_shown_as_the_one_it_is_part_of(embedder: WordsEmbedder) -> None:
    make_request(embedder, "Download rows as spreadsheet")
    survivor = make_request(embedder, "Export tables as CSV")
    with session_scope() as session:
        merge(session, "download-rows-as-spreadsheet", "export-tables-as-csv", by="user:x")

    judge = TableJudge(**{"export-tables-as-csv": 0.93})
    [found, *_] = search(embedder, "download rows spreadsheet", judge=judge)

    assert (found.id, found.slug) == (survivor, "export-tables-as-csv")
    assert found.title == "Export tables as CSV"
    assert "found as “Download rows as spreadsheet”, which is merged into it" in found.reason

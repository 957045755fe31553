"""The language of a text, and what follows from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.matching.judge import NOT_READ, CalibratedJudge
from include.matching.language import (
    CONFIGURATIONS,
    SIMPLE,
    configuration_of,
    language_of,
    reads,
    searched_words,
)
from include.matching.types import Candidate


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Export tables as CSV", "en"),
        ("SSO login fails", "en"),
        ("\uff33\uff33\uff2f login fails", "en"),
        ("\uff37ir k\xf6nnen nicht exportieren", "de"),
        ("pls add dark mode asap!!", "en"),
        ("How do I use my new card?", "en"),
        ("Our customer in 東京 can not log in", "en"),
        ("the “naïve” façade", "en"),
        ("", "en"),
        ("42 :)", "en"),
        ("Wir können unsere Tabellen nicht als CSV exportieren", "de"),
        ("Unser Team braucht SSO mit SAML", "de"),
        ("Le résumé hebdomadaire perd les caractères accentués", "fr"),
        ("La aplicación se cierra sola", "es"),
        ("O aplicativo trava ao abrir um PDF", "pt"),
        ("Non riusciamo a esportare le tabelle", "it"),
        ("Klanten willen inloggen met hun bedrijfsaccount", "nl"),
        ("Nie możemy eksportować tabel do arkusza", "pl"),
        ("Müşteriler yeni özellik istiyor ve bekliyor", "tr"),
        ("レポートのエクスポートが失敗します", "ja"),
        ("我们无法导出表格 CSV", "zh"),
        ("표를 내보낼 수 없습니다", "ko"),
        ("\u041c\u044b \u043d\u0435 \u043c\u043e\u0436\u0435\u043c", "ru"),
        ("\u0394\u03b5\u03bd \u03bc\u03c0\u03bf\u03c1\u03bf\u03cd\u03bc\u03b5", "el"),
        ("אי אפשר לייצא טבלאות", "he"),
        ("हम तालिका निर्यात नहीं कर सकते", "hi"),
        ("เราไม่สามารถส่งออกตารางได้", "th"),
        ("ｴｸｽﾎﾟｰﾄが遅い", "ja"),
        ("売上報告書出力機能改善要望です", "ja"),
        ("এক্সপোর্ট খুব ধীর", "bn"),
        ("ఎగుమతి చాలా నెమ్మదిగా ఉంది", "te"),
        ("ನಿಧಾನವಾಗಿದೆ", "kn"),
        ("വളരെ പതുക്കെയാണ്", "ml"),
        ("ការនាំចេញយឺតណាស់", "km"),
        ("ການສົ່ງອອກຊ້າຫຼາຍ", "lo"),
        ("တင်ပို့မှု အလွန်နှေးသည်", "my"),
        ("ኤክስፖርቱ በጣም ቀርፋፋ ነው", "am"),
        ("\u1102\u1173\u1105\u1167\u110b\u116d", "ko"),
    ],
)
def test_the_language_is_told(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text(max_size=300))
def test_any_text_has_a_language_with_a_configuration(text: str) -> None:
    assert configuration_of(language_of(text)) in CONFIGURATIONS


@pytest.mark.parametrize(
    ("model", "is_read"),
    [
        ("all-MiniLM-L6-v2", False),
        ("sentence-transformers/all-mpnet-base-v2", False),
        ("BAAI/bge-small-en-v1.5", False),
        ("intfloat/e5-small-v2", False),
        ("text-embedding-3-small", True),
        ("multilingual-e5-small", True),
        ("paraphrase-multilingual-MiniLM-L12-v2", True),
        ("bge-m3", True),
        ("a-model-of-ours", True),
    ],
)
def test_models_for_english_are_known_by_their_names(model: str, is_read: bool) -> None:
    assert reads(model, "de") is is_read
    assert reads(model, "en")


def test_short_words_go_where_postgresql_knows_no_empty_ones() -> None:
    assert searched_words("Nie da się pobrać tabeli", SIMPLE).split() == ["pobrać", "tabeli"]
    said = "Przez eksport, który jest bardzo wolny, zawsze czekamy"
    assert searched_words(said, SIMPLE).split() == ["eksport,", "wolny,", "zawsze", "czekamy"]
    assert searched_words("Коли через експорт якщо рядки", SIMPLE).split() == ["експорт", "рядки"]
    assert searched_words("表をCSVで出力できません", SIMPLE) == "表を で出力できません"
    assert searched_words("Nie da się", "english") == "Nie da się"


def test_vectors_are_not_believed_on_a_language_that_the_model_does_not_read() -> None:
    pain = "Les livreurs laissent les colis dans les escaliers"
    near = Candidate(
        1, "a", "Le résumé hebdomadaire perd les accents", "", cosine=0.95, vector_rank=1,
        background_mean=0.2, background_size=5, corpus_size=40,
    )  # fmt: skip
    [believed] = CalibratedJudge("all-MiniLM-L6-v2").confidences(pain, [near])
    assert believed == NOT_READ
    [english] = CalibratedJudge("all-MiniLM-L6-v2").confidences("The couriers drop it", [near])
    assert english > 0.9

"""Which language a text is in, as far as anything depends on it.

A script tells the language, or a small model of letters does (py3langid, loaded only when needed).
What is short, or English in half, counts as English: a wrong guess would take words away.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from include.base.text import comparable

ENGLISH = "en"

_SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff\uff66-\uff9f]")),
    ("ko", re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("lo", re.compile("[\u0e80-\u0eff]")),
    ("my", re.compile("[\u1000-\u109f]")),
    ("km", re.compile("[\u1780-\u17ff]")),
    ("bo", re.compile("[\u0f00-\u0fff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("pa", re.compile("[\u0a00-\u0a7f]")),
    ("gu", re.compile("[\u0a80-\u0aff]")),
    ("or", re.compile("[\u0b00-\u0b7f]")),
    ("ta", re.compile("[\u0b80-\u0bff]")),
    ("te", re.compile("[\u0c00-\u0c7f]")),
    ("kn", re.compile("[\u0c80-\u0cff]")),
    ("ml", re.compile("[\u0d00-\u0d7f]")),
    ("si", re.compile("[\u0d80-\u0dff]")),
    ("am", re.compile("[\u1200-\u139f]")),
    ("mn", re.compile("[\u1800-\u18af]")),
    ("hy", re.compile("[\u0530-\u058f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
)
_KANA = _SCRIPTS[0][1]
_FEW_KANA = 20
"""A text in Chinese signs is Japanese with one kana in so many letters."""

_ARABIC = re.compile("[\u0600-\u06ff]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LETTERS = re.compile(r"[^\W\d_]")
_LATIN_ONES = """
ca cs da de en es et eu fi fr ga hr hu id it lt lv nl no pl pt ro sk sl sv tr vi
"""
_LATIN = frozenset(_LATIN_ONES.split())
_CYRILLIC_ONES = frozenset(("be", "bg", "kk", "mk", "ru", "sr", "uk"))
_ARABIC_ONES = frozenset(("ar", "fa", "ur"))

MARGIN = 10.0
"""By how much (natural logarithm) another language must be likelier than English."""

_READ = 1_000
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_ENGLISH_WORDS = """
a about after all and any are but by can can't cannot could do does doesn't don't every for from had
has have how i if is isn't it it's its my not of on our should so than that the their them there
they this to was we were what when which while who why will with won't would you your
"""
_ENGLISH_ONLY = frozenset(_ENGLISH_WORDS.split())
_CONFIGURATIONS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""Languages for which PostgreSQL 16 knows stems and empty words."""

SIMPLE = "simple"
CONFIGURATIONS = frozenset((*_CONFIGURATIONS.values(), SIMPLE))

_READS_ALL = re.compile(r"multilingual|paraphrase-multi|bge-m3|labse|-e5-(?!.*-v2)", re.I)
_READS_ENGLISH = re.compile(r"minilm-l\d+-v2|mpnet-base|-en(?:-|$)|\be5-.*-v2", re.I)
_EMPTY_UP_TO = 4
# PostgreSQL's French list has "le" and "la", but not "les".
_FORGOTTEN = {"french": re.compile(r"\bles\b", re.I)}
# Longer words of those languages that carry nothing.
_EMPTY_WORDS = """
bardzo będzie jednak jeśli kiedy między można naszego naszych nasza nasze ponieważ przez także
tylko
która które który których wszystkie żadne żaden
jejich která které který mezi našich pokud protože pouze velmi všechny
ktorá ktoré ktorý medzi pretože pokiaľ veľmi všetky našich
kojih koja koji između možemo nakon našim također ampak lahko njihov vendar zaradi
ainult arba bet jābūt kuris kurie mūsų tikai tāpēc visi
дуже котрий коли можна наших нашого потрібно тільки також через який якщо
защото когато която което които който много нашите трябва
כאשר אנחנו שלנו להיות برای هستند ہمارے کیونکہ
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
_SPELT = re.compile("[^\\W\\d_\u0e00-\u0eff\u1000-\u109f\u3040-\u9fff\uac00-\ud7af]+")


def language_of(text: str) -> str:
    """The language by its two letters; English when it cannot be told."""
    # Full-width letters are those of their language.
    read = unicodedata.normalize("NFKC", text[:_READ])
    letters = len(_LETTERS.findall(read))
    for language, script in _SCRIPTS:
        if len(script.findall(read)) * 3 > letters:
            is_japanese = language == "zh" and len(_KANA.findall(read)) * _FEW_KANA > letters
            return "ja" if is_japanese else language
    for script, languages, usual in (
        (_CYRILLIC, _CYRILLIC_ONES, "ru"),
        (_ARABIC, _ARABIC_ONES, "ar"),
    ):
        if len(script.findall(read)) * 3 > letters:
            return _likeliest(read, languages, usual, 0.0)
    words = _WORD.findall(comparable(read).replace("\u2019", "'"))
    if sum(word in _ENGLISH_ONLY for word in words) * 4 >= len(words):
        return ENGLISH
    return _likeliest(read, _LATIN, ENGLISH, MARGIN)


def configuration_of(language: str) -> str:
    """PostgreSQL's text search configuration for a language; ``simple`` where it has none."""
    return _CONFIGURATIONS.get(language, "simple")


def reads(model: str, language: str) -> bool:
    """Whether an embedding model understands a language, by what is known of its name.

    OpenAI's models and those that nothing is known of read all; the small ones for English do not.
    """
    is_english_only = bool(_READS_ENGLISH.search(model)) and not _READS_ALL.search(model)
    return language == ENGLISH or not is_english_only


def searched_words(text: str, configuration: str) -> str:
    """The words that full text looks for.

    PostgreSQL takes the empty words of a language away if it knows them. Of other languages in an
    alphabet the short words go, which are the empty ones more often than not, and some longer ones.
    """
    if configuration in _FORGOTTEN:
        return _FORGOTTEN[configuration].sub(" ", text)
    if configuration != SIMPLE:
        return text
    return _SPELT.sub(lambda word: " " if _is_empty(word[0]) else word[0], text)


def _is_empty(word: str) -> bool:
    return len(word) <= _EMPTY_UP_TO or comparable(word) in _EMPTY


def _likeliest(text: str, languages: frozenset[str], usual: str, margin: float) -> str:
    ranked = {language: score for language, score in _model().rank(text) if language in languages}
    best = max(ranked, key=lambda language: ranked[language])
    return best if ranked[best] - ranked[usual] > margin else usual


@cache
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_pickled_model(MODEL_FILE, norm_probs=False)

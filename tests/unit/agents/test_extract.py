from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.agents.extract import PAIN_MAX, SUMMARY_MAX, ThreadMessage, extract_feedback


def thread(*texts: str, marked: int = 0) -> list[ThreadMessage]:
    return [ThreadMessage(text, is_marked=i == marked) for i, text in enumerate(texts)]


def test_the_marked_message_is_the_pain_in_its_own_words() -> None:
    found = extract_feedback(
        thread(
            "How was the call?",
            "Hi @Ann, Acme's team exports reports (https://e.com) by hand. It takes hours :cry:",
            "Wow",
            marked=1,
        )
    )
    assert found is not None
    assert found.pain_description == (
        "Hi @Ann, Acme's team exports reports (https://e.com) by hand. It takes hours :cry:"
    )
    assert found.summary == "Hi @Ann, Acme's team exports reports by hand. It takes hours."


@pytest.mark.parametrize(
    "thin",
    [
        *("+1", "this!", "same here", ":point_up:", "@U1", "@Ann Ames +1", "me too :+1:"),
        *("^^^", "exactly this", "同上", "moi aussi", "genau das!", "that's it, I've seen it too"),
        *("gleiches Problem hier", "même problème chez nous", "también nosotros", "anche noi"),
        *("ook hier", "samma här", "to samo u nas", "też", "bizde de ayn\u0131 sorun", "också vi"),
        *("同感です", "私もです。", "我也遇到了", "同样的问题", "저희도요", "같은 문제입니다"),
        *("\u0443 нас тоже", "та же проблема", "نفس المشكلة", "גם אני", "मुझे भी", "ฉันด้วย"),
        *(
            "@Jos\xe9 \xc1lvarez +1",
            "@\u041e\u043b\u044f \u041a\u0438\u043c \u0442\u043e\u0436\u0435",
            "@Ann +1 👍🏽",
        ),
        *(
            "да!",
            "はい",
            "是的",
            "sí",
            "لا يوجد",
            "haha",
            "\u314b\u314b",
            "see screenshot",
            "attached",
        ),
    ],
)
def test_a_message_without_much_points_at_the_nearest_one_before(thin: str) -> None:
    before = "Exports over 10,000 rows time out."
    found = extract_feedback(thread("Good morning all of you out there", before, thin, marked=2))
    assert found is not None
    assert found.pain_description == before


def test_without_anything_before_it_points_at_what_follows() -> None:
    found = extract_feedback(thread(":fire:", "Exports over 10,000 rows time out."))
    assert found is not None
    assert found.pain_description == "Exports over 10,000 rows time out."


@pytest.mark.parametrize(
    "marked",
    [
        *("SSO broken", "Login fails", "CSV export!!", "No dark mode"),
        *("导出很慢", "ログインできない", "로그인 안됨", "مشكلة الدخول", "ส่งออกไม่ได้"),
        *(
            "遅い",
            "超慢",
            "느려요",
            "медленно",
            "\u05d0\u05d9\u05d8\u05d9",
            "धीमा",
            "ნელია",
            "ቀርፋፋ",
        ),
        *("Langsam!", "Trop lent", "yava\u015f", "zu langsam hier", "Ici, rien ne marche"),
    ],
)
def test_what_was_marked_is_the_pain_however_short_and_in_any_script(marked: str) -> None:
    talk = "Let us talk about the long list of things that the customer told us last week"
    found = extract_feedback(thread(talk, marked, talk, marked=1))
    assert found is not None
    assert found.pain_description == marked


def test_a_pain_longer_than_an_entry_ends_so_that_one_sees_it() -> None:
    found = extract_feedback(thread("word " * 3_000))
    assert found is not None
    assert found.pain_description.endswith("word…")
    assert len(found.pain_description) <= PAIN_MAX


@pytest.mark.parametrize(
    "texts", [(), ("",), (":tada:", "@U1"), ("123 !!",), ("+1",), ("this!", "same here")]
)
def test_nothing_in_words_is_nothing(texts: tuple[str, ...]) -> None:
    assert extract_feedback(thread(*texts)) is None


@pytest.mark.parametrize(
    ("said", "is_customer"),
    [
        ("The customer cannot export reports.", True),
        ("We would lose a $40k renewal over this missing export.", True),
        ("Reports cannot be exported from here at all.", False),
    ],
)
def test_says_whether_it_is_about_a_customer(said: str, *, is_customer: bool) -> None:
    found = extract_feedback(thread(said))
    assert found is not None
    assert found.is_customer_specific is is_customer


@given(st.lists(st.text(max_size=200), max_size=6), st.integers(-1, 6))
def test_any_thread_gives_words_of_its_own_or_nothing(texts: list[str], marked: int) -> None:
    found = extract_feedback(thread(*texts, marked=marked))
    if found is not None:
        assert found.pain_description.strip()
        assert len(found.pain_description) <= PAIN_MAX
        assert len(found.summary) <= SUMMARY_MAX

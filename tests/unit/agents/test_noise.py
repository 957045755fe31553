"""Only what surely says nothing is set aside."""

from __future__ import annotations

import time

import pytest

from include.agents.noise import NoiseReason, noise_reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("https://crm.example.com/deals/17", NoiseReason.ONLY_LINKS),
        ("<https://a.example/x> <@U0ANN>", NoiseReason.ONLY_LINKS),
        ("see@example.com", NoiseReason.NO_WORDS),
        ("🔥🔥🔥", NoiseReason.NO_WORDS),
        (":tada: :+1:", NoiseReason.NO_WORDS),
        ("...?! 404", NoiseReason.NO_WORDS),
        ("<p>&nbsp;</p><br>", NoiseReason.NO_WORDS),
        ("Thanks!", NoiseReason.ONLY_THANKS),
        ("Thank you so much, team 🎉", NoiseReason.ONLY_THANKS),
        ("danke sehr", NoiseReason.ONLY_THANKS),
        ("hi there", NoiseReason.ONLY_THANKS),
        *(
            (said, NoiseReason.ONLY_THANKS)
            for said in (
                *("merci beaucoup", "vielen herzlichen Dank", "mille grazie"),
                *("muchas gracias", "obrigada", "tack så mycket", "mange tak"),
                *("hartelijk dank", "dziękuję bardzo", "děkuji", "çok teşekkürler", "cảm ơn nhiều"),
                *("ありがとうございます。", "了解です", "谢谢大家", "收到", "감사합니다", "네"),
                *("спасибо большое", "дуже дякую", "ευχαριστώ πολύ", "شكرا جزيلا", "תודה רבה"),
                *("धन्यवाद", "ขอบคุณครับ", "terima kasih"),
                *("Да!", "ок", "sí, gracias", "はい", "是的", "نعم", "כן", "haha", "lol ok"),
            )
        ),
        *(
            (said, NoiseReason.NO_WORDS)
            for said in (
                *(
                    "None",
                    "NULL",
                    "nan",
                    "Nothing.",
                    "no comment",
                    "TBD",
                    "(blank)",
                    "[object Object]",
                ),
                *("#REF!", "#DIV/0!", "keine", "ninguno", "нет", "特になし", "无", "없음", "אין"),
                *("\u314b\u314b", "\u3160\u3160\u3160"),
            )
        ),
        ("UI", NoiseReason.TOO_SHORT),
        ("Love the new editor, keep it up!", NoiseReason.ONLY_PRAISE),
        ("Great call with them today", NoiseReason.ONLY_PRAISE),
        ("The new dashboard is awesome 🎉 well done", NoiseReason.ONLY_PRAISE),
        ("Please add AI.", NoiseReason.NO_PROBLEM),
        ("Could you please add AI features to the product?", NoiseReason.NO_PROBLEM),
        ("We need more features", NoiseReason.NO_PROBLEM),
        ("Please see what this customer wrote to us yesterday", NoiseReason.ONLY_REMARK),
        ("qwertz", NoiseReason.NO_WORDS),
        ("No comment for now", NoiseReason.NO_WORDS),
        ("Kind regards,\nIlse Brandt\nHead of Nursing", NoiseReason.ONLY_THANKS),
        ("Sent from my Galaxy", NoiseReason.ONLY_THANKS),
        ("Thanks again for coming over so early, Petra!", NoiseReason.ONLY_PRAISE),
        ("You people are simply the best!", NoiseReason.ONLY_PRAISE),
        ("Solved, thank you all!", NoiseReason.RESOLVED),
        ("Never mind, it works again.", NoiseReason.RESOLVED),
        ("Thanks for your help, the problem is fixed now", NoiseReason.RESOLVED),
        ("Please disregard my last mail", NoiseReason.RESOLVED),
        ("All good now, this case can be closed.", NoiseReason.RESOLVED),
        ("Out of office until 3 March. In urgent cases ring the desk.", NoiseReason.AUTO_REPLY),
        ("Automatic reply: I am on annual leave", NoiseReason.AUTO_REPLY),
        (
            "I'm away and cannot read mail. I'll reply when I am back on Monday",
            NoiseReason.AUTO_REPLY,
        ),
        ("Your request has been received, we will get back to you", NoiseReason.AUTO_REPLY),
        ("fyi customer mail", NoiseReason.ONLY_REMARK),
        ("Bumping this again", NoiseReason.ONLY_REMARK),
        ("Hi Jo, can you look at the mail below?", NoiseReason.ONLY_REMARK),
        ("Who is the account manager of Belmont?", NoiseReason.ONLY_REMARK),
        ("FYI, see the attached e-mail from the customer", NoiseReason.ONLY_REMARK),
        ("Check out this thread please", NoiseReason.ONLY_REMARK),
        ("🔥" * 10_000, NoiseReason.NO_WORDS),
        ("\u3164\u3164\u3164", NoiseReason.NO_WORDS),
        ("\u115f\u1160 \uffa0 \u2800", NoiseReason.NO_WORDS),
        ("\u2139\ufe0f \U0001f1e9\U0001f1ea 1\ufe0f\u20e3", NoiseReason.NO_WORDS),
        ("\uff34hank \uff39ou\u200b", NoiseReason.ONLY_THANKS),
        ("https://a.example/b " * 500, NoiseReason.ONLY_LINKS),
    ],
)
def test_what_holds_no_pain_is_named(text: str, reason: NoiseReason) -> None:
    assert noise_reason(text) is reason


@pytest.mark.parametrize(
    "text",
    [
        "Export fails",
        "SSO please",
        "Thanks, but the export is slow",
        "no export",
        "崩溃",
        "ça plante",
        "导出失败 🔥",
        "Экспорт не работает",
        "```Error: export timed out```",
        "<https://a.example|Export fails for Acme>",
        "<div>Export <b>fails</b></div>",
        "what about https://a.example/x",
        "x" * 10_000,
        "https://a.example/b " * 300 + "and the export fails",
        "Login 🔥 geht nicht, please fix",
        "Love the new editor, but it loses my text",
        "I would love to sort the list",
        "Great that exports exist, only they take an hour",
        "Please add dark mode",
        "Please add AI that files our tickets, we spend an hour a day on it",
        "Please see why the export fails",
        "Check the totals, they differ from the invoice",
        "We need better search",
        "merci de corriger l'export",
        "ありがとうございます、でも出力が遅いです",
        "谢谢。导出太慢",
        "спасибо, экспорт не работает",
        "Tack, men exporten saknas",
        "Dank langsam",
        "no comments in the export",
        "Nothing happens",
        "нет экспорта",
        "没有导出",
        "なしになります",
        "да, но медленно",
        "haha the export is gone",
        "# REF columns break",
        "Thanks for nothing",
        "Thanks for fixing the map, now the pins are missing",
        "Thanks for considering an offline mode",
        "You are the best at hiding the pay button",
        "It works now, but only on the desktop",
        "It no longer works now",
        "The problem is not solved",
        "Solved cases reopen by themselves",
        "Please disregard weekends in the SLA",
        "Out of office replies open tickets",
        "Automatic replies count as answers",
        "I'm on leave until May and my tickets are stuck",
        "Kind regards,\nis printed twice on each letter",
        "fyi the import drops rows",
    ],
)
def test_what_may_hold_a_pain_is_never_set_aside(text: str) -> None:
    assert noise_reason(text) is None


@pytest.mark.parametrize("unit", ["<!--", "<a ", "http://a|", "a@", ":a", "&amp;", "<@"])
def test_hostile_text_is_read_in_a_moment(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    began = time.process_time()
    noise_reason(text)
    assert time.process_time() - began < 0.5

"""Takes the pain out of a conversation: the fallback that needs no language model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.agents.draft import draft_request
from include.agents.noise import noise_reason
from include.base.text import comparable
from include.base.text import words as words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIN_MAX = 10_000
SUMMARY_MAX = 400
CUT = "…"
"""Stands at the end of a pain that is longer than an entry may be."""

_CAPITAL = "[A-Z\u00c0-\u00de\u0141\u015a\u0160\u0179-\u017d\u0391-\u03a9\u0410-\u042f]"
_MENTION = re.compile(rf"@[^\s,.:;!?]+(?: {_CAPITAL}[\w.'-]*)?")
_EMOJI_NAME = re.compile(r":[a-z0-9_+'-]+:(?::skin-tone-\d:)?")
_POINTING_WORDS = """
a above absolutely again agree agreed all also and another any as attached attachment below case
definitely ditto
either ever exactly fwiw for from fully fyi got had has have heard hearing here him hit i idem in
i'd i'm i've is issue it it's just look me my myself need needed needs of off one our plus pls
please point problem
image picture read right same saw say screenshot screenshots see seen so still that that's the them
there these they thing this those
too true
totally up us very want wanted wants we with yes yep you
auch bei dasselbe dito dies das dieses ebenso genau genauso gleich gleiche gleiches hier ich ja
mich
mir selbe selbes siehe oben uns wir
ce ceci cela ci chez dessus idem ici même moi nous oui aussi pareil problème
aquí así esto este igual lo mismo mi nosotros problema también tambien yo
anche concordo da io noi qui questo stesso mesmo mesma nós também eu isso isto aqui
bij dit eens hetzelfde ons ook wij zelfde
hos här med oss också på samma vi her også samme täällä myös sama sama meillä
ja mamy to też samo tu u nas zgadzam taky také také stejný stejně tady souhlasím rovnaký
aynen ayn\u0131 bende biz bizde bu burada de evet kat\u0131l\u0131yorum sorun bizim
cũng tôi vậy chúng juga saya kami sama
同上 同感 同感です 同じ 同じく 同じです 同じ問題です これ これです それ まさに 私も
私もです うちも うちもです 弊社も
这个 一样 同样 同意 赞同 我也是 我们也是 我們也是 我也遇到了 同样的问题 同樣的問題 一样的问题 顶
같은 나도 나도요 동감 동감입니다 동의합니다 맞아요 문제 문제입니다 이거 저도 저도요 저희도
저희도요 그래요
аналогично же и меня мы нас плюс поддерживаю проблема самая согласен согласна та то тоже \u0443 это
я мене сама також теж це
أنا أيضا أيضًا عندنا المشكلة نحن نفس אני אותה אצלנו בעיה גם
भी मुझे वही समस्या हमें ฉันด้วย ผมด้วย เหมือนกัน
"""
_POINTING = frozenset(map(comparable, _POINTING_WORDS.split()))
_CUSTOMER = re.compile(
    r"\b(?:customers?|clients?|accounts?|prospects?|deals?|renewals?|opportunit(?:y|ies)|tenants?"
    r"|pilot|arr|acv|churn\w*|procurement|contract)\b|[$€£]\s?\d",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ThreadMessage:
    """One message as read, oldest first; ``is_marked`` is the one that somebody pointed at."""

    text: str
    author: str | None = None
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a conversation says: in a sentence or two, in the customer's words, and about whom."""

    summary: str
    pain_description: str
    is_customer_specific: bool


def extract_feedback(messages: Sequence[ThreadMessage]) -> Extraction | None:
    """The pain in a thread, ``None`` when nobody said anything that could be one.

    The marked message is the pain, however short and in any script. If it only points at something
    (`+1`, `this!`), the nearest message before it that says something is, else the nearest after
    it. A message is taken as a whole and never joined with another one: a quote must be somebody's
    own words. One that is longer than an entry may be is cut, and ends so that one sees it.

    Args:
        messages: The thread, oldest first; as a person reads it.
    """
    said = [message.text.strip() for message in messages]
    marked = next((i for i, message in enumerate(messages) if message.is_marked), len(messages) - 1)
    order = [marked, *range(marked - 1, -1, -1), *range(marked + 1, len(messages))]
    chosen = next((i for i in order if not only_points(said[i])), None) if messages else None
    if chosen is None:
        return None
    pain = said[chosen]
    if len(pain) > PAIN_MAX:
        pain = pain[: PAIN_MAX - len(CUT)].rstrip() + CUT
    return Extraction(
        summary=draft_request(pain, ()).description[:SUMMARY_MAX],
        pain_description=pain,
        is_customer_specific=any(_CUSTOMER.search(text) for text in said),
    )


def only_points(text: str) -> bool:
    """Whether a message holds no words, or only such as point at what somebody else said."""
    if noise_reason(text) is not None:
        return True
    rest = _EMOJI_NAME.sub(" ", _MENTION.sub(" ", text))
    return _POINTING.issuperset(words_of(rest))

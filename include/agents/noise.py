"""Whether a submission says anything at all: a few certain rules, no language model.

What is set aside can be restored by a person, so a rule must only be certain enough to spare people
a request that is named after a thank-you.
"""

from __future__ import annotations

import re
from enum import StrEnum

from include.base.text import comparable
from include.base.text import words as words_of

_LINK = re.compile(r"<?(?:https?://|mailto:|www\.)[^\s|>]+(?:\|([^>]{0,300}))?>?", re.I)
_ADDRESS = re.compile(r"\S{1,100}@\S{1,100}")
_SLACK_ID = re.compile(r"<[@#!][^>]*>")
_EMOJI_NAME = re.compile(r"(?<!\w):[a-z0-9_+'-]{1,60}:(?!\w)", re.I)
_TAG = re.compile(r"<!--.{0,300}?-->|</?[a-zA-Z][^<>]{0,300}>", re.S)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#\d{1,6});", re.I)
_LEAST_LETTERS = 3
_MOST_POLITE = 12
_POLITE_WORDS = """
a again alright all amigo and appreciate appreciated awesome bitte bye cheers cool danke day
everybody everyone evening folks for friend gracias good got great guys have hello hey hi howdy it
kind kindly lot many merci morning much nice no noted obrigado of ok okay please regards
call chat demo fast help information info knowing letting meeting quick reply response
sehr sharing sincerely so sounds speaking talking time today tomorrow update yesterday sure team
tak thank thanks the there thx ty u ur very vielen weekend
welcome well wishes yep yes you your
"""
_CORE_WORDS = """
appreciate appreciated bye cheers danke gracias hello hey hi howdy merci noted obrigado ok okay
regards tak thank thanks thx ty welcome yep yes good cool awesome great nice
"""
# The same in other languages; these alone are core, and the words beside them only polite.
_CORE_ELSEWHERE = """
hallo moin bonjour salut buongiorno ciao grazie hola olá obrigada gracias tack hej takk kiitos hei
dank bedankt dzięki dziękuję dziękujemy cześć děkuji děkujeme díky ahoj ďakujem köszönöm köszi
szia
mulțumesc mulțumim mersi merhaba teşekkür teşekkürler sağol tamam hvala cảm xin terima halo
спасибо благодарю привет здравствуйте хорошо понял поняла дякую привіт ευχαριστώ ευχαριστούμε γεια
شكرا شكرًا مرحبا تمام ممنون תודה שלום धन्यवाद शुक्रिया नमस्ते ขอบคุณ ขอบคุณครับ ขอบคุณค่ะ สวัสดี
ありがとう ありがとうございます ありがとうございました どうも 了解 了解です 承知しました
こんにちは お疲れ様です
おはようございます よろしくお願いします よろしくお願いいたします
谢谢 謝謝 多谢 感谢 感謝 非常感谢 谢谢你 谢谢您 谢谢大家 好的 收到 你好 您好 辛苦了
감사합니다 고맙습니다 고마워요 안녕하세요 알겠습니다 수고하셨습니다 네 넵
"""
_POLITE_ELSEWHERE = """
besten herzlichen schönen guten morgen abend tag beaucoup bien mille tante molte muchas todos
muito så mycket mange tusen paljon hyvää je u wel zeer hartelijk bardzo wszystkim moc mnohokrát vám
szépen frumos ederim ederiz çok ơn bạn nhiều chào kasih banyak
большое огромное всем добрый день утро вечер вам дуже πολύ جزيلا لك لكم רבה आपका बहुत
"""
_CORE = frozenset(map(comparable, (_CORE_WORDS + _CORE_ELSEWHERE).split()))
_POLITE = frozenset(map(comparable, (_POLITE_WORDS + _POLITE_ELSEWHERE).split())) | _CORE


_PRAISE = re.compile(
    r"\b(?:love|loving|great|awesome|amazing|fantastic|excellent|perfect|brilliant|wonderful|superb|"
    r"well\s+done|good\s+job|nice\s+work|kudos|congratulations|congrats|keep\s+(?:it|this)\s+up|"
    r"keep\s+up)\b",
    re.I,
)
_MOST_PRAISE = 14
# Whatever may be a problem, a wish, a condition or a comparison is not praise alone.
_MORE_THAN_PRAISE = re.compile(
    r"[?:@#{}\[\]\d]|n['\u2019]t\b|\b(?:not|no|never|but|however|although|though|except|if|would|wish|could|should|"
    r"please|need|needs|want|wants|hope|only|once|until|unless|still|when|without|instead|than|"
    r"missing|lacks?|slow|hard|fail\w*|crash\w*|bugs?|broken|error\w*|issues?|problems?|add|fix|"
    r"support|improve|able|idea|feature|option|too)\b",
    re.I,
)
# "Please add AI.": a fashion or a whole product quality is named, and nothing that hurts.
_WISH = re.compile(
    r"^\W*(?:(?:please|pls|kindly|can|could|you|would|just|we|i|they|need|needs|want|wants|like|to|"
    r"it|be|great|nice|have|see)\W+){0,8}(?:add|build|include|make|do|have|get|give|integrate|need|"
    r"want|see|implement|support|improve|offer)\W+(?:us\W+|it\W+|some\W+|more\W+|better\W+|an?\W+|the\W+)*"
    r"(?:ai|a\.i|ml|llms?|machine\W+learning|artificial\W+intelligence|chatgpt|gpt|ai\W+features?|"
    r"blockchain|features?|new\W+features?|functions?|functionality|improvements?|things?|stuff|"
    r"something|options?|ux|ui|better|product|app|experience)"
    r"(?:\W+(?:please|asap|soon|now|thanks|thank|you|too|as|well|to|the|app|product))*\W*$",
    re.I,
)
# "Please see what this customer wrote to us yesterday": a colleague is sent to look elsewhere.
_REMARK = re.compile(
    r"^\W*(?:(?:hi|hey|hello|all|team|fyi|please|pls|kindly|can|could|you|someone|somebody)\W+){0,5}"
    r"(?:see|look\W+(?:at|into)|check(?:\W+out)?|read|have\W+a\W+look(?:\W+at)?|take\W+a\W+look(?:\W+at)?|"
    r"forwarding|fwd|passing\W+(?:on|along)|sharing|as\W+discussed|see\W+attached)\b"
    r"(?:\W+(?:what|the|this|that|these|those|my|our|his|her|their|a|an|customer|customer['\u2019]s|client|"
    r"account|prospect|user|they|he|she|it|wrote|said|sent|says|writes|asked|told|told\W+us|to|us|me|"
    r"in|on|from|by|for|with|below|above|attached|attachment|email|e-mail|mail|message|thread|ticket|"
    r"note|notes|call|chat|link|here|yesterday|today|earlier|last|week|morning|monday|tuesday|"
    r"wednesday|thursday|friday|feedback|comment|comments|and|you|follow|up|please|thanks|asap)){0,20}\W*$",
    re.I,
)
_MOST_CHARACTERS = 300


class NoiseReason(StrEnum):
    """Why an entry was set aside."""

    NO_WORDS = "no_words"
    ONLY_LINKS = "only_links"
    ONLY_THANKS = "only_thanks"
    TOO_SHORT = "too_short"
    ONLY_PRAISE = "only_praise"
    NO_PROBLEM = "no_problem"
    """It wishes for something without saying what hurts."""
    ONLY_REMARK = "only_remark"
    """It sends a colleague to look somewhere else."""
    NO_PAIN = "no_pain"
    """A language model read it and found no problem in it."""


def noise_reason(text: str) -> NoiseReason | None:
    """Why this text surely holds no pain; ``None`` when it may hold one.

    Args:
        text: As handed in: plain, Slack mrkdwn or HTML, in any language.
    """
    # A link's label may be a sentence.
    bare = _ADDRESS.sub(" ", _LINK.sub(lambda link: f" {link[1] or ''} ", text))
    had_links = _LINK.search(text) is not None
    bare = _ENTITY.sub(" ", _TAG.sub(" ", _EMOJI_NAME.sub(" ", _SLACK_ID.sub(" ", bare))))
    words = words_of(bare)
    if not words:
        return NoiseReason.ONLY_LINKS if had_links else NoiseReason.NO_WORDS
    if len(words) <= _MOST_POLITE and _CORE.intersection(words) and _POLITE.issuperset(words):
        return NoiseReason.ONLY_THANKS
    # Two signs can be a word in scripts without an alphabet.
    letters = "".join(words)
    if letters.isascii() and len(letters) < _LEAST_LETTERS:
        return NoiseReason.TOO_SHORT
    # What a link leads to may be the pain, so its label and what stands around it are not judged.
    return None if had_links else _empty_words(" ".join(bare.split()), len(words))


def _empty_words(said: str, words: int) -> NoiseReason | None:
    """Why a short English text names no problem; ``None`` when it may name one."""
    if len(said) > _MOST_CHARACTERS:
        return None
    if _WISH.match(said):
        return NoiseReason.NO_PROBLEM
    if _REMARK.match(said):
        return NoiseReason.ONLY_REMARK
    if words <= _MOST_PRAISE and _PRAISE.search(said) and not _MORE_THAN_PRAISE.search(said):
        return NoiseReason.ONLY_PRAISE
    return None

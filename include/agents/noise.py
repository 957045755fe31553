"""Whether a submission says anything at all: a few certain rules, no language model.

What is set aside can be restored by a person, so a rule must only be certain enough to spare people
a request that is named after a thank-you.
"""

from __future__ import annotations

import re
from enum import StrEnum

_LINK = re.compile(r"<?(?:https?://|mailto:|www\.)[^\s|>]+(?:\|([^>]{0,300}))?>?", re.I)
_ADDRESS = re.compile(r"\S{1,100}@\S{1,100}")
_SLACK_ID = re.compile(r"<[@#!][^>]*>")
_EMOJI_NAME = re.compile(r"(?<!\w):[a-z0-9_+'-]{1,60}:(?!\w)", re.I)
_TAG = re.compile(r"<!--.{0,300}?-->|</?[a-zA-Z][^<>]{0,300}>", re.S)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#\d{1,6});", re.I)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_LEAST_LETTERS = 3
_MOST_POLITE = 12
_POLITE_WORDS = """
a again alright all amigo and appreciate appreciated awesome bitte bye cheers cool danke day
everybody everyone evening folks for friend gracias good got great guys have hello hey hi howdy it
kind kindly lot many merci morning much nice no noted obrigado of ok okay please regards
sehr sincerely so sounds sure team tak thank thanks the there thx ty u ur very vielen weekend
welcome well wishes yep yes you your
"""
_POLITE = frozenset(_POLITE_WORDS.split())
_CORE_WORDS = """
appreciate appreciated bye cheers danke gracias hello hey hi howdy merci noted obrigado ok okay
regards tak thank thanks thx ty welcome yep yes good cool awesome great nice
"""
_CORE = frozenset(_CORE_WORDS.split())


class NoiseReason(StrEnum):
    """Why an entry was set aside."""

    NO_WORDS = "no_words"
    ONLY_LINKS = "only_links"
    ONLY_THANKS = "only_thanks"
    TOO_SHORT = "too_short"
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
    words = [word.casefold().replace("\u2019", "'") for word in _WORD.findall(bare)]
    if not words:
        return NoiseReason.ONLY_LINKS if had_links else NoiseReason.NO_WORDS
    if len(words) <= _MOST_POLITE and _CORE.intersection(words) and _POLITE.issuperset(words):
        return NoiseReason.ONLY_THANKS
    # Two signs can be a word in scripts without an alphabet.
    letters = "".join(words)
    if letters.isascii() and len(letters) < _LEAST_LETTERS:
        return NoiseReason.TOO_SHORT
    return None

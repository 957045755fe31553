"""Whether a submission says anything at all: a few certain rules, no language model.

What is set aside can be restored by a person, so a rule must only be certain enough to spare people
a request that is named after a thank-you.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import pairwise

from include.agents.auto_reply import is_auto_reply
from include.agents.empty_words import EmptyWords, empty_words, is_polite
from include.agents.mail_frame import is_only_signed, own_words
from include.agents.vocabulary import NOTHING
from include.base.text import words as words_of

_LINK = re.compile(r"<?(?:https?://|mailto:|www\.)[^\s|>]+(?:\|([^>]{0,300}))?>?", re.I)
_ADDRESS = re.compile(r"\S{1,100}@\S{1,100}")
_SLACK_ID = re.compile(r"<[@#!][^>]*>")
_HANDLE = re.compile(r"(?<![\w@])@[a-z][\w.-]{1,40}", re.I)
_EMOJI_NAME = re.compile(r"(?<!\w):[a-z0-9_+'-]{1,60}:(?!\w)", re.I)
_TAG = re.compile(r"<!--.{0,300}?-->|</?[a-zA-Z][^<>]{0,300}>", re.S)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|#\d{1,6});", re.I)
_CELL_ERROR = re.compile(r"#(?:REF|VALUE|NAME|NUM|NULL|DIV/0|SPILL|CALC|N/A)[!?]?", re.I)
_LEAST_LETTERS = 3
_LEAST_KEYS = 4
_NEIGHBOURS = "qwertyuiop poiuytrewq qwertz ztrewq asdfghjkl lkjhgfdsa zxcvbnm mnbvcxz"
_FOR_NOW = re.compile(
    r" (?:at (?:this|the) (?:time|moment)|for now|so far|yet|right now|today|"
    r"from (?:me|us|my side))$"
)


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
    RESOLVED = "resolved"
    """It says that something is over."""
    AUTO_REPLY = "auto_reply"
    """A mailbox answered by itself."""
    NO_PAIN = "no_pain"
    """A language model read it and found no problem in it."""


_REASONS = {
    EmptyWords.POLITE: NoiseReason.ONLY_THANKS,
    EmptyWords.PRAISE: NoiseReason.ONLY_PRAISE,
    EmptyWords.WISH: NoiseReason.NO_PROBLEM,
    EmptyWords.REMARK: NoiseReason.ONLY_REMARK,
    EmptyWords.RESOLVED: NoiseReason.RESOLVED,
}


def noise_reason(text: str) -> NoiseReason | None:
    """Why this text surely holds no pain; ``None`` when it may hold one.

    Args:
        text: As handed in: plain, Slack mrkdwn or HTML, in any language.
    """
    # A link's label may be a sentence.
    bare = _ADDRESS.sub(" ", _LINK.sub(lambda link: f" {link[1] or ''} ", text))
    had_links = _LINK.search(text) is not None
    bare = _ENTITY.sub(
        " ", _TAG.sub(" ", _EMOJI_NAME.sub(" ", _HANDLE.sub(" ", _SLACK_ID.sub(" ", bare))))
    )
    words = words_of(bare)
    if not words:
        return NoiseReason.ONLY_LINKS if had_links else NoiseReason.NO_WORDS
    if _FOR_NOW.sub("", " ".join(words)) in NOTHING or _is_typed_blindly(words):
        return NoiseReason.NO_WORDS
    if _CELL_ERROR.fullmatch(bare.strip()):
        return NoiseReason.NO_WORDS
    if is_polite(words) or is_only_signed(bare):
        return NoiseReason.ONLY_THANKS
    # Two signs can be a word in scripts without an alphabet.
    letters = "".join(words)
    if letters.isascii() and len(letters) < _LEAST_LETTERS:
        return NoiseReason.TOO_SHORT
    # What a link leads to may be the pain, so its label and what stands around it are not judged.
    if had_links:
        return None
    start, end = own_words(bare)
    if is_auto_reply(bare[start:end]):
        return NoiseReason.AUTO_REPLY
    empty = empty_words(_within_lines(bare[start:end]))
    return None if empty is None else _REASONS[empty]


def _is_typed_blindly(words: list[str]) -> bool:
    """Whether it is one word of keys that lie beside each other: "asdf"."""
    [word, *others] = words
    return (
        not others
        and len(word) >= _LEAST_KEYS
        and all(f"{one}{other}" in _NEIGHBOURS for one, other in pairwise(word))
    )


def _within_lines(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.splitlines())

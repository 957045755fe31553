"""Hides what no model and no log may see, in a way that can be taken back.

E-mail addresses, phone numbers, keys and card numbers become places such as `<EMAIL_1>`. The same
value always becomes the same place within one call, so a model can still tell that two sentences
are about one person. What comes back from the model is filled in again, so the product shows the
customer's own words.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

REGIONS = ("US", "GB", "DE", "FR", "IN")
"""A number without a country code is looked for as these would write it."""

_PHONE_DIGITS = 7
_RANDOM_LENGTH = 28
_RANDOM_BITS = 3.2
_CARD_LENGTHS = range(13, 20)

_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%'-]{1,64}@(?:[\w](?:[\w-]{0,61}[\w])?\.){1,8}[^\W\d_]{2,24}(?![\w-])"
)
_PLACE = re.compile(r"<(?:EMAIL|PHONE|KEY|CARD|MARK)_\d{1,4}>")
_KEY = re.compile(
    r"""
      -----BEGIN\ [A-Z ]{0,40}PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]{0,40}PRIVATE\ KEY-----|\Z)
    | \beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?
    | https://hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]+
    | \b(?:sk|pk|rk|whsec)[-_](?:[a-zA-Z0-9]+[-_]){0,3}[A-Za-z0-9_-]{14,}
    | \b(?:gh[pousr]|github_pat|glpat|npm|hf|pypi|dop_v1|shpat|shpss|lin_api|xai|gsk)[-_][\w-]{12,}
    | \bx(?:ox[a-z]|app)-[\w-]{8,}
    | \b(?:AKIA|ASIA|AGPA|AIDA|AROA)[0-9A-Z]{16}\b
    | \bAIza[\w-]{30,}
    | \bya29\.[\w-]{16,}
    | \bSG\.[\w-]{16,}\.[\w-]{16,}
    """,
    re.S | re.X,
)
_NAMED_KEY = re.compile(
    r"""
    (?P<before>
        \b(?:api|access|auth|secret|private|client|bearer|session)?[ _-]{0,1}
        (?:key|token|secret|password|passwd|pwd|passphrase|credential)s?
        (?:\s{0,2}(?:is|[:=])\s{0,2}|["']\s{0,2}:\s{0,2})["']?
      | \b(?:bearer|basic)\s{1,2}
      | ://[^\s/:@]{1,60}:
    )
    (?P<value>[^\s"'<>,;]{6,200}?)(?=["',;<>\s]|\.?(?:\s|\Z)|@)
    """,
    re.I | re.X,
)
_RANDOM = re.compile(r"(?<![\w/+.=-])[A-Za-z0-9_+=-]{28,400}(?![\w/+=-])")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z", re.I)
_CARD = re.compile(r"(?<![\d.-])(?:\d[ -]?){12,18}\d(?![\d-])")
_NUMBER = re.compile(r"(?<!\w)(?<!\d[.,])[+(]{0,2}\d(?:[\d \u00a0()./-]{5,40})\d(?![\w])")


@dataclass
class Mask:
    """The places of one call: hide every text of the call with it, then show the answer with it."""

    _places: dict[tuple[str, str], str] = field(default_factory=dict)
    _originals: dict[str, str] = field(default_factory=dict)

    def hide(self, text: str) -> str:
        """The text with a place wherever something must not be seen."""
        # A customer may write "<EMAIL_1>" themselves; it must not be filled with somebody's value.
        text = _PLACE.sub(lambda found: self._place("MARK", found[0]), text)
        text = _KEY.sub(lambda found: self._place("KEY", found[0]), text)
        text = _NAMED_KEY.sub(self._named, text)
        text = _EMAIL.sub(lambda found: self._place("EMAIL", found[0]), text)
        text = _RANDOM.sub(
            lambda found: self._place("KEY", found[0]) if is_random(found[0]) else found[0], text
        )
        text = _CARD.sub(
            lambda found: self._place("CARD", found[0]) if is_card(found[0]) else found[0], text
        )
        return self._phones(text)

    def show(self, text: str) -> str:
        """The text with every place of this call filled in again."""
        return _PLACE.sub(lambda found: self._originals.get(found[0], found[0]), text)

    def show_all(self, value: Any) -> Any:
        """The same for every string inside a decoded JSON value."""
        if isinstance(value, str):
            return self.show(value)
        if isinstance(value, list):
            return [self.show_all(item) for item in value]
        if isinstance(value, dict):
            return {name: self.show_all(item) for name, item in value.items()}
        return value

    @property
    def count(self) -> int:
        """How many different values are hidden."""
        return len(self._originals)

    def _place(self, kind: str, original: str) -> str:
        known = self._places.get((kind, original))
        if known is None:
            number = sum(1 for other, _ in self._places if other == kind) + 1
            known = self._places[kind, original] = f"<{kind}_{number}>"
            self._originals[known] = original
        return known

    def _named(self, found: re.Match[str]) -> str:
        value = found["value"]
        if _PLACE.search(value) or not looks_secret(value):
            return found[0]
        return found["before"] + self._place("KEY", value)

    def _phones(self, text: str) -> str:
        return _NUMBER.sub(self._phone, text)

    def _phone(self, found: re.Match[str]) -> str:
        said = found[0]
        if sum(letter.isdigit() for letter in said) < _PHONE_DIGITS:
            return said
        parts, at = [], 0
        for start, end in phone_spans(said):
            parts += [said[at:start], self._place("PHONE", said[start:end])]
            at = end
        return "".join([*parts, said[at:]])


def masked(text: str) -> str:
    """The text as a log may show it; the values are gone."""
    return Mask().hide(text)


def is_card(text: str) -> bool:
    """Whether the digits are those of a payment card: length, first digit and check digit."""
    digits = [int(letter) for letter in text if letter.isdigit()]
    if len(digits) not in _CARD_LENGTHS or digits[0] not in (2, 3, 4, 5, 6):
        return False
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def is_random(text: str) -> bool:
    """Whether a long run of letters and digits looks made by a machine, and is no UUID."""
    bare = text.strip("=_-+")
    if len(bare) < _RANDOM_LENGTH or _UUID.match(bare):
        return False
    kinds = [any(map(test, bare)) for test in (str.isdigit, str.islower, str.isupper)]
    mixed = kinds[0] and (kinds[1] or kinds[2])
    return mixed and not _wordy(bare) and entropy(bare) >= _RANDOM_BITS


def looks_secret(text: str) -> bool:
    """Whether what stands behind "password:" is a value and not the next word of a sentence."""
    signs = [any(map(test, text)) for test in (str.isdigit, str.isupper, _is_mark)]
    return len(text) >= 6 and (sum(signs) >= 2 or (signs[0] and len(text) >= 8) or len(text) >= 20)


def entropy(text: str) -> float:
    """Shannon's entropy in bits a letter."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _is_mark(letter: str) -> bool:
    return letter in "!#$%^&*+=?~|\\"


def _wordy(text: str) -> bool:
    """Whether it is made of words, such as a file name or a slug."""
    pieces = [piece for piece in re.split(r"[_=+-]", text) if piece]
    words = [piece for piece in pieces if piece.isalpha() or piece.isdigit()]
    return len(pieces) > 2 and len(words) == len(pieces)


@lru_cache(maxsize=512)
def phone_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where phone numbers stand in a run of digits, as any of the regions would write them."""
    matcher, leniency = _matcher()
    taken: list[tuple[int, int]] = []
    for region in REGIONS:
        for found in matcher(text, region, leniency=leniency, max_tries=50):
            digits = sum(letter.isdigit() for letter in found.raw_string)
            apart = all(found.end <= start or found.start >= end for start, end in taken)
            if digits >= _PHONE_DIGITS and apart:
                taken.append((found.start, found.end))
        if taken and taken[0] == (0, len(text)):
            break
    return tuple(sorted(taken))


@cache
def _matcher() -> tuple[Callable[..., Any], int]:
    """Imported when a text holds digits enough: reading the numbering plans takes a moment."""
    from phonenumbers import Leniency, PhoneNumberMatcher

    return PhoneNumberMatcher, Leniency.VALID

"""Hides what no model and no log may see, in a way that can be taken back.

E-mail addresses, phone numbers, keys, cards, accounts, numbers of people and addresses of machines
become places such as `<EMAIL_1>`. The same value always becomes the same place within one call, so
a model can still tell that two sentences are about one person. What comes back from the model is
filled in again, so the product shows the customer's own words.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from include.base.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.base.plain import Plain

    Recogniser = Callable[[str], Iterator[tuple[int, int]]]

_PLACE = re.compile(r"<(?:EMAIL|PHONE|KEY|CARD|IBAN|ID|IP|MARK)_\d{1,4}>")
_EMAIL = re.compile(
    r"""(?<![\w.+%-])(?:[\w.+%'&*=~-]{1,64}|"[^"\n@]{1,62}")@
        (?:[\w-]{1,63}(?:\.[\w-]{1,63}){0,7}\.(?:[^\W\d_]{2,24}|xn--[\w-]{2,59})
          |\[[\d.]{7,15}\])(?![\w-])""",
    re.X,
)
_AT = (
    r"(?:\s?[\[({<]\s?(?:at|a|@|ät|arroba|chez)\s?[\])}>]\s?"
    r"|\sat\s(?=[\w-]{1,63}\s(?:dot|punkt)\s))"
)
_DOT = r"(?:\.|\s?[\[({<]\s?(?:dot|\.|punkt|punto|point)\s?[\])}>]\s?|\s(?:dot|punkt)\s)"
_EMAIL_SPELT = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}{_AT}[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{1,5}}"
    r"|(?<![\w.+-])[\w+-]{1,40}[._\d][\w.+-]{0,23}\s@\s?[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}"
    r"\.[a-z]{2,24}(?![\w-])",
    re.I,
)
"""As people write them to hide them from machines."""

_BASE64 = re.compile(r"(?<![\w/+=-])(?=[a-z0-9]*[A-Z])[A-Za-z0-9+/]{12,400}={0,2}(?![\w/+=-])")

_TAKEN = "\x1f"
"""Stands for what is hidden already, so that no later recogniser sees it or reads across it."""


def _emails(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        yield from (found.span() for found in _EMAIL.finditer(text))
    yield from (found.span() for found in _EMAIL_SPELT.finditer(text))
    for found in _BASE64.finditer(text):
        try:
            said = b64decode(found[0] + "=" * (-len(found[0]) % 4)).decode("ascii")
        except ValueError:
            continue
        if _EMAIL.search(said):
            yield found.span()


@cache
def _recognisers() -> tuple[tuple[str, Recogniser], ...]:
    """Kinds with what finds them, the surest first; loaded with the first text that is read."""
    from include.base import credentials, identifiers
    from include.base.phones import phones

    return (
        # A customer may write "<EMAIL_1>" themselves; it must not be filled with another's value.
        ("MARK", lambda text: (found.span() for found in _PLACE.finditer(text))),
        ("KEY", credentials.keys),
        ("KEY", credentials.named_values),
        ("EMAIL", _emails),
        ("KEY", credentials.random_values),
        ("IBAN", identifiers.ibans),
        ("IP", identifiers.network_addresses),
        ("CARD", identifiers.cards),
        ("ID", identifiers.national_numbers),
        ("PHONE", phones),
    )


@dataclass
class Mask:
    """The places of one call: hide every text of the call with it, then show the answer with it."""

    _places: dict[tuple[str, str], str] = field(default_factory=dict)
    _originals: dict[str, str] = field(default_factory=dict)

    def hide(self, text: str) -> str:
        """The text with a place wherever something must not be seen."""
        parts, at = [], 0
        for start, end, kind in _found(plain(text)):
            if start >= at:
                parts += [text[at:start], self._place(kind, text[start:end])]
                at = end
        return "".join([*parts, text[at:]])

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


def masked(text: str) -> str:
    """The text as a log may show it; the values are gone."""
    return Mask().hide(text)


def _found(read: Plain) -> list[tuple[int, int, str]]:
    """Pieces of the original to hide, in order, with their kinds."""
    text, pieces = read.text, []
    for kind, recognise in _recognisers():
        spans = sorted(recognise(text))
        at, parts = 0, []
        for start, end in spans:
            if start >= at and start < end and _TAKEN not in text[start:end]:
                pieces.append((*read.span(start, end), kind))
                parts += [text[at:start], _TAKEN * (end - start)]
                at = end
        text = "".join([*parts, text[at:]])
    return sorted(pieces)

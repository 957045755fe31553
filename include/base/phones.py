"""Phone numbers, as they are written in many countries or beside a word that names them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REGIONS = ("US", "GB", "DE", "FR", "IN")
"""A number without a country code is looked for as these would write it."""

_DIGITS = range(7, 16)
_NUMBER = re.compile(
    r"(?<![\w@#/])(?<!\d[.,-])(?<![A-Za-z]-)[+(]{0,2}\d(?:[\d ().\n/-]{5,30})\d(?![\w%]|[.,-]\d)"
)
_NAMED = re.compile(
    r"(?:tel(?:e(?:ph|f)on[eo]?|\.)?|ph(?:one)?|mobil[e]?|cell(?:ular)?|celular|m[óo]vil"
    r"|portable|handy|fax|call(?: me)?"
    r"|ring|reach (?:me|us|him|her|them)|sms|text me|whats ?app|signal|telegram|viber|dial"
    r"|hotline|rufnummer|anruf\w*"
    r"|erreichbar|tél(?:éphone)?|teléfono|telefone|cellulare|puhelin|telefoon|telefon(?:u"
    r"|nummer)?|телефон\w*|тел|звон\w*"
    r"|電話(?:番号)?|电话|手机|전화(?:번호)?|هاتف|फ़ोन|फोन)"
    r"(?:[ -]?(?:no|nr|number|nummer|numer|número|is|at|on|under|unter|au|al|ist)){0,3}"
    r"[\s:.#=()-]{0,4}(?:\w{1,3} )?\Z",
    re.I,
)
_COUNTED = re.compile(
    r"(?:order|ticket|invoice|case|ref(?:erence)?|part|item|sku|serial|article|po|rma|job|build"
    r"|batch|lot|row|line"
    r"|account|customer|tracking|shipment|bestell\w*|auftrag\w*|rechnung\w*|kunden\w*|commande"
    r"|facture|pedido|factura"
    r"|issue|bug|request|id|number|nr|no|epoch|timestamp|version|size|isbn|issn|ean|gtin|upc"
    r"|barcode|doi|usd|eur|gbp|port)"
    r"s?\W{0,3}(?:(?:no|nr|id|number|is)\W{0,2})?\Z|[$€£¥#]\s?\Z",
    re.I,
)
_DATED = re.compile(
    r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|\d{4}[ /-]+\d{4}\Z"
    r"|\d{5,}-\d{5,}\Z"
)
_NATIONAL = re.compile(
    r"0\d{9,10}\Z|0\d{1,5}[ ()./-]|\(0|\(\d{3}\) ?\d{3}[ .-]?\d{4}\Z|\d{3}[ .-]\d{3}[ .-]\d{4}\Z"
    r"|\d{5} \d{5}\Z|00[1-9]\d?[ -]"
)
"""How people write numbers of their own country; what begins otherwise counts something."""

_THOUSANDS = re.compile(r"\d{1,3}(?:[ .]\d{3}){2,}(?:[.,]\d+)?\Z")


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Where phone numbers stand."""
    for found in _NUMBER.finditer(text):
        yield from _within(text, *found.span())


def is_counted(before: str) -> bool:
    """Whether the words before a number say that it counts something: an order, a part, a price."""
    return bool(_COUNTED.search(before[-32:]))


def _within(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The numbers in a run of digits: the whole, or its parts where it holds several."""
    said = text[start:end].rstrip("(.-/ \n")
    end = start + len(said)
    if said.count("(") > said.count(")"):
        start += said.index("(") + 1
        said = text[start:end]
    if _is_phone(text[max(0, start - 32) : start], said):
        yield start, end
        return
    for mark in (r"\n| {2,}|/| [/-] ", r" (?=\+|00|\()"):
        cuts = [cut.span() for cut in re.finditer(mark, said)]
        if cuts:
            begin = start
            for cut, after in [*cuts, (len(said), len(said))]:
                yield from _within(text, begin, start + cut)
                begin = start + after
            return


def _is_phone(before: str, said: str) -> bool:
    digits = sum(map(str.isdigit, said))
    if digits not in _DIGITS:
        return False
    if said.lstrip("(").startswith("+"):
        return digits >= 8 and (bool(_NAMED.search(before)) or is_valid(said))
    if _NAMED.search(before):
        return "\n" not in said
    if is_counted(before) or _DATED.match(said) or _THOUSANDS.match(said):
        return False
    return bool(_NATIONAL.match(said)) and is_valid(said)


@lru_cache(maxsize=512)
def is_valid(said: str) -> bool:
    """Whether it is a number of some country, or of one of the regions.

    The library is imported when a text holds digits enough: reading its plans takes a moment.
    """
    from phonenumbers import NumberParseException, is_valid_number, parse

    if said.lstrip("(").startswith("00"):
        said = said.replace("00", "+", 1)
    for region in REGIONS:
        try:
            if is_valid_number(parse(said, region)):
                return True
        except NumberParseException:
            continue
    return False

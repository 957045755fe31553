"""Forms and check digits of national identity and tax numbers.

Each form is tried on the text as written; the check gets the letters (upper case) and digits alone.
The rules are those the issuing authorities publish. A form that any order number could have is not
here: `include.base.identifiers` takes those beside their name.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Check = Callable[[str], bool]

_VERHOEFF_TURNED = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812."""
    odd = sum(int(digit) for digit in digits[-1::-2])
    even = sum(int(digit) * 2 - 9 * (digit > "4") for digit in digits[-2::-2])
    return (odd + even) % 10 == 0


def _sum(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _is_day(year: int, month: int, day: int) -> bool:
    return 0 <= year <= 99 and 1 <= month <= 12 and 1 <= day <= 31


def _ymd(text: str) -> bool:
    return _is_day(int(text[:2]), int(text[2:4]), int(text[4:6]))


def _dmy(text: str) -> bool:
    return _is_day(int(text[4:6]), int(text[2:4]), int(text[:2]))


def _mod_11_10(digits: str) -> bool:
    """ISO 7064, MOD 11,10: German tax numbers, Croatian OIB."""
    product = 10
    for digit in digits[:-1]:
        product = (((int(digit) + product) % 10 or 10) * 2) % 11
    return (11 - product) % 10 == int(digits[-1])


def verhoeff(digits: str) -> bool:
    """Whether the last digit is Verhoeff's check digit."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        turned = int(digit)
        for _ in range(place % 8):
            turned = _VERHOEFF_TURNED[1][turned]
        check = _dihedral(check, turned)
    return check == 0


def _dihedral(left: int, right: int) -> int:
    """The product of two elements of the dihedral group of order ten."""
    if left < 5:
        return (left + right) % 5 + (5 if right >= 5 else 0)
    return (left - right) % 5 + (0 if right >= 5 else 5)


def _ssn(d: str) -> bool:
    area, group, serial = d[:3], int(d[3:5]), d[5:]
    itin = area[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 99)
    return (
        area not in ("000", "666") and area[0] != "9" and group > 0 and serial != "0000"
    ) or itin


def _pesel(d: str) -> bool:
    dated = _is_day(int(d[:2]), int(d[2:4]) % 20, int(d[4:6]))
    return dated and _sum(d, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _cpf(d: str) -> bool:
    first = _sum(d, range(10, 1, -1)) * 10 % 11 % 10
    second = _sum(d, range(11, 1, -1)) * 10 % 11 % 10
    return len(set(d)) > 1 and d[9:] == f"{first}{second}"


def _cnpj(d: str) -> bool:
    first = -_sum(d, (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) % 11 % 10
    second = -_sum(d, (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) % 11 % 10
    return d[12:] == f"{first}{second}"


def _tckn(d: str) -> bool:
    tenth = (7 * sum(map(int, d[0:9:2])) - sum(map(int, d[1:8:2]))) % 10
    return d[0] != "0" and int(d[9]) == tenth and sum(map(int, d[:10])) % 10 == int(d[10])


def _fodselsnummer(d: str) -> bool:
    dated = _is_day(int(d[4:6]), int(d[2:4]) % 40, int(d[:2]) % 40)
    first = _sum(d, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
    return dated and first and _sum(d, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _belgian(d: str) -> bool:
    left = 97 - int(d[9:])
    return _is_day(int(d[:2]), int(d[2:4]) % 20 or 1, int(d[4:6]) or 1) and (
        int(d[:9]) % 97 == left or int("2" + d[:9]) % 97 == left
    )


def _baltic(d: str) -> bool:
    if d[0] not in "123456" or not _ymd(d[1:7]):
        return False
    check = _sum(d, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = _sum(d, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return int(d[10]) == check


def _steuer_id(d: str) -> bool:
    often = sorted(d[:10].count(digit) for digit in set(d[:10]))
    return (
        d[0] != "0"
        and often[-1] in (2, 3)
        and often[:-1].count(1) >= len(often) - 1
        and _mod_11_10(d)
    )


def _nir(d: str) -> bool:
    number = d[:13].replace("2A", "19", 1).replace("2B", "18", 1)
    return number.isdigit() and 1 <= int(d[3:5]) <= 99 and 97 - int(number) % 97 == int(d[13:])


def _chinese(d: str) -> bool:
    dated = d[6:8] in ("18", "19", "20") and _ymd(d[8:14])
    check = _sum(d, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11
    return dated and "10X98765432"[check] == d[17]


def _romanian(d: str) -> bool:
    check = _sum(d, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return d[0] in "12345678" and _ymd(d[1:7]) and int(d[12]) == (1 if check == 10 else check)


def _yugoslav(d: str) -> bool:
    dated = 1 <= int(d[:2]) <= 31 and 1 <= int(d[2:4]) <= 12 and d[4] in "90"
    return dated and int(d[12]) == -_sum(d, (7, 6, 5, 4, 3, 2) * 2) % 11 % 10


def _snils(d: str) -> bool:
    return int(d[9:]) == _sum(d, range(9, 0, -1)) % 101 % 100


def _abn(d: str) -> bool:
    return _sum(str(int(d[0]) - 1) + d[1:], (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) % 89 == 0


def _cuit(d: str) -> bool:
    return int(d[10]) == -_sum(d, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11 % 10


def _rut(d: str) -> bool:
    check = -_sum(d[-2::-1], (2, 3, 4, 5, 6, 7) * 2) % 11
    return d[-1] == "0123456789K"[check]


def _hetu(d: str) -> bool:
    signs = "0123456789ABCDEFHJKLMNPRSTUVWXY"
    number = d[:6] + d[-4:-1]
    return number.isdigit() and _dmy(d) and signs[int(number) % 31] == d[-1]


def _dni(d: str) -> bool:
    number = str("XYZ".find(d[0])) + d[1:-1] if d[0] in "XYZ" else d[:-1]
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == d[-1]


def _nric(d: str) -> bool:
    start = {"T": 4, "G": 4, "M": 3}.get(d[0], 0)
    place = (_sum(d[1:8], (2, 7, 6, 5, 4, 3, 2)) + start) % 11
    signs = {"S": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}
    return signs[{"T": "S", "G": "F"}.get(d[0], d[0])][place] == d[8]


def _taiwanese(d: str) -> bool:
    letter = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(d[0]) + 10
    number = f"{letter}{d[1:]}"
    return _sum(number, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)) % 10 == 0


def _my_number(d: str) -> bool:
    left = _sum(d, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return int(d[11]) == (0 if left < 2 else 11 - left)


def _pps(d: str) -> bool:
    total = _sum(d, (8, 7, 6, 5, 4, 3, 2)) + (9 * (ord(d[8]) - 64) if len(d) > 8 else 0)
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == d[7]


def _thai(d: str) -> bool:
    return int(d[12]) == (11 - _sum(d, range(13, 1, -1)) % 11) % 10


def _austrian(d: str) -> bool:
    check = _sum(d[:3] + d[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11
    return int(d[3]) == check and _dmy(d[4:])


def _czech(d: str) -> bool:
    return _is_day(int(d[:2]), int(d[2:4]) % 50 % 20, int(d[4:6])) and (
        len(d) == 9 or int(d) % 11 == 0 or int(d[:9]) % 11 % 10 == int(d[9])
    )


def _ean(d: str) -> bool:
    return _sum(d, (1, 3) * 7) % 10 == 0


def _vat(d: str) -> bool:
    number = d[2:]
    if d[:2] == "DE":
        return _mod_11_10(number)
    if d[:2] == "IT":
        return luhn(number)
    if d[:2] == "FR":
        return (12 + 3 * (int(number[2:]) % 97)) % 97 == int(number[:2])
    return True


def _any(*checks: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda d: any(check(d) for check in checks)


def _sure(_: str) -> bool:
    return True


_SOURCES: tuple[tuple[str, Check], ...] = (
    # Eleven digits in a row, or as Brazil, Germany, Norway and Belgium group them.
    (r"\d{11}", _any(_pesel, _cpf, _tckn, _fodselsnummer, _belgian, _baltic, _steuer_id)),
    (r"\d{3}\.\d{3}\.\d{3}-\d{2}", _cpf),
    (r"\d{2} \d{3} \d{3} \d{3}", _any(_steuer_id, _abn)),
    (r"\d{6} \d{5}", _fodselsnummer),
    (r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}|\d{6}[ -]\d{3}[ .-]\d{2}", _belgian),
    (r"\d{3}-\d{3}-\d{3}[ -]\d{2}", _snils),
    # Other lengths.
    (r"\d{3}[ .-]\d{2}[ .-]\d{4}", _ssn),
    (
        r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ ]?(?:\d{2}[ -]?){3}[A-D]",
        _sure,
    ),
    (
        r"(?<!\+\d )(?<!\+\d\d )\d{3} \d{3} \d{4}",
        lambda d: -_sum(d, range(10, 1, -1)) % 11 == int(d[9]),
    ),
    (
        r"\d{3}-\d{3}-\d{2}-\d{2}|\d{3}-\d{2}-\d{2}-\d{3}",
        lambda d: _sum(d, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(d[9]),
    ),
    (r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}", _cnpj),
    (r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", _any(verhoeff, _my_number)),
    (r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", _sure),
    (r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]", _sure),
    (
        r"(?:DE ?\d{3} ?\d{3} ?\d{3}|IT ?\d{11}|FR ?\d{2} ?\d{3} ?\d{3} ?\d{3}|ATU\d{8}"
        r"|NL\d{9}B\d{2})",
        _vat,
    ),
    (r"(?:\d{2}\.?\d{3}\.?\d{3}|[XYZ]-?\d{7})[ -]?[A-HJ-NP-TV-Z]", _dni),
    (r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", _sure),
    (r"[A-Z]{3} [A-Z]{3} \d{2}[A-EHLMPRST]\d{2} [A-Z]\d{3}[A-Z]", _sure),
    (r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", _nir),
    (r"\d{4}\.\d{2}\.\d{3}", lambda d: _sum(d, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0),
    (r"(?:19|20)\d{6}-?\d{4}|\d{6}[-+]\d{4}", lambda d: _ymd(d[-10:]) and luhn(d[-10:])),
    (r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", _hetu),
    (r"756[ .]?\d{4}[ .]?\d{4}[ .]?\d{2}", _ean),
    (r"\d{4} ?\d{6}", lambda d: d[0] != "0" and _austrian(d)),
    (r"\d{13}", _any(_romanian, _yugoslav, lambda d: _ymd(d) and d[10] in "01" and luhn(d))),
    (r"\d{6} \d{4} \d{3}", lambda d: _ymd(d) and luhn(d)),
    (r"\d{6}-[1-8]\d{6}", _ymd),
    (r"\d{17}[\dX]", _chinese),
    (r"[A-Z][1289]\d{8}", _taiwanese),
    (r"[A-Z]{1,2}\d{6}\([0-9A]\)", _sure),
    (r"[STFGM]\d{7}[A-Z]", _nric),
    (r"\d{6}-\d{2}-\d{4}", _ymd),
    (r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", _sure),
    (r"[A-ZÑ&]{4}\d{6}[A-Z0-9]{2}[0-9A]", lambda d: _ymd(d[4:])),
    (r"(?:20|23|24|25|26|27|30|33|34)-\d{8}-\d", _cuit),
    (r"\d{1,2}\.\d{3}\.\d{3}-[\dK]|\d{7,8}-[\dK]", _rut),
    (r"\d{3}-\d{3}-\d{3}", luhn),
    (r"\d{7}[A-W][A-IW]?", _pps),
    (r"\d-\d{4}-\d{5}-\d{2}-\d", _thai),
    (r"\d{6}/\d{3,4}", _czech),
)


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where numbers stand whose form and check are those of some country."""
    anywhere, each = _patterns()
    for place in anywhere.finditer(text):
        for form, check in each:
            found = form.match(text, place.start())
            if found and check("".join(filter(str.isalnum, found[0])).upper()):
                yield found.span()
                break


@cache
def _patterns() -> tuple[re.Pattern[str], tuple[tuple[re.Pattern[str], Check], ...]]:
    """One pattern that finds where any form begins, and each form with its check.

    Made on first use: fifty patterns take a moment.
    """
    # A list of numbers is none: nothing that goes on with another group.
    before, after = r"(?<![\w./-])(?<!\d )", r"(?!\w|[./-]\w| \d)"
    anywhere = "|".join(form for form, _ in _SOURCES)
    return re.compile(rf"{before}(?=(?:{anywhere}){after})", re.I), tuple(
        (re.compile(rf"(?:{form}){after}", re.I), check) for form, check in _SOURCES
    )

"""Numbers that stand for one person or account: cards, IBANs, national and tax numbers, addresses.

A number with a check digit is taken by its form and its check. One whose form is too common (nine
digits in a row) is taken only beside a word that says what it is, as `Steuer-ID` or `passport no.`.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import TYPE_CHECKING

from include.base.national_numbers import luhn, numbers
from include.base.phones import is_counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Span = tuple[int, int]

_GROUP = re.compile(r"\d{1,19}")
_BETWEEN = re.compile(r"[ .\n\r-]{1,3}\Z")
_SHORTEST_CARD, _LONGEST_CARD = 13, 19
_BRANDS = re.compile(
    r"""4(?:\d{12}|\d{15}|\d{18})\Z                      # Visa
      | (?:5[1-5]\d{2}|22[2-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}\Z   # Mastercard
      | 3[47]\d{13}\Z                                    # American Express
      | (?:6011|65\d{2}|64[4-9]\d)\d{12}\Z               # Discover
      | 35(?:2[89]|[3-8]\d)\d{12,15}\Z                   # JCB
      | 3(?:0[0-59]|[689]\d)\d{11}(?:\d{2})?\Z           # Diners Club
      | 62\d{14,17}\Z                                    # UnionPay
      | (?:50|5[6-9]|6[0137-9])\d{11,17}\Z               # Maestro
      | (?:220[0-4]|508[5-9]|6521|6522|81|82)\d{10,15}\Z # Mir, RuPay
    """,
    re.X,
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ .-]?[A-Za-z0-9]){11,32}")
_IBANS = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22
DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28
HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25
MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29
RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29
VA22 VG24 XK20 YE30
"""
"""Countries with the length of their account numbers, by the registry of ISO 13616."""

_IBAN_LENGTHS = {known[:2]: int(known[2:]) for known in _IBANS.split()}
_NAMED = re.compile(
    r"""(?<![^\W_])(?:
        (?:tax|tin|vat|ein|itin|ust|umsatzsteuer|steuer|fiscal|fiskal|tva|moms|iva|btw|p\.?\ ?iva
          |identifikations|sozialversicherungs|rentenversicherungs|personalausweis|reisepass|ausweis
          |passport|passeport|pasaporte|passaporto|paspoort|паспорт|护照|パスポート
          |driver'?s?\ licen[cs]e|driving\ licen[cs]e
          |führerschein|permis(?:\ de\ conduire)?|licencia\ de\ conducir
          |social\ (?:security|insurance)|national\ (?:insurance|identity|id|health)|insurance
          |nhs|medicare
          |sécurité\ sociale|seguridad\ social|identity\ card|carte\ d'identité|resident|citizen
          |government
          |routing|sort|bank\ account|account\ and\ routing|iban|kontonummer|konto|bankleitzahl|blz)
        (?:[\ -]{0,2}(?:id|identification|identity|no|nr|num|number|nummer|numero|número|numéro
          |n°|№|card|code
          |licen[cs]e|insurance|registration|permit|account|konto|passport|nummern?|pass
          |fiscale?|cedula)){0,4}
      | ssn|sin|nino|ni\ number|pesel|nip|cpf|cnpj|aadha+r(?:\ card)?|pan\ card|bsn
      |burgerservicenummer|dni|nie|nif|cif
      | cuit|cuil|rut|run|curp|rfc|cédula|cedula|tfn|abn|ird|rnokpp|рнокпп|іпн
      |steuernummer|steuer-?id(?:nr)?|idnr
      |ust-?id(?:nr)?
      | codice\ fiscale|personnummer|personnr|fødselsnummer|hetu|henkilötunnus|cpr(?:-nr
      |-nummer)?|oib|egn|emšo|jmbg
      | amka|afm|inn|инн|снилс|rodné\ číslo|teudat\ zehut|id\ card|ahv|avs|svnr|insee|nir
      |my\ number|マイナンバー
      | 身份证(?:号码?|號)?|주민등록번호|taxpayer|mrn|medical\ record
    )(?:\s{0,2}(?:no|nr|number|nummer|numer|número|id)\.?)?["']?\s{0,2}
    (?:is|ist|lautet|est|es|é|è|jest|are|[:=\#№]|为|は|是)?
    [.:]?\s{0,2}["']?(?<![^\W\d_])
    (?P<value>[A-Za-z0-9](?:[\ ./-]?[A-Za-z0-9]){4,23})(?![A-Za-z0-9])""",
    re.I | re.X,
)
# "account 123456789" is a customer's number, unless a bank's stands before it.
_ROUTED = re.compile(
    r"\b(?:routing|sort|aba|transit|bsb)\b[^\n\d]{0,20}\d[\d -]{4,10}\W{1,5}(?:and\s)?"
    r"(?:account|acct|acc)\.?(?:\s(?:no|number|nr)\.?)?\W{1,3}(?P<value>\d[\d -]{4,16}\d)\b",
    re.I,
)
_SAID = re.compile(r"(?:[A-Z]{1,3} )?(?:[A-Za-z./-]{0,12}\d[\w./-]{0,24} ?)+|")
"""The value itself: words with a digit in them, perhaps a country before them."""

_BORN = re.compile(
    r"\b(?:dob|d\.o\.b\.|date of birth|birth ?(?:date|day)|born(?: on)?|geburtsdatum"
    r"|geb(?:oren)?(?:\.| am)?"
    r"|né(?:e)? le|date de naissance|fecha de nacimiento|nacid[oa] el|data di nascita|nat[oa] il)"
    r"\W{0,3}(?:is |was |ist |am )?"
    r"(?P<value>\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\.? [A-Za-zéû]{3,10}\.? \d{4})",
    re.I,
)
_IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_MAC = re.compile(
    r"(?<![\w:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])"
)
_VERSION = re.compile(
    r"(?:v|version|release|build|firmware|driver|software|patch|upgrad\w+(?: \w+)?"
    r"|updat\w+(?: \w+)?|from|to|section|chapter|clause|§|#)[:\s.]{0,2}\Z",
    re.I,
)
_ADDRESS = re.compile(
    r"\b(?:ips?|ipv4|address(?:es)?|adresse|host|server|client|ping|subnet|gateway|proxy)\b", re.I
)
_LARGEST_IN_VERSIONS = 24
"""A version seldom begins with a larger number."""


def cards(text: str) -> Iterator[Span]:
    """Where payment cards stand, in whatever groups they were written."""
    groups = list(_GROUP.finditer(text))
    place = 0
    while place < len(groups):
        found = _card_from(text, groups, place)
        if found is not None and not (found == place and is_counted(text[: groups[place].start()])):
            yield groups[place].start(), groups[found].end()
            place = found
        place += 1


def is_card(text: str) -> bool:
    """Whether the digits are those of a payment card: length, first digits and check digit."""
    digits = "".join(filter(str.isdigit, text))
    return bool(_BRANDS.match(digits)) and len(set(digits)) > 1 and luhn(digits)


def ibans(text: str) -> Iterator[Span]:
    """Where international bank account numbers stand."""
    for found in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(found[0][:2].upper(), 0)
        end = _end_of(found[0], length) if length else 0
        if end and (found.end() == found.start() + end or not text[found.start() + end].isalnum()):
            compact = _compact(found[0][:end])
            turned = compact[4:] + compact[:4]
            if int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1:
                yield found.start(), found.start() + end


def national_numbers(text: str) -> Iterator[Span]:
    """Where numbers of people, taxpayers and accounts stand: by check digit or by name."""
    yield from numbers(text)
    for found in _NAMED.finditer(text):
        value = found["value"]
        start, said = found.start("value"), _SAID.match(value)
        end = start + len(said[0].rstrip(" ./-") if said else "")
        if sum(map(str.isdigit, text[start:end])) >= 5 or (
            end - start >= 6 and sum(map(str.isdigit, text[start:end])) >= 3
        ):
            yield start, end
    for pattern in (_BORN, _ROUTED):
        for found in pattern.finditer(text):
            yield found.span("value")


def network_addresses(text: str) -> Iterator[Span]:
    """Where IP and hardware addresses stand; a version of four numbers is none."""
    for found in _IPV4.finditer(text):
        parts = [int(part) for part in found[0].split(".")]
        before = text[max(0, found.start() - 24) : found.start()]
        if max(parts) > 255 or parts[0] in (0, 127, 255):
            continue
        if _ADDRESS.search(before) or (
            (parts[0] > _LARGEST_IN_VERSIONS or sorted(parts)[-2] > 99)
            and not _VERSION.search(before)
        ):
            yield found.span()
    for found in _IPV6.finditer(text):
        try:
            address = IPv6Address(found[0])
        except AddressValueError:
            continue
        if not (address.is_loopback or address.is_unspecified) and len(found[0]) > 6:
            yield found.span()
    for found in _MAC.finditer(text):
        yield found.span()


def _card_from(text: str, groups: Sequence[re.Match[str]], first: int) -> int | None:
    """The last group of a card that begins with the group `first`."""
    digits, start, sizes = "", groups[first].start(), list[int]()
    if groups[first][0][0] not in "234568" or text[start - 1 : start].isalpha():
        return None
    for place in range(first, len(groups)):
        group = groups[place]
        if place > first and not _BETWEEN.match(text[groups[place - 1].end() : group.start()]):
            return None
        digits += group[0]
        sizes.append(len(group[0]))
        if len(digits) < _SHORTEST_CARD:
            continue
        if len(digits) > _LONGEST_CARD:
            return None
        even = len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0]
        grouped = even or sizes[:2] == [4, 6]
        if grouped and is_card(digits) and not text[group.end() : group.end() + 1].isalpha():
            return place
    return None


def _end_of(text: str, length: int) -> int:
    """Where the first `length` letters and digits end; 0 when there are fewer."""
    seen = 0
    for place, sign in enumerate(text, start=1):
        seen += sign.isalnum()
        if seen == length:
            return place
    return 0


def _compact(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()

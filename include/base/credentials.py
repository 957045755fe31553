"""Keys, tokens and passwords as they stand in texts: by their form, their name, or their look."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Span = tuple[int, int]

_RANDOM_LENGTH = 28
_RANDOM_BITS = 3.2
_SECRET_BITS = 4.0

_KEY = re.compile(
    r"""
      -----BEGIN\ [A-Z ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----
        .*?(?:-----END\ [A-Z ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----|\Z)
    | (?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?
    | https://(?:hooks\.slack\.com/(?:services|workflows|triggers)
        |(?:canary\.|ptb\.)?discord(?:app)?\.com/api/webhooks
        |[\w-]{1,60}\.webhook\.office\.com|outlook\.office(?:365)?\.com/webhook)/[\w/@.-]+
    | \b(?:sk|pk|rk|whsec)[-_](?:[a-zA-Z0-9]+[-_]){0,3}[A-Za-z0-9_-]{14,}
    | \b(?:gh[pousr]|github_pat|glpat|gldt|npm|hf|pypi|do[opr]_v1|shp(?:at|ss|ca|pa)|lin_api|xai|gsk
        |figd|ntn|sq0(?:atp|csp|idp)|dckr_pat|rubygems|xkeysib|sntrys)[-_][\w-]{12,}
    | \b(?:secret|key|pat|EAAA|sbp|tfp|PMAK|NRAK|ATATT3|ATCTT3|phc|pul|r8|hv[sb]\.|dp\.[psc]t\.
        |age-secret-key-1)[-_]?(?=[\w-]{0,200}\d)[\w-]{16,}
    | \bx(?:ox[a-z]|app)-[\w-]{8,}
    | \b(?:AKIA|ASIA|AGPA|AIDA|AROA|ABIA|ACCA)[0-9A-Z]{16}\b
    | \bAIza[\w-]{30,}
    | \bya29\.[\w-]{16,}
    | \bSG\.[\w-]{16,}\.[\w-]{16,}
    | \b(?:AC|SK)[0-9a-f]{32}\b
    | \b[0-9a-f]{32}-us\d{1,2}\b
    | \bdapi[0-9a-f]{32}\b
    | (?<![\w.])s\.(?=[a-z]*[A-Z0-9])[A-Za-z0-9]{24}\b
    | \b[MNO][\w-]{22,27}\.[\w-]{6,7}\.[\w-]{27,38}(?![\w-])
    | (?<!\d)\d{8,10}:[A-Za-z0-9_-]{35}(?![\w-])
    | \b(?:AccountKey|SharedAccessKey|sig)=[\w%+/=-]{20,}
    """,
    re.S | re.X,
)
_NAMES = (
    r"(?:api|access|auth|secret|private|client|bearer|session)?[ _-]?"
    r"(?:key|token|secret|password|passwd|pwd|passphrase|passcode|credential)s?"
    r"|pass|pw|user[_-]?pass|kennwort|passwort|zugangscode|schlüssel|mot[ ]de[ ]passe|mdp|jeton"
    r"|contrase[ñn]a|clave"
    r"|senha|palavra-passe|parola|hasło|haslo|wachtwoord|lösenord|adgangskode|passord|salasana"
    r"|heslo"
    r"|jelszó|şifre|sifre|пароль|κωδικός|סיסמה|كلمة[ ]المرور|पासवर्ड"
    r"|密码|密碼|口令|パスワード|暗証番号|비밀번호|암호"
)
_IS = r"(?:is|was|lautet|ist|war|est|es|era|é|è|jest|are|は|是|为|=|:|->|=>|→|⇒)"
_NAMED_KEY = re.compile(
    rf"""
    (?P<before>
        (?<![^\W_])(?:{_NAMES})
        (?:["']?\s{{0,2}}{_IS}\s{{0,2}}|["']?\s{{0,2}}:\s{{0,2}})["'`]?
      | \b(?:bearer|basic)\s{{1,2}}
    )
    (?P<value>[^\s"'`<>,;]{{5,200}}?)(?=["'`,;<>\s]|[.?)]?(?:\s|\Z)|@)
    """,
    re.I | re.X,
)
# Without a word between, only what no sentence would go on with.
_BESIDE_KEY = re.compile(
    rf"(?<![^\W_])(?:{_NAMES})\s{{1,2}}[\"'`]?"
    r"(?P<value>[^\s\"'`<>,;]{8,64}?)(?=[\"'`,;<>\s]|[.?)]?(?:\s|\Z))",
    re.I,
)
_USERINFO = re.compile(r"://[^\s/:@]{0,60}:(?P<value>[^\s/@]{3,200})@")
_USER_OPTION = re.compile(
    r"(?<![\w-])(?:-u|--user|--proxy-user)[ =][\"']?[^\s:\"']{1,60}:(?P<value>[^\s\"']{3,200})"
)
# Words of a wallet, and codes to come in without the second factor: nothing in them looks secret.
_PHRASE = re.compile(
    r"\b(?:seed|recovery|mnemonic|wallet|secret|backup)[ -](?:phrase|words?)\W{1,3}(?:is\s|are\s)?"
    r"(?P<value>(?:[a-z]{3,8}[ ,\n]{1,2}){11,23}[a-z]{3,8})\b",
    re.I,
)
_CODES = re.compile(
    r"\b(?:backup|recovery|rescue|one-time|2fa|scratch)[ -]codes?\W{1,3}(?:is\s|are\s)?"
    r"(?P<value>(?=[a-z -]{0,40}\d)[a-z0-9]{4,6}[- ][a-z0-9]{4,6}\b"
    r"(?:[,;\s]{1,3}[a-z0-9]{4,6}-[a-z0-9]{4,6}\b){0,19})",
    re.I,
)
_CODE_BESIDE = re.compile(r"\b(?:pin|tan|otp|cvv2?|cvc)[ #]{1,2}(?P<value>\d{4,8})\b", re.I)
_CODE = re.compile(
    r"\b(?:(?:pin|cvv|cvc|cvv2|otp|tan|puk|2fa|verification|security|sicherheits|one[- ]time)"
    r"[- ]?(?:code|number|nummer|pin)?s?"
    r"|(?:door|gate|access|entry|alarm|unlock|locker|safe|lock|"
    r"atm|tür)[- ]?(?:code|pin|combination)s?)"
    r"(?:\s{0,2}(?:is|was|ist|lautet|est|es|[:=])\s{0,2})(?P<value>\d{3,8})\b",
    re.I,
)
_LOWER_RUN = re.compile(r"[a-z]{4,}")
_RANDOM = re.compile(r"(?<![\w/+.=-])[A-Za-z0-9_+=-]{28,400}(?![\w/+=-])")
_BASE64_40 = re.compile(r"(?<![\w/+=.-])[A-Za-z0-9/+]{40}(?![\w/+=-])")
_HASH_NAMED = re.compile(
    r"(?:commit|revision|rev|sha-?\d*|md5|hash|checksum|digest|etag|tag|head|git|blob|tree|layer"
    r"|image"
    r"|fingerprint|build|trace|span|request|correlation|uuid|guid|object|prüfsumme|somme)\w*\W{1,4}"
    r"(?:(?:id|of|is|was|in|at|sum|value|ist|mismatch)\W{1,3}){0,2}(?:sha\d{1,3}[:=-])?\Z",
    re.I,
)
_UUID = re.compile(
    r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z"
    r"|[0-9a-f]{12}[147][0-9a-f]{3}[89ab][0-9a-f]{15}\Z",
    re.I,
)
_MARKS = frozenset("!#$%^&*+=?~|\\@§€£")


def keys(text: str) -> Iterator[Span]:
    """Where keys of a known form stand."""
    return (found.span() for found in _KEY.finditer(text))


def named_values(text: str) -> Iterator[Span]:
    """Where the values of what is called a password, a key or a code stand."""
    for found in _NAMED_KEY.finditer(text):
        if looks_secret(found["value"]):
            yield found.span("value")
    for found in _BESIDE_KEY.finditer(text):
        value = found["value"]
        if any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and looks_secret(value):
            yield found.span("value")
    for pattern in (_CODE, _CODE_BESIDE, _CODES, _PHRASE, _USERINFO, _USER_OPTION):
        for found in pattern.finditer(text):
            yield found.span("value")


def random_values(text: str) -> Iterator[Span]:
    """Where long runs of letters and digits stand that a machine made and nobody named."""
    for found in _RANDOM.finditer(text):
        if is_random(found[0]) and not _is_hash(text, found):
            yield found.span()
    for found in _BASE64_40.finditer(text):
        if _is_secret_of_40(found[0]) and not _is_hash(text, found):
            yield found.span()


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
    signs = [any(map(test, text)) for test in (str.isdigit, str.isupper, _MARKS.__contains__)]
    if text.isalpha() and not any(map(str.isupper, text[1:])):
        return len(text) >= 20
    return len(text) >= 5 and (sum(signs) >= 2 or (signs[0] and len(text) >= 6) or len(text) >= 20)


def entropy(text: str) -> float:
    """Shannon's entropy in bits a letter."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _is_secret_of_40(text: str) -> bool:
    """Whether it is made as AWS makes its secrets, and no path and no hash."""
    kinds = [sum(map(test, text)) for test in (str.isdigit, str.islower, str.isupper)]
    return kinds[0] >= 1 and min(kinds[1:]) >= 4 and entropy(text) >= _SECRET_BITS


def _is_hash(text: str, found: re.Match[str]) -> bool:
    """Whether it is a hash that is called one: a commit, a checksum, the id of a request."""
    before = text[max(0, found.start() - 40) : found.start()]
    return all(sign in "0123456789abcdefABCDEF" for sign in found[0]) and bool(
        _HASH_NAMED.search(before)
    )


def _wordy(text: str) -> bool:
    """Whether it is made of words or short groups, such as a file name or a part number."""
    pieces = [piece for piece in re.split(r"[_=+-]", text) if piece]
    words = [piece for piece in pieces if piece.isalpha() or piece.isdigit()]
    lengths = {len(piece) for piece in pieces}
    if 2 * sum(map(len, _LOWER_RUN.findall(text))) > len(text):
        return True
    return len(pieces) > 2 and (
        len(words) == len(pieces) or (max(lengths) <= 8 and len(lengths) > 1)
    )

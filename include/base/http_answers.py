"""What other servers say of a failure: how long to wait, and which status an error stands for."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WAIT = 86_400.0
"""Seconds; nobody means to be asked later than in a day."""

_SECONDS = re.compile(r"(\d{1,20}(?:\.\d{1,9})?)\s*+(?:s(?:ec(?:ond)?s?)?)?\s*+(?:,.*)?", re.I)

_STATUS_BY_TYPE = (
    (re.compile(r"rate.?limit|quota|too.?many|exhausted|throttl|overload", re.I), 429),
    (re.compile(r"auth|api.?key|permission|forbidden|denied", re.I), 401),
    (re.compile(r"balance|billing|credit|\u4f59\u989d|\u6b20\u8d39", re.I), 402),
    (re.compile(r"invalid|context.?length|not.?found|unsupported", re.I), 400),
)
_CODES = ("code", "status", "status_code", "statusCode", "error_code", "type")
_TEXTS = ("message", "msg", "status_msg", "error_msg", "detail")
SAY_WHY = frozenset((*_CODES, *_TEXTS, "base_resp", "errors"))
"""Names under which an answer tells of an error beside what it should hold."""


def retry_after_seconds(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait, by `retry-after-ms` or `Retry-After` (a number or a date), if readable.

    At most a day.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is not None and (found := _SECONDS.fullmatch(value.strip())):
            return min(float(found[1]) * scale, LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        wait = (until - (now or datetime.now(UTC))).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, wait), LONGEST_WAIT) if math.isfinite(wait) else None


def status_of_error(failed: Any) -> int:
    """The HTTP status that an error inside a 200 stands for: its code, or what it is called."""
    named = failed if isinstance(failed, dict) else {"message": failed}
    # Some makers put it one level deeper: `base_resp`, `errors`, `detail`.
    inner = [
        one for value in named.values() for one in (value if isinstance(value, list) else [value])
    ]
    named = {**{k: v for one in inner if isinstance(one, dict) for k, v in one.items()}, **named}
    codes = [str(named.get(key) or "") for key in _CODES]
    status = next((one for one in codes if one.isdigit() and 400 <= int(one) <= 599), None)
    if status is not None:
        return int(status)
    kinds = (" ".join(codes), " ".join(str(named.get(key) or "") for key in _TEXTS))
    return next(
        (status for kind in kinds for form, status in _STATUS_BY_TYPE if form.search(kind)), 503
    )


_NO_MODEL = re.compile(
    r"(?:invalid|unknown|unrecogni[sz]ed|no such) model|model_not_found"
    r"|model\b.{0,120}?(?:not (?:be )?found|not exist|n't exist|is unknown|not available)",
    re.I | re.S,
)
# LiteLLM's proxy looks a key that is not its own up in a database, and says that it has none.
_NO_KEY = re.compile(
    r"api.?key|authenticat|unauthori[sz]ed|auth_error|credential|no_db_connection", re.I
)
_TOO_LONG = re.compile(
    r"context.{0,3}(?:length|window)|too long|reduce the (?:length|size)|too many tokens", re.I
)


def hint_for(status: int, said: str, otherwise: str) -> str:
    """What an operator may check when a server refuses a request.

    Args:
        status: Of the answer; many servers answer 400 whatever is wrong.
        said: The server's words and codes, which are only read.
        otherwise: The hint where neither says more.
    """
    known = {
        401: "check the API key of the connection",
        402: "the account has no credit left",
        403: "the API key may not use this model",
        404: "check the base URL and the model's name",
    }.get(status)
    if known is not None:
        return known
    if _TOO_LONG.search(said):
        return "the message is longer than the model reads"
    if _NO_MODEL.search(said):
        return "check the model's name"
    return "check the API key of the connection" if _NO_KEY.search(said) else otherwise

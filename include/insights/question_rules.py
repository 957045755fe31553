"""Reading an analytics question without a language model: known names, a few turns of phrase.

It recognises what the product knows (areas, regions, accounts, requests), severities, statuses and
periods, and one intent. Words it makes nothing of are handed back, never guessed at.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from include.insights.question import LIMIT, MOST, Filters, Period, Question

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.insights.question import Vocabulary

MOST_CHARACTERS = 2_000

_MOST_OF = r"(?:top|biggest|largest|greatest)"
_GROUPS = (
    r"(?:of |our |the |my )*(?:accounts?|customers?|clients?|areas?|regions?|segments?|deals?)"
)
# "Top five accounts" asks for accounts; in "what do our biggest accounts want" it narrows them.
_TOP_GROUPS = re.compile(
    rf"^(?:(?:show|list|give|what|who|which|are|me|us|please|our|the|my)\b[ ,]*)*{_MOST_OF}"
    r"(?: \d{1,2}| ,)* (?P<group>account|customer|client|area|region|segment)s?\b"
)
_BY_GROUP = {"area": "by_area", "region": "by_segment", "segment": "by_segment"}
_LISTED = re.compile(r"\b(?:feedback|requests?)\b")
_GROUPINGS = ("by_week", "by_area", "by_segment", "by_account")
_NOT_COUNTED = re.compile(r"\bhow many (?:\w+ )?(areas?|regions?|segments?|deals?)\b")

_INTENTS = tuple(
    (name, re.compile("|".join(forms)))
    for name, forms in {
        "by_status": (
            r"\bby status\b",
            r"\bship rate\b",
            r"\b(?:open|shipped) (?:and|or|vs\.?|versus) (?:open|shipped)\b",
        ),
        "by_week": (
            r"\b(?:by|per|each|every) week\b",
            r"\bweekly\b",
            r"\b(?:volume )?over time\b",
            r"\btrends?\b",
        ),
        "by_area": (
            r"\b(?:which|what) (?:product )?areas?\b",
            r"\b(?:breakdown )?(?:by|per|each) (?:product )?areas?\b",
        ),
        "by_segment": (
            r"\b(?:which|what) (?:customer |account )?(?:regions?|segments?)\b",
            r"\b(?:breakdown )?(?:by|per|each) (?:region|segment)s?\b",
        ),
        "by_account": (
            r"\bwhich[\s,]+(?:of (?:our|the|my)[\s,]+)?(?:accounts?|customers?|clients?)\b"
            r"(?! (?:segment|region))",
            r"\bwhat accounts\b",
            r"\b(?:breakdown )?(?:by|per|each) (?:account|customer)s?\b",
            r"\bwho\b(?=.{0,20}\b(?:ask|want|need|suffer|complain))",
        ),
        "shipped": (
            r"\b(?:what|which)\b(?P<gap>.{0,30}?)"
            r"\b(?:ship(?:ped)?|released?|deliver(?:ed)?)\b",
            r"\bwhat(?:['\u2019]s| is) new\b",
        ),
        "totals": (
            r"\bhow (?:many|much)\b(?:(?P<behind_gap>.{0,20}?)\bbehind\b)?",
            r"\bnumber of\b",
            r"\bcount of\b",
            r"\btotals?\b",
            r"\barr (?:is )?(?:at (?:stake|risk)|behind)\b",
        ),
        "feedback": (
            r"\b(?:show|list|give|get)\b(?P<gap>.{0,20}?)\bfeedback\b",
            r"\bfeedback (?:from|of|by|on|for)\b",
            r"\b(?:show|list|give|get)\b(?P<third_gap>.{0,10}?)\b(?:all|everything)\b"
            r"(?P<fourth_gap>.{1,60}?)\b(?:say|said|told us|reported|sent us)\b",
            r"\bwhat (?:did|does|do|has|have)\b(?P<other_gap>.{1,60}?)"
            r"\b(?:say|said|tell us|report)\b",
        ),
        "top_requests": (
            r"\bhurt(?:s|ing)?\b",
            r"\bpains?\b",
            r"\bproblems?\b",
            r"\bcomplain(?:s|ed|ts?|ing)?(?: about)?\b",
            r"\bask(?:s|ed|ing)? for\b",
            r"\bwants?\b",
            r"\bneeds?\b",
            r"\bdealbreakers?\b",
            r"\bblock(?:s|ers?|ing)\b",
            r"\bstruggl(?:e|es|ing) with\b",
            r"\bsuffer(?:s|ing)?(?: from)?\b",
            rf"\b{_MOST_OF}\b(?! {_GROUPS}\b)",
            rf"\bmost (?:wanted|requested|asked for|important|painful)\b(?! {_GROUPS}\b)",
            r"\b(?:highest|most|greatest|largest) arr\b",
            r"\b(?:rank|ranked|sort|sorted|order|ordered)\b(?P<rank_gap>.{0,20}?)\bby arr\b",
        ),
    }.items()
)
"""Tried in this order: the more particular before the general."""

_ENTERPRISE = re.compile(r"\b(?:large )?enterprises?\b")
_NOT_ENTERPRISE = re.compile(
    r"\bnon[- ]enterprise\b|\bsmb\b|\bsmall(?:er)? (?:customers|businesses|accounts)\b"
)
_SEVERITY = (
    ("high", re.compile(r"\bdeal[- ]?breakers?\b|\bhigh(?:est)?[- ]severity\b|\bblockers?\b")),
    ("medium", re.compile(r"\bmedium[- ]severity\b")),
    ("low", re.compile(r"\blow(?:est)?[- ]severity\b|\bnice[- ]to[- ]haves?\b")),
)
_STATUS = (
    ("deprioritized", re.compile(r"\bdeprioriti[sz]ed\b|\bset aside\b")),
    ("shipped", re.compile(r"\b(?:ship|releas|deliver)(?:e?d|e)?\b")),
    ("open", re.compile(r"\b(?:still )?open\b|\bunshipped\b")),
)
_NOT_SHIPPED = re.compile(
    r"(?:\b(?:not|never)|n['\u2019]t)(?: (?:yet|been|got|get)){0,3}"
    r" (?:ship(?:ped)?|released?|deliver(?:ed)?)\b(?: yet\b)?"
)
_TOP = re.compile(r"\btop (\d{1,2})\b|\b(\d{1,2}) (?:biggest|largest|greatest)\b")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september",
           "october", "november", "december")  # fmt: skip
_DAYS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
_LAST_N = re.compile(
    r"\b(?:in |over |within )?(?:the )?(?:last|past) (\d{1,3}) (day|week|month)s?\b"
)
_NAMED = re.compile(
    r"\b(?:in |over )?(?:the )?(this|last|past|previous) (week|month|quarter|year)\b"
)
_SINCE = re.compile(r"\bsince (\d{4})-(\d{2})-(\d{2})\b")
_DAY = re.compile(r"\b(?:of |from )?(today|yesterday)(?:['\u2019]s)?\b")
_MONTH = re.compile(rf"\b(?:in|during) ({'|'.join(_MONTHS)})(?: (\d{{4}}))?\b")
_YEAR = re.compile(r"\b(?:in|during) (20\d\d)\b")
_WORD = re.compile(r"[^\W_](?:[\w'\u2019-]*[^\W_])?")
_STOP_WORDS = """
a about account accounts across all among an and any are area areas arr as asked at be been by can
client clients could customer customers did do does doing feature features feedback for from get
give given gave had has have how i in is it its list many me money most much now of on or our ours
out people pieces piece please product products region regions request requests revenue said say
says see segment segments severity show shown so some tell than that the their them there these they
this those to told up us was we were what where which who whose with would you your deal deals feel
feels right currently stake thing worth requested wanted asking asks ask put puts what's who's came
come
"""
_STOP = frozenset(_STOP_WORDS.split())


def read_question(text: str, known: Vocabulary, today: date) -> Question | None:
    """The prepared query a question asks for; ``None`` when it is no question of this kind.

    Args:
        text: The question, in English.
        known: Names the question may use.
        today: What "last week" is counted from.
    """
    said = _Said(text[:MOST_CHARACTERS])
    # Names first: an area called "Needs review" is no wish.
    areas = said.names(known.areas)
    deals = said.names(known.deals)
    accounts = said.names(known.accounts) or said.names(known.nicknames)
    requests = said.names(known.requests)
    regions = said.names({region: region for region in known.regions})
    uncounted = _NOT_COUNTED.search(said.text)
    group = said.take(_TOP_GROUPS)
    top = None if group else said.take(_TOP)
    other = said.take(_NOT_ENTERPRISE)
    enterprise = False if other else True if said.take(_ENTERPRISE) else None
    severities = [name for name, form in _SEVERITY if said.holds(form)]
    severity = severities[0] if severities else None
    groupings = [name for name, form in _INTENTS if name in _GROUPINGS and said.holds(form)]
    unshipped = said.take(_NOT_SHIPPED)
    query = next((name for name, form in _INTENTS if said.take(form)), None)
    if group is not None:
        query = _BY_GROUP.get(group["group"], "by_account")
    period = _period(said, today)
    status = next((name for name, form in _STATUS if said.take(form)), None)
    if unshipped is not None:
        query, status = query or "top_requests", "open"
    if status == "shipped" and period is not None and query in ("totals", "top_requests", None):
        # When it shipped, not when somebody asked for it.
        query = "shipped"
    # What is left of other intents is the same question in more words.
    for _, form in (*_SEVERITY, *_INTENTS):
        said.take(form)
    named = accounts or requests or deals or areas or regions or enterprise is not None or period
    if query is None and (top or (named and (severity or status))):
        query = "top_requests"
    if query is None and (found := _LISTED.search(said.text)) and (named or status or severity):
        query = "feedback" if found[0] == "feedback" else "top_requests"
    if query is None:
        return None
    if query in ("top_requests", "by_area", "by_segment", "by_account") and not requests:
        status = status or "open"
    filters = Filters(
        areas=tuple(areas),
        regions=tuple(regions),
        enterprise=enterprise,
        severity=severity,
        status=None if query in ("shipped", "by_status") else status,
        account=accounts[0] if accounts else None,
        request=requests[0] if requests else None,
        deal=deals[0] if deals else None,
        period=period,
    )
    number = re.search(r"\d+", group[0]) if group else top and re.search(r"\d+", top[0])
    limit = int(number[0]) if number else LIMIT
    # What a query cannot narrow or count is as good as not read.
    unused = [uncounted[1]] if uncounted and query == "totals" else []
    unused += [
        *((known.accounts | known.nicknames).get(one, one) for one in accounts[1:]),
        *(known.requests.get(one, one) for one in requests[1:]),
        *(known.deals.get(one, one) for one in deals[1:]),
        *(one.replace("_", " ") for one in groupings[1:]),
        *severities[1:],
    ]
    if query == "shipped" and status not in (None, "shipped"):
        unused.append(status)
    unread = tuple(dict.fromkeys([*unused, *said.unread()]))
    return Question(query, filters, max(1, min(limit, MOST)), unread)


class _Said:
    """A question of which pieces are taken out as they are understood."""

    def __init__(self, text: str) -> None:
        self.text = " ".join(text.lower().split())

    def holds(self, form: re.Pattern[str]) -> bool:
        return form.search(self.text) is not None

    def take(self, form: re.Pattern[str]) -> re.Match[str] | None:
        found = form.search(self.text)
        if found is not None:
            # What stands between the words of a form has not been read by it.
            between = " ".join(gap for gap in found.groupdict().values() if gap)
            self.text = f"{self.text[: found.start()]} , {between} , {self.text[found.end() :]}"
        return found

    def names(self, known: dict[str, str]) -> list[str]:
        """Keys of the names it holds, the longest first, so that no name hides in another."""
        forms = [(form, key) for key, name in known.items() for form in _forms(key, name)]
        found: list[str] = []
        for form, key in sorted(forms, key=lambda pair: (-len(pair[0]), pair[1])):
            pattern = re.compile(rf"(?<![\w-]){re.escape(form)}(?![\w-])")
            if self.take(pattern) and key not in found:
                found.append(key)
        return found

    def unread(self) -> tuple[str, ...]:
        words = [word for word in _WORD.findall(self.text) if word not in _STOP]
        return tuple(dict.fromkeys(words))


def _forms(key: str, name: str) -> Iterable[str]:
    return {form for form in (key.lower(), " ".join(name.lower().split())) if len(form) > 1}


def _period(said: _Said, today: date) -> Period | None:
    tomorrow = today + timedelta(days=1)
    if (found := said.take(_LAST_N)) is not None:
        number, unit = int(found[1]), found[2]
        words = f"the last {number} {unit}{'s' if number != 1 else ''}"
        return Period(today - timedelta(days=number * _DAYS[unit]), tomorrow, words)
    if (found := said.take(_DAY)) is not None:
        day = today if found[1] == "today" else today - timedelta(days=1)
        return Period(day, day + timedelta(days=1), found[1])
    if (found := said.take(_NAMED)) is not None:
        return _named(found[1], found[2], today)
    if (found := _SINCE.search(said.text)) is not None:
        try:
            since = date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            # No such day: its words are left over and told.
            return None
        said.take(_SINCE)
        return Period(since, tomorrow, f"since {since.isoformat()}")
    if (found := said.take(_MONTH)) is not None:
        month = _MONTHS.index(found[1]) + 1
        year = int(found[2]) if found[2] else today.year - (month > today.month)
        start = date(year, month, 1)
        return Period(start, _next_month(start), f"{found[1].title()} {year}")
    if (found := said.take(_YEAR)) is not None:
        year = int(found[1])
        return Period(date(year, 1, 1), date(year + 1, 1, 1), str(year))
    return None


def _named(which: str, unit: str, today: date) -> Period:
    if unit == "week":
        start = today - timedelta(days=today.weekday())
    elif unit == "month":
        start = today.replace(day=1)
    elif unit == "quarter":
        start = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    else:
        start = date(today.year, 1, 1)
    if which == "this":
        return Period(start, today + timedelta(days=1), f"this {unit}")
    before = start - timedelta(days=1)
    first = {
        "week": start - timedelta(days=7),
        "month": before.replace(day=1),
        "quarter": date(before.year, 3 * ((before.month - 1) // 3) + 1, 1),
        "year": date(before.year, 1, 1),
    }[unit]
    return Period(first, start, f"last {unit}")


def _next_month(start: date) -> date:
    return date(start.year + start.month // 12, start.month % 12 + 1, 1)

"""The weekly digest as a Slack message. Pure; made from the digest as it is stored.

At most 16 blocks, so there is room for the note the sender may put before them.
"""

from __future__ import annotations

import html
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.insights.asof import ZONE
from include.insights.wording import count, money, verb
from include.slack.cards.blocks import (
    SECTION_LIMIT,
    Block,
    Rendered,
    clip_lines,
    context,
    header,
    link,
    section,
    shorten,
)
from include.slack.cards.markup import Markup, escape, joined, markup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    RequestUrl = Callable[[str], str | None]

Json = dict[str, Any]
_TITLE_LIMIT = 90


def digest_card(
    content: Mapping[str, Any],
    *,
    request_url: RequestUrl,
    chart_file_id: str | None = None,
    chart_words: str = "",
) -> Rendered:
    """The whole digest: totals, chart, rising, new, shipped, waiting, open questions, work."""
    part = content["whole"]
    title = f"Customer feedback, {week_words(content)}"
    blocks: list[Block] = [header(title)]
    if content.get("opening"):
        blocks.append(_section(escape(content["opening"])))
    blocks.append(_section(_totals(part)))
    if chart_file_id:
        blocks.append(
            {
                "type": "image",
                "slack_file": {"id": chart_file_id},
                "alt_text": chart_words or "Feedback per day, last four weeks",
            }
        )
    blocks += _lists(part, request_url)
    if content["questions"]["count"]:
        blocks.append(_section(_questions(content["questions"], request_url)))
    blocks.append({"type": "divider"})
    blocks.append(context(escape(_work(content["work"]))))
    return Rendered(text=escape(f"{title}: {_short(part)}"), blocks=blocks)


def figures_words(content: Mapping[str, Any]) -> str:
    """The figures of the whole digest as plain text, for whoever writes its opening."""
    card = digest_card(content, request_url=lambda _: None)
    lines = [
        line
        for block in card.blocks
        if block["type"] == "section"
        for line in block["text"]["text"].replace("*", "").splitlines()
    ]
    return html.unescape("\n".join(lines))


def area_card(
    name: str, content: Mapping[str, Any], part: Mapping[str, Any], *, request_url: RequestUrl
) -> Rendered:
    """One area's part, for its own channel."""
    title = f"{shorten(name, 60)}: customer feedback, {week_words(content)}"
    blocks: list[Block] = [header(title), _section(_totals(part)), *_lists(part, request_url)]
    return Rendered(text=escape(f"{title}: {_short(part)}"), blocks=blocks)


def week_words(content: Mapping[str, Any]) -> str:
    """``16 to 22 Nov 2026``: the days the digest is about."""
    first = datetime.fromisoformat(content["since"]).astimezone(ZONE).date()
    last = datetime.fromisoformat(content["as_of"]).astimezone(ZONE).date() - timedelta(days=1)
    return f"{_day(first, last)} to {last.day} {last:%b %Y}"


def _day(first: date, last: date) -> str:
    if first.year != last.year:
        return f"{first.day} {first:%b %Y}"
    return f"{first.day}" if first.month == last.month else f"{first.day} {first:%b}"


def _short(part: Mapping[str, Any]) -> str:
    return (
        f"{_pieces(part['feedback'])} of feedback, {count(part['new']['count'], 'new request')}, "
        f"{part['shipped']['count']} shipped"
    )


def _pieces(number: int) -> str:
    return count(number, "piece")


def _totals(part: Mapping[str, Any]) -> Markup:
    said = (
        f"*{_pieces(part['feedback'])}* of feedback ({part['feedback_before']:,} the week before)"
    )
    if part["accounts"]:
        said += f" from *{count(part['accounts'], 'account')}* with *{money(part['arr'])}* ARR"
    opened, done = part["new"]["count"], part["shipped"]["count"]
    said += f". *{count(opened, 'request')}* {verb(opened, 'was', 'were')} opened"
    return escape(f"{said}, *{done:,}* shipped.")


def _lists(part: Mapping[str, Any], request_url: RequestUrl) -> list[Block]:
    sections = (
        ("rising", "Rising", _rising),
        ("new", "New", _new),
        ("shipped", "Shipped", _shipped),
        ("unanswered", "Waiting for a decision for over a month, and asked for again", _unanswered),
    )
    blocks = []
    for key, title, words in sections:
        listing = part[key]
        if not listing["count"]:
            continue
        lines: list[str] = [f"*{title}*"]
        for item in listing["items"]:
            name = link(shorten(item["title"], _TITLE_LIMIT), request_url(item["slug"]))
            lines.append(markup("• {}: {}{}", name, words(item), _areas(item)))
        more = listing["count"] - len(listing["items"])
        if more > 0:
            lines.append(f"and {more:,} more")
        blocks.append(_section(joined(lines)))
    return blocks


def _areas(item: Json) -> str:
    areas = item.get("areas")
    return f" _({shorten(areas, 60)})_" if areas else ""


def _rising(item: Json) -> str:
    return f"{item['week']:,} this week, {item['week_before']:,} the week before"


def _new(item: Json) -> str:
    said = f"{_pieces(item['feedback'])} of feedback"
    return said + (f", {money(item['arr'])} ARR" if item["arr"] else "")


def _shipped(item: Json) -> str:
    if not item["accounts"]:
        return f"{_pieces(item['feedback'])} of feedback"
    arr = f", {money(item['arr'])} ARR" if item["arr"] else ""
    return f"asked for by {count(item['accounts'], 'account')}{arr}"


def _unanswered(item: Json) -> str:
    said = f"open for {count(item['days'], 'day')}, {item['week']:,} more this week"
    return said + (f", {money(item['arr'])} ARR in all" if item["arr"] else "")


def _questions(listing: Mapping[str, Any], request_url: RequestUrl) -> Markup:
    number = listing["count"]
    oldest = listing["items"][0]["hours"]
    lines: list[str] = [
        f"*Open questions*: {number:,} {verb(number, 'waits', 'wait')} for an answer, "
        f"the oldest for {_age(oldest)}"
    ]
    for item in listing["items"]:
        about = link(shorten(item["title"] or "a request", _TITLE_LIMIT), _url(item, request_url))
        person = item["person"] or "the review channel"
        lines.append(markup("• {}: asked {} {} ago", about, person, _age(item["hours"])))
    return joined(lines)


def _url(item: Json, request_url: RequestUrl) -> str | None:
    return request_url(item["slug"]) if item["slug"] else None


def _age(hours: int) -> str:
    if hours < 1:
        return "less than an hour"
    return count(hours, "hour") if hours < 48 else count(hours // 24, "day")


def _work(work: Mapping[str, Any]) -> str:
    matched, asked = work["matched"], work["asked"]
    judged = work["by_model"]
    # Digests of earlier releases do not know of clicks.
    clicks, people = work.get("clicks", 0), work.get("people", 0)
    pressed = (
        f", with {count(clicks, 'click')} of {count(people, 'person', 'people')}" if clicks else ""
    )
    cost = work.get("model_cost", 0.0)
    paid = f"; models cost {f'${cost:,.2f}' if cost >= 0.01 else 'less than $0.01'}" if cost else ""
    return (
        f"{count(matched, 'entry', 'entries')} matched, {asked:,} of them by asking somebody. "
        f"People decided {count(work['by_people'], 'time')}{pressed}; "
        f"a language model judged {count(judged, 'time') if judged else 'none'}{paid}."
    )


def _section(text: Markup) -> Block:
    # Lines are short; the limit is a last resort against a list of very long titles.
    return section(clip_lines(text, SECTION_LIMIT))

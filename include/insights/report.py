"""One area's report: sections made of the numbers, by fixed rules. Pure.

Sections that have nothing to say are left out; critical ones come first, then warnings.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from include.insights import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.insights.metrics import AreaMetrics, Dealbreakers, Execution, Segment
    from include.insights.themes import Theme

CRITICAL_ARR = 500_000
"""Dealbreakers above this ARR (US dollars, all together) are critical."""

LOW_SHIP_RATE = 0.30
"""Below this share of shipped requests an area's execution is a warning."""

IMPORTANCE = ("critical", "warning", "info")
SECTION_IDS = ("dealbreakers", "segments", "themes", "execution")

Visual = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """A part of a report. ``slugs`` are the requests it names, copied from the data."""

    id: str
    title: str
    summary: str
    importance: str
    visuals: tuple[Visual, ...]
    slugs: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self) | {"visuals": list(self.visuals), "slugs": list(self.slugs)}


def build_sections(
    metrics: AreaMetrics, themes: Sequence[Theme], *, themes_in_all: int | None = None
) -> list[Section]:
    """The sections of a report, most important first; none when there is nothing to say.

    Of ``themes_in_all`` those with most ARR are given; by default they are all.
    """
    found = [
        section
        for section in (
            _dealbreakers(metrics.dealbreakers),
            _segments(metrics.segments),
            _themes(themes, len(themes) if themes_in_all is None else themes_in_all),
            _execution(metrics.execution),
        )
        if section is not None
    ]
    return sorted(found, key=lambda section: IMPORTANCE.index(section.importance))


def _dealbreakers(found: Dealbreakers) -> Section | None:
    if not found.count:
        return None
    greatest = found.listed[0]
    verb = wording.verb(found.count, "is a dealbreaker", "are dealbreakers")
    who = wording.count(found.accounts, "enterprise account")
    summary = (
        f"{wording.count(found.count, 'open request')} {verb} for {who} "
        f"with {wording.money(found.arr)} ARR."
    )
    if found.unknown_arr:
        summary += f" The ARR of {wording.count(found.unknown_arr, 'account')} is not known."
    elif found.count > 1:
        summary += f" The greatest is “{greatest.title}” with {wording.money(greatest.arr)}."
    some = ""
    if found.count > len(found.listed):
        some = f", the {len(found.listed)} with most ARR of {found.count:,}"
    return Section(
        id="dealbreakers",
        title="Dealbreakers of enterprise accounts",
        summary=summary,
        importance="critical" if found.arr > CRITICAL_ARR else "warning",
        slugs=tuple(row.slug for row in found.listed),
        visuals=(
            {
                "kind": "bars",
                "title": f"ARR at stake by request{some}",
                "unit": "USD",
                "bars": [{"label": row.title, "value": row.arr} for row in found.listed],
            },
            {
                "kind": "table",
                "title": f"Dealbreakers{some}",
                "columns": ["request", "accounts", "ARR (USD)", "feedback", "days open"],
                "rows": [
                    [row.slug, row.accounts, row.arr, row.feedback, row.days_open]
                    for row in found.listed
                ],
            },
        ),
    )


def _segments(found: Sequence[Segment]) -> Section | None:
    if not found:
        return None
    first = max(found, key=lambda row: (row.feedback, row.arr))
    total = sum(row.feedback for row in found)
    pieces = wording.verb(total, "piece", "pieces")
    name = wording.segment_name(first.enterprise, first.region)
    summary = (
        f"{total:,} {pieces} of high-severity feedback on open requests. "
        f"Most comes from: {name} ({first.feedback:,}, {wording.money(first.arr)} ARR)."
    )
    return Section(
        id="segments",
        title="Who it hurts most",
        summary=summary,
        importance="info",
        visuals=(
            {
                "kind": "bars",
                "title": "High-severity feedback by customer segment",
                "unit": "pieces of feedback",
                "bars": [
                    {
                        "label": wording.segment_name(row.enterprise, row.region),
                        "value": row.feedback,
                    }
                    for row in found
                ],
            },
            {
                "kind": "table",
                "title": "Segments",
                "columns": ["customers", "region", "feedback", "accounts", "ARR (USD)"],
                "rows": [
                    [
                        wording.customer_kind(row.enterprise),
                        row.region,
                        row.feedback,
                        row.accounts,
                        row.arr,
                    ]
                    for row in found
                ],
            },
        ),
    )


def _themes(found: Sequence[Theme], in_all: int) -> Section | None:
    if not found:
        return None
    first = found[0]
    some = f", the {len(found)} with most ARR of {in_all:,}" if in_all > len(found) else ""
    summary = (
        f"{wording.count(in_all, 'theme')} {wording.verb(in_all, 'groups', 'group')} "
        f"several open requests. The one with most ARR is “{first.name}”: "
        f"{wording.count(first.size, 'request')}, {first.counts.feedback:,} "
        f"{wording.verb(first.counts.feedback, 'piece', 'pieces')} of feedback, "
        f"{wording.money(first.counts.arr)} ARR."
    )
    return Section(
        id="themes",
        title="What belongs together",
        summary=summary,
        importance="info",
        slugs=tuple(dict.fromkeys(slug for theme in found for slug, _ in theme.requests)),
        visuals=(
            {
                "kind": "bars",
                "title": f"Feedback by theme{some}",
                "unit": "pieces of feedback",
                "bars": [{"label": theme.name, "value": theme.counts.feedback} for theme in found],
            },
            {
                "kind": "themes",
                "title": f"Themes{some}",
                "themes": [
                    {
                        "key": theme.key,
                        "name": theme.name,
                        "size": theme.size,
                        **asdict(theme.counts),
                        "requests": [
                            {"slug": slug, "title": title} for slug, title in theme.requests
                        ],
                        "quotes": [asdict(quote) for quote in theme.quotes],
                    }
                    for theme in found
                ],
            },
        ),
    )


def _execution(found: Execution) -> Section | None:
    if not found.open + found.shipped + found.deprioritized:
        return None
    rate = found.ship_rate
    closed = found.deprioritized
    summary = (
        f"{found.shipped:,} of {wording.count(found.open + found.shipped, 'request')} shipped"
        f"{'' if rate is None else f' ({wording.percent(rate)})'}, {found.open:,} still open."
    )
    if closed:
        were = wording.verb(closed, "was", "were")
        summary += f" {wording.count(closed, 'other')} {were} deprioritized."
    return Section(
        id="execution",
        title="What was done about it",
        summary=summary,
        importance="warning" if rate is not None and rate < LOW_SHIP_RATE else "info",
        visuals=(
            {
                "kind": "bars",
                "title": "Requests by status",
                "unit": "requests",
                "bars": [
                    {"label": "open", "value": found.open},
                    {"label": "shipped", "value": found.shipped},
                    {"label": "deprioritized", "value": found.deprioritized},
                ],
            },
        ),
    )

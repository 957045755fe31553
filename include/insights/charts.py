"""Charts: SVG for pages, which follows the reader's light or dark setting, and PNG for Slack.

A PNG brings a light card of its own, so that it reads on either background. Both are the same bytes
for the same numbers.
"""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart also by those who see red and green alike; each at least 3:1 on white and on #1a1d21.
SEVERITY_COLOURS = {"high": "#c2410c", "medium": "#8f7a2e", "low": "#3f7fbf"}
SEVERITY_WORDS = {"high": "dealbreaker", "medium": "significant pain", "low": "nice to have"}
BAR_COLOUR = "#3f7fbf"

_INK, _GRID = "#010203", "#040506"
"""Colours that stand for the reader's own in an SVG; nothing else uses them."""

_STYLE = """<style>
svg { --ink: #1d1c1d; --grid: #d7d7d9; }
@media (prefers-color-scheme: dark) { svg { --ink: #e8e8e8; --grid: #4a4d52; } }
</style>"""
_CARD, _CARD_INK, _CARD_GRID = "#ffffff", "#1d1c1d", "#dddddf"
_LABEL_WIDTH = 34
_MOST_BARS = 12


def bars_svg(visual: dict[str, Any]) -> str:
    """A report's visual of kind ``bars`` as SVG: lengths labelled with their values and unit.

    Raises:
        ValueError: the visual is of another kind or has no bars.
    """
    if visual.get("kind") != "bars" or not visual.get("bars"):
        raise ValueError(f"a visual of kind 'bars' with bars is expected, not {visual.get('kind')}")
    bars = visual["bars"][:_MOST_BARS]
    with _style():
        figure = _figure(7.2, 0.9 + 0.42 * len(bars))
        axes = _axes(figure, _INK, _GRID)
        _draw_bars(axes, bars, str(visual["unit"]))
        title, total = str(visual["title"]), len(visual["bars"])
        if total > len(bars):
            title += f", the first {len(bars)} of {total}"
        axes.set_title(title, loc="left", fontsize=11, color=_INK, fontweight="bold")
        return _as_svg(figure, f"{title} ({visual['unit']})")


def feedback_svg(days: Sequence[Sequence[Any]]) -> str:
    """Feedback per day and severity (``[day, high, medium, low]``) as SVG."""
    with _style():
        figure = _feedback(days, _INK, _GRID)
        return _as_svg(figure, "Feedback per day, last four weeks (pieces of feedback)")


def feedback_png(days: Sequence[Sequence[Any]]) -> bytes:
    """The same as PNG, 1440 pixels wide, on a white card."""
    out = io.BytesIO()
    with _style():
        figure = _feedback(days, _CARD_INK, _CARD_GRID)
        figure.set_facecolor(_CARD)
        figure.savefig(out, format="png", dpi=200, metadata={"Software": None})
    return out.getvalue()


def describe_days(days: Sequence[Sequence[Any]]) -> str:
    """The chart in words, for those who do not see it."""
    total = sum(sum(row[1:]) for row in days)
    high = sum(row[1] for row in days)
    busiest = max(days, key=lambda row: sum(row[1:]), default=None)
    if busiest is None or not total:
        return "Bar chart of feedback per day over the last four weeks: there was none."
    return (
        f"Bar chart of feedback per day over the last four weeks: {total:,} pieces, {high:,} of "
        f"them dealbreakers; most on {busiest[0]} with {sum(busiest[1:]):,}."
    )


# The type of the keys is a list of all of matplotlib's settings.
_RC: Any = {
    "font.family": "DejaVu Sans",
    "svg.fonttype": "none",
    "svg.hashsalt": "gtm-feedback",
    "text.parse_math": False,
}


def _style() -> AbstractContextManager[None]:
    """Matplotlib's settings for one chart; titles may hold ``$``, which it would read as math."""
    from matplotlib import rc_context

    return rc_context(_RC)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _axes(figure: Figure, ink: str, grid: str) -> Axes:
    axes = figure.add_subplot()
    axes.patch.set_alpha(0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(grid)
    axes.tick_params(colors=ink, labelsize=9, length=0)
    axes.grid(color=grid, linewidth=0.6)
    axes.set_axisbelow(True)
    return axes


def _draw_bars(axes: Axes, bars: Sequence[dict[str, Any]], unit: str) -> None:
    from matplotlib.ticker import MaxNLocator

    values = [float(bar["value"]) for bar in bars]
    places = list(range(len(bars)))
    axes.barh(places, values, color=BAR_COLOUR, height=0.62)
    axes.set_yticks(
        places, [textwrap.shorten(str(bar["label"]), _LABEL_WIDTH, placeholder="…") for bar in bars]
    )
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    # Room for the value after the longest bar.
    axes.set_xlim(0, 1.18 * max(*values, 1))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.xaxis.set_major_formatter(lambda value, _: _number(value, unit))
    axes.set_xlabel(unit, fontsize=9, color=_INK)
    for place, value in zip(places, values, strict=True):
        axes.annotate(
            _number(value, unit),
            (value, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=_INK,
        )


def _number(value: float, unit: str) -> str:
    from include.insights.wording import money

    return money(value) if unit == "USD" else f"{value:,.0f}"


def _feedback(days: Sequence[Sequence[Any]], ink: str, grid: str) -> Figure:
    from datetime import date

    from matplotlib.ticker import MaxNLocator

    figure = _figure(7.2, 3.0)
    axes = _axes(figure, ink, grid)
    places = list(range(len(days)))
    below = [0] * len(days)
    for column, severity in ((3, "low"), (2, "medium"), (1, "high")):
        values = [int(row[column]) for row in days]
        axes.bar(
            places,
            values,
            bottom=below,
            width=0.74,
            color=SEVERITY_COLOURS[severity],
            label=SEVERITY_WORDS[severity],
        )
        below = [bottom + value for bottom, value in zip(below, values, strict=True)]
    mondays = [place for place in places if date.fromisoformat(days[place][0]).weekday() == 0]
    axes.set_xticks(
        mondays,
        [f"Mon {day.day} {day:%b}" for day in (date.fromisoformat(days[m][0]) for m in mondays)],
    )
    axes.set_xlim(-0.7, max(len(days), 1) - 0.3)
    axes.set_ylim(0, max(*below, 3) * 1.08 if below else 3)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("pieces of feedback", fontsize=9, color=ink)
    axes.set_title(
        "Feedback per day, last four weeks", loc="left", fontsize=11, color=ink, fontweight="bold"
    )
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1],
        labels[::-1],
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=3,
        frameon=False,
        fontsize=9,
        labelcolor=ink,
        borderaxespad=0.2,
        handlelength=1,
        columnspacing=1.2,
    )
    return figure


def _as_svg(figure: Figure, label: str) -> str:
    from html import escape

    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = svg.replace(_GRID, "var(--grid)").replace(f"fill: {_INK}", "fill: var(--ink)")
    svg = svg.replace(_INK, "var(--ink)")
    name = escape(label, quote=True)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{name}"', 1)
    head, rest = svg.split(">", 1)
    return f"{head}>{_STYLE}{rest}"

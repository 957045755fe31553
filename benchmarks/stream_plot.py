"""Coverage and precision over the time of a stream, as an SVG.

Its colours are told apart without seeing red and green, and each is at least 3:1 on white and on
#0d1117, so that one file reads on a light page and on a dark one.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from benchmarks.metrics import attach_coverage, attach_precision
from include.matching.types import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.metrics import Outcome

    Runs = Sequence[Sequence[Outcome]]
    Figure = Callable[[Sequence[Outcome]], float]

WINDOW = 0.2
"""Share of the stream that each point looks back on."""

POINTS = 60
LEAST = 10
"""A figure over fewer entries (or attachments) than these is not drawn."""

_STYLES = (("#b45309", "7 4"), ("#2f7fd1", ""), ("#7c6fd6", "2 3"))
_INK, _GRID = "#767b82", "#767b8255"
_WIDTH, _HEIGHT, _LEFT, _TOP = 330, 150, 64, 74
_APART, _BELOW = 60, 62


def curve(
    runs: Runs, figure: Figure, counted: Callable[[Outcome], bool]
) -> list[tuple[float, float]]:
    """(share of the stream that has passed, figure over what came last), oldest first.

    Args:
        runs: Outcomes of the same stream in several orders; a point pools them.
        figure: Of `benchmarks.metrics`.
        counted: What the figure is a share of; a point on fewer than `LEAST` is left out.
    """
    points = []
    for number in range(1, POINTS + 1):
        share = number / POINTS
        rows = [
            row
            for run in runs
            for row in run[max(0, round((share - WINDOW) * len(run))) : round(share * len(run))]
        ]
        if sum(map(counted, rows)) >= LEAST:
            points.append((share, figure(rows)))
    return points


def draw(streams: Mapping[str, Mapping[str, Runs]]) -> str:
    """The SVG of these streams: folder, then variant, then the outcomes of each order."""
    variants = list(dict.fromkeys(name for runs in streams.values() for name in runs))
    styles = dict(zip(variants, _STYLES, strict=False))
    width = _LEFT + 2 * _WIDTH + _APART + 20
    height = _TOP + len(streams) * (_HEIGHT + _BELOW)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{_INK}">',
        "<title>Coverage and precision of attachments while a stream of entries passes</title>",
    ]
    for place, (name, (colour, dashes)) in enumerate(styles.items()):
        x = _LEFT + 220 * place
        parts.append(_line(((x, 22), (x + 30, 22)), colour, dashes))
        parts.append(f'<text x="{x + 38}" y="26">{escape(name)}</text>')
    for row, (folder, runs) in enumerate(streams.items()):
        top = _TOP + row * (_HEIGHT + _BELOW)
        for column, (title, figure, counted) in enumerate(_FIGURES):
            left = _LEFT + column * (_WIDTH + _APART)
            parts += _frame(left, top, f"{folder}: {title}")
            for variant, outcomes in runs.items():
                points = curve(outcomes, figure, counted)
                placed = [(left + x * _WIDTH, top + (1 - y) * _HEIGHT) for x, y in points]
                if placed:
                    parts.append(_line(placed, *styles[variant]))
    return "\n".join([*parts, "</svg>\n"])


def _known(row: Outcome) -> bool:
    return row.known


def _attached(row: Outcome) -> bool:
    return row.route is Route.ATTACH


_FIGURES = (
    ("coverage", attach_coverage, _known),
    ("precision", attach_precision, _attached),
)


def _frame(left: float, top: float, title: str) -> list[str]:
    parts = [f'<text x="{left}" y="{top - 12}" font-weight="600">{escape(title)}</text>']
    for value in (0, 0.25, 0.5, 0.75, 1):
        y = top + (1 - value) * _HEIGHT
        parts.append(_line(((left, y), (left + _WIDTH, y)), _GRID, "", 1))
        parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{value:.2f}</text>')
    for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end")):
        words = f"{share:.0%} of the entries" if share == 1 else f"{share:.0%}"
        x, y = left + share * _WIDTH, top + _HEIGHT + 18
        parts.append(f'<text x="{x}" y="{y}" text-anchor="{anchor}">{words}</text>')
    return parts


def _line(points: Sequence[tuple[float, float]], colour: str, dashes: str, width: float = 2) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'
    )

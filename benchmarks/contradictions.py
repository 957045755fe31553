"""Measures what is taken for a contradiction: `python -m benchmarks.contradictions [FOLDER...]`.

Prints how many of the labelled pairs in `benchmarks/data/contradictions.tsv` are read right, and
for each folder of labelled entries how many that belong to a request it would wrongly ask about.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.labelled import read_entries, read_requests
from include.matching.contradiction import contradiction

PAIRS = Path(__file__).parent / "data" / "contradictions.tsv"


def labelled_pairs() -> list[tuple[bool, str, str]]:
    """The pairs: whether the text speaks against the request, its title, the text."""
    rows = [line.split("\t") for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    return [(label == "contradicts", title, text) for label, title, text in rows]


def false_alarms(folder: Path) -> tuple[int, int]:
    """Of the entries that belong to a request: how many are taken for its contrary, and all."""
    titles = {request.id: request.title for request in read_requests(folder)}
    matched = [
        (entry.text, titles[gold])
        for entry in read_entries(folder, set(titles))
        for gold in sorted(entry.gold)
    ]
    return sum(contradiction(*pair) is not None for pair in matched), len(matched)


def main(folders: list[str]) -> None:
    """Print the figures."""
    pairs = labelled_pairs()
    found = [(label, contradiction(text, title) is not None) for label, title, text in pairs]
    against = [seen for label, seen in found if label]
    agreeing = [seen for label, seen in found if not label]
    print(f"pairs: {sum(against)} of {len(against)} contradictions found,")
    print(f"       {sum(agreeing)} of {len(agreeing)} agreeing pairs taken for one")
    for folder in folders:
        wrong, all_ = false_alarms(Path(folder))
        print(f"{Path(folder).name}: {wrong} of {all_} matches would be asked ({wrong / all_:.1%})")


if __name__ == "__main__":
    main(sys.argv[1:])

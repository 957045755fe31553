"""The area of a new request is right, or there is none: a hundred made-up ones in ten domains."""

from __future__ import annotations

import json
from pathlib import Path

from include.agents.draft import AreaOption, draft_request

DATA = Path(__file__).resolve().parents[3] / "benchmarks" / "data" / "areas.json"


def test_areas_of_a_hundred_made_up_requests_are_right_or_none() -> None:
    right, none, wrong = 0, 0, []
    for domain in json.loads(DATA.read_text("utf-8")):
        names = list(domain["areas"])
        options = [
            AreaOption(number, slug, slug.title(), domain["areas"][slug])
            for number, slug in enumerate(names, start=1)
        ]
        for request in domain["requests"]:
            found = draft_request(request["text"], options).area_ids
            if not found:
                none += 1
            elif names[found[0] - 1] == request["area"]:
                right += 1
            else:
                wrong.append(request["text"])
    assert right + none + len(wrong) == 100
    assert len(wrong) <= 10, wrong
    # None is no way out for all.
    assert right >= 60

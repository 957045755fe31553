"""What the scripted chat server answers: plain rules over the words of the request.

Each task has one function from the fenced texts of the request to the answer. It is not clever and
need not be: it stands where a model would, so that everything around a model can be run and seen.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sandbox.chat_writers import WRITERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Data = dict[str, str]

_FENCED = re.compile(
    r"^<<<DATA (?P<fence>\w+) (?P<name>\w+)\n(?P<text>.*?)\nDATA (?P=fence)>>>$", re.M | re.S
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_COMMON_WORDS = """
about and are but can cannot for from has have into just not our that the their them there this was
want when with without would you your
"""
_COMMON = set(_COMMON_WORDS.split())


def answer_to(task: str | None, messages: Sequence[tuple[str, str]]) -> str:
    """The answer to a request as JSON text.

    Args:
        task: Name of the asked form, when the request carries one; else the names of the fenced
            texts tell.
        messages: Role and text.

    Raises:
        LookupError: No rule answers such a request.
    """
    said = next(text for role, text in messages if role == "user")
    data = {found["name"]: found["text"] for found in _FENCED.finditer(said)}
    name = task if task in ANSWERS else _BY_NAMES.get(frozenset(data), "")
    if name not in ANSWERS:
        raise LookupError(f"The sandbox has no rule for task {task!r} with {sorted(data)}.")
    return json.dumps(ANSWERS[name](data), ensure_ascii=False)


def spoil(answer: str, kind: str) -> str:
    """The answer as a model that goes wrong in this way would give it."""
    if kind == "malformed":
        return answer[: len(answer) // 2]
    if kind == "two_answers":
        return f"{answer}\n{answer}"
    if kind in ("unknown_id", "confidence_7", "same_id_twice"):
        content = json.loads(answer)
        verdicts = content.get("verdicts") or [{"id": 1, "confidence": 0.95, "reason": "Same."}]
        if kind == "unknown_id":
            verdicts = [{**verdicts[0], "id": 987_654_321, "confidence": 0.99}]
        elif kind == "confidence_7":
            verdicts = [{**verdicts[0], "confidence": 7}]
        else:
            verdicts = [{**verdicts[0], "confidence": 0.97}, {**verdicts[0], "confidence": 0.3}]
        return json.dumps({**content, "verdicts": verdicts})
    return answer


def roots(text: str) -> set[str]:
    """Telling words cut to five letters, so that 'exports' meets 'exporting'."""
    words = {word.casefold() for word in _WORD.findall(text)}
    return {word[:5].rstrip("s") for word in words - _COMMON}


def _records(text: str) -> list[dict[str, Any]]:
    """Rows of `name: value` lines, with a number as id."""
    rows = []
    for part in text.split("\n\n"):
        row: dict[str, Any] = {}
        for line in part.split("\n"):
            name, colon, value = line.partition(":")
            if colon:
                row[name] = value.strip()
        if str(row.get("id", "")).isdigit():
            rows.append(row | {"id": int(row["id"])})
    return rows


def _judge(data: Data) -> dict[str, Any]:
    """Confidence is the share of words in common with the title, weighed with the description."""
    pain = roots(data["pain"])
    verdicts = []
    for row in _records(data["candidates"]):
        title, body = roots(str(row["title"])), roots(str(row.get("description", "")))
        shared = pain & (title | body)
        if not shared:
            continue
        of_title = len(pain & title) / max(1, len(title))
        of_pain = len(shared) / max(1, len(pain))
        confidence = round(min(0.98, 0.6 * of_title + 0.5 * of_pain), 2)
        reason = f"Both speak of {', '.join(sorted(shared)[:3])}."
        verdicts.append({"id": row["id"], "confidence": confidence, "reason": reason})
    return {"verdicts": sorted(verdicts, key=lambda one: -float(str(one["confidence"])))[:5]}


def _draft_request(data: Data) -> dict[str, Any]:
    """The first sentence as title, the area with the most words in common."""
    pain = " ".join(data["pain"].split())
    first = re.split(r"(?<=[.!?])\s", pain, maxsplit=1)[0].strip(" .!?\"'")
    title = first[:110] if len(first) >= 5 else f"Customer feedback: {first}"
    said = roots(pain)
    areas = _records(data["areas"])
    best = max(
        areas,
        key=lambda row: len(said & roots(f"{row['name']} {row.get('description', '')}")),
        default=None,
    )
    return {
        "title": title,
        "description": pain[:280],
        "areas": [best["id"]] if best else [],
    }


ANSWERS: dict[str, Callable[[Data], dict[str, Any]]] = {
    "judge": _judge,
    "draft_request": _draft_request,
    **WRITERS,
}
_BY_NAMES = {
    frozenset({"pain", "candidates"}): "judge",
    frozenset({"pain", "areas"}): "draft_request",
}

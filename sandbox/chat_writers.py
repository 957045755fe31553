"""What the scripted chat server answers to the tasks around requests, people and reports."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Data = dict[str, str]

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_PROBLEM = re.compile(
    r"\b(?:can't|cannot|not|no|nobody|never|breaks?|fails?|times? out|slow\w*|crash\w*)\b",
    re.I,
)


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _roots(text: str) -> set[str]:
    return {word.casefold()[:5].rstrip("s") for word in _WORD.findall(text)}


def _split_pains(data: Data) -> dict[str, Any]:
    """Every sentence that speaks of a problem is one."""
    pains = []
    for piece in _SENTENCE.split(data["pain"]):
        quote = piece.strip(" .!?\n")
        if _PROBLEM.search(quote) and len(quote) > 10:
            pains.append({"quote": quote, "title": quote[:110], "description": f"{quote}."})
    return {"pains": pains[:5]}


def _extract_thread(data: Data) -> dict[str, Any]:
    """The marked message if it says more than a few words, else the longest."""
    rows = _lines(data["thread"])
    marked = next((row for row in rows if row["is_marked"]), rows[-1])
    telling = len(_WORD.findall(marked["text"])) >= 4
    best = marked if telling else max(rows, key=lambda row: len(row["text"]))
    pain = best["text"].strip()
    return {
        "message": best["message"],
        "pain": pain,
        "summary": _SENTENCE.split(pain)[0][:200],
        "is_customer_specific": "customer" in " ".join(row["text"] for row in rows).lower(),
    }


def _related_pair(data: Data) -> dict[str, Any]:
    """By the share of words in common with the title."""
    request = json.loads(data["request"])
    own = _roots(request["title"])
    relations = []
    for row in _lines(data["candidates"]):
        other = _roots(row["title"])
        share = len(own & other) / max(1, len(own | other))
        kind = "duplicate" if share > 0.7 else "related" if share > 0.2 else "different"
        reason = "They share words." if share else "They share no word."
        relations.append({"id": row["id"], "relation": kind, "confidence": 0.9, "reason": reason})
    return {"relations": relations}


def _compose_message(data: Data) -> dict[str, Any]:
    facts = json.loads(data["facts"])
    return {"text": f"A customer ran into this: *{facts.get('title', 'something new')}*."}


def _match_identity(data: Data) -> dict[str, Any]:
    """The same if one name's first word begins as the other's."""
    first, other = (data[name].lower().split() for name in ("slack_name", "user_name"))
    same = bool(first and other) and (first[0][:3] == other[0][:3])
    return {"verdict": "same" if same else "unsure", "confidence": 0.97 if same else 0.5}


def _narrate_area(data: Data) -> dict[str, Any]:
    """The first sentence of each summary, after a few words of its own."""
    return {
        "sections": [
            {
                "id": row["id"],
                "summary": f"Worth a look: {_SENTENCE.split(row['summary'])[0]}",
                "slugs": row["slugs"][:1],
            }
            for row in _lines(data["sections"])
        ]
    }


def _narrate_digest(data: Data) -> dict[str, Any]:
    return {"text": f"This week at a glance: {_SENTENCE.split(data['figures'])[0]}"}


def _choose_query(data: Data) -> dict[str, Any]:
    """Names that the question holds, and `totals` where it asks how much or how many."""
    known, question = json.loads(data["known"]), data["question"].lower()
    return {
        "query": "totals" if re.search(r"\b(?:how|wie|combien)\b", question) else "top_requests",
        "areas": [slug for slug, name in known["areas"].items() if name.lower() in question],
        "regions": [region for region in known["regions"] if region.lower() in question],
        "account": None,
        "request": None,
        "enterprise": True if "enterprise" in question else None,
        "severity": None,
        "status": None,
        "since": None,
        "until": None,
        "limit": 5,
        "not_covered": [],
    }


WRITERS: dict[str, Callable[[Data], dict[str, Any]]] = {
    "split_pains": _split_pains,
    "extract_thread": _extract_thread,
    "related_pair": _related_pair,
    "compose_message": _compose_message,
    "match_identity": _match_identity,
    "narrate_area": _narrate_area,
    "narrate_digest": _narrate_digest,
    "choose_query": _choose_query,
}

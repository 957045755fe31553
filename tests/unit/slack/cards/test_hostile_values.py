"""Every card with hostile values in every field: no live mention, and no link but the card's own.

The cards are found by walking the package, so a new one is tried without being named here.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import itertools
import pkgutil
import re
import types
import typing
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from include.base import entry_state
from include.base.entry_state import (
    Change,
    Customer,
    EntryState,
    QuestionState,
    RequestFacts,
    Stage,
)
from include.base.settings import Settings
from include.insights import answer_words
from include.matching.types import FoundRequest
from include.relay.home import home_view
from include.requests.ship_preview import ShipPreview
from include.slack import cards
from include.slack.cards import digest, unfurl, words
from include.slack.cards.entry_card import Tokens
from include.slack.cards.markup import Markup, joined
from include.slack.cards.proposal import Proposed
from tests.unit.slack.cards.test_digest import CONTENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BASE = "https://feedback.example.com"
HOSTILE = [
    "<!channel> <!here> <http://evil.example/login|Re-login>",
    "<@U0EVIL> <#C0EVIL> <!subteam^S0EVIL> <!everyone>",
    "a|b>c<http://evil.example>\n> <!channel>\n```<!here>```",
    "&lt;!channel&gt; &amp;lt;!here&amp;gt; <mailto:x@evil.example|y>",
    "x" * 2995 + "<!channel>",
    "\u202e<!channel>\u2066 \u200b<!here>\x00\ud83d",
    "<" * 4000,
    "",
]
HINTS: dict[str, Any] = {
    **vars(entry_state),
    "Block": dict[str, Any],
    "Preview": ShipPreview,
    "datetime": datetime,
    "Decimal": Decimal,
    "UUID": uuid.UUID,
    "Mapping": Mapping,
    "Markup": Markup,
    "FoundRequest": FoundRequest,
    "Settings": Settings,
    "Words": answer_words.Words,
}
WORDS = {
    (EntryState, "pains"): (),
    (RequestFacts, "part_of"): None,
    (RequestFacts, "status"): "open",
    (QuestionState, "status"): "answered",
    (QuestionState, "choice"): "attach",
    (Change, "step"): "pick",
    (Customer, "severity"): "high",
    (ShipPreview, "shipped_on"): "2 Mar 2026",
}
"""The product's own words, which nobody can set; and where a value would hold itself."""

SIMPLE: dict[Any, Any] = {
    bool: True,
    int: 2,
    float: 0.86,
    datetime: datetime(2026, 3, 2, tzinfo=UTC),
    Decimal: Decimal(120_000),
    uuid.UUID: uuid.UUID(int=7),
    Stage: Stage.ATTACHED,
}
OUTCOME = {
    "dry_run": False,
    "already_shipped": False,
    "already_open": False,
    "notified_count": 1,
    "waiting_count": 1,
    "failed_count": 1,
    "unreachable_count": 1,
}
MONTH = dict.fromkeys(("attached", "questions", "wrong_attachments", "duplicates"), 1)
_LIVE = re.compile(r"<([^<>]*)>")


def made_by(module: types.ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        made = str(inspect.signature(function).return_annotation)
        is_card = made in ("Rendered", "View", "dict[str, Any]") or "Block" in made
        if function.__module__ == module.__name__ and not name.startswith("_") and is_card:
            yield f"{module.__name__.rpartition('.')[2]}.{name}", function


CARDS = dict(
    itertools.chain.from_iterable(
        made_by(importlib.import_module(f"{cards.__name__}.{info.name}"))
        for info in pkgutil.iter_modules(cards.__path__)
    )
)
PARTS = {
    "blocks.actions",
    "blocks.button",
    "blocks.confirmation",
    "blocks.context",
    "blocks.header",
    "blocks.plain",
    "blocks.section",
    "modals.field",
    "modals.option",
    "modals.search",
}
"""What cards are built of; those that take markup are told so by their name."""


def value_for(name: str, hint: Any, hostile: str) -> Any:
    """A value of this type in which every text is hostile."""
    if hint is Markup:
        people = (words.person_words(one) for one in ("slack:U0ANN", f"user:{hostile}"))
        return joined(people, " and ")
    if name.endswith(("url", "link")):
        return f"{BASE}/requests/{hostile}"
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = typing.get_type_hints(hint, localns=HINTS)
        return hint(
            **{
                field.name: WORDS[hint, field.name]
                if (hint, field.name) in WORDS
                else value_for(field.name, hints[field.name], hostile)
                for field in dataclasses.fields(hint)
            }
        )
    if hint is Any:
        return hostile
    if hint is Settings:
        return Settings(web_base_url=BASE)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        first = next(one for one in arguments if one is not type(None))
        return value_for(name, first, hostile)
    if origin in (dict, Mapping):
        key, of = (value_for(name, one, hostile) for one in arguments)
        return {key: of}
    if origin is not None:
        of = value_for(name, arguments[0], hostile)
        return (of, of) if origin is tuple else [of, of]
    return hostile if hint is str else SIMPLE[hint]


def states(hostile: str) -> Iterator[EntryState]:
    """An entry at every stage, with and without its pains and what a person did to it."""
    state: EntryState = value_for("state", EntryState, hostile)
    for stage in Stage:
        one = dataclasses.replace(state, stage=stage)
        yield dataclasses.replace(one, pains=(one,))
        yield dataclasses.replace(one, change=None)


def hostile_content(value: Any, hostile: str) -> Any:
    """A stored digest in which every text that people can set is hostile."""
    if isinstance(value, dict):
        free = ("title", "areas", "person", "slug", "opening")
        return {
            key: hostile if key in free and isinstance(one, str) else hostile_content(one, hostile)
            for key, one in value.items()
        }
    return [hostile_content(one, hostile) for one in value] if isinstance(value, list) else value


def page(slug: str) -> str:
    return f"{BASE}/requests/{slug}"


def built(name: str, hostile: str) -> Any:
    if name == "digest.digest_card":
        return digest.digest_card(
            hostile_content(CONTENT, hostile) | {"opening": hostile},
            request_url=page,
            chart_file_id="F1",
            chart_words=hostile,
        )
    if name == "digest.area_card":
        content = hostile_content(CONTENT, hostile)
        return digest.area_card(hostile, content, content["whole"], request_url=page)
    if name == "unfurl.page_card":
        facts = unfurl.PageFacts("request", hostile, hostile, (hostile, hostile))
        return unfurl.page_card(facts, f"{BASE}/requests/{hostile}")
    function = CARDS[name]
    localns = HINTS | vars(typing) | vars(importlib.import_module("collections.abc"))
    hints = typing.get_type_hints(function, localns=localns)
    hints.pop("return")
    given = {key: value_for(key, hint, hostile) for key, hint in hints.items()}
    if name in ("shipping.outcome_card", "shipping.reopened_card"):
        given["facts"] = OUTCOME
    if Proposed in hints.values():
        month = {"replayed": 3, "then": MONTH, "now": MONTH}
        facts = {"why_not": hostile, "attached": 0.4, "most_by_one": 0.9, "last_month": month}
        before = {"attach": 0.9, "ask": 0.8}
        return [
            function(
                **given
                | {
                    "proposed": Proposed(
                        hostile, 9, 0.9, 0.8, before, 0.97, facts | {"attaches": attaches}
                    )
                }
            )
            for attaches in (True, False)
        ]
    if EntryState in hints.values():
        return [function(**given | {"state": one}) for one in states(hostile)]
    return function(**given)


def texts(value: Any) -> Iterator[str]:
    """Every text that Slack reads as markup."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield value.text
        yield from texts(value.blocks)
    elif isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
            assert value.get("verbatim") is True
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)


def live(text: str) -> list[str]:
    """What Slack would make a mention or a link of, and the card did not mean."""
    return [
        found
        for found in _LIVE.findall(text)
        if found != "@U0ANN" and not found.startswith(f"{BASE}/requests/")
    ]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", sorted(set(CARDS) - PARTS))
def test_a_card_shows_nothing_live_that_a_caller_wrote(name: str, hostile: str) -> None:
    card = built(name, hostile)
    for text in texts(card):
        assert live(text) == []


def test_the_walk_finds_the_cards() -> None:
    assert {"entry_card.entry_card", "requests.shipped", "proposal.proposal_card"} <= set(CARDS)
    assert set(CARDS) >= PARTS
    assert len(set(CARDS) - PARTS) >= 20


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_person_is_never_markup_of_somebody_else(hostile: str) -> None:
    for label in (f"slack:{hostile}", f"user:{hostile}", f"airflow:{hostile}", hostile):
        assert _LIVE.findall(words.person_words(label)) == []
    assert words.person_words("slack:U0ANN") == "<@U0ANN>"
    assert words.person_words("slack:#general") == "#general"


def test_the_home_of_a_person_shows_nothing_live() -> None:
    from include.entries import overview

    for hostile in HOSTILE:
        shown = home_view(
            overview.Overview(
                questions=[overview.OpenQuestion(one, hostile) for one in states(hostile)],
                more_questions=1,
                entries=[
                    overview.RecentEntry(one, value_for("tokens", Tokens, hostile))
                    for one in states(hostile)
                ],
                followed=[
                    overview.Followed(value_for("request", RequestFacts, hostile), 1),
                ],
            )
        )
        for text in texts(shown):
            assert live(text) == []

"""What ``/shipped`` says before and after: whom it will tell, and whom it told. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.slack.cards.blocks import (
    Rendered,
    actions,
    button,
    context,
    one_line,
    section,
    title_words,
)
from include.slack.cards.markup import Markup, markup
from include.slack.cards.words import person_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    class Preview(Protocol):
        """The facts of a shipping; see ``include.requests.ship_preview``."""

        @property
        def title(self) -> str: ...
        @property
        def into(self) -> str | None: ...
        @property
        def reachable(self) -> int: ...
        @property
        def unreachable(self) -> int: ...
        @property
        def shipped_on(self) -> str | None: ...
        @property
        def shipped_by(self) -> str | None: ...
        @property
        def told(self) -> int: ...


SHIP_REQUEST = "ship_request"
REOPEN_REQUEST = "reopen_request"
CHOOSE_SHIPPED = tuple(f"choose_shipped_{number}" for number in range(5))
_BUTTON = 75


def ask_first(preview: Preview, token: str) -> Rendered:
    """Asks before people are told; a request that has shipped has nothing to press."""
    head = _head(preview)
    if preview.shipped_on is not None:
        return _said(markup("{} {} Nobody will be told again.", head, _already(preview)))
    text = markup("{} {}", head, will_tell(preview))
    return Rendered(
        text=text,
        blocks=[
            section(text),
            actions("ship", button("Mark as shipped", SHIP_REQUEST, token, primary=True)),
            context(markup("Nothing has been changed yet.")),
        ],
    )


def pick_list(said: str, found: Sequence[tuple[str, str]]) -> Rendered:
    """The requests that the words may mean, as (title, token of its button)."""
    text = markup("Which of these has shipped? You said “{}”.", title_words(said))
    buttons = [
        button(one_line(title, _BUTTON), action_id, token)
        for action_id, (title, token) in zip(CHOOSE_SHIPPED, found, strict=False)
    ]
    return Rendered(text=text, blocks=[section(text), actions("which_shipped", *buttons)])


def will_tell(preview: Preview) -> str:
    """Whom it would tell, in a sentence."""
    if not preview.reachable and not preview.unreachable:
        return "Nobody follows it, so nobody will be told."
    said = f"{_people(preview.reachable)} will be told in a direct message."
    if preview.unreachable:
        said += f" {_people(preview.unreachable)} without Slack cannot be told by me."
    return said


def outcome_card(preview: Preview | None, facts: Mapping[str, Any], error: str) -> Rendered:
    """What came of it: told, told before, or failed, and why."""
    if error or preview is None:
        why = markup(" {}", title_words(error)) if error else ""
        return _said(markup("I could not mark the request as shipped, and told nobody.{}", why))
    title = markup("*{}*", title_words(preview.title))
    if facts["dry_run"]:
        told = will_tell(preview)
        return _said(markup("{} was not marked as shipped: it was a dry run. {}", title, told))
    if facts["already_shipped"]:
        return _said(markup("{}: {} Nobody was told again.", title, _already(preview)))
    said = f" is marked as shipped. {_people(facts['notified_count'])} told."
    if facts["waiting_count"]:
        said += f" {_people(facts['waiting_count'])} will be told when Slack takes the messages."
    if facts["failed_count"]:
        said += f" {_people(facts['failed_count'])} could not be reached."
    if facts["unreachable_count"]:
        said += f" {_people(facts['unreachable_count'])} without Slack could not be told."
    return _said(markup("{}{}", title, said))


def reopened_card(title: str | None, facts: Mapping[str, Any], error: str) -> Rendered:
    """What came of opening a shipped request again: told, open before, or failed, and why."""
    if error or title is None:
        why = markup(" {}", title_words(error)) if error else ""
        return _said(markup("I could not open the request again, and told nobody.{}", why))
    name = markup("*{}*", title_words(title))
    if facts["dry_run"]:
        return _said(markup("{} was not opened again: it was a dry run.", name))
    if facts["already_open"]:
        return _said(markup("{} is not marked as shipped. Nobody was told.", name))
    said = f" is open again. {_people(facts['notified_count'])} told."
    if facts["waiting_count"]:
        said += f" {_people(facts['waiting_count'])} will be told when Slack takes the messages."
    if facts["failed_count"]:
        said += f" {_people(facts['failed_count'])} could not be reached."
    return _said(markup("{}{}", name, said))


def _head(preview: Preview) -> Markup:
    title = markup("*{}*", title_words(preview.title))
    if preview.into is None:
        return markup("{}:", title)
    into = title_words(preview.into)
    return markup("{} was merged into *{}*, so that one would be shipped:", title, into)


def _already(preview: Preview) -> Markup:
    by = markup(" by {}", person_words(preview.shipped_by)) if preview.shipped_by else ""
    day, told = preview.shipped_on, _people(preview.told)
    return markup("It already shipped on {}{}; {} told then.", day, by, told)


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _said(text: Markup) -> Rendered:
    return Rendered(text=text, blocks=[section(text)])

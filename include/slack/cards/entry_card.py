"""The card of an entry, made of how it stands. Pure functions.

One card serves all stages: the question, what is being done, where the entry went, and what a
person can still choose. Nothing is offered that does not work, and nothing said that is not so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.base.entry_state import Stage
from include.slack.cards.blocks import (
    Rendered,
    actions,
    button,
    confirmation,
    context,
    one_line,
    quoted,
    section,
    shorten,
    sureness,
    title_words,
)
from include.slack.cards.markup import Markup, escape, joined, markup
from include.slack.cards.words import (
    closed_words,
    history_words,
    request_words,
    stage_words,
    whose_words,
    why_words,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.base.entry_state import EntryState, QuestionState, RequestFacts
    from include.slack.cards.blocks import Block

ANSWER_ATTACH = "answer_attach"
ANSWER_CREATE = "answer_create"
ANSWER_SET_ASIDE = "answer_set_aside"
PICK_FOR_QUESTION = "pick_for_question"
UNDO_ATTACHMENT = "undo_attachment"
PICK_FOR_FEEDBACK = "pick_for_feedback"
NOT_FEEDBACK = "not_feedback"
EDIT_DETAILS = "edit_details"
RESTORE_ENTRY = "restore_entry"
MOVE_TO = tuple(f"move_to_{number}" for number in range(4))
"""Moves feedback to the request that the button names: 0 puts it back, 1 to 3 are the nearest."""

LINES = 20
"""So many entries are listed in one message: with their buttons 40 of Slack's 50 blocks."""

QUOTES = 8
_BUTTON, _LINE, _REASON = 75, 120, 300


@dataclass(frozen=True)
class Tokens:
    """The signed values of an entry's buttons; ``move`` by the request that it would move to."""

    question: str = ""
    place: str = ""
    withdraw: str = ""
    restore: str = ""
    details: str = ""
    move: Mapping[int, str] = field(default_factory=dict)


def entry_card(state: EntryState, tokens: Tokens | None) -> Rendered:
    """The card of one entry as it stands; without ``tokens`` it offers nothing."""
    if state.stage is Stage.ASKED:
        return _question(state, tokens)
    said = stage_words(state)
    if state.stage is Stage.ATTACHED and not state.in_review:
        said = markup("{} You will hear when it ships.", said)
    return Rendered(
        text=_notification(state),
        blocks=[
            section(said),
            section(quoted(state.quote)),
            context(whose_words(state)),
            *_why(state),
            *(_nearest(state, tokens) if tokens else []),
            *(choices(state, tokens) if tokens else []),
        ],
    )


def group_card(
    states: Sequence[EntryState],
    tokens: Mapping[int, Tokens],
    *,
    question: QuestionState,
    token: str,
    count: int,
) -> Rendered:
    """The question about several entries; after its answer, what became of each.

    Args:
        states: The first entries of the question, at most :data:`LINES`.
        tokens: Of each of them, by entry.
        question: Its state.
        token: What its buttons carry.
        count: How many entries it is about.
    """
    request = next((one.request for one in states if one.request is not None), None)
    if not question.is_open or request is None:
        said = markup(
            "There was a question about {} pieces of feedback. {}", count, closed_words(question)
        )
        return Rendered(
            text=markup("Answered: {} pieces of feedback", count),
            blocks=[section(said), *_lines(states, tokens, count)],
        )
    quotes: list[Block] = []
    for state in states[:QUOTES]:
        sure = sureness(state.confidence, one_line(state.reason, _LINE))
        quotes += [
            section(quoted(shorten(state.quote, 2 * _LINE))),
            context(markup("{} · {}", whose_words(state), sure)),
        ]
    if count > QUOTES:
        quotes.append(section(markup("… and {} more.", count - QUOTES)))
    named = request_words(request)
    return Rendered(
        text=markup("{} customers: is this about “{}”?", count, title_words(request.title)),
        blocks=[
            section(markup("Customers said:")),
            *quotes,
            section(markup("These {} sound like {}. Is it the same problem?", count, named)),
            _answers(token, f"Add all {count} to this request", "Create new requests"),
        ],
    )


def summary_card(states: Sequence[EntryState], tokens: Mapping[int, Tokens]) -> Rendered:
    """Where each of many entries of one person went, with the choices of each."""
    stages = [state.stage for state in states]
    counts = [
        f"{stages.count(Stage.ATTACHED)} added to requests",
        f"{stages.count(Stage.CREATED)} new",
    ]
    if taken := stages.count(Stage.WITHDRAWN):
        counts.append(f"{taken} taken back")
    head = f"{len(states)} pieces of feedback are placed: {', '.join(counts)}."
    return Rendered(
        text=escape(head),
        blocks=[
            section(markup("*{}* You will hear when these requests ship.", head)),
            *_lines(states, tokens, len(states)),
        ],
    )


def restore_button(token: str, stage: Stage = Stage.SET_ASIDE) -> Block:
    """Has an entry taken up that was set aside or taken back."""
    label = "Restore it" if stage is Stage.WITHDRAWN else "Process it anyway"
    return button(label, RESTORE_ENTRY, token)


def question_blocks(state: EntryState, token: str, number: int) -> list[Block]:
    """The open question of an entry (the first of ``together``) for a list of questions."""
    more = state.question.together if state.question else 1
    card = _question(state, Tokens(question=token), together=more)
    return [
        {**block, "block_id": f"question-{number}"} if block["type"] == "actions" else block
        for block in card.blocks
    ]


def _question(state: EntryState, tokens: Tokens | None, together: int = 1) -> Rendered:
    request = state.request
    title = request.title if request is not None else "a request"
    named = request_words(request) if request is not None else "a request"
    ask = markup("This sounds like {}. Is it the same problem?", named)
    if request is not None and (request.part_of or request).status == "shipped":
        ask = markup("This sounds like {}. Does the customer mean that?", named)
    shown = state.quote if together == 1 else f"(1 of {together}) {state.quote}"
    add, create = "Add to this request", "Create new request"
    if together > 1:
        add, create = f"Add all {together} to this request", "Create new requests"
    return Rendered(
        text=markup("Is this feedback about “{}”?", title_words(title)),
        blocks=[
            section(markup("A customer said:\n{}", quoted(shown))),
            section(ask),
            context(whose_words(state)),
            *_confidence(state),
            *([_answers(tokens.question, add, create, tokens.details)] if tokens else []),
        ],
    )


def _answers(token: str, add: str, create: str, details: str = "") -> Block:
    buttons = [
        button(add, ANSWER_ATTACH, token, primary=True),
        button(create, ANSWER_CREATE, token),
        button("Pick another request", PICK_FOR_QUESTION, token),
        button("Not feedback", ANSWER_SET_ASIDE, token, confirm=_sure_no_feedback()),
    ]
    if details:
        buttons.append(button("Account, severity…", EDIT_DETAILS, details))
    return actions("question", *buttons)


def choices(state: EntryState, tokens: Tokens) -> list[Block]:
    """The buttons of what a person can do with the entry now."""
    chosen: list[Block] = []
    if state.stage in (Stage.SET_ASIDE, Stage.WITHDRAWN):
        return [actions(f"choices-{state.entry_id}", restore_button(tokens.restore, state.stage))]
    if state.stage is Stage.ATTACHED:
        asked = confirmation(
            "Take it off this request?",
            "The feedback becomes a request of its own. You can put it back.",
            yes="Undo",
            no="Keep it",
        )
        chosen.append(button("Undo", UNDO_ATTACHMENT, tokens.place, confirm=asked))
    back = _back(state)
    if back is not None and back.id in tokens.move:
        chosen.append(button("Put it back", MOVE_TO[0], tokens.move[back.id]))
    if state.stage in (Stage.ATTACHED, Stage.CREATED):
        chosen.append(button("Pick another request", PICK_FOR_FEEDBACK, tokens.place))
    if state.stage in (Stage.ATTACHED, Stage.CREATED, Stage.FAILED):
        chosen.append(
            button("Not feedback", NOT_FEEDBACK, tokens.withdraw, confirm=_sure_no_feedback())
        )
        chosen.append(button("Account, severity…", EDIT_DETAILS, tokens.details))
    return [actions(f"choices-{state.entry_id}", *chosen)] if chosen else []


def _back(state: EntryState) -> RequestFacts | None:
    """The request that an undone entry can be put back to."""
    undone = state.change is not None and state.change.step == "undo"
    return state.came_from if undone and state.stage is Stage.CREATED else None


def _nearest(state: EntryState, tokens: Tokens) -> list[Block]:
    """The nearest requests of an entry that opened its own: a wrong guess is one press away."""
    if state.stage is not Stage.CREATED or _back(state) is not None:
        return []
    buttons = [
        button(one_line(request.title, _BUTTON), action_id, tokens.move[request.id])
        for action_id, request in zip(MOVE_TO[1:], state.nearest, strict=False)
        if request.id in tokens.move
    ]
    if not buttons:
        return []
    return [section(markup("Is it one of these?")), actions(f"nearest-{state.entry_id}", *buttons)]


def _why(state: EntryState) -> list[Block]:
    """Who or what brought the entry here."""
    said = []
    if state.stage is Stage.CREATED and state.request is not None:
        areas = ", ".join(state.request.areas)
        said.append(context(markup("Area: {}", one_line(areas or "none yet", _REASON))))
    history = history_words(state)
    if history:
        return [*said, context(history)]
    if state.stage is Stage.ATTACHED:
        return [*said, *_confidence(state)]
    return said


def _confidence(state: EntryState) -> list[Block]:
    return [context(sureness(state.confidence, one_line(state.reason, _REASON)))]


def _lines(states: Sequence[EntryState], tokens: Mapping[int, Tokens], count: int) -> list[Block]:
    lines: list[Block] = []
    for state in states[:LINES]:
        quote = shorten(" ".join(state.quote.split()), _LINE)
        said = joined([stage_words(state), *why_words(state)], " · ")
        lines.append(section(markup("> {}\n{}", quote, said)))
        lines += choices(state, tokens[state.entry_id])
    if count > len(states[:LINES]):
        lines.append(section(markup("… and {} more.", count - len(states[:LINES]))))
    return lines


def _sure_no_feedback() -> Block:
    return confirmation(
        "Is this no feedback?",
        "It is kept and can be restored. A request that it alone opened is closed.",
        yes="Not feedback",
        no="Keep it",
    )


def _notification(state: EntryState) -> Markup:
    title = title_words(state.request.title) if state.request is not None else "a request"
    whose = "Feedback" if state.in_review else "Your feedback"
    return {
        Stage.ATTACHED: markup("{} was added to “{}”.", whose, title),
        Stage.CREATED: markup("{} opened “{}”.", whose, title),
        Stage.DECIDED: markup("Answered: is this about “{}”?", title),
    }.get(state.stage, stage_words(state))

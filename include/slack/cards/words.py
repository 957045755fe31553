"""Short sentences about people, moments and how an entry stands: for cards, replies and notes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from include.base.entry_state import Stage
from include.insights.wording import money
from include.slack.cards.blocks import confidence_words, link, one_line, shorten
from include.slack.cards.markup import Markup, escape, joined, markup

if TYPE_CHECKING:
    from include.base.entry_state import Customer, EntryState, QuestionState, RequestFacts
    from include.durable.types import HookView

CHOICE_WORDS = {
    "attach": "Add to this request",
    "create": "Create new request",
    "set_aside": "Not feedback",
}
SEVERITY_WORDS = {"low": "nice to have", "medium": "significant pain", "high": "dealbreaker"}

_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,}")
_NAME = 80
_REASONS = {
    "no_words": "it holds no words",
    "only_links": "it holds only a link, and I do not open links",
    "only_thanks": "it reads like a greeting or a thank-you",
    "too_short": "it is too short to say what hurts",
    "only_praise": "it reads like praise, without a problem",
    "no_problem": "it wishes for something without saying what hurts",
    "only_remark": "it sends a colleague to look somewhere else",
    "resolved": "it says that something is solved",
    "auto_reply": "it reads like the automatic answer of somebody who is away",
    "no_pain": "I found no problem of a customer in it",
    "erased": "its words were erased",
}


def reason_words(reason: str | None) -> str:
    """Why an entry was set aside, as the end of a sentence."""
    return _REASONS.get(reason or "", "I found nothing to act on in it")


def person_words(person: str | None) -> Markup:
    """``slack:U123`` as a Slack mention, anything else by its name; as mrkdwn."""
    if not person:
        return markup("somebody")
    kind, _, name = person.partition(":")
    if kind == "slack" and _SLACK_ID.fullmatch(name):
        return markup("<@{}>", name)
    shown = markup("{}", shorten(name or person, 100))
    return markup("{} (in Airflow)", shown) if kind == "airflow" else shown


def moment_words(moment: datetime | None) -> str:
    """A moment as people write it, in UTC: ``22 Nov 2026, 14:05 UTC``."""
    if moment is None:
        return "an unknown time"
    at = moment.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def closed_words(question: QuestionState) -> Markup:
    """Who decided what and when, for a closed question; not what came of it."""
    when = moment_words(question.at)
    if question.status == "answered":
        choice = f"“{CHOICE_WORDS.get(question.choice or '', 'an answer')}”"
        if question.picked_id is not None:
            choice = "another request"
        return markup("{} chose {} on {}.", person_words(question.by), choice, when)
    if question.status == "expired":
        return markup("Nobody answered until {}.", when)
    if question.status == "cancelled":
        return markup("This question was closed in Airflow on {}.", when)
    return markup("It is still open.")


def customer_words(customer: Customer) -> Markup:
    """Account with its ARR, deal, severity and submitter, on one line."""
    parts: list[str] = []
    if customer.account:
        name = one_line(customer.account, _NAME)
        if not customer.account_known:
            parts.append(f"Account {name}, which we do not know")
        elif customer.arr is None:
            parts.append(name[:1].upper() + name[1:])
        else:
            parts.append(f"{name[:1].upper()}{name[1:]}, {money(float(customer.arr))} ARR")
    else:
        parts.append("No account named")
    if customer.deal:
        parts.append(f"deal {one_line(customer.deal, _NAME)}")
    parts.append(SEVERITY_WORDS.get(customer.severity, customer.severity))
    if customer.submitter:
        parts.append(markup("from {}", person_words(customer.submitter)))
    return joined(parts, " · ")


def whose_words(state: EntryState) -> Markup:
    """Whose words an entry is, and where its way is told."""
    return joined([customer_words(state.customer), *why_words(state)], " · ")


def why_words(state: EntryState) -> list[Markup]:
    """The link to the page that tells an entry's way, where there is one."""
    return [link("Why?", state.why_url)] if state.why_url else []


def request_words(request: RequestFacts) -> Markup:
    """The request's title as a link, and what one has to know of it: merged, or shipped."""
    said = link(request.title, request.url)
    if request.part_of is not None:
        merged = link(request.part_of.title, request.part_of.url)
        said = markup("{} (now part of {})", said, merged)
    if (request.part_of or request).status == "shipped":
        return markup("{} (already shipped)", said)
    return said


def stage_words(state: EntryState) -> Markup:
    """Where an entry is now, in a sentence or two that are so at this moment."""
    request = request_words(state.request) if state.request is not None else markup("a request")
    people = state.question.asked if state.question else ()
    asked = joined((person_words(one) for one in people), " or ")
    sure = ""
    if state.confidence is not None and not _by_person(state):
        sure = f" ({confidence_words(state.confidence).lower()})"
    said: dict[Stage, str] = {
        Stage.WORKING: "I am working on this.",
        Stage.ASKED: markup("I asked {} whether this belongs to {}.", asked or "the team", request),
        Stage.DECIDED: _pending_words(state.question, request) if state.question else "",
        Stage.ATTACHED: markup("{}his was added to {}{}.", _twin_words(state), request, sure),
        Stage.CREATED: markup("No request fitted, so this opened {}.", request)
        if not _by_person(state)
        else markup("This is a request of its own: {}.", request),
        Stage.SET_ASIDE: f"I kept this and set it aside, because "
        f"{reason_words(state.noise_reason)}.",
        Stage.WITHDRAWN: "This was taken back as not feedback. It is kept and can be restored.",
        Stage.SPLIT: f"There are {len(state.pains)} things in this; each goes its own way."
        if len(state.pains) != 1
        else "I took the part of this that names a problem; it goes its own way.",
        Stage.FAILED: "I could not finish working on this. An operator can see why.",
    }
    return escape(said[state.stage])


def history_words(state: EntryState) -> Markup:
    """Who brought an entry where it is, and when; empty where only the matcher did."""
    question, change = state.question, state.change
    asked_last = question is not None and not question.is_open and question.at is not None
    if change is not None and (
        not asked_last or (question and question.at and change.at > question.at)
    ):
        who = markup("by {} on {}.", person_words(change.by), moment_words(change.at))
        left = request_words(state.came_from) if state.came_from is not None else "its request"
        return {
            "undo": markup("Undone {} It had been added to {}.", who, left),
            "pick": markup("Moved from {} {}", left, who),
            "withdraw": markup("Taken back {}", who),
            "restore": markup("Taken up {}", who),
        }.get(change.step, markup(""))
    return closed_words(question) if asked_last and question is not None else markup("")


def remaining(hook: HookView) -> str:
    """How long an open question still waits after its reminder, in whole days or hours."""
    if hook.expires_at is None or hook.remind_at is None:
        return "a while"
    hours = max(1, round((hook.expires_at - hook.remind_at).total_seconds() / 3600))
    if hours >= 48:
        return f"{round(hours / 24)} days"
    return "1 hour" if hours == 1 else f"{hours} hours"


def _twin_words(state: EntryState) -> str:
    """How the sentence begins: nobody chose the request where one had been opened meanwhile."""
    question = state.question
    joined = question is not None and question.choice != "attach" and state.change is None
    return "The same problem was reported meanwhile, so t" if joined else "T"


def _by_person(state: EntryState) -> bool:
    """Whether a person, or the end of a question, brought the entry where it is."""
    return state.change is not None or state.question is not None


def _pending_words(question: QuestionState, request: Markup) -> str:
    """What follows from an answer that is not carried out yet."""
    if question.status == "answered" and question.choice == "attach":
        where = "the picked request" if question.picked_id is not None else request
        return markup("It is being added to {}.", where)
    if question.status == "answered" and question.choice == "set_aside":
        return "It is being taken back."
    if question.status == "cancelled":
        return "It becomes a request of its own if its run goes on; until then nothing is decided."
    return "A request of its own is being opened."

"""The product's settings: one typed object, from the Airflow variable ``gtm_feedback``.

The variable holds a JSON object; what it leaves out has the default below. Confidence thresholds
are not here: they are rows with versions (``thresholds``), and every decision names its version.
"""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from include.base.addresses import framed_pages
from include.base.checked import Checked, Refused
from include.base.errors import FatalError

VARIABLE = "gtm_feedback"


AboveZero = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Few = Annotated[int, Field(strict=True, ge=1, le=16)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0)]


Days = Annotated[int, Field(strict=True, ge=1, le=36_500)]


class Retention(Checked):
    """After how many days something is forgotten; ``null`` or left out: the default below.

    Attributes:
        slack_calls: Calls of Slack that were carried out; deleted.
        messages: Texts of messages that were sent; blanked, because their keys make them unique.
        model_answers: What language models answered; blanked, their costs stay.
        captures: What was read from Slack and became an entry, or nothing; blanked.
        run_starts: Notes about runs that were started; deleted.
        events: Analytics events that were handed on; deleted.
        people: What Slack said about people; deleted, and asked for again when it is needed.
        shadow_verdicts: What models judged in shadow; deleted.
        audit: Who did what; deleted.
    """

    slack_calls: Days = 30
    messages: Days = 180
    model_answers: Days = 90
    captures: Days = 90
    run_starts: Days = 180
    events: Days = 730
    people: Days = 90
    shadow_verdicts: Days = 365
    audit: Days = 1_095


class Settings(Checked):
    """Every setting with its default.

    Attributes:
        review_channel: Slack channel for questions and notes that have no person to go to.
        approvers: Slack user ids that may answer anybody's question and undo anybody's attachment.
        question_remind_after_hours: When an open question is repeated, once.
        question_expires_after_days: When an unanswered entry becomes a request of its own.
        web_base_url: Where the pages live; empty for the product's own inside Airflow.
        hot_waits: How many runs may wait as deferred tasks before the oldest are parked cold.
        park_after_minutes: When a waiting run is parked although there is room.
        resume_at_once: How many parked runs may be at work at once when many are answered.
        stuck_after_minutes: When an entry without an outcome counts as stuck for the sweep.
        capture_emoji: Name of the emoji that turns a Slack message into feedback.
        identity_cache_hours: How long what Slack says about a person is believed.
        new_request_sleep_minutes: How long ``new_request`` waits for feedback before it reminds.
        operations_channel: Slack channel that hears what is late; empty for the review channel.
        shipped_recently_days: How long after shipping its owner is asked, on new feedback.
        backlog_from: So many waiting entries are processed together by ``drain_backlog``.
        hold_from: So many waiting entries let ``/feedback`` and the REST route start no more runs.
        drains_at_once: So many drains work side by side, each for other people, 1 to 16.
        embedding_calls_per_minute: Most calls ``sync_embeddings`` makes, of 64 texts each.
        theme_similarity: From which cosine on a request belongs to a theme of a report.
        digest_channel: Slack channel of the weekly digest; empty for none.
        digest_areas: Slugs of areas whose own channel gets their part of the digest; ``*`` for all.
        model_budget_per_day: US dollars that language models may cost in a day (UTC).
        audit_share: Share of sure matches that a person is asked about all the same, 0 to 1.
        cost_wrong: What a wrong attachment costs; proposed thresholds weigh the three costs.
        cost_duplicate: What a request costs that was opened for the same problem as another.
        cost_question: What it costs to ask a person.
        questions_per_person_per_day: Cards of questions in a day; one card holds the rest; 0: all.
        learn_who_answers: Whether past answers say whom to ask about an area, and at which hour.
        shadow_model: Model that judges in shadow, or ``connection:<id>``; empty for none.
        shadow_prompt: Name of another prompt for judging in shadow; empty for the one in force.
        shadow_share: Share of decisions that are judged in shadow as well, 0 to 1.
        webhook_private_addresses: Whether webhooks may call this machine and its network.
        import_roots: Folders and URLs below which files may be imported; empty for none.
        export_roots: Folders and URLs below which exports may be written; empty for none.
        operators: Names of Airflow users whose runs may erase, apply the retention, settle
            anybody's question and change thresholds.
        retention: After how many days what is told apart by its kind is forgotten; see there.
        apply_retention: Whether the daily ``apply_retention`` forgets, and does not only count.
    """

    review_channel: str = "#feedback-review"
    approvers: tuple[str, ...] = ()
    question_remind_after_hours: AboveZero = 24
    question_expires_after_days: AboveZero = 7
    web_base_url: str = ""
    stuck_after_minutes: AboveZero = 15
    hot_waits: AboveZero = 5
    park_after_minutes: AboveZero = 10
    resume_at_once: AboveZero = 16
    capture_emoji: str = "gtm-feedback"
    identity_cache_hours: AboveZero = 24
    new_request_sleep_minutes: AboveZero = 60
    embedding_calls_per_minute: AboveZero = 6000
    backlog_from: AboveZero = 30
    hold_from: AboveZero = 3
    drains_at_once: Few = 1
    shipped_recently_days: AboveZero = 30
    operations_channel: str = ""
    theme_similarity: AboveZero = 0.5
    digest_channel: str = "#feedback"
    digest_areas: tuple[str, ...] = ()
    import_roots: tuple[str, ...] = ()
    export_roots: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    retention: Retention = Retention()
    apply_retention: Annotated[bool, Field(strict=True)] = False
    model_budget_per_day: AboveZero = 10
    audit_share: Share = 0.05
    cost_wrong: AboveZero = 5
    cost_duplicate: AboveZero = 2
    cost_question: AboveZero = 1
    questions_per_person_per_day: Count = 20
    learn_who_answers: Annotated[bool, Field(strict=True)] = True
    shadow_model: str = ""
    shadow_prompt: str = ""
    shadow_share: Share = 1
    webhook_private_addresses: bool = False

    @property
    def shadow_is_on(self) -> bool:
        """Whether another model or prompt judges in shadow."""
        return bool(self.shadow_model or self.shadow_prompt)

    @property
    def remind_after(self) -> timedelta:
        """The reminder's delay."""
        return timedelta(hours=self.question_remind_after_hours)

    @property
    def expires_after(self) -> timedelta:
        """The expiry's delay."""
        return timedelta(days=self.question_expires_after_days)

    @property
    def pages_url(self) -> str:
        """Where the pages are: ``web_base_url``, else the product's own inside Airflow.

        Empty while neither that setting nor Airflow's ``[api] base_url`` says it.
        """
        return (self.web_base_url or own_pages()).rstrip("/")

    @property
    def inbox_url(self) -> str | None:
        """The page of open questions, ``None`` while nobody says where the pages are."""
        return f"{self.pages_url}/inbox" if self.pages_url else None

    def request_url(self, slug: str) -> str | None:
        """The page of a request, ``None`` while nobody says where the pages are."""
        return f"{self.pages_url}/requests/{slug}" if self.pages_url else None

    def entry_url(self, entry_id: int) -> str | None:
        """The page that says why an entry went where it went; ``None`` as above."""
        return f"{self.pages_url}/entries/{entry_id}" if self.pages_url else None


def own_pages() -> str:
    """The address of the pages in Airflow's UI; empty when its ``[api] base_url`` is not set."""
    said = os.environ.get("AIRFLOW__API__BASE_URL")
    address = _configured_url() if said is None else said
    return framed_pages(address) if address else ""


@lru_cache(maxsize=1)
def _configured_url() -> str:
    from airflow.configuration import conf

    return str(conf.get("api", "base_url", fallback=None) or "")


def load_settings() -> Settings:
    """The settings as they are now.

    Raises:
        FatalError: the variable is not a JSON object, names an unknown setting, or a value does
            not fit; the message names the setting, the value and what is allowed.
    """
    raw = os.environ.get(f"AIRFLOW_VAR_{VARIABLE.upper()}")
    return parse_settings(_variable(time.monotonic() // 1) if raw is None else raw)


@lru_cache(maxsize=1)
def _variable(_second: float) -> str:
    """The variable, looked up at most once a second and process: the relay asks for each call."""
    from airflow.sdk import Variable

    return str(Variable.get(VARIABLE, default="{}"))


def parse_settings(raw: str) -> Settings:
    """Settings from the variable's text; see :func:`load_settings` for the errors."""
    try:
        values: Any = json.loads(raw or "{}")
    except ValueError as error:
        raise FatalError(f"Variable {VARIABLE!r} is not JSON ({error}). Mend it.") from None
    if not isinstance(values, dict):
        raise FatalError(
            f"Variable {VARIABLE!r} must be a JSON object, not {type(values).__name__}"
        )
    try:
        return Settings.check(values)
    except Refused as refused:
        raise FatalError(f"Variable {VARIABLE!r}: {refused}. Correct it there.") from None

"""What a request amounts to, counted beforehand so that lists can be sorted by it at any size.

Database triggers note in ``request_figures_stale`` whose numbers have changed, and
``include.requests.figures`` counts those again.
"""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import BigInteger, Computed, ForeignKey, Index, Numeric, func, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column

from include.store.models.base import Base, BigId, Moment
from include.store.models.durable import Hook
from include.store.models.entries import Decision, Entry, Feedback
from include.store.models.lifecycle import RequestLink, RunStart
from include.store.models.people import Account, Opportunity, RequestFollower
from include.store.models.requests import Request
from include.store.models.slack import Message


class RequestFigures(Base):
    """The live evidence of a request and of all that is merged into it.

    ``recent`` and ``before`` count the last four weeks and the four before, as of ``counted_at``;
    ``newest_at`` is 1970 without evidence, so that it sorts last.
    """

    __tablename__ = "request_figures"

    request_id: Mapped[int] = mapped_column(
        ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True
    )
    feedback: Mapped[int] = mapped_column(default=0, server_default="0")
    dealbreakers: Mapped[int] = mapped_column(default=0, server_default="0")
    accounts: Mapped[int] = mapped_column(default=0, server_default="0")
    arr: Mapped[Decimal] = mapped_column(Numeric(16, 2), default=0, server_default="0")
    newest_at: Mapped[Moment] = mapped_column(server_default=text("'1970-01-01 00:00:00+00'"))
    recent: Mapped[int] = mapped_column(default=0, server_default="0")
    before: Mapped[int] = mapped_column(default=0, server_default="0")
    trend: Mapped[int] = mapped_column(Computed("recent - before", persisted=True))
    counted_at: Mapped[Moment] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        Index("ix_request_figures_arr", "arr", "request_id"),
        Index("ix_request_figures_accounts", "accounts", "request_id"),
        Index("ix_request_figures_feedback", "feedback", "request_id"),
        Index("ix_request_figures_dealbreakers", "dealbreakers", "request_id"),
        Index("ix_request_figures_newest_at", "newest_at", "request_id"),
        Index("ix_request_figures_trend", "trend", "request_id"),
        Index(
            "ix_request_figures_counted_at",
            "counted_at",
            postgresql_where=text("recent > 0 OR before > 0"),
        ),
    )


class RequestFiguresStale(Base):
    """A request whose numbers have changed since they were counted; only ever added to."""

    __tablename__ = "request_figures_stale"

    id: Mapped[BigId]
    request_id: Mapped[int] = mapped_column(BigInteger)


# What the lists of the pages are read by.
Index("ix_requests_status", Request.status, Request.id)
_LIVE = text("removed_at IS NULL")
Index("ix_feedback_account_id", Feedback.account_id, Feedback.id, postgresql_where=_LIVE)
Index("ix_feedback_request_id_id", Feedback.request_id, Feedback.id, postgresql_where=_LIVE)
Index(
    "ix_feedback_request_id_account_id",
    Feedback.request_id,
    Feedback.account_id,
    postgresql_where=_LIVE,
)
Index("ix_accounts_place", func.coalesce(Account.arr, literal_column("-1")), Account.id)
Index(
    "ix_feedback_request_id_removed",
    Feedback.request_id,
    -Feedback.id,
    postgresql_where=text("removed_at IS NOT NULL"),
)
Index(
    "ix_decisions_request_id_said",
    Decision.request_id,
    -Decision.id,
    postgresql_where=text("step IN ('answer', 'pick') OR step = 'match' AND route = 'ask'"),
)
Index("ix_decisions_thresholds_version", Decision.thresholds_version, Decision.decided_at)
Index("ix_entries_account_id", Entry.account_id, Entry.id)
Index("ix_entries_submitter_id", Entry.submitter_id, Entry.id)
Index("ix_request_followers_user_id", RequestFollower.user_id, RequestFollower.created_at)
Index("ix_opportunities_account_id", Opportunity.account_id)
Index("ix_messages_failed", Message.id, postgresql_where=text("state = 'failed'"))
Index("ix_run_starts_refused", RunStart.id, postgresql_where=text("state = 'refused'"))
Index(
    "ix_hooks_handler_open",
    Hook.handler,
    Hook.created_at,
    Hook.id,
    postgresql_where=text("status = 'pending' AND is_current"),
)
Index(
    "ix_hooks_handler_closed",
    Hook.handler,
    Hook.closed_at,
    postgresql_where=text("status <> 'pending'"),
)
Index(
    "ix_request_links_duplicates",
    RequestLink.confidence,
    RequestLink.id,
    postgresql_where=text("kind = 'duplicate'"),
)

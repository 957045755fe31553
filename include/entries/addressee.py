"""Whom a question goes to: the submitter, the area's owner, who answers the area, the channel.

Who answers an area, and at which hour, is read from the answers of the last months whenever it is
needed. The setting ``learn_who_answers`` switches that off.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from include.base.settings import load_settings
from include.outbox.posting import is_user
from include.slack.presence import Presence
from include.store.models import Area, RequestArea, User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from include.store.session import SessionScope

WINDOW = timedelta(days=90)
LEAST = 5
"""Fewer answers say nothing, about an area or an hour."""

MOST = 3
"""So many of those who answer an area stand in for each other."""

# Somebody who answers on a page without a Slack account beside it is named by address.
_ANSWERED = """
    SELECT h.closed_at, (h.question ->> 'request_id')::bigint AS request_id,
           CASE WHEN h.answered_by LIKE 'slack:%' THEN substr(h.answered_by, 7)
                ELSE u.slack_user_id END AS person
      FROM hooks h
      LEFT JOIN users u ON h.answered_by = 'user:' || lower(u.email)
     WHERE h.handler = 'question' AND h.status = 'answered' AND h.created_at > now() - :window
"""
_ANSWERERS = text(
    f"""
    SELECT a.person FROM ({_ANSWERED}) a
     WHERE a.person IS NOT NULL AND EXISTS (
           SELECT 1 FROM request_areas theirs JOIN request_areas ours USING (area_id)
            WHERE theirs.request_id = a.request_id AND ours.request_id = :request)
     GROUP BY a.person HAVING count(*) >= :least
     ORDER BY count(*) DESC, max(a.closed_at) DESC, a.person LIMIT :most
    """
)
_HOURS = text(
    f"""
    SELECT extract(hour FROM (a.closed_at AT TIME ZONE 'UTC') + :ahead)::int AS hour,
           count(*) AS answers
      FROM ({_ANSWERED}) a WHERE a.person = :person
     GROUP BY 1 ORDER BY count(*) DESC, 1
    """
)


def chain_of(session: Session, request_id: int, submitter: str | None) -> list[str]:
    """Slack ids of those who may be asked about a request, the first one first.

    After the submitter the owners of its areas; where no area has one, those who answered most
    questions about its areas.
    """
    chain = [submitter] if submitter else []
    owners = session.scalars(
        select(User.slack_user_id)
        .join(Area, Area.owner_id == User.id)
        .join(RequestArea, RequestArea.area_id == Area.id)
        .where(RequestArea.request_id == request_id, User.slack_user_id.is_not(None))
        .order_by(Area.id)
    )
    chain += [owner for owner in owners if owner]
    if len(chain) == bool(submitter) and load_settings().learn_who_answers:
        values = {"request": request_id, "window": WINDOW, "least": LEAST, "most": MOST}
        chain += [one for one in session.scalars(_ANSWERERS, values) if is_user(one)]
    return list(dict.fromkeys(chain))


def choose(
    chain: Sequence[str], presence: Mapping[str, Presence], submitter: str | None
) -> list[str]:
    """Who may answer, the one who is asked first; nobody for the review channel.

    The first who is here is asked, and where all are away the first of them. A submitter who is
    away may answer all the same.
    """
    there = [one for one in chain if presence.get(one) is not Presence.GONE]
    here = [one for one in there if presence.get(one) is not Presence.AWAY]
    asked = (here or there)[:1]
    return list(dict.fromkeys([*asked, *(one for one in there if one == submitter)]))


def look_up(
    scope: SessionScope,
    questions_in: Callable[[Session], Iterable[tuple[int, str | None]]],
    presence: Callable[[str], Presence],
) -> dict[str, Presence]:
    """Whether those can be asked now on whom it depends who is asked.

    Nobody is looked up for a question that has only its submitter to go to, and no transaction is
    open meanwhile.

    Args:
        scope: Opens a transaction.
        questions_in: The request and the submitter of each question that is to be asked.
        presence: Asks Slack about a person.
    """
    with scope() as session:
        chains = [
            chain
            for request_id, submitter in questions_in(session)
            if (chain := chain_of(session, request_id, submitter)) != [submitter]
        ]
    known: dict[str, Presence] = {}
    for chain in chains:
        for person in chain:
            known[person] = presence(person)
            if known[person] is Presence.HERE:
                break
    return known


def best_hour(session: Session, person: str, ahead: timedelta) -> int | None:
    """The hour of their day at which somebody has answered most; None where too little is known.

    ``ahead`` is how far their clock is ahead of UTC.
    """
    if not load_settings().learn_who_answers:
        return None
    values: dict[str, Any] = {"person": person, "window": WINDOW, "ahead": ahead}
    rows = session.execute(_HOURS, values).all()
    return rows[0].hour if sum(row.answers for row in rows) >= LEAST else None

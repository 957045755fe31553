"""The names of people whom rows call ``slack:U1``, ``user:ann@example.com`` or ``airflow:ann``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from include.base.errors import FatalError
from include.store.models import User

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session
    from starlette.datastructures import FormData


MOST_PEOPLE = 500
"""So many are offered in a list; whoever is not among them can be written beside it."""


def owner_in(session: Session, form: FormData) -> int | None:
    """The id of the user chosen as an owner in a form; None for nobody.

    Raises:
        FatalError: a name was written into the field beside the list, and nobody here has it.
    """
    written = form.get("other_owner")
    said = written.strip() if isinstance(written, str) else ""
    if said:
        found: int | None = session.scalar(
            select(User.id).where(
                or_(func.lower(User.email) == said.lower(), User.slack_user_id == said)
            )
        )
        if found is None:
            raise FatalError(
                f"Owner: nobody here has the address or Slack id {said[:120]!r}. People are known "
                "once they have handed feedback in, or have used Slack with GTM Feedback."
            )
        return found
    value = form.get("owner")
    if not isinstance(value, str) or not (value.isascii() and value.isdigit() and len(value) < 19):
        return None
    return int(value)


def read_people(session: Session, chosen: Iterable[int | None] = ()) -> Sequence[Any]:
    """Ids and names for a list to choose an owner from, without those who were erased.

    ``chosen`` are in it in any case, so that saving a form unchanged changes nothing.
    """
    name = func.coalesce(func.nullif(User.name, ""), User.email, User.slack_user_id)
    ids = [one for one in chosen if one is not None]
    known = or_(User.email.is_(None), User.email.not_like("erased-%@erased.invalid"))
    return session.execute(
        select(User.id, name.label("name"))
        .where(or_(known, User.id.in_(ids)))
        .order_by(User.id.not_in(ids), "name", User.id)
        .limit(MOST_PEOPLE)
    ).all()


class Names:
    """The people that one page names, looked up together."""

    def __init__(self, session: Session, labels: Iterable[str | None]) -> None:
        """One query, whatever the number of labels."""
        wanted = {label for label in labels if label}
        slack_ids = {label.partition(":")[2] for label in wanted if label.startswith("slack:")}
        emails = {label.partition(":")[2].lower() for label in wanted if "@" in label}
        users = session.execute(
            select(User.slack_user_id, User.email, User.name).where(
                or_(User.slack_user_id.in_(slack_ids), func.lower(User.email).in_(emails))
            )
        )
        self._known: dict[str, str] = {}
        for user in users:
            name = user.name or user.email or user.slack_user_id
            if user.slack_user_id:
                self._known[f"slack:{user.slack_user_id}"] = name
            if user.email:
                self._known[f"user:{user.email.lower()}"] = name

    def __call__(self, label: str | None) -> str:
        """A person's name; what else a label names is said as it is."""
        if not label:
            return "somebody"
        kind, _, rest = label.partition(":")
        known = self._known.get(label) or self._known.get(label.lower())
        if known:
            return known
        if kind == "slack":
            return f"Slack user {rest}"
        if kind in ("user", "airflow") and rest:
            return rest
        return "a run in Airflow" if kind == "run" else label

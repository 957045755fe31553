"""What a press on a button is answered with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class AnswerReply:
    """What the relay tells the person: ``note`` goes to them alone, the messages to Slack.

    A note that is not ``Markup`` is escaped on its way.

    ``after`` is called when the transaction is committed; it may run twice and never raises.
    """

    status: str
    note: str | None = None
    message_ids: list[int] = field(default_factory=list)
    after: Callable[[], object] | None = None

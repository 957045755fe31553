"""A person as somebody names them: by e-mail address, Slack user id, or both."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from include.base.checked import Checked, Text, none_if_blank, refusal, shown
from include.base.text import identifier, stored


def one_line(value: str) -> str:
    """The text as it is stored, on one line."""
    return " ".join(stored(value).split())


def _address(value: str) -> str:
    # An address holds no words: in full width it is the same address.
    return unicodedata.normalize("NFKC", identifier(value))


def _email(value: str) -> str:
    name, _, domain = value.rpartition("@")
    if value and not (name and domain and not re.search(r"\s", value)):
        raise refusal(f"{shown(value)} is no e-mail address: write it as name@example.com")
    return value


def _slack_id(value: str) -> str:
    if value and not re.fullmatch(r"[UW][A-Z0-9]{2,}", value):
        raise refusal(f"{shown(value)} is no Slack user id: it begins with U or W, as in U0ANN")
    return value


EmailAddress = Annotated[
    str,
    Text(_address, 254, 254),
    AfterValidator(_email),
    Field(json_schema_extra={"pattern": r"^\s*(\S+[@\uff20\ufe6b]\S+)?\s*$"}),
]
SlackUserId = Annotated[
    str,
    Text(identifier, 30, 30),
    AfterValidator(_slack_id),
    Field(json_schema_extra={"pattern": r"^\s*([UW][A-Z0-9]{2,})?\s*$"}),
]
Name = Annotated[str, Text(one_line, 200, 800)]


class Submitter(Checked):
    """Who hands something in or acts; without an e-mail address and a Slack user id: nobody."""

    email: Annotated[EmailAddress | None, AfterValidator(none_if_blank)] = None
    slack_user_id: Annotated[SlackUserId | None, AfterValidator(none_if_blank)] = None
    name: Annotated[Name | None, AfterValidator(none_if_blank)] = None

    @property
    def is_somebody(self) -> bool:
        """Whether a person can be found by what was given."""
        return bool(self.email or self.slack_user_id)


class Acting(Checked):
    """The parameter of a run that somebody starts; nobody named means the run itself."""

    actor: Submitter | None = Field(
        None, description="Who does it: slack_user_id and/or email, name."
    )

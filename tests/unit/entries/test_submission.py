"""What a submission may be, and what a wrong one is told."""

from __future__ import annotations

from typing import Any

import pytest

from include.base.checked import Refused
from include.base.errors import FatalError
from include.entries.submission import MAX_LINKS, MAX_PAIN, parse_submission
from include.people.person import Submitter

GOOD = {"customer_pain": "Exports take an hour."}


def test_blanks_become_nothing_and_defaults_are_filled_in() -> None:
    submission = parse_submission(
        GOOD
        | {"account_id": "  ", "opportunity_id": "", "external_id": None, "links": None}
        | {"severity": None, "submitter": {"email": " ", "slack_user_id": ""}}
    )
    assert (submission.account_id, submission.opportunity_id) == (None, None)
    assert (submission.severity, submission.source) == ("medium", "api")
    assert (submission.links, submission.submitter) == ((), None)


def test_a_full_submission_is_kept_as_given() -> None:
    submission = parse_submission(
        {
            "customer_pain": "  It hurts.\n\nA lot. ",
            "severity": "high",
            "source": "slack",
            "account_id": "ACC-1",
            "areas": ["reporting"],
            "links": ["https://crm.example.com/a?b=1#c", "http://example.com"],
            "external_id": "e1",
            "submitter": {"email": "ann@example.com", "slack_user_id": "U0ANN", "name": "Ann"},
        }
    )
    assert submission.customer_pain == "It hurts.\n\nA lot."
    assert submission.submitter == Submitter(
        email="ann@example.com", slack_user_id="U0ANN", name="Ann"
    )
    assert len(submission.links) == 2


def test_ten_thousand_characters_are_allowed_and_one_more_is_not() -> None:
    assert len(parse_submission({"customer_pain": "x" * MAX_PAIN}).customer_pain) == MAX_PAIN
    with pytest.raises(FatalError, match="10001 characters; at most 10000"):
        parse_submission({"customer_pain": "x" * (MAX_PAIN + 1)})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "customer_pain is missing"),
        ({"customer_pain": None}, "customer_pain is missing"),
        ({"customer_pain": " \n\t "}, "missing or blank"),
        ({"customer_pain": "\x00"}, "holds a NUL character at place 1; take it out"),
        ({"customer_pain": 7}, "customer_pain must be a text, got a whole number"),
        ({"customer_pain": {"a": 1}}, "customer_pain must be a text, got an object"),
        ({"customer_pain": True}, "customer_pain must be a text, got true or false"),
        (GOOD | {"severity": "urgent"}, "severity 'urgent' is unknown; use one of low, medium"),
        (GOOD | {"source": "fax"}, "source 'fax' is unknown"),
        (
            GOOD | {"links": ["not a url"]},
            r"links \(item 1\) 'not a url' is no web address: it begins with http",
        ),
        (GOOD | {"links": ["javascript:alert(1)"]}, "is no web address"),
        (GOOD | {"links": ["http://"]}, "is no web address"),
        (GOOD | {"links": ["http://[::1"]}, "is no web address"),
        (GOOD | {"links": ["https://exa mple.com"]}, "is no web address"),
        (GOOD | {"links": "https://example.com"}, "links must be a list"),
        (GOOD | {"links": ["https://example.com"] * 21}, "21 items; at most 20"),
        (GOOD | {"submitter": "ann"}, "submitter must be an object"),
        (GOOD | {"submitter": {"email": "ann"}}, "'ann' is no e-mail"),
        (GOOD | {"submitter": {"email": "@"}}, "is no e-mail"),
        (GOOD | {"account_id": 5}, "account_id must be a text"),
    ],
)
def test_a_wrong_field_is_named_with_its_remedy(values: dict[str, Any], message: str) -> None:
    with pytest.raises(FatalError, match=message):
        parse_submission(values)


def test_an_error_never_quotes_the_customer() -> None:
    with pytest.raises(FatalError) as caught:
        parse_submission({"customer_pain": "secret words " * 1000})
    assert "secret" not in str(caught.value)


def test_one_link_more_than_an_entry_holds_is_refused_and_none_is_dropped() -> None:
    links = [f"https://example.com/{number}" for number in range(MAX_LINKS + 1)]
    assert list(parse_submission({**GOOD, "links": links[:-1]}).links) == links[:-1]
    with pytest.raises(Refused, match="links") as caught:
        parse_submission({**GOOD, "links": links})
    assert "20" in str(caught.value)

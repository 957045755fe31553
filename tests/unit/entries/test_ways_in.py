"""The same submission by every way in: the same entry, or the same refusal in the same words."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import ParamValidationError

from include.base.checked import Refused
from include.base.errors import FatalError
from include.engine.params import params_of
from include.entries import import_file, intake
from include.entries.submission import Submission, parse_submission
from include.relay.listeners import add_feedback

if TYPE_CHECKING:
    from collections.abc import Callable

PAIN = "Exports over 10,000 rows time out."
ZWJ, RLO, ZWSP = "\u200d", "\u202e", "\u200b"


def rest(values: dict[str, Any]) -> Submission:
    return intake.arrival(json.loads(json.dumps(values))).submission


def airflow(values: dict[str, Any]) -> Submission:
    """Airflow's own check, then that of the first task."""
    params = ParamsDict(params_of(Submission, source="api"))
    try:
        params.update(values)
        return parse_submission(params.validate())
    except ParamValidationError:
        # Airflow says it in words of its own; what it refuses the model refuses too.
        return parse_submission(values)


def json_line(values: dict[str, Any]) -> Submission:
    return _line(json.dumps(values).encode(), "jsonl")


def form(values: dict[str, Any]) -> Submission:
    """What Slack's form does with what was typed; its fields are some of a submission's."""
    errors = add_feedback._errors({"account_id": None, "opportunity_id": None, **values})
    submission = parse_submission(values) if not errors else None
    if submission is None:
        raise FatalError("; ".join(errors.values()))
    return submission


def _line(raw: bytes, kind: str) -> Submission:
    [line] = import_file.read_lines(io.BytesIO(raw), kind, name="f")
    if line.submission is None:
        raise FatalError(line.problem)
    return line.submission


WAYS = [rest, airflow, json_line, form]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("values", "field", "kept"),
    [
        ({"customer_pain": f" {RLO}Caf" + "e\u0301 5*3*2\n"}, "customer_pain", "Caf\xe9 5*3*2"),
        (
            {"customer_pain": f"\U0001f469{ZWJ}\U0001f4bb ex{ZWSP}ports"},
            "customer_pain",
            f"\U0001f469{ZWJ}\U0001f4bb exports",
        ),
        ({"external_id": f"crm{ZWSP}-e\u0301"}, "external_id", "crm-\xe9"),
        ({"account_id": "  "}, "account_id", None),
        ({"account_id": " ACC-1 "}, "account_id", "ACC-1"),
        ({"links": ["", f"https://e.com/{ZWSP}a"]}, "links", ("https://e.com/a",)),
        ({"severity": None}, "severity", "medium"),
    ],
)
def test_what_is_taken_is_the_same(
    way: Callable[[dict[str, Any]], Submission], values: dict[str, Any], field: str, kept: object
) -> None:
    assert getattr(way({"customer_pain": PAIN, **values}), field) == kept


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"customer_pain": "a\x00b"}, "holds a NUL character at place 2; take it out"),
        ({"customer_pain": "ab\ud83d"}, "holds half a character (U+D83D) at place 3"),
        ({"customer_pain": ZWSP * 3}, "is missing or blank: say in a sentence what hurts"),
        ({"customer_pain": "x" * 10_001}, "has 10001 characters; at most 10000 are allowed"),
        ({"customer_pain": "\u0958" * 5_001}, "has 10002 characters; at most 10000 are allowed"),
        ({"account_id": "AC\x00ME"}, "holds a NUL character at place 3"),
        ({"account_id": "x" * 201}, "has 201 characters; at most 200 are allowed"),
        ({"external_id": "x" * 6_400}, "has 6400 characters; at most 500 are allowed"),
        ({"external_id": "e\udc00"}, "holds half a character (U+DC00) at place 2"),
        ({"links": ["https://e.com"] * 21}, "has 21 items; at most 20 are allowed"),
        ({"links": ["https://e.com", "ftp://e.com"]}, "'ftp://e.com' is no web address"),
        ({"links": ["https://e.com/<!channel>"]}, "is no web address"),
        ({"severity": "urgent"}, "'urgent' is unknown; use one of low, medium, high"),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_what_is_refused_is_refused_in_the_same_words(
    way: Callable[[dict[str, Any]], Submission], values: dict[str, Any], said: str
) -> None:
    with pytest.raises(FatalError) as caught:
        way({"customer_pain": PAIN, **values})
    assert said in str(caught.value)
    assert PAIN not in str(caught.value)


@pytest.mark.parametrize("way", [rest, airflow, json_line])
@pytest.mark.parametrize(
    ("submitter", "said"),
    [
        ({"slack_user_id": "#general"}, "submitter.slack_user_id '#general' is no Slack user id"),
        ({"email": "a" * 8_000 + "@e.com"}, "submitter.email has 8006 characters; at most 254"),
        ({"email": "ann"}, "submitter.email 'ann' is no e-mail address: write it as name@"),
        ({"name": "x" * 201}, "submitter.name has 201 characters; at most 200"),
        ({"phone": "1"}, "'submitter.phone' is unknown; known: email, slack_user_id, name"),
        ("ann", "submitter must be an object with email, slack_user_id, name, got 'ann'"),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_a_person_who_cannot_be_one_is_refused(
    way: Callable[[dict[str, Any]], Submission], submitter: Any, said: str
) -> None:
    with pytest.raises(FatalError) as caught:
        way({"customer_pain": PAIN, "submitter": submitter})
    assert said in str(caught.value)


@pytest.mark.parametrize("way", [rest, airflow, json_line])
def test_an_unknown_field_is_told_by_name(way: Callable[[dict[str, Any]], Submission]) -> None:
    with pytest.raises(FatalError, match="'mood' is unknown; known: customer_pain, severity, acc"):
        way({"customer_pain": PAIN, "mood": "sad"})


def test_an_address_that_only_looks_different_is_the_same_person() -> None:
    given = {"email": f" Ann\uff20example.com{ZWSP} ", "name": f"{RLO}Ann\nAmes"}
    submitter = rest({"customer_pain": PAIN, "submitter": given}).submitter
    assert submitter is not None
    assert (submitter.email, submitter.name) == ("Ann@example.com", "Ann Ames")


@pytest.mark.parametrize("written", ["crm-e\u0301", "crm-\xe9", "\uff43rm-\xe9", f"crm-\xe9{ZWSP}"])
def test_an_external_id_in_any_writing_is_one_entry(written: str) -> None:
    submission = parse_submission({"customer_pain": PAIN, "external_id": written})
    assert submission.idempotency_key == "api:crm-\xe9"
    upper = parse_submission({"customer_pain": PAIN, "external_id": "CRM-\xe9"})
    assert upper.idempotency_key != submission.idempotency_key


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Refused) as caught:
        rest({"severity": "urgent", "links": ["x", "https://e.com", "y"], "areas": "a"})
    assert [(one.field, one.item) for one in caught.value.problems] == [
        ("customer_pain", None),
        ("severity", None),
        ("areas", None),
        ("links", 1),
        ("links", 3),
    ]

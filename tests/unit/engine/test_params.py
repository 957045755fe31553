"""Parameters made of a model: what Airflow's form shows and its REST API refuses."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import ParamValidationError

from include.base.checked import Refused
from include.engine.params import params_of
from include.entries.submission import Submission, parse_submission

PARAMS = params_of(Submission, source="ui")
GOOD = {"customer_pain": "Exports take an hour."}


def airflow_takes(conf: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a run with this conf, as Airflow checks and hands them to a task."""
    params = ParamsDict(params_of(Submission, source="api"))
    params.update(conf)
    return params.validate()


def test_the_form_shows_words_in_many_lines_choices_and_hints() -> None:
    pain, severity, links = (PARAMS[name] for name in ("customer_pain", "severity", "links"))
    assert pain.schema["format"] == "multiline"
    assert pain.schema["title"] == "Customer's words"
    assert pain.description == "What hurts, in the customer's own words."
    assert severity.schema["enum"] == [None, "low", "medium", "high"]
    assert severity.value == "medium"
    assert links.schema["type"] == ["null", "array"]
    assert PARAMS["source"].value == "ui"


def test_every_field_has_a_parameter_with_a_default_and_no_reference() -> None:
    assert list(PARAMS) == list(Submission.model_fields)
    for param in PARAMS.values():
        assert "$ref" not in str(param.schema)
        assert "anyOf" not in str(param.schema)
    assert [name for name, param in PARAMS.items() if param.schema["type"] == "string"] == [
        "customer_pain"
    ]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"customer_pain": " \n"},
        GOOD | {"customer_pain": "x" * 10_001},
        GOOD | {"severity": "urgent"},
        GOOD | {"severity": "High"},
        GOOD | {"account_id": "x" * 201},
        GOOD | {"account_id": 7},
        GOOD | {"external_id": "x" * 501},
        GOOD | {"areas": ["a"] * 21},
        GOOD | {"areas": [7]},
        GOOD | {"areas": "reporting"},
        GOOD | {"areas": ["x" * 101]},
        GOOD | {"links": ["ftp://example.com"]},
        GOOD | {"links": ["https://exa mple.com"]},
        GOOD | {"links": ["https://e.com/" + "x" * 2_000]},
        GOOD | {"links": ["https://e.com"] * 21},
        GOOD | {"submitter": "ann"},
        GOOD | {"submitter": {"email": "ann"}},
        GOOD | {"submitter": {"email": "a" * 250 + "@e.com"}},
        GOOD | {"submitter": {"slack_user_id": "#general"}},
        GOOD | {"submitter": {"name": "x" * 201}},
        GOOD | {"submitter": {"phone": "1"}},
        GOOD | {"source": "fax"},
    ],
    ids=lambda values: str(values)[-40:],
)
def test_what_the_model_refuses_airflow_refuses(values: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        parse_submission(values)
    with pytest.raises(ParamValidationError):
        airflow_takes(values)


@pytest.mark.parametrize(
    "values",
    [
        GOOD,
        GOOD | dict.fromkeys(("severity", "account_id", "areas", "links", "submitter", "source")),
        GOOD | {"severity": "low", "source": "import", "external_id": "\uff43rm-1"},
        GOOD | {"account_id": "  ", "external_id": ""},
        GOOD | {"areas": ["", "reporting"], "links": ["", " HTTPS://Example.com/a ", "http://b.c"]},
        GOOD | {"submitter": {}},
        GOOD | {"submitter": {"email": " ann\uff20example.com ", "name": ""}},
        GOOD | {"submitter": {"email": "", "slack_user_id": "U0ANN"}},
    ],
    ids=lambda values: str(values)[-40:],
)
def test_what_the_model_takes_airflow_takes_and_so_is_what_it_is_turned_into(
    values: dict[str, Any],
) -> None:
    submission = parse_submission(values)
    for conf in (values, submission.conf()):
        assert parse_submission(airflow_takes(conf)) == submission

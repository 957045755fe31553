"""The settings variable: defaults, overrides, and errors that name what is wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from include.base.errors import FatalError
from include.base.settings import Settings, load_settings, parse_settings


def test_an_empty_variable_gives_the_defaults() -> None:
    assert parse_settings("") == Settings() == parse_settings("{}")
    assert Settings().remind_after == timedelta(hours=24)
    assert Settings().expires_after == timedelta(days=7)


def test_what_is_set_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_VAR_GTM_FEEDBACK",
        '{"approvers": ["U1"], "question_remind_after_hours": 0.5, "web_base_url": "https://x/"}',
    )
    settings = load_settings()
    assert settings.approvers == ("U1",)
    assert settings.remind_after == timedelta(minutes=30)
    assert settings.request_url("a-b") == "https://x/requests/a-b"
    assert Settings().request_url("a-b") is None


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "must be a JSON object, not list"),
        (
            '{"aprovers": []}',
            "'gtm_feedback': 'aprovers' is unknown; known: review_channel, approve",
        ),
        ('{"approvers": "U1"}', "approvers must be a list, got 'U1'. Correct it there."),
        ('{"approvers": ["U1", 7]}', r"approvers \(item 2\) must be a text, got 7"),
        ('{"review_channel": 5}', "review_channel must be a text, got 5"),
        ('{"question_expires_after_days": 0}', "days must be above 0, got 0"),
        ('{"question_expires_after_days": true}', "days must be a number, got True"),
        ('{"question_expires_after_days": "7"}', "days must be a number, got '7'"),
        ('{"question_expires_after_days": NaN}', "days must be a number that ends, got nan"),
        (
            '{"hot_waits": -1, "hold_from": "x"}',
            "hot_waits must be above 0, got -1; hold_from must",
        ),
        ('{"drains_at_once": 0}', "drains_at_once must be at least 1, got 0"),
        ('{"drains_at_once": 17}', "drains_at_once must be at most 16, got 17"),
    ],
)
def test_a_wrong_setting_is_named(raw: str, message: str) -> None:
    with pytest.raises(FatalError, match=message):
        parse_settings(raw)


@pytest.mark.parametrize(
    ("airflow", "pages"),
    [
        ("https://a.example.com", "https://a.example.com/plugin/feedback/gtm-feedback"),
        ("https://h/airflow/", "https://h/airflow/plugin/feedback/airflow/gtm-feedback"),
    ],
)
def test_links_lead_to_the_pages_inside_airflow_unless_a_setting_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, airflow: str, pages: str
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", airflow)

    assert Settings().request_url("a-b") == f"{pages}/requests/a-b"
    assert Settings().entry_url(7) == f"{pages}/entries/7"
    assert Settings(web_base_url="https://x/").entry_url(7) == "https://x/entries/7"

"""The form of the settings page: what it shows can be sent back, and only changes are stored."""

from __future__ import annotations

import pytest

from include.base.settings import Retention, Settings
from include.web.settings.queries import read_settings, values_of


def shown(monkeypatch: pytest.MonkeyPatch, stored: str) -> dict[str, str]:
    monkeypatch.setenv("AIRFLOW_VAR_GTM_FEEDBACK", stored)
    return {setting.name: setting.text for setting in read_settings()}


@pytest.mark.parametrize(
    "stored",
    [
        "{}",
        '{"hot_waits": 7, "approvers": ["U1", "U2"], "apply_retention": true, "cost_wrong": 7.5}',
        '{"retention": {"audit": 10}, "webhook_private_addresses": true, "digest_channel": ""}',
    ],
)
def test_saving_the_form_as_it_is_shown_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, stored: str
) -> None:
    form = shown(monkeypatch, stored)
    assert set(form) == set(Settings.model_fields)
    kept = Settings.check(values_of(form))
    assert kept == Settings.model_validate_json(stored)


def test_what_was_changed_is_read_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    form = shown(monkeypatch, "{}")
    form |= {"apply_retention": "True", "retention": '{"people": 5}', "cost_question": "0.5"}
    assert values_of(form) == {
        "apply_retention": True,
        "retention": {"people": 5},
        "cost_question": 0.5,
    }
    assert Settings.check(values_of(form)).retention == Retention(people=5)


def test_what_fits_no_kind_is_left_for_the_check_to_name() -> None:
    assert values_of({"apply_retention": "maybe", "retention": "short"}) == {
        "apply_retention": "maybe",
        "retention": "short",
    }

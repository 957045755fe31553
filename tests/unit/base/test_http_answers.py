"""What servers say of how long to wait is read, and never stops a task by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.base.backoff import LONGEST_ASKED, delay_before_retry
from include.base.errors import TransientError
from include.base.http_answers import LONGEST_WAIT, retry_after_seconds


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Wed, 01 Jan 2025 00:00:10 GMT"}, 10.0),
        ({"retry-after": "Tue, 31 Dec 2024 23:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "30s"}, 30.0),
        ({"retry-after": " 60, 60 "}, 60.0),
        ({"retry-after": "99999999999999999999"}, LONGEST_WAIT),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -0900"}, LONGEST_WAIT),
    ],
)
def test_retry_after_is_read_as_seconds(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_seconds(headers, now=datetime(2025, 1, 1, tzinfo=UTC)) == expected


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        (0.0, timedelta(0)),
        (float("inf"), LONGEST_ASKED),
        (1e20, LONGEST_ASKED),
        (-1.0, timedelta(0)),
    ],
)
def test_no_number_is_too_large_to_wait_for(asked: float, waited: timedelta) -> None:
    assert delay_before_retry(TransientError("x", retry_after=asked), 1) == waited

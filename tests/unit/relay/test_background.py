"""What follows from a call stands back while others wait for their acknowledgement."""

from __future__ import annotations

import threading

import pytest

from include.relay import background


@pytest.mark.parametrize("submit", [background.submit, background.submit_delivery])
def test_what_follows_waits_until_every_call_is_acknowledged(submit: object) -> None:
    done = threading.Event()
    with background.acknowledging():
        with background.acknowledging():
            submit(done.set)  # type: ignore[operator]
            assert not done.wait(0.1)
        assert not done.wait(0.1), "one call still waits"
    assert done.wait(10)
    assert background.drain(10)


def test_under_a_load_without_end_it_goes_on_beside_the_acknowledgements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "STANDS_BACK_SECONDS", 0.05)
    done = threading.Event()
    with background.acknowledging():
        background.submit(done.set)
        assert done.wait(10)
    assert background.drain(10)


def test_a_form_opens_at_once() -> None:
    done = threading.Event()
    with background.acknowledging():
        background.submit_view(done.set)
        assert done.wait(10)
    assert background.drain(10)


def test_a_call_that_fails_is_over_too() -> None:
    done = threading.Event()
    with pytest.raises(ValueError, match="refused"), background.acknowledging():
        raise ValueError("refused")
    background.submit(done.set)
    assert done.wait(10)
    assert background.drain(10)

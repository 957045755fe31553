"""Only modules below ``include`` may be called from a hook's row."""

from __future__ import annotations

import pytest

from include.base.errors import FatalError
from include.durable.handlers import resolve_handler


@pytest.mark.parametrize(
    "module",
    ["os", "include", "include.", "include.os;x", "includes.x", "include..x", "include/x", ""],
)
def test_a_module_elsewhere_is_refused(module: str) -> None:
    with pytest.raises(FatalError, match="not a module below"):
        resolve_handler(module)


def test_a_module_without_the_function_is_named() -> None:
    with pytest.raises(FatalError, match=r"include\.errors"):
        resolve_handler("include.base.errors")


def test_the_questions_module_is_a_handler() -> None:
    from include.entries import questions

    assert resolve_handler(questions.HANDLER) is questions.on_hook_event

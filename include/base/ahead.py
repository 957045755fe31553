"""Calls that are under way before their results are wanted."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class Ahead(Generic[Result]):
    """A call that runs in a thread, beside whatever its caller does until it needs the result.

    What nobody asks for is dropped. A question to Airflow that is under way holds up the task's
    later ones for as long as it takes.
    """

    def __init__(self, call: Callable[[], Result]) -> None:
        self._call = call
        self._result: Future[Result] = Future()
        Thread(target=self._begin, name="ahead", daemon=True).start()

    def __call__(self) -> Result:
        """The result, or the call's error, as soon as it is there; the same each time."""
        return self._result.result()

    def _begin(self) -> None:
        try:
            self._result.set_result(self._call())
        except BaseException as error:  # whoever asks gets it
            self._result.set_exception(error)

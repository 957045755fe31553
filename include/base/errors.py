"""What went wrong, said by whether trying again can help.

The retry policy of the DAGs reads these types: a `FatalError` fails the task at once, a
`TransientError` is tried again, after `retry_after` seconds when the other side said so. A message
names what was wrong, with which value and what to do; it never holds a secret or a customer's
words, because it ends in logs.
"""

from __future__ import annotations


class FatalError(Exception):
    """A permanent failure: bad input, missing data, refused credentials. Never retried."""


class UnstorableValue(FatalError):
    """A value no row can hold: a text with NUL, a lone half of a character, a number too large.

    Args:
        message: A sentence for whoever sent it, without the value.
        field: Which value it is, where that can be told.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Defect(FatalError):
    """The product is at fault, such as by a statement that does not fit the schema."""


class TransientError(Exception):
    """A failure that may be gone in a moment: a timeout, a lost connection, a rate limit, a 5xx.

    Args:
        message: What failed, without secrets or customer text.
        retry_after: Seconds the other side asked to wait, or None when it did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        """Keep `retry_after` when the exception crosses a process boundary."""
        return _rebuild, (type(self), str(self), self.retry_after)


class EmbeddingsUnavailable(TransientError):
    """The embeddings endpoint cannot answer now; a caller may go on with full text alone."""


def _rebuild(kind: type[TransientError], message: str, retry_after: float | None) -> TransientError:
    return kind(message, retry_after=retry_after)

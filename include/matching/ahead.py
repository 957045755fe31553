"""An embedding that is under way before it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.base.ahead import Ahead

if TYPE_CHECKING:
    from include.matching.types import Embedder


class EmbeddedAhead:
    """An embedder that begins with one text at once, beside whatever its caller does meanwhile.

    A task knows the words of its run before it has a connection to the database, so the server
    works while the task connects and reads. Asked for this text and nothing else it gives that
    answer, or raises that error; any other call is a call of its own. What nobody asks for is
    dropped: the process does not wait for it.

    Args:
        embedder: Makes the call, in a thread.
        text: What will probably be asked for.
    """

    def __init__(self, embedder: Embedder, text: str) -> None:
        self._embedder = embedder
        self._text = text
        self._vectors = Ahead(lambda: embedder.embed([text]))

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._embedder.model

    @property
    def dimensions(self) -> int:
        """Size of a vector."""
        return self._embedder.dimensions

    def embed(self, texts: list[str]) -> list[list[float]]:
        """One vector for each text, in order; errors as of the embedder itself."""
        return self._vectors() if texts == [self._text] else self._embedder.embed(texts)

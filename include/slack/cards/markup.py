"""Text that Slack may read as mrkdwn: a type, so that forgetting to escape is a type error.

A card's text is :class:`Markup`, and there are three ways to it: :func:`markup` fills the blanks
of a sentence of the product, :func:`escape` takes a value from outside, :func:`joined` puts several
together. Each escapes what is not markup yet. An f-string, ``+`` and the methods of ``str`` give a
plain ``str``, which no card takes.
"""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Markup(str):
    """mrkdwn in which nothing from outside is live. Made by this module's functions only."""

    __slots__ = ()


class _Escaping(Formatter):
    """Fills blanks as ``str.format`` does, and escapes what it fills them with."""

    def format_field(self, value: Any, format_spec: str) -> Markup:
        return escape(value if isinstance(value, Markup) else format(value, format_spec))

    def check_unused_args(
        self, used_args: set[int | str], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        if len(used_args) != len(args) + len(kwargs):
            raise TypeError("a value has no blank in the sentence that it was given for")


_FORMATTER = _Escaping()


def markup(sentence: str, /, *values: object, **named: object) -> Markup:
    """A sentence of the product with its blanks filled: ``markup("*{}* said {}", name, words)``.

    The sentence is a literal (a test reads the code for that); a value may be of any type, and is
    escaped unless it is markup already.

    Raises:
        IndexError, KeyError: a blank has no value.
        TypeError: a value has no blank.
    """
    return Markup(_FORMATTER.vformat(sentence, values, named))


def escape(value: object) -> Markup:
    """A value's text without Slack's three control characters, so that it is no link and no ping.

    Markup stays as it is: nothing is escaped twice.
    """
    if isinstance(value, Markup):
        return value
    text = str(value)
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def joined(parts: Iterable[str], by: str = "\n") -> Markup:
    """Several texts as one; what is not markup is escaped."""
    return Markup(escape(by).join(escape(part) for part in parts))


def only_markup(text: object) -> Markup:
    """The same text, if it is markup: what a type checker cannot see (``Any``) ends here.

    Raises:
        TypeError: it is a plain string.
    """
    if not isinstance(text, Markup):
        raise TypeError(f"a card takes Markup, not {type(text).__name__}: use markup() or escape()")
    return text

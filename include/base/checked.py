"""Pydantic models whose refusals are sentences for people: field, fault, value, remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError, core_schema

from include.base.errors import FatalError
from include.base.text import identifier, unstorable

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import ErrorDetails

LONGEST_SHOWN = 40
_KINDS = {
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "decimal_type": "a number",
    "decimal_parsing": "a number",
    "float_parsing": "a number",
    "finite_number": "a number that ends",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "an object",
}
_SORTS: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    tuple: "a list",
    dict: "an object",
}
"""What a value is whose words no message may show."""

_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field; ``item`` counts from 1 in a field that is a list."""

    field: str
    what: str
    item: int | None = None

    def __str__(self) -> str:
        """The sentence, which begins with the field's name."""
        return f"{self.field}{f' (item {self.item})' if self.item else ''} {self.what}"

    def beside_field(self) -> str:
        """The sentence as it is shown beside the field in a form."""
        return f"{f'Item {self.item}' if self.item else 'This'} {self.what}."


class Refused(FatalError):
    """Input that does not fit; ``problems`` says why, field by field."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the problems when the exception crosses a process boundary."""
        return type(self), (self.problems,)


class Checked(BaseModel):
    """A model that refuses unknown fields and never changes; ``null`` means not given."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    private: ClassVar[frozenset[str]] = frozenset()
    """Fields whose value no message may show."""

    @model_validator(mode="before")
    @classmethod
    def _given(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> Self:
        """The model of these values.

        Raises:
            Refused: something is missing, wrong or unknown; all of it is told at once.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            found = error.errors(include_url=False)
        raise Refused(tuple(_problem(cls, one) for one in found))


@dataclass(frozen=True)
class Text:
    """A text in the form it is stored in, limited as it is given and as it is stored."""

    form: Callable[[str], str]
    characters: int
    bytes: int

    def __get_pydantic_core_schema__(
        self, _source: Any, _handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        given = core_schema.str_schema(max_length=self.characters)
        return core_schema.no_info_after_validator_function(self._stored, given)

    def _stored(self, given: str) -> str:
        if fault := unstorable(given):
            raise refusal(fault)
        text = self.form(given)
        if len(text) > self.characters:
            # A few composed characters are taken apart by NFC.
            raise refusal(_too_many(len(text), "characters", self.characters))
        if (size := len(text.encode())) > self.bytes:
            raise refusal(_too_many(size, "bytes in UTF-8", self.bytes))
        return text


Id = Annotated[str, Text(identifier, 200, 800)]
"""An id of another system, kept as it is given."""


def none_if_blank(value: str | None) -> str | None:
    """``None`` for a text of which nothing was left."""
    return value or None


def refusal(what: str) -> PydanticCustomError:
    """What a validator raises: a sentence without its subject, which is the field."""
    return PydanticCustomError("refused", "{what}", {"what": what})


def shown(value: Any) -> str:
    """A value as a message shows it: quoted, on one line, shortened."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def _too_many(number: int, of_what: str, most: int) -> str:
    return f"has {number} {of_what}; at most {most} are allowed"


def _problem(model: type[Checked], error: ErrorDetails) -> Problem:
    path = [part for part in error["loc"] if isinstance(part, str)]
    item = next((part + 1 for part in error["loc"] if isinstance(part, int)), None)
    if error["type"] == "extra_forbidden":
        *above, name = path
        known = ", ".join(_model_at(model, above).model_fields)
        return Problem(shown(".".join([*above, name])), f"is unknown; known: {known}")
    hidden = bool(model.private.intersection(path))
    return Problem(".".join(path) or "the input", _what(model, path, error, hidden=hidden), item)


def _what(model: type[Checked], path: list[str], error: ErrorDetails, *, hidden: bool) -> str:
    kind, value, facts = error["type"], error["input"], error.get("ctx", {})
    got = _SORTS.get(type(value), "something else") if hidden else shown(value)
    if kind == "missing":
        return "is missing"
    if kind == "string_unicode":
        return unstorable(value) or "is no Unicode text"
    if kind == "string_too_long":
        return _too_many(len(value), "characters", facts["max_length"])
    if kind == "too_long":
        return _too_many(len(value), "items", facts["max_length"])
    if kind == "string_too_short":
        return "is missing or blank"
    if kind in ("literal_error", "enum"):
        allowed = facts["expected"].replace("'", "").replace(" or ", ", ")
        return f"{got} is unknown; use one of {allowed}"
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, got {got}"
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"must be {words} {facts[bound]:g}, got {got}"
    if kind == "model_type":
        fields = ", ".join(_model_at(model, path).model_fields)
        return f"must be an object with {fields}, got {got}"
    return error["msg"]


def _model_at(model: type[BaseModel], path: list[str]) -> type[BaseModel]:
    for name in path:
        annotation = model.model_fields[name].annotation
        model = next(
            kind
            for kind in (annotation, *get_args(annotation))
            if isinstance(kind, type) and issubclass(kind, BaseModel)
        )
    return model

"""Parameters of DAGs: made of a Pydantic model, and those that several DAGs share.

The UI shows a form of them and the REST API refuses what does not fit, before a run is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Param

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic import BaseModel


LARGEST_ID = 2**63 - 1
"""Of a row; a larger number is refused by the schema, and not by the database."""


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of a model without references, one type or that and ``null`` for each field.

    A field with a default may be ``null``, which is what a form sends for one left blank.
    """
    schema = model.model_json_schema()
    return _flat(schema, schema.pop("$defs", {}))


def params_of(
    model: type[BaseModel], *, optional: Collection[str] = (), **defaults: Any
) -> dict[str, Param]:
    """The fields of a model as parameters.

    A field without a default gets ``null``, though it is refused: the triggerer resolves the
    parameters of a DAG with a wait without a run's conf, and one with no default at all ends its
    process (Airflow 3.3.2).

    Args:
        model: Its fields, with titles, descriptions and limits.
        optional: Fields without a default that may be left out all the same: a run that is told
            the id of a stored entry needs no words.
        defaults: Other defaults than the model's, by field.
    """
    params = {}
    for name, field in schema_of(model)["properties"].items():
        default, description = field.pop("default", None), field.pop("description", None)
        schema = _nullable(field) if name in optional else field
        params[name] = Param(defaults.get(name, default), description, **schema)
    return params


def _flat(schema: dict[str, Any], kinds: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        kind = kinds[schema.pop("$ref").rpartition("/")[2]]
        return _flat({**kind, **schema}, kinds)
    if "anyOf" in schema:
        [only] = [kind for kind in schema.pop("anyOf") if kind.get("type") != "null"]
        return _nullable(_flat({**only, **schema}, kinds))
    for name, inner in schema.get("properties", {}).items():
        flat = _flat(inner, kinds)
        is_required = name in schema.get("required", ())
        schema["properties"][name] = flat if is_required else _nullable(flat)
    return schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema["type"]
    flat = {**schema, "type": kind if isinstance(kind, list) else ["null", kind]}
    return flat | {"enum": [None, *schema["enum"]]} if "enum" in schema else flat


REQUEST_PARAM = Param(
    None,
    type="string",
    minLength=1,
    maxLength=2_000,
    pattern=r"\S",
    title="Request",
    description="A request's slug, or the address of its page.",
)
"""Which request a run is about; ``include.requests.lookup`` reads it."""

MOST_ROWS = 1_000
"""Rows that a call may hold; more of them belong into a file."""


def load_params(*pairs: tuple[str, str]) -> dict[str, Param]:
    """Parameters of a DAG that loads lines: for each pair of names a file, or the rows themselves.

    What a row may hold is checked line by line, so that one bad row does not refuse the others.
    """
    params = {}
    for path, rows in pairs or (("path", "rows"),):
        params[path] = Param(
            None,
            type=["null", "string"],
            minLength=1,
            maxLength=2_000,
            description="A path of the workers' machine, or a URL of an object storage.",
        )
        params[rows] = Param(
            None,
            type=["null", "array"],
            items={"type": "object"},
            maxItems=MOST_ROWS,
            description="The rows themselves, instead of a file.",
        )
    return params | {
        "format": Param(None, type=["null", "string"], enum=[None, "jsonl", "csv"]),
        "dry_run": Param(False, type="boolean", description="Only say what it would do."),
    }

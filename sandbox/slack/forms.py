"""What a person can press or fill in, and the state Slack makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.slack.errors import ActError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Json = dict[str, Any]

_SINGLE = ("static_select", "external_select", "radio_buttons", "overflow")
_MULTI = ("multi_static_select", "multi_external_select", "checkboxes")
_PICKS = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
}


def elements(blocks: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with its block."""
    for block in blocks:
        candidates = [block.get("accessory"), block.get("element")]
        if block.get("type") == "actions":
            candidates += block["elements"]
        for element in candidates:
            if isinstance(element, dict) and "action_id" in element:
                yield block, element


def find(
    blocks: Iterable[Json], action_id: str, block_id: str | None, value: str | None
) -> tuple[Json, Json]:
    """The element a person means; the value tells buttons of one action_id apart.

    Raises:
        ActError: There is none, or more than one fits.
    """
    everything = list(elements(blocks))
    fits = [
        (b, e)
        for b, e in everything
        if e["action_id"] == action_id and block_id in (None, b["block_id"])
    ]
    if len(fits) > 1 and value is not None:
        fits = [(b, e) for b, e in fits if e.get("value") == value] or fits
    if not fits:
        there = sorted({e["action_id"] for _, e in everything})
        raise ActError(f"no element with action_id {action_id!r}; there are {there}")
    if len(fits) > 1:
        raise ActError(f"several elements have action_id {action_id!r}: name block_id or value")
    return fits[0]


def options_of(element: Json) -> list[Json]:
    """All options, those in groups too."""
    grouped = [o for g in element.get("option_groups") or () for o in g.get("options", ())]
    return [*(element.get("options") or ()), *grouped]


def _option(element: Json, value: Any) -> Json:
    if isinstance(value, dict):
        return value
    for option in options_of(element):
        if option["value"] == value:
            return option
    if "external" in element["type"]:
        raise ActError("an external select takes an option as the relay suggested it, not a value")
    raise ActError(
        f"{element['action_id']!r} has no option {value!r};"
        f" there are {[o['value'] for o in options_of(element)]}"
    )


def state_of(element: Json, value: Any) -> Json:
    """The element's state after a person chose or typed the value (``None``: nothing)."""
    kind = element["type"]
    state: Json = {"type": kind}
    if kind in _SINGLE:
        state["selected_option"] = None if value in (None, "") else _option(element, value)
    elif kind in _MULTI:
        state["selected_options"] = [_option(element, v) for v in value or ()]
    elif kind == "multi_users_select":
        state["selected_users"] = list(value or ())
    elif kind in _PICKS:
        state[_PICKS[kind]] = value or None
    else:
        state["value"] = None if value in (None, "") else str(value)
    return state


def initial_value(element: Json) -> Any:
    """What the element shows before anybody touched it."""
    for name in ("initial_value", "initial_option", "initial_options", "initial_user"):
        if name in element:
            return element[name]
    for name in ("initial_users", "initial_date", "initial_time", "initial_conversation"):
        if name in element:
            return element[name]
    return element.get("initial_channel")


def _empty(state: Json) -> bool:
    return all(v in (None, "", []) for k, v in state.items() if k != "type")


def fill(blocks: Iterable[Json], values: Json, *, require: bool) -> Json:
    """``state.values`` of a form.

    Args:
        blocks: The form.
        values: ``{block_id: {action_id: value}}``, or ``{block_id: value}`` for a single element.
        require: Refuse a form whose mandatory inputs are empty, as Slack's client does.

    Raises:
        ActError: A block or option does not exist, or a mandatory input is empty.
    """
    state: dict[str, Json] = {}
    known: set[str] = set()
    for block, element in elements(blocks):
        block_id, action_id = block["block_id"], element["action_id"]
        known.add(block_id)
        if element["type"] in ("button", "overflow"):
            continue
        value = initial_value(element)
        if block_id in values:
            given = values[block_id]
            is_option = isinstance(given, dict) and {"text", "value"} <= given.keys()
            is_map = isinstance(given, dict) and not is_option
            value = given.get(action_id, value) if is_map else given
        filled = state_of(element, value)
        mandatory = block["type"] == "input" and not block.get("optional")
        if require and mandatory and _empty(filled):
            raise ActError(f"the input {block_id!r} must be filled in")
        state.setdefault(block_id, {})[action_id] = filled
    unknown = set(values) - known
    if unknown:
        raise ActError(f"no such input: {sorted(unknown)}; there are {sorted(known)}")
    return state


def action_of(block: Json, element: Json, value: Any, ts: str) -> Json:
    """The entry of ``actions`` for one press or choice."""
    kind = element["type"]
    action: Json = {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "type": kind,
        "action_ts": ts,
    }
    if kind == "button":
        action |= {k: element[k] for k in ("text", "value", "style", "url") if k in element}
        return action
    return action | state_of(element, value)

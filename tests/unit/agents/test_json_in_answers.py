"""The one object that fits is taken out of what a model writes around it."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel

from include.agents.schema import MalformedAnswer, read_answer


class Given(BaseModel):
    id: int
    why: str = ""


PLAIN = '{"id": 1, "why": "a {b} \\"c\\""}'


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"```json\n{PLAIN}\n```",
        f"```json {PLAIN} ```",
        f'<think>Perhaps {{"id": 7}}? No.</think>\n\n{PLAIN}',
        f"Here is the answer:\n\n```json\n{PLAIN}\n```\nI hope it helps.",
        f"{PLAIN}<|im_end|>",
        f"{PLAIN}</s>",
        f"[{PLAIN}]",
        json.dumps(PLAIN),
        f"The set {{1, 2}} holds. {PLAIN}",
        f'{{"type": "object"}}\n{PLAIN}',
        f"\ufeff{PLAIN}",
        f'Perhaps {{"id": 7}}? No.\n</think>\n{PLAIN}',
        f'[THINK]{{"id": 7}}[/THINK]{PLAIN}',
        f'<seed:think>{{"id": 7}}</seed:think>{PLAIN}',
        f'\u25c1think\u25b7{{"id": 7}}\u25c1/think\u25b7{PLAIN}',
        f'<|channel|>analysis<|message|>{{"id": 7}}<|end|><|channel|>final<|message|>{PLAIN}',
        '{"id": 1, "why": "they write </think> or <|message|> there"}',
        '{"id": 1, "why": "over\ntwo lines\tand a tab"}',
        f'{{"answer": {PLAIN}}}',
        f'{{"name": "given", "arguments": {PLAIN}}}',
    ],
)
def test_the_object_that_fits_is_taken_out_of_what_stands_around_it(text: str) -> None:
    assert read_answer(text, Given, lambda value: value).id == 1


@pytest.mark.parametrize(
    "text",
    ["", "no", "{", '{"id": 1', "[]", '"x"', "null", f"{PLAIN}{PLAIN}", f"[{PLAIN}, {PLAIN}]", "7"],
)
def test_without_one_object_that_fits_it_is_malformed(text: str) -> None:
    with pytest.raises(MalformedAnswer):
        read_answer(text, Given, lambda value: value)


@pytest.mark.parametrize("unit", ["{", '{"a":', '"', "[{", "<think>", '{"a": 1} '])
def test_a_hostile_answer_is_read_in_time(unit: str) -> None:
    with pytest.raises(MalformedAnswer):
        read_answer((unit * 100_000)[:100_000], Given, lambda value: value)

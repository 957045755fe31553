"""Forgetting to escape is a type error, and what a type checker cannot see is refused when run."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from mypy import api

from include.slack.cards.blocks import Rendered, clip, clip_lines, context, section
from include.slack.cards.markup import Markup, escape, joined, markup

ROOT = Path(__file__).parents[4]
CODE = [path for room in ("include", "plugins", "dags") for path in (ROOT / room).rglob("*.py")]
MAKERS = {"include/slack/cards/markup.py", "include/slack/cards/blocks.py"}
"""Where ``Markup`` is made; ``blocks`` cuts it."""

RIGHT = """
from include.slack.cards.blocks import Rendered, context, section
from include.slack.cards.markup import escape, joined, markup

def card(said: str) -> Rendered:
    quote = markup("*{}* said", said)
    return Rendered(quote, [section(escape(said)), context(joined([quote, said]))])
"""
WRONG = [
    "section(said)",
    "context(said)",
    'section(f"*{said}*")',
    'section(markup("*{}*", said) + said)',
    'section(f"{escape(said)} {said}")',
    "section(escape(said).upper())",
    'section(", ".join([escape(said)]))',
    "Rendered(said, [])",
]


def test_a_plain_string_in_a_card_is_a_type_error(tmp_path: Path) -> None:
    lines = [f"def wrong_{n}(said: str) -> object:\n    return {w}" for n, w in enumerate(WRONG)]
    snippet = tmp_path / "snippet.py"
    snippet.write_text("\n".join([RIGHT, *lines]))
    config = ["--config-file", str(ROOT / "pyproject.toml"), "--output=json"]

    found, trouble, _ = api.run([*config, "--follow-imports=silent", str(snippet)])

    errors = [json.loads(line) for line in found.splitlines()]
    first = RIGHT.count("\n") + 3
    assert trouble == ""
    assert [(one["line"], one["code"]) for one in errors] == [
        (first + 2 * number, "arg-type") for number in range(len(WRONG))
    ]


@pytest.mark.parametrize("make", [section, context, lambda said: Rendered(said, [])])
def test_a_plain_string_is_refused_when_run(make: Any) -> None:
    with pytest.raises(TypeError, match="a card takes Markup, not str"):
        make("<!channel>")


def test_what_fills_a_blank_is_escaped_once() -> None:
    name = markup("<@{}>", "U1")

    assert markup("*{}* by {}: {:.2f}", "<!here> & co", name, 0.5) == (
        "*&lt;!here&gt; &amp; co* by <@U1>: 0.50"
    )
    assert escape(escape("<a>")) == "&lt;a&gt;"
    assert joined([name, "<!here>"], " > ") == "<@U1> &gt; &lt;!here&gt;"
    assert markup("{who}", who="{}") == "{}"


@pytest.mark.parametrize(("sentence", "values"), [("{} {}", ["a"]), ("{}", ["a", "b"])])
def test_blanks_and_values_must_agree(sentence: str, values: list[str]) -> None:
    with pytest.raises((IndexError, TypeError)):
        markup(sentence, *values)


def test_a_cut_keeps_the_limit_and_whole_lines() -> None:
    three = joined(["<a>", "b" * 20, "c"])

    assert clip_lines(three, 1000) is three
    assert clip_lines(three, 31) == "&lt;a&gt;\n" + "b" * 20
    assert len(clip_lines(escape("x" * 50), 31)) == 31
    assert isinstance(clip(three, 12), Markup)
    assert len(clip(three, 12)) <= 12


def calls() -> list[tuple[str, ast.Call, str]]:
    found = []
    for path in CODE:
        place = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                found.append((place, node, name))
    return found


def test_a_sentence_is_a_literal_and_markup_is_made_in_one_place() -> None:
    called = calls()
    sentences = [(place, node) for place, node, name in called if name == "markup"]
    made = {
        place
        for place, node, name in called
        if name == "Markup" and not place.startswith("include/web/")  # HTML has a type of its own
    }

    assert len(sentences) > 80
    assert [
        f"{place}:{node.lineno}"
        for place, node in sentences
        if not (isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str))
    ] == []
    assert made == MAKERS

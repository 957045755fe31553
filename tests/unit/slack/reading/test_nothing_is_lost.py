"""Whatever is written in a message's visible parts comes out, in order; nothing makes it fail."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.slack_messages import Writer, broken, disturbed, missing
from include.slack.reading.message import read_message
from include.slack.reading.values import Names

MESSAGES = 3_000
"""Each is read as written, disturbed and broken."""

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("type", "text", "elements", "blocks", "fields", "rows", "title", "message"),
                    *(
                        "attachments",
                        "message_blocks",
                        "files",
                        "name",
                        "url",
                        "timestamp",
                        "style",
                    ),
                    *("fallback", "offset", "indent", "accessory", "preview", "from", "unicode"),
                ]
            ),
            inner
            | st.sampled_from(["rich_text", "rich_text_list", "section", "table", "date", "emoji"]),
            max_size=6,
        )
    ),
    max_leaves=20,
)


def test_no_visible_word_is_lost_and_the_order_is_kept() -> None:
    random = Random(20261128)
    writer = Writer(random)
    for _ in range(MESSAGES):
        message = writer.message()
        for payload in (message.payload, disturbed(message.payload, random)):
            lost = missing(message.words, read_message(payload).text)
            assert lost is None, (lost, payload)
        read_message({key: broken(one, random) for key, one in message.payload.items()})


@given(
    st.dictionaries(
        st.sampled_from(["text", "blocks", "attachments", "files", "subtype", "user", "comment"]),
        _VALUES,
    )
)
@settings(max_examples=200, deadline=None)
def test_no_payload_makes_the_reader_fail(payload: dict[str, Any]) -> None:
    found = read_message(payload)
    found.text.encode()
    assert "\x00" not in found.text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
@settings(deadline=None)
def test_plain_text_and_rich_text_come_out_to_the_letter(words: str) -> None:
    words = f"a{words.replace(chr(0), '')}z"
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": escaped}}
    ]
    assert read_message({"text": "x", "blocks": blocks}).text == words
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": words}]}
    blocks = [{"type": "rich_text", "elements": [section]}]
    assert read_message({"text": "x", "blocks": blocks}, Names()).text == words


@given(st.text(alphabet="abc 5*_~`:<>&\n@#!|^", max_size=40))
@settings(max_examples=300, deadline=None)
def test_letters_of_escaped_mrkdwn_all_come_out(words: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    signs = str.maketrans("", "", "*_~`\n ")
    assert read_message({"text": escaped}).text.translate(signs) == words.translate(signs)


def test_a_reader_that_loses_a_word_is_found_out() -> None:
    message = Writer(Random(7)).message()
    whole = read_message(message.payload).text
    assert missing(message.words, whole.replace(message.words[-1], "")) == message.words[-1]

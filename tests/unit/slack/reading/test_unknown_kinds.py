"""What Slack adds after this was written is read all the same; what nobody said is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.slack.reading.test_message import Json, mrkdwn, part, plain, read, rich, text


def row(*cells: Json) -> list[Json]:
    return list(cells)


@pytest.mark.parametrize(
    ("element", "words"),
    [
        (part("callout", text("It hurts")), "It hurts"),
        (part("callout", part("list", part("section", text("a")), style="bullet")), "\u2022 a"),
        (part("section", text("a "), {"type": "span", "elements": [text("b")]}), "a b"),
        (part("section", {"type": "canvas", "file_id": "F1", "label": "Roadmap"}), "Roadmap"),
        (part("section", {"type": "ref", "url": "https://x.example", "title": "That"}), "That"),
        (part("section", {"type": "ref", "url": "https://x.example"}), "https://x.example"),
        (part("section", {"type": "canvas_user_mention", "user_id": "U9"}), "@Ann Ames"),
        (part("section", {"type": "channel_card", "channel_id": "C9"}), "#sales"),
        (part("section", text("a "), {"type": "tag", "tag": {"text": "urgent"}}), "a urgent"),
        (part("section", {"type": "pill", "label": plain("Gold plan")}), "Gold plan"),
        ({"type": "rich_text_header", "text": plain("It hurts")}, "It hurts"),
        (part("list", part("section", text("a")), style="checked"), "\u2611 a"),
        (part("list", part("section", text("a")), style="unchecked"), "\u2610 a"),
    ],
)
def test_a_new_kind_in_a_rich_text_keeps_its_words(element: Json, words: str) -> None:
    assert read([rich(element)]) == words


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (
            {"type": "note", "level": "error", "content": "x", "entries": ["a b", "\u75db\u3044"]},
            "x\na b\n\u75db\u3044",
        ),
        (
            {"type": "card", "title": mrkdwn("*T*"), "actions": [{"type": "button", "text": "Go"}]},
            "T",
        ),
        (
            {
                "type": "carousel",
                "elements": [{"type": "card", "body": plain("a")}, {"title": "b"}],
            },
            "a\nb",
        ),
        (
            {
                "type": "data_table",
                "caption": "Loads",
                "rows": [
                    row({"type": "raw_text", "text": "a"}, {"type": "raw_number", "value": 7.5}),
                    row(rich(part("section", text("b"))), {"type": "new", "content": "c"}),
                ],
            },
            "Loads\na | 7.5\nb | c",
        ),
        (
            {
                "type": "data_visualization",
                "title": "Tickets",
                "chart": {
                    "type": "bar",
                    "series": [
                        {"name": "Exports", "data": [{"label": "May", "value": 45}]},
                        {"name": "Logins", "data": [{"label": "May", "value": 0.5}]},
                    ],
                    "axis_config": {"categories": ["May"], "x_label": "Month", "y_label": "Open"},
                },
            },
            "Tickets\nMonth\nOpen\nExports: May 45\nLogins: May 0.5",
        ),
        (
            {
                "type": "data_visualization",
                "title": "Shares",
                "chart": {"type": "pie", "segments": [{"label": "Gold", "value": 7}]},
            },
            "Shares\nGold 7",
        ),
        (
            {
                "type": "container",
                "title": plain("Ticket"),
                "rich_text_title": {"type": "rich_text_inline", "elements": [text("Ticket 7")]},
                "subtitle": mrkdwn("*new*"),
                "child_blocks": [
                    {"type": "section", "text": mrkdwn("It _hurts_")},
                    {"type": "actions", "elements": [{"type": "button", "text": plain("Go")}]},
                ],
            },
            "Ticket 7\nnew\nIt hurts",
        ),
        ({"type": "card", "body": plain("a"), "slack_icon": {"name": "rocket"}}, "a"),
        ({"type": "file", "file": {"title": "R&amp;D", "name": "r.pdf", "id": "F1"}}, "R&D"),
        (
            {
                "type": "context",
                "elements": [
                    {"type": "user", "user_id": "U9"},
                    plain("said"),
                    {"type": "new", "text": mrkdwn("*it*")},
                ],
            },
            "@Ann Ames said it",
        ),
        (
            {
                "type": "input",
                "label": plain("What hurts?"),
                "element": {
                    "type": "plain_text_input",
                    "placeholder": plain("Type here"),
                    "initial_value": "Exports",
                },
            },
            "What hurts?\nExports",
        ),
        ({"type": "video", "title": plain("Demo"), "alt_text": "Demo"}, "Demo"),
    ],
)
def test_a_new_kind_of_block_keeps_its_words(block: Json, words: str) -> None:
    assert read([block]) == words


def shared(*messages: Json, **more: Any) -> Json:
    return (
        {"is_share": True, "author_name": "Ben"}
        | more
        | {"message_blocks": [{"message": message} for message in messages]}
    )


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (shared({"text": "only *here* &amp; now"}), "only here & now"),
        (shared({"text": "x", "blocks": [rich(part("section", text("one")))]}), "one"),
        (shared({"blocks": [rich(part("section", text("one")))]}, {"text": "two"}), "one\ntwo"),
        (shared({"blocks": [{"type": "divider"}]}, text="Look _at_ it"), "Look at it"),
        (shared({"text": "This content can't be displayed."}, text="it"), "it"),
        (shared({"text": "a", "attachments": [shared({"text": "b"})]}), "a\n\nb"),
    ],
)
def test_every_message_that_was_shared_is_read(card: Json, words: str) -> None:
    assert read([], text="", attachments=[card]) == words


def test_of_an_attachment_only_what_slack_formats_is_mrkdwn() -> None:
    card = {
        "author_name": "R&amp;D desk",
        "title": "Swap *_id* and _old_ &amp; <https://x.example|new>",
        "text": "_really_",
        "fields": [{"title": "*.csv* files", "value": "*all*"}],
        "footer": "via ~mail~",
    }
    assert read([], text="", attachments=[card]) == (
        "R&D desk\nSwap *_id* and _old_ & new (https://x.example)\nreally\n"
        "*.csv* files: all\nvia ~mail~"
    )


PAGE = "<html><style>p{}</style><p>Hello,<br>it &lt;hurts&gt; &amp; more</p><li>a<li>b</html>"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ({"mode": "email", "subject": "S", "preview": PAGE}, "S\nHello,\nit <hurts> & more\na\nb"),
        ({"filetype": "email", "title": "S", "simplified_html": "<p>x</p>"}, "S\nx"),
        ({"mode": "email", "subject": "S", "plain_text": "a <b> c", "preview": PAGE}, "S\na <b> c"),
        ({"filetype": "quip", "title": "Notes", "preview": "<h1>One</h1>two"}, "Notes\nOne\ntwo"),
        (
            {"mode": "space", "title": "Post", "preview": "no tags, 5 &amp; 6"},
            "Post\nno tags, 5 & 6",
        ),
        ({"mode": "snippet", "title": "a.html", "preview": "<p>x</p>"}, "a.html\n<p>x</p>"),
    ],
)
def test_a_page_is_read_as_its_words_and_a_snippet_as_written(file: Json, words: str) -> None:
    assert read([], text="", files=[file]) == words

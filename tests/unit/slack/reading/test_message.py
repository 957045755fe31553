"""Every place in which Slack carries what a person reads is read, once and in reading order."""

from __future__ import annotations

from typing import Any

import pytest

from include.slack.reading.message import read_message
from include.slack.reading.parts import Place
from include.slack.reading.values import Names

Json = dict[str, Any]
STOCK = "This content can't be displayed."


def text(words: str, **style: bool) -> Json:
    return {"type": "text", "text": words} | ({"style": style} if style else {})


def part(kind: str, *elements: Json, **more: Any) -> Json:
    return {"type": f"rich_text_{kind}", "elements": list(elements), **more}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "block_id": "b", "elements": list(elements)}


def mrkdwn(words: str) -> Json:
    return {"type": "mrkdwn", "text": words}


def plain(words: str) -> Json:
    return {"type": "plain_text", "text": words, "emoji": True}


def read(blocks: list[Any], **more: Any) -> str:
    message = {"type": "message", "user": "U1", "ts": "1.1", "text": STOCK, "blocks": blocks}
    names = Names(users={"U9": "Ann Ames"}, channels={"C9": "sales"})
    return read_message(message | more, names).text


def test_a_rich_text_comes_out_as_it_looks() -> None:
    block = rich(
        part("section", text("Their list & <b>:\n")),
        part(
            "list", part("section", text("first")), part("section", text("second")), style="bullet"
        ),
        part("list", part("section", text("deeper")), style="bullet", indent=1),
        part("list", part("section", text("third")), style="ordered", offset=2),
        part("quote", text("We stop\nat "), text("5*3*2", bold=True)),
        part("preformatted", text("ERROR 42\n  at x_1")),
    )
    assert read([block], text="Their list &amp; ...") == (
        "Their list & <b>:\n• first\n• second\n    • deeper\n3. third\n"
        "> We stop\n> at 5*3*2\nERROR 42\n  at x_1"
    )


def test_every_kind_of_inline_element_is_readable() -> None:
    kinds = [
        {"type": "user", "user_id": "U9"},
        {"type": "user", "user_id": "U8"},
        {"type": "channel", "channel_id": "C9"},
        {"type": "usergroup", "usergroup_id": "S1"},
        {"type": "broadcast", "range": "here"},
        {"type": "date", "timestamp": 1394712000, "format": "{date}", "fallback": "14 Nov"},
        {"type": "date", "timestamp": 1394712000},
        {"type": "emoji", "name": "red_circle", "unicode": "1f534"},
        {"type": "emoji", "name": "wave", "skin_tone": 2},
        {"type": "emoji", "unicode": "1f534"},
        {"type": "link", "url": "https://x.example", "text": "the page"},
        {"type": "link", "url": "https://x.example"},
        {"type": "color", "value": "#ff0000"},
        {"type": "something_new", "text": "new"},
    ]
    spaced = [one for kind in kinds for one in (kind, text(" "))]
    assert read([rich(part("section", *spaced))]).split(" ") == [
        *("@Ann", "Ames", "@U8", "#sales", "@S1", "@here", "14", "Nov", "2014-03-13"),
        *(":red_circle:", ":wave::skin-tone-2:", "\U0001f534", "the", "page"),
        *("(https://x.example)", "https://x.example", "#ff0000", "new", ""),
    ]


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"type": "section", "text": mrkdwn("*R&amp;D* lacks")}, "R&D lacks"),
        ({"type": "section", "text": plain("*R&amp;D*")}, "*R&D*"),
        ({"type": "section", "fields": [mrkdwn("*Plan*\nGold"), plain("a_b")]}, "Plan\nGold\na_b"),
        (
            {
                "type": "section",
                "text": mrkdwn("x"),
                "accessory": {"type": "image", "alt_text": "y"},
            },
            "x\ny",
        ),
        ({"type": "header", "text": plain("Ticket 7")}, "Ticket 7"),
        (
            {
                "type": "context",
                "elements": [{"type": "image", "alt_text": "logo"}, mrkdwn("_by_ Ann")],
            },
            "logo by Ann",
        ),
        ({"type": "image", "title": plain("Chart"), "alt_text": "Chart"}, "Chart"),
        ({"type": "image", "title": plain("Chart"), "alt_text": "going down"}, "Chart\ngoing down"),
        ({"type": "video", "title": plain("Demo"), "description": plain("fails")}, "Demo\nfails"),
        ({"type": "markdown", "text": "**bold** 5*3"}, "**bold** 5*3"),
        (
            {
                "type": "table",
                "rows": [
                    [{"type": "raw_text", "text": "Name"}, {"type": "raw_number", "text": "7"}],
                    [rich(part("section", text("x"))), {"type": "raw_text", "text": ""}],
                ],
            },
            "Name | 7\nx | ",
        ),
        (
            {"type": "input", "label": plain("What hurts?"), "element": {"type": "button"}},
            "What hurts?",
        ),
        (
            {"type": "card_of_2027", "title": plain("New"), "body": [{"text": mrkdwn("a &gt; b")}]},
            "New\na > b",
        ),
        ({"type": "call", "call": {"v1": {"name": "Weekly sync"}}}, "Weekly sync"),
    ],
)
def test_every_kind_of_block_is_read(block: Json, words: str) -> None:
    assert read([block]) == words


def test_buttons_and_menus_are_nobodys_words() -> None:
    button = {"type": "button", "text": plain("Approve")}
    blocks = [
        {"type": "section", "text": mrkdwn("Why?"), "accessory": button},
        {"type": "actions", "elements": [button]},
        {"type": "divider"},
    ]
    assert read(blocks) == "Why?"


def test_the_text_is_read_only_where_the_blocks_say_nothing() -> None:
    assert (
        read([rich(part("section", text("Exports fail")))], text="Exports fail") == "Exports fail"
    )
    assert read([], text="Exports *fail*") == "Exports fail"
    assert read([{"type": "divider"}], text="Exports fail") == "Exports fail"
    assert read([{"type": "divider"}]) == ""
    assert read([], text="a *b* &amp;", mrkdwn=False) == "a *b* &"


def test_an_attachment_is_read_from_pretext_to_footer() -> None:
    card = {
        "fallback": "New ticket",
        "pretext": "New *ticket*",
        "author_name": "Helpdesk",
        "title": "Export &amp; import",
        "title_link": "https://x.example/7",
        "text": "fails with `E_42`",
        "fields": [{"title": "Plan", "value": "Gold", "short": True}, {"value": 7}],
        "footer": "via mail",
        "actions": [{"type": "button", "text": "Assign"}],
    }
    assert read([], text="", attachments=[card]) == (
        "New ticket\nHelpdesk\nExport & import (https://x.example/7)\nfails with E_42\n"
        "Plan: Gold\n7\nvia mail"
    )


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"fallback": "Only this"}, "Only this"),
        ({"fallback": "[no preview available]"}, ""),
        ({"fallback": "You cannot choose here", "actions": [{"type": "button", "text": "A"}]}, ""),
        ({"fallback": "512x340px image", "image_url": "https://x.example/a.png"}, ""),
        ({"fallback": "[May 4th, 2026 1:12 PM] ann: It *hurts*", "is_share": True}, "It hurts"),
        ({"fallback": "[May 4th, 2026 1:12 PM] ann: ", "is_share": True}, ""),
        (
            {"fallback": "x", "blocks": [{"type": "section", "text": mrkdwn("In *a block*")}]},
            "In a block",
        ),
    ],
)
def test_a_fallback_is_read_only_alone(card: Json, words: str) -> None:
    assert read([], text="", attachments=[card]) == words


def test_a_forwarded_message_is_read_with_whoever_wrote_it() -> None:
    nested = {"fallback": "x", "title": "Ticket 7"}
    forwarded = {
        "is_msg_unfurl": True,
        "is_share": True,
        "author_id": "U7",
        "author_name": "Ben Bell",
        "author_subname": "Ben",
        "footer": "Posted in #sales",
        "fallback": "[November 14th] Ben: Exports fail",
        "text": "Exports *fail*",
        "message_blocks": [
            {
                "team": "T1",
                "channel": "C9",
                "message": {
                    "blocks": [rich(part("section", text("Exports "), text("fail", bold=True)))],
                    "attachments": [nested],
                },
            }
        ],
    }
    found = read_message(
        {"user": "U1", "ts": "1.1", "text": "another one", "attachments": [forwarded]}
    )
    assert found.author == "U1"
    assert [(one.text, one.place, one.author) for one in found.parts] == [
        ("another one", Place.BODY, None),
        ("Exports fail", Place.SHARED, "Ben Bell"),
        ("Ticket 7", Place.ATTACHMENT, None),
    ]


EMAIL = {
    "mode": "email",
    "filetype": "email",
    "title": "Exports",
    "subject": "Exports fail",
    "from": [{"address": "ann@example.com", "name": "Ann", "original": "Ann <ann@example.com>"}],
    "plain_text": "Hello,\nit hurts & <b>.",
    "preview": "<p>Hello</p>",
}


@pytest.mark.parametrize("user", ["U1", "USLACKBOT"])
def test_an_email_is_read_with_its_sender_whoever_delivered_it(user: str) -> None:
    found = read_message({"user": user, "ts": "1.1", "text": "", "files": [EMAIL]})
    assert found.said == "Exports fail\nHello,\nit hurts & <b>."
    assert (found.parts[0].author, found.is_notice) == ("Ann", False)


@pytest.mark.parametrize(
    ("file", "words", "said"),
    [
        ({"title": "error.png", "mimetype": "image/png"}, "error.png", ""),
        ({"title": "a.png", "alt_txt": "a red box"}, "a.png\na red box", "a.png\na red box"),
        ({"title": "log.txt", "preview": "ERROR 42"}, "log.txt\nERROR 42", "log.txt\nERROR 42"),
        (
            {"name": "voice", "transcription": {"preview": {"content": "it is slow"}}},
            "voice\nit is slow",
            "voice\nit is slow",
        ),
        ({"title": "x", "mode": "tombstone"}, "", ""),
    ],
)
def test_of_a_file_its_title_and_what_is_shown_of_it(file: Json, words: str, said: str) -> None:
    found = read_message({"user": "U1", "text": "", "files": [file]})
    assert (found.text, found.said) == (words, said)


def test_an_edited_message_is_read_as_it_is_now() -> None:
    wrapped = {"subtype": "message_changed", "message": {"user": "U1", "ts": "1.1", "text": "now"}}
    assert read_message(wrapped).text == "now"


def test_an_app_speaks_under_its_name() -> None:
    posted = {"subtype": "bot_message", "bot_id": "B1", "username": "Helpdesk", "text": "x"}
    assert read_message(posted).author == "Helpdesk"


def test_what_the_database_cannot_store_does_not_come_out() -> None:
    assert read_message({"user": "U1", "text": "a\x00b \ud83d c \U0001f534"}).text == (
        "ab \ufffd c \U0001f534"
    )


def test_ids_without_a_name_are_noted() -> None:
    names = Names()
    read_message({"text": "<@U9> in <#C9|> and <@U8|ben>"}, names)
    assert list(names.unknown) == ["U9", "C9"]


@pytest.mark.parametrize(
    "subtype",
    [
        *("tombstone", "channel_join", "channel_topic", "group_leave", "bot_add", "pinned_item"),
        *("huddle_thread", "sh_room_created", "reminder_add", "channel_canvas_updated"),
        *("slackbot_response", "joiner_notification", "never_heard_of"),
    ],
)
def test_slacks_own_words_are_nobodys(subtype: str) -> None:
    notice = {"subtype": subtype, "user": "U1", "text": "<@U1> has joined", "ts": "1.1"}
    found = read_message(notice)
    assert (found.is_notice, found.text) == (True, "")


@pytest.mark.parametrize(
    "message",
    [
        {"text": "has joined the channel"},
        {"subtype": "me_message", "text": "x"},
        {"subtype": "thread_broadcast", "text": "x"},
        {"subtype": "file_share", "text": "x"},
        {"subtype": "bot_message", "text": "x", "bot_id": "B1"},
        {"subtype": "never_heard_of", "text": "x", "client_msg_id": "1"},
    ],
)
def test_peoples_and_apps_words_are_theirs(message: Json) -> None:
    found = read_message({"user": "U1", "ts": "1.1", **message})
    assert (found.is_notice, found.text) == (False, message["text"])


def test_slackbots_sentence_about_a_deleted_message_is_a_notice() -> None:
    deleted = {"subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted."}
    assert read_message(deleted).is_notice

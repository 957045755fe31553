"""Slack's mrkdwn: markup goes only where it is markup, everything else stays as it was written."""

from __future__ import annotations

import pytest

from include.slack.reading.mrkdwn import read_mrkdwn
from include.slack.reading.values import Names

NAMES = Names(users={"U9": "Ann Ames"}, channels={"C9": "sales"})


@pytest.mark.parametrize(
    "written",
    [
        "The preview shows 5*3*2 as 30 but the invoice comes out as 5*32 for our customer",
        "Our customer_id and account_name columns swap places in orders_2026.csv",
        "Backups under ~/exports/~old need --keep_all",
        "the glob *_test.py and 2 * 3 * 4",
        "def f(*args, **kwargs) calls __init__ and a.*b*",
        "costs ~5 minutes and ~10 GB",
        "_leading underscore alone",
        "a*b and c*d, x_1_y",
        "C:\\tmp\\_x_\\y and /var/_cache_/z",
        "one `tick and nothing else",
        "&copy; &nbsp; and &#39; are no escapes of Slack",
        "List<std::string> stays",
        "a :not an emoji: b",
        "the filter *.csv and docs/* is ignored",
        "the glob a_*b*_c and x~*y*~z",
        "\u3053\u308c\u306f*\u592a\u5b57*\u3067\u3059",
    ],
)
def test_words_stay_as_written(written: str) -> None:
    assert read_mrkdwn(written, NAMES) == written


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("*bold* _it_ ~gone~ `code`", "bold it gone code"),
        ("(*bold*), _it_. ~_*all*_~!", "(bold), it. all!"),
        ("*<https://x.example/a_b|the page>*", "the page (https://x.example/a_b)"),
        ("*two* and *three*", "two and three"),
        ("R&amp;D needs weight &lt; 5 kg", "R&D needs weight < 5 kg"),
        ("&amp;lt; is written so", "&lt; is written so"),
        ("&gt; quoted", "> quoted"),
        ("```ERROR *42*\n  at _x_ &lt;init&gt;```", "ERROR *42*\n  at _x_ <init>"),
        ("before ```\na\n``` after", "before a after"),
        ("before```a```after", "before\na\nafter"),
        (
            "\u300c*\u5927\u4e8b*\u300d\u3001_\u91cd\u8981_\u3002",
            "\u300c\u5927\u4e8b\u300d\u3001\u91cd\u8981\u3002",
        ),
        (
            "\xbf*qu\xe9*? \u201e*wichtig*\u201c \xab~vieux~\xbb",
            "\xbfqu\xe9? \u201ewichtig\u201c \xabvieux\xbb",
        ),
        (
            "\u0644\u0645\u0627\u0630\u0627 _\u0647\u0630\u0627_\u061f",
            "\u0644\u0645\u0627\u0630\u0627 \u0647\u0630\u0627\u061f",
        ),
        ("`a *b* &amp;`", "a *b* &"),
    ],
)
def test_markup_and_escapes_go_once(written: str, read: str) -> None:
    assert read_mrkdwn(written, NAMES) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@U9>", "@Ann Ames"),
        ("<@U8>", "@U8"),
        ("<@U8|ben>", "@ben"),
        ("<#C9|>", "#sales"),
        ("<#C8|support>", "#support"),
        ("<#C8>", "#C8"),
        ("<!subteam^S1|@support-team>", "@support-team"),
        ("<!here> <!channel|channel> <!everyone>", "@here @channel @everyone"),
        ("<!date^1394712000^{date_short} at {time}|14 Nov>", "14 Nov"),
        ("<!date^1394712000^{date_short}^https://x.example|14 Nov>", "14 Nov"),
        ("<!date^1394712000^{date_short}>", "2014-03-13"),
        ("<!date^1394712000^Open since {date} at {time}>", "Open since 2014-03-13 at 12:00 UTC"),
        ("<!date^1394712000^{ago}^https://x.example>", "2014-03-13"),
        ("<https://x.example/a?b=1&amp;c=2>", "https://x.example/a?b=1&c=2"),
        ("<http://x.example|x.example>", "x.example"),
        ("<https://x.example/|https://x.example>", "https://x.example"),
        ("<mailto:a@x.example|a@x.example>", "a@x.example"),
        ("<tel:+123|+123>", "+123"),
        ("<sip:ann@x.example|call Ann>", "call Ann"),
        ("<!list^F12|the roadmap>", "the roadmap"),
        ("<!new_thing^1^2|said &amp; done>", "said & done"),
        ("<#G1|> <@W1|>", "#G1 @W1"),
        ("stays :red_circle: though :large_green_circle:",) * 2,
    ],
)
def test_references_are_readable(written: str, read: str) -> None:
    assert read_mrkdwn(written, NAMES) == read

"""Slack's markup as HTML."""

from __future__ import annotations

import pytest

from sandbox.slack.mrkdwn import to_html


def render(text: str) -> str:
    return to_html(text, {"U0ANN": "Ann Ames", "C0X": "feedback"}.get)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _it_ ~no~", "<strong>bold</strong> <em>it</em> <s>no</s>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("`*raw*`", "<code>*raw*</code>"),
        ("```a < b\nc```", "<pre>a &lt; b\nc</pre>"),
        ("a\nb", "a<br>b"),
        ("> q1\n> q2\nafter", "<blockquote>q1<br>q2</blockquote>after"),
        ("&gt; quoted", "<blockquote>quoted</blockquote>"),
        ("a &amp; b &lt;c&gt;", "a &amp; b &lt;c&gt;"),
        ("<@U0ANN> <#C0X>", None),
        ("<!here>", '<span class="mention">@here</span>'),
    ],
)
def test_markup_becomes_html(text: str, html: str | None) -> None:
    if html is None:
        assert "@Ann Ames" in render(text)
        assert "#feedback" in render(text)
    else:
        assert render(text) == html


def test_links_keep_their_query_and_label() -> None:
    out = render("<https://x.example/?a=1&amp;b=2|*see* here>")
    assert 'href="https://x.example/?a=1&amp;b=2"' in out
    assert ">*see* here</a>" in out
    assert 'href="https://y.example/z"' in render("go to https://y.example/z.")


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<javascript:alert(1)|click>",
        '<https://x.example/"onmouseover="alert(1)|x>',
        "`<img src=x onerror=alert(1)>`",
        "<@U0ANN|<img src=x onerror=alert(1)>>",
        "\x000\x00 <b>",
    ],
)
def test_nothing_of_the_text_becomes_a_tag_or_a_script(attack: str) -> None:
    out = render(attack)
    assert "<script" not in out
    assert "<img" not in out
    assert "javascript:" not in out
    assert '"onmouseover' not in out
    assert "<b>" not in out


def test_known_emoji_are_drawn_and_times_are_not_mistaken_for_them() -> None:
    assert "🎉" in render(":tada:")
    assert render("at 10:30:15") == "at 10:30:15"

"""Slack's mrkdwn as HTML. Everything that is not markup is escaped."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EMOJI: Final[Mapping[str, str]] = {
    "+1": "👍",
    "-1": "👎",
    "alarm_clock": "⏰",
    "arrow_right": "➡️",
    "arrow_up": "⬆️",
    "bar_chart": "📊",
    "bell": "🔔",
    "bulb": "💡",
    "calendar": "📅",
    "chart_with_upwards_trend": "📈",
    "dart": "🎯",
    "eyes": "👀",
    "fire": "🔥",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "inbox_tray": "📥",
    "information_source": "ℹ️",  # noqa: RUF001 - the character is the emoji
    "leftwards_arrow_with_hook": "↩️",
    "link": "🔗",
    "lock": "🔒",
    "mag": "🔍",
    "memo": "📝",
    "moneybag": "💰",
    "new": "🆕",
    "no_entry": "⛔",
    "package": "📦",
    "pushpin": "📌",
    "question": "❓",
    "red_circle": "🔴",
    "rocket": "🚀",
    "rotating_light": "🚨",
    "seedling": "🌱",
    "ship": "🚢",
    "sparkles": "✨",
    "speech_balloon": "💬",
    "tada": "🎉",
    "thumbsup": "👍",
    "warning": "⚠️",
    "wave": "👋",
    "white_check_mark": "✅",
    "x": "❌",
}

_PRE = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_ANGLE = re.compile(r"<([^<>\n]+)>")
_BARE_URL = re.compile(r"(?<![\w/])https?://[^\s<>\x00]+[^\s<>\x00.,;:!?)'\"]")
_EMOJI = re.compile(r":([a-z0-9_+-]+):")
_STYLES = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), "s"),
)
_STASHED = re.compile("\x00(\\d+)\x00")


def emoji(name: str) -> str:
    """The emoji as HTML; one that is not known, or is the workspace's own, as a small label."""
    known = EMOJI.get(name)
    label = html.escape(f":{name}:")
    if known is None:
        return f'<span class="emoji-name">{label}</span>'
    return f'<span class="emoji" role="img" aria-label="{label}">{known}</span>'


def _link(url: str, label: str) -> str:
    # Slack escapes only & < > in text, so a URL arrives with &amp; in it.
    url = html.unescape(url)
    shown = html.escape(html.unescape(label))
    if not url.startswith(("http://", "https://", "mailto:")):
        return shown
    target = html.escape(url, quote=True)
    return f'<a href="{target}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def _angle(content: str, name_of: Callable[[str], str]) -> str:
    target, _, label = content.partition("|")
    if target[:1] in "@#":
        kind = "mention" if target[0] == "@" else "channel-link"
        name = label or name_of(target[1:])
        return f'<span class="{kind}">{target[0]}{html.escape(name)}</span>'
    if target.startswith("!date^"):
        return html.escape(html.unescape(label))
    if target.startswith("!"):
        return f'<span class="mention">@{html.escape(target[1:].partition("^")[0])}</span>'
    return _link(target, label or target)


def to_html(text: str, name_of: Callable[[str], str]) -> str:
    """Render mrkdwn.

    Args:
        text: Slack mrkdwn, with ``&amp;``, ``&lt;``, ``&gt;`` where Slack wants them.
        name_of: The name of a user or channel id.
    """
    stash: list[str] = []

    def keep(markup: str) -> str:
        stash.append(markup)
        return f"\x00{len(stash) - 1}\x00"

    def plain(raw: str) -> str:
        return html.escape(html.unescape(raw))

    text = text.replace("\x00", "")
    text = _PRE.sub(lambda m: keep(f"<pre>{plain(m[1])}</pre>"), text)
    text = _CODE.sub(lambda m: keep(f"<code>{plain(m[1])}</code>"), text)
    text = _ANGLE.sub(lambda m: keep(_angle(m[1], name_of)), text)
    text = _BARE_URL.sub(lambda m: keep(_link(m[0], m[0])), text)
    quoted = [re.sub(r"^(?:&gt;|>)\s?", "\x01", line) for line in text.split("\n")]
    text = html.escape(html.unescape("\n".join(quoted)), quote=False)
    text = _EMOJI.sub(lambda m: keep(emoji(m[1])) if m[1] in EMOJI else m[0], text)
    for pattern, tag in _STYLES:
        text = pattern.sub(rf"<{tag}>\1</{tag}>", text)
    text = _quotes(text)
    while _STASHED.search(text):
        text = _STASHED.sub(lambda m: stash[int(m[1])], text)
    return text


def _quotes(text: str) -> str:
    parts: list[str] = []
    quote: list[str] = []
    lines: list[str] = []

    def flush() -> None:
        if quote:
            parts.append(f"<blockquote>{'<br>'.join(quote)}</blockquote>")
            quote.clear()
        if lines:
            parts.append("<br>".join(lines))
            lines.clear()

    for line in text.split("\n"):
        is_quote = line.startswith("\x01")
        if is_quote != bool(quote) and (quote or lines):
            flush()
        (quote if is_quote else lines).append(line.replace("\x01", ""))
    flush()
    return "".join(parts)

"""Made-up Slack messages of every shape, with the words that a person sees in them, in order.

For the test that no visible word is lost and for the benchmark of the reader. The shapes are those
that Slack documents and sends; the words are numbers with signs that careless readers take for
markup.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

_FORMS = (
    *("word{}", "customer_id_{}", "5*3*{}", "R&D{}", "weight<{}", "--keep_all{}", "~/old{}"),
    *(
        "\u5c0e\u51fa{}",
        "na\u00efve{}",
        "\u0645\u0634\u0643\u0644\u0629{}",
        "it's{}",
        "C++{}",
        "100%{}",
        "a_b*c{}",
    ),
)


@dataclass
class Message:
    """A message as Slack sends it, and the words that must come out of it."""

    payload: dict[str, Any]
    words: list[str]


@dataclass
class Writer:
    """Makes messages from a seed."""

    random: Random
    words: list[str] = field(default_factory=list)

    def message(self) -> Message:
        """A message of a random shape."""
        self.words = []
        payload: dict[str, Any] = {"type": "message", "user": "U0ANN", "ts": "1790000000.000100"}
        if self.random.random() < 0.7:
            payload["blocks"] = [self._block() for _ in range(self.random.randint(1, 4))]
            payload["text"] = "This content can't be displayed."
        if not self.words:
            payload["text"] = self._mrkdwn()
            payload.pop("blocks", None)
        for _ in range(self.random.choice((0, 0, 1, 2))):
            payload.setdefault("attachments", []).append(self._attachment())
        if self.random.random() < 0.2:
            payload["files"] = [self._file()]
        return Message(payload, self.words)

    def _word(self) -> str:
        self.words.append(self.random.choice(_FORMS).format(len(self.words) * 7 + 100))
        return self.words[-1]

    def _plain(self) -> str:
        return " ".join(self._word() for _ in range(self.random.randint(1, 6)))

    def _mrkdwn(self) -> str:
        return " ".join(self._token() for _ in range(self.random.randint(1, 6)))

    def _token(self) -> str:
        word = self._word()
        escaped = word.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        kind = self.random.randrange(9)
        if kind == 0 and "*" not in word:
            return f"*{escaped}*"
        if kind == 1:
            return f"`{escaped}`"
        if kind == 2:
            return (
                f"\n```{escaped}\n  {self._word().replace('&', '&amp;').replace('<', '&lt;')}```\n"
            )
        if kind == 3:
            return f"<https://example.com/a_b?x=1&amp;y=2|{escaped}>"
        if kind == 4:
            return f"<!date^1790000000^{{date_short}}|{escaped}>"
        if kind == 5:
            return f"{escaped} <@U0BEN> :red_circle: <#C9|sales> <!here>"
        return escaped

    def _text_object(self) -> dict[str, Any]:
        if self.random.random() < 0.4:
            return {"type": "plain_text", "text": self._plain(), "emoji": True}
        return {"type": "mrkdwn", "text": self._mrkdwn()}

    def _block(self) -> dict[str, Any]:
        kind = self.random.choice(
            (
                "rich_text",
                "rich_text",
                "section",
                "header",
                "context",
                "image",
                "table",
                "video",
                "markdown",
                "actions",
                "divider",
                "new",
            )
        )
        block: dict[str, Any] = {"type": kind, "block_id": "b1"}
        if kind == "rich_text":
            block["elements"] = [self._rich() for _ in range(self.random.randint(1, 4))]
        elif kind == "section":
            block["text"] = self._text_object()
            if self.random.random() < 0.5:
                block["fields"] = [self._text_object() for _ in range(self.random.randint(1, 4))]
            if self.random.random() < 0.3:
                block["accessory"] = {"type": "image", "image_url": "x", "alt_text": self._plain()}
        elif kind == "header":
            block["text"] = {"type": "plain_text", "text": self._plain()}
        elif kind == "context":
            block["elements"] = [
                {"type": "image", "alt_text": self._plain()},
                self._text_object(),
            ]
        elif kind == "image":
            block |= {"title": {"type": "plain_text", "text": self._plain()}}
            block |= {"alt_text": self._plain()}
        elif kind == "table":
            block["rows"] = [[self._cell() for _ in range(2)] for _ in range(2)]
        elif kind == "video":
            block |= {"title": {"type": "plain_text", "text": self._plain()}}
            block |= {"description": {"type": "plain_text", "text": self._plain()}}
        elif kind == "markdown":
            block["text"] = self._plain()
        elif kind == "actions":
            text = {"type": "plain_text", "text": "Approve"}
            block["elements"] = [{"type": "button", "action_id": "a", "text": text}]
        elif kind == "new":
            block |= {"title": self._plain(), "inner": [{"text": self._text_object()}]}
            block |= {"entries": [f"{self._word()} {self._word()}"], "heading": self._word()}
        return block

    def _cell(self) -> dict[str, Any]:
        if self.random.random() < 0.5:
            return {"type": "raw_text", "text": self._plain()}
        return {"type": "rich_text", "elements": [self._rich_section()]}

    def _rich_section(self) -> dict[str, Any]:
        elements = [self._inline() for _ in range(self.random.randint(1, 5))]
        return {"type": "rich_text_section", "elements": elements}

    def _rich(self) -> dict[str, Any]:
        kind = self.random.choice(("section", "section", "list", "quote", "preformatted", "new"))
        if kind == "section":
            return self._rich_section()
        if kind == "list":
            items = [self._rich_section() for _ in range(self.random.randint(1, 4))]
            style = self.random.choice(("bullet", "ordered"))
            return {
                "type": "rich_text_list",
                "style": style,
                "indent": self.random.randint(0, 2),
                "border": 0,
                "elements": items,
            }
        elements = [self._inline() for _ in range(self.random.randint(1, 3))]
        return {"type": f"rich_text_{kind}", "border": 0, "elements": elements}

    def _inline(self) -> dict[str, Any]:
        kind = self.random.randrange(10)
        if kind == 9:
            return {"type": "new", "elements": [{"type": "text", "text": f" {self._word()} "}]}
        if kind == 0:
            return {"type": "link", "url": "https://example.com/x", "text": f" {self._word()} "}
        if kind == 1:
            return {"type": "date", "timestamp": 1790000000, "fallback": f" {self._word()} "}
        if kind == 2:
            return {"type": "emoji", "name": "red_circle", "unicode": "1f534"}
        if kind == 3:
            return {"type": "user", "user_id": "U0BEN"}
        if kind == 4:
            return {"type": "text", "text": f"{self._plain()}\n", "style": {"code": True}}
        return {"type": "text", "text": f" {self._plain()} ", "style": {"bold": True}}

    def _attachment(self) -> dict[str, Any]:
        if self.random.random() < 0.4:
            shared: dict[str, Any] = {
                "is_msg_unfurl": True,
                "author_name": "Ben Bell",
                "footer": "Posted in #sales",
                "fallback": "[November 14th] Ben Bell",
                "message_blocks": [
                    {"team": "T1", "channel": "C9", "message": self._inner()}
                    for _ in range(self.random.choice((1, 1, 2)))
                ],
            }
            return shared
        one: dict[str, Any] = {"id": 1, "fallback": "[no preview available]"}
        for key in ("pretext", "title", "text"):
            if self.random.random() < 0.7:
                one[key] = self._mrkdwn()
        if self.random.random() < 0.5:
            one["fields"] = [
                {"title": self._mrkdwn(), "value": self._mrkdwn(), "short": True} for _ in range(2)
            ]
        if self.random.random() < 0.4:
            one["footer"] = self._mrkdwn()
        if not set(one) - {"id", "fallback"}:
            one["fallback"] = self._mrkdwn()
        return one

    def _inner(self) -> dict[str, Any]:
        if self.random.random() < 0.3:
            return {"text": self._mrkdwn()}
        return {"text": "x", "blocks": [self._rich_block()]}

    def _rich_block(self) -> dict[str, Any]:
        return {"type": "rich_text", "elements": [self._rich(), self._rich()]}

    def _file(self) -> dict[str, Any]:
        if self.random.random() < 0.6:
            sender = [{"address": "ann@example.com", "name": "Ann", "original": "Ann"}]
            subject = self._plain()
            return {
                "filetype": "email",
                "mode": "email",
                "subject": subject,
                "title": subject,
                "from": sender,
                "plain_text": f"{self._plain()}\n\n{self._plain()}",
            }
        return {"filetype": "text", "title": self._plain(), "preview": self._plain()}


def disturbed(value: Any, random: Random) -> Any:
    """The payload with things nobody expects beside what is there; no word is taken away."""
    if isinstance(value, list):
        found = [disturbed(one, random) for one in value]
        if random.random() < 0.2:
            found.insert(random.randint(0, len(found)), random.choice((None, 7, "", [], {})))
        return found
    if isinstance(value, dict):
        found_dict = {key: disturbed(one, random) for key, one in value.items()}
        if random.random() < 0.2:
            found_dict[f"new_{random.randrange(9)}"] = random.choice((None, 7, "x", [], {"a": 1}))
        return found_dict
    return value


def broken(value: Any, random: Random) -> Any:
    """The payload with values of other types in any place."""
    if random.random() < 0.06:
        return random.choice((None, True, -1, 1e400, "\ud800\x00<@U", [], {}, [[]], {"type": []}))
    if isinstance(value, list):
        return [broken(one, random) for one in value if random.random() > 0.03]
    if isinstance(value, dict):
        return {k: broken(one, random) for k, one in value.items() if random.random() > 0.03}
    return value


def missing(words: list[str], text: str) -> str | None:
    """The first word that does not come after the ones before it; ``None`` when all do."""
    place = 0
    for word in words:
        found = text.find(word, place)
        if found < 0:
            return word
        place = found + len(word)
    return None

"""Pages that Slack shows as HTML, of which a person reads the words."""

from __future__ import annotations

from html.parser import HTMLParser

from include.slack.reading.values import lines

_LINES = frozenset(
    {
        *("address", "article", "blockquote", "br", "dd", "div", "dt", "h1", "h2", "h3", "h4"),
        *("h5", "h6", "hr", "li", "ol", "p", "pre", "section", "table", "title", "tr", "ul"),
    }
)
_UNSEEN = frozenset({"script", "style", "template"})


def read_html(text: str) -> str:
    """The words of a page, line by line; a text without tags or entities comes out as it is."""
    if "<" not in text and "&" not in text:
        return text
    page = _Page()
    page.feed(text)
    page.close()
    return lines(*("".join(page.pieces).split("\n")))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self._unseen += tag in _UNSEEN
        self._parted(tag)

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        self._parted(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)

    def _parted(self, tag: str) -> None:
        if tag in _LINES:
            self.pieces.append("\n")
        elif tag in ("td", "th"):
            self.pieces.append(" ")

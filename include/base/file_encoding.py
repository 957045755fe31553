"""In which encoding a file of text is, or why it is none that can be read."""

from __future__ import annotations

import re

from include.base.errors import FatalError

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
_NOT_TEXT = (
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"PK\x03\x04", "is a workbook or a zip archive; name a workbook .xlsx, unpack an archive"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook; save the sheet as CSV (UTF-8)"),
    (b"BZh", "is compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "is compressed with xz; unpack it first"),
    (b"(\xb5/\xfd", "is compressed with zstd; unpack it first"),
    (b"%PDF", "is a PDF; export it as CSV or JSON lines"),
    (b"{\\rtf", "is a text of a word processor (RTF); save it as CSV (UTF-8)"),
    (b"\x89PNG", "is a picture"),
    (b"\xff\xd8\xff", "is a picture"),
    (b"GIF8", "is a picture"),
    (b"SQLite format", "is a database; export the table as CSV or JSON lines"),
    (b"PAR1", "is a Parquet file; export it as CSV or JSON lines"),
    (b"Obj\x01", "is an Avro file; export it as CSV or JSON lines"),
)
_PAGE = re.compile(rb"\s*<(?:!doctype|html|head|body|table|\?xml|meta)\b", re.I)
_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\v\f\r\x1a\x1b\x1e\x1f"})
# The letters beyond ASCII of each language that Windows-1252 is for. Of another encoding it makes
# letters that no language has together, signs inside words, or capitals behind small letters.
_ALPHABETS = (
    *("àâæçéèêëîïôœùûüÿ", "äöüßéèà", "áéíóúüñç", "àáâãçéêíóôõúü", "àèéìíîòóùú"),
    *("æøåéèóòôâêäöü", "åäöéàüæøšž", "áðéíóúýþæö", "áéëèïóöüçê", "àçèéíïòóúü", "äõöüšž"),
)
_BEYOND = re.compile("[^\x00-\x7f]")
_LETTERS = re.compile("[À-ÖØ-öø-ÿŒœŠšŽžŸ]")
_NO_WORDS = re.compile(
    "[^\\W\\d_][\xa1-\xa9\xac-\xb1\xb3\xb4\xb6\xb8\xb9\xbc-\xbf\u2020\u2021\u02c6\u2030\u0192][^\\W\\d_]"
    "|[a-z][\xc0-\xd6\xd8-\xde\u0152\u0160\u017d\u0178]|[\xa8\xb8\u02c6](?=\\s)|\xa4"
    # Signs that open or follow a number, behind a word or before one.
    "|[a-z][\u201a\u201e\u2020\u2021\u02c6\u2030]|[a-z]{3}[\xb9\xb3]|[a-z]\u201d[a-z]"
    "|\u0178[a-z]|[\xbc-\xbe][a-z]{3}"
)


def encoding_of(head: bytes, name: str, *, is_table: bool) -> str:
    """The encoding of a file that begins so.

    Args:
        head: Its first mebibyte.
        name: How messages call the file.
        is_table: Whether a spreadsheet may have saved it, which writes Windows-1252.

    Raises:
        FatalError: it is no text, or in an encoding that cannot be told.
    """
    for mark, why in _NOT_TEXT:
        if head.startswith(mark):
            raise FatalError(f"{name} {why}")
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if _PAGE.match(head):
        raise FatalError(
            f"{name} is a web page or XML, perhaps the page that asks to sign in; export it as CSV"
        )
    start = head[:200]
    # Of a text in UTF-16 every second byte is zero, as far as it is in Latin letters.
    halves = [start[place::2].count(0) * 2 for place in (0, 1)]
    if max(halves) >= len(start) // 2 > min(halves) and max(halves):
        raise FatalError(f"{name} seems to be UTF-16 without a byte order mark; save it as UTF-8")
    if len(start.translate(None, _CONTROLS)) < len(start) * 0.9:
        raise FatalError(f"{name} is no text; export it as CSV or JSON lines")
    if not is_table or not _is_windows_1252(head):
        return "utf-8"
    if _is_garbled(head.decode("cp1252")):
        raise FatalError(f"{name} is in an encoding that cannot be told; save it as CSV UTF-8")
    return "cp1252"


def _is_garbled(text: str) -> bool:
    """Whether Windows-1252 makes no words of it: accents side by side, or lines of no language."""
    beyond = len(_BEYOND.findall(text))
    side_by_side = len(re.findall(r"[^\x00-\x7f](?=[^\x00-\x7f])", text))
    if side_by_side > 2 and side_by_side > beyond * 0.4:
        return True
    accented = [line for line in text.splitlines() if not line.isascii()]
    return sum(map(_is_of_no_language, accented)) * 3 > len(accented)


def _is_of_no_language(line: str) -> bool:
    letters = set("".join(_LETTERS.findall(line)).lower())
    return bool(_NO_WORDS.search(line)) or not any(letters.issubset(one) for one in _ALPHABETS)


def _is_windows_1252(head: bytes) -> bool:
    """Whether signs beyond ASCII are none of UTF-8, all of Windows-1252: what Excel saves."""
    # The last line may be cut inside a character.
    head = head.rpartition(b"\n")[0] or head
    rest = head.decode("utf-8", "ignore")
    if not rest.isascii() or head.isascii():
        return False
    try:
        head.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True

"""Texts: one form for storing, one for comparing, and what counts as a word in any script.

What is stored is NFC without what nobody sees and no word needs; nothing else of it is changed.
What is compared is NFKC, case-folded, without anything invisible.
"""

from __future__ import annotations

import re
import unicodedata

NUL = "\x00"
_JOINERS = "\u200c\u200d"
_BREAKING_SPACE = "\u200b"
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Directional controls, zero-width characters, soft hyphens, tags, variation selectors, and controls
# other than tab and newline.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# Letters and vowels that are shown as nothing, and a pattern of no dots, as wide as a letter.
_BLANK = re.compile("[\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufff0-\ufff8\U00016fe4]")
_NO_DOTS = "\u2800"
_DOTTED_I = re.compile("i\u0307")
# Scripts whose letters join or do not by a zero-width (non-)joiner: Arabic, Indic and their kin.
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\uabff\ufb50-\ufdff"
    "\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f]"
)
# Scripts without spaces, where a zero-width space may mark the end of a word.
_UNSPACED = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f\ua980-\ua9df\uaa00-\uaadf]"
)


def unstorable(text: str) -> str | None:
    """What PostgreSQL cannot store of it, with its place and what to do; ``None`` when it can."""
    for place, character in enumerate(text, start=1):
        if character == NUL:
            return f"holds a NUL character at place {place}; take it out"
        if "\ud800" <= character <= "\udfff":
            return (
                f"holds half a character (U+{ord(character):04X}) at place {place}; "
                "write the file or the request in UTF-8"
            )
    return None


def stored(text: str) -> str:
    """The text as it is stored: NFC, without what is not seen and is no part of a word."""
    return unicodedata.normalize("NFC", _UNSEEN.sub(_kept, _BREAKS.sub("\n", text)))


def identifier(text: str) -> str:
    """An address or an id as it is stored: NFC, without anything invisible, blanks cut off."""
    seen = _BLANK.sub("", _UNSEEN.sub("", text)).replace(_NO_DOTS, "")
    return unicodedata.normalize("NFC", seen).strip()


def comparable(text: str) -> str:
    """The text as it is compared and searched: NFKC, case-folded, nothing invisible."""
    if text.isascii():
        return _UNSEEN.sub("", _BREAKS.sub("\n", text)).lower()
    bare = _BLANK.sub("", _UNSEEN.sub("", _BREAKS.sub("\n", text)))
    folded = unicodedata.normalize("NFKC", bare).casefold()
    # A Turkish capital has its dot still, which the small letter has anyway.
    return unicodedata.normalize("NFKC", _DOTTED_I.sub("i", folded))


def words(text: str) -> list[str]:
    """The words of a text, comparable: letters of any script with their marks, no digits."""
    spaced = "".join(
        character if _is_of_words(character) else " "
        for character in comparable(_EMOJI_LETTERS.sub(" ", text)).replace("\u2019", "'")
    )
    found = (word.strip("'") for word in spaced.split())
    return [word for word in found if any(c.isalpha() and _is_letter(c) for c in word)]


# Letters by category, or in NFKC, that are seen as emoji.
_EMOJI_LETTERS = re.compile("[\u2139\u24c2\u3297\u3299\U0001f100-\U0001f2ff]")


def _is_of_words(character: str) -> bool:
    return character == "'" or unicodedata.category(character)[0] in "LM"


def _is_letter(character: str) -> bool:
    # A modifier letter alone is none: a prolonged sound mark, a raised h. Nor is a part of a Hangul
    # syllable, of which people make laughter and tears.
    return unicodedata.category(character) != "Lm" and not "\u1100" <= character <= "\u11ff"


def _kept(found: re.Match[str]) -> str:
    """The unseen character when it is a part of a word or of an emoji, else nothing."""
    text, place, unseen = found.string, found.start(), found[0]
    before = text[place - 1] if place else " "
    after = text[place + 1] if place + 1 < len(text) else " "
    keep = False
    if unseen in _JOINERS:
        joins_emoji = _is_of_emoji(before) and (
            unicodedata.category(after) in ("So", "Sm") or _is_pictured(after)
        )
        keep = bool(_JOINING.match(before)) or (unseen == _JOINERS[1] and joins_emoji)
    elif unseen == _BREAKING_SPACE:
        keep = bool(_UNSPACED.match(before) and _UNSPACED.match(after))
    elif "\ufe00" <= unseen <= "\ufe0f" or unseen >= "\U000e0100":
        # A variant of the sign before it; of several only the first means something. Letters of
        # alphabets have none.
        keep = not (before.isspace() or _UNSEEN.match(before) or _is_of_alphabet(before))
    elif "\U000e0020" <= unseen <= "\U000e007f":
        keep = _is_flag(text, place)
    elif "\u180b" <= unseen <= "\u180f":
        keep = "\u1800" <= before <= "\u18af"
    elif unseen == "\u034f":
        keep = unicodedata.combining(before) > 0 and unicodedata.combining(after) > 0
    return unseen if keep else ""


def _is_of_emoji(character: str) -> bool:
    is_sign = character == "\ufe0f" or unicodedata.category(character) in ("So", "Sk")
    return is_sign or _is_pictured(character)


def _is_of_alphabet(character: str) -> bool:
    """Whether it is a Latin, Greek, Cyrillic, Hebrew or Arabic letter, or a mark on one."""
    return character < "\u0800" and unicodedata.category(character)[0] in "LM"


def _is_pictured(character: str) -> bool:
    """Whether it stands where emoji are added, also those that Python does not know yet."""
    return "\U0001f000" <= character <= "\U0001faff"


def _is_flag(text: str, place: int) -> bool:
    """Whether the tag character belongs to the flag of a region (England, Scotland, Wales)."""
    start = place
    while start and "\U000e0020" <= text[start - 1] <= "\U000e007e" and place - start < 8:
        start -= 1
    return start > 0 and text[start - 1] == "\U0001f3f4"

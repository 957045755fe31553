"""Whether a text wishes for the other side of what a title asks for: lock, unlock. English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.matching.stems import CLAUSE

if TYPE_CHECKING:
    from collections.abc import Iterator

# Two sides of one action; a title that asks for one side is not what asks for the other.
_OPPOSITES: tuple[tuple[str, str], ...] = (
    (
        "undo undelete restore restores recover recovers recovery retrieve unarchive revert",
        "purge purges delete deletes erase erases wipe wipes destroy shred discard",
    ),
    ("import imports upload uploads ingest", "export exports download downloads"),
    ("enable enabled activate", "disable disabled deactivate mute unsubscribe"),
    ("lock locks freeze", "unlock unlocks unfreeze"),
    ("hide hides hidden conceal collapse", "show shows reveal display unhide expand see"),
    ("increase raise raises extend lengthen", "decrease reduce lower shorten limit"),
    ("merge merges combine join unite", "split splits separate unmerge divide"),
    ("subscribe opt-in", "unsubscribe opt-out"),
    ("archive archives", "unarchive"),
    ("encrypt encrypts", "decrypt decrypts"),
    ("connect connects link", "disconnect disconnects unlink"),
    ("assign assigns", "unassign unassigns"),
    ("pin pins", "unpin unpins"),
    ("publish publishes", "unpublish unpublishes withdraw"),
    ("invite invites", "uninvite expel"),
    ("block blocks ban forbid prohibit restrict", "unblock unblocks unban allowing permitting"),
    ("install installs", "uninstall uninstalls"),
    ("automate automatic automatically automated", "manual manually"),
    ("start starts resume", "stop stops pause"),
    ("follow follows", "unfollow unfollows"),
    ("add attach insert", "remove detach"),
    ("join joins", "leave leaves quit"),
    ("accept approve", "decline reject refuse"),
    ("remember", "forget"),
    ("grant", "revoke"),
    ("include", "exclude"),
    ("upgrade", "downgrade"),
    ("sign-in signed-in log-in logged-in", "sign-out signed-out log-out logged-out"),
)
_SIDES = {
    word: (number, side)
    for number, pair in enumerate(_OPPOSITES)
    for side, words in enumerate(pair)
    for word in words.split()
}
_SWITCH = re.compile(
    r"\b(?:turn|turning|switch|switching)\s+(?:(?:\w+\s+){0,3}?(?P<off>off)\b(?!\s+the\b)|"
    r"(?:\w+\s+){0,5}(?P<last>off)\b|(?:\w+\s+){0,3}?(?P<on>on)\b)"
)
_WITH_PARTICLE = re.compile(r"\b(sign(?:ed)?|log(?:ged)?)\s+(in|out)\b")
_DESIRED = re.compile(
    r"\b(?:want|wants|wanted|need|needs|needed|like|love|able|unable|can|cannot|could|"
    r"can['\u2019]t|"
    r"couldn['\u2019]t|way|how|impossible|possible|let|lets|please|should|option|ability|try|"
    r"trying|"
    r"tried|wish|help|fail|fails|failed|refuses|possibility|button|function|feature)\b"
)
_TO_BE_GONE = re.compile(
    r"\b(?:must|should|shall|has\s+to|have\s+to|needs?\s+to)\s+be\s+(?:\w+\s+)?"
    r"(?:deleted|erased|purged|wiped|destroyed|shredded|gone)\b"
    r"|\b(?:delet|eras|purg|wip|destroy|remov)\w*\s+(?:\w+\s+){0,3}?(?:for\s+good|permanently|"
    r"irrevocably)\b"
)
# "I do not want to see them" is no wish to see them.
_REFUSED = re.compile(
    r"(?:n['\u2019]t|\bnot|\bnever|\bnobody|\bno\s+one)\s+(?:\w+\s+)?(?:wants?|needs?|like)$"
)
_IMPOSSIBLE = re.compile(
    r"\b(?:is|are)\s+(?:impossible|not\s+(?:possible|supported|allowed|there)|missing|forbidden)\b"
    r"|\b(?:is|are|does|do)n['\u2019]t\s+(?:possible|supported|allowed|there|work)\b"
    r"|\b(?:does|do)\s+not\s+work\b"
)
_NO_VERBS = frozenset({"following", "including"})
_REACH = 4
"""Words after a wish within which its verb stands."""


def is_opposite(said: str, title: str) -> bool:
    """Whether the pain wishes for the other side of what the title is for, and not for its own."""
    asked = next(_sides(title), None)
    if asked is None:
        return False
    number, side = asked
    wishes = {wish for clause in CLAUSE.split(said) for wish in _wishes(clause)}
    return (number, 1 - side) in wishes and (number, side) not in wishes


def _wishes(clause: str) -> Iterator[tuple[int, int]]:
    for found in _DESIRED.finditer(clause):
        # "We can already lock it" is no wish.
        if clause[found.end() :].lstrip().startswith("already "):
            continue
        if _REFUSED.search(clause[: found.end()]):
            continue
        wished = clause[found.end() :]
        switched = _SWITCH.match(wished.lstrip().removeprefix("to "))
        near = switched[0] if switched else " ".join(wished.split()[:_REACH])
        yield from _sides(near)
    if _TO_BE_GONE.search(clause):
        yield _SIDES["delete"]
    # "Unlocking it is impossible."
    if _IMPOSSIBLE.search(clause):
        yield from _sides(" ".join(clause.split()[:_REACH]))
    # An order: "Delete them for good."
    first = _WITH_PARTICLE.sub(r"\1-\2", clause).split()[:1]
    yield from (_SIDES[word] for word in first if word in _SIDES)


def _base(word: str) -> str:
    """The verb of "unlocking", "merging", "splitting"; the word itself where it is none."""
    stem = word.removesuffix("ing")
    forms = (stem, f"{stem}e", stem[:-1]) if stem != word and word not in _NO_VERBS else ()
    return next((form for form in (word, *forms) if form in _SIDES), word)


def _sides(text: str) -> Iterator[tuple[int, int]]:
    """The actions a text names, in their order: number of the pair, and its side."""
    for found in _SWITCH.finditer(text):
        yield _SIDES["enable" if found["on"] else "disable"]
    for word in re.findall(r"[a-z]+(?:-[a-z]+)?", _WITH_PARTICLE.sub(r"\1-\2", text)):
        if (verb := _base(word)) in _SIDES:
            yield _SIDES[verb]

"""Sentences by a language model, taken only as far as the numbers and slugs in them are true.

Without a narrator the template's sentences stand. A sentence of a narrator replaces one only if
every number in it is one of the section's own; otherwise the template's stays. Slugs that the
section does not have are dropped. Both are counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.insights.report import Section

SUMMARY_LIMIT = 400
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?[kMB%]?")


@dataclass(frozen=True)
class Narration:
    """What a narrator says of one section: a summary, and the requests it would point to."""

    summary: str
    slugs: tuple[str, ...] = field(default=())


class Narrator(Protocol):
    """Writes sentences about given facts; it is asked once for a report."""

    def narrate(self, area: str, sections: Sequence[Section]) -> Mapping[str, Narration]:
        """Narrations by section id; sections it leaves out keep the template's sentence."""


@dataclass(frozen=True)
class Narrated:
    """The sections with their final sentences, and what was refused."""

    sections: list[Section]
    by_model: int = 0
    refused_summaries: int = 0
    dropped_slugs: int = 0


def apply_narrator(area: str, sections: Sequence[Section], narrator: Narrator | None) -> Narrated:
    """Let the narrator, if any, reword the sections; see the module for what is refused."""
    if narrator is None or not sections:
        return Narrated(list(sections))
    said = narrator.narrate(area, sections)
    out, by_model, refused, dropped = [], 0, 0, 0
    for section in sections:
        words = said.get(section.id)
        if words is None:
            out.append(section)
            continue
        known = [slug for slug in dict.fromkeys(words.slugs) if slug in section.slugs]
        dropped += len(set(words.slugs)) - len(known)
        rest = [slug for slug in section.slugs if slug not in known]
        section = replace(section, slugs=(*known, *rest))
        if is_true(words.summary, section):
            section, by_model = replace(section, summary=words.summary.strip()), by_model + 1
        else:
            refused += 1
        out.append(section)
    return Narrated(out, by_model, refused, dropped)


def is_true(summary: str, section: Section) -> bool:
    """Whether a sentence says no number that the section's own summary does not say."""
    text = summary.strip()
    if not text or len(text) > SUMMARY_LIMIT:
        return False
    return set(_NUMBER.findall(text)) <= set(_NUMBER.findall(section.summary))


@dataclass(frozen=True)
class NarratedBy:
    """A narrator of what was said already: sections' ids with their narrations."""

    said: Mapping[str, Narration]

    def narrate(
        self,
        area: str,  # noqa: ARG002
        sections: Sequence[Section],  # noqa: ARG002
    ) -> Mapping[str, Narration]:
        """See `Narrator`."""
        return self.said

"""Numbers and counts as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def money(amount: float) -> str:
    """US dollars, short: ``$950``, ``$310k``, ``$1.2M``."""
    if amount < 1_000:
        return f"${amount:.0f}"
    if amount < 999_500:
        return f"${amount / 1_000:.0f}k"
    if amount < 999_500_000:
        return f"${amount / 1_000_000:.1f}M".replace(".0M", "M")
    return f"${amount / 1_000_000_000:.1f}B".replace(".0B", "B")


def percent(share: float) -> str:
    """A share in whole percent."""
    return f"{share * 100:.0f}%"


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 request``, ``2 requests``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def quoted(words: Sequence[str], most: int = 8) -> str:
    """``“a”, “b” and 3 more``: the first words, and how many are not named."""
    named = ", ".join(f"“{word}”" for word in words[:most])
    return named + (f" and {len(words) - most:,} more" if len(words) > most else "")


def verb(number: int, one: str, many: str) -> str:
    """The verb that goes with a number."""
    return one if number == 1 else many


def customer_kind(enterprise: bool | None) -> str:
    """Words of the enterprise flag; None is a customer that is not in the CRM's data."""
    return {True: "Enterprise", False: "Other", None: "Not in the CRM"}[enterprise]


def segment_name(enterprise: bool | None, region: str | None) -> str:
    """``Enterprise, EMEA``; a customer without region says so."""
    if enterprise is None:
        return customer_kind(None)
    return f"{customer_kind(enterprise)}, {region or 'no region'}"

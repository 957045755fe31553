"""What a file's name says about its form."""

from __future__ import annotations

import pytest

from include.base import file_rows
from include.base.errors import FatalError


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("feedback.csv.gz", "unpack it first"),
        ("feedback.ods", r"save it as \.xlsx"),
        ("feedback.txt", "say its format"),
    ],
)
def test_the_ending_of_a_name_is_refused_with_its_remedy(path: str, remedy: str) -> None:
    with pytest.raises(FatalError, match=remedy):
        file_rows.format_of(path, None)

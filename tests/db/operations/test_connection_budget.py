"""The connections of a deployment are added up and compared with what the server allows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from include.operations.connection_budget import KINDS, POOL, budget, main
from include.store.session import MOST_CONNECTIONS, engine

PAGE = Path(__file__).resolve().parents[3] / "docs" / "cluster.md"


def test_every_kind_of_process_counts_as_often_as_it_runs() -> None:
    one = budget(dict.fromkeys(KINDS, 1), pooled=False)
    three = budget(dict.fromkeys(KINDS, 3), pooled=False)
    assert (three.product, three.metadata) == (3 * one.product, 3 * one.metadata)
    assert budget(dict.fromkeys(KINDS, 3), pooled=True).metadata == POOL


@pytest.mark.usefixtures("feedback_db")
def test_a_process_cannot_open_more_than_it_is_counted_with() -> None:
    pool = engine().pool
    assert pool.size() + pool._max_overflow == MOST_CONNECTIONS  # type: ignore[attr-defined]


@pytest.mark.usefixtures("feedback_db")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--workers", "2", "--concurrency", "6"], 0, "allows 197: enough for 54"),
        (["--workers", "20", "--concurrency", "16"], 1, "allows 197: too few"),
        (["--schedulers", "9", "--one-server"], 1, "allows 197: too few"),
        (["--schedulers", "9", "--one-server", "--pooled"], 0, "enough for 74"),
    ],
)
def test_it_is_compared_with_what_the_server_allows(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert main(arguments) == code
    assert said in capsys.readouterr().out


def test_the_page_has_the_same_table() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (\d+) \| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE
    )
    assert {name: (int(p), int(m)) for name, p, m in rows} == {
        name: (kind.product, kind.metadata) for name, kind in KINDS.items()
    }

"""What a run may name: below a root, by where it leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.base.errors import FatalError
from include.base.places import allowed_place

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

S3 = "s3://aws@mine/in"


def place(wanted: object, *roots: object) -> str:
    opened: Iterable[str] = map(str, roots)
    return allowed_place(str(wanted), opened, name="path", setting="import_roots")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    root.mkdir()
    return root


def test_what_is_below_a_root_is_allowed(root: Path) -> None:
    assert place(root / "new" / "a.csv", root) == str(root / "new" / "a.csv")
    assert place(f" file://{root}/a.csv/ ", f"{root}/") == str(root / "a.csv")
    assert place(root / "x" / ".." / "a.csv", "/elsewhere", root) == str(root / "a.csv")
    assert place(f"{S3}/a.csv", "/data", f"{S3}/") == f"{S3}/a.csv"
    assert place("S3://aws@mine/in/x/", S3) == f"{S3}/x"


def test_a_root_that_is_a_link_opens_what_it_leads_to(tmp_path: Path, root: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert place(tmp_path / "link" / "a.csv", tmp_path / "link") == str(root / "a.csv")


@pytest.mark.parametrize(
    "wanted",
    [
        "/etc/shadow",
        "/proc/self/environ",
        "{root}/../secret.csv",
        "{root}/../inside.csv",
        "{root}-evil/a.csv",
        "{root}/link.csv",
        "{root}/folder/secret.csv",
        "file:///etc/shadow",
        "FILE:///etc/shadow",
        "file://{root}/../../etc/shadow",
        "//etc/shadow",
        "{root}/./../in/../secret.csv",
    ],
)
def test_what_leads_out_of_a_root_is_refused(wanted: str, tmp_path: Path, root: Path) -> None:
    (tmp_path / "secret.csv").write_text("x", encoding="utf-8")
    (root / "link.csv").symlink_to(tmp_path / "secret.csv")
    (root / "folder").symlink_to(tmp_path)
    with pytest.raises(FatalError, match="not below one of"):
        place(wanted.format(root=root), root)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("/in/a\x00.csv", "NUL"),
        ("a.csv", "is relative"),
        ("../a.csv", "is relative"),
        ("~/a.csv", "is relative"),
        ("http://169.254.169.254/latest/meta-data", "none of the schemes"),
        ("https://example.com/a.csv", "none of the schemes"),
        ("ftp://example.com/a.csv", "none of the schemes"),
        ("file://host/etc/shadow", "none of the schemes"),
        ("memory://a", "none of the schemes"),
        ("simplecache::file:///etc/shadow", "none of the schemes"),
        ("zip://a.csv::file:///in/a.zip", "none of the schemes"),
        (f"{S3}/../other/a.csv", "goes up"),
        (f"{S3}/%2e%2E/other/a.csv", "goes up"),
        (f"{S3}/..\\a.csv", "goes up"),
        ("s3://aws@mine/input/a.csv", "not below one of"),
        ("s3://mine/in/a.csv", "not below one of"),
        ("s3://other@mine/in/a.csv", "not below one of"),
        ("gs://aws@mine/in/a.csv", "not below one of"),
    ],
)
def test_what_is_no_place_or_of_another_kind_is_refused(wanted: str, said: str) -> None:
    with pytest.raises(FatalError, match=said):
        place(wanted, "/", S3)


@pytest.mark.parametrize("wanted", ["/data/a.csv", f"{S3}/a.csv"])
@pytest.mark.parametrize("roots", [(), ("",), ("  ",)])
def test_nothing_is_open_by_default(wanted: str, roots: tuple[str, ...]) -> None:
    with pytest.raises(FatalError, match="closed to all files until it names some"):
        place(wanted, *roots)


@pytest.mark.parametrize("root", ["data", ".", "s3://", "http://x"])
def test_a_root_that_is_no_place_opens_nothing(root: str) -> None:
    with pytest.raises(FatalError, match="not below one of"):
        place("/data/a.csv", root)


def test_a_circle_of_links_is_refused(root: Path) -> None:
    (root / "a").symlink_to(root / "b")
    (root / "b").symlink_to(root / "a")
    with pytest.raises(FatalError):
        place(root / "a" / "x.csv", root / "a")

from __future__ import annotations

import re

from sandbox import licence_page
from sandbox.licence_page import is_compatible


def test_every_dependency_has_a_licence_that_goes_with_ours() -> None:
    known = {name: licence_page.licence_of(name) for name in licence_page.locked()}
    assert len(known) > 150
    wrong = {name: one for name, one in known.items() if one and not is_compatible(one)}
    assert wrong == {}


def test_a_licence_of_no_known_family_is_refused() -> None:
    assert not is_compatible("GPL-3.0-only")
    assert not is_compatible("AGPL-3.0-or-later")
    assert not is_compatible("not declared")


def test_every_package_of_the_lock_has_hashes() -> None:
    text = licence_page.LOCK.read_text(encoding="utf-8")
    blocks = [one for one in re.split(r"\n(?=[A-Za-z])", text) if "==" in one]
    assert {re.split(r"[=[]", one)[0] for one in blocks} == set(licence_page.locked())
    assert [one.split()[0] for one in blocks if "--hash=sha256:" not in one] == []

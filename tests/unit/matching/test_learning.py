"""What answers say about the confidence, and how far bad ones can move it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.matching.learning import (
    EXPECTED_PRECISION,
    FITS,
    LEAST_LABELS,
    NEVER,
    Costs,
    Label,
    Shift,
    fit,
    fit_of_any,
    learned,
)
from include.matching.scale import SCALE, chance_of, confidence_of

RECENT = [0.5 + place / 200 for place in range(100)]


def answered(count: int, shift: Shift, *, seed: int = 1, by: str = "ann") -> list[Label]:
    """Answers of people in a deployment whose confidence is off by a shift."""
    chance = random.Random(seed)
    confidences = [chance.uniform(0.78, 0.99) for _ in range(count)]
    any_fits = Shift(FITS.offset + shift.offset, FITS.slope)
    luck = [chance.random() for _ in confidences]
    return [
        Label(one, drawn < shift.chance(one), by, fits=drawn < any_fits.chance(one))
        for one, drawn in zip(confidences, luck, strict=True)
    ]


def test_a_scale_that_is_right_stays_about_where_it_is() -> None:
    found = learned(answered(300, Shift()), RECENT)
    assert found is not None
    assert abs(found.shift.offset) < 0.5
    assert found.attach == pytest.approx(0.9, abs=0.06)
    assert found.precision is not None
    assert found.precision >= EXPECTED_PRECISION


def test_a_scale_that_promises_too_much_attaches_less() -> None:
    right, bold = (learned(answered(200, Shift(offset)), RECENT) for offset in (0.0, -1.5))
    assert right is not None
    assert bold is not None
    assert bold.attach > right.attach
    assert bold.ask > right.ask


def test_a_scale_that_is_too_careful_attaches_more() -> None:
    found = learned(answered(200, Shift(1.5)), RECENT)
    assert found is not None
    assert found.attach < 0.9
    assert found.ask < 0.8


def test_a_question_is_worth_it_where_any_of_those_shown_fits() -> None:
    """The first is seldom right, but people find the right one among the others."""
    first, none = (
        [Label(0.82, place % 5 == 0, f"p{place % 4}", fits=fits) for place in range(100)]
        for fits in (True, False)
    )
    useful, useless = learned(first, RECENT), learned(none, RECENT)
    assert useful is not None
    assert useless is not None
    assert useful.ask < 0.8 < useless.ask
    assert useful.shift == useless.shift
    assert useful.attach == useless.attach


def test_what_is_right_fits() -> None:
    labels = [Label(0.85, place % 3 == 0, "ann") for place in range(60)]
    marked = [replace(label, fits=label.right) for label in labels]
    assert fit_of_any(labels) == fit_of_any(marked)


def test_without_answers_one_of_five_fits_more_often_than_the_first_is_right() -> None:
    assert FITS.chance(confidence_of(0.2)) == pytest.approx(0.5, abs=0.02)
    assert FITS.chance(0.8) == pytest.approx(0.6, abs=0.02)
    assert all(FITS.chance(one) > Shift().chance(one) for one in RECENT)


def test_ten_answers_propose_nothing() -> None:
    assert learned(answered(10, Shift(-3.0)), RECENT) is None
    assert learned(answered(LEAST_LABELS, Shift(-3.0)), RECENT) is not None


def test_where_19_in_20_is_out_of_reach_nothing_is_attached_and_it_says_why() -> None:
    wrong = [Label(0.95, place % 2 == 0, "ann") for place in range(200)]
    found = learned(wrong, RECENT)
    assert found is not None
    assert found.attach == NEVER
    assert found.precision is None
    assert found.why_not


def test_the_costs_say_from_which_chance_asking_pays_and_until_which_attaching_does() -> None:
    shipped = Costs()
    assert shipped.ask_from == pytest.approx(0.4)
    assert shipped.attach_from == pytest.approx(0.8)
    labels = answered(300, Shift())
    usual = learned(labels, RECENT)
    assert usual == learned(labels, RECENT, shipped)
    assert usual is not None
    cheap = learned(labels, RECENT, Costs(question=0.5))
    dear = learned(labels, RECENT, Costs(question=1.8))
    assert cheap is not None
    assert dear is not None
    assert cheap.ask < usual.ask < dear.ask
    grave = learned(labels, RECENT, Costs(wrong=100))
    assert grave is not None
    assert grave.attach > usual.attach
    assert grave.shift.chance(grave.attach) >= Costs(wrong=100).attach_from


def test_however_cheap_a_wrong_attachment_is_19_in_20_have_to_be_right() -> None:
    labels = answered(300, Shift())
    found = learned(labels, RECENT, Costs(wrong=0.1, question=10))
    usual = learned(labels, RECENT)
    assert found is not None
    assert usual is not None
    assert found.precision is not None
    assert found.precision >= EXPECTED_PRECISION
    assert found.ask == found.attach == usual.attach


def test_newer_answers_that_speak_against_it_stop_attaching() -> None:
    """The texts changed: what was right for months is wrong now, and the mean hides it."""
    labels = [Label(0.97, right=True, by="ann")] * 400 + [Label(0.97, right=False, by="ann")] * 5
    found = learned(labels, [0.97] * 100)
    assert found is not None
    assert found.attach == NEVER
    assert "15 of the newest 20" in found.why_not


def test_a_troll_who_approves_everything_moves_no_more_than_all_others_together() -> None:
    honest = [Label(0.85, place % 3 == 0, "ann") for place in range(30)]
    troll = [Label(0.85, right=True, by="troll") for _ in range(1000)]
    alone = fit(honest).chance(0.85)
    with_troll = fit([*honest, *troll]).chance(0.85)
    assert with_troll < 0.75
    assert fit(troll).chance(0.85) > with_troll > alone
    found = learned([*honest, *troll], RECENT)
    assert found is not None
    assert found.most_by_one > 0.9


def test_one_troll_alone_cannot_have_doubtful_matches_attached() -> None:
    found = learned([Label(0.82, right=True, by="troll") for _ in range(30)], RECENT)
    assert found is not None
    assert found.attach > 0.82


def test_wrong_attachments_that_nobody_undoes_are_found_by_audits() -> None:
    """Three of ten sure matches are wrong and nobody minds; of 20 in a hundred people are asked."""
    audits = [Label(0.97, right=place % 10 >= 3, by="ann") for place in range(20)]
    found = learned(audits, [0.97] * 400)
    assert found is not None
    assert found.attach == NEVER
    assert found.precision is None


def corrected(wrong: int, *, asked: bool = False, lately: bool = True) -> list[Label]:
    """Fifty audits of a thousand sure matches, one of them wrong, and corrections unasked."""
    audits = [Label(0.97, right=place != 7, by=f"p{place % 5}") for place in range(50)]
    undone = [
        Label(0.97, right=False, by=f"p{place % 5}", asked=asked, lately=lately)
        for place in range(wrong)
    ]
    return [*audits, *undone]


def test_corrections_do_not_count_as_if_the_right_ones_had_been_heard_of_too() -> None:
    """Two in a hundred are wrong, and of those people take off what they notice: 6 of 20."""
    found = learned(corrected(6), [0.97] * 1000)
    assert found is not None
    assert found.attach <= 0.97
    as_answers = learned(corrected(6, asked=True), [0.97] * 1000)
    assert as_answers is not None
    assert as_answers.attach > 0.97
    shipped = Shift().chance(0.97)
    assert abs(fit(corrected(6)).chance(0.97) - shipped) < 0.02
    assert fit(corrected(6, asked=True)).chance(0.97) < shipped - 0.05


def test_more_corrections_than_one_in_twenty_stop_attaching() -> None:
    found = learned(corrected(70), [0.97] * 1000, audited=0.01)
    assert found is not None
    assert found.attach == NEVER
    assert found.why_not == "people took off 70 of the newest 1000 that would be attached"


def test_a_month_of_many_sure_matches_can_be_judged() -> None:
    calm = learned(corrected(4_000), [0.97] * 100_000, audited=0.0)
    alarm = learned(corrected(6_000), [0.97] * 100_000, audited=0.0)
    assert calm is not None
    assert alarm is not None
    assert calm.attach <= 0.97
    assert alarm.attach == NEVER


def test_corrections_of_long_ago_stop_nothing() -> None:
    found = learned(corrected(70, lately=False), [0.97] * 1000, audited=0.01)
    assert found is not None
    assert found.attach <= 0.97


def test_two_people_who_disagree_make_it_less_sure_not_more() -> None:
    yes = [Label(0.93, right=True, by="ann") for _ in range(20)]
    no = [Label(0.93, right=False, by="bob") for _ in range(20)]
    assert fit([*yes, *no]).chance(0.93) < Shift().chance(0.93)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=LEAST_LABELS, max_size=60))
def test_whatever_is_answered_the_thresholds_are_ones(rows: list[tuple[float, bool]]) -> None:
    found = learned([Label(one, right) for one, right in rows], RECENT)
    assert found is not None
    assert 0 < found.ask <= found.attach <= 1


@given(st.floats(0, 1))
def test_the_scale_can_be_read_both_ways(chance: float) -> None:
    assert chance_of(confidence_of(chance)) == pytest.approx(chance, abs=1e-9)


def test_the_scale_rises() -> None:
    assert list(SCALE) == sorted(SCALE)

from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from rehab.library.models import Exercise
from rehab.programs.dose import KEYS, Dose
from rehab.programs.forms import MORE, ChangeForm, DoseForm
from tests.programs.test_dose import doses

WALK = Exercise(slug="leash-walk", name="Controlled leash walk", dose_range={"minutes": [2, 30], "per_day": [1, 5]})
STEPS = Exercise(slug="back-up", name="Back up", dose_range={"sets": [1, 4], "reps": [3, 10]})
FLOORS = Exercise(slug="nonslip-floors", name="Non-slip floors", dose_range={"recheck_days": [7, 30]})
OTHERS = [("leash-walk", "Controlled leash walk"), ("hill-walk", "Hill walk")]


def posted(**said: object) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update({name: str(value) for name, value in said.items()})
    return data


def typed(form: DoseForm) -> QueryDict:
    """What a browser sends of the form as it was shown."""
    data = QueryDict(mutable=True)
    for field in form:
        value = field.value()
        if value is not None and value is not False:
            data[field.html_name] = "on" if value is True else str(value)
    return data


def test_dose_form_shows_the_main_numbers_first() -> None:
    form = DoseForm(exercise=WALK, dose=Dose(minutes=5, per_day=3), others=OTHERS[1:])
    assert [field.name for field in form.dose_fields] == ["minutes", "per_day"]
    assert [field.name for field in form.more_fields] == [name for name in MORE if name != "recheck_days"]
    assert not form.more_is_open


@pytest.mark.parametrize(
    ("dose", "more"),
    [
        (Dose(one_off=True), ["from_week", "only_if", "recheck_days"]),
        (Dose(per_prescription=True), ["from_week", "only_if"]),
        (Dose(duration_days=28), ["from_week"]),
        (Dose(interval_hours=4, per_day=6), ["each_side", "from_week", "only_if"]),
    ],
)
def test_dose_form_offers_what_fits_the_rhythm(dose: Dose, more: list[str]) -> None:
    assert DoseForm(exercise=FLOORS, dose=dose, others=OTHERS).more == more


def test_dose_form_offers_no_other_item_where_there_is_none() -> None:
    assert "part_of" not in DoseForm(exercise=WALK, dose=Dose(minutes=5)).fields


@pytest.mark.parametrize(
    ("exercise", "base", "said", "expected"),
    [
        (WALK, Dose(minutes=5), {"minutes": 6, "per_day": 2}, Dose(minutes=6, per_day=2)),
        (WALK, Dose(minutes=5), {"minutes": 5, "per_day": 1, "each_side": "on"}, Dose(minutes=5, each_side=True)),
        (
            WALK,
            Dose(minutes=5),
            {"minutes": 5, "per_day": 1, "ramp_by": 1, "ramp_to": 12, "from_week": 3},
            Dose(minutes=5, ramp_by=1, ramp_to=12, from_week=3),
        ),
        (
            WALK,
            Dose(minutes=5),
            {"minutes": 3, "per_day": 3, "part_of": "hill-walk", "only_if": "it is dry"},
            Dose(minutes=3, per_day=3, part_of="hill-walk", only_if="it is dry"),
        ),
        (WALK, Dose(minutes=5), {"minutes": 5, "per_day": 1, "when_time": "on"}, Dose(minutes=5, when_time=True)),
        (STEPS, Dose(sets=2, reps=5), {"sets": 2, "reps": "", "steps": 20}, Dose(sets=2, steps=20)),
        (FLOORS, Dose(one_off=True), {"recheck_days": 14}, Dose(one_off=True, recheck_days=14)),
    ],
)
def test_dose_as_typed(exercise: Exercise, base: Dose, said: dict[str, Any], expected: Dose) -> None:
    form = DoseForm(posted(has_more="True", **said), exercise=exercise, dose=base, others=OTHERS)
    assert form.is_valid(), form.errors
    assert form.dose == expected


def test_dose_form_takes_back_what_is_emptied() -> None:
    base = Dose(minutes=5, each_side=True, ramp_by=1, ramp_to=12, only_if="it is dry", from_week=3)
    form = DoseForm(posted(has_more="True", minutes=5, per_day=1), exercise=WALK, dose=base)
    assert form.is_valid()
    assert form.dose == Dose(minutes=5)


def test_page_without_the_fold_leaves_what_it_holds() -> None:
    base = Dose(minutes=5, each_side=True, ramp_by=1, ramp_to=12, only_if="it is dry")
    form = DoseForm(posted(minutes=6, per_day=1), exercise=WALK, dose=base)
    assert form.is_valid()
    assert form.dose == Dose(minutes=6, each_side=True, ramp_by=1, ramp_to=12, only_if="it is dry")


@pytest.mark.parametrize(
    ("exercise", "base", "said", "errors"),
    [
        (
            WALK,
            Dose(minutes=5),
            {"minutes": 5, "per_day": 1, "ramp_by": 3, "ramp_to": 12},
            {"ramp_by": ["Too steep: from 5 on, one week may add at most 2."]},
        ),
        (
            WALK,
            Dose(minutes=5),
            {"minutes": 8, "per_day": 1, "ramp_by": 1, "ramp_to": 6},
            {"ramp_to": ["The growth must end between 8, the dose now, and 240."]},
        ),
        (
            WALK,
            Dose(minutes=5),
            {"minutes": 5, "per_day": 1, "ramp_by": 1},
            {"ramp_to": ["A weekly growth needs both: by how much, and up to what."]},
        ),
        (
            STEPS,
            Dose(sets=2, reps=5),
            {"sets": 2, "reps": 5, "steps": 20},
            {"steps": ["Give either repetitions or steps, not both."]},
        ),
        (STEPS, Dose(sets=2, reps=5), {"sets": 2}, {"reps": ["This field is required."]}),
        (
            WALK,
            Dose(minutes=5),
            {"minutes": 5, "per_day": 1, "part_of": "other"},
            {"part_of": ["Select a valid choice. other is not one of the available choices."]},
        ),
        (
            WALK,
            Dose(minutes=5),
            {"minutes": 5, "per_day": 1, "only_if": "dry\x07"},
            {"only_if": ["There is a hidden character in this text. Please type it again."]},
        ),
    ],
)
def test_contradiction_is_told_at_its_field(
    exercise: Exercise, base: Dose, said: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    form = DoseForm(posted(has_more="True", **said), exercise=exercise, dose=base, others=OTHERS)
    assert form.errors == errors
    assert form.more_is_open or "reps" in errors


def test_contradiction_with_what_the_page_does_not_show_is_told_above() -> None:
    base = Dose(minutes=5, ramp_by=1, ramp_to=6)
    form = DoseForm(posted(minutes=8, per_day=1), exercise=WALK, dose=base)
    assert not form.is_valid()


@pytest.mark.parametrize(
    ("dose", "is_open"),
    [
        (Dose(minutes=5), False),
        (Dose(minutes=5, from_week=2), True),
        (Dose(minutes=5, each_side=True), True),
        (Dose(minutes=5, only_if="it is dry"), True),
        (Dose(minutes=5, part_of="gone-walk"), True),
    ],
)
def test_fold_is_open_where_it_says_something(dose: Dose, is_open: bool) -> None:
    form = DoseForm(exercise=WALK, dose=dose)
    assert form.more_is_open is is_open
    sent = DoseForm(typed(form), exercise=WALK, dose=dose)
    assert sent.is_valid(), sent.errors
    assert sent.more_is_open is is_open
    assert sent.dose == dose


@given(doses())
def test_form_sent_back_as_shown_changes_nothing(dose: Dose) -> None:
    form = DoseForm(typed(DoseForm(exercise=WALK, dose=dose)), exercise=WALK, dose=dose)
    assert form.is_valid(), form.errors
    assert form.dose == dose


@given(doses(), st.dictionaries(st.sampled_from(sorted(KEYS)), st.sampled_from(["", "1", "3", "on", "x", "-1", "999"])))
def test_form_never_holds_what_is_no_dose(dose: Dose, said: dict[str, str]) -> None:
    form = DoseForm(posted(has_more="True", **said), exercise=WALK, dose=dose, others=OTHERS)
    if form.is_valid():
        assert Dose.from_json(form.dose.to_json()) == form.dose
    else:
        assert form.errors


def test_change_tells_the_contradiction_beside_the_missing_reason() -> None:
    form = ChangeForm(
        posted(has_more="True", minutes=5, per_day=1, ramp_by=9, ramp_to=20, plan_version=1, suggestion="Adjusted"),
        exercise=WALK,
        dose=Dose(minutes=5),
        suggestions=["Adjusted"],
    )
    assert set(form.errors) == {"ramp_by"}

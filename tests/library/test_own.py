"""A clinic's own exercises and protocols: versions, rules, and what two people do at once."""

import datetime as dt
from typing import Any

import pytest

from accounts.models import AuditEvent, Clinic, User
from rehab.lib.ids import new_id
from rehab.library.actions import load_library
from rehab.library.models import Exercise, Protocol
from rehab.library.own import (
    AlreadyCreated,
    ContentChanged,
    StillUsed,
    WrongContent,
    restore,
    retire,
    save_exercise,
    save_protocol,
)
from rehab.patients.models import Patient
from tests import make

LATER = make.NOW + dt.timedelta(hours=1)


@pytest.fixture
def library(db: None) -> None:
    load_library(at=make.NOW)


def values(**changes: Any) -> dict[str, Any]:
    """An exercise that keeps all rules."""
    return {
        "name": "Sofa steps",
        "purpose": "Steady the back feet",
        "category": "balance_stabilisation",
        "mode": "active",
        "load": 2,
        "trains": "stabilisation",
        "equipment": ["low step"],
        "steps": ["Lead your dog to the step.", "One foot up, one foot down."],
        "mistakes": ["Too high a step"],
        "dose": {"reps": 5, "per_day": 2},
        "dose_range": {"reps": [3, 8], "per_day": [1, 3]},
        "earliest_phase": "P2",
        "earliest_note": "",
        "not_before_day": None,
        "grades": [0, 1, 2],
        "contraindications": ["X_PAIN"],
        "stop_signs": ["S_SHAKE"],
        "measure": {"metric": "reps_clean", "unit": "reps"},
        "easier_slug": "weight-shift",
        "harder_slug": "",
        "clinic_only": False,
        "drawn_as": "step-up",
        "sources": [],
        **changes,
    }


def protocol_values(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Our strain plan",
        "cause": "soft_tissue",
        "rows": ["D1"],
        "profile": "msk",
        "total_weeks": "6",
        "reassess_days": [7, 14],
        "warning": "",
        "progress_disabled": False,
        "sources": [],
        "phases": [phase()],
        **changes,
    }


def phase(**changes: Any) -> dict[str, Any]:
    return {
        "code": "P1",
        "name": "Gentle motion",
        "days_min": 5,
        "days_max": 14,
        "entry_criteria": ["pain_rest.max[2d] <= 3"],
        "exit_criteria": ["walk_min_total.avg[3d] >= 15"],
        "items": [{"exercise": "leash-walk", "dose": {"minutes": 5, "per_day": 3}, "condition": "fine weather"}],
        "ladders": [],
        "extra": {},
        **changes,
    }


def create(clinic: Clinic, by: User, **changes: Any) -> Exercise:
    return save_exercise(clinic=clinic, by=by, at=make.NOW, values=values(**changes))


def kinds() -> list[str]:
    return list(
        AuditEvent.objects.filter(kind__startswith="exercise.").order_by("at", "pk").values_list("kind", flat=True)
    )


def test_own_exercise_has_what_the_content_implies_for_all(library: None, clinic: Clinic, vet: User) -> None:
    made = create(clinic, vet)
    assert (made.slug, made.version, made.clinic, made.based_on) == ("sofa-steps", 1, clinic, None)
    assert made.contraindications == ["X_REDFLAG", "X_NOTGRADED", "X_PAIN"]
    assert made.stop_signs == ["S_CRY", "S_PAIN2", "S_REFUSE", "S_BREATH", "S_SHAKE"]
    assert made.dose == {
        "sets": 1, "reps": 5, "hold_s": 0, "minutes": None, "per_day": 2, "days_per_week": 7,
    }  # fmt: skip
    event = AuditEvent.objects.get(kind="exercise.created")
    assert (event.actor, event.clinic, event.subject_id) == (vet, clinic, made.pk)


def test_change_makes_a_version_and_prescriptions_keep_theirs(
    library: None, clinic: Clinic, vet: User, patient: Patient
) -> None:
    first = create(clinic, vet)
    prescription = make.make_prescription(make.make_program(patient, vet), exercise=first)
    second = save_exercise(clinic=clinic, by=vet, at=LATER, values=values(name="Sofa steps, slowly"), base=first)
    first.refresh_from_db()
    prescription.refresh_from_db()
    assert (first.name, first.superseded_at) == ("Sofa steps", LATER)
    assert (second.slug, second.version, second.superseded_at) == ("sofa-steps", 2, None)
    assert prescription.exercise == first
    assert kinds() == ["exercise.created", "exercise.changed"]


def test_saving_what_is_stored_makes_no_version(library: None, clinic: Clinic, vet: User) -> None:
    first = create(clinic, vet)
    again = save_exercise(clinic=clinic, by=vet, at=LATER, values=values(), base=first)
    assert again == first
    assert Exercise.objects.filter(clinic=clinic).count() == 1


def test_copy_keeps_the_slug_and_says_what_it_was_made_from(library: None, clinic: Clinic, vet: User) -> None:
    base = Exercise.objects.get(slug="sit-stand")
    copy = save_exercise(clinic=clinic, by=vet, at=make.NOW, values=values(name="Our sit"), base=base)
    changed = save_exercise(clinic=clinic, by=vet, at=LATER, values=values(name="Our sit!"), base=copy)
    assert (copy.slug, copy.version, copy.based_on) == ("sit-stand", 1, base)
    assert (changed.version, changed.based_on) == (2, base)
    base.refresh_from_db()
    assert base.superseded_at is None
    with pytest.raises(ContentChanged) as refused:
        save_exercise(clinic=clinic, by=vet, at=LATER, values=values(name="A second copy"), base=base)
    assert refused.value.stored == changed


def test_the_second_of_two_people_is_told(library: None, clinic: Clinic, vet: User, colleague: User) -> None:
    first = create(clinic, vet)
    second = save_exercise(clinic=clinic, by=vet, at=LATER, values=values(name="Vera’s"), base=first)
    with pytest.raises(ContentChanged) as refused:
        save_exercise(clinic=clinic, by=colleague, at=LATER, values=values(name="Cai’s"), base=first)
    assert refused.value.stored == second
    assert Exercise.objects.filter(clinic=clinic).count() == 2


def test_the_same_form_sent_twice_is_one_exercise(library: None, clinic: Clinic, vet: User) -> None:
    key = new_id()
    save_exercise(clinic=clinic, by=vet, at=make.NOW, values=values(), key=key)
    with pytest.raises(AlreadyCreated):
        save_exercise(clinic=clinic, by=vet, at=make.NOW, values=values(), key=key)
    assert kinds() == ["exercise.created"]


def test_new_exercise_never_takes_a_slug_that_is_in_use(library: None, clinic: Clinic, vet: User) -> None:
    """Or it would pass for a changed copy."""
    assert create(clinic, vet, name="Sit-stand").slug == "sit-stand-2"
    assert create(clinic, vet, name="Sit-stand").slug == "sit-stand-3"
    assert create(clinic, vet, name="座る").slug == "exercise"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"dose": {"reps": 9}}, "dose"),
        ({"dose": {"days_per_week": 8}, "dose_range": {}}, "dose"),
        ({"dose": {"per_day": 1}, "dose_range": {"reps": [8, 3]}}, "dose_range"),
        ({"easier_slug": "no-such-exercise"}, "easier_slug"),
        ({"contraindications": ["X_INVENTED"]}, "contraindications"),
        ({"stop_signs": ["S_INVENTED"]}, "stop_signs"),
        ({"steps": []}, "steps"),
        ({"earliest_phase": "P9"}, "earliest_phase"),
        ({"grades": [7]}, "grades"),
        ({"load": 4, "earliest_phase": "P0"}, "load"),
        ({"name": "x" * 121}, "name"),
        ({"category": "invented"}, "category"),
    ],
)
def test_what_breaks_a_rule_of_the_content_is_refused_at_its_field(
    library: None, clinic: Clinic, vet: User, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(WrongContent) as refused:
        create(clinic, vet, **changes)
    assert {place for place, _what in refused.value.wrong} == {field}
    assert not Exercise.objects.filter(clinic=clinic).exists()


def test_retired_exercise_is_offered_nowhere_and_can_come_back(library: None, clinic: Clinic, vet: User) -> None:
    exercise = create(clinic, vet)
    retire(content=exercise, by=vet, at=LATER)
    assert Exercise.objects.get(pk=exercise.pk).superseded_at == LATER
    with pytest.raises(ContentChanged):
        retire(content=exercise, by=vet, at=LATER)
    restore(content=exercise, by=vet, at=LATER)
    assert Exercise.objects.get(pk=exercise.pk).superseded_at is None
    with pytest.raises(ContentChanged):
        restore(content=exercise, by=vet, at=LATER)
    assert kinds() == ["exercise.created", "exercise.retired", "exercise.restored"]


def test_exercise_that_a_protocol_of_the_clinic_names_is_not_retired(library: None, clinic: Clinic, vet: User) -> None:
    exercise = create(clinic, vet)
    plan = phase(code="P2", items=[{"exercise": "sofa-steps"}])
    save_protocol(clinic=clinic, by=vet, at=make.NOW, values=protocol_values(phases=[plan]))
    with pytest.raises(StillUsed) as refused:
        retire(content=exercise, by=vet, at=LATER)
    assert refused.value.protocols == ["Our strain plan"]
    # A copy may go: the built-in one takes its place.
    walk = values(earliest_phase="P1", dose={"minutes": 5}, dose_range={"minutes": [3, 30]})
    base = Exercise.objects.get(slug="leash-walk")
    copy = save_exercise(clinic=clinic, by=vet, at=make.NOW, values=walk, base=base)
    save_protocol(clinic=clinic, by=vet, at=make.NOW, values=protocol_values(name="Another"))
    retire(content=copy, by=vet, at=LATER)


def test_protocol_and_its_next_version_with_their_phases(library: None, clinic: Clinic, vet: User) -> None:
    first = save_protocol(clinic=clinic, by=vet, at=make.NOW, values=protocol_values())
    changed = protocol_values(phases=[phase(), phase(code="P2", name="Steady", items=[{"exercise": "stand-count"}])])
    second = save_protocol(clinic=clinic, by=vet, at=LATER, values=changed, base=first)
    first.refresh_from_db()
    assert (first.version, first.superseded_at, first.phases.count()) == (1, LATER, 1)
    assert (second.version, second.slug) == (2, "our-strain-plan")
    assert [(one.position, one.code, one.name) for one in second.phases.order_by("position")] == [
        (0, "P1", "Gentle motion"),
        (1, "P2", "Steady"),
    ]
    assert save_protocol(clinic=clinic, by=vet, at=LATER, values=changed, base=second) == second


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rows": ["D1", "D2"]}, "rows"),
        ({"profile": "msk"}, "profile"),
        ({"progress_disabled": False}, "progress_disabled"),
    ],
)
def test_only_a_vet_opens_more_than_the_protocol_it_was_made_from(
    library: None, clinic: Clinic, vet: User, therapist: User, changes: dict[str, Any], field: str
) -> None:
    said = protocol_values(profile="neuro", progress_disabled=True, phases=[phase(items=[{"exercise": "warm-wash"}])])
    base = save_protocol(clinic=clinic, by=vet, at=make.NOW, values=said)
    renamed = save_protocol(clinic=clinic, by=therapist, at=LATER, values={**said, "name": "Plainly"}, base=base)
    with pytest.raises(WrongContent) as refused:
        save_protocol(clinic=clinic, by=therapist, at=LATER, values={**said, **changes}, base=renamed)
    assert refused.value.wrong == [(field, "Only a vet opens more than the protocol that it was made from.")]
    assert save_protocol(clinic=clinic, by=vet, at=LATER, values={**said, **changes}, base=renamed).version == 3


def test_only_a_vet_writes_a_protocol_from_nothing(library: None, clinic: Clinic, therapist: User) -> None:
    with pytest.raises(WrongContent) as refused:
        save_protocol(clinic=clinic, by=therapist, at=make.NOW, values=protocol_values())
    assert [field for field, _ in refused.value.wrong] == ["rows"]
    assert not Protocol.objects.exclude(clinic=None).exists()


def test_copied_protocol_keeps_the_slug(library: None, clinic: Clinic, vet: User) -> None:
    base = Protocol.objects.get(slug="soft-tissue-strain")
    copy = save_protocol(clinic=clinic, by=vet, at=make.NOW, values=protocol_values(), base=base)
    assert (copy.slug, copy.based_on, copy.clinic) == ("soft-tissue-strain", base, clinic)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"rows": ["D9"]}, "rows"),
        ({"cause": "invented"}, "cause"),
        ({"profile": "invented", "phases": [phase(items=[])]}, "profile"),
        ({"phases": []}, "phases"),
        ({"phases": [phase(days_min=9, days_max=2)]}, "phases.P1.days"),
        ({"phases": [phase(entry_criteria=["pain is low"])]}, "phases.P1.enter"),
        ({"phases": [phase(exit_criteria=["happiness >= 3"])]}, "phases.P1.exit"),
        ({"phases": [phase(ladders=["trampoline"])]}, "phases.P1.ladders"),
        ({"phases": [phase(items=[{"exercise": "invented"}])]}, "phases.P1.items.ex"),
        (
            {"phases": [phase(items=[{"exercise": "leash-walk", "dose": {"minutes": 500}}])]},
            "phases.P1.items.leash-walk.dose",
        ),
        ({"phases": [phase(items=[{"exercise": "hill-walk"}])]}, "phases.P1.items.hill-walk"),
        ({"phases": [phase(name="x" * 200)]}, "phases.P1.name"),
    ],
)
def test_protocol_that_breaks_a_rule_of_the_content_is_refused_at_its_place(
    library: None, clinic: Clinic, vet: User, changes: dict[str, Any], place: str
) -> None:
    with pytest.raises(WrongContent) as refused:
        save_protocol(clinic=clinic, by=vet, at=make.NOW, values=protocol_values(**changes))
    assert {where for where, _what in refused.value.wrong} == {place}
    assert not Protocol.objects.filter(clinic=clinic).exists()


def test_protocol_may_name_the_clinics_own_exercise_and_no_other_clinics(
    library: None, clinic: Clinic, other_clinic: Clinic, vet: User, outside_vet: User
) -> None:
    create(clinic, vet)
    plan = protocol_values(phases=[phase(code="P2", items=[{"exercise": "sofa-steps"}])])
    assert save_protocol(clinic=clinic, by=vet, at=make.NOW, values=plan).phases.count() == 1
    with pytest.raises(WrongContent):
        save_protocol(clinic=other_clinic, by=outside_vet, at=make.NOW, values=plan)


def test_protocol_that_another_goes_on_to_is_not_retired(library: None, clinic: Clinic, vet: User) -> None:
    last = save_protocol(clinic=clinic, by=vet, at=make.NOW, values=protocol_values(name="For ever"))
    plan = phase(items=[{"ref_protocol": "for-ever"}])
    first = save_protocol(clinic=clinic, by=vet, at=make.NOW, values=protocol_values(phases=[plan]))
    with pytest.raises(StillUsed):
        retire(content=last, by=vet, at=LATER)
    retire(content=first, by=vet, at=LATER)
    retire(content=last, by=vet, at=LATER)

"""What a person gets by going round the rules of a program, and what a step back must bring back."""

import pytest

from accounts.access import Role
from accounts.models import Clinic, User
from rehab.library.models import Exercise
from rehab.programs.actions import NotAllowed, decide, undo_step
from rehab.programs.models import Decision, Prescription, Program
from tests import make
from tests.programs.conftest import prescribed

THERAPIST = frozenset({Role.THERAPIST})


def test_undo_of_a_swap_brings_back_what_the_exercise_works_on(
    plan: Program, walking: Prescription, sling: Exercise, vet: User
) -> None:
    Prescription.objects.filter(pk=walking.pk).delete()
    first = make.make_prescription(plan, exercise=walking.exercise, dose={"minutes": 5, "per_day": 3}, aim="limb")
    decide(
        kind=Decision.Kind.REGRESS,
        prescription=prescribed(plan, "leash-walk"),
        reason="Sore",
        plan_version=1,
        by=vet,
        roles=THERAPIST,
        at=make.NOW,
        swap=True,
    )
    assert prescribed(plan, "sling-walk").aim == ""
    undo_step(program=plan, plan_version=2, by=vet, at=make.NOW)
    assert prescribed(plan, "leash-walk").aim == first.aim == "limb"


def test_what_is_called_easier_must_not_load_more(
    plan: Program, walking: Prescription, sling: Exercise, clinic: Clinic, therapist: User
) -> None:
    """A step back asks for no signature, no teach-back and no examination; more load is no step back."""
    make.make_exercise(sling.slug, clinic=clinic, name="Our sling walk", category="gait_endurance", load=3)
    with pytest.raises(NotAllowed, match="loads the dog more"):
        decide(
            kind=Decision.Kind.REGRESS,
            prescription=walking,
            reason="Sore",
            plan_version=1,
            by=therapist,
            roles=THERAPIST,
            at=make.NOW,
            swap=True,
        )
    assert prescribed(plan, "leash-walk").pk == walking.pk

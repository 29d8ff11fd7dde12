"""The plan as it stands: the open program, what it prescribes, and what the family has been shown."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F

from accounts.models import Clinic
from rehab.library.models import Exercise
from rehab.programs.models import (
    Prescription,
    PrescriptionQuerySet,
    Program,
    TeachBack,
)


def open_program(patient_id: UUID) -> Program | None:
    """The dog's open program, with its protocol, its definition, and who paused it."""
    program: Program | None = (
        Program.objects.open()
        .filter(patient=patient_id)
        .select_related("protocol", "patient", "clinic", "definition", "paused_by__decided_by")
        .first()
    )
    return program


def current_prescriptions(program: Program) -> PrescriptionQuerySet:
    """What no decision has ended, in the order of the page, with the exercises."""
    return Prescription.objects.filter(program=program).current().select_related("exercise").order_by("position", "pk")


@dataclass(frozen=True, kw_only=True)
class Taught:
    """What the family has been shown of one exercise, and has shown back."""

    shown: TeachBack | None = None
    shown_back: TeachBack | None = None


def taught(patient_id: UUID, slugs: Iterable[str]) -> dict[str, Taught]:
    """The standing teach-backs by the slug of the exercise; one query."""
    found: dict[str, dict[str, TeachBack]] = defaultdict(dict)
    for one in (
        TeachBack.objects.standing()
        .filter(patient=patient_id, exercise__slug__in=set(slugs))
        .select_related("exercise", "recorded_by")
        .order_by("day", "pk")
    ):
        found[one.exercise.slug].setdefault(one.kind, one)
    return {slug: Taught(**by_kind) for slug, by_kind in found.items()}


def names_of(clinic: Clinic, slugs: Iterable[str], *, grade: int | None) -> dict[str, str]:
    """The names of the current exercises for dogs of that grade by slug, the clinic's own first; one query."""
    rows = (
        Exercise.objects.current()
        .for_clinic(clinic)
        .filter(slug__in=set(slugs))
        .order_by(F("clinic").asc(nulls_first=True), "pk")
        .values_list("slug", "name", "grades")
    )
    # The clinic's own comes last and takes the place of the built-in one, whichever grades it is for.
    found = {slug: (name, grades) for slug, name, grades in rows}
    return {slug: name for slug, (name, grades) in found.items() if grade in grades}


def standing_in_for(prescription: Prescription) -> Prescription | None:
    """What is in the plan now in the place of a prescription: itself, its next dose, or the neighbour that followed."""
    current = (
        Prescription.objects.filter(program=prescription.program_id)
        .current()
        .select_related("exercise", "started_by__decided_by", "clinic", "program__patient", "program__protocol")
    )
    same: Prescription | None = current.filter(exercise__slug=prescription.exercise.slug).first()
    if same is not None:
        return same
    follower: Prescription | None = prescription
    # A neighbour may have given way to the next one in the meantime.
    while follower is not None and follower.ended_by_id is not None:
        next_ones = Prescription.objects.filter(
            started_by=follower.ended_by_id, program=prescription.program_id, position=follower.position
        )
        follower = next_ones.select_related("exercise").first()
    return None if follower is None else current.filter(pk=follower.pk).first()

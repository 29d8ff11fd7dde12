"""Loading a program, or one exercise of it, for the person who asks."""

from uuid import UUID

from django.http import HttpRequest

from accounts.access import Right, signed_in
from rehab.patients.access import load
from rehab.programs.models import Prescription, Program


def load_program(request: HttpRequest, pk: UUID, *, right: Right = Right.ADJUST) -> Program:
    program: Program = load(
        Program.objects.select_related("patient__clinic", "protocol", "definition"),
        pk=pk,
        user=signed_in(request),
        right=right,
    )
    return program


def load_prescription(request: HttpRequest, pk: UUID, *, right: Right = Right.ADJUST) -> Prescription:
    prescription: Prescription = load(
        Prescription.objects.select_related(
            "exercise", "clinic", "program__patient", "program__protocol", "program__definition"
        ),
        pk=pk,
        user=signed_in(request),
        right=right,
    )
    return prescription

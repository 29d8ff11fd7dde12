"""The addresses of one dog's pages; resolving them one by one costs more than all the rest of an item."""

import datetime as dt
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.urls import reverse

from rehab.sessions.commands import (
    ActivitiesFact,
    Command,
    ExposureFact,
    Fact,
    MeasureFact,
    MedicineFact,
    MessageFact,
    PainFact,
    ReportFact,
    ResponseFact,
    SlotFact,
)

NOBODY: Final = UUID(int=0)


@lru_cache(maxsize=1)
def _some_dogs_today() -> str:
    return reverse("sessions:today", args=[NOBODY])


def dog_url(patient_id: UUID) -> str:
    """What the addresses of all pages of the dog begin with."""
    return _some_dogs_today().replace(str(NOBODY), str(patient_id)).removesuffix("today/")


@lru_cache(maxsize=1)
def _some_handout() -> str:
    return reverse("programs:handout", args=[NOBODY])


def handout_url(program_id: UUID) -> str:
    """The program on paper."""
    return _some_handout().replace(str(NOBODY), str(program_id))


def day_url(patient_id: UUID, day: dt.date, today: dt.date) -> str:
    """The page of one day of the dog."""
    return dog_url(patient_id) + ("today/" if day == today else f"day/{day}/")


def parts_url(patient_id: UUID, day: dt.date, today: dt.date) -> str:
    """What has changed on the page of one day."""
    return f"{day_url(patient_id, day, today)}parts/"


def response_url(patient_id: UUID, day: dt.date) -> str:
    """The questions about one day besides pain."""
    return f"{dog_url(patient_id)}day/{day}/response/"


def subject(fact: Fact) -> UUID | str:
    """What on its page the answer is about: a prescription, a ladder's rung or a pain moment; empty for the rest."""
    match fact:
        case SlotFact(prescription=about) | ExposureFact(step=about):
            return about
        case PainFact(moment=moment):
            return moment
        case _:
            return ""


def after(command: Command, *, shown: dt.date, today: dt.date) -> str:
    """The page to go back to once a form was taken, where its answer stands."""
    dog = dog_url(command.patient)
    day = day_url(command.patient, shown, today)
    match command.fact:
        case SlotFact(prescription=about):
            return f"{day}#item-{about}"
        case ExposureFact(step=about):
            return f"{day}#practice-{about}"
        case PainFact(moment=moment):
            return f"{day}#pain-{moment}"
        case ResponseFact():
            return f"{dog}day/{shown}/response/"
        case MeasureFact(prescription=UUID() as about):
            return f"{dog}exercise/{about}/"
        case MeasureFact():
            return f"{dog}day/{shown}/response/"
        case MedicineFact():
            return f"{day}#medicine"
        case ReportFact():
            return f"{dog}check/"
        case MessageFact():
            return f"{dog}messages/"
        case ActivitiesFact():
            return f"{dog}activities/"

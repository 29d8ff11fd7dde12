"""The addresses of one dog's pages; resolving them one by one costs more than all the rest of an item."""

import datetime as dt
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.urls import reverse

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

"""A program on paper: what the family does, when it stops, and whom it calls.

A handout lies on kitchen tables: it names no problem and gives no clinical reason.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from rehab.library import reading, translating
from rehab.library.addresses import Picture, picture_of
from rehab.library.models import Exercise, Media
from rehab.patients.wording import printed
from rehab.programs.models import LadderStep, Prescription, Program
from rehab.programs.queries import current_prescriptions
from rehab.programs.wording import dose_text

ONE_DAY: Final = dt.timedelta(days=1)
# Modules of white around the code, without which readers do not find it (ISO/IEC 18004).
QUIET_ZONE: Final = 4
# More boxes than this do not fit into one day of the week's table: then the family writes the number.
MOST_BOXES: Final = 4


class State(StrEnum):
    """Why there is nothing to print; ``OPEN``: there is."""

    OPEN = "open"
    ENDED = "ended"
    PAUSED = "paused"
    EMPTY = "empty"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One item of the program as it is printed; ``from_day`` only where it has not begun."""

    number: int
    exercise: Exercise
    picture: Picture | None
    dose: str
    anchor: str
    note: str
    stop_signs: list[str]
    from_day: dt.date | None
    is_looked_at_again: bool


@dataclass(frozen=True, kw_only=True)
class Part:
    """Items under one heading."""

    title: str
    entries: list[Entry]


@dataclass(frozen=True, kw_only=True)
class Rung:
    """What is practised on one rung of a ladder."""

    number: int
    do: str
    dose: str


@dataclass(frozen=True, kw_only=True)
class Climb:
    """A ladder in use: the rung of now, and the one that may follow."""

    name: str
    activity: str
    rungs: int
    now: Rung
    then: Rung | None
    from_day: dt.date | None


@dataclass(frozen=True, kw_only=True)
class Ticks:
    """One item in the week's table: how many boxes each day has, Monday first; ``None`` where it is not due."""

    name: str
    days: list[range | None]
    times: int

    @property
    def is_counted(self) -> bool:
        """Whether the family writes a number, because the boxes would not fit."""
        return self.times > MOST_BOXES


@dataclass(frozen=True, kw_only=True)
class Handout:
    """All that is printed; empty parts are left out."""

    state: State
    parts: list[Part]
    once: list[Entry]
    climbs: list[Climb]
    ticks: list[Ticks]

    @property
    def weekdays(self) -> list[str]:
        return [str(WEEKDAYS_ABBR[day]) for day in range(7)]


def handout(program: Program, *, today: dt.date) -> Handout:
    """The program as it is printed today; two queries, none where there is nothing to print."""
    if program.ended_at is not None or program.paused_by_id is not None:
        return _nothing(State.ENDED if program.ended_at is not None else State.PAUSED)
    prescriptions = list(current_prescriptions(program).select_related("exercise__photo"))
    if not prescriptions:
        return _nothing(State.EMPTY)
    names = {one.exercise.slug: translating.said(one.exercise.name) for one in prescriptions}
    begun = max(today, program.starts_on)
    parts: dict[str, list[Prescription]] = {"": [], "when_time": [], "only_if": [], "later": [], "once": []}
    for one in prescriptions:
        parts[_part(one, begun=begun)].append(one)
    in_order = [one for key in parts for one in parts[key]]
    entries = {one.pk: _entry(one, number, names=names, begun=begun) for number, one in enumerate(in_order, start=1)}
    titles = {
        "": _("Exercises and care"),
        "when_time": _("When there is time"),
        "only_if": _("Only if it applies"),
        "later": _("Not yet: these begin later"),
    }
    return Handout(
        state=State.OPEN,
        parts=[
            Part(title=title, entries=[entries[one.pk] for one in parts[key]])
            for key, title in titles.items()
            if parts[key]
        ],
        once=[entries[one.pk] for one in parts["once"]],
        climbs=_climbs(program, begun=begun),
        ticks=[_ticks(one) for one in parts[""]],
    )


def warning_signs(urgency: str) -> list[str]:
    """The warning signs of an urgency, as a family reads them."""
    return [printed(translating.said(flag.sign)) for flag in reading.red_flags(urgency=urgency)]


def _nothing(state: State) -> Handout:
    return Handout(state=state, parts=[], once=[], climbs=[], ticks=[])


def _part(one: Prescription, *, begun: dt.date) -> str:
    if one.is_one_off:
        return "once"
    # A step up begins tomorrow, as does a program that goes on: on paper that is the plan of now.
    if one.starts_on > begun + ONE_DAY:
        return "later"
    if one.dosage.when_time:
        return "when_time"
    return "only_if" if one.dosage.only_if else ""


def _entry(one: Prescription, number: int, *, names: Mapping[str, str], begun: dt.date) -> Entry:
    signs = reading.stop_signs()
    return Entry(
        number=number,
        exercise=one.exercise,
        picture=_picture(one),
        dose=dose_text(one.dosage, names),
        anchor=translating.said(one.anchor),
        note=translating.said(one.note),
        stop_signs=[translating.said(signs[code]) for code in one.exercise.stop_signs if code in signs],
        from_day=one.starts_on if one.starts_on > begun else None,
        is_looked_at_again=one.dosage.recheck_days is not None,
    )


def _picture(one: Prescription) -> Picture | None:
    """The clinic's own photo before the drawing."""
    photo = one.exercise.photo
    if photo is not None and photo.state == Media.State.READY:
        address = reverse("sessions:exercise-media", args=[one.patient_id, photo.pk])
        return Picture(src=address, still_src=address, alt=photo.alternative)
    return picture_of(one.exercise.drawn_as or one.exercise.slug)


def _climbs(program: Program, *, begun: dt.date) -> list[Climb]:
    steps: Iterable[LadderStep] = (
        LadderStep.objects.filter(program=program).current().select_related("ladder").order_by("starts_on", "pk")
    )
    found = []
    for step in steps:
        rungs = {
            rung["n"]: Rung(
                number=rung["n"], do=translating.said(rung["do"]), dose=translating.said(rung.get("dose", ""))
            )
            for rung in step.ladder.rungs
        }
        if step.rung in rungs:
            found.append(
                Climb(
                    name=translating.said(step.ladder.name),
                    activity=step.activity,
                    rungs=len(rungs),
                    now=rungs[step.rung],
                    then=rungs.get(step.rung + 1),
                    from_day=step.starts_on if step.starts_on > begun else None,
                )
            )
    return found


def _ticks(one: Prescription) -> Ticks:
    boxes = range(one.times_per_day)
    return Ticks(
        name=translating.said(one.exercise.name),
        days=[boxes if one.weekdays >> day & 1 else None for day in range(7)],
        times=one.times_per_day,
    )


# --- The code that a phone reads ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Code:
    """A QR code: the address in it, its side in modules with the quiet zone, and its dark modules as an SVG path."""

    address: str
    side: int
    path: str


def code_of(address: str) -> Code:
    """The address as a QR code of error correction M: up to 15 % of it may be stained or torn."""
    rows = [bytes(row) for row in segno.make_qr(address, error="m", boost_error=False).matrix_iter(border=QUIET_ZONE)]
    return Code(address=address, side=len(rows), path="".join(_runs(rows)))


def _runs(rows: Sequence[bytes]) -> Iterable[str]:
    """One rectangle for each run of dark modules in a row."""
    for y, row in enumerate(rows):
        x = 0
        while (x := row.find(1, x)) >= 0:
            end = row.find(0, x)
            yield f"M{x} {y}h{end - x}v1h{x - end}z"
            x = end


def page_of(program: Program) -> str:
    """The address of the dog's own page, as a phone on the kitchen table can open it."""
    return f"{settings.BASE_URL}{reverse('sessions:today', args=[program.patient_id])}"

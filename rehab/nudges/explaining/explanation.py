"""The parts of an explanation: what held for the person, a line for each dog and kind, and what cannot be known."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from accounts.models import Membership, User
from rehab.nudges.circumstances import Dog
from rehab.nudges.explaining.case import Case
from rehab.nudges.explaining.conditions import not_reached, not_yet, why_not
from rehab.nudges.explaining.rows import told
from rehab.nudges.kinds import BY_CODE, KINDS, Kind
from rehab.nudges.models import Heartbeat, Nudge
from rehab.patients.models import Patient

Code: Final = Nudge.Kind
MONDAY: Final = 0


@dataclass(frozen=True, kw_only=True)
class Line:
    """What is to be said of one kind; ``nudge`` is the row, if there is one."""

    kind: Nudge.Kind
    text: str
    nudge: Nudge | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """The lines about one dog or one clinic."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Everything about one person's day: what held for the person, the dogs and clinics, and what cannot be known."""

    title: str
    facts: tuple[str, ...]
    parts: tuple[Part, ...]
    unknown: tuple[str, ...]

    def line(self, part: str, kind: Nudge.Kind) -> Line:
        """The line of a dog (by name) and kind."""
        return next(line for found in self.parts if found.title == part for line in found.lines if line.kind == kind)


def explain(*, user: User, day: dt.date, at: dt.datetime) -> Explanation:
    """Why the person's day went as it did; ``day`` is a day of the person's calendar, ``at`` is now."""
    return _explanation(Case(user, day, at))


def _explanation(case: Case) -> Explanation:
    parts = [
        Part(
            title=dog.name,
            lines=tuple(_line(case, kind, dog) for kind in KINDS if kind.code != Code.CLINIC_WEEK),
        )
        for dog in case.dogs
    ]
    if Code.CLINIC_WEEK in BY_CODE:
        parts += [
            Part(title=one.clinic.name, lines=(_clinic_line(case, BY_CODE[Code.CLINIC_WEEK], one),))
            for one in case.clinics
        ]
    who = f"{case.user.get_full_name()} <{case.user.email}>" if case.user.name else case.user.email
    return Explanation(
        title=f"{who}, {case.day:%A %-d %B %Y}",
        facts=tuple(_facts(case)),
        parts=tuple(parts),
        unknown=tuple(_unknown(case)),
    )


def _facts(case: Case) -> list[str]:
    person = case.person(case.evening_at)
    habit = ", as the family usually exercises" if case.preference.follows_habit else ", as the person chose"
    told = [
        (
            f"The clock is that of {case.user.time_zone}: reminders come at {case.clock(case.evening_at)}{habit},"
            f" in the morning at {case.clock(case.morning_at)}, up to three hours later; never from 21:00 to 8:00."
        ),
        (
            f"Reminders were {_on(person.reminds)}; phone {_on(person.push_enabled)} ({person.phones} known),"
            f" e-mail {_on(person.email_enabled)}{' (the address was refused)' if person.is_bounced else ''},"
            f" weekly summary {_on(person.week_enabled)}."
        ),
    ]
    if not case.is_zone_known:
        told.insert(0, f"This machine does not know the time zone {case.user.time_zone}: nothing is planned for it.")
    if not case.dogs and not case.clinics:
        told.append("The person cared for no dog on that day and worked at no clinic as vet or therapist.")
    return told


def _unknown(case: Case) -> list[str]:
    told = [
        f"Whether the planner ran at every minute of that day: only its last run is kept{_last_tick()}.",
        "Which phones had been there and were taken off since, and whether the account was closed in between.",
    ]
    if case.preference.follows_habit:
        told.append("At which minute reminders came on that day: the time follows the habit and keeps no history.")
    unsure = case.person(case.evening_at).unsure
    if unsure:
        told.append(f"As of then {', '.join(unsure)}: it was changed without a record, so what holds now is shown.")
    late = sum(Dog(dog, at=case.evening_at).late_events for dog in case.dogs)
    if late:
        told.append(
            f"What had been done but not sent: {late} of that day’s entries came in after {case.clock(case.evening_at)}."
        )
    return told


def _last_tick() -> str:
    beat = Heartbeat.objects.filter(part=Heartbeat.Part.TICK).first()
    return f" ({beat.beat_at:%Y-%m-%d %H:%M} UTC)" if beat is not None else " (it has never run)"


def _line(case: Case, kind: Kind, dog: Patient) -> Line:
    row = next((one for one in case.rows if one.patient_id == dog.pk and one.kind == kind.code), None)
    if row is not None:
        return Line(kind=kind.code, text=told(case, row), nudge=row)
    return Line(kind=kind.code, text=f"No row. {why_not(case, kind, dog)}")


def _clinic_line(case: Case, kind: Kind, one: Membership) -> Line:
    row = next((r for r in case.rows if r.patient_id is None and r.clinic_id == one.clinic_id), None)
    if row is not None:
        return Line(kind=kind.code, text=told(case, row), nudge=row)
    person = case.person(case.morning_at)
    why = (
        not_yet(case, case.morning_at)
        or not_reached(case, person)
        or ("It comes on Mondays." if case.day.weekday() != MONDAY else "")
        or ("The weekly summary was off." if not person.week_enabled else "")
        or ("It goes by e-mail only, and e-mails did not reach the person." if not person.has_mail else "")
        or case.asked(kind, one.clinic_id, case.morning_at)
    )
    return Line(kind=kind.code, text=f"No row. {why}")


def _on(is_on: bool) -> str:  # noqa: FBT001
    return "on" if is_on else "off"

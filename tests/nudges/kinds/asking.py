"""One kind alone: whom it finds at an instant, what its second look says of a row, and what it says to a person."""

import datetime as dt
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import translation

from accounts.models import User
from rehab.nudges.kinds import sql
from rehab.nudges.kinds.base import Ending, Kind, State, Words
from rehab.nudges.models import Nudge
from rehab.patients.models import Patient
from rehab.programs.models import Decision, Episode, Program
from rehab.sessions.models import Release, WarningReport
from tests import make

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


class Row(NamedTuple):
    """One line of a kind's candidates."""

    user: UUID
    patient: UUID
    clinic: UUID
    zone: str
    day: dt.date
    minutes: int
    number: int | None
    subject: UUID | None


def rows(kind: Kind, at: dt.datetime) -> list[Row]:
    """Whom the kind finds at the instant, by person and dog."""
    statement = f"{sql.expressions()} SELECT * FROM ({kind.candidates()}) q"  # noqa: S608 (only constants)
    with connection.cursor() as cursor:
        cursor.execute(statement, sql.parameters(at))
        assert [column[0] for column in cursor.description] == [
            *("user_id", "patient_id", "clinic_id", "zone", "day", "minutes", "number", "subject_id"),
        ]
        found = [
            Row(
                _uuid(a), _uuid(b), _uuid(c), zone, _day(day), int(minutes), number, _uuid(subject) if subject else None
            )
            for a, b, c, zone, day, minutes, number, subject in cursor.fetchall()
        ]
    assert len({(row.user, row.patient) for row in found}) == len(found), "somebody was found twice"
    return sorted(found)


def asked(kind: Kind, at: dt.datetime) -> set[UUID]:
    """The people whom the kind finds at the instant."""
    return {row.user for row in rows(kind, at)}


def numbers(kind: Kind, at: dt.datetime) -> set[int | None]:
    """The numbers of what the kind finds at the instant."""
    return {row.number for row in rows(kind, at)}


def keep(row: Row, kind: Kind, *, at: dt.datetime, state: Nudge.State = State.PLANNED, reason: str = "") -> Nudge:
    """The row as the planner writes it."""
    is_open = state in Nudge.OPEN_STATES
    return Nudge.objects.create(
        user_id=row.user,
        patient_id=row.patient,
        clinic_id=row.clinic,
        kind=kind.code,
        number=row.number,
        subject_id=row.subject,
        local_day=row.day,
        time_zone=row.zone,
        state=state,
        reason=reason,
        planned_at=at,
        next_attempt_at=at,
        expires_at=at + row.minutes * MINUTE,
        finished_at=None if is_open else at,
    )


def plan(kind: Kind, at: dt.datetime, *, state: Nudge.State = State.PLANNED, reason: str = "") -> list[Nudge]:
    """All that the kind finds at the instant, written down."""
    return [keep(row, kind, at=at, state=state, reason=reason) for row in rows(kind, at)]


def looked(kind: Kind, at: dt.datetime) -> list[Any]:
    """What the second look says of every row of the kind, in the order of their people's names."""
    nudges = list(
        Nudge.objects.filter(kind=kind.code).select_related("user", "patient", "clinic").order_by("user__email", "pk")
    )
    found = kind.facts(nudges, at)
    assert set(found) == {nudge.pk for nudge in nudges}
    return [found[nudge.pk] for nudge in nudges]


def ended(kind: Kind, at: dt.datetime) -> list[tuple[Nudge.State, Nudge.Reason]]:
    """How the second look ends the rows of the kind; those that still make sense are left out."""
    return [(one.state, one.reason) for one in looked(kind, at) if isinstance(one, Ending)]


def said(kind: Kind, at: dt.datetime, *, language: str = "en") -> list[Words]:
    """What the rows of the kind say, those left out that make no sense any more."""
    nudges = list(
        Nudge.objects.filter(kind=kind.code).select_related("user", "patient", "clinic").order_by("user__email", "pk")
    )
    found = kind.facts(nudges, at)
    with translation.override(language):
        return [kind.say(one, found[one.pk]) for one in nudges if not isinstance(found[one.pk], Ending)]


def decide(program: Program, kind: str, *, by: User, at: dt.datetime = make.NOW, **fields: Any) -> Decision:
    return Decision.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        program=program,
        kind=kind,
        plan_version=program.decisions.count() + 1,
        reason="Because",
        decided_by=by,
        decided_at=at,
        **{"effective_on": at.date(), **fields},
    )


def pause(program: Program, *, by: User, at: dt.datetime = make.NOW) -> None:
    """What ``pause_program`` leaves behind."""
    decision = decide(program, "pause", by=by, at=at)
    program.prescriptions.filter(ended_by=None).update(ends_on=at.date(), ended_by=decision)
    Program.objects.filter(pk=program.pk).update(paused_by=decision)


def report(patient: Patient, *, at: dt.datetime = make.NOW, **fields: Any) -> WarningReport:
    """A check that stops everything, found by the rules."""
    return WarningReport.objects.create(
        clinic=patient.clinic,
        patient=patient,
        **{
            "day": at.date(),
            "flags": ["RF01"],
            "urgency": "emergency_now",
            "stop": "all_active",
            "done_at": at,
            "received_at": at,
            **fields,
        },
    )


def release(one: WarningReport, *, by: User, at: dt.datetime = make.NOW) -> None:
    Release.objects.create(
        report=one, clinic=one.clinic, patient=one.patient, released_by=by, released_at=at, reason="Seen"
    )


def discharge(program: Program, *, on: dt.date = make.TODAY, **fields: Any) -> Episode:
    """An episode that ended on the day, with the program as what follows it."""
    at = dt.datetime.combine(on, dt.time(9), dt.UTC)
    return Episode.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        **{
            "number": 1,
            "because": "first",
            "opened_on": on - 60 * DAY,
            "opened_at": at - 60 * DAY,
            "discharge": program.decisions.get(plan_version=1),
            "discharged_on": on,
            **fields,
        },
    )


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _day(value: Any) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)

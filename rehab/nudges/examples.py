"""What each kind of message says to an example family: for the page on which a clinic writes its own words."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Clinic, User
from rehab.nudges import wording
from rehab.nudges.kinds import call_clinic, checkpoint, clinic_week, phase_reached, re_exam, reply, silence, week
from rehab.nudges.kinds.base import Words
from rehab.nudges.kinds.left import UnfinishedDog
from rehab.nudges.models import Nudge
from rehab.nudges.placeholders import KNOWN
from rehab.patients.models import Patient

# No dog and no person has it.
NOBODY: Final = UUID(int=0)
ANY_DAY: Final = dt.date(2026, 3, 18)
# Where a kind comes several times: the first of them.
NUMBERS: Final[Mapping[Nudge.Kind, int]] = {
    Nudge.Kind.CHECKPOINT: 1,
    Nudge.Kind.RE_EXAM: re_exam.SOON,
    Nudge.Kind.WELCOME: 1,
    Nudge.Kind.SILENCE: silence.FIRST,
}


def example(kind: Nudge.Kind, *, clinic: Clinic, language: str, on: dt.date) -> tuple[Nudge, Words]:
    """A message of this kind on this day in the product's words; nothing of it is stored."""
    with translation.override(language):
        user = User(pk=NOBODY, name=_("Alex"), language=language, time_zone=clinic.time_zone)
        dog = Patient(pk=NOBODY, clinic=clinic, name=_("Bruno"), time_zone=clinic.time_zone)
    nudge = Nudge(
        pk=NOBODY,
        clinic=clinic,
        patient=None if kind == Nudge.Kind.CLINIC_WEEK else dog,
        user=user,
        kind=kind,
        number=NUMBERS.get(kind),
        local_day=on,
        time_zone=clinic.time_zone,
    )
    return nudge, wording.words(nudge, _facts(kind, name=dog.name, on=on), texts={})


def placeholders_of(kind: Nudge.Kind, *, clinic: Clinic) -> tuple[str, ...]:
    """What a text about messages of this kind may name, in a fixed order."""
    nudge, words = example(kind, clinic=clinic, language=User.Language.ENGLISH, on=ANY_DAY)
    known = wording.values(nudge, words)
    return tuple(name for name in KNOWN if known.get(name))


def _facts(kind: Nudge.Kind, *, name: str, on: dt.date) -> Any:
    """What the kind would have found out about the example dog."""
    left = UnfinishedDog(patient_id=NOBODY, name=name, left=2, minutes=6)
    days = dt.timedelta(days=1)
    told: dict[Nudge.Kind, Callable[[], Any]] = {
        Nudge.Kind.CHECKPOINT: lambda: checkpoint.Look(questions=3, last_on=on + 13 * days),
        Nudge.Kind.RE_EXAM: lambda: re_exam.Visit(due_on=on + 3 * days, days=3),
        Nudge.Kind.WELCOME: lambda: left,
        Nudge.Kind.SILENCE: lambda: silence.Quiet(heard_on=on - 2 * days, left=left),
        Nudge.Kind.NEXT_MORNING: lambda: True,
        Nudge.Kind.UNFINISHED_DAY: lambda: [left],
        Nudge.Kind.WEEK: lambda: [
            week.DogsWeek(
                patient_id=NOBODY,
                name=name,
                counted=week.Counted(planned=5, done=4, rested=2),
                ahead=week.Ahead(re_exam_on=on + 5 * days),
                left=None,
            )
        ],
        Nudge.Kind.PLAN_CHANGED: lambda: True,
        Nudge.Kind.PHASE_REACHED: lambda: phase_reached.Reached(phase="Early loading", starts_on=on, is_begun=True),
        Nudge.Kind.REPLY: lambda: reply.News(has_messages=True, prescription=None),
        Nudge.Kind.CLINIC_WEEK: lambda: clinic_week.Numbers(
            dogs=12, waiting=1, silent=2, re_exams=1, overdue=0, median=74
        ),
        Nudge.Kind.CALL_CLINIC: lambda: call_clinic.Call(is_emergency=False, is_closed=False),
    }
    return told[kind]()

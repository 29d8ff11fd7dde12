"""Monday morning: a clinic's week in numbers, to each of its vets and therapists. No dog is named: it is a mail.

The numbers are those of the worklist (``PatientSummary``), which a task keeps; a clinic without a dog in treatment has none.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership
from rehab.guidance.attention import Code
from rehab.guidance.models import PatientSummary
from rehab.nudges.kinds import sql
from rehab.nudges.kinds.base import MAIL_ONLY, Ending, Kind, Reason, State, Words
from rehab.nudges.models import Nudge, NudgePreference
from rehab.patients.models import CLINICAL_ROLES, Patient, ProblemDefinition
from rehab.programs.models import Episode, Program
from rehab.sessions.adherence import DAYS_A_WEEK

MONDAY: Final = 0
# A family asked something, filmed something, or saw a sign: somebody of the clinic has to answer.
WAITING: Final = (
    Code.ALERT_NOT_DELIVERED,
    Code.ALERT_WAITING,
    Code.WARNING_SIGN,
    Code.RESTRAINED,
    Code.MESSAGE_WAITING,
    Code.CLIP_WAITING,
)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A clinic's dogs in treatment; ``median`` is what half of them did at least of what was planned, in percent."""

    dogs: int
    silent: int = 0
    waiting: int = 0
    re_exams: int = 0
    overdue: int = 0
    median: int | None = None


def candidates() -> str:
    roles = ", ".join(f"'{role.value}'" for role in CLINICAL_ROLES)
    return f"""
        SELECT e.user_id, CAST(NULL AS uuid) AS patient_id, m.clinic_id, e.zone, e.day,
               {sql.minutes_left("e")} AS minutes, CAST(NULL AS smallint) AS number, CAST(NULL AS uuid) AS subject_id
        FROM morning e
        JOIN nudges_nudgepreference f ON f.user_id = e.user_id AND f.week_enabled AND f.email_enabled
             AND f.bounced_at IS NULL
        JOIN (
            SELECT DISTINCT user_id, clinic_id FROM accounts_membership
            WHERE ended_at IS NULL AND role IN ({roles})) m ON m.user_id = e.user_id
        WHERE e.weekday = {MONDAY}
          AND EXISTS (
            SELECT 1 FROM programs_program g JOIN patients_patient d ON d.id = g.patient_id AND d.died_on IS NULL
            WHERE g.clinic_id = m.clinic_id AND g.ended_at IS NULL AND NOT {sql.DISCHARGED}
            {sql.FENCE[connection.vendor]})
          AND NOT EXISTS (
            SELECT 1 FROM nudges_nudge n
            WHERE n.user_id = e.user_id AND n.clinic_id = m.clinic_id AND n.patient_id IS NULL
              AND n.kind = 'clinic_week' AND n.local_day = e.day)"""  # noqa: S608 (only constants)


def facts(nudges: Sequence[Nudge], at: dt.datetime) -> Mapping[UUID, Numbers | Ending]:
    """The numbers of each row's clinic; five statements, whatever the number of clinics and dogs."""
    users, clinics = {nudge.user_id for nudge in nudges}, {nudge.clinic_id for nudge in nudges}
    working = set(
        Membership.objects.current()
        .filter(user__in=users, clinic__in=clinics, role__in=CLINICAL_ROLES)
        .values_list("user_id", "clinic_id")
    )
    unwanted = set(NudgePreference.objects.filter(user__in=users, week_enabled=False).values_list("user_id", flat=True))
    # Where the clinics lie a little apart their Mondays differ; a row's own day is that of its reader.
    numbers = _numbers(clinics, monday=min((nudge.local_day for nudge in nudges), default=at.date()))

    def look(nudge: Nudge) -> Numbers | Ending:
        if nudge.user_id in unwanted:
            return Ending(state=State.SUPPRESSED, reason=Reason.REMINDERS_OFF)
        if (nudge.user_id, nudge.clinic_id) not in working:
            return Ending(state=State.SUPPRESSED, reason=Reason.NOT_CARING)
        found = numbers.get(nudge.clinic_id)
        return found or Ending(state=State.SUPPRESSED, reason=Reason.PROGRAM_ENDED)

    return {nudge.pk: look(nudge) for nudge in nudges}


def _numbers(clinics: Collection[UUID], *, monday: dt.date) -> dict[UUID, Numbers]:
    """The numbers of the clinics that have a dog in treatment; three statements."""
    dogs = _in_treatment(clinics)
    newest = ProblemDefinition.objects.signed().filter(patient=OuterRef("pk")).newest_first()
    with_re_exam = dogs.annotate(re_exam_on=Subquery(newest.values("re_exam_due_on")[:1]))
    sunday = monday + dt.timedelta(days=DAYS_A_WEEK - 1)
    re_exams = {
        clinic: (soon, overdue)
        for clinic, soon, overdue in with_re_exam.values("clinic")
        .annotate(
            soon=Count("pk", filter=Q(re_exam_on__gte=monday, re_exam_on__lte=sunday)),
            overdue=Count("pk", filter=Q(re_exam_on__lt=monday)),
        )
        .values_list("clinic", "soon", "overdue")
    }
    told = PatientSummary.objects.filter(patient__in=dogs.values("pk")).order_by()
    waits = Q()
    for code in WAITING:
        waits |= _with(code)
    counted = {
        clinic: (silent, waiting)
        for clinic, silent, waiting in told.values("clinic")
        .annotate(silent=Count("pk", filter=_with(Code.SILENT)), waiting=Count("pk", filter=waits))
        .values_list("clinic", "silent", "waiting")
    }
    percents: defaultdict[UUID, Counter[int]] = defaultdict(Counter)
    for clinic, percent, count in (
        told.exclude(adherence_percent=None)
        .values("clinic", "adherence_percent")
        .annotate(count=Count("pk"))
        .values_list("clinic", "adherence_percent", "count")
    ):
        percents[clinic][percent] = count
    sizes = dict(dogs.values("clinic").annotate(count=Count("pk")).values_list("clinic", "count"))
    found = {}
    for clinic, count in sizes.items():
        silent, waiting = counted.get(clinic, (0, 0))
        soon, overdue = re_exams.get(clinic, (0, 0))
        found[clinic] = Numbers(
            dogs=count,
            silent=silent,
            waiting=waiting,
            re_exams=soon,
            overdue=overdue,
            median=lower_median(percents[clinic]),
        )
    return found


def _in_treatment(clinics: Collection[UUID]) -> QuerySet[Patient]:
    """The dogs that live and have an open program, without those that are in maintenance since their discharge."""
    standing = Episode.objects.standing().filter(patient=OuterRef(OuterRef("pk"))).newest_first()
    discharged = Episode.objects.filter(
        pk=Subquery(standing.values("pk")[:1]), discharged_on__isnull=False, reopened_at=None
    )
    return Patient.objects.filter(
        ~Exists(discharged),
        Exists(Program.objects.open().filter(patient=OuterRef("pk"))),
        clinic__in=clinics,
        died_on=None,
    ).order_by()


def _with(code: Code) -> Q:
    """Summaries whose reasons name the code; the worklist's filter reads them in the same way."""
    return Q(reasons__icontains=f'"{code.value}"')


def lower_median(counts: Mapping[int, int]) -> int | None:
    """The greatest value that at least half of all reach; nothing where there are none."""
    half = sum(counts.values()) / 2
    reached = 0
    for value in sorted(counts, reverse=True):
        reached += counts[value]
        if reached >= half:
            return value
    return None


def say(nudge: Nudge, facts: Numbers) -> Words:
    lines = [
        ngettext("%(count)s dog is in treatment.", "%(count)s dogs are in treatment.", facts.dogs)
        % {"count": facts.dogs}
    ]
    if facts.waiting:
        lines.append(
            ngettext(
                "%(count)s family waits for one of you: a warning sign, a message or a clip.",
                "%(count)s families wait for one of you: a warning sign, a message or a clip.",
                facts.waiting,
            )
            % {"count": facts.waiting}
        )
    if facts.silent:
        lines.append(
            ngettext(
                "Of %(count)s dog nothing was noted on three planned days or more.",
                "Of %(count)s dogs nothing was noted on three planned days or more.",
                facts.silent,
            )
            % {"count": facts.silent}
        )
    if facts.re_exams or facts.overdue:
        lines.append(_re_exams(facts))
    if facts.median is not None:
        lines.append(
            _("Half of the dogs did at least %(percent)s %% of what was planned in the last 14 days.")
            % {"percent": facts.median}
        )
    return Words(
        title=_("%(clinic)s: the week") % {"clinic": nudge.clinic.name},
        notice=_("The numbers of the week."),
        lines=tuple(lines),
        button=_("Open the list"),
        path=reverse("guidance:worklist"),
    )


def _re_exams(facts: Numbers) -> str:
    said = []
    if facts.re_exams:
        said.append(
            ngettext(
                "%(count)s re-examination is due this week.",
                "%(count)s re-examinations are due this week.",
                facts.re_exams,
            )
            % {"count": facts.re_exams}
        )
    if facts.overdue:
        said.append(
            ngettext("%(count)s is overdue.", "%(count)s are overdue.", facts.overdue) % {"count": facts.overdue}
        )
    return " ".join(said)


KIND = Kind(
    code=Nudge.Kind.CLINIC_WEEK,
    rank=0,
    candidates=candidates,
    facts=facts,
    say=say,
    ways=MAIL_ONLY,
)

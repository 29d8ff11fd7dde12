"""What the rules stop by themselves: a report that nobody said, as real as one that somebody did.

It stops the same items on every phone, is on the same list, and only a vet releases it. A sign that already stops the dog
is not found a second time; what a vet has released is found again only by what came in after.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from rehab.guidance.engine.values import Dog, Response
from rehab.guidance.numbers import plain
from rehab.lib.ids import new_id
from rehab.library import reading
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Program
from rehab.sessions.models import WarningReport

Urgency, Stop = WarningReport.Urgency, WarningReport.Stop

# R1 is the stop itself: by a sign of its own, which the report names.
BY_A_FLAG: Final = "R1"
# A sign that stops nothing is a note for the next review; it is not written again while that is near.
QUIET_DAYS: Final = 14
# What rests on the definition, not on anything that comes in: a vet who has released it knows.
OF_THE_DEFINITION: Final = frozenset({"R4", "R6"})
# The gravest first.
STOPPING: Final = (Stop.ALL, Stop.ALL_ACTIVE)
GRAVEST_FIRST: Final = (Urgency.EMERGENCY, Urgency.TODAY, Urgency.REVIEW)


@lru_cache(maxsize=1)
def _signs() -> Mapping[str, reading.RedFlag]:
    return {sign.id: sign for sign in reading.red_flags()}


def restrain(
    patients: Sequence[Patient], dogs: Mapping[UUID, Dog], responses: Mapping[UUID, Response], *, at: dt.datetime
) -> list[WarningReport]:
    """Stop what the rules find dangerous and note what they find worth a look; three statements for any number of dogs.

    Only where there is a program to stop.
    """
    found = [patient for patient in patients if responses[patient.pk].detected or responses[patient.pk].fired]
    if not found:
        return []
    ids = [patient.pk for patient in found]
    running = set(Program.objects.open().filter(patient__in=ids, paused_by=None).values_list("patient_id", flat=True))
    known = _known(ids, since=at - dt.timedelta(days=QUIET_DAYS))
    reports = []
    for patient in found:
        if patient.pk in running:
            reports += _of_dog(patient, dogs[patient.pk], responses[patient.pk], known[patient.pk], at=at)
    WarningReport.objects.bulk_create(reports)
    return reports


def _known(ids: Collection[UUID], *, since: dt.datetime) -> defaultdict[UUID, list[WarningReport]]:
    """What stops the dogs now, what of the rules was released under the present definition, and what was noted lately."""
    # The newest version comes last, and wins.
    signed: dict[UUID, dt.datetime | None] = dict(
        ProblemDefinition.objects.signed()
        .filter(patient__in=ids)
        .order_by("patient", "version")
        .values_list("patient_id", "signed_at")
    )
    found: defaultdict[UUID, list[WarningReport]] = defaultdict(list)
    lately_or_open = (
        Q(release=None, stop__in=STOPPING) | Q(done_at__gte=since) | Q(release__isnull=False) & ~Q(rules=[])
    )
    for report in (
        WarningReport.objects.filter(lately_or_open, patient__in=ids).exclude(urgency="").select_related("release")
    ):
        released = report.release.released_at if hasattr(report, "release") else None
        is_stopping = released is None and report.stop in STOPPING
        signed_at = signed.get(report.patient_id)
        is_of_the_definition = released is not None and (signed_at is None or released > signed_at)
        if is_stopping or is_of_the_definition or report.done_at >= since:
            found[report.patient_id].append(report)
    return found


def _of_dog(
    patient: Patient, dog: Dog, response: Response, known: Sequence[WarningReport], *, at: dt.datetime
) -> list[WarningReport]:
    stopping = [one for one in known if not hasattr(one, "release") and one.stop in STOPPING]
    stopped_by = {flag for one in stopping for flag in one.flags} | {rule for one in stopping for rule in one.rules}
    released = {rule for one in known if hasattr(one, "release") for rule in one.rules} & OF_THE_DEFINITION
    noted = {flag for one in known if one.stop in (Stop.NONE, Stop.NAMED) for flag in one.flags}
    numbers = {one.flag: plain(one.numbers) for one in response.detected}
    numbers |= {one.rule: plain(one.numbers) for one in response.fired}
    stops = [one.flag for one in response.detected if _stops(one.flag) and one.flag not in stopped_by]
    notes = [one.flag for one in response.detected if not _stops(one.flag) and one.flag not in noted]
    rules = [
        one.rule
        for one in response.fired
        if one.rule != BY_A_FLAG
        and one.rule not in stopped_by
        and one.rule not in released
        # A definition that a recurrence has reset: the sign of the recurrence is that stop, and a vet who has released it
        # knows.
        and "good_days" not in one.numbers
    ]
    # A rule beside a flag that is new, or that stops already, says the same in other words.
    rules = [one for one in rules if one in OF_THE_DEFINITION or not (stops or stopped_by)]
    reports = []
    if stops or rules:
        reports.append(_report(patient, dog, flags=stops, rules=rules, numbers=numbers, at=at))
    if notes:
        reports.append(_report(patient, dog, flags=notes, rules=[], numbers=numbers, at=at))
    return reports


def _stops(flag: str) -> bool:
    return _signs()[flag].stop in STOPPING


def _report(
    patient: Patient, dog: Dog, *, flags: list[str], rules: list[str], numbers: Mapping[str, Any], at: dt.datetime
) -> WarningReport:
    """The report of the rules; what only a rule stops is for the clinic today, and stops what is active."""
    urgencies = {_signs()[flag].urgency for flag in flags} | ({Urgency.TODAY.value} if rules else set())
    scopes = {_signs()[flag].stop for flag in flags} | ({Stop.ALL_ACTIVE.value} if rules else set())
    return WarningReport(
        id=new_id(),
        clinic_id=patient.clinic_id,
        patient=patient,
        day=dog.today,
        flags=flags,
        rules=rules,
        numbers={name: numbers[name] for name in (*flags, *rules)},
        urgency=next(one for one in GRAVEST_FIRST if one.value in urgencies),
        stop=next((one for one in STOPPING if one.value in scopes), Stop.NONE),
        done_at=at,
        received_at=at,
    )

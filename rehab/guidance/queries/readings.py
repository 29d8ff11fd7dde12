"""What was logged about a dog, as the criteria of phases and the rungs of ladders read it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import BooleanField, Case, Q, When

from rehab.guidance.queries.thresholds import thresholds_of
from rehab.patients.measures import MEASURES
from rehab.patients.models import Observation, ProblemDefinition
from rehab.patients.queries import current_definition
from rehab.programs import maintenance
from rehab.programs.criteria import SESSIONS, Reading, Series
from rehab.programs.dose import Dose
from rehab.programs.ladders import Own, RungVerdict, limits_of
from rehab.programs.models import LadderStep, Prescription, Program
from rehab.sessions.adherence import NotDue, Period, Shares, tallies
from rehab.sessions.exposures import LOOK_BACK_DAYS, standings
from rehab.sessions.models import WarningReport
from rehab.sessions.queries import Pain, pain_answers, slot_shares
from rehab.sessions.queries.looking_back import stopped_days
from rehab.sessions.warning_signs import BEST_FIRST

# Measures are taken at visits, weeks apart; a tick or an answer comes every day.
MEASURE_DAYS: Final = 182
ONE_DAY: Final = dt.timedelta(days=1)
WALKS: Final = maintenance.WALKS
LIMB_STABLE: Final = "limb_stable"
Answers = Mapping[tuple[dt.date, str], Pain]


@dataclass(frozen=True, kw_only=True)
class Prescribed:
    """One prescription as far as counting needs it."""

    period: Period
    slug: str
    dose: Dose


@dataclass(frozen=True, kw_only=True)
class Known:
    """The readings that criteria look at, and the ladders in use with where the dog stands on each."""

    series: Series
    steps: list[LadderStep]
    standings: dict[UUID, RungVerdict]


def known_about(program: Program, definition: ProblemDefinition, *, today: dt.date) -> Known:
    """All that any criterion of any phase can ask about, by the limits of the dog's clinic; nine queries, whatever was logged."""
    patient = program.patient
    own = _own(program)
    first, until = today - dt.timedelta(days=LOOK_BACK_DAYS - 1), today + ONE_DAY
    pain = pain_answers(patient.pk, first - ONE_DAY, until)
    items = _prescribed(patient.pk, first, until)
    shares = {(one.prescription, one.day, one.slot): one.share for one in slot_shares([patient.pk], first, until)}
    every_step = list(
        LadderStep.objects.filter(program=program).select_related("ladder", "ended_by").order_by("starts_on", "pk")
    )
    steps = [step for step in every_step if step.ended_by_id is None]
    verdicts = standings(
        steps,
        patient_id=patient.pk,
        profile=program.profile,
        scores={key: answer.score for key, answer in pain.items()},
        intake=definition.pain_at_rest,
        today=today,
        own=own,
    )
    series: dict[str, list[Reading]] = defaultdict(list)
    _add_days(series, program, definition, today=today)
    _add_pain(series, pain, green=limits_of(program.profile, own)["green_max"], shares=shares)
    stopped = stopped_days([patient.pk], first, until)[patient.pk]
    _add_done(series, items, shares, first=first, today=today, stopped=stopped)
    _add_measured(
        series,
        _measured(patient.pk, since=today - dt.timedelta(days=MEASURE_DAYS)),
        definition,
        signed_on=patient.today(definition.signed_at) if definition.signed_at else None,
    )
    _add_checks(series, patient.pk, first=first, today=today)
    if every_step:
        passed = [step.rung for step in every_step if step.ended_by is not None and step.ended_by.details.get("passed")]
        passed += [step.rung for step in steps if verdicts[step.pk].is_passed]
        series["exposure_rung_done"] = [Reading(today, max(passed, default=0))]
    return Known(series=dict(series), steps=steps, standings=verdicts)


def _prescribed(patient_id: UUID, first: dt.date, until: dt.date) -> list[Prescribed]:
    return [
        Prescribed(period=Period(*row[:7]), slug=row[7], dose=Dose.from_json(row[8]))
        for row in Prescription.objects.filter(patient=patient_id)
        .overlapping(first, until)
        .order_by("pk")
        .values_list(
            *("pk", "exercise_id", "starts_on", "ends_on", "weekdays", "times_per_day", "is_one_off"),
            *("exercise__slug", "dose"),
        )
    ]


def _measured(patient_id: UUID, *, since: dt.date) -> dict[tuple[str, dt.date], Observation]:
    """The value that holds for each measure and day; a vet's tick of any age."""
    return {
        (one.metric, one.day): one
        for one in Observation.objects.filter(
            Q(day__gte=since) | Q(metric="limb_stable_signed"), patient=patient_id
        ).order_by("recorded_at", "pk")
    }


def _add_days(
    series: dict[str, list[Reading]], program: Program, definition: ProblemDefinition, *, today: dt.date
) -> None:
    for metric, since in (
        ("days_in_phase", program.phase_started_on),
        ("days_since_onset", definition.onset_on),
        ("days_since_surgery", definition.surgery_on),
    ):
        if since is not None:
            series[metric] = [Reading(today, max(0, (today - since).days))]


def _add_pain(series: dict[str, list[Reading]], pain: Answers, *, green: int, shares: Shares) -> None:
    for (day, moment), answer in pain.items():
        felt_on = day + ONE_DAY if moment == "next_morning" else day
        series[f"pain_{moment}"].append(Reading(felt_on, answer.score, answer.done_at, day.isoformat()))
        if moment == "before":
            series["pain_rest"].append(Reading(day, answer.score, answer.done_at))
    sessions = {day for (_, day, _), share in shares.items() if share} | {
        day for day, moment in pain if moment in ("before", "after")
    }
    clean = 0
    for day in sorted(sessions):
        series[SESSIONS].append(Reading(day, 1))
        after = pain.get((day, "after"))
        clean = clean + 1 if after is not None and after.score <= green else 0
        series["clean_sessions"].append(Reading(day, clean))


def _add_done(
    series: dict[str, list[Reading]],
    items: Sequence[Prescribed],
    shares: Shares,
    *,
    first: dt.date,
    today: dt.date,
    stopped: Collection[NotDue],
) -> None:
    """What was done of what was due. Of today only what is finished counts, and no sum: the day is not over."""
    medicine = {one.period.prescription for one in items if one.dose.per_prescription}
    until = today + ONE_DAY
    parts = tallies([one.period for one in items], shares, first=first, until=until, today=today, stopped=stopped)
    for (prescription, day), part in parts.items():
        if day < today or part == 1:
            series["completion"].append(Reading(day, part))
            if prescription in medicine:
                series["doses_given_pct"].append(Reading(day, 100 * part))
    walks = {
        one.period.prescription: one.dose.minutes_per_time
        for one in items
        if one.slug in WALKS and one.dose.part_of not in WALKS
    }
    minutes: dict[dt.date, float] = {}
    for (prescription, day, _), share in shares.items():
        if day < today and walks:
            minutes[day] = minutes.get(day, 0) + walks.get(prescription, 0) * share / 100
    series["walk_min_total"] = [Reading(day, total) for day, total in minutes.items()]


def _add_measured(
    series: dict[str, list[Reading]],
    measured: Mapping[tuple[str, dt.date], Observation],
    definition: ProblemDefinition,
    *,
    signed_on: dt.date | None,
) -> None:
    """What staff measured; where the family logged the same sum of a day, theirs holds."""
    logged = {(metric, one.day) for metric in ("walk_min_total", "doses_given_pct") for one in series.get(metric, ())}
    for (metric, day), one in measured.items():
        if (metric, day) not in logged:
            series[metric].append(Reading(day, float(one.value), one.recorded_at))
    if signed_on is None:
        return
    for metric, value in definition.baseline.items():
        if metric in MEASURES and isinstance(value, int | float) and (metric, signed_on) not in measured:
            series[metric].append(Reading(signed_on, float(value), definition.signed_at))
    if LIMB_STABLE in definition.findings:
        series["limb_stable_signed"].append(Reading(signed_on, 1, definition.signed_at))


def _add_checks(series: dict[str, list[Reading]], patient_id: UUID, *, first: dt.date, today: dt.date) -> None:
    """What the family answered in its checks for warning signs, and how many signs are open: those that no vet has
    released, and those about which an alert is not cleared."""
    still = Q(pk__in=WarningReport.objects.filter(patient=patient_id).unreleased().values("pk"))
    still |= Q(alert__isnull=False, alert__cleared_at=None)
    reports = (
        WarningReport.objects.filter(patient=patient_id)
        .annotate(is_open=Case(When(still, then=True), default=False, output_field=BooleanField()))
        .filter(Q(day__gte=first) | Q(is_open=True))
        .order_by("done_at", "pk")
    )
    count = 0
    for report in reports:
        count += report.is_open
        for metric, value in _checked(report.answers):
            series[metric].append(Reading(report.day, value, report.done_at))
    series["open_red_flags"] = [Reading(today, count)]


def _checked(answers: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The answers of a check as the metrics of 05_protocols.yaml count them; what was not answered is not there."""
    for metric in ("unaided_steps", "standing_s"):
        if isinstance(answers.get(metric), int | float):
            yield metric, float(answers[metric])
    if answers.get("knuckling") in BEST_FIRST["knuckling"]:
        yield "knuckling_level", BEST_FIRST["knuckling"].index(answers["knuckling"])
    if answers.get("urination") in BEST_FIRST["urination"]:
        yield "urination_normal", int(answers["urination"] == BEST_FIRST["urination"][0])


def standing_of(step: LadderStep, *, today: dt.date) -> RungVerdict:
    """Where the dog stands on one rung today."""
    return standings_of([step], step.program, today=today)[step.pk]


def standings_of(steps: Sequence[LadderStep], program: Program, *, today: dt.date) -> dict[UUID, RungVerdict]:
    pain = pain_answers(program.patient_id, today - dt.timedelta(days=LOOK_BACK_DAYS), today + ONE_DAY)
    definition = current_definition(program.patient_id) or program.definition
    return standings(
        steps,
        patient_id=program.patient_id,
        profile=program.profile,
        scores={key: answer.score for key, answer in pain.items()},
        intake=definition.pain_at_rest,
        today=today,
        own=_own(program),
    )


def _own(program: Program) -> Own:
    """The limits that the clinic of the program has set for itself; one query."""
    return thresholds_of([program.clinic_id]).get(program.clinic_id, {})


# --- The page ------------------------------------------------------------------------------------------------

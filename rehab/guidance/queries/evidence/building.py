"""From the record of a dog to the plain values that the rules weigh."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from statistics import fmean
from typing import Final
from uuid import UUID

from rehab.guidance.engine.values import Dog, Item, Measured, Neighbour, OpenFlag, Profile, Round, Session
from rehab.guidance.queries.evidence.reading import ONE_DAY, Pain, Record, Said
from rehab.library import reading
from rehab.library.models import Exercise
from rehab.patients.decision_rows import Row
from rehab.patients.models import ProblemDefinition
from rehab.patients.overlays import overlays_of
from rehab.programs.actions.ground import Ground, gate_objections, progress_objections, stretch_of
from rehab.programs.actions.teaching import needs_teaching
from rehab.programs.dose import Dose
from rehab.programs.gate import case_of, row_of
from rehab.programs.models import Decision, Prescription
from rehab.programs.resetting import GOOD_DAYS, reset_by
from rehab.sessions.adherence import DAYS_A_WEEK, Period, tallies
from rehab.sessions.models import MedicineAnswer
from rehab.sessions.queries.holds import Exercised, held_of, provoked

Exercises = Mapping[tuple[UUID | None, str], Exercise]

MISSED_HOURS: Final = 72
# Rules whose words a hold of the engine already has: H8 says that the re-examination is due, H4 that nobody has seen it.
SAID_BY_A_HOLD: Final = frozenset({"O7", "H4"})
# What lowers an exercise by itself; G8 lowers the others with it.
OWN_REASONS: Final = frozenset({"G1", "G2", "G3", "G4", "G5", "G6", "G7"})
REGRESSES: Final = OWN_REASONS | {"G8"}
# Of the areas that an owner can mark, those of the back itself; whatever else is marked on a limb is a limb.
LIMBS: Final = ("shoulder", "front", "hip", "thigh", "knee", "back_paw")
LAME: Final = frozenset({"RF23"})
OUT: Final = frozenset({MedicineAnswer.Reason.RAN_OUT, MedicineAnswer.Reason.REFUSED})


def dog_of(
    record: Record, *, at: dt.datetime, exercises: Exercises, thresholds: Mapping[str, Mapping[str, int]]
) -> Dog:
    """The dog as the rules see it; ``thresholds`` are its clinic's own numbers, by profile."""
    local = zoneinfo.ZoneInfo(record.patient.time_zone)
    at, today = at.astimezone(local), record.patient.today(at)
    definition, program = record.definition, record.program
    row = row_of(definition) if definition is not None else None
    parts = _parts(record, today=today)
    week = [part for (_, day), part in parts.items() if 0 < (today - day).days <= DAYS_A_WEEK]
    rounds = _rounds(record, local)
    case = case_of(definition) if definition is not None else None
    profile = _profile(record, row, thresholds)
    return Dog(
        today=today,
        at=at,
        profile=profile,
        is_signed=definition is not None,
        is_valid=case is None or not any(one.id == "O8" for one in overlays_of(case, on=today)),
        came_back_after=_came_back_after(definition),
        origin=definition.origin if definition else "",
        mechanism=definition.mechanism if definition else "",
        activity_order=definition.activity_order if definition else "",
        pain_control="planned" if case is not None and case.has_pain_plan else "",
        intake_pain=definition.pain_at_rest if definition else None,
        re_exam_due_on=definition.re_exam_due_on if definition else None,
        looked_at=_looked_at(record),
        flags=[OpenFlag(id=flag, stop=report.stop, on=report.day) for report in record.stops for flag in report.flags],
        sessions=_sessions(record, rounds, local),
        pain_rest=_pain_rest(record, local),
        measures=_measures(record, local),
        medicine_changed_at=_medicine_changed_at(record),
        doses_missed=_doses_missed(record, at=at),
        medicine_is_out=_medicine_is_out(record),
        started_on=program.starts_on if program else None,
        loads=_loads(record),
        limb_days=_limb_days(record),
        completion=fmean(week) if week else None,
        lowered_on=sorted(
            {_day(one.started_by.decided_at, local) for one in record.prescriptions if _asks_for_more(one)}
        ),
        recent=[stretch_of(one) for one in record.prescriptions],
        limits=row.limits if row else None,
        items=_items(record, row, parts, rounds, exercises, today=today, local=local, least=profile.min_sessions),
    )


def _came_back_after(definition: ProblemDefinition | None) -> int | None:
    numbers = reset_by(definition)
    return None if numbers is None else int(numbers.get("good_days", GOOD_DAYS))


def _day(at: dt.datetime, local: dt.tzinfo) -> dt.date:
    return at.astimezone(local).date()


def _profile(record: Record, row: Row | None, thresholds: Mapping[str, Mapping[str, int]]) -> Profile:
    """Whose limits hold: the more careful of the program's and the newest signed definition's."""
    if row is None or row.forbids_progress:
        name = "undetermined"
    elif record.definition is not None and record.definition.mechanism == "mixed":
        name = "mixed"
    else:
        known = {row.profile, record.program.profile if record.program else row.profile}
        name = "neuro" if "neuro" in known else "msk"
    return Profile.of(name, thresholds.get("msk" if name == "msk" else "neuro"))


def _looked_at(record: Record) -> dt.datetime | None:
    """When a vet last released what had stopped, or signed what is wrong."""
    signed = record.definition.signed_at if record.definition else None
    return max((at for at in (record.released_at, signed) if at is not None), default=None)


def _parts(record: Record, *, today: dt.date) -> dict[tuple[UUID, dt.date], float]:
    """How much of each item was done on each day on which it was due, up to yesterday, and today where it is done."""
    periods = [
        Period(one.pk, one.exercise_id, one.starts_on, one.ends_on, one.weekdays, one.times_per_day, one.is_one_off)
        for one in record.prescriptions
    ]
    shares = {(one.prescription, one.day, one.slot): one.share for one in record.said}
    first = min((one.starts_on for one in record.prescriptions), default=today)
    found = tallies(periods, shares, first=first, until=today + ONE_DAY, today=today, stopped=record.stopped)
    return {key: part for key, part in found.items() if key[1] < today or part == 1}


def _rounds(record: Record, local: dt.tzinfo) -> dict[str, list[Round]]:
    """The rounds of each exercise, under whichever prescription it was done."""
    prescribed = {one.pk: one for one in record.prescriptions}
    by_round: defaultdict[tuple[str, dt.date], list[Said]] = defaultdict(list)
    for said in record.said:
        if said.prescription in prescribed:
            by_round[prescribed[said.prescription].exercise.slug, said.day].append(said)
    quality = {one.day: one.quality for one in record.responses if one.quality is not None}
    found: defaultdict[str, list[Round]] = defaultdict(list)
    for (slug, day), words in by_round.items():
        times = max(prescribed[one.prescription].times_per_day for one in words)
        known = [one.quality for one in words if one.quality is not None]
        found[slug].append(
            Round(
                day=day,
                at=max(one.done_at for one in words).astimezone(local),
                share=min(1.0, sum(one.share for one in words) / (100 * times)),
                quality=min(known) if known else quality.get(day),
                stop_codes=frozenset(code for one in words for code in one.stop_signs),
            )
        )
    return found


def _sessions(record: Record, rounds: Mapping[str, Sequence[Round]], local: dt.tzinfo) -> list[Session]:
    last: dict[tuple[dt.date, str], Pain] = {(one.day, one.moment): one for one in record.pain}
    tired = {one.day: one.tired for one in record.responses if one.tired is not None}
    done = {one.day: one.at for all_of_it in rounds.values() for one in all_of_it}
    days = {day for day, _ in last} | set(tired) | set(done)
    found = []
    for day in days:
        around = [last[day, moment].done_at for moment in ("before", "after") if (day, moment) in last]
        scores = {
            name: last[day, moment].score if (day, moment) in last else None
            for name, moment in (("before", "before"), ("after", "after"), ("morning", "next_morning"))
        }
        at = max((one.astimezone(local) for one in around), default=done.get(day))
        if at is None:
            at = dt.datetime.combine(day, dt.time(12), local)
        found.append(Session(day=day, at=at, tired=tired.get(day), **scores))
    return found


def _pain_rest(record: Record, local: dt.tzinfo) -> list[Measured]:
    """Pain at rest: before a session nothing has been done yet, and the check asks for it."""
    answers = [(one.day, one.done_at, one.score) for one in record.pain if one.moment == "before"]
    checks = [
        (one.day, one.done_at, one.answers["pain_rest"])
        for one in record.reports
        if isinstance(one.answers.get("pain_rest"), int)
    ]
    seen = [(one.day, one.recorded_at, one.value) for one in record.observations if one.metric == "pain_rest"]
    return [
        Measured(day=day, at=at.astimezone(local), value=float(value)) for day, at, value in (*answers, *checks, *seen)
    ]


def _measures(record: Record, local: dt.tzinfo) -> dict[str, list[Measured]]:
    """What was measured, by the family and in the clinic; of one measure and day the last value holds."""
    last = {(one.metric, one.day): one for one in record.observations if one.metric != "pain_rest"}
    found: defaultdict[str, list[Measured]] = defaultdict(list)
    for (metric, day), one in last.items():
        found[metric].append(Measured(day=day, at=one.recorded_at.astimezone(local), value=float(one.value)))
    return dict(found)


def _medicine_changed_at(record: Record) -> dt.datetime | None:
    """When a vet last signed other medicine than before; the first plan is a change as well."""
    changed = None
    before: object = None
    for definition in record.definitions:
        now = (definition.pain_control, definition.pain_control_plan, definition.medicines)
        if now != before:
            changed = definition.signed_at
        before = now
    return changed


def _last_doses(record: Record) -> Iterable[MedicineAnswer]:
    return {(one.day, one.medicine, one.time): one for one in record.medicine}.values()


def _doses_missed(record: Record, *, at: dt.datetime) -> int:
    since = at - dt.timedelta(hours=MISSED_HOURS)
    looked = _looked_at(record)
    return sum(
        one.given is False and one.done_at >= since and (looked is None or one.done_at > looked)
        for one in _last_doses(record)
    )


def _medicine_is_out(record: Record) -> bool:
    """Whether the last dose that was spoken of was missed because there was none, or the dog refused it."""
    looked = _looked_at(record)
    said = sorted((one for one in _last_doses(record) if one.given is not None), key=lambda one: one.done_at)
    if not said or (looked is not None and said[-1].done_at <= looked):
        return False
    return said[-1].given is False and said[-1].reason in OUT


def _loads(record: Record) -> dict[dt.date, float]:
    """What was done on each day, in minutes times load level (06_progression.yaml, weekly_load)."""
    work = {one.pk: one.dosage.work_minutes * one.exercise.load for one in record.prescriptions}
    found: defaultdict[dt.date, float] = defaultdict(float)
    for one in record.said:
        found[one.day] += work.get(one.prescription, 0.0) * one.share / 100
    return dict(found)


@lru_cache(maxsize=1)
def _limb_areas() -> frozenset[str]:
    areas = reading.read(reading.AREAS)["areas"]
    return frozenset(area["code"] for area in areas if area["code"].startswith(LIMBS))


def _limb_days(record: Record) -> set[dt.date]:
    marked = {one.day for one in record.responses if _limb_areas() & set(one.areas or ())}
    return marked | {one.day for one in record.reports if LAME & set(one.flags)}


def _asks_for_more(one: Prescription) -> bool:
    """Whether it was lowered for a reason of its own: what G8 lowered with it would ask for the next G8."""
    return _is_lowered(one) and not ("G8" in one.started_by.rule_ids and not OWN_REASONS & set(one.started_by.rule_ids))


def _is_lowered(one: Prescription) -> bool:
    """Whether a person lowered it: by a step, or by a dose typed by hand that did what a rule asked for."""
    decision = one.started_by
    if decision.kind == Decision.Kind.CHANGE_DOSE:
        return not REGRESSES.isdisjoint(set(decision.rule_ids) - set(decision.details.get("overruled", ())))
    return decision.kind == Decision.Kind.REGRESS and "undoes" not in decision.details


# --- The exercises ---------------------------------------------------------------------------------------------------


def _items(
    record: Record,
    row: Row | None,
    parts: Mapping[tuple[UUID, dt.date], float],
    rounds: Mapping[str, Sequence[Round]],
    exercises: Exercises,
    *,
    today: dt.date,
    local: dt.tzinfo,
    least: int,
) -> list[Item]:
    """The prescriptions of a running program that can be stepped and have begun."""
    program, definition = record.program, record.definition
    if program is None or definition is None or row is None or program.paused_by_id is not None:
        return []
    ground = Ground(definition=definition, row=row, today=today, came_back=reset_by(definition))
    of_the_whole = {one.rule for one in progress_objections(program, ground)}
    if program.protocol is not None and program.protocol.progress_disabled:
        of_the_whole.add("NO_PROGRESS")
    held = _held(record)
    found = []
    for one in record.prescriptions:
        if one.ended_by_id is not None or one.starts_on > today or not one.has_steps:
            continue
        if one.program_id != program.pk:
            continue
        exercise = one.exercise
        own = [other for other in record.prescriptions if other.exercise.slug == exercise.slug]
        since = _level_since(one, own)
        due = sorted((day, part) for (pk, day), part in parts.items() if any(pk == other.pk for other in own))
        week = [part for day, part in due if 0 < (today - day).days <= DAYS_A_WEEK]
        done = rounds.get(exercise.slug, ())
        last_done = max((said.day for said in done if said.share > 0), default=None)
        lowered = [other.started_by.decided_at for other in own if _is_lowered(other)]
        lacking = of_the_whole | {objection.rule for objection in gate_objections(exercise, program, ground)}
        lacking |= held.get(exercise.slug, frozenset())
        found.append(
            Item(
                key=str(one.pk),
                slug=exercise.slug,
                load=exercise.load,
                dose=one.dosage,
                dose_range=exercise.dose_range,
                level_since=since,
                rounds=done,
                is_taught=not needs_teaching(exercise) or exercise.slug in record.shown_back,
                completion=fmean(week) if week else None,
                completion_at_level=_at_level([part for day, part in due if day >= since], least),
                missed_days=sum(part == 0 and last_done is not None and last_done < day < today for day, part in due),
                last_done_on=last_done,
                lowered_at=max(lowered).astimezone(local) if lowered else None,
                lacking=tuple(sorted(lacking - SAID_BY_A_HOLD)),
                easier=_neighbour(exercise.easier_slug, record, exercises, rounds),
                harder=_neighbour(exercise.harder_slug, record, exercises, rounds),
                allowed_up_to=next(
                    (ahead.dosage for ahead in record.approved_ahead if ahead.holds_for(one, definition=definition)),
                    None,
                ),
                row_approver=row.approver["progress"],
            )
        )
    return found


def _held(record: Record) -> dict[str, frozenset[str]]:
    """The warning signs that stop one exercise alone, by its slug; while they do, it does not grow."""
    said = [
        one
        for report in record.stops
        if (one := provoked(report.flags, report.numbers, report.day, report.received_at)) is not None
    ]
    plan = [
        Exercised(one.exercise.slug, one.exercise.category, one.exercise.contraindications)
        for one in record.prescriptions
        if one.ended_by_id is None
    ]
    held = held_of(said, plan)
    return {} if held is None else {slug: frozenset(flags) for slug, flags in held.by_slug.items()}


def _level_since(one: Prescription, own: Sequence[Prescription]) -> dt.date:
    """Since when the dog has had this dose: another phase or a resumed program may have said it anew."""
    since = one.starts_on
    for before in sorted(own, key=lambda other: other.starts_on, reverse=True):
        if before.pk != one.pk and before.ends_on == since and before.dose == one.dose and before.starts_on < since:
            since = before.starts_on
    return since


def _at_level(parts: Sequence[float], least: int) -> float | None:
    """Done ÷ due over the last sessions that were due at this dose, as many as the profile wants to see."""
    return fmean(parts[-least:]) if parts else None


def _neighbour(
    slug: str, record: Record, exercises: Exercises, rounds: Mapping[str, Sequence[Round]]
) -> Neighbour | None:
    """The clinic's own exercise before the one built in, with what the dog has done of it."""
    found = exercises.get((record.patient.clinic_id, slug)) or exercises.get((None, slug))
    if not slug or found is None:
        return None
    had = [one for one in record.prescriptions if one.exercise.slug == slug]
    return Neighbour(
        slug=slug,
        dose=Dose.from_json(found.dose),
        load=found.load,
        dose_range=found.dose_range,
        rounds=[
            (one, then.dosage)
            for one in rounds.get(slug, ())
            for then in had
            if then.starts_on <= one.day and (then.ends_on is None or one.day < then.ends_on)
        ],
    )

"""Factories: the rows a test needs, made directly and without rules, so that a test says only what matters to it."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.utils import timezone

from accounts.models import Clinic, Membership, User
from rehab.lib.ids import new_id
from rehab.library.models import Exercise, Ladder
from rehab.patients.models import Caregiver, Observation, Patient, ProblemDefinition
from rehab.programs.models import Decision, LadderStep, Prescription, Program, TeachBack
from rehab.programs.schedule import weekdays_for
from rehab.sessions.models import Command, ExerciseSession, Message, PainAnswer, PerformedExercise

NOW = dt.datetime(2026, 3, 18, 17, 0, tzinfo=dt.UTC)  # a Wednesday
TODAY = NOW.date()


def make_user(email: str | None = None, name: str = "", **fields: Any) -> User:
    email = email or f"{new_id().hex}@example.test"
    return User.objects.create_user(email, name=name, **fields)


def make_clinic(**fields: Any) -> Clinic:
    fields = {
        "name": "Lindenhof Veterinary Clinic",
        "phone": "+1 555 0100",
        "emergency_name": "Night Clinic",
        "emergency_phone": "+1 555 0199",
        **fields,
    }
    return Clinic.objects.create(**fields)


def join(user: User, clinic: Clinic, *roles: str) -> User:
    for role in roles:
        Membership.objects.create(user=user, clinic=clinic, role=role, started_at=NOW)
    return user


def make_patient(clinic: Clinic, by: User, owner: User | None = None, **fields: Any) -> Patient:
    patient = Patient.objects.create(clinic=clinic, created_by=by, **{"name": "Bruno", "breed": "Dachshund", **fields})
    if owner is not None:
        care_for(patient, owner)
    return patient


def care_for(patient: Patient, user: User, relation: str = "owner") -> Caregiver:
    return Caregiver.objects.create(
        clinic=patient.clinic, patient=patient, user=user, relation=relation, started_at=NOW
    )


def make_definition(
    patient: Patient, by: User, signed: bool = True, save: bool = True, **fields: Any
) -> ProblemDefinition:
    """A complete definition: primary, musculoskeletal, soft tissue (decision row D1)."""
    values: dict[str, Any] = {
        "version": patient.definitions.count() + 1 if save else 1,
        "origin": "primary",
        "mechanism": "musculoskeletal",
        "cause": "soft_tissue",
        "onset_on": TODAY - dt.timedelta(days=20),
        "neuro_deficit": False,
        "neuro_grade": 1,
        "pain_at_rest": 2,
        "pain_control": "none_needed",
        "activity_order": "leash_only",
        "cause_statement": "Strained a back muscle in play",
        "activities": [{"text": text, "score": 2} for text in ("Walks", "Jumps into the car", "Plays in the garden")],
        "baseline": {"standing_s": 30},
        "red_flags_checked": True,
        "re_exam_due_on": TODAY + dt.timedelta(days=14),
        "drafted_by": by,
        "drafted_at": NOW,
        "updated_at": NOW,
    }
    if signed:
        values |= {"signed_by": by, "signed_at": NOW}
    definition = ProblemDefinition(clinic_id=patient.clinic_id, patient=patient, **{**values, **fields})
    if save:
        definition.save(force_insert=True)
    return definition


def make_exercise(slug: str = "stand-count", **fields: Any) -> Exercise:
    """The current built-in exercise of that slug; made when it is not there."""
    existing: Exercise | None = Exercise.objects.current().built_in().filter(slug=slug).first()
    if existing is not None and not fields:
        return existing
    values: dict[str, Any] = {
        "content_hash": "0" * 64,
        "name": slug.replace("-", " ").capitalize(),
        "category": "balance_stabilisation",
        "mode": "active",
        "load": 2,
        "purpose": "Build standing time",
        "steps": ["Help your dog up.", "Let go and count."],
        "mistakes": ["Slippery floor"],
        "dose": {"sets": 1, "reps": 5, "per_day": 1, "days_per_week": 7},
        "dose_range": {"sets": [1, 3], "reps": [3, 10], "per_day": [1, 3]},
        "earliest_phase": "P1",
        "grades": [0, 1, 2, 3],
        "contraindications": ["X_REDFLAG", "X_PAIN"],
        "stop_signs": ["S_CRY"],
        "measure": {"metric": "standing_s", "unit": "s"},
    }
    made: Exercise = Exercise.objects.create(slug=slug, **{**values, **fields})
    return made


def make_program(
    patient: Patient,
    by: User,
    definition: ProblemDefinition | None = None,
    starts_on: dt.date | None = None,
    exercises: Sequence[tuple[str | Exercise, dict[str, Any]]] = (
        ("stand-count", {"sets": 3, "hold_s": 10, "per_day": 2, "days_per_week": 7}),
        ("weight-shift", {"sets": 1, "reps": 5, "per_day": 1, "days_per_week": 7}),
    ),
    **fields: Any,
) -> Program:
    """An open program with its assigning decision and one prescription per ``(exercise, dose)``."""
    starts_on = starts_on or TODAY - dt.timedelta(days=20)
    at = dt.datetime.combine(starts_on, dt.time(9), dt.UTC)
    program = Program.objects.create(
        clinic=patient.clinic,
        patient=patient,
        definition=definition or patient.definitions.signed().first() or make_definition(patient, by),
        starts_on=starts_on,
        phase_started_on=starts_on,
        created_by=by,
        created_at=at,
        **{
            "decision_row": "D1",
            "profile": "msk",
            "phase": "P2",
            "phase_name": "Steady",
            **fields,
        },
    )
    decision = Decision.objects.create(
        clinic=patient.clinic,
        patient=patient,
        program=program,
        kind="assign",
        plan_version=1,
        effective_on=starts_on,
        decided_by=by,
        decided_at=at,
    )
    for position, (exercise, dose) in enumerate(exercises):
        make_prescription(program, decision, exercise, dose, position=position)
    return program


def make_prescription(
    program: Program,
    decision: Decision | None = None,
    exercise: str | Exercise = "stand-count",
    dose: dict[str, Any] | None = None,
    **fields: Any,
) -> Prescription:
    dose = dose or {"sets": 1, "reps": 5, "per_day": 1, "days_per_week": 7}
    return Prescription.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        program=program,
        exercise=make_exercise(exercise) if isinstance(exercise, str) else exercise,
        dose=dose,
        started_by=decision or program.decisions.get(plan_version=1),
        **{
            "phase": program.phase,
            "times_per_day": dose.get("per_day", 1),
            "weekdays": weekdays_for(dose.get("days_per_week", 7)),
            "is_one_off": bool(dose.get("one_off")),
            "starts_on": program.starts_on,
            **fields,
        },
    )


def teach(patient: Patient, *exercises: Exercise, by: User, day: dt.date = TODAY) -> None:
    """Shown by the staff and shown back by the family."""
    TeachBack.objects.bulk_create(
        TeachBack(
            clinic=patient.clinic,
            patient=patient,
            exercise=exercise,
            kind=kind,
            day=day,
            recorded_by=by,
            recorded_at=NOW,
        )
        for exercise in exercises
        for kind in TeachBack.Kind
    )


def observe(patient: Patient, metric: str, value: float, by: User, day: dt.date = TODAY) -> Observation:
    return Observation.objects.create(
        clinic=patient.clinic, patient=patient, metric=metric, value=value, day=day, recorded_by=by, recorded_at=NOW
    )


def make_ladder(slug: str = "car", rungs: int = 7, **fields: Any) -> Ladder:
    """The current built-in ladder of that slug; made when it is not there."""
    existing: Ladder | None = Ladder.objects.current().built_in().filter(slug=slug).first()
    if existing is not None and not fields:
        return existing
    values: dict[str, Any] = {
        "content_hash": "0" * 64,
        "name": slug.capitalize(),
        "rungs": [{"n": n, "do": f"Rung {n}", "dose": "3 passes"} for n in range(1, rungs + 1)],
    }
    made: Ladder = Ladder.objects.create(slug=slug, **{**values, **fields})
    return made


def make_step(program: Program, ladder: Ladder | None = None, rung: int = 1, **fields: Any) -> LadderStep:
    """The current rung of a ladder in use, begun by the assigning decision."""
    return LadderStep.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        program=program,
        ladder=ladder or make_ladder(),
        rung=rung,
        **{
            "activity": "Jumps into the car",
            "starts_on": program.starts_on,
            "started_by": program.decisions.get(plan_version=1),
            **fields,
        },
    )


def _command(patient: Patient, kind: str, day: dt.date, by: User, done_at: dt.datetime) -> Command:
    return Command.objects.create(
        id=new_id(),
        clinic=patient.clinic,
        patient=patient,
        kind=kind,
        body_hash="0" * 64,
        issued_by=by,
        done_at=done_at,
        received_at=done_at,
        day=day,
        time_zone=patient.time_zone,
    )


def make_tick(
    prescription: Prescription,
    day: dt.date = TODAY,
    by: User | None = None,
    slot: int = 1,
    state: str = "done",
    done_at: dt.datetime | None = None,
    share: int | None = None,
    skip_reason: str = "",
) -> PerformedExercise:
    """One event about one slot, as if a phone had sent it."""
    patient = prescription.patient
    by = by or patient.created_by
    done_at = done_at or dt.datetime.combine(day, dt.time(12), dt.UTC)
    kind = {"done": "tick", "partial": "partial", "skipped": "skip", "undone": "undo"}[state]
    if state == "skipped":
        skip_reason = skip_reason or "no_time"
    if share is None:
        share = {"done": 100, "partial": 50}.get(state, 0)
    return PerformedExercise.objects.create(
        command=_command(patient, kind, day, by, done_at),
        clinic=patient.clinic,
        patient=patient,
        prescription=prescription,
        day=day,
        slot=slot,
        state=state,
        share=share,
        skip_reason=skip_reason,
        recorded_by=by,
        done_at=done_at,
    )


def make_pain(
    patient: Patient,
    day: dt.date = TODAY,
    moment: str = "before",
    score: int = 2,
    by: User | None = None,
    done_at: dt.datetime | None = None,
) -> PainAnswer:
    """A pain answer about the session of ``day`` (the morning answer is given on the day after)."""
    by = by or patient.created_by
    answered_on = day + dt.timedelta(days=1) if moment == "next_morning" else day
    done_at = done_at or dt.datetime.combine(answered_on, dt.time(8), dt.UTC)
    session, _ = ExerciseSession.objects.get_or_create(
        patient=patient, day=day, number=1, defaults={"clinic": patient.clinic}
    )
    return PainAnswer.objects.create(
        command=_command(patient, "pain", answered_on, by, done_at),
        clinic=patient.clinic,
        patient=patient,
        session=session,
        day=day,
        moment=moment,
        score=score,
        recorded_by=by,
        done_at=done_at,
    )


def make_message(
    patient: Patient,
    by: User,
    text: str = "Hello",
    at: dt.datetime = NOW,
    *,
    from_family: bool = False,
    written_at: dt.datetime | None = None,
    **fields: Any,
) -> Message:
    """One message of the dog's thread, as it came in."""
    return Message.objects.create(
        command=_command(patient, "message", at.date(), by, at),
        clinic=patient.clinic,
        patient=patient,
        text=text,
        from_family=from_family,
        written_by=by,
        written_at=written_at or at,
        received_at=at,
        **fields,
    )


def now() -> dt.datetime:
    """The real clock, for the few tests that cross a process border."""
    return timezone.now()


def rewrite(rows: models.QuerySet[Any] | models.Model, /, **fields: Any) -> None:
    """Let content or a decision say something else under the same key; the database never lets an update do that."""
    for row in [rows] if isinstance(rows, models.Model) else list(rows):
        for name, value in fields.items():
            setattr(row, name, value)
        with transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk)._raw_delete(DEFAULT_DB_ALIAS)
            row.save(force_insert=True)

"""The staff's page of one dog: a fixed number of statements, whatever was prescribed and however long ago."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Role
from rehab.guidance import attention, wording
from rehab.guidance.attention import Answer, Code, Level, Moment, Reason
from rehab.guidance.charts import Chart, ChartDay, draw
from rehab.guidance.models import Evaluation
from rehab.guidance.queries.alerts import waiting_alerts
from rehab.guidance.queries.facts import Facts, facts_of, phase_days
from rehab.guidance.queries.maintenance import Followed, followed, maintained
from rehab.guidance.queries.past_episodes import Episodes, episodes_of
from rehab.guidance.queries.stops import Stop, in_words, stops_of
from rehab.guidance.queries.suggestions import Ahead, Asked, Offer, ahead_of, asked_of, offer_of, open_suggestions
from rehab.guidance.queries.thresholds import thresholds_of
from rehab.library import reading, translating
from rehab.patients.models import (
    Caregiver,
    CaregiverInvitation,
    Patient,
    ProblemDefinition,
)
from rehab.patients.scores import Latest, latest_scores
from rehab.programs import maintenance
from rehab.programs.actions.items import Item
from rehab.programs.actions.teaching import UNTAUGHT, needs_teaching
from rehab.programs.models import Decision, LadderStep, Prescription, Program
from rehab.programs.queries import Chapter, Taught, history, names_of, open_program, taught
from rehab.programs.resetting import with_resets
from rehab.programs.shortfalls import Refusal, half_rule
from rehab.sessions.adherence import Period
from rehab.sessions.models import PerformedExercise
from rehab.sessions.queries import Pain, SlotShare, first_name, pain_answers, slot_shares
from rehab.sessions.queries.clips import waiting_clips
from rehab.sessions.queries.gaps import Gap, gaps
from rehab.sessions.queries.looking_back import stopped_days
from rehab.sessions.queries.messages import waiting_messages

SPANS: Final = {"14": 14, "56": 56}
WIDE: Final = 720
NARROW: Final = 340
STORY: Final = 5
ACTIVITY: Final = 10
SKIPS: Final = 6
ONE_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Why:
    """One reason to look, in words, and where a person can do something about it."""

    level: Level
    icon: str
    badge: str
    sentence: str
    link: str = ""
    link_text: str = ""


@dataclass(frozen=True, kw_only=True)
class Said:
    """Something that a person at home told the clinic."""

    at: dt.datetime
    when: str
    who: str
    icon: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Skip:
    """An exercise that was left out on a day, and why."""

    day: dt.date
    exercise: str
    why: str
    is_pain: bool


@dataclass(frozen=True, kw_only=True)
class PictureDay:
    """One row of the table behind the picture; the pain was felt on that day."""

    day: dt.date
    percent: int | None
    next_morning: int | None
    before: int | None
    after: int | None
    decisions: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Pain and adherence over a span of days, for a wide and for a narrow screen, and as a table."""

    span: int
    wide: Chart
    narrow: Chart
    days: list[PictureDay]
    summary: str
    has_data: bool
    limit_note: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One exercise of the plan with what a person can do about it; a neighbour that is not there has no name."""

    prescription: Prescription
    easier: str
    harder: str
    taught: Taught
    needs_teaching: bool
    is_for_in_person: bool
    offer: Offer | None = None
    ahead: Ahead | None = None

    @property
    def teaching(self) -> str:
        """How far the teach-back is: not needed, none, shown, or shown back."""
        if not self.needs_teaching:
            return ""
        if self.taught.shown_back is not None:
            return "shown_back"
        return "none" if self.taught.shown is None else "shown"


@dataclass(frozen=True, kw_only=True)
class PatientPage:
    """All that the page says about the dog."""

    today: dt.date
    reasons: list[Why]
    definition: ProblemDefinition | None
    draft: ProblemDefinition | None
    axes: str
    grade: str
    re_exam: str
    re_exam_level: Level
    program: Program | None
    phase: str
    phase_name: str
    phase_to_come: str
    is_undetermined: bool
    short_half: Refusal | None
    prescriptions: list[Prescription]
    lines: list[Line]
    ladders: list[LadderStep]
    adherence: int | None
    last_pain: int | None
    last_pain_on: str
    picture: Picture
    activity: list[Said]
    skips: list[Skip]
    skips_more: int
    story: list[Chapter]
    stops: list[Stop]
    caregivers: list[Caregiver]
    invitations: list[CaregiverInvitation]
    gaps: list[Gap]
    messages_waiting: int
    clips_waiting: int
    age: str
    asked: Asked
    episodes: Episodes | None = None
    followed: Followed | None = None
    scores: Sequence[Latest] = ()

    @property
    def stops_one(self) -> bool:
        """Whether all that is stopped is what brought a sign on."""
        return bool(self.stops) and all(stop.is_of_one for stop in self.stops)

    @property
    def to_teach(self) -> int:
        """How many exercises nobody has shown the family yet."""
        return len([line for line in self.lines if line.teaching == "none"])


def patient_page(patient: Patient, *, at: dt.datetime, span: int, roles: frozenset[Role] = frozenset()) -> PatientPage:
    """The page of a dog that was already loaded for its reader, who is this to it."""
    today = patient.today(at)
    first = today - (span - 1) * ONE_DAY
    until = today + ONE_DAY
    definition, draft = _definitions(patient)
    program = open_program(patient.pk)
    prescriptions = _prescriptions(patient, first)
    said = slot_shares([patient.pk], first, until)
    pain = pain_answers(patient.pk, first - ONE_DAY, until)
    decisions = (
        Decision.objects.filter(patient=patient, effective_on__gte=first, effective_on__lt=until)
        .only("kind", "effective_on")
        .order_by("decided_at", "pk")
    )
    chapters = [] if program is None else history(program)
    caregivers = list(
        Caregiver.objects.current()
        .filter(patient=patient)
        .select_related("user")
        .order_by("-relation", "started_at", "pk")
    )
    facts = _facts(definition, program, prescriptions, said, pain)
    facts.has_family = bool(caregivers)
    facts.waiting = waiting_messages([patient.pk]).get(patient.pk)
    facts.clips = waiting_clips([patient.pk]).get(patient.pk)
    facts.row_before = _row_before(chapters)
    facts.stops = stops_of([patient.pk])[patient.pk]
    facts.alerts = waiting_alerts([patient.pk])[patient.pk]
    facts.stopped = stopped_days([patient.pk], first, until)[patient.pk]
    facts.suggestions = open_suggestions([patient.pk])
    facts.evaluation = Evaluation.objects.filter(patient=patient).first()
    facts.phase_days = phase_days(program)
    facts.own = thresholds_of([patient.clinic_id]).get(patient.clinic_id, {})
    after = followed(patient.pk)
    facts.checkpoints = after.to_look_at(until=until) if after is not None else []
    if program is not None and program.protocol is not None and program.protocol.slug == maintenance.PROTOCOL:
        facts.maintained = maintained([program], until=until).get(patient.pk)
    week = facts.days(today=today)
    dog = facts.dog(today=today, days=week)
    names = {item.pk: translating.said(item.exercise.name) for item in prescriptions}
    worst = attention.worst_by_day(facts.answers)
    last = max((day for day in worst if day <= today), default=None)
    skips = _skips(said, names)
    current = _current(prescriptions, program, facts, today=today)
    phase, phase_name, phase_to_come = _phase(program, chapters, today=today)
    return PatientPage(
        today=today,
        # Of a dog that has died nothing asks for a person.
        reasons=[] if patient.died_on else [_why(reason, patient, today=today) for reason in attention.reasons(dog)],
        definition=definition,
        draft=draft,
        axes="" if definition is None else wording.axes(definition.origin, definition.mechanism),
        grade="" if definition is None else wording.grade(definition.neuro_grade),
        re_exam=_re_exam(definition, today=today),
        re_exam_level=_re_exam_level(definition, today=today),
        program=program,
        phase=phase,
        phase_name=phase_name,
        phase_to_come=phase_to_come,
        is_undetermined=dog.is_undetermined,
        short_half=_short_half(definition, current),
        prescriptions=current,
        lines=_lines(
            patient,
            current,
            grade=None if definition is None else definition.neuro_grade,
            offers=_offers(facts, current, roles=roles),
            ahead=ahead_of(current, program, definition),
        ),
        ladders=[]
        if program is None
        else list(LadderStep.objects.filter(program=program).current().select_related("ladder").order_by("pk")),
        adherence=attention.percent(week),
        last_pain=None if last is None else worst[last],
        last_pain_on="" if last is None else wording.day_name(last, today=today),
        picture=_picture(facts, decisions, today=today, span=span),
        activity=_activity(patient, pain, first, until, names, today=today),
        skips=skips[:SKIPS],
        skips_more=max(0, len(skips) - SKIPS),
        story=chapters[:STORY],
        stops=[in_words(report, patient, today=today) for report in facts.stops],
        caregivers=caregivers,
        invitations=list(
            CaregiverInvitation.objects.filter(
                patient=patient,
                invitation__accepted_at=None,
                invitation__revoked_at=None,
                invitation__expires_at__gt=at,
            )
            .select_related("invitation")
            .order_by("invitation__created_at", "pk")
        ),
        gaps=gaps([one.user_id for one in caregivers], at=at, patient=patient.pk),
        messages_waiting=dog.messages_waiting,
        clips_waiting=dog.clips_waiting,
        followed=after,
        age="" if patient.born_on is None else wording.age(patient.born_on, today=today),
        asked=asked_of(facts.evaluation if program is not None and program.paused_by_id is None else None),
        episodes=episodes_of(patient.pk, definition),
        scores=latest_scores(patient.pk),
    )


def _offers(facts: Facts, current: Sequence[Prescription], *, roles: frozenset[Role]) -> dict[UUID, Offer]:
    names = {one.exercise.slug: one.exercise.name for one in current}
    return {one.prescription_id: offer_of(one, roles=roles, names=names) for one in facts.suggestions}


def signals(patient: Patient, *, at: dt.datetime) -> list[Why]:
    """Why the dog needs a look now, in words: the same as on its page and in the list."""
    today = patient.today(at)
    first = today - (attention.WINDOW_DAYS - 1) * ONE_DAY
    facts = facts_of([patient.pk], first=first, until=today + ONE_DAY)[patient.pk]
    dog = facts.dog(today=today, days=facts.days(today=today))
    if patient.died_on is not None:
        return []
    return [_why(reason, patient, today=today) for reason in attention.reasons(dog)]


def _why(reason: Reason, patient: Patient, *, today: dt.date) -> Why:
    level = attention.level(reason.severity)
    address, text = _LINKS.get(reason.code, ("", ""))
    return Why(
        level=level,
        icon=wording.ICONS[level],
        badge=str(wording.BADGES[reason.code]),
        sentence=wording.sentence(reason, today=today),
        link=reverse(address, args=[patient.pk]) if address else "",
        link_text=str(text),
    )


_LINKS: Final = {
    Code.ALERT_NOT_DELIVERED: ("guidance:alerts", gettext_lazy("Open it")),
    Code.ALERT_WAITING: ("guidance:alerts", gettext_lazy("Open it")),
    Code.NO_FAMILY: ("patients:caregiver-invite", gettext_lazy("Invite the family")),
    Code.MESSAGE_WAITING: ("sessions:messages", gettext_lazy("Read and answer")),
    Code.CHECK_PHASE: ("guidance:phase", gettext_lazy("Look at the phase")),
    Code.CHECKPOINT_WORSE: ("guidance:relapse", gettext_lazy("Decide")),
    Code.RELAPSE_RISK: ("guidance:relapse", gettext_lazy("Look at it")),
}


def _row_before(chapters: Sequence[Chapter]) -> str:
    """The decision row under which a person last decided about the phase; empty when no definition came after."""
    row = ""
    for chapter in chapters:
        if chapter.decision.kind == Decision.Kind.PHASE:
            break
        if chapter.decision.kind == Decision.Kind.REDEFINE:
            row = chapter.decision.details.get("from_row", "")
    return row


def _phase(program: Program | None, chapters: Sequence[Chapter], *, today: dt.date) -> tuple[str, str, str]:
    """The phase of today with its name, and the one that begins on a later day, in words."""
    if program is None:
        return "", "", ""
    if program.phase_started_on <= today:
        return program.phase, program.phase_name, ""
    moves = [one.decision for one in chapters if one.decision.kind == Decision.Kind.PHASE]
    to_come = [one for one in moves if one.effective_on > today]
    if not to_come:
        return program.phase, program.phase_name, ""
    # Of several moves in one day the first says where the dog still is.
    before = to_come[-1].details
    text = _("%(phase)s %(name)s %(from_day)s") % {
        "phase": program.phase,
        "name": translating.said(program.phase_name),
        "from_day": wording.from_day(program.phase_started_on, today=today),
    }
    return before["from"], before["from_name"], text


def _definitions(
    patient: Patient,
) -> tuple[ProblemDefinition | None, ProblemDefinition | None]:
    """The newest signed definition, and the draft that may follow it."""
    versions = with_resets(ProblemDefinition.objects.filter(patient=patient))
    newest = versions.select_related("signed_by", "drafted_by").newest_first()[:2]
    draft: ProblemDefinition | None = None
    for definition in newest:
        if definition.is_signed:
            return definition, draft
        draft = definition
    return None, draft


def _prescriptions(patient: Patient, first: dt.date) -> list[Prescription]:
    """What counted in the period, and what is to come."""
    return list(
        Prescription.objects.filter(patient=patient)
        .filter(Q(ends_on=None) | Q(ends_on__gte=first))
        .select_related("exercise", "started_by")
        .order_by("position", "starts_on", "pk")
    )


def _facts(
    definition: ProblemDefinition | None,
    program: Program | None,
    prescriptions: Sequence[Prescription],
    said: Sequence[SlotShare],
    pain: dict[tuple[dt.date, str], Pain],
) -> Facts:
    facts = Facts(
        definition=definition,
        program=program,
        paused_on=program.paused_by.effective_on if program and program.paused_by else None,
        periods=[
            Period(
                prescription=item.pk,
                exercise=item.exercise_id,
                starts_on=item.starts_on,
                ends_on=item.ends_on,
                weekdays=item.weekdays,
                times_per_day=item.times_per_day,
                is_one_off=item.is_one_off,
            )
            for item in prescriptions
        ],
        answers=[Answer(day=answer.day, moment=Moment(answer.moment), score=answer.score) for answer in pain.values()],
    )
    for word in said:
        facts.add(word)
    return facts


def _current(
    prescriptions: Sequence[Prescription], program: Program | None, facts: Facts, *, today: dt.date
) -> list[Prescription]:
    """What no decision has ended, each with its ``adherence_percent`` of the last fourteen days."""
    if program is None:
        return []
    parts: dict[UUID, list[float]] = {}
    for (item, _day), part in facts.parts(today=today).items():
        parts.setdefault(item, []).append(part)
    current: list[Prescription] = []
    for prescription in prescriptions:
        if prescription.program_id == program.pk and prescription.ended_by_id is None:
            done = parts.get(prescription.pk)
            shown: Any = prescription
            shown.adherence_percent = round(100 * sum(done) / len(done)) if done else None
            current.append(prescription)
    return current


def _short_half(definition: ProblemDefinition | None, current: Sequence[Prescription]) -> Refusal | None:
    """Where secondary pain has too few active exercises for the limb or a listed habit: how many there are (row D5)."""
    if definition is None or definition.origin != ProblemDefinition.Origin.SECONDARY:
        return None
    return half_rule([Item.of(one).line for one in current], habits=definition.habits, targets=reading.targets())


def _lines(
    patient: Patient,
    current: Sequence[Prescription],
    *,
    grade: int | None,
    offers: Mapping[UUID, Offer],
    ahead: Mapping[UUID, Ahead],
) -> list[Line]:
    """The plan's rows; a neighbour is offered when it suits the dog's grade and is not in the plan already."""
    if not current:
        return []
    exercises = [item.exercise for item in current]
    here = {exercise.slug for exercise in exercises}
    shown = taught(patient.pk, [exercise.slug for exercise in exercises])
    names = names_of(
        patient.clinic,
        {slug for exercise in exercises for slug in (exercise.easier_slug, exercise.harder_slug)} - {"", *here},
        grade=grade,
    )
    return [
        Line(
            prescription=item,
            easier=names.get(item.exercise.easier_slug, "") if item.has_steps else "",
            harder=names.get(item.exercise.harder_slug, "") if item.has_steps else "",
            taught=shown.get(item.exercise.slug, Taught()),
            needs_teaching=needs_teaching(item.exercise),
            is_for_in_person=UNTAUGHT in item.exercise.contraindications,
            offer=offers.get(item.pk),
            ahead=ahead.get(item.pk),
        )
        for item in current
    ]


def _picture(facts: Facts, decisions: Iterable[Decision], *, today: dt.date, span: int) -> Picture:
    felt = {(answer.felt_on, answer.moment): answer.score for answer in facts.answers}
    decided: dict[dt.date, list[str]] = {}
    for decision in decisions:
        decided.setdefault(decision.effective_on, []).append(str(Decision.Kind(decision.kind).label))
    rows = [
        PictureDay(
            day=day.day,
            percent=attention.percent([day]),
            next_morning=felt.get((day.day, Moment.NEXT_MORNING)),
            before=felt.get((day.day, Moment.BEFORE)),
            after=felt.get((day.day, Moment.AFTER)),
            decisions=", ".join(decided.get(day.day, ())),
        )
        for day in (*facts.days(today=today, count=span)[:-1], facts.so_far(today=today))
    ]
    days = [
        ChartDay(
            label=wording.short_day(row.day),
            percent=row.percent,
            next_morning=row.next_morning,
            before=row.before,
            after=row.after,
            is_open=row.day == today,
            is_decided=bool(row.decisions),
        )
        for row in rows
    ]
    limit, usual = facts.limits.resting, attention.limits_of(facts.profile).resting
    text = _("limit") if limit == usual else _("own %(limit)d") % {"limit": limit}
    return Picture(
        span=span,
        wide=draw(days, width=WIDE, limit=limit, limit_text=text),
        narrow=draw(days, width=NARROW, limit=limit, limit_text=text),
        days=rows[::-1],
        summary=_summary(rows),
        has_data=any(
            value is not None for row in rows for value in (row.percent, row.next_morning, row.before, row.after)
        ),
        limit_note=""
        if limit == usual
        else _("%(limit)d, set by the clinic (usually %(usual)d)") % {"limit": limit, "usual": usual},
    )


def _summary(rows: Sequence[PictureDay]) -> str:
    scores = [score for row in rows for score in (row.next_morning, row.before, row.after) if score is not None]
    if not scores:
        return _("Pain and exercises of the last %(days)s days: no pain answer.") % {"days": len(rows)}
    return _(
        "Pain and exercises of the last %(days)s days: pain between %(least)s and %(most)s of 10, last %(last)s."
    ) % {"days": len(rows), "least": min(scores), "most": max(scores), "last": scores[-1]}


def _re_exam(definition: ProblemDefinition | None, *, today: dt.date) -> str:
    if definition is None or definition.re_exam_due_on is None:
        return ""
    return wording.days_left(definition.re_exam_due_on, today=today)


def _re_exam_level(definition: ProblemDefinition | None, *, today: dt.date) -> Level:
    if definition is None or definition.re_exam_due_on is None:
        return Level.OK
    left = (definition.re_exam_due_on - today).days
    return Level.WATCH if left <= attention.RE_EXAM_SOON_DAYS else Level.OK


def _skips(said: Sequence[SlotShare], names: dict[Any, str]) -> list[Skip]:
    """What was left out, newest first; several times of one day are one entry."""
    found = {(word.day, names.get(word.prescription, ""), word.skip_reason) for word in said if word.skip_reason}
    return [
        Skip(
            day=day,
            exercise=exercise,
            why=str(PerformedExercise.SkipReason(reason).label),
            is_pain=reason == PerformedExercise.SkipReason.PAIN,
        )
        for day, exercise, reason in sorted(found, reverse=True)
    ]


_STATES: Final = {
    PerformedExercise.State.DONE: "circle-check",
    PerformedExercise.State.PARTIAL: "contrast",
    PerformedExercise.State.SKIPPED: "skip-forward",
    PerformedExercise.State.UNDONE: "undo-2",
}


def _activity(
    patient: Patient,
    pain: dict[tuple[dt.date, str], Pain],
    first: dt.date,
    until: dt.date,
    names: dict[Any, str],
    *,
    today: dt.date,
) -> list[Said]:
    """Who said what when, newest first."""
    events = (
        PerformedExercise.objects.filter(patient=patient, day__gte=first, day__lt=until)
        .order_by("-done_at", "-pk")
        .values_list("prescription", "state", "done_at", "recorded_by__name", "recorded_by__email")
    )[:ACTIVITY]
    said = [
        Said(
            at=at,
            when=wording.moment(at, patient.time_zone, today=today),
            who=first_name(name, email),
            icon=_STATES[PerformedExercise.State(state)],
            what=_("%(exercise)s: %(state)s")
            % {"exercise": names.get(item, ""), "state": PerformedExercise.State(state).label},
        )
        for item, state, at, name, email in events
    ]
    said += [
        Said(
            at=answer.done_at,
            when=wording.moment(answer.done_at, patient.time_zone, today=today),
            who=answer.by,
            icon="activity",
            what=str(wording.PAIN[Moment(answer.moment)]) % {"score": answer.score},
        )
        for answer in pain.values()
    ]
    return sorted(said, key=lambda one: one.at, reverse=True)[:ACTIVITY]

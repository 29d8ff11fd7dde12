"""A story being told through the product's own actions, at earlier times."""

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress

from accounts.access import Role
from accounts.actions import get_or_create_person
from accounts.demo import PERSONAS
from accounts.models import Clinic, User
from rehab.demo.evenings import Evening, evening
from rehab.demo.stories import Chapter, Story, answered
from rehab.guidance.queries.readings import known_about
from rehab.lib.ids import new_id
from rehab.library.models import Exercise, Ladder, ProtocolPhase
from rehab.patients.actions import accept_invitation, invite_caregiver, register_patient, save_draft, sign_definition
from rehab.patients.answers import Answers
from rehab.patients.models import ProblemDefinition
from rehab.patients.observing import record_observations
from rehab.programs.actions import Item, assign_program, mark_shown, mark_shown_back
from rehab.programs.actions.laddering import start_ladder
from rehab.programs.actions.phasing import move_phase
from rehab.programs.actions.teaching import needs_teaching
from rehab.programs.dose import Dose
from rehab.programs.gate import objections, profile_of, row_of
from rehab.programs.models import LadderStep, Prescription, Program
from rehab.programs.queries import current_prescriptions
from rehab.sessions import commands
from rehab.sessions.actions import Outcome, apply_commands
from rehab.sessions.medicines import planned

TIME_ZONE: Final = "Europe/London"
MEDICINE_DAYS: Final = 14
MEDICINE_GIVEN: Final = 0.97
VET: Final = frozenset({Role.VET})
THERAPIST: Final = frozenset({Role.THERAPIST})
TICKS: Final = frozenset({"tick", "partial", "skip"})
FAMILY: Final = frozenset({Role.OWNER})
ANCHORS: Final = {
    "leash-walk": "after the morning walk",
    "medication-given": "with breakfast",
    "heat-pack": "before bed",
    "light-massage": "while watching TV",
    "stand-count": "while the kettle boils",
    "weight-shift": "while the kettle boils",
    "prom-limbs": "while watching TV",
    "sit-stand": "before dinner",
    "sling-walk": "at each toilet trip",
}


def person(name: str, email: str, *, at: dt.datetime) -> User:
    user = get_or_create_person(
        email=email, name=name, time_zone=TIME_ZONE, language="en", by=None, at=at, clinic_id=None
    )
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


class Telling:
    """One dog's story being told: chapters by the vet, days by the family."""

    def __init__(self, *, story: Story, clinic: Clinic, team: Mapping[str, User], at: dt.datetime) -> None:
        self.story = story
        self.at = at
        self.zone = ZoneInfo(clinic.time_zone)
        self.today = at.astimezone(self.zone).date()
        self.vet, self.therapist = team["vet"], team["therapist"]
        # The same story at every start: nothing here is secret.
        self.chance = random.Random(story.name)  # noqa: S311
        self.first_day = self._day(story.chapters[0].days_ago if story.chapters else 0)
        registered_at = self._moment(self.first_day, dt.time(8, 40))
        self.dog = register_patient(
            clinic=clinic,
            by=self.therapist,
            at=registered_at,
            name=story.name,
            breed=story.breed,
            sex=story.sex,
            born_on=story.born_on,
            weight_kg=story.weight_kg,
            time_zone=clinic.time_zone,
        )
        self.family = [self._joined(*story.owner, relation="owner", at=registered_at)]
        if story.owner[1] == PERSONAS["owner"].email:
            partner = PERSONAS["caregiver"]
            self.family.append(self._joined(partner.name, partner.email, relation="caregiver", at=registered_at))
        elif story.partner is not None:
            self._joined(*story.partner, relation="caregiver", at=registered_at)

    def tell(self) -> None:
        if not self.story.chapters:
            save_draft(patient=self.dog, answers=self._answered(answered(), self.today), by=self.therapist, at=self.at)
            return
        ends = [self._day(chapter.days_ago) for chapter in self.story.chapters] + [self.today]
        for chapter, (first, until) in zip(self.story.chapters, pairwise(ends), strict=True):
            self._measure(first)
            program = self._prescribe(chapter, first) if chapter.answers is not None else self._move(chapter, first)
            self._teach(program, first)
            last = until if until == self.today else until - dt.timedelta(days=1)
            self._live(program, first, last)
        self._write(program)

    def _joined(self, name: str, email: str, *, relation: str, at: dt.datetime) -> User:
        user = person(name, email, at=at)
        token = invite_caregiver(patient=self.dog, email=email, relation=relation, by=self.therapist, at=at)
        accept_invitation(token=token, by=user, at=at)
        return user

    def _day(self, days_ago: int) -> dt.date:
        return self.today - dt.timedelta(days=days_ago)

    def _moment(self, day: dt.date, time: dt.time) -> dt.datetime:
        return min(dt.datetime.combine(day, time, self.zone), self.at)

    def _answered(self, answers: Mapping[str, Any], day: dt.date) -> Answers:
        dates = {
            "onset_on": self.first_day - dt.timedelta(days=4),
            "re_exam_due_on": max(day, self.today) + dt.timedelta(days=8),
        }
        if answers.get("leaf") == "ivdd_postop":
            dates["surgery_on"] = self.first_day - dt.timedelta(days=3)
        if day > self.first_day:
            dates["pain_controlled_on"] = day - dt.timedelta(days=3)
        return Answers(**{**dates, **answers})

    def _measure(self, day: dt.date) -> None:
        """What the clinic measured on that day, on the way from the first number to the last."""
        if not self.story.measures:
            return
        share = (day - self.first_day).days / max(1, (self.today - self.first_day).days)
        record_observations(
            patient=self.dog,
            values={
                metric: Decimal(round(first + (last - first) * share))
                for metric, (first, last) in self.story.measures.items()
            },
            day=day,
            note="",
            by=self.therapist,
            roles=THERAPIST,
            at=self._moment(day, dt.time(9)),
        )

    def _teach(self, program: Program, day: dt.date) -> None:
        """The therapist shows each exercise that the dog does itself, and sees it done."""
        if not self.story.is_taught:
            return
        for prescription in current_prescriptions(program):
            if needs_teaching(prescription.exercise):
                at = self._moment(day, dt.time(9, 50))
                about: dict[str, Any] = {"program": program, "exercise": prescription.exercise, "day": day}
                mark_shown(**about, by=self.therapist, at=at)
                mark_shown_back(**about, by=self.therapist, at=at)

    def _move(self, chapter: Chapter, day: dt.date) -> Program:
        """The vet moves the open program on to the chapter's phase, and begins its ladder."""
        program: Program = (
            Program.objects.open().select_related("protocol", "definition", "patient").get(patient=self.dog)
        )
        phase = ProtocolPhase.objects.select_related("protocol").get(protocol=program.protocol, code=chapter.phase)
        at = self._moment(day, dt.time(9, 30))
        decision = move_phase(
            program=program,
            protocol_phase=phase,
            items=list(self._items(chapter, phase, program.definition, day)),
            known=known_about(program, program.definition, today=day).series,
            reason="Examined today; ready for the next phase.",
            plan_version=program.plan_version,
            by=self.vet,
            roles=VET,
            at=at,
        )
        if chapter.ladder is not None:
            slug, activity = chapter.ladder
            start_ladder(
                program=program,
                ladder=Ladder.objects.current().built_in().get(slug=slug),
                activity=activity,
                reason="What his family wants back most.",
                plan_version=decision.plan_version,
                by=self.vet,
                roles=VET,
                at=at,
            )
        program.refresh_from_db()
        return program

    def _prescribe(self, chapter: Chapter, day: dt.date) -> Program:
        at = self._moment(day, dt.time(9, 30))
        answers = self._answered(chapter.answers or {}, day)
        draft = save_draft(patient=self.dog, answers=answers, by=self.therapist, at=at)
        definition = sign_definition(definition=draft, by=self.vet, at=at)
        phase = (
            ProtocolPhase.objects.select_related("protocol").get(
                protocol__slug=chapter.protocol,
                protocol__clinic=None,
                protocol__superseded_at=None,
                code=chapter.phase,
            )
            if chapter.protocol
            else None
        )
        return assign_program(
            definition=definition,
            protocol_phase=phase,
            items=list(self._items(chapter, phase, definition, day)),
            starts_on=day,
            by=self.vet,
            roles=VET,
            at=at,
            reason="Examined today; in line with the findings.",
        )

    def _items(
        self, chapter: Chapter, phase: ProtocolPhase | None, definition: ProblemDefinition, day: dt.date
    ) -> Iterator[Item]:
        """What the vet would tick: unconditional items that the rules allow, or allow a vet to decide."""
        offered = (
            [
                (item["exercise"], item.get("dose"))
                for item in phase.items
                if "exercise" in item and not item.get("condition")
            ]
            if phase
            else [(slug, None) for slug in chapter.exercises]
        )
        library = {exercise.slug: exercise for exercise in Exercise.objects.current().built_in()}
        row = row_of(definition)
        for slug, dose in offered:
            exercise = library[slug]
            against = objections(
                exercise,
                definition=definition,
                row=row,
                profile=profile_of(row, protocol_profile=phase.protocol.profile if phase else ""),
                phase=phase.code if phase else row.start_phase,
                on=day,
            )
            if all(objection.vet_may for objection in against):
                yield Item(exercise=exercise, dose=Dose.from_json(dose or exercise.dose), anchor=ANCHORS.get(slug, ""))

    def _live(self, program: Program, first: dt.date, last: dt.date) -> None:
        prescriptions = list(
            Prescription.objects.filter(program=program)
            .overlapping(first, last + dt.timedelta(days=1))
            .select_related("exercise")
            .order_by("position", "pk")
        )
        rungs = list(LadderStep.objects.filter(program=program).current().order_by("starts_on", "pk"))
        for offset in range((last - first).days + 1):
            day = first + dt.timedelta(days=offset)
            if (self.today - day).days < self.story.silent_days:
                continue
            told = [
                *self._morning(program, day, first=first),
                *(self._today_so_far if day == self.today else self._whole_day)(program, prescriptions, day),
                *self._practice(program, rungs, day),
                *self._evening(program, day),
            ]
            said = self._as_it_went(told, day)
            for who in range(len(self.family)):
                self._send([command for speaker, command in said if speaker == who], who=who, day=day)

    def _as_it_went(self, told: list[tuple[int, dict[str, Any]]], day: dt.date) -> list[tuple[int, dict[str, Any]]]:
        """The day as the evening left it: whole, without its last part, with it after six, or not noted at all."""
        how = evening(self.story, (self.today - day).days)
        if how is Evening.WHOLE:
            return told
        if how is Evening.NOTHING:
            # How the night was is said before anybody knows.
            return [one for one in told if one[1]["payload"].get("moment") == "next_morning"]
        ticks = sorted((one for one in told if one[1]["kind"] in TICKS), key=lambda one: str(one[1]["done_at"]))
        last = [one for one in ticks if one[1]["done_at"][11:13] < "18"][-max(1, len(ticks) // 4) :]
        kept = [one for one in told if one not in last]
        if how is Evening.SHORT:
            return kept
        # Whoever comes home last does the rest.
        who, late = len(self.family) - 1, self._moment(day, dt.time(18, 1)).isoformat()
        return [*kept, *((who, {**command, "done_at": late}) for _who, command in last)]

    def _evening(self, program: Program, day: dt.date) -> Iterator[tuple[int, dict[str, Any]]]:
        """The doses of the last two weeks, and every third evening how the dog was; never today."""
        if day == self.today:
            return
        if (self.today - day).days <= MEDICINE_DAYS:
            for dose in planned(program.definition.medicines):
                if dose.time:
                    given = self.chance.random() < MEDICINE_GIVEN
                    payload = {"medicine": dose.medicine, "time": dose.time, "given": given}
                    if not given:
                        payload["reason"] = "forgot"
                    time = dt.time.fromisoformat(dose.time)
                    yield 0, self._command(program, "medicine", payload, day=day, time=time)
        if (day - self.first_day).days % 3 == 0:
            areas = list(self.story.where_it_hurts) if self.chance.random() < 0.5 else []
            response = {"tired": self.chance.choice((0, 1, 1, 2)), "quality": self.chance.choice((2, 3, 3))}
            if self._goes_well(day):
                # It says how well with each time of the one exercise.
                del response["quality"]
            yield 0, self._command(program, "response", {**response, "areas": areas}, day=day, time=dt.time(20, 40))

    def _write(self, program: Program) -> None:
        """What the family and the therapist wrote to each other, and the check that stopped the exercises."""
        for days_ago, hour, by_family, text in self.story.messages:
            day = self._day(days_ago)
            raw = self._command(program, "message", {"text": text}, day=day, time=dt.time(hour, 12))
            self._send([raw], who=0 if by_family else None, day=day)
        if self.story.warning is not None:
            days_ago, flag = self.story.warning
            day = self._day(days_ago)
            raw = self._command(program, "report", {"answers": {}, "flags": [flag]}, day=day, time=dt.time(18, 5))
            self._send([raw], who=0, day=day)

    def _send(self, said: list[dict[str, Any]], *, who: int | None, day: dt.date) -> None:
        """Apply what one of the family says, or the therapist (``None``)."""
        if not said:
            return
        answers = apply_commands(
            patient=self.dog,
            roles=THERAPIST if who is None else FAMILY,
            commands=[commands.parse(raw) for raw in said],
            by=self.therapist if who is None else self.family[who],
            # A message arrives when it is written, the day's answers in the evening.
            at=max(dt.datetime.fromisoformat(raw["done_at"]) for raw in said)
            if said[0]["kind"] == "message"
            else self._moment(day, dt.time(23, 30)),
        )
        for raw, answer in zip(said, answers, strict=True):
            if answer.outcome is Outcome.REFUSED:
                raise RuntimeError(f"The demo says what the product refuses: {raw}: {answer.refusal}")

    def _command(
        self, program: Program, kind: str, payload: dict[str, Any], *, day: dt.date, time: dt.time
    ) -> dict[str, Any]:
        return {
            "id": str(new_id()),
            "kind": kind,
            "patient": str(self.dog.pk),
            "payload": payload,
            "done_at": self._moment(day, time).isoformat(),
            "day": day.isoformat(),
            "time_zone": self.zone.key,
            "plan_version": program.plan_version,
        }

    def _goes_well(self, day: dt.date) -> bool:
        return (self.today - day).days < self.story.well[0]

    def _tick(self, prescription: Prescription, slot: int, day: dt.date) -> dict[str, Any]:
        """That it was done, and where the family says so, how well."""
        said: dict[str, Any] = {"prescription": str(prescription.pk), "slot": slot}
        if self._goes_well(day) and prescription.exercise.slug == self.story.well[1]:
            said["quality"] = 3
        return said

    def _pain_of(self, day: dt.date) -> tuple[int, int, int]:
        """Pain before, after, and on the next morning."""
        if (flare := self.story.flare.get((self.today - day).days)) is not None:
            return flare
        start, end = self.story.pain
        if self._goes_well(day):
            return round(end), round(end), round(end)
        whole = max(1, (self.today - self.first_day).days)
        usual = start + (end - start) * (day - self.first_day).days / whole
        before, after, morning = (
            min(10, max(0, round(usual + self.chance.gauss(shift, 0.5)))) for shift in (0, 0.3, -0.2)
        )
        return before, after, morning

    def _morning(self, program: Program, day: dt.date, *, first: dt.date) -> Iterator[tuple[int, dict[str, Any]]]:
        """The answer about the session of the day before; Bruno's of today is left for whoever tries the demo."""
        yesterday = day - dt.timedelta(days=1)
        asked = yesterday >= self.first_day and (self.chance.random() < 0.9 or self._goes_well(yesterday))
        if not asked or day == first == self.first_day or (day == self.today and len(self.family) > 1):
            return
        _before, _after, morning = self._pain_of(yesterday)
        payload = {"moment": "next_morning", "score": morning, "session_day": yesterday.isoformat()}
        yield 0, self._command(program, "pain", payload, day=day, time=dt.time(7, self.chance.randrange(5, 50)))

    def _whole_day(
        self, program: Program, prescriptions: list[Prescription], day: dt.date
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        before, after, _morning = self._pain_of(day)
        due = [prescription for prescription in prescriptions if prescription.is_due_on(day)]
        if due:
            for moment, score, hour in (("before", before, 8), ("after", after, 19)):
                payload = {"moment": moment, "score": score, "session_day": day.isoformat()}
                yield 0, self._command(program, "pain", payload, day=day, time=dt.time(hour, 2))
        for prescription in due:
            for slot in range(1, prescription.times_per_day + 1):
                time = dt.time(8 + (slot - 1) * 13 // max(2, prescription.times_per_day), self.chance.randrange(5, 55))
                who = self.chance.randrange(len(self.family)) if slot > 1 else 0
                target = {"prescription": str(prescription.pk), "slot": slot}
                drawn = self.chance.random()
                if prescription.exercise.slug == self.story.refuses and drawn < 0.5:
                    yield who, self._command(program, "skip", {**target, "reason": "dog_refused"}, day=day, time=time)
                elif drawn < self.story.adherence or self._goes_well(day):
                    done = self._tick(prescription, slot, day)
                    yield who, self._command(program, "tick", done, day=day, time=time)
                elif drawn < self.story.adherence + 0.05:
                    yield who, self._command(program, "partial", {**target, "share": 50}, day=day, time=time)
                elif drawn < self.story.adherence + 0.09:
                    yield who, self._command(program, "skip", {**target, "reason": "no_time"}, day=day, time=time)
        for prescription in prescriptions:
            if prescription.is_one_off and day == prescription.starts_on:
                target = {"prescription": str(prescription.pk), "slot": 1}
                yield 0, self._command(program, "tick", target, day=day, time=dt.time(20, 10))

    def _practice(
        self, program: Program, rungs: list[LadderStep], day: dt.date
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Every second day the family practises the rung, never today: that is left for whoever tries the demo."""
        for rung in rungs:
            if rung.starts_on <= day < self.today and (day - rung.starts_on).days % 2 == 0:
                payload = {"step": str(rung.pk), "done": True, "pain_after": self._pain_of(day)[1]}
                yield 0, self._command(program, "exposure", payload, day=day, time=dt.time(17, 20))

    def _today_so_far(
        self, program: Program, prescriptions: list[Prescription], day: dt.date
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """A day that has begun: the first time of the first two items; whoever answers everything said how it was."""
        for prescription in [one for one in prescriptions if one.is_due_on(day)][:2]:
            done = self._tick(prescription, 1, day)
            yield 0, self._command(program, "tick", done, day=day, time=dt.time(7, 42))
        if self._goes_well(day):
            before, after, _morning = self._pain_of(day)
            for moment, score, minute in (("before", before, 35), ("after", after, 55)):
                payload = {"moment": moment, "score": score, "session_day": day.isoformat()}
                yield 0, self._command(program, "pain", payload, day=day, time=dt.time(7, minute))

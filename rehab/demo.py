"""The demo clinic: eight dogs in eight situations, with eight weeks of history.

Everything goes through the same actions as in a real clinic, only at earlier times, so that the demo can show nothing that
the product cannot do. All names are invented; the telephone numbers are of the range kept for fiction.
"""

import datetime as dt
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.access import Role
from accounts.actions import add_membership, create_clinic, get_or_create_person
from accounts.demo import PERSONAS
from accounts.models import Clinic, Membership, User
from rehab.guidance.actions import refresh_summaries
from rehab.lib.ids import new_id
from rehab.library.models import Exercise, ProtocolPhase
from rehab.patients.actions import accept_invitation, invite_caregiver, register_patient, save_draft, sign_definition
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.signing_rules import Answers
from rehab.programs.actions import Item, assign_program
from rehab.programs.dose import Dose
from rehab.programs.gate import objections, profile_of, row_of
from rehab.programs.models import Prescription, Program
from rehab.sessions import commands
from rehab.sessions.actions import Outcome, apply_commands

CLINIC: Final = "Riverbank Animal Rehabilitation"
TIME_ZONE: Final = "Europe/London"
VET: Final = frozenset({Role.VET})
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


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """From ``days_ago`` on this is what the vet had signed, and what was prescribed under it."""

    days_ago: int
    answers: Mapping[str, Any]
    protocol: str = ""
    phase: str = ""
    exercises: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Story:
    """One dog's eight weeks. ``pain`` runs from the first number to the second; ``flare`` overrides single days."""

    name: str
    breed: str
    sex: Patient.Sex
    born_on: dt.date
    weight_kg: str
    owner: tuple[str, str]
    chapters: tuple[Chapter, ...]
    pain: tuple[float, float] = (3, 1)
    adherence: float = 0.9
    silent_days: int = 0
    flare: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    refuses: str = ""


def _answers(**changes: Any) -> dict[str, Any]:
    return {
        "origin": "primary",
        "mechanism": "neurologic",
        "cause": "disc",
        "neuro_deficit": False,
        "neuro_grade": 1,
        "pain_at_rest": 2,
        "pain_control": "medicine",
        "pain_control_plan": "Gabapentin 10 mg/kg by mouth every 8 hours; meloxicam once a day with food.",
        "activity_order": "leash_only",
        "red_flags_checked": True,
        "region": "Thoracolumbar",
        **changes,
    }


REST: Final = {"activity_order": "strict_rest", "pain_at_rest": 3}
WOBBLY: Final = {"neuro_deficit": True, "neuro_grade": 2}
CANNOT_WALK: Final = {
    "neuro_deficit": True,
    "neuro_grade": 3,
    "deep_pain": "present",
    "bladder_plan": "Empties by herself; the owner has been shown how to check and help, four times a day.",
    "surgical_referral": "Done: hemilaminectomy at T13–L1 by the referral centre.",
    "cause_statement": "Disc extrusion T13–L1, operated on.",
}
DISC_STATEMENT: Final = {"cause_statement": "Disc extrusion T12–T13, treated without surgery."}
HIP: Final = {
    "origin": "secondary",
    "mechanism": "musculoskeletal",
    "cause": "compensatory",
    "cause_statement": "Right hip dysplasia; the back carries what the hip does not.",
    "limb_source_and_plan": "Right hip: weight loss to 28 kg, joint medicine, hip strength first; stable since the last visit.",
    "region": "Lumbar",
}
STRAIN: Final = {
    "mechanism": "musculoskeletal",
    "cause": "soft_tissue",
    "cause_statement": "Strain of the long back muscles after a fall on ice.",
    "pain_control": "none_needed",
    "pain_control_plan": "",
    "region": "Lumbar, left",
}
SPONDYLOSIS: Final = {
    "mechanism": "musculoskeletal",
    "cause": "arthritis",
    "cause_statement": "Facet-joint arthritis L4–L6: sore there on palpation, better with rest.",
    "region": "L4–L6",
}
LUMBOSACRAL: Final = {
    "cause_statement": "Lumbosacral disc protrusion, painful on hip extension.",
    "region": "Lumbosacral",
}
UNANSWERED: Final = {
    "origin": "undetermined",
    "mechanism": "undetermined",
    "cause": "other_neuro",
    "cause_statement": "Sore back and short steps behind; imaging next week.",
    "activity_order": "room_rest",
}

STORIES: Final = (
    Story(
        name="Bruno",
        breed="Dachshund",
        sex=Patient.Sex.MALE_NEUTERED,
        born_on=dt.date(2020, 5, 2),
        weight_kg="9.4",
        owner=(PERSONAS["owner"].name, PERSONAS["owner"].email),
        pain=(4, 1),
        adherence=0.92,
        chapters=(
            Chapter(
                days_ago=55,
                answers=_answers(**REST, **WOBBLY, **DISC_STATEMENT),
                protocol="ivdd-conservative",
                phase="P0",
            ),
            Chapter(
                days_ago=27,
                answers=_answers(**WOBBLY, **DISC_STATEMENT, activity_order="room_rest"),
                protocol="ivdd-conservative",
                phase="P1",
            ),
            Chapter(
                days_ago=13,
                answers=_answers(**WOBBLY, **DISC_STATEMENT, pain_at_rest=1),
                protocol="ivdd-conservative",
                phase="P2",
            ),
        ),
    ),
    Story(
        name="Luna",
        breed="Labrador Retriever",
        sex=Patient.Sex.FEMALE_SPAYED,
        born_on=dt.date(2018, 9, 14),
        weight_kg="31.2",
        owner=("Mark Ellis", "mark.ellis@demo.example"),
        pain=(4, 2),
        adherence=0.85,
        chapters=(
            Chapter(days_ago=50, answers=_answers(**HIP), protocol="secondary-hip", phase="P1"),
            Chapter(days_ago=26, answers=_answers(**HIP), protocol="secondary-hip", phase="P2"),
        ),
    ),
    Story(
        name="Max",
        breed="German Shepherd",
        sex=Patient.Sex.MALE_NEUTERED,
        born_on=dt.date(2017, 2, 20),
        weight_kg="36.5",
        owner=("Priya Nair", "priya.nair@demo.example"),
        pain=(3, 1),
        adherence=0.9,
        flare={1: (3, 5, 6), 2: (2, 4, 3)},
        chapters=(
            Chapter(
                days_ago=46,
                answers=_answers(**LUMBOSACRAL, activity_order="room_rest"),
                protocol="lumbosacral-conservative",
                phase="P0",
            ),
            Chapter(days_ago=22, answers=_answers(**LUMBOSACRAL), protocol="lumbosacral-conservative", phase="P2"),
        ),
    ),
    Story(
        name="Bella",
        breed="French Bulldog",
        sex=Patient.Sex.FEMALE,
        born_on=dt.date(2021, 11, 30),
        weight_kg="11.8",
        owner=("Jonas Weber", "jonas.weber@demo.example"),
        pain=(3, 1),
        adherence=0.97,
        chapters=(
            Chapter(days_ago=23, answers=_answers(**REST, **CANNOT_WALK), protocol="ivdd-postop", phase="P0"),
            Chapter(
                days_ago=13,
                answers=_answers(**CANNOT_WALK, activity_order="room_rest"),
                protocol="ivdd-postop",
                phase="P1",
            ),
        ),
    ),
    Story(
        name="Rocky",
        breed="Border Collie",
        sex=Patient.Sex.MALE,
        born_on=dt.date(2021, 3, 8),
        weight_kg="19.6",
        owner=("Sofia Lindqvist", "sofia.lindqvist@demo.example"),
        pain=(3, 0),
        adherence=0.98,
        chapters=(
            Chapter(
                days_ago=55,
                answers=_answers(**{**STRAIN, **REST}),
                protocol="soft-tissue-strain",
                phase="P0",
            ),
            Chapter(days_ago=50, answers=_answers(**STRAIN), protocol="soft-tissue-strain", phase="P1"),
            Chapter(days_ago=37, answers=_answers(**STRAIN), protocol="soft-tissue-strain", phase="P2"),
            Chapter(
                days_ago=17,
                answers=_answers(**STRAIN, pain_at_rest=0),
                protocol="soft-tissue-strain",
                phase="P3",
            ),
        ),
    ),
    Story(
        name="Daisy",
        breed="Cocker Spaniel",
        sex=Patient.Sex.FEMALE_SPAYED,
        born_on=dt.date(2015, 6, 25),
        weight_kg="14.9",
        owner=("Grace Okafor", "grace.okafor@demo.example"),
        pain=(4, 3),
        adherence=0.6,
        silent_days=6,
        chapters=(
            Chapter(days_ago=55, answers=_answers(**SPONDYLOSIS), protocol="spinal-arthritis", phase="P1"),
            Chapter(days_ago=36, answers=_answers(**SPONDYLOSIS), protocol="spinal-arthritis", phase="P2"),
        ),
    ),
    Story(
        name="Oscar",
        breed="Pembroke Welsh Corgi",
        sex=Patient.Sex.MALE_NEUTERED,
        born_on=dt.date(2019, 1, 17),
        weight_kg="13.1",
        owner=("Hugo Martin", "hugo.martin@demo.example"),
        pain=(3, 3),
        adherence=0.8,
        refuses="leash-walk",
        chapters=(
            Chapter(
                days_ago=9,
                answers=_answers(**UNANSWERED),
                exercises=("light-massage", "medication-given", "crate-enrichment", "stand-count", "nonslip-floors"),
            ),
        ),
    ),
    Story(
        name="Nala",
        breed="Beagle",
        sex=Patient.Sex.FEMALE_SPAYED,
        born_on=dt.date(2022, 8, 3),
        weight_kg="12.7",
        owner=("Emma Clarke", "emma.clarke@demo.example"),
        chapters=(),
    ),
)


@transaction.atomic
def create_demo(*, at: dt.datetime, say: Callable[[str], None]) -> bool:
    """Create the demo clinic once; answers whether it was created now. ``say`` hears of the progress."""
    if Clinic.objects.filter(name=CLINIC).exists():
        return False
    opened_at = at - dt.timedelta(days=90)
    clinic = create_clinic(
        name=CLINIC,
        by=None,
        at=opened_at,
        time_zone=TIME_ZONE,
        phone="+44 20 7946 0101",
        emergency_name="Riverbank Night Clinic",
        emergency_phone="+44 20 7946 0199",
    )
    team = {
        role: _person(PERSONAS[role].name, PERSONAS[role].email, at=opened_at) for role in ("vet", "therapist", "admin")
    }
    for role, user in team.items():
        add_membership(user=user, clinic=clinic, role=Membership.Role(role), by=None, at=opened_at)
    for number, story in enumerate(STORIES, start=1):
        say(f"{number} of {len(STORIES)}: {story.name}, {story.breed}")
        _Telling(story=story, clinic=clinic, team=team, at=at).tell()
    refresh_summaries(at=at)
    return True


def _person(name: str, email: str, *, at: dt.datetime) -> User:
    user = get_or_create_person(
        email=email, name=name, time_zone=TIME_ZONE, language="en", by=None, at=at, clinic_id=None
    )
    EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


class _Telling:
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

    def tell(self) -> None:
        if not self.story.chapters:
            save_draft(patient=self.dog, answers=self._answered(_answers(), self.today), by=self.therapist, at=self.at)
            return
        ends = [self._day(chapter.days_ago) for chapter in self.story.chapters] + [self.today]
        for chapter, (first, until) in zip(self.story.chapters, pairwise(ends), strict=True):
            program = self._prescribe(chapter, first)
            last = until if until == self.today else until - dt.timedelta(days=1)
            self._live(program, first, last)

    def _joined(self, name: str, email: str, *, relation: str, at: dt.datetime) -> User:
        user = _person(name, email, at=at)
        token = invite_caregiver(patient=self.dog, email=email, relation=relation, by=self.therapist, at=at)
        accept_invitation(token=token, by=user, at=at)
        return user

    def _day(self, days_ago: int) -> dt.date:
        return self.today - dt.timedelta(days=days_ago)

    def _moment(self, day: dt.date, time: dt.time) -> dt.datetime:
        return min(dt.datetime.combine(day, time, self.zone), self.at)

    def _answered(self, answers: Mapping[str, Any], day: dt.date) -> Answers:
        return Answers(
            **{
                "onset_on": self.first_day - dt.timedelta(days=4),
                "re_exam_due_on": max(day, self.today) + dt.timedelta(days=8),
                **answers,
            }
        )

    def _prescribe(self, chapter: Chapter, day: dt.date) -> Program:
        at = self._moment(day, dt.time(9, 30))
        draft = save_draft(patient=self.dog, answers=self._answered(chapter.answers, day), by=self.therapist, at=at)
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
            Prescription.objects.filter(program=program).select_related("exercise").order_by("position")
        )
        for offset in range((last - first).days + 1):
            day = first + dt.timedelta(days=offset)
            if (self.today - day).days < self.story.silent_days:
                continue
            said = [
                *self._morning(program, day, first=first),
                *(self._today_so_far if day == self.today else self._whole_day)(program, prescriptions, day),
            ]
            for who in range(len(self.family)):
                self._send([command for speaker, command in said if speaker == who], who=who, day=day)

    def _send(self, said: list[dict[str, Any]], *, who: int, day: dt.date) -> None:
        if not said:
            return
        answers = apply_commands(
            patient=self.dog,
            roles=FAMILY,
            commands=[commands.parse(raw) for raw in said],
            by=self.family[who],
            at=self._moment(day, dt.time(23, 30)),
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

    def _pain_of(self, day: dt.date) -> tuple[int, int, int]:
        """Pain before, after, and on the next morning."""
        if (flare := self.story.flare.get((self.today - day).days)) is not None:
            return flare
        start, end = self.story.pain
        whole = max(1, (self.today - self.first_day).days)
        usual = start + (end - start) * (day - self.first_day).days / whole
        before, after, morning = (
            min(10, max(0, round(usual + self.chance.gauss(shift, 0.5)))) for shift in (0, 0.3, -0.2)
        )
        return before, after, morning

    def _morning(self, program: Program, day: dt.date, *, first: dt.date) -> Iterator[tuple[int, dict[str, Any]]]:
        """The answer about the session of the day before; Bruno's of today is left for whoever tries the demo."""
        yesterday = day - dt.timedelta(days=1)
        asked = yesterday >= self.first_day and self.chance.random() < 0.9
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
                elif drawn < self.story.adherence:
                    yield who, self._command(program, "tick", target, day=day, time=time)
                elif drawn < self.story.adherence + 0.05:
                    yield who, self._command(program, "partial", {**target, "share": 50}, day=day, time=time)
                elif drawn < self.story.adherence + 0.09:
                    yield who, self._command(program, "skip", {**target, "reason": "no_time"}, day=day, time=time)
        for prescription in prescriptions:
            if prescription.is_one_off and day == prescription.starts_on:
                target = {"prescription": str(prescription.pk), "slot": 1}
                yield 0, self._command(program, "tick", target, day=day, time=dt.time(20, 10))

    def _today_so_far(
        self, program: Program, prescriptions: list[Prescription], day: dt.date
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """A day that has begun: the first time of the first two items."""
        for prescription in [one for one in prescriptions if one.is_due_on(day)][:2]:
            target = {"prescription": str(prescription.pk), "slot": 1}
            yield 0, self._command(program, "tick", target, day=day, time=dt.time(7, 42))

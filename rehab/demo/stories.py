"""Eight dogs in eight situations, as what a vet signed and a family lived through in eight weeks."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from accounts.demo import PERSONAS
from rehab.patients.answers import Activity, Measure, Medicine
from rehab.patients.models import Patient


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """From ``days_ago`` on this is what the vet had signed, and what was prescribed under it.

    Without answers the program moves on to the phase under what was signed before; a ladder begins with the chapter.
    """

    days_ago: int
    answers: Mapping[str, Any] | None = None
    protocol: str = ""
    phase: str = ""
    exercises: tuple[str, ...] = ()
    ladder: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Story:
    """One dog's eight weeks. ``pain`` runs from the first number to the second; ``flare`` overrides single days.

    ``well``: for so many days until today all was done without more pain, every question was answered, and of one
    exercise the family said each time that it went cleanly; so the rules find it ready for more.
    """

    name: str
    breed: str
    sex: Patient.Sex
    born_on: dt.date
    weight_kg: str
    owner: tuple[str, str]
    # Somebody else at home who is reminded too, and leaves the noting to the owner.
    partner: tuple[str, str] | None = None
    chapters: tuple[Chapter, ...]
    pain: tuple[float, float] = (3, 1)
    adherence: float = 0.9
    well: tuple[int, str] = (0, "")
    silent_days: int = 0
    # Whether the family has shown the exercises back; and what was measured at the clinic, from then to now.
    is_taught: bool = True
    measures: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    flare: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    refuses: str = ""
    # What was written: how many days ago, at which hour, whether by the family, and the words.
    messages: tuple[tuple[int, int, bool, str], ...] = ()
    # A check with a hit: how many days ago, and the sign (02_redflags.yaml).
    warning: tuple[int, str] | None = None
    where_it_hurts: tuple[str, ...] = ()


def _scored(*activities: tuple[str, int]) -> tuple[Activity, ...]:
    return tuple(Activity(text=text, score=score) for text, score in activities)


def answered(**changes: Any) -> dict[str, Any]:
    return {
        "origin": "primary",
        "mechanism": "neurologic",
        "cause": "disc",
        "neuro_deficit": False,
        "neuro_grade": 1,
        "pain_at_rest": 2,
        "signs": ("reluctant_walk_jump", "hunched_back", "back_touch_sensitive"),
        "onset_type": "sudden",
        "pain_control": "medicine",
        "medicines": (
            Medicine(name="Gabapentin", dose="10 mg/kg by mouth", times="7:00, 15:00, 23:00"),
            Medicine(name="Meloxicam", dose="0.1 mg/kg by mouth, with food", times="8:00"),
        ),
        "activity_order": "leash_only",
        "activities": _scored(("A walk in the park", 2), ("In and out of the car", 3), ("Up on the sofa", 3)),
        "baseline": (Measure(metric="standing_s", value=20), Measure(metric="walk_min_total", value=10)),
        "body_condition": 6,
        "red_flags_checked": True,
        "region": "Thoracolumbar",
        **changes,
    }


REST: Final = {"activity_order": "strict_rest", "pain_at_rest": 3}
WOBBLY: Final = {
    "neuro_deficit": True,
    "neuro_grade": 2,
    "leaf": "ivdd_conservative",
    "signs": ("reluctant_walk_jump", "back_touch_sensitive", "difficulty_walking", "stumble_cross_legs"),
}
CANNOT_WALK: Final = {
    "leaf": "ivdd_postop",
    "signs": ("difficulty_walking", "stumble_cross_legs"),
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
    "leaf": "hip_dysplasia",
    "signs": ("stilted_gait", "reluctant_walk_jump", "normal_coordination"),
    "onset_type": "gradual",
    "findings": ("limb_stable",),
    "habits": ("sits_with_leg_out", "bunny_hop"),
    "activities": _scored(("The forest round on Sundays", 3), ("Stairs to the flat", 2), ("In and out of the car", 2)),
    "baseline": (
        Measure(metric="standing_s", value=40),
        Measure(metric="straight_sits", value=1),
        Measure(metric="walk_min_total", value=20),
    ),
    "body_condition": 7,
    "cause_statement": "Right hip dysplasia; the back carries what the hip does not.",
    "limb_source_and_plan": "Right hip: weight loss to 28 kg, joint medicine, hip strength first; stable since the last visit.",
    "region": "Lumbar",
}
STRAIN: Final = {
    "mechanism": "musculoskeletal",
    "cause": "soft_tissue",
    "leaf": "muscle_strain",
    "signs": ("stilted_gait", "back_touch_sensitive", "normal_coordination"),
    "medicines": (),
    "body_condition": 5,
    "activities": _scored(("Off the lead on the beach", 4), ("In and out of the car", 2), ("Agility for fun", 4)),
    "cause_statement": "Strain of the long back muscles after a fall on ice.",
    "pain_control": "none_needed",
    "region": "Lumbar, left",
}
SPONDYLOSIS: Final = {
    "mechanism": "musculoskeletal",
    "cause": "arthritis",
    "leaf": "facet_arthritis",
    "onset_type": "gradual",
    "signs": ("stilted_gait", "reluctant_walk_jump", "back_touch_sensitive", "normal_coordination"),
    "cause_statement": "Facet-joint arthritis L4–L6: sore there on palpation, better with rest.",
    "region": "L4–L6",
}
LUMBOSACRAL: Final = {
    "leaf": "lumbosacral_disc",
    "onset_type": "gradual",
    "findings": ("back_extension_pain", "hip_extension_pain"),
    "cause_statement": "Lumbosacral disc protrusion, painful on hip extension.",
    "region": "Lumbosacral",
}
UNANSWERED: Final = {
    "origin": "undetermined",
    "mechanism": "undetermined",
    "cause": "other_neuro",
    "leaf": "unknown",
    "signs": ("stilted_gait", "back_touch_sensitive"),
    "cause_statement": "Sore back and short steps behind; imaging next week.",
    "activity_order": "room_rest",
}

STORIES: Final = (
    Story(
        name="Bruno",
        breed="Dachshund",
        measures={"standing_s": (4, 45), "unaided_steps": (10, 10), "knuckling_level": (2, 1)},
        sex=Patient.Sex.MALE_NEUTERED,
        born_on=dt.date(2020, 5, 2),
        weight_kg="9.4",
        owner=(PERSONAS["owner"].name, PERSONAS["owner"].email),
        pain=(4, 1),
        adherence=0.92,
        messages=(
            (9, 19, True, "He turns in circles before the weight shift. Is that all right, or should I hold him?"),
            (8, 9, False, "Let him turn once, then begin. Hold the treat at chest height, so that he stands square."),
            (8, 9, False, "If he still circles, send a short clip and I will have a look."),
            (2, 20, True, "That worked. He stood the whole ten seconds tonight."),
            (1, 9, False, "Lovely. Keep that height for this week."),
        ),
        where_it_hurts=("lower_back",),
        chapters=(
            Chapter(
                days_ago=55,
                answers=answered(**REST, **WOBBLY, **DISC_STATEMENT),
                protocol="ivdd-conservative",
                phase="P0",
            ),
            Chapter(
                days_ago=27,
                answers=answered(**WOBBLY, **DISC_STATEMENT, activity_order="room_rest"),
                protocol="ivdd-conservative",
                phase="P1",
            ),
            Chapter(
                days_ago=13,
                answers=answered(**WOBBLY, **DISC_STATEMENT, pain_at_rest=1),
                protocol="ivdd-conservative",
                phase="P2",
            ),
        ),
    ),
    Story(
        name="Luna",
        breed="Labrador Retriever",
        measures={"standing_s": (40, 70), "straight_sits": (1, 3), "self_corrections": (5, 8)},
        sex=Patient.Sex.FEMALE_SPAYED,
        born_on=dt.date(2018, 9, 14),
        weight_kg="31.2",
        owner=("Mark Ellis", "mark.ellis@demo.example"),
        partner=("Nina Ellis", "nina.ellis@demo.example"),
        pain=(4, 2),
        adherence=0.85,
        well=(12, "leash-walk"),
        messages=(
            (2, 18, True, "She slipped once in the kitchen. We put a mat there now. Shall I go on as before?"),
            (1, 8, False, "Good. Yes, go on as before, and tell me if she is stiff on one of the next mornings."),
        ),
        chapters=(
            Chapter(days_ago=50, answers=answered(**HIP), protocol="secondary-hip", phase="P1"),
            Chapter(days_ago=26, answers=answered(**HIP), protocol="secondary-hip", phase="P2"),
        ),
    ),
    Story(
        name="Max",
        breed="German Shepherd",
        sex=Patient.Sex.MALE_NEUTERED,
        born_on=dt.date(2017, 2, 20),
        weight_kg="36.5",
        owner=("Priya Nair", "priya.nair@demo.example"),
        partner=("Arjun Nair", "arjun.nair@demo.example"),
        pain=(3, 1),
        adherence=0.9,
        flare={1: (3, 5, 6), 2: (2, 4, 3)},
        chapters=(
            Chapter(
                days_ago=46,
                answers=answered(**LUMBOSACRAL, activity_order="room_rest"),
                protocol="lumbosacral-conservative",
                phase="P0",
            ),
            Chapter(days_ago=22, answers=answered(**LUMBOSACRAL), protocol="lumbosacral-conservative", phase="P2"),
        ),
    ),
    Story(
        name="Bella",
        breed="French Bulldog",
        sex=Patient.Sex.FEMALE,
        born_on=dt.date(2021, 11, 30),
        weight_kg="11.8",
        owner=("Jonas Weber", "jonas.weber@demo.example"),
        partner=("Lea Weber", "lea.weber@demo.example"),
        pain=(3, 1),
        adherence=0.97,
        chapters=(
            Chapter(days_ago=23, answers=answered(**REST, **CANNOT_WALK), protocol="ivdd-postop", phase="P0"),
            Chapter(
                days_ago=13,
                answers=answered(**CANNOT_WALK, activity_order="room_rest"),
                protocol="ivdd-postop",
                phase="P1",
            ),
        ),
    ),
    Story(
        name="Rocky",
        breed="Border Collie",
        measures={"standing_s": (30, 90), "straight_sits": (3, 5), "pole_touches": (3, 1)},
        sex=Patient.Sex.MALE,
        born_on=dt.date(2021, 3, 8),
        weight_kg="19.6",
        owner=("Sofia Lindqvist", "sofia.lindqvist@demo.example"),
        partner=("Erik Lindqvist", "erik.lindqvist@demo.example"),
        pain=(3, 0),
        adherence=0.98,
        chapters=(
            Chapter(
                days_ago=55,
                answers=answered(**{**STRAIN, **REST}),
                protocol="soft-tissue-strain",
                phase="P0",
            ),
            Chapter(days_ago=50, answers=answered(**STRAIN), protocol="soft-tissue-strain", phase="P1"),
            Chapter(days_ago=37, answers=answered(**STRAIN), protocol="soft-tissue-strain", phase="P2"),
            Chapter(
                days_ago=23,
                answers=answered(**STRAIN, pain_at_rest=0),
                protocol="soft-tissue-strain",
                phase="P3",
            ),
            Chapter(days_ago=8, phase="P4", ladder=("car", "In and out of the car")),
        ),
    ),
    Story(
        name="Daisy",
        breed="Cocker Spaniel",
        is_taught=False,
        sex=Patient.Sex.FEMALE_SPAYED,
        born_on=dt.date(2015, 6, 25),
        weight_kg="14.9",
        owner=("Grace Okafor", "grace.okafor@demo.example"),
        partner=("Samuel Okafor", "samuel.okafor@demo.example"),
        pain=(4, 3),
        adherence=0.6,
        silent_days=6,
        chapters=(
            Chapter(days_ago=55, answers=answered(**SPONDYLOSIS), protocol="spinal-arthritis", phase="P1"),
            Chapter(days_ago=36, answers=answered(**SPONDYLOSIS), protocol="spinal-arthritis", phase="P2"),
        ),
    ),
    Story(
        name="Oscar",
        breed="Pembroke Welsh Corgi",
        is_taught=False,
        sex=Patient.Sex.MALE_NEUTERED,
        born_on=dt.date(2019, 1, 17),
        weight_kg="13.1",
        owner=("Hugo Martin", "hugo.martin@demo.example"),
        pain=(3, 3),
        adherence=0.8,
        refuses="leash-walk",
        messages=((1, 18, True, "He crossed his back legs twice on the way in from the garden. I stopped the walk."),),
        warning=(1, "RF13"),
        where_it_hurts=("hip_left", "lower_back"),
        chapters=(
            Chapter(
                days_ago=9,
                answers=answered(**UNANSWERED),
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

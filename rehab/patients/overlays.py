"""What tightens a decision row for this dog on this day: the overlays O1–O12. Pure.

Sources: ``overlays`` of 03_decision.yaml, ``stop_scopes`` of 02_redflags.yaml, ``stage_by_duration`` of 00_vocab.yaml. An
overlay only ever forbids, so that several of them together forbid what any of them does; two ticks of a vet
(``rehab.patients.findings``) lift O1 and the row's wait for the limb, and nothing else does. What nobody wrote down is
read as the worse answer: the onset may be today, the pain severe, the re-examination overdue. (A signed definition says all
three. A body condition that was not scored demands nothing; ``Standing.program_cautions`` says so.)
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from rehab.library import reading
from rehab.patients.case import Case, ItemFacts
from rehab.patients.decision_rows import Status
from rehab.patients.findings import contraindications_of, lifts, sets_overlay

ACUTE_DAYS: Final = 3
WOUND_DAYS: Final = 14
PAIN_AT_REST_MAX: Final = {"msk": 5, "neuro": 3}
# How late a re-examination may be before active exercise stops.
LATE_DAYS_MAX: Final = {"msk": 14, "neuro": 7}
HEAVY_FROM: Final = 7  # of 9, body condition
WHILE_INFLAMED: Final = frozenset({"nursing_care", "home_safety", "enrichment"})
BENDS_THE_NECK: Final = frozenset({"heads-up", "cookie-stretch", "ball-roll"})
# The neck in a vet's own words for the region: "Neck", "C2–C3", "C6/C7", "Cervicothoracic", "atlantoaxial".
NECK: Final = re.compile(r"\b(?:neck\b|cervic|atlanto|c ?[1-8](?!\d))", re.IGNORECASE)
IN_WATER: Final = frozenset({"water-treadmill-clinic"})
BROKEN_SKIN: Final = frozenset({"X_WOUND", "X_SKIN"})
# "only turning, washing, bladder and skin care, medication stay"
CARE_THAT_STAYS: Final = frozenset(
    {"reposition-turn", "warm-wash", "bladder-check", "skin-paw-check", "medication-given"}
)
STOPS_ALL: Final = "all_active_and_passive"
STOPS_NOTHING: Final = frozenset({"", "none", "none_or_named_exercise"})
STOPS_ONE: Final = "named_exercise"


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """One overlay that holds now: what it forbids, what it leaves to a vet's tick, and what it demands of the program.

    ``sentence`` has its ``values`` as %-placeholders. ``caution`` is said beside items of ``caution_for``, where it takes
    the place of a vet's tick, or beside the whole program when that is empty.
    """

    id: str
    sentence: str
    values: Mapping[str, Any] = field(default_factory=dict)
    only_categories: frozenset[str] | None = None
    only_slugs: frozenset[str] | None = None
    blocked_categories: frozenset[str] = frozenset()
    blocked_slugs: frozenset[str] = frozenset()
    contraindications: frozenset[str] = frozenset()
    max_load: int | None = None
    no_active: bool = False
    vet_tick_load: int | None = None
    vet_tick_contraindications: frozenset[str] = frozenset()
    caution: str = ""
    caution_for: frozenset[str] = frozenset()
    mandatory: frozenset[str] = frozenset()
    no_progress: bool = False
    no_assignment: bool = False

    def status(self, item: ItemFacts) -> Status:
        """What it says about one exercise."""
        if (
            (self.only_categories is not None and item.category not in self.only_categories)
            or (self.only_slugs is not None and item.slug not in self.only_slugs)
            or item.category in self.blocked_categories
            or item.slug in self.blocked_slugs
            or self.contraindications & item.contraindications
            or (self.max_load is not None and item.load > self.max_load)
            or (self.no_active and item.is_active)
        ):
            return "blocked"
        if (self.vet_tick_load is not None and item.load >= self.vet_tick_load) or (
            self.vet_tick_contraindications & item.contraindications and item.category not in self.caution_for
        ):
            return "gated"
        return "allowed"


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at the case: on which day, with the limits of which profile."""

    case: Case
    on: dt.date
    profile: Literal["msk", "neuro"]


def stage(onset_on: dt.date, on: dt.date) -> str:
    """Acute, subacute or chronic by the days since the onset; a day before it counts as the first."""
    return reading.stage_of(max((on - onset_on).days, 0)).code


def overlays_of(case: Case, *, on: dt.date, profile: str = "") -> tuple[Overlay, ...]:
    """The overlays that hold on that day, in the order of the content.

    ``profile`` is that of the program; the limits are the more careful ones of it and of the case's row.
    """
    look = Look(case=case, on=on, profile="neuro" if "neuro" in (profile, case.row.profile) else "msk")
    return tuple(overlay for rule in RULES.values() if (overlay := rule(look)) is not None)


def _inflamed(look: Look) -> Overlay | None:
    if look.case.cause != "inflammatory" or lifts(look.case.findings, "O1"):
        return None
    return Overlay(
        id="O1",
        sentence="Inflammation or infection is treated first; until then only care at rest.",
        only_categories=WHILE_INFLAMED,
        contraindications=frozenset({"X_INFECT"}),
    )


def _open_warning_sign(look: Look) -> Overlay | None:
    stops = look.case.open_stops - STOPS_NOTHING
    if not stops:
        return None
    return Overlay(
        id="O2",
        sentence="A warning sign is open. A vet must look at it first.",
        only_slugs=CARE_THAT_STAYS if STOPS_ALL in stops else None,
        # Whoever opened the flag names the exercise; every other scope stops them all.
        no_active=stops != {STOPS_ONE},
        no_progress=True,
        no_assignment=True,
    )


def _first_three_days(look: Look) -> Overlay | None:
    onset = look.case.onset_on
    # An onset that nobody wrote down may be today.
    if onset is not None and (stage(onset, look.on) != "acute" or (look.on - onset).days >= ACUTE_DAYS):
        return None
    return Overlay(
        id="O3",
        sentence="Not in the first three days.",
        blocked_slugs=frozenset({"heat-pack"}),
        contraindications=frozenset({"X_ACUTE3"}),
        max_load=1,
    )


def _fresh_wound(look: Look) -> Overlay | None:
    surgery = look.case.surgery_on
    if surgery is None or (look.on - surgery).days >= WOUND_DAYS:
        return None
    return Overlay(
        id="O4",
        sentence="In the first 14 days after surgery: no water, load level 1 at most, and nothing at the wound.",
        blocked_slugs=IN_WATER,
        max_load=1,
        # Passive motion and care away from the wound are the vet's to decide (04_exercises.yaml, prom-limbs).
        vet_tick_contraindications=frozenset({"X_WOUND"}),
        caution="Not within 5 cm of the wound.",
        caution_for=frozenset({"massage_manual"}),
    )


def _strict_rest(look: Look) -> Overlay | None:
    if look.case.activity_order != "strict_rest":
        return None
    return Overlay(
        id="O5",
        sentence="Not while strict rest is ordered.",
        blocked_categories=frozenset({"gait_endurance"}),
        contraindications=frozenset({"X_STRICT"}),
        max_load=1,
    )


def _pain_at_rest(look: Look) -> Overlay | None:
    pain, limit = look.case.pain_at_rest, PAIN_AT_REST_MAX[look.profile]
    if pain is not None and pain <= limit:
        return None
    scored = "Pain at rest is %(pain)d of 10; above %(limit)d no exercise until the pain is controlled."
    return Overlay(
        id="O6",
        sentence="No exercise until the pain at rest is scored." if pain is None else scored,
        values={} if pain is None else {"pain": pain, "limit": limit},
        contraindications=frozenset({"X_PAIN"}),
        no_active=True,
    )


def _re_examination_is_overdue(look: Look) -> Overlay | None:
    due = look.case.re_exam_due_on
    if due is None:
        return Overlay(
            id="O7",
            sentence="No re-examination is set. Examine the dog and sign a new problem definition first.",
            no_active=True,
            no_progress=True,
            no_assignment=True,
        )
    if due >= look.on:
        return None
    return Overlay(
        id="O7",
        sentence="The re-examination was due on %(day)s. Examine the dog and sign a new problem definition first.",
        values={"day": due},
        no_active=(look.on - due).days > LATE_DAYS_MAX[look.profile],
        no_progress=True,
        no_assignment=True,
    )


def _not_soft_tissue(look: Look) -> Overlay | None:
    if look.case.cause != "soft_tissue" or not look.case.signs & reading.signs()["signs_with_deficit"].keys():
        return None
    return Overlay(
        id="O8",
        sentence="A soft-tissue injury does not explain these nerve signs. Examine the dog and sign a new definition.",
        no_progress=True,
        no_assignment=True,
    )


def _neck(look: Look) -> Overlay | None:
    if not sets_overlay(look.case.findings, "O9") and not NECK.search(look.case.region):
        return None
    return Overlay(
        id="O9",
        sentence="Not with a sore neck: it lifts, turns or loads the neck.",
        blocked_slugs=BENDS_THE_NECK,
        contraindications=frozenset({"X_NECK"}),
        caution="Harness only: nothing on the neck, no lead on a collar.",
    )


def _broken_skin(look: Look) -> Overlay | None:
    if not sets_overlay(look.case.findings, "O10"):
        return None
    return Overlay(
        id="O10",
        sentence="Not while a wound or a sore is where it would touch or load the skin.",
        contraindications=frozenset(contraindications_of(look.case.findings)) & BROKEN_SKIN,
    )


def _heavy(look: Look) -> Overlay | None:
    if look.case.body_condition is None or look.case.body_condition < HEAVY_FROM:
        return None
    return Overlay(
        id="O11",
        sentence="Body condition %(score)d of 9: weight control belongs in the program, and nothing of load level 4.",
        values={"score": look.case.body_condition},
        mandatory=frozenset({"weight-control"}),
        max_load=3,
    )


def _growing_or_pregnant(look: Look) -> Overlay | None:
    if not sets_overlay(look.case.findings, "O12"):
        return None
    return Overlay(
        id="O12",
        sentence="Still growing, or the belly must be spared: a vet ticks each exercise of load level 3 or more.",
        vet_tick_load=3,
    )


RULES: Final[Mapping[str, Callable[[Look], Overlay | None]]] = {
    "O1": _inflamed,
    "O2": _open_warning_sign,
    "O3": _first_three_days,
    "O4": _fresh_wound,
    "O5": _strict_rest,
    "O6": _pain_at_rest,
    "O7": _re_examination_is_overdue,
    "O8": _not_soft_tissue,
    "O9": _neck,
    "O10": _broken_skin,
    "O11": _heavy,
    "O12": _growing_or_pregnant,
}

"""What stands in the way of signing a problem definition. Pure: answers in, objections out.

Source: ``required_before_any_assignment`` (gate A), ``required_before_progression`` (gate B), ``validation`` (V1–V6),
``requires`` of the rows and overlay O8 in ``03_decision.yaml`` of the clinical content.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rehab.library import reading
from rehab.patients import findings, measures
from rehab.patients.answers import NAMES, Answers, patterns

__all__ = [
    "NAMES",
    "Answers",
    "Objection",
    "date_objections",
    "draft_objections",
    "lacking_for_progress",
    "objections",
    "undecided",
    "worth_a_look",
]

REQUIRED: Final = (
    "origin",
    "mechanism",
    "cause",
    "onset_on",
    "neuro_deficit",
    "neuro_grade",
    "pain_at_rest",
    "pain_control",
    "activity_order",
    "re_exam_due_on",
)
# The codes of the answers that are one code each; the table's constraints know the same.
KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "origin": ("primary", "secondary", "undetermined"),
    "mechanism": ("musculoskeletal", "neurologic", "mixed", "undetermined"),
    "cause": ("arthritis", "disc", "soft_tissue", "inflammatory", "other_neuro", "compensatory"),
    "onset_type": ("sudden", "gradual"),
    "deep_pain": ("present", "absent", "equivocal", "not_tested"),
    "pain_control": ("medicine", "none_needed"),
    "activity_order": ("strict_rest", "room_rest", "leash_only", "free"),
}
SCALES: Final[Mapping[str, tuple[int, int]]] = {
    "neuro_grade": (0, 5),
    "pain_at_rest": (0, 10),
    "body_condition": (1, 9),
}
# The metrics of 05_protocols.yaml that gate B names, with the bounds of each.
BASELINE: Final = ("standing_s", "unaided_steps", "straight_sits", "walk_min_total", "pain_rest")
MEASURES: Final[Mapping[str, tuple[int, int]]] = {
    metric: (int(measures.MEASURES[metric].low), int(measures.MEASURES[metric].high)) for metric in BASELINE
}
# What gate B takes for a baseline: "pain" is how an older version wrote the usual pain.
MEASURED: Final = frozenset({*BASELINE, "pain"})
# CSOM: three to five activities that the owner names, each 0 (normal) to 4 (cannot); 08_instruments.yaml.
ACTIVITIES: Final = (3, 5)
ACTIVITY_SCORE_MAX: Final = 4
MEDICINES_MAX: Final = 6
NERVE: Final = ("neurologic", "mixed")
# The answers that choose the decision row; while one is open, the most careful row holds.
AXES: Final = ("origin", "mechanism", "neuro_deficit", "neuro_grade")
# Pain at rest that "none needed" makes a person look at twice: expert practice, and no refusal.
PAIN_WORTH_A_LOOK: Final = 3
# Pain may be severe without any deficit (grade 1); the other signs of the list are the deficit itself.
NO_DEFICIT_BY_ITSELF: Final = "severe_pain_distress"
NOT_PLACED_NORMALLY: Final = frozenset({"stumble_cross_legs", "paralysis"})
# A grade that names deep pain, and what the test must not have found then.
CONTRADICTING_DEEP_PAIN: Final = {4: "absent", 5: "present"}
# The next look belongs to this course of treatment; a date further away is a slip of the pen.
RE_EXAM_WITHIN_DAYS: Final = 366
OLDEST_DOG_DAYS: Final = 366 * 30


@dataclass(frozen=True, kw_only=True)
class Objection:
    """One reason not to sign: the field to look at, and which rule says so."""

    field: str
    rule: str


def objections(answers: Answers, *, today: dt.date, born_on: dt.date | None = None) -> tuple[Objection, ...]:
    """Everything that stands in the way of signing, in the order of the form; empty when it may be signed.

    ``today`` is the dog's day. An axis that is undetermined may be signed: it leads to the most careful row.
    """
    return _in_order(
        *_missing(answers),
        *_impossible(answers, today, born_on),
        *_re_exam(answers, today),
        *_validation(answers),
        *_signs(answers),
        *_treatment(answers),
        *_own_life(answers),
        *_row(answers),
    )


def draft_objections(answers: Answers, *, today: dt.date, born_on: dt.date | None = None) -> tuple[Objection, ...]:
    """What cannot be true, and so is refused in a draft too: an unknown code, a day to come, a number off its scale."""
    return _in_order(*_impossible(answers, today, born_on))


def date_objections(answers: Answers, *, today: dt.date, born_on: dt.date | None) -> tuple[Objection, ...]:
    """The dates that a person must look at again as soon as they are typed."""
    return _in_order(*_days(answers, today, born_on), *_re_exam(answers, today))


def undecided(answers: Answers) -> tuple[Objection, ...]:
    """The answers that are open, or contradict each other, before there is a decision row at all."""
    missing = tuple(Objection(field=name, rule="missing") for name in AXES if getattr(answers, name) in ("", None))
    return missing or _in_order(*(one for one in _validation(answers) if one.rule == "V1"))


def lacking_for_progress(answers: Answers) -> tuple[Objection, ...]:
    """What may wait for the signature and not for any progress (gate B, ``required_before_progression``).

    The teach-back, which is also asked for, is recorded for each exercise (H4). Movement habits may be none.
    """
    lacking = {
        "cause_statement": not answers.cause_statement.strip(),
        "activities": not ACTIVITIES[0] <= len(answers.activities) <= ACTIVITIES[1],
        "baseline": not any(measure.metric in MEASURED for measure in answers.baseline),
        "limb_source_and_plan": answers.origin == "secondary" and not answers.limb_source_and_plan.strip(),
        "pain_controlled_on": answers.mechanism in NERVE and answers.pain_controlled_on is None,
    }
    return tuple(Objection(field=name, rule="gate_b") for name, lacks in lacking.items() if lacks)


def worth_a_look(answers: Answers) -> tuple[Objection, ...]:
    """What is seldom meant so, and may be signed all the same."""
    looks = {
        "signs": "normal_coordination" in answers.signs and answers.neuro_deficit is True,
        "cause": answers.origin == "secondary" and answers.cause not in ("", "compensatory"),
        "leaf": answers.cause != "" and not answers.leaf,
        "pain_control": answers.pain_control == "none_needed"
        and answers.mechanism not in NERVE  # refused there
        and (answers.pain_at_rest or 0) >= PAIN_WORTH_A_LOOK,
    }
    return tuple(Objection(field=name, rule="look") for name, odd in looks.items() if odd)


def _in_order(*found: Objection) -> tuple[Objection, ...]:
    # One field, one sentence: the first rule that objects is the one to answer first.
    first = {objection.field: objection for objection in reversed(found)}
    return tuple(first[name] for name in NAMES if name in first)


def _missing(answers: Answers) -> Iterator[Objection]:
    for name in REQUIRED:
        value = getattr(answers, name)
        if value is None or value == "":
            yield Objection(field=name, rule="missing")
    if not answers.red_flags_checked:
        yield Objection(field="red_flags_checked", rule="missing")


def _impossible(answers: Answers, today: dt.date, born_on: dt.date | None) -> Iterator[Objection]:
    yield from _codes(answers)
    yield from _numbers(answers)
    yield from _days(answers, today, born_on)


def _codes(answers: Answers) -> Iterator[Objection]:
    for name, known in KNOWN.items():
        if getattr(answers, name) not in ("", *known):
            yield Objection(field=name, rule="unknown")
    ticked = {
        "signs": {code for codes in reading.signs().values() for code in codes},
        "findings": {*findings.CODES, *(code for codes in patterns().values() for code in codes)},
        "habits": set(reading.habits()),
    }
    for name, allowed in ticked.items():
        if not allowed.issuperset(getattr(answers, name)):
            yield Objection(field=name, rule="unknown")
    leaves = reading.leaves()
    if answers.leaf and answers.leaf not in {leaf for of_cause in leaves.values() for leaf in of_cause}:
        yield Objection(field="leaf", rule="unknown")
    elif answers.leaf and answers.cause in leaves and answers.leaf not in leaves[answers.cause]:
        yield Objection(field="leaf", rule="leaf_of_another_cause")


def _numbers(answers: Answers) -> Iterator[Objection]:
    for name, (lowest, highest) in SCALES.items():
        value = getattr(answers, name)
        if value is not None and not lowest <= value <= highest:
            yield Objection(field=name, rule="off_the_scale")
    for measure in answers.baseline:
        if measure.metric not in MEASURES:
            yield Objection(field="baseline", rule="unknown")
        elif not MEASURES[measure.metric][0] <= measure.value <= MEASURES[measure.metric][1]:
            yield Objection(field="baseline", rule="off_the_scale")
    scores = (activity.score for activity in answers.activities if activity.score is not None)
    if any(not 0 <= score <= ACTIVITY_SCORE_MAX for score in scores):
        yield Objection(field="activities", rule="off_the_scale")
    if len(answers.activities) > ACTIVITIES[1]:
        yield Objection(field="activities", rule="too_many")
    if len(answers.medicines) > MEDICINES_MAX:
        yield Objection(field="medicines", rule="too_many")


def _days(answers: Answers, today: dt.date, born_on: dt.date | None) -> Iterator[Objection]:
    onset, surgery = answers.onset_on, answers.surgery_on
    if onset is not None and onset > today:
        yield Objection(field="onset_on", rule="onset_in_the_future")
    elif onset is not None and onset < (born_on or today - dt.timedelta(days=OLDEST_DOG_DAYS)):
        yield Objection(field="onset_on", rule="onset_before_birth")
    if surgery is not None and surgery > today:
        yield Objection(field="surgery_on", rule="surgery_in_the_future")
    elif surgery is not None and onset is not None and surgery < onset:
        yield Objection(field="surgery_on", rule="onset_after_surgery")
    elif surgery is not None and surgery < (born_on or today - dt.timedelta(days=OLDEST_DOG_DAYS)):
        yield Objection(field="surgery_on", rule="surgery_before_birth")
    if answers.pain_controlled_on is not None and answers.pain_controlled_on > today:
        yield Objection(field="pain_controlled_on", rule="pain_controlled_in_the_future")


def _re_exam(answers: Answers, today: dt.date) -> Iterator[Objection]:
    re_exam = answers.re_exam_due_on
    if re_exam is not None and re_exam <= today:
        yield Objection(field="re_exam_due_on", rule="re_exam_not_in_the_future")
    elif re_exam is not None and re_exam > today + dt.timedelta(days=RE_EXAM_WITHIN_DAYS):
        yield Objection(field="re_exam_due_on", rule="re_exam_too_far")


def _validation(answers: Answers) -> Iterator[Objection]:
    grade, deficit = answers.neuro_grade, answers.neuro_deficit
    if grade is not None and deficit is not None and deficit != (grade >= 2):
        yield Objection(field="neuro_grade", rule="V1")
    if answers.mechanism == "musculoskeletal" and deficit:
        yield Objection(field="mechanism", rule="V2")
    if answers.origin == "secondary" and not answers.limb_source_and_plan.strip():
        yield Objection(field="limb_source_and_plan", rule="V3")
    if answers.cause == "soft_tissue" and deficit:
        yield Objection(field="cause", rule="V4")
    if grade is None:
        return
    driven_by_nerve = answers.cause in ("disc", "other_neuro") and grade >= 2
    if driven_by_nerve and answers.mechanism not in NERVE:
        yield Objection(field="mechanism", rule="V5")
    if grade >= 4:
        if answers.deep_pain in ("", "not_tested"):
            yield Objection(field="deep_pain", rule="V6")
        elif answers.deep_pain == CONTRADICTING_DEEP_PAIN.get(grade):
            yield Objection(field="deep_pain", rule="deep_pain_contradicts_grade")
        if not answers.bladder_plan.strip():
            yield Objection(field="bladder_plan", rule="V6")


def _signs(answers: Answers) -> Iterator[Objection]:
    """What was seen and what was concluded from it must not contradict each other."""
    signs = set(answers.signs)
    of_a_deficit = signs & set(reading.signs()["signs_with_deficit"])
    if answers.cause == "soft_tissue" and of_a_deficit:
        yield Objection(field="cause", rule="O8")
    if answers.neuro_deficit is False and of_a_deficit - {NO_DEFICIT_BY_ITSELF}:
        yield Objection(field="neuro_deficit", rule="signs_of_a_deficit")
    if "normal_coordination" in signs and signs & NOT_PLACED_NORMALLY:
        yield Objection(field="signs", rule="feet_placed_and_not")
    if "paralysis" in signs and answers.neuro_grade in (2, 3):
        yield Objection(field="neuro_grade", rule="paralysis_is_grade_4")
    if "loss_pain_perception" in signs and answers.deep_pain not in ("absent", "equivocal"):
        yield Objection(field="deep_pain", rule="loss_of_pain_perception")


def _treatment(answers: Answers) -> Iterator[Objection]:
    if answers.leaf == "ivdd_postop" and answers.surgery_on is None:
        yield Objection(field="surgery_on", rule="missing")
    if any(not all((one.name.strip(), one.dose.strip(), one.times.strip())) for one in answers.medicines):
        yield Objection(field="medicines", rule="incomplete")
    if answers.pain_control == "medicine" and not answers.medicines and not answers.pain_control_plan.strip():
        yield Objection(field="medicines", rule="missing")
    if answers.pain_control != "none_needed":
        return
    if answers.medicines:
        yield Objection(field="pain_control", rule="medicine_although_none_needed")
    if answers.mechanism in NERVE and answers.pain_at_rest:
        yield Objection(field="pain_control", rule="nerve_pain_needs_a_plan")


def _own_life(answers: Answers) -> Iterator[Objection]:
    """Activities may wait until something is to be progressed (gate B); some of them are no measure."""
    activities = answers.activities
    if any(not one.text.strip() or one.score is None for one in activities):
        yield Objection(field="activities", rule="incomplete")
    elif activities and len(activities) < ACTIVITIES[0]:
        yield Objection(field="activities", rule="too_few")


def _row(answers: Answers) -> Iterator[Objection]:
    row = answers.row
    if row.requires_deep_pain and not answers.deep_pain:
        yield Objection(field="deep_pain", rule="row")
    if row.requires_bladder_plan and not answers.bladder_plan.strip():
        yield Objection(field="bladder_plan", rule="row")
    if row.requires_surgical_decision and not answers.surgical_referral.strip():
        yield Objection(field="surgical_referral", rule="row")
    if row.requires_limb_plan and not answers.limb_source_and_plan.strip():
        yield Objection(field="limb_source_and_plan", rule="V3")

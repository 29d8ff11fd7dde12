"""How much of one exercise: the dose as plain numbers, its load, and one step up or down.

Numbers and rules come from the clinical content: ``step_rules`` and ``weekly_load`` of 06_progression.yaml,
``dose`` and ``range`` of each exercise in 04_exercises.yaml. The keys of a stored dose are those of the content.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

from rehab.programs.schedule import EVERY_DAY, weekdays_for

# House rule (GK): no source times a single step of a dog, so a step counts as long as a repetition; rather too much
# load than too little.
SECONDS_PER_REPETITION: Final = 4
MOST_TIMES_PER_DAY: Final = 12
CONDITION_LENGTH: Final = 120

# Field -> its key in the content, and the numbers that a dose can hold at all (an exercise's range is narrower).
KEYS: Final[dict[str, str]] = {
    "sets": "sets",
    "reps": "reps",
    "hold_seconds": "hold_s",
    "minutes": "minutes",
    "per_day": "per_day",
    "days_per_week": "days_per_week",
    "per_week": "per_week",
    "interval_hours": "interval_h",
    "toilet_trips_per_day": "toilet_trips_per_day",
    "duration_days": "duration_days",
    "height_cm": "height_cm",
    "one_off": "one_off",
    "per_prescription": "per_prescription",
    "each_side": "each_side",
    "steps": "steps",
    "part_of": "within",
    "when_time": "when_time",
    "only_if": "only_if",
    "from_week": "from_week",
    "ramp_by": "ramp_by",
    "ramp_to": "ramp_to",
    "recheck_days": "recheck_days",
}
LIMITS: Final[dict[str, tuple[int, int]]] = {
    "sets": (1, 20),
    "reps": (1, 100),
    "hold_seconds": (0, 600),
    "minutes": (1, 240),
    "per_day": (1, MOST_TIMES_PER_DAY),
    "days_per_week": (1, 7),
    "per_week": (1, 7),
    "interval_hours": (1, 24),
    "toilet_trips_per_day": (1, 24),
    "duration_days": (1, 365),
    "height_cm": (0, 100),
    "steps": (1, 500),
    "from_week": (1, 104),
    "ramp_by": (1, 100),
    "ramp_to": (1, 600),
    "recheck_days": (1, 365),
}
FLAGS: Final = ("one_off", "per_prescription", "each_side", "when_time")
# What says how much one time is; the first that a dose has leads its growth.
AMOUNTS: Final = ("minutes", "reps", "steps", "hold_seconds")
# One step is 10 % of each, but at least this much (06_progression.yaml, step_rules).
LEAST_STEP: Final[dict[str, int]] = {"minutes": 1, "reps": 1, "steps": 1, "hold_seconds": 2}
# A break of so many days lowers the dose, and by how much (06_progression.yaml, G7).
LOWER_AFTER_DAYS: Final = 7
ENTRY_AFTER_DAYS: Final = 21
LESS_PERCENT: Final = 30
# More of any of these is more load; where a dose says nothing of one, it counts as none.
LOADING: Final = ("sets", *AMOUNTS, "per_day", "height_cm", "each_side", "ramp_by", "ramp_to")
# A rhythm of its own, which care has, instead of so many times a day.
RHYTHMS: Final = ("one_off", "per_prescription", "duration_days", "interval_hours")

SLUG: Final = re.compile(r"[-a-zA-Z0-9_]{1,64}")

DoseRange = Mapping[str, Any]


class InvalidDose(ValueError):
    """Something that is not a dose: an unknown key, a wrong type, a number that no dose can hold, a contradiction.

    ``code`` and ``field`` are set where a dose contradicts itself, with the ``numbers`` of its sentence.
    """

    def __init__(self, message: str, *, code: str = "", field: str = "", **numbers: int) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.numbers = numbers


@dataclass(frozen=True, kw_only=True)
class Dose:
    """One exercise's dose; ``None`` means that the exercise is not dosed that way.

    ``one_off`` is done once and then kept so (a non-slip floor), and asked again after ``recheck_days``;
    ``per_prescription`` follows a medicine's label. ``part_of`` is the slug of the item that it happens inside
    ("3 minutes of each walk"). ``from_week`` counts the program's weeks from 1. A ramp never grows by itself: it is
    what one decided step is, ``ramp_by`` more of the leading number, at most once a week and up to ``ramp_to``.
    """

    sets: int = 1
    reps: int | None = None
    hold_seconds: int = 0
    minutes: int | None = None
    per_day: int = 1
    days_per_week: int = 7
    per_week: int | None = None
    interval_hours: int | None = None
    toilet_trips_per_day: int | None = None
    duration_days: int | None = None
    height_cm: int | None = None
    one_off: bool = False
    per_prescription: bool = False
    each_side: bool = False
    steps: int | None = None
    part_of: str | None = None
    when_time: bool = False
    only_if: str = ""
    from_week: int = 1
    ramp_by: int | None = None
    ramp_to: int | None = None
    recheck_days: int | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if value is None and DEFAULTS[name] is None:
                continue
            if type(value) is not int or not low <= value <= high:
                raise InvalidDose(f"{KEYS[name]} must be a whole number from {low} to {high}, not {value!r}")
        for name in FLAGS:
            if type(getattr(self, name)) is not bool:
                raise InvalidDose(f"{name} must be true or false, not {getattr(self, name)!r}")
        if not _is_condition(self.only_if):
            raise InvalidDose(f"only_if must be one line of up to {CONDITION_LENGTH} characters, not {self.only_if!r}")
        if self.part_of is not None and not _is_slug(self.part_of):
            raise InvalidDose(f"within must be the slug of an exercise, not {self.part_of!r}")
        self._refuse_contradictions()

    def _refuse_contradictions(self) -> None:
        has_rhythm = any(getattr(self, name) for name in RHYTHMS)
        if self.part_of and (has_rhythm or self.when_time or self.per_week is not None):
            raise InvalidDose("a part of another item has its rhythm", code="part_with_rhythm", field="part_of")
        if self.when_time and has_rhythm:
            raise InvalidDose("a fixed rhythm is not optional", code="when_time_with_rhythm", field="when_time")
        if self.only_if and self.duration_days is not None:
            raise InvalidDose("days of rest have no condition", code="rest_with_condition", field="only_if")
        if self.recheck_days is not None and not self.one_off:
            raise InvalidDose("only a one-off is asked again", code="recheck_of_routine", field="recheck_days")
        if self.steps is not None and self.reps is not None:
            raise InvalidDose("steps or repetitions, not both", code="steps_with_repetitions", field="steps")
        if self.each_side and self.amount is None:
            raise InvalidDose("each side of what", code="side_of_nothing", field="each_side")
        if self.ramp_by is not None or self.ramp_to is not None:
            self._refuse_ramp()

    def _refuse_ramp(self) -> None:
        leading = self.leading
        if leading is None:
            raise InvalidDose("nothing to grow", code="ramp_of_nothing", field="ramp_by")
        if self.ramp_by is None or self.ramp_to is None:
            missing = "ramp_by" if self.ramp_by is None else "ramp_to"
            raise InvalidDose("by how much, and up to what", code="ramp_half_said", field=missing)
        now, most = getattr(self, leading), LIMITS[leading][1]
        if not now <= self.ramp_to <= most:
            raise InvalidDose(
                f"ramp_to must be {now} to {most}", code="ramp_to_out_of_reach", field="ramp_to", low=now, high=most
            )
        for value in range(now, self.ramp_to, self.ramp_by):
            allowed = most_of_a_step(leading, value)
            if min(self.ramp_by, self.ramp_to - value) > allowed:
                raise InvalidDose(
                    f"from {value}, one step is at most {allowed}",
                    code="ramp_too_steep",
                    field="ramp_by",
                    value=value,
                    most=allowed,
                )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read a dose as the content and the database write it; a key without a value means its default.

        Raises:
            InvalidDose: an unknown key, a wrong type, or a number that no dose can hold.
        """
        names = {key: name for name, key in KEYS.items()}
        if unknown := sorted(str(key) for key in stored if key not in names):
            raise InvalidDose(f"unknown: {', '.join(unknown)}")
        return cls(**{names[key]: value for key, value in stored.items() if value is not None})

    def to_json(self) -> dict[str, Any]:
        """The dose as it is stored: the content's keys, without what is only the default."""
        return {KEYS[name]: value for name, value in self._values() if value != DEFAULTS[name]}

    def _values(self) -> Iterator[tuple[str, Any]]:
        return ((name, getattr(self, name)) for name in KEYS)

    @property
    def is_one_off(self) -> bool:
        return self.one_off

    @property
    def times_per_day(self) -> int:
        """How many times the family ticks it on a day that it is due, 1 to 12."""
        if self.one_off or self.per_prescription or self.duration_days is not None:
            return 1
        if self.interval_hours is not None and self.per_day == 1:
            return min(MOST_TIMES_PER_DAY, 24 // self.interval_hours)
        return self.per_day

    @property
    def optional(self) -> bool:
        """Whether the family may leave it out: it is never due, so it never counts as missed."""
        return self.when_time or bool(self.only_if)

    @property
    def amount(self) -> str | None:
        """The first number that says how much one time is; ``None`` where only how often is said."""
        return next((name for name in AMOUNTS if getattr(self, name)), None)

    @property
    def leading(self) -> str | None:
        """The number that a step moves first, and that a ramp lets grow."""
        return None if self.one_off or self.per_prescription or self.duration_days is not None else self.amount

    @property
    def due_days_per_week(self) -> int:
        """On how many days of a week it is done at most, optional or not."""
        return self.days_per_week if self.per_week is None else self.per_week

    @property
    def weekdays(self) -> int:
        """The weekdays that it is due on, as bits; an optional item is due on none."""
        if self.optional:
            return 0
        return EVERY_DAY if self.one_off or self.per_prescription else weekdays_for(self.due_days_per_week)

    @property
    def work_minutes(self) -> float:
        """Minutes of the dog's work of one time: as said, else 4 s a repetition or step, or the hold where longer.

        Source: 06_progression.yaml, weekly_load.
        """
        sides = 2 if self.each_side else 1
        if self.minutes is not None:
            return float(sides * self.sets * self.minutes)
        times = self.reps if self.steps is None else self.steps
        seconds = self.hold_seconds if times is None else times * max(SECONDS_PER_REPETITION, self.hold_seconds)
        return sides * self.sets * seconds / 60

    @property
    def minutes_per_time(self) -> float:
        """Minutes that one time takes the family; a part of another item takes none beside that item's."""
        return 0.0 if self.part_of else self.work_minutes

    @property
    def minutes_per_day(self) -> float:
        return self.minutes_per_time * self.times_per_day

    def weekly_load(self, load: int) -> float:
        """Minutes of work a week times the exercise's load level (06_progression.yaml, weekly_load)."""
        return self.work_minutes * self.times_per_day * self.due_days_per_week * load

    def within(self, dose_range: DoseRange) -> list["Outside"]:
        """What of the dose lies outside the exercise's range; a hold of 0 seconds is no hold."""
        limits = bounds(dose_range)
        if self.leading in limits:
            limits["ramp_to"] = limits[self.leading]
        return [
            Outside(variable=name, value=value, low=low, high=high)
            for name, (low, high) in limits.items()
            if (value := getattr(self, name)) is not None
            and not low <= value <= high
            and (name, value) != ("hold_seconds", 0)
        ]


def _is_slug(text: object) -> bool:
    return isinstance(text, str) and SLUG.fullmatch(text) is not None


def _is_condition(text: object) -> bool:
    """One line that a family can read, without edges or hidden control characters."""
    return (
        isinstance(text, str)
        and len(text) <= CONDITION_LENGTH
        and text == text.strip()
        and not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text)
    )


DEFAULTS: Final[dict[str, Any]] = {field.name: field.default for field in fields(Dose)}


@dataclass(frozen=True, kw_only=True)
class Outside:
    """One number of a dose outside the exercise's range."""

    variable: str
    value: int
    low: int
    high: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step up or down: the new dose, and the one variable that led it, before and after."""

    dose: Dose
    variable: str
    before: int
    after: int


def bounds(dose_range: DoseRange) -> dict[str, tuple[int, int]]:
    """Low and high end of each variable of a dose that the exercise's range limits."""
    names = {key: name for name, key in KEYS.items()}
    return {
        names[key]: (value[0], value[1])
        for key, value in dose_range.items()
        if key in names and isinstance(value, (list, tuple)) and len(value) == 2
    }


def most_of_a_step(variable: str, value: int) -> int:
    """The most that one week's planned step of a number may be.

    Source: step_rules: 10 % or at least one (2 s of a hold); 1 to 2 minutes always while there are ten or fewer.
    """
    if variable == "minutes" and value <= 10:
        return 2
    return max(LEAST_STEP[variable], value // 10)


def _with(dose: Dose, **changes: Any) -> Dose:
    """The dose with other numbers; a ramp that would be too steep from there is flattened."""
    by = dose.ramp_by
    while by:
        try:
            return replace(dose, **changes, ramp_by=by)
        except InvalidDose as invalid:
            if invalid.code != "ramp_too_steep":
                raise
            by -= 1
    return replace(dose, **changes)


def low_end(dose: Dose, dose_range: DoseRange) -> Dose:
    """The dose as short, few and low as its range goes, as often as before: where a new item starts.

    Source: step_rules, new_item. How often stays, because no step ever raises it.
    """
    limits = bounds(dose_range)
    return _with(
        dose,
        **{
            name: min(value, max(limits[name][0], 1 if name == dose.amount else 0))
            for name in (*AMOUNTS, "sets")
            if name in limits and (value := getattr(dose, name))
        },
    )


def starting_dose(target: Dose, dose_range: DoseRange, *, load: int, last: Dose | None, gap_days: int = 0) -> Dose:
    """Where a dog starts on the way to a phase's target: at its last dose, or at the low end when it is new.

    ``gap_days`` are the days since it had that dose: after a week's break it starts at 70 % of it, after three at the
    low end. Care starts at the stated dose. Sources: phase_dose_rule and G7 of 06_progression.yaml.
    """
    if load == 0:
        return target
    if last is None or gap_days >= ENTRY_AFTER_DAYS:
        return low_end(target, dose_range)
    if gap_days >= LOWER_AFTER_DAYS:
        step = step_down(last, LESS_PERCENT, dose_range=dose_range)
        last = last if step is None else step.dose
    return _with(
        target,
        **{
            name: min(getattr(last, name), value)
            for name in (*AMOUNTS, "sets")
            if (value := getattr(target, name)) and getattr(last, name)
        },
    )


def is_more_load(new: Dose, old: Dose) -> bool:
    """Whether the new dose asks more of the dog in any way: longer, more often, higher, sooner, or less optional.

    Where nobody can tell, as with another condition or inside another item, it counts as more.
    """
    return (
        new.due_days_per_week > old.due_days_per_week
        or new.times_per_day > old.times_per_day
        or new.from_week < old.from_week
        or (old.one_off and not new.one_off)
        or (old.when_time and not new.when_time)
        or (bool(old.only_if) and new.only_if != old.only_if)
        or (old.part_of is not None and new.part_of != old.part_of)
        or any((getattr(new, name) or 0) > (getattr(old, name) or 0) for name in LOADING)
    )


def step_up(dose: Dose, dose_range: DoseRange) -> Step | None:
    """One step more, of one variable, inside the range; ``None`` at the top.

    A ramp says what the step is and where it ends. Without one, minutes grow by 10 %, at least 1; repetitions and
    steps by one up to ten and by 10 % above; a hold by 10 %, at least 2 s; one set more only at the top of the
    repetitions, which then fall to their low end (step_rules). How often a day or a week never grows by itself:
    one more time a day would break the 10 % a week that the rows allow.
    """
    limits = bounds(dose_range)
    if dose.ramp_by is not None and dose.ramp_to is not None and dose.leading is not None:
        return _ramp_step(dose, dose.leading, min(dose.ramp_to, limits.get(dose.leading, (1, dose.ramp_to))[1]))
    for name in AMOUNTS:
        value = getattr(dose, name)
        if not value or name not in limits or value >= limits[name][1]:
            continue
        after = min(value + max(LEAST_STEP[name], value // 10), limits[name][1])
        return Step(dose=replace(dose, **{name: after}), variable=name, before=value, after=after)
    if "sets" in limits and "reps" in limits and dose.reps and dose.sets < limits["sets"][1]:
        return Step(
            dose=replace(dose, sets=dose.sets + 1, reps=limits["reps"][0]),
            variable="sets",
            before=dose.sets,
            after=dose.sets + 1,
        )
    return None


def _ramp_step(dose: Dose, leading: str, top: int) -> Step | None:
    value = getattr(dose, leading)
    if value >= top:
        return None
    after = min(value + (dose.ramp_by or 0), top)
    return Step(dose=_with(dose, **{leading: after}), variable=leading, before=value, after=after)


def step_down(dose: Dose, percent: int = 20, *, dose_range: DoseRange | None = None) -> Step | None:
    """One step less, of one variable: 20 % off, rounded down, never under its low end or 1; ``None`` at the bottom.

    Source: step_rules, regress. The variable that says how long or how many goes first, then how often.
    """
    limits = bounds(dose_range or {})
    said_otherwise = {
        "per_day": dose.interval_hours is not None,
        "days_per_week": dose.per_week is not None,
    }
    for name in (*AMOUNTS, "sets", "per_day", "days_per_week", "per_week"):
        value = getattr(dose, name)
        if not value or said_otherwise.get(name, False):
            continue
        low = max(limits.get(name, (1, 1))[0], 1)
        if value <= low:
            continue
        after = max(value * (100 - percent) // 100, low)
        return Step(dose=_with(dose, **{name: after}), variable=name, before=value, after=after)
    return None

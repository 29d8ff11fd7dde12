"""How much of one exercise: the dose as plain numbers, its load, and one step up or down.

Numbers and rules come from the clinical content: ``step_rules`` and ``weekly_load`` of 06_progression.yaml,
``dose`` and ``range`` of each exercise in 04_exercises.yaml. The keys of a stored dose are those of the content.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

from rehab.programs.schedule import EVERY_DAY, weekdays_for

SECONDS_PER_REPETITION: Final = 4
MOST_TIMES_PER_DAY: Final = 12

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
}
# More of any of these is more load; where a dose says nothing of one, it counts as none.
LOADING: Final = ("sets", "reps", "hold_seconds", "minutes", "per_day", "height_cm")

DoseRange = Mapping[str, Any]


class InvalidDose(ValueError):
    """Something that is not a dose: an unknown key, a wrong type, or a number that no dose can hold."""


@dataclass(frozen=True, kw_only=True)
class Dose:
    """One exercise's dose; ``None`` means that the exercise is not dosed that way.

    ``one_off`` is done once and then kept so (a non-slip floor); ``per_prescription`` follows a medicine's label.
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

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if value is None and DEFAULTS[name] is None:
                continue
            if type(value) is not int or not low <= value <= high:
                raise InvalidDose(f"{KEYS[name]} must be a whole number from {low} to {high}, not {value!r}")
        for name in ("one_off", "per_prescription"):
            if type(getattr(self, name)) is not bool:
                raise InvalidDose(f"{name} must be true or false, not {getattr(self, name)!r}")

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
    def due_days_per_week(self) -> int:
        return self.days_per_week if self.per_week is None else self.per_week

    @property
    def weekdays(self) -> int:
        """The weekdays that it is due on, as bits."""
        return EVERY_DAY if self.one_off or self.per_prescription else weekdays_for(self.due_days_per_week)

    @property
    def minutes_per_time(self) -> float:
        """Minutes of work of one time: minutes as said, else 4 s a repetition or the hold where that is longer.

        Source: 06_progression.yaml, weekly_load.
        """
        if self.minutes is not None:
            return float(self.sets * self.minutes)
        seconds = self.hold_seconds if self.reps is None else self.reps * max(SECONDS_PER_REPETITION, self.hold_seconds)
        return self.sets * seconds / 60

    @property
    def minutes_per_day(self) -> float:
        return self.minutes_per_time * self.times_per_day

    def weekly_load(self, load: int) -> float:
        """Minutes a week times the exercise's load level (06_progression.yaml, weekly_load)."""
        return self.minutes_per_day * self.due_days_per_week * load

    def within(self, dose_range: DoseRange) -> list["Outside"]:
        """What of the dose lies outside the exercise's range; a hold of 0 seconds is no hold."""
        return [
            Outside(variable=name, value=value, low=low, high=high)
            for name, (low, high) in bounds(dose_range).items()
            if (value := getattr(self, name)) is not None
            and not low <= value <= high
            and (name, value) != ("hold_seconds", 0)
        ]


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


def low_end(dose: Dose, dose_range: DoseRange) -> Dose:
    """The dose as short, few and low as its range goes, as often as before: where a new item starts.

    Source: step_rules, new_item. How often stays, because no step ever raises it.
    """
    limits = bounds(dose_range)
    return replace(
        dose,
        **{
            name: min(value, limits[name][0])
            for name in ("minutes", "reps", "hold_seconds", "sets")
            if name in limits and (value := getattr(dose, name))
        },
    )


def starting_dose(target: Dose, dose_range: DoseRange, *, load: int, last: Dose | None) -> Dose:
    """Where a dog starts on the way to a phase's target: at its last dose, or at the low end when it is new.

    Care starts at the stated dose. Source: phase_dose_rule of 06_progression.yaml.
    """
    if load == 0:
        return target
    if last is None:
        return low_end(target, dose_range)
    return replace(
        target,
        **{
            name: min(getattr(last, name), value)
            for name in ("minutes", "reps", "hold_seconds", "sets")
            if (value := getattr(target, name)) and getattr(last, name)
        },
    )


def is_more_load(new: Dose, old: Dose) -> bool:
    """Whether the new dose asks more of the dog in any way: longer, more often, held longer, higher."""
    return new.due_days_per_week > old.due_days_per_week or any(
        (getattr(new, name) or 0) > (getattr(old, name) or 0) for name in LOADING
    )


def step_up(dose: Dose, dose_range: DoseRange) -> Step | None:
    """One step more, of one variable, inside the range; ``None`` at the top.

    Minutes grow by 10 %, at least 1; repetitions by one up to ten and by 10 % above; a hold by 10 %, at least 2 s;
    one set more only at the top of the repetitions, which then fall to their low end (step_rules). How often a
    day or a week never grows by itself: one more time a day would break the 10 % a week that the rows allow.
    """
    limits = bounds(dose_range)
    for name, least in (("minutes", 1), ("reps", 1), ("hold_seconds", 2)):
        value = getattr(dose, name)
        if not value or name not in limits or value >= limits[name][1]:
            continue
        after = min(value + max(least, value // 10), limits[name][1])
        return Step(dose=replace(dose, **{name: after}), variable=name, before=value, after=after)
    if "sets" in limits and "reps" in limits and dose.reps and dose.sets < limits["sets"][1]:
        return Step(
            dose=replace(dose, sets=dose.sets + 1, reps=limits["reps"][0]),
            variable="sets",
            before=dose.sets,
            after=dose.sets + 1,
        )
    return None


def step_down(dose: Dose, percent: int = 20, *, dose_range: DoseRange | None = None) -> Step | None:
    """One step less, of one variable: 20 % off, rounded down, never under its low end or 1; ``None`` at the bottom.

    Source: step_rules, regress. The variable that says how long or how many goes first, then how often.
    """
    limits = bounds(dose_range or {})
    for name in ("minutes", "reps", "hold_seconds", "sets", "per_day", "days_per_week"):
        value = getattr(dose, name)
        if not value or (name == "days_per_week" and dose.per_week is not None):
            continue
        low = max(limits.get(name, (1, 1))[0], 1)
        if value <= low:
            continue
        after = max(value * (100 - percent) // 100, low)
        return Step(dose=replace(dose, **{name: after}), variable=name, before=value, after=after)
    return None

"""What the rules look at and what they answer, as frozen plain values; every collection may come in any order.

Missing is ``None`` or absent, never zero. Scores are pain 0 to 10, shares and completion 0 to 1, ``quality`` 3 clean, 2
small faults, 1 poor, ``tired`` 0 fresh to 3 still tired the next day (06_progression.yaml, session_log_fields).
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from statistics import median
from typing import Any, Final, Self

from rehab.library import reading
from rehab.patients.decision_rows import Limits
from rehab.programs.dose import Dose, DoseRange
from rehab.programs.ladders import personal_baseline
from rehab.programs.limits import Stretch

ONE_DAY: Final = dt.timedelta(days=1)
USUAL_DAYS: Final = 7


class Decision(StrEnum):
    """What the rules suggest, the most careful first (06_progression.yaml, order)."""

    RESTRAIN = "restrain"
    REGRESS = "regress"
    HOLD = "hold"
    PROGRESS = "progress"

    @property
    def care(self) -> int:
        """How careful it is; of two suggestions the greater one holds."""
        return {"restrain": 3, "regress": 2, "hold": 1, "progress": 0}[self.value]


class Approver(StrEnum):
    """Who may decide so."""

    VET = "vet"
    STAFF = "vet_or_therapist"
    ALONE = "pre_approved"
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The limits of a kind of back pain. Source: 06_progression.yaml, ``profiles``.

    Pain limits are points of 10, ``min_days_at_level`` and ``days_between_progressions`` days,
    ``standing_drop_pct`` percent. ``never`` means that nobody progresses until a question is answered.
    """

    name: str
    green_max: int
    amber_max: int
    rise_in_session_ok: int
    rise_in_session_max: int
    morning_over_baseline_ok: int
    morning_over_baseline_regress: int
    min_sessions: int
    min_days_at_level: int
    clean_needed: int
    standing_drop_pct: int
    days_between_progressions: int
    resting_restrain: int
    morning_restrain: int
    never: bool = False

    @classmethod
    def of(cls, name: str, changes: Mapping[str, int] | None = None) -> Self:
        """The profile ``msk``, ``neuro``, ``mixed`` or ``undetermined``, with a clinic's own numbers.

        Anything else has the careful limits and never progresses.
        """
        content = reading.read(reading.PROGRESSION)["profiles"]
        row: Any = content.get(name, content["undetermined"])
        never = False
        if isinstance(row, str):
            row = content[row]
        elif "inherit" in row:
            never, row = row["progress"] == "never", content[row["inherit"]]
        numbers = {key: row[key] for key in THRESHOLDS} | dict(changes or {})
        return cls(name=name, never=never, **numbers)


# The numbers that a clinic may set for itself; a greater one is more careful where it is in ``MORE_IS_CAREFUL``.
THRESHOLDS: Final = tuple(one.name for one in fields(Profile) if one.name not in ("name", "never"))
MORE_IS_CAREFUL: Final = frozenset({"min_sessions", "min_days_at_level", "clean_needed", "days_between_progressions"})


def is_loosening(threshold: str, *, before: int, after: int) -> bool:
    """Whether the change of a threshold makes the rules less careful.

    Raises:
        KeyError: there is no such threshold.
    """
    if threshold not in THRESHOLDS:
        raise KeyError(threshold)
    return after < before if threshold in MORE_IS_CAREFUL else after > before


@dataclass(frozen=True, kw_only=True)
class Session:
    """The answers around one day of exercises, one of a day; ``morning`` is the pain on the morning after ``day``.

    ``at`` is when the last of those about the day itself was given.
    """

    day: dt.date
    at: dt.datetime
    before: int | None = None
    after: int | None = None
    morning: int | None = None
    tired: int | None = None

    @property
    def rise(self) -> int | None:
        """By how many points the pain rose during the session."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, kw_only=True)
class Round:
    """One exercise on one day, one of a day: the part of its dose that was done, how, and the stop codes that ended it."""

    day: dt.date
    at: dt.datetime
    share: float
    quality: int | None = None
    stop_codes: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One value of a measure; ``at`` orders those of one day."""

    day: dt.date
    at: dt.datetime
    value: float


@dataclass(frozen=True, kw_only=True)
class OpenFlag:
    """A warning sign that no vet has released; ``stop`` is the scope of 02_redflags.yaml, stop_scopes."""

    id: str
    stop: str
    on: dt.date


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """The next easier or harder exercise of the library.

    ``rounds`` are those that the dog has done of it, each with the dose that was prescribed then.
    """

    slug: str
    dose: Dose
    load: int
    dose_range: DoseRange = field(default_factory=dict)
    rounds: Collection[tuple[Round, Dose]] = ()


@dataclass(frozen=True, kw_only=True)
class Item:
    """One prescription that can be stepped.

    ``level_since`` is the day since when it has this dose, ``lowered_at`` when it was last regressed. ``completion`` is
    done ÷ due over seven days, ``completion_at_level`` over the last ``min_sessions`` due; both ``None`` where nothing was
    due. ``missed_days`` are the days before today, since it was last done, on which it was due. ``lacking`` are the rules
    that keep it from growing (gate B, overlays, the phase). ``row_approver`` is who may progress it in the words of
    03_decision.yaml; ``allowed_up_to`` the dose up to which a vet has approved steps ahead.
    """

    key: str
    slug: str
    load: int
    dose: Dose
    level_since: dt.date
    dose_range: DoseRange = field(default_factory=dict)
    rounds: Collection[Round] = ()
    is_taught: bool = False
    completion: float | None = None
    completion_at_level: float | None = None
    missed_days: int = 0
    last_done_on: dt.date | None = None
    lowered_at: dt.datetime | None = None
    lacking: tuple[str, ...] = ()
    easier: Neighbour | None = None
    harder: Neighbour | None = None
    allowed_up_to: Dose | None = None
    row_approver: str = ""


@dataclass(frozen=True, kw_only=True)
class Dog:
    """One dog as the rules see it at the moment ``at``, which is the day ``today`` where it lives.

    ``looked_at`` is when a vet last saw and cleared what had been reported (a release or a signature): only evidence
    after it can restrain. ``measures`` maps a metric of ``rehab.patients.measures`` to its values. ``doses_missed``
    counts those of the last 72 hours. ``came_back_after`` are the good days before a recurrence that came after the
    signature: then the definition says no longer what is wrong. ``lowered_on`` are the days on which any exercise was regressed, but for what G8
    asked for: that would ask for it again and again. ``recent`` is what the dog had in the last fourteen days, ``limits``
    how fast its decision row lets a plan grow. ``started_on`` is the first day of the program; ``medicine_is_out`` that
    the last dose was missed because there was none, or the dog refused it. ``loads`` is what was done on a day, in
    minutes times load level; ``limb_days`` are those on which the family saw the trouble in a limb.
    """

    today: dt.date
    at: dt.datetime
    profile: Profile
    is_signed: bool = False
    is_valid: bool = True
    came_back_after: int | None = None
    origin: str = ""
    mechanism: str = ""
    activity_order: str = ""
    pain_control: str = ""
    intake_pain: int | None = None
    re_exam_due_on: dt.date | None = None
    looked_at: dt.datetime | None = None
    flags: Collection[OpenFlag] = ()
    sessions: Collection[Session] = ()
    pain_rest: Collection[Measured] = ()
    measures: Mapping[str, Collection[Measured]] = field(default_factory=dict)
    medicine_changed_at: dt.datetime | None = None
    doses_missed: int = 0
    medicine_is_out: bool = False
    started_on: dt.date | None = None
    loads: Mapping[dt.date, float] = field(default_factory=dict)
    limb_days: Collection[dt.date] = ()
    completion: float | None = None
    lowered_on: Collection[dt.date] = ()
    recent: Collection[Stretch] = ()
    limits: Limits | None = None
    items: Collection[Item] = ()

    @cached_property
    def in_order(self) -> Sequence[Session]:
        """The sessions up to today, the oldest first; none is dated in the future."""
        return sorted((one for one in self.sessions if one.day <= self.today), key=lambda one: one.day)

    def values(self, metric: str) -> Sequence[Measured]:
        """The values of a measure up to now, the oldest first."""
        found = self.pain_rest if metric == "pain_rest" else self.measures.get(metric, ())
        return sorted((one for one in found if one.day <= self.today), key=lambda one: (one.day, one.at, one.value))

    def is_new(self, one: Measured) -> bool:
        """Whether no vet has looked since."""
        return self.looked_at is None or one.at > self.looked_at

    def unseen(self, metric: str, *, with_seen: int = 1) -> Sequence[Measured]:
        """The values since a vet last looked, after the last ``with_seen`` of before; none where the newest is not new.

        What is compared is the newest with the best of them: a second bad value must not hide the fall before the first.
        """
        values = self.values(metric)
        if not values or not self.is_new(values[-1]):
            return ()
        first = next(number for number, one in enumerate(values) if self.is_new(one))
        return values[max(0, first - with_seen) :]

    @cached_property
    def by_day(self) -> Mapping[dt.date, Session]:
        return {one.day: one for one in self.in_order}

    @cached_property
    def baseline(self) -> float | None:
        """The dog's usual pain (06_progression.yaml, personal_baseline); ``None`` while nobody knows it."""
        before = {one.day: one.before for one in self.in_order if one.before is not None}
        return personal_baseline(before, today=self.today, intake=self.intake_pain)

    def usual(self, metric: str, *, newest: Measured) -> float | None:
        """The median of a measure over the seven days before its newest value."""
        first = newest.day - dt.timedelta(days=USUAL_DAYS)
        return median_of(one.value for one in self.values(metric) if first <= one.day < newest.day)


def median_of(values: Iterable[float]) -> float | None:
    """The median, ``None`` of nothing."""
    known = list(values)
    return median(known) if known else None


@dataclass(frozen=True, kw_only=True)
class Fired:
    """A rule that holds, with the numbers it stands on."""

    rule: str
    decision: Decision
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Detected:
    """A warning sign that follows from the record, with its numbers."""

    flag: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """What the suggestion would change: one variable of the dose, or the exercise itself.

    ``slug`` is the exercise it would be; ``percent`` is by how much a regress lowers the dose, ``is_below`` that it goes
    below the low end of the range because nothing else is left. ``re_enter`` asks for the phase's entry dose and a vet's
    check.
    """

    slug: str
    dose: Dose
    variable: str = ""
    before: int | None = None
    after: int | None = None
    percent: int = 0
    is_swap: bool = False
    re_enter: bool = False
    is_below: bool = False


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What the rules say about one exercise.

    ``fired`` are all rules that hold, in the order of the content; ``decision`` is that of the first. ``unmet`` are the
    conditions of progress that do not hold, ``missing`` the answers that were looked for and are not there, ``broken``
    the rules that could not be evaluated: with one of them nothing progresses.
    """

    key: str
    slug: str
    decision: Decision
    fired: tuple[Fired, ...] = ()
    unmet: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    step: NextStep | None = None
    approver: Approver = Approver.STAFF

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that the decision follows."""
        return tuple(one.rule for one in self.fired if one.decision == self.decision)


@dataclass(frozen=True, kw_only=True)
class Response:
    """What the rules say about a dog: the most careful of its exercises, or a restraint of the whole dog.

    ``actions`` are what besides a dose is asked for: "call_owner", "cut_to_three", "therapist_review", "vet_check".
    ``questions`` are the rules A1 to A4 that ask for another look at the cause; ``detected`` the warning signs that the
    record shows without anybody ticking them.
    """

    decision: Decision
    items: tuple[Weighed, ...]
    fired: tuple[Fired, ...] = ()
    detected: tuple[Detected, ...] = ()
    missing: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    questions: tuple[Fired, ...] = ()
    baseline: float | None = None

    @property
    def could_not_be_evaluated(self) -> bool:
        return bool(self.broken or any(one.broken for one in self.items))

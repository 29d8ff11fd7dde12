"""Which dogs a person should look at first, and why: a pure reading of one dog's last fourteen days.

Missing data never reads as good: the last answer stands until a newer one, and silence is a reason of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from statistics import median
from typing import Any, Final, Self

from rehab.library import reading

WINDOW_DAYS: Final = 14
ADHERENCE_DAYS: Final = 7
BASELINE_DAYS: Final = 7
BASELINE_ANSWERS: Final = 3
ENOUGH_DAYS: Final = 3
PAIN_SKIP_DAYS: Final = 3
RE_EXAM_SOON_DAYS: Final = 3
RISE_POINTS: Final = 2
LOW_PERCENT: Final = 50
ACT: Final = 75
WORST: Final = 100


class Moment(StrEnum):
    """When the pain was felt; the values are those of a pain answer."""

    BEFORE = "before"
    AFTER = "after"
    NEXT_MORNING = "next_morning"


class Code(StrEnum):
    """Why a dog needs a look."""

    WARNING_SIGN = "warning_sign"
    PAIN_AT_LIMIT = "pain_at_limit"
    SKIPPED_FOR_PAIN = "skipped_for_pain"
    NO_FAMILY = "no_family"
    PAIN_UP = "pain_up"
    MORNING_UP = "morning_up"
    MESSAGE_WAITING = "message_waiting"
    CLIP_WAITING = "clip_waiting"
    SILENT = "silent"
    RE_EXAM_OVERDUE = "re_exam_overdue"
    RE_EXAM_SOON = "re_exam_soon"
    LOW_ADHERENCE = "low_adherence"
    NOT_SIGNED = "not_signed"
    NO_PROGRAM = "no_program"
    PAUSED = "paused"
    NO_PAIN_ANSWER = "no_pain_answer"
    CHECK_PHASE = "check_phase"
    UNDETERMINED = "undetermined"


class Level(StrEnum):
    """How loudly a row speaks."""

    ACT = "act"
    WATCH = "watch"
    OK = "ok"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Pain limits of a profile, in points of 10. Source: 06_progression.yaml, ``profiles``."""

    resting: int
    morning: int
    morning_rise: int

    def of(self, moment: Moment) -> int:
        return self.morning if moment is Moment.NEXT_MORNING else self.resting


# Without a signed definition nobody has said which limits apply.
CAREFUL: Final = "neuro"


@lru_cache(maxsize=4)
def limits_of(profile: str) -> Limits:
    """The limits of the profile ``msk`` or ``neuro``."""
    numbers = reading.read(reading.PROGRESSION)["profiles"][profile]
    return Limits(
        resting=numbers["resting_restrain"],
        morning=numbers["morning_restrain"],
        morning_rise=numbers["morning_over_baseline_regress"],
    )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One pain answer (0–10) about the session of ``day``; the next morning is felt on the day after."""

    day: dt.date
    moment: Moment
    score: int

    @property
    def felt_on(self) -> dt.date:
        return self.day + dt.timedelta(days=1) if self.moment is Moment.NEXT_MORNING else self.day


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day: items due, how much of them was done (in items), and whether the family answered anything."""

    day: dt.date
    due: int = 0
    done: float = 0
    is_heard: bool = False


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A warning sign (its id) that stops the exercises since a day; ``more`` counts the other signs that do."""

    sign: str
    on: dt.date
    is_emergency: bool
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class Dog:
    """What is known about one dog today; ``days`` and ``answers`` in any order.

    ``start_phase`` is where the decision row of the definition begins. ``is_redefined``: the row is another one than that
    under which a person last decided about the phase.
    """

    today: dt.date
    profile: str = CAREFUL
    is_signed: bool = False
    is_undetermined: bool = False
    has_program: bool = False
    has_family: bool = False
    paused_on: dt.date | None = None
    is_redefined: bool = False
    phase: str = ""
    start_phase: str = ""
    re_exam_due_on: dt.date | None = None
    intake_pain: int | None = None
    answers: Collection[Answer] = ()
    days: Collection[Day] = ()
    pain_skips: Collection[dt.date] = ()
    stop: Stopped | None = None
    messages_waiting: int = 0
    waiting_since: dt.date | None = None
    clips_waiting: int = 0
    clips_since: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason to look, with how urgent it is (0–100) and the numbers it stands on."""

    code: Code
    severity: int
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code.value, "severity": self.severity, "numbers": dict(self.numbers)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(code=Code(value["code"]), severity=value["severity"], numbers=value["numbers"])


def reasons(dog: Dog) -> list[Reason]:
    """Every reason to look at the dog, most urgent first; none means that the family answers and all is calm."""
    found = [*_of_signs(dog), *_of_pain(dog), *_of_messages(dog), *_of_clips(dog), *_of_doing(dog), *_of_the_plan(dog)]
    return sorted(found, key=lambda reason: (-reason.severity, reason.code))


def attention(found: Collection[Reason]) -> int:
    """How urgently somebody should look: the most urgent reason counts, they do not add up."""
    return max((reason.severity for reason in found), default=0)


def level(severity: int) -> Level:
    """The severity as one of three levels."""
    if severity >= ACT:
        return Level.ACT
    return Level.WATCH if severity else Level.OK


def worst_by_day(answers: Collection[Answer]) -> dict[dt.date, int]:
    """The worst pain answer of each day on which one was felt."""
    worst: dict[dt.date, int] = {}
    for answer in answers:
        worst[answer.felt_on] = max(answer.score, worst.get(answer.felt_on, 0))
    return worst


def percent(days: Collection[Day]) -> int | None:
    """Done ÷ due over the days, in percent; ``None`` when nothing was due."""
    due = sum(day.due for day in days)
    return round(100 * sum(day.done for day in days) / due) if due else None


def _of_signs(dog: Dog) -> list[Reason]:
    """A warning sign that stops the exercises goes before everything else, until a vet has released them."""
    if dog.stop is None:
        return []
    severity = WORST if dog.stop.is_emergency else WORST - 1
    numbers = {"sign": dog.stop.sign, "on": dog.stop.on.isoformat(), "more": dog.stop.more}
    return [Reason(code=Code.WARNING_SIGN, severity=severity, numbers=numbers)]


def _of_pain(dog: Dog) -> list[Reason]:
    limits = limits_of(dog.profile)
    found: list[Reason] = []
    last_skip = max(dog.pain_skips, default=None)
    if last_skip is not None and (dog.today - last_skip).days < PAIN_SKIP_DAYS:
        found.append(Reason(code=Code.SKIPPED_FOR_PAIN, severity=82, numbers={"on": last_skip.isoformat()}))
    worst = worst_by_day(dog.answers)
    if not worst:
        return found
    last = max(worst)
    at_limit = [
        (answer.score - limits.of(answer.moment), answer.score, answer.moment)
        for answer in dog.answers
        if answer.felt_on == last and answer.score >= limits.of(answer.moment)
    ]
    if at_limit:
        over, score, moment = max(at_limit)
        found.append(
            Reason(
                code=Code.PAIN_AT_LIMIT,
                severity=90 + 2 * min(over, 4),
                numbers={
                    "score": score,
                    "limit": score - over,
                    "moment": moment.value,
                    "on": last.isoformat(),
                },
            )
        )
    before = [score for day, score in worst.items() if 0 < (last - day).days <= BASELINE_DAYS]
    if len(before) >= BASELINE_ANSWERS and worst[last] - median(before) >= RISE_POINTS:
        rise = worst[last] - median(before)
        found.append(
            Reason(
                code=Code.PAIN_UP,
                severity=70 + 2 * min(int(rise - RISE_POINTS), 5),
                numbers={"score": worst[last], "usual": median(before), "on": last.isoformat()},
            )
        )
    mornings = [answer for answer in dog.answers if answer.moment is Moment.NEXT_MORNING and answer.felt_on == last]
    usual = _baseline(dog, last)
    if mornings and usual is not None:
        morning = max(answer.score for answer in mornings)
        if morning - usual >= limits.morning_rise:
            found.append(
                Reason(
                    code=Code.MORNING_UP,
                    severity=66 + 2 * min(int(morning - usual - limits.morning_rise), 5),
                    numbers={"score": morning, "usual": usual, "on": last.isoformat()},
                )
            )
    return found


def _baseline(dog: Dog, day: dt.date) -> float | None:
    """The dog's usual pain before exercise. Source: 06_progression.yaml, ``personal_baseline``."""
    before = [
        answer.score
        for answer in dog.answers
        if answer.moment is Moment.BEFORE and 0 < (day - answer.day).days <= BASELINE_DAYS
    ]
    return median(before) if len(before) >= BASELINE_ANSWERS else dog.intake_pain


def _of_messages(dog: Dog) -> list[Reason]:
    """Somebody at home asks a person: each day without an answer makes it more urgent, up to that of pain that rises."""
    if not dog.messages_waiting or dog.waiting_since is None:
        return []
    days = max(0, (dog.today - dog.waiting_since).days)
    numbers = {"count": dog.messages_waiting, "on": dog.waiting_since.isoformat()}
    return [Reason(code=Code.MESSAGE_WAITING, severity=62 + min(days, 7), numbers=numbers)]


def _of_clips(dog: Dog) -> list[Reason]:
    """A family filmed how it goes: what may be done wrongly is done again each day until somebody has looked."""
    if not dog.clips_waiting or dog.clips_since is None:
        return []
    days = max(0, (dog.today - dog.clips_since).days)
    numbers = {"count": dog.clips_waiting, "on": dog.clips_since.isoformat()}
    return [Reason(code=Code.CLIP_WAITING, severity=52 + min(days, 7), numbers=numbers)]


def _of_doing(dog: Dog) -> list[Reason]:
    due = sorted((day for day in dog.days if day.due and day.day < dog.today), key=lambda day: day.day)
    if not due or (dog.today - due[0].day).days < ENOUGH_DAYS:
        return []
    found: list[Reason] = []
    heard = max((day.day for day in dog.days if day.is_heard), default=None)
    silent = sum(1 for day in due if heard is None or day.day > heard)
    if silent >= ENOUGH_DAYS:
        found.append(Reason(code=Code.SILENT, severity=60 + min(silent - ENOUGH_DAYS, 10), numbers={"days": silent}))
    week = [day for day in due if (dog.today - day.day).days <= ADHERENCE_DAYS]
    done = percent(week)
    if done is not None and done < LOW_PERCENT:
        found.append(
            Reason(
                code=Code.LOW_ADHERENCE,
                severity=50 + (LOW_PERCENT - 1 - done) // 7,
                numbers={"percent": done, "days": ADHERENCE_DAYS},
            )
        )
    if not any((dog.today - answer.felt_on).days < ADHERENCE_DAYS for answer in dog.answers):
        found.append(Reason(code=Code.NO_PAIN_ANSWER, severity=40, numbers={"days": ADHERENCE_DAYS}))
    return found


def _of_the_plan(dog: Dog) -> list[Reason]:
    if not dog.is_signed:
        return [Reason(code=Code.NOT_SIGNED, severity=48)]
    found: list[Reason] = []
    if not dog.has_program:
        found.append(Reason(code=Code.NO_PROGRAM, severity=46))
    elif not dog.has_family:
        found.append(Reason(code=Code.NO_FAMILY, severity=76))
    if dog.paused_on is not None:
        found.append(Reason(code=Code.PAUSED, severity=44, numbers={"on": dog.paused_on.isoformat()}))
    if dog.has_program and dog.is_redefined and dog.phase > dog.start_phase:
        phases = {"phase": dog.phase, "start": dog.start_phase}
        found.append(Reason(code=Code.CHECK_PHASE, severity=38, numbers=phases))
    if dog.is_undetermined:
        found.append(Reason(code=Code.UNDETERMINED, severity=35))
    if dog.re_exam_due_on is not None:
        left = (dog.re_exam_due_on - dog.today).days
        numbers = {"on": dog.re_exam_due_on.isoformat(), "days": abs(left)}
        if left < 0:
            found.append(Reason(code=Code.RE_EXAM_OVERDUE, severity=55 + min(-left, 14), numbers=numbers))
        elif left <= RE_EXAM_SOON_DAYS:
            found.append(Reason(code=Code.RE_EXAM_SOON, severity=30 + RE_EXAM_SOON_DAYS - left, numbers=numbers))
    return found

"""Which dogs a person should look at first, and why: a pure reading of one dog's last fourteen days.

Missing data never reads as good: the last answer stands until a newer one, and silence is a reason of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from statistics import fmean, median
from typing import Any, Final, Self

from rehab.library import reading
from rehab.programs.ladders import Own

WINDOW_DAYS: Final = 14
ADHERENCE_DAYS: Final = 7
BASELINE_DAYS: Final = 7
BASELINE_ANSWERS: Final = 3
ENOUGH_DAYS: Final = 3
PAIN_SKIP_DAYS: Final = 3
RE_EXAM_SOON_DAYS: Final = 3
RISE_POINTS: Final = 2
LOW_PERCENT: Final = 50
STUCK_WATCH: Final = 1.3
STUCK_ACT: Final = 1.7
# A phase that lasts as long as it does good is never too long.
OPEN_ENDED_DAYS: Final = 365
HALF_DAYS: Final = 7
HALF_ANSWERS: Final = 3
PAIN_MOVED: Final = 1
DOING_MOVED: Final = 10
ACT: Final = 75
WORST: Final = 100


class Moment(StrEnum):
    """When the pain was felt; the values are those of a pain answer."""

    BEFORE = "before"
    AFTER = "after"
    NEXT_MORNING = "next_morning"


class Code(StrEnum):
    """Why a dog needs a look."""

    ALERT_NOT_DELIVERED = "alert_not_delivered"
    ALERT_WAITING = "alert_waiting"
    WARNING_SIGN = "warning_sign"
    RESTRAINED = "restrained"
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
    NOT_EVALUATED = "not_evaluated"
    REGRESS_SUGGESTED = "regress_suggested"
    STUCK_PHASE = "stuck_phase"
    LOOK_AGAIN = "look_again"
    CAME_BACK = "came_back"
    OVERLOAD = "overload"
    DONE_QUESTION = "done_question"
    READY_TO_PROGRESS = "ready_to_progress"
    CHECKPOINT_WORSE = "checkpoint_worse"
    CHECKPOINT_MISSED = "checkpoint_missed"
    RELAPSE_RISK = "relapse_risk"


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


def limits_of(profile: str, own: Own | None = None) -> Limits:
    """The limits of the profile ``msk`` or ``neuro``, a clinic's own before the content's."""
    changed = (own or {}).get(profile)
    return _limits({**_content(profile), **changed}) if changed else _limits_of_the_content(profile)


def _content(profile: str) -> Mapping[str, int]:
    numbers: Mapping[str, int] = reading.read(reading.PROGRESSION)["profiles"][profile]
    return numbers


@lru_cache(maxsize=4)
def _limits_of_the_content(profile: str) -> Limits:
    return _limits(_content(profile))


def _limits(numbers: Mapping[str, int]) -> Limits:
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
    """A warning sign (its id) that stops the exercises since a day; ``more`` counts the other signs that do.

    ``by_rules``: nobody ticked it, the rules found it in what was logged. ``is_of_one``: it stops one exercise alone.
    """

    sign: str
    on: dt.date
    is_emergency: bool
    more: int = 0
    by_rules: bool = False
    is_of_one: bool = False


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """An open suggestion that asks for a decision: less of one exercise, or one step more.

    ``said`` is the rule with its numbers, ``step`` what would change, as stored, ``dose`` the one before, ``swap`` the name
    of the exercise that would come in its place. ``seen`` says which suggestion exactly it is.
    """

    id: str
    seen: str
    is_more: bool
    exercise: str
    said: Mapping[str, Any]
    step: Mapping[str, Any]
    dose: Mapping[str, Any]
    swap: str = ""
    approver: str = ""


@dataclass(frozen=True, kw_only=True)
class Alerted:
    """Warning signs since a day that nobody has taken over; ``more`` counts the signs besides the gravest.

    ``is_for_review``: all of them can wait for the next check. ``is_unreached``: nobody at the clinic could be told.
    """

    sign: str
    on: dt.date
    is_emergency: bool = False
    is_for_review: bool = False
    is_unreached: bool = False
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class Dog:
    """What is known about one dog today; ``days`` and ``answers`` in any order.

    ``look_again`` are the rules that ask for another look at the cause; ``phase_days`` is how long its phase takes at most.
    ``own`` are the limits that its clinic has set for itself.
    ``start_phase`` is where the decision row of the definition begins. ``is_redefined``: the row is another one than that
    under which a person last decided about the phase. ``came_back`` are the numbers of a recurrence after the signature.
    """

    today: dt.date
    profile: str = CAREFUL
    own: Own = field(default_factory=dict)
    is_signed: bool = False
    came_back: Mapping[str, Any] = field(default_factory=dict)
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
    alert: Alerted | None = None
    messages_waiting: int = 0
    waiting_since: dt.date | None = None
    clips_waiting: int = 0
    clips_since: dt.date | None = None
    suggestions: Collection[Suggested] = ()
    look_again: Collection[str] = ()
    is_not_evaluated: bool = False
    phase_since: dt.date | None = None
    phase_days: int | None = None
    # The newest checkpoint after discharge that was worse and that nobody has settled, and one that was missed lately.
    checkpoint_worse: Mapping[str, Any] | None = None
    checkpoint_missed: Mapping[str, Any] | None = None
    # Each sign of a relapse that the maintenance protocol names and that is there: its criterion and its value.
    relapse: Sequence[Mapping[str, Any]] = ()


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
    found = [
        *_of_alerts(dog),
        *_of_signs(dog),
        *_of_pain(dog),
        *_of_messages(dog),
        *_of_clips(dog),
        *_of_doing(dog),
        *_of_the_plan(dog),
    ]
    found += [*_of_the_rules(dog), *_of_the_phase(dog), *_of_both(dog), *_of_maintenance(dog)]
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


def _of_alerts(dog: Dog) -> list[Reason]:
    """That nobody has taken over a warning sign, or could even be told, goes before the sign itself."""
    if dog.alert is None:
        return []
    code = Code.ALERT_NOT_DELIVERED if dog.alert.is_unreached else Code.ALERT_WAITING
    severity = WORST if dog.alert.is_emergency else WORST - 1
    if dog.alert.is_for_review:
        severity = ACT if dog.alert.is_unreached else ACT - 1
    numbers = {"sign": dog.alert.sign, "on": dog.alert.on.isoformat(), "more": dog.alert.more}
    return [Reason(code=code, severity=severity, numbers=numbers)]


def _of_signs(dog: Dog) -> list[Reason]:
    """A warning sign that stops the exercises goes before everything else, until a vet has released them."""
    if dog.stop is None:
        return []
    severity = WORST if dog.stop.is_emergency else WORST - 1
    numbers = {"sign": dog.stop.sign, "on": dog.stop.on.isoformat(), "more": dog.stop.more}
    if dog.stop.is_of_one:
        numbers["one"] = True
    code = Code.RESTRAINED if dog.stop.by_rules else Code.WARNING_SIGN
    return [Reason(code=code, severity=severity, numbers=numbers)]


def _of_pain(dog: Dog) -> list[Reason]:
    limits = limits_of(dog.profile, dog.own)
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
    if dog.came_back:
        found.append(Reason(code=Code.CAME_BACK, severity=66, numbers=dog.came_back))
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


def _of_the_rules(dog: Dog) -> list[Reason]:
    """What the rules suggest and ask; where they could not look at everything, a person must."""
    found: list[Reason] = []
    if dog.is_not_evaluated:
        found.append(Reason(code=Code.NOT_EVALUATED, severity=79))
    if dog.look_again:
        found.append(Reason(code=Code.LOOK_AGAIN, severity=65, numbers={"rules": sorted(dog.look_again)}))
    less = [one for one in dog.suggestions if not one.is_more]
    more = [one for one in dog.suggestions if one.is_more]
    if less:
        severity = 77 + min(len(less) - 1, 1)
        found.append(Reason(code=Code.REGRESS_SUGGESTED, severity=severity, numbers=_suggested(less, dog)))
    if more:
        found.append(Reason(code=Code.READY_TO_PROGRESS, severity=34, numbers=_suggested(more, dog)))
    return found


def _suggested(some: Sequence[Suggested], dog: Dog) -> dict[str, Any]:
    """The first of them; where it is the only suggestion of the dog, with what a tap needs."""
    first = some[0]
    numbers: dict[str, Any] = {"count": len(some), "exercise": first.exercise, "said": dict(first.said)}
    if len(dog.suggestions) == 1 and first.step:
        numbers["offer"] = {
            "id": first.id,
            "seen": first.seen,
            "step": dict(first.step),
            "dose": dict(first.dose),
            "swap": first.swap,
            "approver": first.approver,
        }
    return numbers


def _of_the_phase(dog: Dog) -> list[Reason]:
    """Longer in a phase than it takes: the plan or the definition may not fit."""
    if dog.phase_since is None or not dog.phase_days or dog.phase_days >= OPEN_ENDED_DAYS or dog.paused_on is not None:
        return []
    days = (dog.today - dog.phase_since).days
    numbers = {"days": days, "usual": dog.phase_days, "phase": dog.phase}
    if days >= STUCK_ACT * dog.phase_days:
        return [Reason(code=Code.STUCK_PHASE, severity=ACT, numbers=numbers)]
    if days >= STUCK_WATCH * dog.phase_days:
        return [Reason(code=Code.STUCK_PHASE, severity=42, numbers=numbers)]
    return []


def _of_maintenance(dog: Dog) -> list[Reason]:
    """After discharge: a checkpoint that was worse asks for a decision, and so does pain between two of them."""
    found: list[Reason] = []
    if dog.checkpoint_worse is not None:
        found.append(Reason(code=Code.CHECKPOINT_WORSE, severity=84, numbers=dog.checkpoint_worse))
    elif dog.checkpoint_missed is not None:
        found.append(Reason(code=Code.CHECKPOINT_MISSED, severity=45, numbers=dog.checkpoint_missed))
    if dog.relapse:
        is_pain = any(one["criterion"].startswith("pain_") for one in dog.relapse)
        numbers = {"signs": [dict(one) for one in dog.relapse]}
        found.append(Reason(code=Code.RELAPSE_RISK, severity=80 if is_pain else 43, numbers=numbers))
    return found


def _of_both(dog: Dog) -> list[Reason]:
    """Pain and doing over the last fourteen days: both up may be too much, both down may be “it is well, we are done”."""
    middle = dog.today - dt.timedelta(days=HALF_DAYS)
    first = middle - dt.timedelta(days=HALF_DAYS)
    worst = {day: score for day, score in worst_by_day(dog.answers).items() if first < day <= dog.today}
    before = [score for day, score in worst.items() if day <= middle]
    now = [score for day, score in worst.items() if day > middle]
    done = [
        percent([day for day in dog.days if low < day.day <= high and day.day < dog.today])
        for low, high in ((first, middle), (middle, dog.today))
    ]
    if min(len(before), len(now)) < HALF_ANSWERS or done[0] is None or done[1] is None:
        return []
    pain = fmean(now) - fmean(before)
    doing = done[1] - done[0]
    numbers = {
        "pain_before": round(fmean(before), 1),
        "pain_now": round(fmean(now), 1),
        "percent_before": done[0],
        "percent_now": done[1],
    }
    if pain >= PAIN_MOVED and doing >= DOING_MOVED:
        return [Reason(code=Code.OVERLOAD, severity=64, numbers=numbers)]
    if pain <= -PAIN_MOVED and doing <= -DOING_MOVED:
        return [Reason(code=Code.DONE_QUESTION, severity=37, numbers=numbers)]
    return []

"""Weighing a check for warning signs: which signs it shows, how urgent they are, and what they stop. Pure.

The owner's screen and the suspected grade are those of 01_neuro.yaml, the signs those of 02_redflags.yaml (``detect``). An
owner never sets the grade of a dog: what follows here is a suspicion that a vet looks at.
static/js/lib/warning-signs.js is the same rule on the phone; tests/sessions/test_warning_signs.py holds them together.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rehab.library import reading

Answers = Mapping[str, int | str]

# The gravest first.
URGENCIES: Final = ("emergency_now", "call_today", "next_review")
STOPS: Final = ("all_active_and_passive", "all_active", "named_exercise", "none")
STEPS_THAT_COUNT_AS_WALKING: Final = 10
WINDOW: Final = dt.timedelta(hours=48)
# A sign of which nobody here knows the meaning any more is taken for the gravest: a phone may send what it was asked
# before the content changed, and a family must not be told that nothing is wrong because a list was edited since.
UNKNOWN_SIGN: Final = (URGENCIES[0], STOPS[0])
# What words of an answer mean, the best first; of numbers the highest is the best.
BEST_FIRST: Final[Mapping[str, tuple[str, ...]]] = {
    "knuckling": ("none", "sometimes", "often", "always"),
    "voluntary_move": ("both", "one", "no"),
    "urination": ("normal", "leaks", "small", "none"),
}
# What only numbers of many days tell: pain scores, the medicine log, weight. An owner cannot see these at a glance, so
# nobody is asked to tick them. All other signs are either "ticked" in the content or plain to see at home.
COMPUTED: Final = frozenset({"RF20", "RF22", "RF26", "RF27", "RF28", "RF31"})
# What a sign of one exercise stops where nobody says which it was: after heat or cold what warms and cools; where the skin
# is broken what touches it, which is what its contraindication says (04_exercises.yaml, X_SKIN).
BY_HEAT_OR_COLD: Final = "RF25"
HEAT_AND_COLD: Final = "thermal"
TOUCHES_THE_SKIN: Final = "X_SKIN"
# Care and how the home is arranged are not exercises, and no sign stops them.
NO_EXERCISES: Final = frozenset({"nursing_care", "home_safety"})
_WEAK_BACK_LEGS: Final = frozenset({"RF01", "RF02", "RF03", "RF05", "RF13"})

# What a dog of each signed grade is known to do, where no earlier check says it (01_neuro.yaml, grades).
_WALKS: Final[Answers] = {"unaided_steps": 10, "knuckling": "none", "voluntary_move": "both", "urination": "normal"}
_DOES_NOT_MOVE: Final[Answers] = {
    "unaided_steps": 0,
    "knuckling": "always",
    "voluntary_move": "no",
    "urination": "leaks",
}
EXPECTED: Final[Mapping[int, Answers]] = {
    0: _WALKS,
    1: _WALKS,
    2: {**_WALKS, "knuckling": "always"},
    3: {**_WALKS, "knuckling": "always", "unaided_steps": 0},
    4: _DOES_NOT_MOVE,
    5: _DOES_NOT_MOVE,
}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One earlier check: when the family did it, and what it answered."""

    at: dt.datetime
    answers: Answers


@dataclass(frozen=True, kw_only=True)
class Past:
    """What is known about a dog: the ``expected`` of its signed grade, and what its last checks said, oldest first.

    A loss is known once a vet has released it, and never because the family has said it before: so the same bad answers
    are the same hit, as often as they are given. ``released_at``: a vet has looked at what stopped until then.
    """

    expected: Answers
    checks: tuple[Check, ...] = ()
    released_at: dt.datetime | None = None

    def with_known(self, check: Check) -> "Past":
        """One more check that showed no sign, or that a vet has looked at."""
        return replace(self, checks=tuple(sorted((*self.checks, check), key=lambda one: one.at)))

    def with_hit(self, check: Check) -> "Past":
        """One more check that showed a sign and is not released: nothing in it that is worse than before counts.

        What is better does, so that a fall from there is seen. Of knuckling (weighed over several checks in a row) and
        of urine (each change is a sign) only the best word is surely better.
        """
        before = known_before(self, at=check.at).answers
        no_worse = {
            name: value
            for name, value in check.answers.items()
            if (
                value == BEST_FIRST[name][0]
                if name in ("knuckling", "urination")
                else name not in before or _better(name, value, before[name]) == value
            )
        }
        return self.with_known(replace(check, answers=no_worse))

    def with_check(self, check: Check, *, ticked: Collection[str] = ()) -> "Past":
        """One more check that nobody has weighed yet."""
        is_hit = bool(weigh(check.answers, ticked, known=known_before(self, at=check.at)).flags)
        return self.with_hit(check) if is_hit else self.with_known(check)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a new check is held against: the best of the last 48 hours, or else the last that was known.

    ``knuckling`` is what the last check said, and the one before it.
    """

    answers: Answers
    knuckling: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What a check shows; ``flags`` in the order of the content, ``urgency`` empty where there is no hit.

    ``suspected_grade`` is 0, 2, 3 or 4 (0 stands for 0 or 1, which differ in pain alone; 4 for 4 or 5, which only a vet
    can tell apart), ``None`` where the answers do not say.
    """

    flags: tuple[str, ...]
    urgency: str
    stop: str
    suspected_grade: int | None

    @property
    def stops_all(self) -> bool:
        return stops_exercises(self.stop)


def expected(signed_grade: int | None) -> Answers:
    """What a dog of the grade is known to do. What nobody has said counts as healthy: so a first bad answer is a hit."""
    return EXPECTED.get(signed_grade or 0, _WALKS)


def owner_signs() -> tuple[reading.RedFlag, ...]:
    """The signs that a family is asked to tick: all of 02_redflags.yaml but those that only numbers tell."""
    return tuple(flag for flag in reading.red_flags() if flag.id not in COMPUTED)


def known_before(past: Past, *, at: dt.datetime) -> Known:
    """What was known when a check was done at the instant.

    A loss is measured over 48 hours: 10, 8 and 5 steps on three days are a fall by half, though no single day shows it.
    """
    latest: dict[str, int | str] = dict(past.expected)
    best: dict[str, int | str] = {}
    knuckling = [str(past.expected["knuckling"])]
    for check in past.checks:
        if check.at > at:
            continue
        latest.update(check.answers)
        is_settled = past.released_at is not None and check.at <= past.released_at
        if (said := check.answers.get("knuckling")) is not None:
            knuckling = [str(said)] if is_settled else [*knuckling, str(said)]
        if not is_settled and check.at >= at - WINDOW:
            for name, value in check.answers.items():
                best[name] = value if name not in best else _better(name, value, best[name])
    return Known(answers={**latest, **best}, knuckling=(knuckling[-1], knuckling[-2:][0]))


def weigh(answers: Answers, ticked: Collection[str], *, known: Known) -> Weighed:
    """Weigh the answers of one check and the signs that were ticked against what was ``known`` before.

    A ticked sign that the content does not have is an ``UNKNOWN_SIGN``.
    """
    signs = reading.red_flags()
    found = {*ticked, *_shown(answers, known)}
    can_wait = {sign.id for sign in signs if sign.urgency == "next_review"}
    # After a slip any other new sign means that it is worse than yesterday.
    if "RF21" in found and found - can_wait - {"RF21"}:
        found.add("RF03")
    grade = suspected_grade({**known.answers, **answers})
    is_weak = not found.isdisjoint(_WEAK_BACK_LEGS) or (grade is not None and grade >= 2)
    hits = [
        # Leaking with weakness is as urgent as the weakness.
        (sign.id, *(("emergency_now", STOPS[0]) if sign.id == "RF14" and is_weak else (sign.urgency, stop_of(sign))))
        for sign in signs
        if sign.id in found
    ]
    hits += [(code, *UNKNOWN_SIGN) for code in sorted(found - {sign.id for sign in signs})]
    return Weighed(
        flags=tuple(flag for flag, _, _ in hits),
        urgency=next((one for one in URGENCIES if any(urgency == one for _, urgency, _ in hits)), ""),
        stop=next((one for one in STOPS if any(stop == one for _, _, stop in hits)), "none"),
        suspected_grade=suspected_grade(answers),
    )


def stop_of(sign: reading.RedFlag) -> str:
    """What the sign stops; those for the next review leave it to a person ("none_or_named_exercise")."""
    return sign.stop if sign.stop in STOPS else "none"


def suspected_grade(answers: Answers) -> int | None:
    """The grade that the answers suggest, first match first (01_neuro.yaml, suspected_grade); pain is not asked here."""
    moves, steps, knuckling = (answers.get(name) for name in ("voluntary_move", "unaided_steps", "knuckling"))
    if moves == "no":
        return 4
    if not isinstance(steps, int):
        return None
    if steps < STEPS_THAT_COUNT_AS_WALKING:
        return 3
    if knuckling is None:
        return None
    return 2 if knuckling != "none" else 0


def _shown(answers: Answers, known: Known) -> set[str]:
    """The signs that follow from the answers by themselves (02_redflags.yaml, detect)."""
    before = known.answers
    found = set()
    steps, steps_before = answers.get("unaided_steps"), before.get("unaided_steps")
    if isinstance(steps, int) and isinstance(steps_before, int):
        if steps_before >= STEPS_THAT_COUNT_AS_WALKING > steps:
            found.add("RF01")
        if _has_halved(steps, steps_before):
            found.add("RF03")
    stood, stood_before = answers.get("standing_s"), before.get("standing_s")
    if isinstance(stood, int) and isinstance(stood_before, int) and _has_halved(stood, stood_before):
        found.add("RF03")
    if answers.get("voluntary_move") == "no" and before.get("voluntary_move") != "no":
        found.add("RF02")
    knuckling = answers.get("knuckling")
    grade, was = suspected_grade({**before, **answers}), suspected_grade(before)
    # A first stumble raises the grade, too, but it is a sign of its own (RF13), to be seen today.
    is_first_stumble = grade == 2 and knuckling == "sometimes"
    if grade is not None and was is not None and grade > was and not is_first_stumble:
        found.add("RF03")
    if knuckling is not None and _is_new_stumbling(str(knuckling), known):
        found.add("RF13")
    urination, urination_before = answers.get("urination"), before.get("urination")
    # No urine is an emergency each time it is said; drops are one when they are new, as after straining.
    if urination == "none" or (urination == "small" and urination_before not in ("small", "none")):
        found.add("RF04")
    if urination == "leaks" and urination_before != "leaks":
        found.add("RF14")
    return found


def _is_new_stumbling(now: str, known: Known) -> bool:
    """None before and any now; or worse, on two checks in a row, than the stumbling that the one before them knew."""
    rank = BEST_FIRST["knuckling"].index
    last, earlier = known.knuckling
    is_first = known.answers["knuckling"] == "none" and now != "none"
    return is_first or (earlier != "none" and min(rank(now), rank(last)) > rank(earlier))


def _has_halved(now: int, before: int) -> bool:
    return now * 2 <= before and before > 0


def _better(name: str, one: int | str, other: int | str) -> int | str:
    if isinstance(one, int) and isinstance(other, int):
        return max(one, other)
    return min(one, other, key=BEST_FIRST[name].index)


def goes_on(stop: str, *, category: str, mode: str) -> bool:
    """Whether care or an exercise goes on under a stop (02_redflags.yaml, stop_scopes).

    With ``all_active_and_passive`` “only turning, washing, bladder and skin care, medication stay”; with ``all_active``
    “passive range, massage, nursing stay unless painful”.
    """
    if stop == "all_active_and_passive":
        return category == "nursing_care"
    return stop != "all_active" or category == "nursing_care" or mode == "passive"


def signs_of_one_exercise() -> frozenset[str]:
    """The signs that stop “only the exercise that provoked it” (02_redflags.yaml, stop_scopes)."""
    return frozenset(sign.id for sign in reading.red_flags() if sign.stop == "named_exercise")


def holds(flag: str, *, slug: str, category: str, contraindications: Collection[str], named: str = "") -> bool:
    """Whether a sign of one exercise stops this one: the one that was ``named``, else those that can have brought it on."""
    if category in NO_EXERCISES:
        return False
    if named:
        return slug == named
    return category == HEAT_AND_COLD if flag == BY_HEAT_OR_COLD else TOUCHES_THE_SKIN in contraindications


def stops_exercises(stop: str) -> bool:
    """Whether a stop of this scope holds until a vet releases it; the others name one exercise, or none."""
    return stop in STOPS[:2]

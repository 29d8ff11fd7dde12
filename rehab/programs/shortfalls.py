"""Why a program may fail the dog, as far as the program itself shows it while it is written.

The four shortfalls of founding document 004, the root causes of document 002, and the half rule of secondary back
pain (document 000; 03_decision.yaml, row D5). What only sessions show is found later. Wording: ``wording.py``.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rehab.programs.totals import Line, totals

LIMB: Final = "limb"
BACK: Final = "back"
STRENGTH: Final = frozenset({"stabilisation", "core"})
# 00_vocab.yaml, maintenance: "stay on >=2 strength/stability items 2-3 days a week".
KEPT_UP_ITEMS: Final = 2
KEPT_UP_DAYS: Final = 2
# From this phase on a program trains ("only passive tasks … in P2+").
TRAINING_FROM: Final = "P2"
RETURNING: Final = frozenset({"P4", "P5"})
MAINTAINING: Final = "P5"

Targets = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shortfall:
    """One way in which the program falls short: the code of the content, what was found, and where the rule stands.

    ``slugs`` are the items and ``habits`` the movement habits that it is about. Only a refusal keeps the program
    from being given; a warning is read and answered by whoever writes it.
    """

    code: str
    found: str
    document: str
    slugs: tuple[str, ...] = ()
    habits: tuple[str, ...] = ()
    refuses: bool = False


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Too few active items work on the limb or a listed habit: how many there are, and which do not."""

    active: int
    on_target: int
    off_target: tuple[str, ...]

    @property
    def needed(self) -> int:
        """How many of the active items must work on them, at least."""
        return (self.active + 1) // 2


def aims(line: Line, *, habits: Collection[str], targets: Targets) -> frozenset[str]:
    """What an item works on: what its prescriber said, else what the content says of its exercise, else the back.

    ``targets`` is ``{"limb": slugs, "habits": {habit: slugs}}``; of the habits only the listed ones count.
    """
    if line.aim:
        return frozenset({line.aim})
    found = {habit for habit in habits if line.slug in targets["habits"].get(habit, ())}
    if line.slug in targets["limb"]:
        found.add(LIMB)
    return frozenset(found or {BACK})


def half_rule(lines: Sequence[Line], *, habits: Collection[str], targets: Targets) -> Refusal | None:
    """Refuse a program for secondary pain whose active items mostly work on the back (rows D5 and D6).

    At least half of the active items must target the limb source or a listed movement habit; items at the clinic
    are not counted, optional ones are. Without an active item there is nothing to refuse.
    """
    active = [line for line in lines if line.is_active and not line.clinic_only]
    wanted = {LIMB, *habits}
    off_target = tuple(line.slug for line in active if not wanted & aims(line, habits=habits, targets=targets))
    on_target = len(active) - len(off_target)
    if 2 * on_target >= len(active):
        return None
    return Refusal(active=len(active), on_target=on_target, off_target=off_target)


def shortfalls(
    lines: Sequence[Line],
    *,
    phase: str,
    is_secondary: bool,
    habits: Collection[str],
    targets: Targets,
    ladders: Collection[str] = (),
    shown_back: Collection[str] = (),
    cause_is_stated: bool = True,
) -> list[Shortfall]:
    """Everything in which the items fall short, the refusal first.

    ``phase`` is its code; ``ladders`` are the slugs attached to the program, in use or done; ``shown_back`` the slugs
    that the family has shown back; ``cause_is_stated`` whether the definition holds the true cause in words.
    """
    if not lines:
        return []
    return [
        *_of_the_half_rule(lines, is_secondary=is_secondary, habits=habits, targets=targets),
        *_wrong_type(lines, phase=phase, is_secondary=is_secondary, habits=habits),
        *_of_the_habits(lines, habits=habits, targets=targets),
        *_of_the_family(lines, shown_back=shown_back),
        *_of_the_way_back(lines, phase=phase, ladders=ladders),
        *([] if cause_is_stated else [Shortfall(code="true_cause_not_found", found="no_cause", document="002")]),
    ]


def _of_the_half_rule(
    lines: Sequence[Line], *, is_secondary: bool, habits: Collection[str], targets: Targets
) -> Iterator[Shortfall]:
    if is_secondary and (refusal := half_rule(lines, habits=habits, targets=targets)):
        yield Shortfall(code="wrong_type", found="mostly_back", document="000", slugs=refusal.off_target, refuses=True)


def _wrong_type(
    lines: Sequence[Line], *, phase: str, is_secondary: bool, habits: Collection[str]
) -> Iterator[Shortfall]:
    if phase >= TRAINING_FROM and not any(line.is_active for line in lines):
        yield Shortfall(code="wrong_type", found="only_passive", document="004")
    elif phase >= TRAINING_FROM and not any(line.trains in STRENGTH for line in lines):
        yield Shortfall(code="wrong_type", found="no_strength", document="004")
    # In secondary pain some work for the back itself is right; the half rule says how much.
    listed = {BACK, LIMB, *habits} if is_secondary else {BACK, *habits}
    if strays := tuple(line.slug for line in lines if line.is_active and line.aim and line.aim not in listed):
        yield Shortfall(code="wrong_type", found="off_target", document="004", slugs=strays)


def _of_the_habits(lines: Sequence[Line], *, habits: Collection[str], targets: Targets) -> Iterator[Shortfall]:
    worked_on = frozenset[str]().union(
        *(aims(line, habits=habits, targets=targets) for line in lines if line.is_active)
    )
    if left := tuple(habit for habit in habits if habit not in worked_on):
        yield Shortfall(code="inefficient_movement_habit", found="not_retrained", document="002", habits=left)


def _of_the_family(lines: Sequence[Line], *, shown_back: Collection[str]) -> Iterator[Shortfall]:
    if unshown := tuple(
        line.slug for line in lines if line.is_active and not line.clinic_only and line.slug not in shown_back
    ):
        yield Shortfall(code="done_incorrectly", found="not_shown_back", document="004", slugs=unshown)
    for warning in totals(lines).warnings:
        yield Shortfall(code="not_followed", found=warning, document="004")


def _of_the_way_back(lines: Sequence[Line], *, phase: str, ladders: Collection[str]) -> Iterator[Shortfall]:
    if phase in RETURNING and not ladders:
        yield Shortfall(code="no_graded_exposure", found="no_ladder", document="002")
    kept_up = [
        line
        for line in lines
        if line.trains in STRENGTH and line.is_counted and line.dose.due_days_per_week >= KEPT_UP_DAYS
    ]
    if phase == MAINTAINING and len(kept_up) < KEPT_UP_ITEMS:
        yield Shortfall(
            code="not_continued", found="too_little_strength", document="004", slugs=tuple(one.slug for one in kept_up)
        )

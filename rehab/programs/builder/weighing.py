"""What the plan comes to: sums against the running program, the four shortfalls, and the half rule, in sentences."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from rehab.library import reading, translating
from rehab.patients.models import ProblemDefinition
from rehab.programs.actions.items import Item
from rehab.programs.models import Program
from rehab.programs.queries import current_prescriptions
from rehab.programs.shortfalls import LIMB, Shortfall, aims, shortfalls
from rehab.programs.totals import Line, Totals, totals
from rehab.programs.wording import shortfall_text


@dataclass(frozen=True, kw_only=True)
class Check:
    """One of the ways in which programs fail, with what of it this plan shows; nothing means that it looks well.

    Where there is no plan yet, there is nothing to look at either.
    """

    title: str
    found: Sequence[str] = ()
    refuses: bool = False
    is_looked_at: bool = True

    @property
    def state(self) -> str:
        if not self.is_looked_at:
            return "open"
        return "act" if self.refuses else "watch" if self.found else "ok"


@dataclass(frozen=True, kw_only=True)
class Half:
    """How many of the active items of secondary pain work on the limb or a listed habit."""

    on_target: int
    active: int

    @property
    def is_enough(self) -> bool:
        return 2 * self.on_target >= self.active


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """The plan in numbers and checks."""

    totals: Totals
    most_active: int
    checks: Sequence[Check]
    half: Half | None

    @property
    def minutes_per_day(self) -> int:
        return _whole(self.totals.minutes_per_day)

    @property
    def longest_session(self) -> int:
        return _whole(self.totals.longest_session_minutes)

    @property
    def weekly_load(self) -> int:
        return round(self.totals.weekly_load)


def _whole(minutes: float) -> int:
    """Rounded, but what takes any time at all takes a minute."""
    return max(round(minutes), 1 if minutes else 0)


def weigh(
    items: Sequence[Item],
    *,
    definition: ProblemDefinition,
    phase: str,
    most_active: int,
    running: Program | None,
    shown_back: Collection[str],
) -> Weighed:
    """The sums and checks of these items; ``shown_back`` are the exercises that the family has shown back, by slug."""
    lines = [item.line for item in items]
    before = [Item.of(one).line for one in current_prescriptions(running)] if running else None
    is_secondary = definition.origin == ProblemDefinition.Origin.SECONDARY
    short = shortfalls(
        lines,
        phase=phase,
        is_secondary=is_secondary,
        habits=definition.habits,
        targets=reading.targets(),
        shown_back=shown_back,
        cause_is_stated=bool(definition.cause_statement.strip()),
    )
    return Weighed(
        totals=totals(lines, running=before),
        most_active=most_active,
        checks=_checks(short, names={line.slug: line.name for line in lines}, is_looked_at=bool(lines)),
        half=_half(lines, definition) if is_secondary else None,
    )


def _half(lines: Sequence[Line], definition: ProblemDefinition) -> Half:
    active = [line for line in lines if line.is_active and not line.clinic_only]
    wanted = {LIMB, *definition.habits}
    on_target = [line for line in active if wanted & aims(line, habits=definition.habits, targets=reading.targets())]
    return Half(on_target=len(on_target), active=len(active))


def _checks(short: Sequence[Shortfall], *, names: dict[str, str], is_looked_at: bool) -> list[Check]:
    """The four shortfalls of document 004, then those causes of failure of document 002 that show."""
    habits = {code: translating.said(habit.label) for code, habit in reading.habits().items()}
    always = {
        "wrong_type": _("The right kind of exercise"),
        "done_incorrectly": _("Done correctly"),
        "not_followed": _("Little enough to keep up"),
        "not_continued": _("Lasts"),
    }
    when_found = {
        "inefficient_movement_habit": _("Movement habits"),
        "no_graded_exposure": _("The way back to daily life"),
        "true_cause_not_found": _("The true cause"),
    }
    by_code: dict[str, list[Shortfall]] = {}
    for one in short:
        by_code.setdefault(one.code, []).append(one)
    return [
        Check(
            title=title,
            found=[shortfall_text(one, names, habits) for one in by_code.get(code, ())],
            refuses=any(one.refuses for one in by_code.get(code, ())),
            is_looked_at=is_looked_at,
        )
        for code, title in (*always.items(), *when_found.items())
        if code in always or code in by_code
    ]

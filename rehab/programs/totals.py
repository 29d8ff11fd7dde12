"""What a list of items asks of a dog and its family: active items, minutes, weekly load, and where it is too much.

Sources: 09_adherence.yaml, design_rules ("2-4 active items a day, <= 15 min per session; warn prescriber above 4");
active_item_warn of 03_decision.yaml; weekly_load of 06_progression.yaml.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rehab.programs.dose import Dose

MOST_ACTIVE: Final = 4
MOST_SESSION_MINUTES: Final = 15
# Walks and time outdoors belong to the day as it is; nobody sits down to them (see ``Line.is_sat_down_to``).
WALKS: Final = frozenset({"gait_endurance", "enrichment"})


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item of a program as the builder sees it; ``category`` and ``trains`` are those of its exercise.

    ``aim`` is what the prescriber said it works on: "limb", "back" or a movement habit; empty when not said.
    """

    slug: str
    name: str
    is_active: bool
    load: int
    dose: Dose
    category: str = ""
    trains: str = ""
    clinic_only: bool = False
    aim: str = ""

    @property
    def is_counted(self) -> bool:
        """Whether it is one of the active items of a day plan: at home, and not only when there is time."""
        return self.is_active and not self.clinic_only and not self.dose.optional

    @property
    def is_sat_down_to(self) -> bool:
        """Whether it belongs to a round of exercises that the family takes time for at home.

        Care has a rhythm of its own, an optional item is not planned, and walks are the family's day as it is: the
        content's own templates plan walks of 25 minutes beside "at most 15 minutes a session".
        """
        return (
            self.load > 0
            and not self.clinic_only
            and not self.dose.optional
            and self.dose.interval_hours is None
            and self.category not in WALKS
        )


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The sums of a program, each item counted as if it had begun; minutes are rounded by whoever shows them.

    ``warnings`` holds "too_many_active" and "session_too_long". ``growth_percent`` is against the running program.
    """

    items: int
    active: int
    optional: int
    minutes_per_day: float
    longest_session_minutes: float
    weekly_load: float
    growth_percent: int | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Misplaced:
    """An item that is said to happen inside another, and cannot.

    ``why``: "not_there", "itself", "inside_another" (the other is a part too), "not_at_home" (one is at the clinic),
    "unlike" (the other has no times a day of its own) or "too_often" (more often than the other).
    """

    slug: str
    part_of: str
    why: str


def totals(lines: Sequence[Line], *, running: Sequence[Line] | None = None) -> Totals:
    """The sums of the items; ``running`` is the program that they would replace.

    Minutes a day are those of a day on which everything at home is due. The longest session is one round, one time
    of each item, on the weekday with the most. Load counts whatever the dog may do, at the clinic and optional too:
    the limit protects the dog, the other numbers protect the family's day.
    """
    at_home = [line for line in lines if not line.clinic_only and not line.dose.optional]
    active = sum(line.is_counted for line in lines)
    session = _longest_session(lines)
    load = weekly_load(lines)
    before = weekly_load(running or ())
    return Totals(
        items=len(lines),
        active=active,
        optional=sum(line.dose.optional for line in lines),
        minutes_per_day=sum(line.dose.minutes_per_day for line in at_home),
        longest_session_minutes=session,
        weekly_load=load,
        growth_percent=round((load - before) * 100 / before) if before else None,
        warnings=tuple(_warnings(active=active, session=session)),
    )


def weekly_load(lines: Sequence[Line]) -> float:
    """The sum over active items of minutes times load level."""
    return sum(line.dose.weekly_load(line.load) for line in lines if line.is_active)


def _longest_session(lines: Sequence[Line]) -> float:
    sat_down_to = [line.dose for line in lines if line.is_sat_down_to]
    return max(sum(dose.minutes_per_time for dose in sat_down_to if dose.weekdays >> day & 1) for day in range(7))


def _warnings(*, active: int, session: float) -> Iterator[str]:
    if active > MOST_ACTIVE:
        yield "too_many_active"
    if session > MOST_SESSION_MINUTES:
        yield "session_too_long"


def misplaced(lines: Sequence[Line]) -> list[Misplaced]:
    """The items that cannot happen inside the item that they name."""
    by_slug = {line.slug: line for line in lines}
    return [
        Misplaced(slug=line.slug, part_of=line.dose.part_of, why=why)
        for line in lines
        if line.dose.part_of and (why := _misplaced(line, by_slug.get(line.dose.part_of)))
    ]


def _misplaced(line: Line, other: Line | None) -> str:
    if other is None:
        return "not_there"
    if other.slug == line.slug:
        return "itself"
    if other.dose.part_of:
        return "inside_another"
    if other.clinic_only != line.clinic_only:
        return "not_at_home"
    if other.dose.one_off or other.dose.per_prescription or other.dose.duration_days is not None:
        return "unlike"
    if other.dose.optional and not line.dose.optional:
        return "unlike"
    if line.dose.times_per_day > other.dose.times_per_day:
        return "too_often"
    return "too_often" if line.dose.due_days_per_week > other.dose.due_days_per_week else ""

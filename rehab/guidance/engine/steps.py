"""The concrete next step of one exercise: how much more, how much less, or its neighbour in the library.

Source: 06_progression.yaml, step_rules and G7. A step moves one variable, and the dose stays inside its range.
"""

from collections.abc import Collection
from typing import Final

from rehab.guidance.engine.rounds import Exposure
from rehab.guidance.engine.values import Dog, Fired, Item, Neighbour, NextStep, Session
from rehab.programs.dose import LESS_PERCENT, Dose, Step, low_end, step_down, step_up

REGRESS_PERCENT: Final = 20
SECOND_PERCENT: Final = 50
SECOND_DAYS: Final = 7


def step_up_of(item: Item) -> NextStep | None:
    """One step more; at the top of the range the harder neighbour at its low end; ``None`` at the end of the road."""
    step = step_up(item.dose, item.dose_range)
    if step is not None:
        return _of_dose(item.slug, step)
    return _swap(item.harder)


def step_down_of(item: Item, dog: Dog, fired: Collection[Fired]) -> NextStep | None:
    """One step less: 20 %, 50 % the second time in seven days, 70 % of the dose after a break.

    At the bottom of the range it is the easier neighbour, at its last clean dose; where there is none, the same below the
    range: how long, how many, then how often. ``None`` only where nothing is left to lower.
    """
    a_break = next((one for one in fired if one.rule == "G7"), None)
    if a_break is not None and a_break.numbers["re_enter"]:
        return NextStep(slug=item.slug, dose=low_end(item.dose, item.dose_range), re_enter=True)
    percent = LESS_PERCENT if a_break is not None else REGRESS_PERCENT
    if item.lowered_at is not None and (dog.today - item.lowered_at.date()).days <= SECOND_DAYS:
        percent = SECOND_PERCENT
    step = step_down(item.dose, percent, dose_range=item.dose_range)
    if step is not None:
        return _of_dose(item.slug, step, percent=percent)
    if item.easier is not None:
        return _swap(item.easier, at=last_clean_dose(item.easier, dog))
    below = step_down(item.dose, percent)
    return None if below is None else _of_dose(item.slug, below, percent=percent, is_below=True)


def last_clean_dose(neighbour: Neighbour, dog: Dog) -> Dose | None:
    """The dose of which the dog last did all with good answers, if the exercise may still be given so.

    Source: step_rules, regress: "easier item at its last clean dose". A clean session is that of P1.
    """
    done = sorted(
        ((one, dose) for one, dose in neighbour.rounds if one.day <= dog.today and one.share >= 1),
        key=lambda pair: (pair[0].day, pair[0].at),
        reverse=True,
    )
    for one, dose in done:
        session = dog.by_day.get(one.day) or Session(day=one.day, at=one.at)
        if Exposure(round=one, session=session).is_clean(dog):
            return None if dose.within(neighbour.dose_range) else dose
    return None


def is_allowed_ahead(step: NextStep, *, up_to: Dose | None) -> bool:
    """Whether a vet has approved this very step ahead: the same exercise, and no number above the range."""
    if up_to is None or step.is_swap or not step.variable:
        return False
    most = getattr(up_to, step.variable)
    return most is not None and step.after is not None and step.after <= most


def _of_dose(slug: str, step: Step, *, percent: int = 0, is_below: bool = False) -> NextStep:
    return NextStep(
        slug=slug,
        dose=step.dose,
        variable=step.variable,
        before=step.before,
        after=step.after,
        percent=percent,
        is_below=is_below,
    )


def _swap(neighbour: Neighbour | None, *, at: Dose | None = None) -> NextStep | None:
    if neighbour is None:
        return None
    return NextStep(slug=neighbour.slug, dose=at or low_end(neighbour.dose, neighbour.dose_range), is_swap=True)

"""P1: all that must hold before an exercise may grow. Source: 06_progression.yaml, rules, PROGRESS.

Each condition has a name, so that a person reads which one is not met; an answer that is not there meets none. Some
the content only implies ("tired", "answers", "plan", "settling"): what nobody answered must not let an exercise grow.
"""

from collections.abc import Iterator
from statistics import fmean
from typing import Final

from rehab.guidance.engine.hold import ENOUGH_DONE, LOOKED_AT
from rehab.guidance.engine.regress import AGAIN_DAYS
from rehab.guidance.engine.rounds import at_level, clean_run, rounds_of, told, unanswered_days
from rehab.guidance.engine.values import Dog, Item

WELL_ENOUGH: Final = 2
WELL_ON_AVERAGE: Final = 2.5


def unmet(item: Item, dog: Dog) -> tuple[str, ...]:
    """The names of the conditions of progress that do not hold, in the order of the content."""
    return tuple(_unmet(item, dog))


def missing(item: Item, dog: Dog) -> tuple[str, ...]:
    """Which answers around the sessions that count are not there."""
    looked_at = told(item, dog)[-dog.profile.clean_needed :]
    found = {name for one in looked_at for name in one.unanswered(dog)}
    if any(one.round.quality is None for one in rounds_of(item, dog)[-dog.profile.clean_needed :]):
        found.add("quality")
    if _tiredness_is_unknown(item, dog):
        found.add("tired")
    if item.completion is None:
        found.add("completion")
    if dog.baseline is None:
        found.add("baseline")
    return tuple(sorted(found))


def _unmet(item: Item, dog: Dog) -> Iterator[str]:
    if dog.profile.never:
        yield "undetermined"
    needed = dog.profile.clean_needed
    if clean_run(item, dog) < needed:
        yield "clean_sessions"
    if not _is_done_well(item, dog, needed):
        yield "quality"
    if _tiredness_is_unknown(item, dog):
        yield "tired"
    if unanswered_days(dog):
        yield "answers"
    # Nothing due in seven days is nothing to build on either.
    if item.completion is None or item.completion_at_level is None or item.completion_at_level < ENOUGH_DONE:
        yield "completion"
    if item.last_done_on is None or len(at_level(item, dog)) < dog.profile.min_sessions:
        yield "sessions"
    if (dog.today - item.level_since).days < dog.profile.min_days_at_level:
        yield "days"
    if None in (dog.limits, dog.re_exam_due_on, dog.started_on):
        yield "plan"
    # One more regress within these days lowers everything (G8), and one change at a time; whether there is one can hang
    # on an answer that is missing.
    if any(0 <= (dog.today - day).days <= AGAIN_DAYS for day in dog.lowered_on):
        yield "settling"
    yield from item.lacking


def _is_done_well(item: Item, dog: Dog, count: int) -> bool:
    """Today's counts, too. More sessions must not make up for the last ones, so their mean has to do as well."""
    quality = [one.round.quality for one in rounds_of(item, dog)[-count:]]
    known = [value for value in quality if value is not None]
    if len(known) < count or min(known) < WELL_ENOUGH:
        return False
    return min(fmean(known), fmean(known[-LOOKED_AT:])) >= WELL_ON_AVERAGE


def _tiredness_is_unknown(item: Item, dog: Dog) -> bool:
    """With nerve pain fatigue is overload (G6), and nobody said how tired the last session left the dog."""
    rounds = told(item, dog)
    return dog.profile.name != "msk" and (not rounds or rounds[-1].session.tired is None)

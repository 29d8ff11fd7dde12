"""The sessions of one exercise in order, joined with the answers of their days."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from rehab.guidance.engine.values import ONE_DAY, Dog, Item, Round, Session


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """One round of the exercise, and how the dog was around it."""

    round: Round
    session: Session

    @property
    def day(self) -> dt.date:
        return self.round.day

    def is_flawed(self, dog: Dog) -> bool:
        """Whether any of the answers was not good; what nobody answered is no flaw, and not good either."""
        profile, session = dog.profile, self.session
        return (
            (session.after is not None and session.after > profile.green_max)
            or (session.rise is not None and session.rise > profile.rise_in_session_ok)
            or (
                session.morning is not None
                and dog.baseline is not None
                and session.morning - dog.baseline > profile.morning_over_baseline_ok
            )
            or bool(self.round.stop_codes)
        )

    def unanswered(self, dog: Dog) -> set[str]:
        """Which of the answers that make a session clean are not there."""
        known = {
            "pain_before": self.session.before,
            "pain_after": self.session.after,
            "pain_next_morning": self.session.morning,
            "baseline": dog.baseline,
        }
        return {name for name, value in known.items() if value is None}

    def is_clean(self, dog: Dog) -> bool:
        """Whether the pain, the next morning and the stop codes were all as they should be (P1, the first three)."""
        return not self.is_flawed(dog) and not self.unanswered(dog)


def rounds_of(item: Item, dog: Dog) -> Sequence[Exposure]:
    """The rounds in which something was done or stopped, the oldest first, since the exercise was last lowered.

    What came before a step down has been answered by it, and must not lower the new dose again.
    """
    rounds = sorted(
        (
            one
            for one in item.rounds
            if one.day <= dog.today and _happened(one) and (item.lowered_at is None or one.at > item.lowered_at)
        ),
        key=lambda one: (one.day, one.at),
    )
    return [Exposure(round=one, session=dog.by_day.get(one.day) or Session(day=one.day, at=one.at)) for one in rounds]


def _happened(one: Round) -> bool:
    return one.share > 0 or bool(one.stop_codes)


def at_level(item: Item, dog: Dog) -> Sequence[Exposure]:
    """Those at the present dose."""
    return [one for one in rounds_of(item, dog) if one.day >= item.level_since]


def told(item: Item, dog: Dog) -> Sequence[Exposure]:
    """The rounds that can be judged.

    Today's is left out while only its next morning is missing, which nobody can have answered; it is judged at once
    when what is known of it is not good, or when anything else is not known.
    """
    found = rounds_of(item, dog)
    if found and found[-1].day == dog.today:
        today = found[-1]
        if today.unanswered(dog) == {"pain_next_morning"} and not today.is_flawed(dog):
            return found[:-1]
    return found


def seen_by_nobody(dog: Dog) -> Sequence[Session]:
    """The sessions whose next morning came after a vet last looked."""
    return [one for one in dog.in_order if dog.looked_at is None or one.at + ONE_DAY > dog.looked_at]


def unanswered_days(dog: Dog) -> Sequence[dt.date]:
    """Of the newest days with exercise, as many as clean ones are needed, those around which an answer is missing.

    Whichever exercise it was: a morning that nobody told of may hide a sign of the whole dog.
    """
    days = {one.day for item in dog.items for one in item.rounds if one.day <= dog.today and _happened(one)}
    newest = sorted(days)[-dog.profile.clean_needed :]
    return [day for day in newest if not _is_answered(dog.by_day.get(day), is_over=day < dog.today)]


def _is_answered(one: Session | None, *, is_over: bool) -> bool:
    if one is None or one.before is None or one.after is None:
        return False
    return one.morning is not None or not is_over


def clean_run(item: Item, dog: Dog) -> int:
    """How many of the newest rounds were clean, one after another."""
    count = 0
    for one in reversed(told(item, dog)):
        if not one.is_clean(dog):
            break
        count += 1
    return count

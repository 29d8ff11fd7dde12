"""How hard the activities of this dog's own life are: client-specific outcome measures (CSOM, 08_instruments.yaml). Pure.

Three to five activities that the owner named stand in the signed definition, each scored 0 (normal) to 4 (cannot). The sum
is compared with the dog's own beginning and with nothing else: no cut-off is published.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

LOWEST: Final = 0
HIGHEST: Final = 4
MOST: Final = 5
# The family is asked again four weeks after it answered last; practice, not evidence.
ASKED_AGAIN_DAYS: Final = 28


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What was said on one day: 0 to 4 by the activity's words; ``by`` is empty at an examination."""

    day: dt.date
    scores: Mapping[str, int]
    by: str = ""

    @property
    def total(self) -> int:
        return sum(self.scores.values())


@dataclass(frozen=True, kw_only=True)
class Course:
    """The activities of the definition that holds, and how hard they were: oldest first, the beginning among them.

    What was said about other activities is left out, because sums of different activities cannot be compared.
    """

    definition: UUID
    words: tuple[str, ...]
    points: tuple[Scored, ...]

    @property
    def most(self) -> int:
        """The sum of a dog that can do nothing of it."""
        return HIGHEST * len(self.words)

    @property
    def first(self) -> Scored | None:
        return self.points[0] if self.points else None

    @property
    def last(self) -> Scored | None:
        """The newest, where there is one besides the first."""
        return self.points[-1] if len(self.points) > 1 else None

    @property
    def due_on(self) -> dt.date | None:
        """From when the family is asked again; ``None`` while nothing was ever said."""
        return asked_again_on(self.points[-1].day) if self.points else None


def asked_again_on(day: dt.date) -> dt.date:
    return day + dt.timedelta(days=ASKED_AGAIN_DAYS)


def words_of(activities: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The words of each activity, in order; where two have the same, the later one is numbered."""
    found: list[str] = []
    for number, one in enumerate(activities, start=1):
        text = str(one["text"])
        found.append(f"{text} ({number})" if text in found else text)
    return tuple(found)


def scores_of(activities: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    """What a definition says of each activity; ``None`` where it does not score them all."""
    values = [int(one["score"]) for one in activities if one.get("score") is not None]
    if not values or len(values) < len(activities):
        return None
    return dict(zip(words_of(activities), values, strict=True))


def course(
    definitions: Sequence[tuple[UUID, dt.date, Sequence[Mapping[str, Any]]]], answers: Iterable[Scored]
) -> Course | None:
    """The course of the newest definition's activities; ``None`` where it names none.

    ``definitions`` are the signed ones, newest first, each with the day on which it was signed; of the answers of one day the
    last given counts, and an answer counts more than the examination of its day.
    """
    if not definitions or not definitions[0][2]:
        return None
    pk, _day, activities = definitions[0]
    words = words_of(activities)
    by_day: dict[dt.date, Scored] = {}
    first: Scored | None = None
    for _pk, day, said in reversed(definitions):
        scores = scores_of(said)
        if scores is None or set(scores) != set(words):
            continue
        examined = Scored(day=day, scores=scores)
        if first is None:
            first = examined
        else:
            by_day[day] = examined
    for one in answers:
        if set(one.scores) == set(words) and (first is None or one.day >= first.day):
            by_day[one.day] = one
    # The beginning stays what it was, even if the family answered on that very day.
    begun = (first,) if first else ()
    return Course(definition=pk, words=words, points=(*begun, *(by_day[day] for day in sorted(by_day))))

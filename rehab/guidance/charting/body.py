"""Where it hurt, over time: a small dog for every week or several, each area the darker the more often it was marked."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rehab.guidance.charting import wording
from rehab.guidance.charting.axis import ONE_DAY, WEEK, Axis
from rehab.library import reading, translating

MOST_DOGS: Final = 12
# Marked on up to a third, up to two thirds, or more of the days with an answer.
LEVELS: Final = 3


@dataclass(frozen=True, kw_only=True)
class BodyWeek:
    """One stretch of days: how dark each area is (1 to 3), and the same in words."""

    name: str
    words: str
    levels: Mapping[str, int]
    answers: int

    def shades(self, side: str, regions: Sequence[Region], paired: Collection[str]) -> list[Shade]:
        """The dark areas of the dog seen from one side; what has no left and right shows on both."""
        return [
            Shade(level, *place)
            for code, *place in regions
            if (level := self.levels.get(f"{code}_{side}" if code in paired else code))
        ]


class Shade(NamedTuple):
    """One area of the picture of the dog, and how dark it is."""

    level: int
    x: int
    y: int
    width: int
    height: int


# An area of the picture: its code, and where it is.
Region = tuple[str, int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class BodyMap:
    """The dogs, the oldest first; ``days`` is how many days each stands for."""

    weeks: list[BodyWeek]
    days: int
    summary: str

    @property
    def has_marks(self) -> bool:
        return any(week.levels for week in self.weeks)


def body_map(areas: Mapping[dt.date, Sequence[str]], axis: Axis) -> BodyMap:
    """At most twelve dogs over the axis, the last one up to today."""
    weeks = -(-axis.days // WEEK)
    length = WEEK * -(-weeks // MOST_DOGS)
    count = -(-axis.days // length)
    found = []
    for ago in range(count - 1, -1, -1):
        last = axis.last - ago * length * ONE_DAY
        first = last - (length - 1) * ONE_DAY
        found.append(_week(first, last, {day: codes for day, codes in areas.items() if first <= day <= last}))
    return BodyMap(weeks=found, days=length, summary=_summary(areas))


def _week(first: dt.date, last: dt.date, areas: Mapping[dt.date, Sequence[str]]) -> BodyWeek:
    marked = Counter(code for codes in areas.values() for code in set(codes))
    return BodyWeek(
        name=_("%(first)s to %(last)s") % {"first": wording.short_day(first), "last": wording.short_day(last)},
        words=_words(marked, len(areas)),
        levels={code: -(-LEVELS * count // len(areas)) for code, count in marked.items()},
        answers=len(areas),
    )


def _words(marked: Counter[str], answers: int) -> str:
    if not answers:
        return _("no answer")
    if not marked:
        return ngettext("nowhere (%(n)d answer)", "nowhere (%(n)d answers)", answers) % {"n": answers}
    names = reading.areas()
    said = [
        _("%(area)s on %(n)d of %(of)d days") % {"area": _area(names.get(code, code)), "n": count, "of": answers}
        for code, count in sorted(marked.items(), key=lambda one: (-one[1], one[0]))
    ]
    return "; ".join(said)


def _area(label: str) -> str:
    return translating.said(label)


def _summary(areas: Mapping[dt.date, Sequence[str]]) -> str:
    marked = Counter(code for codes in areas.values() for code in set(codes))
    if not areas:
        return _("Nobody said where it hurts in this time.")
    if not marked:
        return ngettext(
            "Asked where it hurts on %(n)d day: nowhere.", "Asked where it hurts on %(n)d days: nowhere.", len(areas)
        ) % {"n": len(areas)}
    [(code, count)] = marked.most_common(1)
    return _("Most often marked: %(area)s, on %(n)d of %(of)d days with an answer.") % {
        "area": _area(reading.areas().get(code, code)),
        "n": count,
        "of": len(areas),
    }

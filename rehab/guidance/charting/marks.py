"""The decisions of the picture: numbered marks through all bands, and the list that says what was decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.translation import ngettext

from rehab.guidance.charting import wording
from rehab.guidance.charting.axis import Axis
from rehab.guidance.charting.geometry import together
from rehab.guidance.charting.reading import Item
from rehab.programs.models import Decision

# Above this, steps of single exercises are left to the history: what turned the course must stay readable.
MANY: Final = 60
TURNS: Final = frozenset(
    {
        *(Decision.Kind.ASSIGN, Decision.Kind.PHASE, Decision.Kind.REDEFINE, Decision.Kind.REGRESS),
        *(Decision.Kind.LADDER_START, Decision.Kind.LADDER_END, Decision.Kind.PAUSE, Decision.Kind.RESUME),
        *(Decision.Kind.END, Decision.Kind.DISCHARGE),
    }
)
# Under one number.
LINES: Final = 6


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """What was decided under one number of the picture; ``more`` are told in the history only."""

    number: int
    day: str
    texts: list[str]
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The marks by place, their list, and a sentence on what was left out."""

    groups: list[list[int]]
    listed: list[Numbered]
    left_out: str = ""


def marks_of(decisions: Sequence[Decision], items: Sequence[Item], axis: Axis) -> Marks:
    """The decisions on the axis; one from tomorrow on stands at its end."""
    begun = {one.effective_on for one in decisions if one.kind == Decision.Kind.ASSIGN}
    # Where the next program begins on the same day, the end of the last one is no news.
    decisions = [one for one in decisions if one.kind != Decision.Kind.END or one.effective_on not in begun]
    shown = decisions if len(decisions) <= MANY else [one for one in decisions if one.kind in TURNS][-MANY:]
    started: defaultdict[UUID | None, list[Item]] = defaultdict(list)
    ended: defaultdict[UUID | None, list[Item]] = defaultdict(list)
    for item in items:
        started[item.started_by].append(item)
        ended[item.ended_by].append(item)
    by_place: defaultdict[int, list[Decision]] = defaultdict(list)
    for one in shown:
        by_place[axis.nearest(one.effective_on)].append(one)
    groups = together(list(by_place), count=axis.count)
    listed = []
    for number, group in enumerate(groups, start=1):
        here = [one for place in group for one in by_place[place]]
        days = sorted({one.effective_on for one in here})
        texts = []
        for one in here[:LINES]:
            text = wording.decision(one, started[one.pk], ended[one.pk])
            texts.append(text if len(days) == 1 else f"{wording.short_day(one.effective_on)}: {text}")
        listed.append(
            Numbered(
                number=number,
                day=wording.long_day(days[0])
                if len(days) == 1
                else f"{wording.short_day(days[0])} – {wording.long_day(days[-1])}",
                texts=texts,
                more=len(here) - len(texts),
            )
        )
    return Marks(groups=groups, listed=listed, left_out=_left_out(len(decisions) - len(shown)))


def _left_out(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "%(n)d smaller decision of this time is not marked; the history has it.",
        "%(n)d smaller decisions of this time are not marked; the history has them.",
        count,
    ) % {"n": count}

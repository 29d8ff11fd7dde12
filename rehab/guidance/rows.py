"""The rows of the vet's list as HTML."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from rehab.guidance import attention, wording
from rehab.guidance.attention import Level, Reason
from rehab.guidance.charts import spark
from rehab.guidance.queries.worklist import Listed
from rehab.lib.blanks import Blank
from rehab.lib.time_zones import local_day
from rehab.library import translating

NOBODY: Final = str(UUID(int=0))
DOG: Final = Blank(
    "guidance/_dog.html",
    *("url", "name", "whose", "problem", "axes", "phase", "phase_name", "percent"),
    *("line", "last", "pain", "pain_on", "badge", "why"),
)


class Look(NamedTuple):
    """How loudly a row speaks, and what it says."""

    level: Level
    badge: SafeString
    why: SafeString


class Rows:
    """Fills in the rows of one page."""

    def __init__(self, *, at: dt.datetime) -> None:
        self.language = get_language()
        self.path = reverse("guidance:patient", args=[NOBODY])
        self.today_in = cache(lambda zone: local_day(at=at, time_zone=zone))
        self.day_name = cache(lambda day, today: escape(wording.day_name(day, today=today)))
        # For what many rows have in common.
        self.escape = cache(escape)

    def html(self, dogs: Sequence[Listed]) -> SafeString:
        """The rows, safe to print."""
        return SafeString("".join(self.row(dog) for dog in dogs))

    def row(self, dog: Listed) -> SafeString:
        """One row."""
        today = self.today_in(dog.time_zone)
        look = _look(self.language, dog.attention, dog.reasons, dog.as_of, today)
        problem, axes = _problem(self.language, dog.cause, dog.neuro_grade, dog.origin, dog.mechanism)
        line, last = _spark(dog.pain_series)
        return DOG.fill(
            {
                "url": self.path.replace(NOBODY, str(dog.id)),
                "name": dog.name,
                "whose": " · ".join(filter(None, (dog.breed, dog.owner))),
                "problem": problem,
                "axes": axes,
                "phase": self.escape(dog.phase or ""),
                "phase_name": self.escape(translating.said(dog.phase_name or "")),
                "percent": self.escape(dog.adherence_percent),
                "line": line,
                "last": last,
                "pain": self.escape(dog.last_pain),
                "pain_on": self.day_name(dog.last_pain_on, today) if dog.last_pain_on else SafeString(),
                "badge": look.badge,
                "why": look.why,
            },
            language=self.language,
            level=look.level.value,
            icon=wording.ICONS[look.level],
            has_percent=dog.adherence_percent is not None,
            has_pain=dog.last_pain is not None,
        )


# What follows is remembered by what is said, not by whose dog it is: decoding and wording cost more than all else of a
# row, many dogs have the same, and the list is opened many times a day.


@lru_cache(maxsize=4096)
def _look(
    _language: str | None, severity: int | None, reasons: str | None, as_of: dt.date | None, today: dt.date
) -> Look:
    """The first reason as a badge and in a sentence, and whether the numbers are of another day."""
    if severity is None or reasons is None or as_of is None:
        return Look(Level.WATCH, escape(_("New")), escape(_("Just registered; the numbers come within a minute.")))
    first = next(map(Reason.from_json, json.loads(reasons)), None)
    words = [wording.sentence(first, today=today)] if first else []
    if as_of != today:
        # The worker has not come round since midnight: a list that looks fresh and is not would mislead.
        words.append(_("Numbers of %(day)s.") % {"day": wording.short_day(as_of)})
    return Look(
        attention.level(severity) if first else Level.OK,
        escape(str(wording.BADGES[first.code]) if first else _("Calm")),
        escape(" ".join(words)),
    )


@lru_cache(maxsize=1024)
def _problem(
    _language: str | None, cause: str | None, grade: int | None, origin: str | None, mechanism: str | None
) -> tuple[SafeString, SafeString]:
    if not origin or not mechanism:
        return escape(_("Not defined")), SafeString()
    words, axes = wording.problem(cause or "", grade, origin, mechanism)
    return escape(words), escape(axes)


@lru_cache(maxsize=4096)
def _spark(series: str | None) -> tuple[SafeString, SafeString]:
    found = spark(json.loads(series or "[]"))
    return escape(found.line), escape(found.last)

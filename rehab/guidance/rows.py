"""The rows of the vet's list as HTML."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from rehab.guidance import attention, wording
from rehab.guidance.attention import Code, Level, Reason
from rehab.guidance.charts import spark
from rehab.guidance.models import Suggestion
from rehab.guidance.models.suggestions import Verdict
from rehab.guidance.queries.worklist import Listed
from rehab.guidance.suggestion_wording import APPROVERS, step_text
from rehab.lib.blanks import Blank
from rehab.lib.time_zones import local_day
from rehab.library import translating
from rehab.programs.dose import Dose

NOBODY: Final = str(UUID(int=0))
DOG: Final = Blank(
    "guidance/_dog.html",
    *("url", "name", "whose", "problem", "axes", "phase", "phase_name", "percent"),
    *("line", "last", "pain", "pain_on", "badge", "why", "note"),
    *("accept", "seen", "csrf", "step"),
)


OFFERED: Final = frozenset({Code.REGRESS_SUGGESTED, Code.READY_TO_PROGRESS})
FOR_ALL_STAFF: Final = frozenset({Suggestion.Approver.STAFF.value, Suggestion.Approver.ALONE.value})
FOR_VETS: Final = FOR_ALL_STAFF | {Suggestion.Approver.VET.value}
# Good news looks like it, however much it waits for somebody.
GOOD: Final = {Code.READY_TO_PROGRESS: "arrow-up"}


class Tap(NamedTuple):
    """The one decision that a row offers: of which suggestion, as it says exactly this, and the step in words."""

    suggestion: str
    seen: str
    step: SafeString


class Look(NamedTuple):
    """How loudly a row speaks, and what it says; ``icon`` where it is not that of the level."""

    level: Level
    badge: SafeString
    why: SafeString
    offer: Tap | None = None
    icon: str = ""


class Rows:
    """Fills in the rows of one page; ``csrf`` is the token of its forms, ``as_vet`` the clinics whose vet the reader is."""

    def __init__(self, *, at: dt.datetime, csrf: str, as_vet: Collection[UUID] = ()) -> None:
        self.as_vet = as_vet
        self.language = get_language()
        self.csrf = csrf
        self.path = reverse("guidance:patient", args=[NOBODY])
        self.accept = reverse("guidance:suggestion-accept", args=[NOBODY])
        self.today_in = cache(lambda zone: local_day(at=at, time_zone=zone))
        self.day_name = cache(lambda day, today: escape(wording.day_name(day, today=today)))
        # For what many rows have in common.
        self.escape = cache(escape)

    def html(self, dogs: Sequence[Listed]) -> SafeString:
        """The rows, safe to print."""
        return SafeString("".join(self.row(dog) for dog in dogs))

    def row(self, dog: Listed, *, note: str = "") -> SafeString:
        """One row; ``note`` is what has just become of a tap in it."""
        today = self.today_in(dog.time_zone)
        look = _look(self.language, dog.attention, dog.reasons, dog.as_of, today, is_vet=dog.clinic in self.as_vet)
        level, icon = look.level.value, look.icon or wording.ICONS[look.level]
        if dog.died_on is not None:
            # Found by a search, or asked for: it asks nothing of anybody.
            level, icon = "neutral", "history"
            look = Look(Level.OK, self.escape(_("Died %(day)s") % {"day": date_format(dog.died_on)}), SafeString())
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
                "note": note,
                **self._tap(look.offer),
            },
            language=self.language,
            level=level,
            icon=icon,
            has_percent=dog.adherence_percent is not None,
            has_pain=dog.last_pain is not None,
            has_note=bool(note),
            has_offer=look.offer is not None,
        )

    def _tap(self, offer: Tap | None) -> dict[str, str]:
        if offer is None:
            return {"accept": "", "seen": "", "csrf": "", "step": ""}
        accept = self.accept.replace(NOBODY, offer.suggestion)
        return {"accept": accept, "seen": offer.seen, "csrf": self.csrf, "step": offer.step}


# What follows is remembered by what is said, not by whose dog it is: decoding and wording cost more than all else of a
# row, many dogs have the same, and the list is opened many times a day.


@lru_cache(maxsize=4096)
def _look(
    _language: str | None,
    severity: int | None,
    reasons: str | None,
    as_of: dt.date | None,
    today: dt.date,
    *,
    is_vet: bool,
) -> Look:
    """The first reason as a badge and in a sentence, and whether the numbers are of another day."""
    if severity is None or reasons is None or as_of is None:
        return Look(Level.WATCH, escape(_("New")), escape(_("Just registered; the numbers come within a minute.")))
    found = [Reason.from_json(one) for one in json.loads(reasons)]
    first = found[0] if found else None
    words = [wording.sentence(first, today=today)] if first else []
    offered = _offered(found) if as_of == today else None
    offer = (
        _tap_of(offered)
        if offered is not None and _approver(offered) in (FOR_VETS if is_vet else FOR_ALL_STAFF)
        else None
    )
    if offered is not None and offer is None:
        words.append(str(APPROVERS[_approver(offered)]))
    if as_of != today:
        # The worker has not come round since midnight: a list that looks fresh and is not would mislead.
        words.append(_("Numbers of %(day)s.") % {"day": wording.short_day(as_of)})
    return Look(
        attention.level(severity) if first and first.code not in GOOD else Level.OK,
        escape(str(wording.BADGES[first.code]) if first else _("Calm")),
        escape(" ".join(words)),
        offer,
        GOOD.get(first.code, "") if first else "",
    )


def _offered(found: Sequence[Reason]) -> Reason | None:
    """The one suggestion of a dog, where a tap is enough; more of anything only where nothing else is said of the dog."""
    for reason in found:
        if reason.code not in OFFERED or "offer" not in reason.numbers:
            continue
        if reason.code is not Code.READY_TO_PROGRESS or reason is found[0]:
            return reason
    return None


def _approver(reason: Reason) -> str:
    return str(reason.numbers["offer"]["approver"])


def _tap_of(reason: Reason) -> Tap:
    offer = reason.numbers["offer"]
    verdict = Verdict.PROGRESS if reason.code is Code.READY_TO_PROGRESS else Verdict.REGRESS
    names = {offer["step"]["slug"]: offer["swap"]} if offer["swap"] else {}
    step = step_text(verdict, offer["step"], Dose.from_json(offer["dose"]), names=names)
    said = {"exercise": translating.said(reason.numbers["exercise"]), "step": step}
    return Tap(offer["id"], offer["seen"], escape(_("%(exercise)s: %(step)s") % said))


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

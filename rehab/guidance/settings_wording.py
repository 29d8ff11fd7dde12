"""What would happen to an alert, and what is amiss with a clinic's settings, in words."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.guidance.alerting import chain
from rehab.guidance.alerting.chain import Who
from rehab.guidance.alerting.foretelling import Turn, foretell
from rehab.guidance.alerting.settings import AlertSettings, Colleague, Staff, warnings_about
from rehab.lib.opening_hours import OpeningHours

WHO: Final[Mapping[Who, Any]] = {
    Who.ASSIGNED_VET: gettext_lazy("the vet who signed the definition"),
    Who.VETS: gettext_lazy("all vets"),
    Who.THERAPISTS: gettext_lazy("all therapists"),
}
URGENCIES: Final[Mapping[str, Any]] = {
    chain.EMERGENCY: gettext_lazy("A sign of an emergency"),
    chain.TODAY: gettext_lazy("A sign to call about on the same day"),
    chain.REVIEW: gettext_lazy("A sign that can wait for the next check"),
}
WARNINGS: Final[Mapping[str, Any]] = {
    "gone": gettext_lazy("Place %(number)d: %(name)s no longer treats dogs here. This place is passed over."),
    "no_address": gettext_lazy("Place %(number)d: %(name)s has no valid e-mail address and cannot be told."),
    "no_therapist": gettext_lazy("Place %(number)d: no therapist works here today. This place is passed over."),
    "no_vet": gettext_lazy("Place %(number)d: no vet works here today. This place is passed over."),
    "nobody": gettext_lazy("No vet and no therapist works here today: nobody can be told of an alert."),
    "no_emergency_phone": gettext_lazy(
        "No emergency phone is stored: while the clinic is closed, a family has nobody to call."
    ),
}
WEEKDAYS: Final = (
    gettext_lazy("Monday"),
    gettext_lazy("Tuesday"),
    gettext_lazy("Wednesday"),
    gettext_lazy("Thursday"),
    gettext_lazy("Friday"),
    gettext_lazy("Saturday"),
    gettext_lazy("Sunday"),
)


@dataclass(frozen=True, kw_only=True)
class Story:
    """What would happen to one kind of sign, sentence by sentence."""

    urgency: str
    title: str
    lines: list[str]


def warnings(settings: AlertSettings, staff: Staff) -> list[str]:
    return [str(WARNINGS[code]) % about for code, about in warnings_about(settings, staff)]


def stories(settings: AlertSettings, staff: Staff, *, at: dt.datetime, time_zone: str) -> list[Story]:
    """What would happen to a sign of each kind that comes in at the instant and that nobody takes over."""
    hours = OpeningHours.of(settings.week, time_zone=time_zone)
    found = []
    for urgency, title in URGENCIES.items():
        turns, again_at = foretell(urgency, settings.places, staff.people, at=at, hours=hours)
        lines = [
            line
            for number, turn in enumerate(turns)
            for line in _turn(urgency, turn, settings, staff, since=at, hours=hours, is_first=number == 0)
        ]
        if not turns[-1].is_nobody:
            lines.append(
                _("And so on, again %(when)s, until somebody takes it over.")
                % {"when": _when(urgency, again_at, since=at, hours=hours)}
            )
        found.append(Story(urgency=urgency, title=str(title), lines=lines))
    return found


def _turn(
    urgency: str,
    turn: Turn,
    settings: AlertSettings,
    staff: Staff,
    *,
    since: dt.datetime,
    hours: OpeningHours,
    is_first: bool,
) -> list[str]:
    when = _("at once") if is_first else _when(urgency, turn.at, since=since, hours=hours)
    if turn.is_nobody:
        said = _("%(when)s: nobody can be told. The list shows the dog in red.") % {"when": when}
    elif turn.place is None:
        vets = staff.of("vet")
        who = _everybody(WHO[Who.VETS], vets) if vets else _everybody(WHO[Who.THERAPISTS], staff.of("therapist"))
        said = _("%(when)s: %(who)s again, by e-mail.") % {"when": when, "who": who}
    else:
        who = " + ".join(_who(one, turn.place.person, staff) for one in turn.place.who)
        said = _("%(when)s: %(who)s, by e-mail.") % {"when": when, "who": who}
    lines = [said[:1].upper() + said[1:]]
    if turn.is_family_asked:
        lines.append(_family(settings, hours, at=turn.at))
    return lines


def _who(who: Who, person: Any, staff: Staff) -> str:
    if who is Who.PERSON:
        colleague = staff.named(person)
        return colleague.name if colleague else ""
    if who is Who.ASSIGNED_VET:
        return str(WHO[who])
    return _everybody(WHO[who], staff.of("vet" if who is Who.VETS else "therapist"))


def _everybody(words: Any, some: Sequence[Colleague]) -> str:
    return _("%(who)s (%(names)s)") % {"who": words, "names": ", ".join(one.name for one in some)}


def _when(urgency: str, at: dt.datetime, *, since: dt.datetime, hours: OpeningHours) -> str:
    """Minutes for an emergency, which no opening hours delay; else the day and the time at the clinic."""
    if urgency == chain.EMERGENCY:
        minutes = round((at - since).total_seconds() / 60)
        return ngettext("after %(count)d minute", "after %(count)d minutes", minutes) % {"count": minutes}
    local = at.astimezone(zoneinfo.ZoneInfo(hours.time_zone))
    said = {"day": date_format(local, "l"), "time": date_format(local, "H:i")}
    days = (local.date() - since.astimezone(local.tzinfo).date()).days
    if days > 6:
        return _("on %(day)s, %(time)s (%(days)d days later)") % {**said, "days": days}
    return _("on %(day)s, %(time)s") % said


def _family(settings: AlertSettings, hours: OpeningHours, *, at: dt.datetime) -> str:
    """What the family's page says where nobody has answered."""
    emergency = " ".join(filter(None, (settings.emergency_name, settings.emergency_phone))) or _("an emergency clinic")
    if hours.is_said and not hours.is_open(at):
        return _("The family reads that nobody has answered, and is told to call %(emergency)s.") % {
            "emergency": emergency
        }
    return _(
        "The family reads that nobody has answered, and is told to call the clinic (%(phone)s) or %(emergency)s."
    ) % {"phone": settings.phone or _("no phone stored"), "emergency": emergency}


def week(settings: AlertSettings) -> str:
    """The opening hours in one line."""
    if not settings.week:
        return _("no opening hours said")
    return "; ".join(
        _("%(day)s %(hours)s")
        % {"day": WEEKDAYS[int(day)], "hours": ", ".join(f"{begins}–{ends}" for begins, ends in periods)}
        for day, periods in settings.week.items()
    )


def order(settings: AlertSettings, staff: Staff) -> str:
    """The chain in one line."""
    if not settings.chain:
        return _("the usual order")
    return ", ".join(
        _("%(number)d. %(who)s (%(minutes)d min)")
        % {
            "number": number,
            "who": name_of(step.user, staff) if step.user else WHO[step.who],
            "minutes": step.minutes,
        }
        for number, step in enumerate(settings.chain, start=1)
    )


def name_of(pk: Any, staff: Staff) -> str:
    colleague = staff.named(pk)
    return colleague.name if colleague else _("%(name)s (no longer here)") % {"name": staff.gone.get(pk, "")}

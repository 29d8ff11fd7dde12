"""A clinic's log of adverse events, newest first: two statements, however many there are."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Clinic, User
from rehab.guidance import wording
from rehab.guidance.models import AlertStep
from rehab.sessions.models import WarningReport

PER_PAGE: Final = 50
ONE_DAY: Final = dt.timedelta(days=1)
LEVELS: Final = {
    WarningReport.Urgency.EMERGENCY.value: ("act", "octagon-alert"),
    WarningReport.Urgency.TODAY.value: ("watch", "triangle-alert"),
    WarningReport.Urgency.REVIEW.value: ("neutral", "clock"),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the list is narrowed to; nothing of it shows all. The days are those of the clinic's clock, both included."""

    dog: str = ""
    urgency: str = ""
    sign: str = ""
    since: dt.date | None = None
    until: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """One adverse event in words; ``level`` and ``icon`` say how urgent the sign was that it was noted under."""

    alert: UUID
    patient: UUID
    dog: str
    when: str
    who: str
    text: str
    signs: list[str]
    urgency: str
    level: str
    icon: str
    is_open: bool


@dataclass(frozen=True, kw_only=True)
class Log:
    """One page of the log."""

    events: list[Event]
    page: Page[Any]
    total: int


def adverse_events(*, user: User, clinic: Clinic, asked: Asked, page_number: str | None = None) -> Log:
    """The adverse events of a clinic in which the person treats dogs."""
    zone = zoneinfo.ZoneInfo(clinic.time_zone)
    found = (
        AlertStep.objects.visible_to(user)
        .filter(_wanted(asked, zone), clinic=clinic, kind=AlertStep.Kind.ADVERSE_EVENT)
        .select_related("patient", "person", "alert__report")
        .order_by("-at", "-pk")
    )
    if asked.sign:
        # Lists of short codes as text: databases differ in how they look into JSON.
        found = found.annotate(
            flags_text=Cast("alert__report__flags", TextField()), rules_text=Cast("alert__report__rules", TextField())
        ).filter(Q(flags_text__contains=f'"{asked.sign}"') | Q(rules_text__contains=f'"{asked.sign}"'))
    paginator = Paginator(found, PER_PAGE)
    page = paginator.get_page(page_number or 1)
    return Log(events=[_event(step, zone) for step in page.object_list], page=page, total=paginator.count)


def _wanted(asked: Asked, zone: zoneinfo.ZoneInfo) -> Q:
    wanted = Q()
    if asked.dog:
        wanted &= Q(patient__name__icontains=asked.dog)
    if asked.urgency:
        wanted &= Q(alert__urgency=asked.urgency)
    if asked.since:
        wanted &= Q(at__gte=dt.datetime.combine(asked.since, dt.time(), zone))
    if asked.until:
        wanted &= Q(at__lt=dt.datetime.combine(asked.until + ONE_DAY, dt.time(), zone))
    return wanted


def _event(step: AlertStep, zone: zoneinfo.ZoneInfo) -> Event:
    alert, local = step.alert, step.at.astimezone(zone)
    level, icon = LEVELS[alert.urgency]
    return Event(
        alert=alert.pk,
        patient=step.patient_id,
        dog=step.patient.name,
        when=_("%(day)s, %(time)s") % {"day": date_format(local, "j M Y"), "time": date_format(local, "H:i")},
        who=step.person.get_full_name() if step.person else "",
        text=step.text,
        signs=[wording.sign(sign) for sign in (*alert.report.flags, *alert.report.rules)],
        urgency=str(WarningReport.Urgency(alert.urgency).label),
        level=level,
        icon=icon,
        is_open=alert.cleared_at is None,
    )

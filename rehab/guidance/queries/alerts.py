"""Alerts as the clinic reads them: who was told by what really happened, who was not reached, who has taken over."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils.translation import gettext as _

from accounts.access import Role
from rehab.guidance import wording
from rehab.guidance.alerting import chain
from rehab.guidance.alerting.acknowledging import may_clear
from rehab.guidance.alerting.telling import ON_THE_FAMILYS_PAGE
from rehab.guidance.attention import Alerted
from rehab.guidance.models import Alert, AlertDelivery, AlertStep
from rehab.library import reading
from rehab.patients.models import Patient
from rehab.sessions.models import WarningReport

State, Outcome = AlertDelivery.State, AlertDelivery.Outcome
_IN_ORDER: Final = AlertDelivery.objects.select_related("user").order_by("level", "planned_at", "pk")
# To read a report with the messages of its alert, or an alert with its own.
DELIVERIES: Final = Prefetch("alert__deliveries", _IN_ORDER)
ITS_DELIVERIES: Final = Prefetch("deliveries", _IN_ORDER)


# --- For the list --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class WaitingAlert:
    """An alert that nobody has taken over. ``is_unreached``: somebody was to be told, and nobody could be."""

    urgency: str
    flags: list[str]
    rules: list[str]
    day: dt.date
    is_unreached: bool


def waiting_alerts(patient_ids: Collection[UUID]) -> defaultdict[UUID, list[WaitingAlert]]:
    """The dogs' alerts that nobody has taken over; one statement for any number of dogs."""
    deliveries = AlertDelivery.objects.filter(alert=OuterRef("pk"))
    # Not tried yet is no failure: it is under way.
    untried = Q(state=State.PLANNED) | Q(state=State.SENDING, attempts=1)
    found: defaultdict[UUID, list[WaitingAlert]] = defaultdict(list)
    for patient, urgency, flags, rules, day, is_told, is_under_way in (
        Alert.objects.unacknowledged()
        .filter(patient__in=patient_ids)
        .annotate(is_told=Exists(deliveries.filter(state=State.SENT)), is_under_way=Exists(deliveries.filter(untried)))
        .order_by("raised_at", "pk")
        .values_list(
            *("patient", "urgency", "report__flags", "report__rules", "report__day", "is_told", "is_under_way"),
        )
    ):
        is_unreached = not is_told and not is_under_way
        found[patient].append(
            WaitingAlert(urgency=urgency, flags=flags, rules=rules, day=day, is_unreached=is_unreached)
        )
    return found


def alerted(alerts: Sequence[WaitingAlert]) -> Alerted | None:
    """All of a dog's waiting alerts as one: the gravest urgency, and the gravest sign with how many more there are."""
    if not alerts:
        return None
    flags = {flag for alert in alerts for flag in alert.flags}
    # In the order of the content, the gravest first; then what only a rule says, or no content any more.
    known = [sign.id for sign in reading.red_flags() if sign.id in flags]
    signs = [*known, *sorted({rule for alert in alerts for rule in alert.rules} | flags - {*known})]
    urgency = chain.gravest({alert.urgency for alert in alerts})
    return Alerted(
        sign=signs[0] if signs else "",
        on=min(alert.day for alert in alerts),
        is_emergency=urgency == chain.EMERGENCY,
        is_for_review=urgency == chain.REVIEW,
        is_unreached=any(alert.is_unreached for alert in alerts),
        more=max(0, len(signs) - 1),
    )


# --- For the dog's page ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class AlertState:
    """Where an alert stands, in words: whom the mail server took a message for, who was not reached, who took over."""

    id: UUID | None
    told: list[str]
    pending: list[str]
    not_reached: list[str]
    taken_over: str
    opened: str
    family_told: str
    is_cleared: bool

    @property
    def is_waiting(self) -> bool:
        return not self.taken_over and not self.is_cleared

    @property
    def is_unreached(self) -> bool:
        """Somebody was to be told, and nobody could be."""
        return self.is_waiting and not self.told and not self.pending


def state_of(report: WarningReport, *, patient: Patient, today: dt.date) -> AlertState:
    """The state of the report's alert; the report was read with ``alert``, ``DELIVERIES`` and who took it over."""
    return _state(report, getattr(report, "alert", None), patient=patient, today=today)


def _state(report: WarningReport, alert: Alert | None, *, patient: Patient, today: dt.date) -> AlertState:

    def when(at: dt.datetime) -> str:
        return wording.moment(at, patient.time_zone, today=today)

    # Of several messages to one person the newest says how it stands, but once told is told.
    newest: dict[UUID, AlertDelivery] = {}
    for one in alert.deliveries.all() if alert else ():
        before = newest.get(one.user_id)
        if before is None or before.state != State.SENT or one.state == State.SENT:
            newest[one.user_id] = one
    told, pending, not_reached = [], [], []
    for one in newest.values():
        who = one.user.get_full_name()
        if one.state == State.SENT and one.finished_at is not None:
            told.append(_("%(who)s (%(when)s)") % {"who": who, "when": when(one.finished_at)})
        elif one.state in (State.FAILED, State.RETRY) or one.attempts > 1:
            why = Outcome(one.outcome).label if one.outcome else Outcome.GAVE_UP.label
            not_reached.append(_("%(who)s (%(why)s)") % {"who": who, "why": why})
        elif one.state != State.DROPPED:
            pending.append(who)
    taken_over = ""
    if report.acknowledged_by is not None and report.acknowledged_at is not None:
        taken_over = _("%(who)s took it over, %(when)s.") % {
            "who": report.acknowledged_by.get_full_name(),
            "when": when(report.acknowledged_at),
        }
    return AlertState(
        id=alert.pk if alert else None,
        told=told,
        pending=pending,
        not_reached=not_reached,
        taken_over=taken_over,
        opened="" if report.seen_at is None else when(report.seen_at),
        family_told="" if report.told_to_call_at is None else when(report.told_to_call_at),
        is_cleared=alert is not None and alert.cleared_at is not None,
    )


# --- The page of one alert ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One line of the log, in words; ``level`` as the rows of the list have it."""

    when: str
    what: str
    text: str
    is_bad: bool


@dataclass(frozen=True, kw_only=True)
class AlertPage:
    """One alert with its log, and what the person may do about it."""

    signs: list[str]
    urgency: str
    is_emergency: bool
    done: str
    received: str
    by: str
    state: AlertState
    log: list[Logged]
    may_take_over: bool
    may_clear: bool
    is_stopping: bool
    is_on_the_familys_page: bool


def alert_page(alert: Alert, *, roles: frozenset[Role], at: dt.datetime) -> AlertPage:
    """The page of an alert that was already loaded for its reader; three statements."""
    patient, report = alert.patient, alert.report
    today = patient.today(at)
    steps = AlertStep.objects.filter(alert=alert).select_related("person").order_by("at", "pk")
    is_stopping = alert.cleared_at is None and WarningReport.objects.filter(pk=report.pk).unreleased().exists()
    return AlertPage(
        signs=[wording.sign(sign) for sign in (*report.flags, *report.rules)],
        urgency=str(WarningReport.Urgency(alert.urgency).label),
        is_emergency=alert.urgency == WarningReport.Urgency.EMERGENCY,
        done=wording.moment(report.done_at, patient.time_zone, today=today),
        received=wording.moment(report.received_at, patient.time_zone, today=today),
        by=report.recorded_by.get_full_name() if report.recorded_by else "",
        state=_state(report, alert, patient=patient, today=today),
        log=[_logged(step, patient, today=today) for step in steps],
        may_take_over=alert.cleared_at is None and report.acknowledged_at is None,
        may_clear=alert.cleared_at is None and may_clear(alert, roles),
        is_stopping=is_stopping,
        is_on_the_familys_page=report.stop in ON_THE_FAMILYS_PAGE,
    )


def _logged(step: AlertStep, patient: Patient, *, today: dt.date) -> Logged:
    kind = AlertStep.Kind(step.kind)
    who = step.person.get_full_name() if step.person else ""
    why = step.text if step.text not in Outcome.values else str(Outcome(step.text).label)
    is_bad = kind == AlertStep.Kind.NOT_REACHED
    words = {
        AlertStep.Kind.RAISED: _("Noticed by the clinic’s system"),
        AlertStep.Kind.TOLD: _("Told by e-mail: %(who)s"),
        AlertStep.Kind.NOT_REACHED: _("Not reached: %(who)s") if who else _("Not reached"),
        AlertStep.Kind.ESCALATED: _("Nobody answered: the next in line are told"),
        AlertStep.Kind.FAMILY_TOLD: _("From now on the family’s page says that nobody has answered, and to call"),
        AlertStep.Kind.SEEN: _("Opened by %(who)s"),
        AlertStep.Kind.ACKNOWLEDGED: _("Taken over by %(who)s"),
        AlertStep.Kind.CLEARED: _("Cleared by %(who)s"),
        AlertStep.Kind.ADVERSE_EVENT: _("Adverse event noted by %(who)s"),
    }
    return Logged(
        when=wording.moment(step.at, patient.time_zone, today=today),
        what=words[kind] % {"who": who},
        text=why,
        is_bad=is_bad,
    )


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One alert of a dog's list."""

    id: UUID
    signs: list[str]
    urgency: str
    received: str
    state: AlertState


def alerts_of(patient: Patient, *, at: dt.datetime) -> list[Listed]:
    """All alerts of a dog, those that wait first, then the newest; two statements."""
    today = patient.today(at)
    reports = (
        WarningReport.objects.filter(patient=patient, alert__isnull=False)
        .select_related("alert", "acknowledged_by")
        .prefetch_related(DELIVERIES)
        .order_by("-received_at", "-pk")
    )
    found = [
        Listed(
            id=report.pk,
            signs=[wording.sign(sign) for sign in (*report.flags, *report.rules)],
            urgency=str(WarningReport.Urgency(report.urgency).label),
            received=wording.moment(report.received_at, patient.time_zone, today=today),
            state=state_of(report, patient=patient, today=today),
        )
        for report in reports
    ]
    return sorted(found, key=lambda one: not one.state.is_waiting)

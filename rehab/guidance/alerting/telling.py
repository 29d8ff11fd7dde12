"""Telling the next place of the chain: the rows that say who is to be told, for any number of alerts."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from accounts.models import Clinic, Membership
from rehab.guidance.alerting import chain
from rehab.guidance.alerting.chain import People, Place, Who
from rehab.guidance.models import Alert, AlertDelivery, AlertStep, EscalationStep
from rehab.patients.models import ProblemDefinition
from rehab.sessions.models import WarningReport

Kind = AlertStep.Kind
# What these stop is on the family's page of the day, with what became of it; of the rest that page says nothing.
ON_THE_FAMILYS_PAGE: Final = (WarningReport.Stop.ALL, WarningReport.Stop.ALL_ACTIVE)


@dataclass(frozen=True, kw_only=True)
class Rosters:
    """Who treats which dog, and the clinics' own chains; three statements for any number of dogs."""

    own: dict[UUID, list[Place]]
    vets: dict[UUID, tuple[UUID, ...]]
    therapists: dict[UUID, tuple[UUID, ...]]
    signed_by: dict[UUID, UUID]

    def people(self, *, clinic: UUID, patient: UUID) -> People:
        return People(
            assigned_vet=self.signed_by.get(patient),
            vets=self.vets.get(clinic, ()),
            therapists=self.therapists.get(clinic, ()),
        )


def rosters(*, clinics: Collection[UUID], patients: Collection[UUID]) -> Rosters:
    """The people of today."""
    own: defaultdict[UUID, list[Place]] = defaultdict(list)
    for step in EscalationStep.objects.filter(clinic__in=clinics).order_by("clinic", "position", "pk"):
        own[step.clinic_id].append(
            Place(who=(Who(step.who),), person=step.user_id, minutes=step.after_minutes),
        )
    working: defaultdict[str, defaultdict[UUID, list[UUID]]] = defaultdict(lambda: defaultdict(list))
    for clinic, role, user in (
        Membership.objects.current()
        .filter(clinic__in=clinics, role__in=["vet", "therapist"], user__is_active=True)
        .order_by("clinic", "user")
        .values_list("clinic", "role", "user")
    ):
        working[role][clinic].append(user)
    # The newest version comes last, and wins.
    signed: dict[UUID, Any] = dict(
        ProblemDefinition.objects.signed()
        .filter(patient__in=patients)
        .order_by("patient", "version")
        .values_list("patient", "signed_by")
    )
    return Rosters(
        own=dict(own),
        vets={clinic: tuple(users) for clinic, users in working["vet"].items()},
        therapists={clinic: tuple(users) for clinic, users in working["therapist"].items()},
        signed_by=signed,
    )


@dataclass(kw_only=True)
class Telling:
    """What is to be written about some alerts at one instant."""

    at: dt.datetime
    people: Rosters
    steps: list[AlertStep] = field(default_factory=list)
    deliveries: list[AlertDelivery] = field(default_factory=list)
    families: list[UUID] = field(default_factory=list)

    def step(self, alert: Alert, kind: AlertStep.Kind, **changes: Any) -> None:
        """One line of the alert's log."""
        values = {"at": self.at, "level": alert.level, **changes}
        self.steps.append(
            AlertStep(alert=alert, clinic_id=alert.clinic_id, patient_id=alert.patient_id, kind=kind, **values)
        )

    def tell_next(self, alert: Alert, report: WarningReport, clinic: Clinic) -> None:
        """Tell the place after the one that was told last, and the family's page where the clinic does not answer.

        The family has waited since the report came in, also while no worker was there to tell anybody.
        """
        people = self.people.people(clinic=alert.clinic_id, patient=alert.patient_id)
        is_first = alert.level == 0
        turn = chain.next_turn(alert.urgency, self.people.own.get(alert.clinic_id, ()), people, after=alert.level)
        alert.level, alert.is_through = turn.level, turn.is_through
        alert.escalate_at = chain.answer_by(alert.urgency, at=self.at, hours=clinic.hours, minutes=turn.minutes)
        if not is_first:
            self.step(alert, Kind.ESCALATED)
        if not turn.users:
            self.step(alert, Kind.NOT_REACHED, text=AlertDelivery.Outcome.NOBODY)
        self.deliveries += [
            AlertDelivery(
                alert=alert,
                clinic_id=alert.clinic_id,
                patient_id=alert.patient_id,
                user_id=user,
                level=turn.level,
                planned_at=self.at,
                next_attempt_at=self.at,
            )
            for user in turn.users
        ]
        too_late = self.at >= chain.answer_by(alert.urgency, at=report.received_at, hours=clinic.hours)
        is_shown = chain.asks_family(alert.urgency) and report.stop in ON_THE_FAMILYS_PAGE
        if is_shown and (turn.is_through or too_late):
            self.families.append(alert.pk)

    def write(self, alerts: Collection[Alert]) -> None:
        """Keep it all; the caller holds the transaction and has kept the alerts themselves."""
        if self.families:
            waiting = WarningReport.objects.filter(pk__in=self.families, told_to_call_at=None)
            fresh = set(waiting.values_list("pk", flat=True))
            waiting.filter(pk__in=fresh).update(told_to_call_at=self.at)
            for alert in alerts:
                if alert.pk in fresh:
                    self.step(alert, Kind.FAMILY_TOLD)
        AlertStep.objects.bulk_create(self.steps)
        AlertDelivery.objects.bulk_create(self.deliveries, ignore_conflicts=True)

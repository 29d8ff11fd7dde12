"""Warning signs that have come in, and a real mail server that can be told how to behave."""

import datetime as dt
from collections.abc import Callable

import pytest

from accounts.models import Clinic, User
from rehab.guidance.alerting.raising import raise_alerts
from rehab.guidance.models import Alert
from rehab.lib.ids import new_id
from rehab.patients.models import Patient
from rehab.sessions.models import Release, WarningReport
from tests import make
from tests.nudges.conftest import MailSink, mail_sink
from tests.sessions.reporting import report

__all__ = ["MailSink", "mail_sink"]

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
Raised = Callable[..., Alert]


@pytest.fixture
def raised(patient: Patient, owner: User, vet: User) -> Raised:
    """``raised("RF01")`` is the alert of a sign that the owner has just reported."""

    def make_alert(*flags: str, at: dt.datetime = make.NOW) -> Alert:
        found = report(patient, owner, *(flags or ("RF01",)), at=at)
        raise_alerts(at=at)
        return Alert.objects.get(pk=found.pk)

    return make_alert


def make_hits(clinic: Clinic, vet: User, count: int, *, at: dt.datetime = make.NOW) -> list[WarningReport]:
    """Dogs that the rules have found a sign of an emergency at, in few statements."""
    patients = Patient.objects.bulk_create(
        Patient(clinic=clinic, created_by=vet, name=f"Dog {number}") for number in range(count)
    )
    return WarningReport.objects.bulk_create(
        WarningReport(
            id=new_id(),
            clinic=clinic,
            patient=patient,
            day=at.date(),
            flags=["RF01"],
            urgency=WarningReport.Urgency.EMERGENCY,
            stop=WarningReport.Stop.ALL,
            done_at=at,
            received_at=at,
        )
        for patient in patients
    )


def release(found: WarningReport, by: User, *, at: dt.datetime = make.NOW) -> Release:
    return Release.objects.create(
        report=found,
        clinic_id=found.clinic_id,
        patient_id=found.patient_id,
        released_by=by,
        released_at=at,
        reason="Examined",
    )

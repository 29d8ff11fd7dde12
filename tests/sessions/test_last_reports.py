"""The last checks of a dog are read in their order, however many there are."""

import datetime as dt

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from rehab.lib.ids import new_id
from rehab.patients.models import Patient
from rehab.sessions.checks import REMEMBERED, last_reports
from rehab.sessions.models import Command, WarningReport
from tests import make


def test_last_reports_are_read_from_an_index_without_sorting(patient: Patient, owner: User) -> None:
    commands = [
        Command(
            id=new_id(),
            clinic=patient.clinic,
            patient=patient,
            kind="report",
            issued_by=owner,
            done_at=make.NOW - dt.timedelta(hours=number),
            received_at=make.NOW,
            day=make.TODAY,
        )
        for number in range(REMEMBERED * 10)
    ]
    Command.objects.bulk_create(commands)
    WarningReport.objects.bulk_create(
        WarningReport(
            id=one.id,
            command=one,
            clinic=patient.clinic,
            patient=patient,
            day=one.day,
            recorded_by=owner,
            done_at=one.done_at,
            received_at=one.received_at,
        )
        for one in commands
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        with CaptureQueriesContext(connection) as queries:
            assert [report.pk for report in last_reports(patient.pk)] == [one.pk for one in commands[:REMEMBERED]]
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{queries[0]['sql']}")
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert "report_by_patient" in plan
    assert "Sort" not in plan
    assert "ORDER BY" not in plan

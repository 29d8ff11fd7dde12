"""A family's check for warning signs, told the way a phone tells it."""

import datetime as dt

from accounts.access import Role
from accounts.models import User
from rehab.lib.ids import new_id
from rehab.patients.models import Patient
from rehab.sessions.actions import Outcome, apply_commands
from rehab.sessions.commands import parse
from rehab.sessions.models import WarningReport
from tests import make


def report(
    patient: Patient,
    by: User,
    *flags: str,
    at: dt.datetime = make.NOW,
    done_at: dt.datetime | None = None,
    **answers: object,
) -> WarningReport:
    """The check as the server has it: the signs that were ticked, and the answers of the owner's screen."""
    done_at = done_at or at
    key = new_id()
    raw = {
        "id": str(key),
        "kind": "report",
        "patient": str(patient.pk),
        "payload": {"answers": answers, "flags": list(flags)},
        "day": patient.today(done_at).isoformat(),
        "done_at": done_at.isoformat(),
        "time_zone": patient.time_zone,
    }
    answer = apply_commands(patient=patient, roles=frozenset({Role.OWNER}), commands=[parse(raw)], by=by, at=at)[0]
    assert answer.outcome == Outcome.APPLIED, answer
    found: WarningReport = WarningReport.objects.get(pk=key)
    return found

"""Pausing a program: everything rests from today, and its days do not count as missed."""

import datetime as dt

from django.db import transaction

from accounts.models import User
from rehab.programs.actions.refusals import given_reason
from rehab.programs.actions.writing import claim, end_everything, write_decision
from rehab.programs.models import Decision, Program


@transaction.atomic
def pause_program(*, program: Program, reason: str, plan_version: int, by: User, at: dt.datetime) -> Decision:
    """Pause the program from today: nothing is due until somebody resumes it.

    Raises:
        NotAllowed: it is paused already, or no reason was given.
        StalePlan: the program has changed or ended since.
    """
    version = claim(program, plan_version=plan_version)
    today = program.patient.today(at)
    decision = write_decision(
        Decision.Kind.PAUSE,
        program=program,
        plan_version=version,
        reason=given_reason(reason),
        rule_ids=[],
        effective_on=today,
        by=by,
        at=at,
    )
    end_everything(program, decision=decision, on=today)
    Program.objects.filter(pk=program.pk).update(paused_by=decision)
    return decision

"""Asking a vet to look again for the true cause: a draft of the definition that quotes what was seen.

A recurrence (RF31) asks for it as the observations A2 to A4 do, and louder: without it nothing is assigned.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from rehab.guidance.models import Evaluation
from rehab.guidance.queries.relapse import relapse_page
from rehab.guidance.queries.suggestions import observations
from rehab.patients.actions import save_draft
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.queries import newest_definition, starting_point, state_of
from rehab.programs.actions.episodes import unanswered_recurrence
from rehab.programs.resetting import seen_text

CAUSE: int = ProblemDefinition._meta.get_field("cause_statement").max_length or 0


class NothingToAsk(Exception):
    """Nothing speaks for another look by now."""


def look_again(*, patient: Patient, by: User, at: dt.datetime) -> ProblemDefinition:
    """Open the dog's draft with the observations quoted under its cause; in a draft that has them nothing changes.

    Raises:
        NothingToAsk: the rules ask for no other look any more.
        CannotSave: an answer of the definition that it starts from cannot be true today.
        DefinitionChanged: somebody saved another draft in the same moment.
    """
    evaluation = Evaluation.objects.filter(patient=patient).first()
    seen = [] if evaluation is None else observations(evaluation)
    if (recurrence := unanswered_recurrence(patient.pk)) is not None:
        seen.insert(0, seen_text(recurrence))
    # After a discharge what was worse at a checkpoint asks the same question.
    seen += relapse_page(patient, today=patient.today(at)).quoted
    if not seen or patient.died_on is not None:
        raise NothingToAsk
    newest = newest_definition(patient)
    answers = starting_point(newest)
    quoted = _("Look again (%(day)s): %(observations)s.") % {
        "day": date_format(patient.today(at)),
        "observations": "; ".join(seen),
    }
    if recurrence is not None and (newest is None or newest.is_signed):
        # Another bout: when it began and since when its pain is controlled is not what it was the last time.
        answers = replace(answers, onset_on=None, onset_type="", pain_controlled_on=None)
    before = answers.cause_statement
    # What somebody typed into a draft stays; what is signed stays in the version that was.
    room = CAUSE if newest is None or newest.is_signed else CAUSE - len(before) - 1
    if quoted not in before and room > 0:
        answers = replace(answers, cause_statement=f"{quoted[:room]} {before}".strip()[:CAUSE])
    return save_draft(patient=patient, answers=answers, by=by, at=at, seen=state_of(newest))

"""What is changed by hand beside the steps, another dose or one exercise more, weighed against what the rules say.

Source: 06_progression.yaml, human_override. Removing an exercise is always more careful, and is weighed against nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import User
from rehab.guidance import suggestion_wording
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.deciding import NOTHING_FIRED, close, is_as_seen, locked, open_suggestion, outcome_of
from rehab.guidance.models import Evaluation, Suggestion
from rehab.guidance.models.suggestions import Verdict
from rehab.guidance.rule_wording import ended, rule_text
from rehab.library.models import Exercise
from rehab.programs.actions import NotAllowed, add_exercise, change_dose
from rehab.programs.dose import Dose, is_more_load
from rehab.programs.gate import Objection
from rehab.programs.models import Prescription, Program


def change(
    *,
    prescription: Prescription,
    dose: Dose,
    reason: str,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
    anchor: str | None = None,
    note: str | None = None,
) -> Prescription:
    """Give an exercise another dose by hand; called like ``change_dose`` of the programs.

    Less care than what is suggested takes a vet and a reason, which is kept with the rules that it overrules; while the
    dog is restrained nothing grows, whoever asks. What has come in since is weighed first, and a rule that spoke up only
    then nobody has read yet. A dose that moves answers the suggestion.

    Raises:
        NotAllowed, StalePlan
    """
    patient = prescription.patient_id
    read = {one.rule for one in _against(open_suggestion(prescription.pk), prescription, dose)}
    refresh_summaries(at=at, patient_ids=[patient])
    with transaction.atomic():
        now = locked(prescription.pk)
        speaking = _against(now, prescription, dose)
        is_news = bool({one.rule for one in speaking} - read)
        if is_news and Role.VET in roles and is_as_seen(prescription, plan_version):
            # Whoever is no vet is refused below, with all that speaks against it.
            raise NotAllowed(speaking)
        care = care_of_dose(now, prescription, dose)
        changed = change_dose(
            prescription=prescription,
            dose=dose,
            anchor=anchor,
            note=note,
            reason=reason,
            plan_version=plan_version,
            by=by,
            roles=roles,
            at=at,
            against=speaking,
            follows=_followed(now, care),
        )
        if now is not None and care is not None:
            close(now, outcome_of(care), changed.started_by, by=by, at=at)
    refresh_summaries(at=at, patient_ids=[patient])
    return changed


def add(*, program: Program, exercise: Exercise, plan_version: int, at: dt.datetime, **chosen: Any) -> Prescription:
    """Add an exercise by hand; called like ``add_exercise`` of the programs. While the dog is restrained only care comes.

    Raises:
        NotAllowed, StalePlan
    """
    patient = program.patient_id
    refresh_summaries(at=at, patient_ids=[patient])
    against = restraint(patient) if exercise.load else []
    added = add_exercise(
        program=program, exercise=exercise, plan_version=plan_version, at=at, against=against, **chosen
    )
    refresh_summaries(at=at, patient_ids=[patient])
    return added


def restraint(patient_id: UUID) -> list[Objection]:
    """What restrains the dog now, as the rules said when they last looked; nobody adds to the load against it."""
    found = Evaluation.objects.filter(patient=patient_id, verdict=Verdict.RESTRAIN).first()
    return (
        []
        if found is None
        else [_objection(one, suggestion_wording.suggested(Verdict.RESTRAIN)) for one in found.fired]
    )


def care_of_dose(suggestion: Suggestion | None, prescription: Prescription, dose: Dose) -> int | None:
    """Above zero where a dose is more careful than what is suggested, below where it is less, zero where it is that.

    ``None`` where it is no answer: nothing but the restraint stands, or the dose asks as much of the dog as before. A
    dose that has more of anything is less careful, however much less of something else it has: nobody can set one
    against the other.
    """
    old = prescription.dosage
    grows, shrinks = is_more_load(dose, old), is_more_load(old, dose)
    if suggestion is None or suggestion.verdict == Verdict.RESTRAIN or not (grows or shrinks):
        return None
    if suggestion.verdict == Verdict.HOLD:
        return -1 if grows else 1
    step = suggestion.step
    if suggestion.verdict == Verdict.REGRESS and not step:
        # No smaller step is known; whatever is smaller by hand is what was asked for.
        return -1 if grows else 0
    if step["is_swap"]:
        # Another exercise was suggested: of this one, less is enough only where more was meant.
        return -1 if grows or suggestion.verdict == Verdict.REGRESS else 1
    wanted = Dose.from_json(step["dose"])
    if is_more_load(dose, wanted):
        return -1
    return int(is_more_load(wanted, dose))


def _against(suggestion: Suggestion | None, prescription: Prescription, dose: Dose) -> list[Objection]:
    if prescription.exercise.load and is_more_load(dose, prescription.dosage):
        restrained = restraint(prescription.patient_id)
        if restrained:
            return restrained
    care = care_of_dose(suggestion, prescription, dose)
    if suggestion is None or care is None or care >= 0:
        return []
    about = suggestion_wording.in_short(suggestion, prescription.dosage)
    fired = suggestion_wording.followed(suggestion)
    if suggestion.verdict == Verdict.PROGRESS:
        return [Objection(rule=NOTHING_FIRED, text=_("This is more than that."), vet_may=True, about=about)]
    if not fired:
        why = ended(suggestion_wording.why(suggestion))
        return [Objection(rule=NOTHING_FIRED, text=why, vet_may=True, about=about)]
    return [_objection(one, about, vet_may=True) for one in fired]


def _objection(fired: Mapping[str, Any], about: str, *, vet_may: bool = False) -> Objection:
    return Objection(
        rule=fired["rule"], text=ended(rule_text(fired["rule"], fired["numbers"])), vet_may=vet_may, about=about
    )


def _followed(suggestion: Suggestion | None, care: int | None) -> list[str]:
    """The rules that the dose follows: those that asked for a step, where it is that one or more careful."""
    if suggestion is None or care is None or care < 0:
        return []
    if suggestion.verdict == Verdict.REGRESS or (suggestion.verdict == Verdict.PROGRESS and not care):
        return suggestion_wording.rule_ids(suggestion)
    return []

"""Steps that a vet has approved ahead: the one thing beside a stop that happens without a person (DESIGN.md).

Each is a decision like any other, in the name of the vet, and any of the staff may take it back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import Membership
from rehab.guidance import suggestion_wording
from rehab.guidance.models import Suggestion
from rehab.guidance.models.suggestions import Verdict
from rehab.patients.queries import current_definition
from rehab.programs.actions import NotAllowed, StalePlan, decide, outlook
from rehab.programs.actions.refusals import REASON_LENGTH
from rehab.programs.dose import Dose
from rehab.programs.models import Decision, PreApproval, Prescription

VET = frozenset({Role.VET})


def advance(patient_ids: Collection[UUID], *, at: dt.datetime) -> set[UUID]:
    """Take the suggested steps that a vet has approved ahead; answers the dogs whose plan has changed."""
    if not patient_ids:
        return set()
    waiting = Suggestion.objects.open().filter(
        patient__in=patient_ids, verdict=Verdict.PROGRESS, approver=Suggestion.Approver.ALONE
    )
    return {
        patient
        for pk, patient in waiting.order_by("patient", "prescription__position", "pk").values_list("pk", "patient_id")
        if _taken(pk, at=at)
    }


def _taken(pk: UUID, *, at: dt.datetime) -> bool:
    """Whether the step was taken; where anything at all speaks against it, it stays a suggestion for a person."""
    try:
        with transaction.atomic():
            return _take(pk, at=at)
    except (NotAllowed, StalePlan):
        return False


def _take(pk: UUID, *, at: dt.datetime) -> bool:
    # Two workers at the same dog: the second waits here, and finds it decided.
    suggestion = Suggestion.objects.open().filter(pk=pk).select_for_update(of=("self",)).first()
    if suggestion is None:
        return False
    prescription = Prescription.objects.select_related(
        "exercise",
        "clinic",
        "started_by",
        "program__patient",
        "program__protocol",
        "program__definition",
    ).get(pk=suggestion.prescription_id)
    approval = _approval(prescription)
    if approval is None:
        return False
    step, kind = suggestion.step, Decision.Kind.PROGRESS
    proposed, found = outlook(kind=kind, prescription=prescription, roles=VET, at=at)
    if found or (proposed.exercise.slug, proposed.dose) != (step["slug"], Dose.from_json(step["dose"])):
        return False
    said = {"vet": approval.approved_by.get_full_name(), "dose": approval.dose_text}
    reason = _("Approved ahead by %(vet)s, up to %(dose)s.") % said
    decision = decide(
        kind=kind,
        prescription=prescription,
        reason=f"{reason} {suggestion_wording.why(suggestion)}"[:REASON_LENGTH],
        plan_version=suggestion.plan_version,
        by=approval.approved_by,
        roles=VET,
        at=at,
        follows=suggestion_wording.rule_ids(suggestion),
        details={PreApproval.BY_ITSELF: str(approval.pk), "suggestion": str(suggestion.pk)},
    )
    suggestion.outcome, suggestion.decision, suggestion.closed_at = Suggestion.Outcome.ACCEPTED, decision, at
    suggestion.save(update_fields=["outcome", "decision", "closed_at"])
    return True


def _approval(prescription: Prescription) -> PreApproval | None:
    """What a vet has approved ahead, if it still holds and the vet still works in the clinic."""
    definition = current_definition(prescription.patient_id)
    approval: PreApproval | None = (
        PreApproval.objects.open()
        .filter(program=prescription.program_id, exercise=prescription.exercise_id)
        .select_related("approved_by")
        .first()
    )
    if approval is None or definition is None or not approval.holds_for(prescription, definition=definition):
        return None
    works_here = Membership.objects.current().filter(
        user=approval.approved_by, clinic=prescription.clinic_id, role=Membership.Role.VET
    )
    return approval if works_here.exists() else None

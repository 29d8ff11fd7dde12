"""What a person does with a suggestion: take it as it is, choose more care, or, as a vet with a reason, less.

Source: 06_progression.yaml, human_override. A restraint is never taken here: it stands by itself until a vet releases it.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import User
from rehab.guidance import suggestion_wording
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.approving import may_accept
from rehab.guidance.engine.values import Decision as Verdicts
from rehab.guidance.models import Suggestion
from rehab.guidance.models.suggestions import Verdict
from rehab.guidance.rule_wording import ended, rule_text
from rehab.programs.actions import NotAllowed, StalePlan, decide, outlook
from rehab.programs.actions.refusals import REASON_LENGTH, refuse
from rehab.programs.dose import Dose
from rehab.programs.gate import Objection
from rehab.programs.limits import raised
from rehab.programs.models import Decision, Prescription, Program

Outcome = Suggestion.Outcome
NOTHING_FIRED: Final = "P1"


class SuggestionChanged(Exception):
    """It was withdrawn, decided or changed since the person saw it; ``now`` is what is suggested instead, if anything."""

    def __init__(self, now: Suggestion | None) -> None:
        self.now = now
        super().__init__()


def accept(
    suggestion: Suggestion, *, seen: str, by: User, roles: frozenset[Role], at: dt.datetime, reason: str = ""
) -> Decision:
    """Do what the suggestion says, as the person's own decision; ``seen`` is its digest on the page.

    What has come in since is weighed first: nobody takes a step that the dog's last answer speaks against.

    Raises:
        SuggestionChanged: it no longer holds, or says something else by now.
        NotAllowed: a gate, the row or the person's role is against it; or it is a restraint.
        StalePlan: the plan has changed in the same moment.
    """
    refresh_summaries(at=at, patient_ids=[suggestion.patient_id])
    with transaction.atomic():
        now = locked(suggestion.prescription_id)
        if now is None or now.pk != suggestion.pk or now.digest != seen:
            raise SuggestionChanged(now)
        decision = _follow(now, by=by, roles=roles, at=at, reason=reason)
        close(now, Outcome.ACCEPTED, decision, by=by, at=at)
    refresh_summaries(at=at, patient_ids=[suggestion.patient_id])
    return decision


def choose(
    *,
    kind: Decision.Kind,
    prescription: Prescription,
    reason: str,
    plan_version: int,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
    swap: bool = False,
) -> Decision:
    """Progress, hold or regress by hand, weighed against what is suggested; called like ``decide`` of the programs.

    What has come in since is weighed first. A rule that spoke up only then nobody has read yet, so that not even a vet
    has overruled it: who sends it again has.

    Raises:
        NotAllowed, StalePlan
    """
    patient = prescription.patient_id
    before = against(open_suggestion(prescription.pk), prescription, kind=kind, roles=roles, at=at, swap=swap)
    read = {one.rule for one in before}
    refresh_summaries(at=at, patient_ids=[patient])
    with transaction.atomic():
        now = locked(prescription.pk)
        care = care_of(now, prescription, kind=kind, roles=roles, at=at, swap=swap)
        speaking = _objections(now, kind, care)
        if {one.rule for one in speaking} - read and is_as_seen(prescription, plan_version):
            raise NotAllowed(speaking)
        is_followed = now is not None and now.verdict == kind.value and care >= 0
        decision = decide(
            kind=kind,
            prescription=prescription,
            reason=reason,
            plan_version=plan_version,
            by=by,
            roles=roles,
            at=at,
            swap=swap,
            start=easier_start(now),
            against=speaking,
            follows=suggestion_wording.rule_ids(now) if now is not None and is_followed else (),
        )
        if now is not None and now.verdict != Verdict.RESTRAIN:
            close(now, outcome_of(care), decision, by=by, at=at)
    refresh_summaries(at=at, patient_ids=[patient])
    return decision


def is_as_seen(prescription: Prescription, plan_version: int) -> bool:
    """Whether the plan is still the one that the person saw; another one is the first thing to say."""
    program = Program.objects.open().filter(pk=prescription.program_id, plan_version=plan_version)
    return program.exists() and Prescription.objects.current().filter(pk=prescription.pk).exists()


def against(
    suggestion: Suggestion | None,
    prescription: Prescription,
    *,
    kind: Decision.Kind,
    roles: frozenset[Role],
    at: dt.datetime,
    swap: bool = False,
) -> list[Objection]:
    """What the open suggestion says against a choice: one objection for each rule that it follows.

    A more careful choice needs nobody's leave, a less careful one a vet and a reason; while the dog is restrained nothing
    grows, whoever asks.
    """
    care = care_of(suggestion, prescription, kind=kind, roles=roles, at=at, swap=swap)
    return _objections(suggestion, kind, care)


def _objections(suggestion: Suggestion | None, kind: Decision.Kind, care: int) -> list[Objection]:
    if suggestion is None:
        return []
    is_restrained = suggestion.verdict == Verdict.RESTRAIN
    if care >= 0 and not (is_restrained and kind == Decision.Kind.PROGRESS):
        return []
    about = suggestion_wording.suggested(Verdict(suggestion.verdict))
    fired = suggestion_wording.followed(suggestion)
    if not fired:
        why = suggestion_wording.why(suggestion)
        return [Objection(rule=NOTHING_FIRED, text=ended(why), vet_may=True, about=about)]
    return [
        Objection(
            rule=one["rule"],
            text=ended(rule_text(one["rule"], one["numbers"])),
            vet_may=not is_restrained,
            about=about,
        )
        for one in fired
    ]


def care_of(
    suggestion: Suggestion | None,
    prescription: Prescription,
    *,
    kind: Decision.Kind,
    roles: frozenset[Role],
    at: dt.datetime,
    swap: bool,
) -> int:
    """Above zero where a choice is more careful than what is suggested, below where it is less, zero where it is that."""
    if suggestion is None or suggestion.verdict == Verdict.RESTRAIN:
        # The stop stands beside whatever is decided about the plan.
        return 0
    difference = Verdicts(kind.value).care - Verdicts(suggestion.verdict).care
    if difference or not suggestion.step:
        return difference
    try:
        start = easier_start(suggestion)
        chosen = outlook(kind=kind, prescription=prescription, roles=roles, at=at, swap=swap, start=start)[0]
    except NotAllowed:
        # The programs say why themselves.
        return 0
    step = suggestion.step
    wanted = Dose.from_json(step["dose"])
    if chosen.exercise.slug == step["slug"]:
        return -1 if raised(chosen.dose, wanted) else int(bool(raised(wanted, chosen.dose)))
    if kind == Decision.Kind.REGRESS:
        return -1 if step["is_swap"] else 1
    return -1


def easier_start(suggestion: Suggestion | None) -> Dose | None:
    """The dose at which the easier exercise starts, whoever asks for it: its last clean one, where the rules know one."""
    known = None if suggestion is None else suggestion.numbers.get("easier")
    return None if known is None else Dose.from_json(known)


def outcome_of(care: int) -> Suggestion.Outcome:
    """What becomes of a suggestion by a choice that is so much more or less careful."""
    if not care:
        return Outcome.ACCEPTED
    return Outcome.MORE_CAREFUL if care > 0 else Outcome.LESS_CAREFUL


def _follow(suggestion: Suggestion, *, by: User, roles: frozenset[Role], at: dt.datetime, reason: str) -> Decision:
    if suggestion.verdict == Verdict.RESTRAIN:
        raise refuse(
            next(iter(suggestion_wording.rule_ids(suggestion)), "RESTRAIN"),
            _("The stop stands by itself. Only a vet releases it."),
        )
    kind, step = Decision.Kind(suggestion.verdict), suggestion.step
    if not may_accept(suggestion, roles):
        raise refuse("APPROVER", suggestion_wording.who_decides(suggestion))
    if kind != Decision.Kind.HOLD and not step:
        raise refuse("RANGE", _("There is no smaller step. Remove the exercise, or change its dose."))
    take = partial(
        decide,
        kind=kind,
        prescription=suggestion.prescription,
        swap=bool(step and step["is_swap"]),
        start=easier_start(suggestion),
        reason=reason.strip() or suggestion_wording.why(suggestion)[:REASON_LENGTH],
        plan_version=suggestion.plan_version,
        by=by,
        roles=roles,
        at=at,
        follows=suggestion_wording.rule_ids(suggestion),
        details={"suggestion": str(suggestion.pk)},
    )
    if kind != Decision.Kind.REGRESS or step["is_swap"]:
        return _as_suggested(take(), step)
    if step["re_enter"]:
        return take(re_enter=True)
    return _as_suggested(take(percent=step["percent"]), step)


def _as_suggested(decision: Decision, step: object) -> Decision:
    """The decision, if it is what the person saw: the library or the dose may have changed under the suggestion.

    Raises:
        StalePlan: what the plan would become is not what was suggested.
    """
    if not isinstance(step, dict) or not step:
        return decision
    made = Prescription.objects.select_related("exercise").get(started_by=decision)
    if (made.exercise.slug, made.dosage) != (step["slug"], Dose.from_json(step["dose"])):
        raise StalePlan
    return decision


def locked(prescription_id: UUID) -> Suggestion | None:
    """The open suggestion about the prescription, for this transaction alone."""
    found: Suggestion | None = (
        Suggestion.objects.open()
        .filter(prescription=prescription_id)
        .select_related(
            "prescription__exercise",
            "prescription__clinic",
            "prescription__program__patient",
            "prescription__program__protocol",
            "prescription__program__definition",
        )
        .select_for_update(of=("self",))
        .first()
    )
    return found


def close(
    suggestion: Suggestion, outcome: Suggestion.Outcome, decision: Decision, *, by: User, at: dt.datetime
) -> None:
    """The suggestion is answered by the decision."""
    suggestion.outcome, suggestion.decision, suggestion.closed_by, suggestion.closed_at = outcome, decision, by, at
    suggestion.save(update_fields=["outcome", "decision", "closed_by", "closed_at"])


def open_suggestion(prescription_id: UUID) -> Suggestion | None:
    """What is suggested about the prescription now."""
    found: Suggestion | None = Suggestion.objects.open().filter(prescription=prescription_id).first()
    return found

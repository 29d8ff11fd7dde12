"""What the rules suggest for dogs, as rows and as a person reads it beside each exercise."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.fields.json import KT
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Role
from rehab.guidance import rule_wording, suggestion_wording
from rehab.guidance.approving import may_accept
from rehab.guidance.models import Evaluation, Suggestion
from rehab.guidance.models.suggestions import Verdict
from rehab.library.models import Exercise
from rehab.patients.models import ProblemDefinition
from rehab.programs.dose import bounds, step_up
from rehab.programs.models import PreApproval, Prescription, Program
from rehab.programs.wording import NAMES

ICONS: Final[Mapping[str, str]] = {
    Verdict.RESTRAIN: "octagon-alert",
    Verdict.REGRESS: "arrow-down",
    Verdict.HOLD: "equal",
    Verdict.PROGRESS: "arrow-up",
}
LEVELS: Final[Mapping[str, str]] = {
    Verdict.RESTRAIN: "act",
    Verdict.REGRESS: "watch",
    Verdict.HOLD: "neutral",
    Verdict.PROGRESS: "ok",
}
# The questions of exercise_as_assessment that ask a vet to look again; A1 only notes that it fits.
LOOK_AGAIN: Final = ("A2", "A3", "A4")
NO_BETTER: Final = "RF26"
BY_A_PERSON: Final = (Suggestion.Outcome.ACCEPTED, Suggestion.Outcome.MORE_CAREFUL, Suggestion.Outcome.LESS_CAREFUL)


def open_suggestions(patient_ids: Collection[UUID]) -> list[Suggestion]:
    """The open suggestions about the dogs with their exercise and dose, in the order of the plan; two statements.

    ``swap_name`` is the name of the exercise that a step would put in its place, the clinic's own before the built-in one.
    ``is_answered``: a person has decided about exactly this, on exactly these numbers; until something new comes in nobody
    is asked again.
    """
    neighbour = (
        Exercise.objects.current()
        .filter(Q(clinic=None) | Q(clinic=OuterRef("clinic")), slug=OuterRef("step_slug"))
        .order_by(F("clinic").asc(nulls_last=True), "pk")
    )
    found = list(
        Suggestion.objects.open()
        .filter(patient__in=patient_ids)
        .annotate(step_slug=KT("step__slug"))
        .annotate(swap_name=Subquery(neighbour.values("name")[:1]))
        .select_related("exercise", "prescription")
        .order_by("patient", "prescription__position", "pk")
    )
    answered = Suggestion.objects.filter(
        patient__in=patient_ids, outcome__in=BY_A_PERSON, prescription__ended_by=None
    ).values_list("prescription_id", "digest", "fired", "numbers")
    known: dict[tuple[UUID, str], list[tuple[Any, Any]]] = {}
    for prescription, digest, fired, numbers in answered:
        known.setdefault((prescription, digest), []).append((fired, numbers))
    for one in found:
        one.is_answered = (one.fired, one.numbers) in known.get((one.prescription_id, one.digest), [])
    return found


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Another thing to do than what is suggested, and where."""

    address: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One suggestion in words, with what this person may do about it."""

    suggestion: Suggestion
    label: str
    icon: str
    level: str
    step: str
    short: str
    why: str
    looked: str
    who: str
    rules: list[str]
    wanting: list[str]
    may_accept: bool
    more_careful: list[Choice]
    less_careful: list[Choice]

    @property
    def is_quiet(self) -> bool:
        """A hold asks nobody for anything, and neither does what a person has just answered."""
        return self.suggestion.verdict == Verdict.HOLD or self.is_answered

    @property
    def is_answered(self) -> bool:
        return bool(getattr(self.suggestion, "is_answered", False)) and not self.is_stop

    @property
    def is_stop(self) -> bool:
        return self.suggestion.verdict == Verdict.RESTRAIN


def offer_of(suggestion: Suggestion, *, roles: frozenset[Role], names: Mapping[str, str] | None = None) -> Offer:
    """The suggestion for a person with these roles; ``names`` are those of the exercises by slug."""
    known = dict(names or {})
    swap_name = getattr(suggestion, "swap_name", None)
    if swap_name and suggestion.step:
        known.setdefault(suggestion.step["slug"], swap_name)
    verdict = Verdict(suggestion.verdict)
    return Offer(
        suggestion=suggestion,
        label=str(verdict.label),
        icon=ICONS[verdict],
        level=LEVELS[verdict],
        step=suggestion_wording.step_text(verdict, suggestion.step, suggestion.prescription.dosage, names=known),
        why=rule_wording.ended(suggestion_wording.why(suggestion, names=known)),
        short=rule_wording.ended(next(iter(suggestion_wording.reasons(suggestion, names=known)), "–")),
        looked=suggestion_wording.looked_at(suggestion.numbers),
        who=suggestion_wording.who_decides(suggestion),
        rules=suggestion_wording.rule_ids(suggestion),
        wanting=suggestion_wording.wanting(suggestion) if verdict == Verdict.HOLD and suggestion.fired else [],
        may_accept=may_accept(suggestion, roles) and (verdict == Verdict.HOLD or bool(suggestion.step)),
        more_careful=_more_careful(suggestion),
        less_careful=_less_careful(suggestion) if Role.VET in roles else [],
    )


def in_brief(prescription: Prescription, *, roles: frozenset[Role]) -> dict[str, str] | None:
    """What is suggested for an exercise beside a form that changes it: the words, why, and who may ask more; two statements."""
    found = next(
        (one for one in open_suggestions([prescription.patient_id]) if one.prescription_id == prescription.pk), None
    )
    if found is None:
        return None
    swap_name = getattr(found, "swap_name", None)
    names = {found.step["slug"]: swap_name} if found.step and swap_name else {}
    if found.verdict == Verdict.RESTRAIN:
        who = _("Until a vet has released it nothing grows. Less is always allowed.")
    elif Role.VET in roles:
        who = _("Whoever asks more of the dog than this overrules it: the reason is kept with the rules.")
    else:
        who = _("Only a vet may ask more of the dog than this, with a reason. Less is always allowed.")
    return {
        "level": LEVELS[found.verdict],
        "icon": ICONS[found.verdict],
        "title": suggestion_wording.in_short(found, prescription.dosage, names=names),
        "why": rule_wording.ended(suggestion_wording.why(found, names=names)),
        "who": who,
    }


def _decide(suggestion: Suggestion, kind: str, *, swap: bool = False) -> str:
    address = reverse("guidance:prescription-decide", args=[suggestion.prescription_id, kind])
    return f"{address}?swap=1" if swap else address


def _more_careful(suggestion: Suggestion) -> list[Choice]:
    if suggestion.verdict == Verdict.RESTRAIN:
        return []
    found = []
    if suggestion.verdict == Verdict.PROGRESS:
        found.append(Choice(address=_decide(suggestion, "hold"), text=_("Leave it as it is")))
    if suggestion.verdict in (Verdict.PROGRESS, Verdict.HOLD):
        found.append(Choice(address=_decide(suggestion, "regress"), text=_("20 % less")))
    is_swap = bool(suggestion.step) and suggestion.step["is_swap"]
    if suggestion.exercise.easier_slug and not (suggestion.verdict == Verdict.REGRESS and is_swap):
        found.append(Choice(address=_decide(suggestion, "regress", swap=True), text=_("The easier exercise")))
    address = reverse("programs:prescription-remove", args=[suggestion.prescription_id])
    return [*found, Choice(address=address, text=_("Take it out of the plan"))]


def _less_careful(suggestion: Suggestion) -> list[Choice]:
    found = []
    if suggestion.verdict == Verdict.REGRESS:
        found.append(Choice(address=_decide(suggestion, "hold"), text=_("Leave it as it is, with a reason")))
    if suggestion.verdict in (Verdict.REGRESS, Verdict.HOLD) and suggestion.approver != Suggestion.Approver.NOBODY:
        found.append(Choice(address=_decide(suggestion, "progress"), text=_("One step more, with a reason")))
    return found


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the rules ask about the whole dog: another look at the cause, a call, a review, or that a person looks."""

    look_again: list[str]
    actions: list[str]
    is_broken: bool


def asked_of(evaluation: Evaluation | None) -> Asked:
    """The same in words."""
    if evaluation is None:
        return Asked(look_again=[], actions=[], is_broken=False)
    return Asked(
        look_again=observations(evaluation),
        actions=[rule_wording.action_text(one) for one in evaluation.actions],
        is_broken=bool(evaluation.broken),
    )


def observations(evaluation: Evaluation) -> list[str]:
    """What speaks for another look at the true cause, each with its numbers."""
    found = [
        rule_wording.rule_text(one["rule"], one["numbers"]) for one in evaluation.questions if one["rule"] in LOOK_AGAIN
    ]
    found += [rule_wording.no_better_text(one["numbers"]) for one in evaluation.detected if one["flag"] == NO_BETTER]
    return found


def asks_to_look_again(evaluation: Evaluation | None) -> list[str]:
    """The ids of what speaks for another look at the true cause."""
    if evaluation is None:
        return []
    questions = [one["rule"] for one in evaluation.questions if one["rule"] in LOOK_AGAIN]
    return questions + [one["flag"] for one in evaluation.detected if one["flag"] == NO_BETTER]


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """What a vet approved ahead for an exercise, or between which numbers one could."""

    approved: PreApproval | None
    name: str = ""
    low: int = 0
    high: int = 0


def ahead_of(
    prescriptions: Sequence[Prescription], program: Program | None, definition: ProblemDefinition | None
) -> dict[UUID, Ahead]:
    """By prescription, where the limits are musculoskeletal; one statement, or none."""
    if program is None or definition is None or program.profile != Program.Profile.MSK.value:
        return {}
    approved: dict[Any, PreApproval] = {
        one.exercise_id: one for one in PreApproval.objects.open().filter(program=program).select_related("approved_by")
    }
    found = {}
    for one in prescriptions:
        known = approved.get(one.exercise_id)
        if known is not None and known.holds_for(one, definition=definition):
            found[one.pk] = Ahead(approved=known)
            continue
        step = step_up(one.dosage, one.exercise.dose_range) if one.has_steps else None
        high = 0 if step is None else bounds(one.exercise.dose_range).get(step.variable, (0, 0))[1]
        if step is not None and high >= step.after:
            found[one.pk] = Ahead(approved=None, name=str(NAMES[step.variable]), low=step.after, high=high)
    return found

"""What a vet looks at before a discharge: what was reached, what speaks against it, and with what the dog goes on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Final
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from accounts.access import Role
from accounts.models import Clinic
from rehab.guidance import attention, maintenance_wording, wording
from rehab.guidance.attention import Code
from rehab.guidance.queries.facts import facts_of
from rehab.guidance.queries.phase import Check, check
from rehab.guidance.queries.readings import known_about
from rehab.library.models import ProtocolPhase
from rehab.patients.models import OutcomeScore, ProblemDefinition
from rehab.programs import maintenance
from rehab.programs.actions.phasing import phase_now, phases_of, signed_by
from rehab.programs.criteria import Criterion, Series, evaluate, parse
from rehab.programs.gate import Objection
from rehab.programs.models import Episode, Program
from rehab.programs.phase_wording import label, unmet_text

ONE_DAY: Final = dt.timedelta(days=1)
ADHERENCE_DAYS: Final = 28
# Why a dog needs a look that also speaks against leaving it to itself.
AGAINST: Final = frozenset(
    {
        *(Code.PAIN_AT_LIMIT, Code.SKIPPED_FOR_PAIN, Code.PAIN_UP, Code.MORNING_UP, Code.OVERLOAD),
        *(Code.SILENT, Code.LOW_ADHERENCE, Code.NO_PAIN_ANSWER, Code.NOT_EVALUATED, Code.LOOK_AGAIN),
        *(Code.REGRESS_SUGGESTED, Code.ALERT_NOT_DELIVERED, Code.ALERT_WAITING, Code.MESSAGE_WAITING),
    }
)
# What stops the exercises is released by a vet before anybody speaks of a discharge.
STOPS: Final = frozenset({Code.WARNING_SIGN, Code.RESTRAINED})


@dataclass(frozen=True, kw_only=True)
class Reached:
    """One number when the episode began, and now; in words, empty where it is not known."""

    name: str
    then: str
    now: str


@dataclass(frozen=True, kw_only=True)
class Discharge:
    """All that the page says but for the items of maintenance."""

    reached: list[Reached]
    adherence: int | None
    checks: list[Check]
    measures: dict[str, float]
    missing: str
    speaking: list[Objection]
    days: dict[int, dt.date]
    re_exam_due_on: dt.date | None

    @property
    def met(self) -> int:
        return sum(one.verdict.is_met and not one.is_signature for one in self.checks)

    @property
    def counted(self) -> int:
        return sum(not one.is_signature for one in self.checks)


def maintenance_phase(clinic: Clinic) -> ProtocolPhase | None:
    """The phase of the maintenance protocol, the clinic's own before the built-in one."""
    phases = ProtocolPhase.objects.filter(protocol__slug=maintenance.PROTOCOL, protocol__superseded_at=None)
    own_first = F("protocol__clinic").desc(nulls_last=True)
    found: ProtocolPhase | None = (
        (phases.filter(protocol__clinic=None) | phases.filter(protocol__clinic=clinic))
        .select_related("protocol")
        .order_by(own_first, "position")
        .first()
    )
    return found


def discharge_outlook(
    program: Program,
    definition: ProblemDefinition,
    protocol_phase: ProtocolPhase,
    *,
    roles: frozenset[Role],
    today: dt.date,
) -> Discharge:
    """What was reached and what speaks against it; a fixed number of statements, whatever was logged."""
    series = signed_by(known_about(program, definition, today=today).series, roles=roles, today=today)
    measures = maintenance.at_discharge(series, today=today)
    verdicts = [evaluate(one, series, today) for one in _criteria(program, protocol_phase)]
    missing = maintenance.missing_at_discharge(measures, asked=maintenance.asked())
    done = [one.value for one in series.get("completion", ()) if 0 <= (today - one.day).days < ADHERENCE_DAYS]
    unmet = [one for one in verdicts if not one.is_met]
    return Discharge(
        reached=_reached(program, definition, measures),
        adherence=round(100 * fmean(done)) if done else None,
        checks=[check(one, today=today) for one in verdicts],
        measures=measures,
        missing=maintenance_wording.missing_text(missing),
        speaking=[
            *_of_the_dog(program, today=today),
            *(Objection(rule="CRITERIA", text=unmet_text(one, today=today), vet_may=True) for one in unmet),
            *_of_a_relapse(series, today=today),
            *_of_the_baseline(missing),
        ],
        days=maintenance.checkpoint_days(today),
        re_exam_due_on=definition.re_exam_due_on,
    )


def _criteria(program: Program, protocol_phase: ProtocolPhase) -> list[Criterion]:
    """What is left to meet of the program's protocol, then what maintenance asks for; each once."""
    phases = phases_of(program)
    now = phase_now(program, phases)
    texts: list[str] = []
    for phase in phases:
        if now is not None and phase.position >= now.position:
            texts += phase.entry_criteria if phase.position > now.position else []
            texts += phase.exit_criteria
    return [parse(text) for text in dict.fromkeys([*texts, *protocol_phase.entry_criteria])]


def _of_the_dog(program: Program, *, today: dt.date) -> list[Objection]:
    """What needs a look now, as the list of dogs says it; what stops the exercises nobody overrules."""
    first = today - (attention.WINDOW_DAYS - 1) * ONE_DAY
    facts = facts_of([program.patient_id], first=first, until=today + ONE_DAY)[program.patient_id]
    reasons = attention.reasons(facts.dog(today=today, days=facts.days(today=today)))
    return [
        Objection(
            rule=reason.code.value.upper(),
            text=wording.sentence(reason, today=today),
            vet_may=reason.code not in STOPS,
        )
        for reason in reasons
        if reason.code in AGAINST | STOPS
    ]


def _of_a_relapse(series: Series, *, today: dt.date) -> list[Objection]:
    """What would be a sign of a relapse tomorrow speaks against a discharge today."""
    verdicts = [evaluate(criterion, series, today) for criterion in maintenance.relapse()]
    signs = [{"criterion": one.criterion.text, "value": one.value} for one in verdicts if one.is_met]
    return [Objection(rule="RELAPSE", text=f"{maintenance_wording.sign_text(one)}.", vet_may=True) for one in signs]


def _of_the_baseline(missing: Sequence[str]) -> list[Objection]:
    """Without numbers of today no checkpoint can ever say that the dog is as well as at discharge."""
    function = [one for one in missing if one != maintenance.PAIN]
    asked = [one for one in maintenance.asked() if one in maintenance.FUNCTION]
    lacking = []
    if maintenance.PAIN in missing:
        lacking.append(_("The usual pain is not known: fewer than three answers before exercise in the last 7 days."))
    if len(function) == len(asked):
        lacking.append(_("Nothing that the dog can do was measured in the last 28 days."))
    more = _("No checkpoint can be good without something to compare with.")
    return [Objection(rule="BASELINE", text=f"{text} {more}", vet_may=True) for text in lacking]


def _reached(program: Program, definition: ProblemDefinition, measures: Mapping[str, float]) -> list[Reached]:
    """Pain and function when the episode began and now, then the family's own activities and their score."""
    first = _definition_of_the_beginning(program.patient_id) or definition
    found = [
        Reached(
            name=label("pain_before"),
            then="" if first.pain_at_rest is None else maintenance_wording.value("pain_rest", first.pain_at_rest),
            now=_value("pain_before", measures.get("pain_before")),
        )
    ]
    for metric in maintenance.FUNCTION:
        then, now = first.baseline.get(metric), measures.get(metric)
        if then is not None or now is not None:
            found.append(Reached(name=label(metric), then=_value(metric, then), now=_value(metric, now)))
    return [*found, *_activities(first, definition), *_csom(program)]


def _definition_of_the_beginning(patient_id: UUID) -> ProblemDefinition | None:
    """What was signed when the episode opened; of a recurrence, which asks for a new one, what was signed next.

    Not the definition of its first program: a program goes on under each newer version.
    """
    episode = Episode.objects.standing().filter(patient=patient_id).newest_first().first()
    signed = ProblemDefinition.objects.signed().filter(patient=patient_id)
    found: ProblemDefinition | None = None
    if episode is None or episode.because == Episode.Because.FIRST:
        before = signed if episode is None else signed.filter(signed_at__lte=episode.opened_at)
        found = before.newest_first().first()
    else:
        found = signed.filter(signed_at__gt=episode.opened_at).order_by("version").first()
    return found


def _value(metric: str, amount: Any) -> str:
    return maintenance_wording.value(metric, amount) if isinstance(amount, int | float) else ""


def _activities(first: ProblemDefinition, now: ProblemDefinition) -> list[Reached]:
    """What the family scored when each definition was signed, 0 (normal) to 4 (cannot)."""
    if first.pk == now.pk:
        return []
    newest = {one["text"]: one["score"] for one in now.activities}
    return [
        Reached(name=one["text"], then=_score(one["score"]), now=_score(newest[one["text"]]))
        for one in first.activities
        if one["text"] in newest
    ]


def _score(score: object) -> str:
    return _("%(score)s of 4") % {"score": score}


def _csom(program: Program) -> list[Reached]:
    """The first and the newest total of the family's own activities since the episode began."""
    totals = list(
        OutcomeScore.objects.filter(patient=program.patient_id, instrument=OutcomeScore.CSOM)
        .standing()
        .order_by("day", "recorded_at", "pk")
        .values_list("total", flat=True)
    )
    if not totals:
        return []
    first, last = f"{totals[0]:g}", f"{totals[-1]:g}"
    return [Reached(name=_("The family’s own activities (CSOM)"), then=first if len(totals) > 1 else "", now=last)]

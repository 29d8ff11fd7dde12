"""Discharge into maintenance, and what to do about a checkpoint that was worse."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Right, access, signed_in
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.forms import DischargeForm, SettleForm
from rehab.guidance.queries.discharging import Discharge, discharge_outlook, maintenance_phase
from rehab.guidance.queries.relapse import relapse_page
from rehab.library import translating
from rehab.library.models import Category, ProtocolPhase
from rehab.patients.access import load_patient, may, roles_of
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.queries import current_definition
from rehab.patients.wording import printed
from rehab.programs import maintenance
from rehab.programs.actions import Item, NotAllowed
from rehab.programs.actions.assigning import check_start, row_to_assign_under
from rehab.programs.actions.checkpoints import AlreadySettledError, settle_checkpoints
from rehab.programs.actions.discharging import ONE_DAY, check_discharge, discharge, profile_in_maintenance
from rehab.programs.gate import Objection, objections, row_of
from rehab.programs.models import Prescription, Program
from rehab.programs.phase_forms import PhaseItemForm
from rehab.programs.queries import Candidate, candidates, current_prescriptions, open_program
from rehab.programs.views.answering import Outcome, back_to, refusal, retype, submit
from rehab.programs.views.phases import Line, seen_anew

REACHED: Final = gettext_lazy("Goals reached")
REASONS: Final = (
    gettext_lazy("As well as it will get, and steady"),
    gettext_lazy("The family goes on by itself"),
)


@access(Right.DISCHARGE)
@require_http_methods(["GET", "HEAD", "POST"])
def discharge_dog(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What was reached, what speaks against it, what goes on; one button ends treatment and begins maintenance."""
    dog: Patient = load_patient(pk=pk, user=signed_in(request), right=Right.DISCHARGE)
    at = timezone.now()
    if request.method == "POST":
        # What the family has just said is weighed first: a stop that no worker has found yet speaks against it, too.
        refresh_summaries(at=at, patient_ids=[dog.pk])
    program, definition, phase = open_program(dog.pk), current_definition(dog.pk), maintenance_phase(dog.clinic)
    context: dict[str, Any] = {"patient": dog, "program": program, "place": "dogs"}
    is_over = program is None or definition is None or phase is None
    if is_over or (program.protocol is not None and program.protocol.slug == maintenance.PROTOCOL):  # type: ignore[union-attr]
        return render(request, "guidance/discharge_page.html", context, status=409 if request.method == "POST" else 200)
    assert program is not None and definition is not None and phase is not None  # noqa: S101, PT018 (asked above)
    return _discharge(request, context, program=program, definition=definition, phase=phase, at=at)


def _discharge(
    request: HttpRequest,
    context: dict[str, Any],
    *,
    program: Program,
    definition: ProblemDefinition,
    phase: ProtocolPhase,
    at: dt.datetime,
) -> HttpResponse:
    dog: Patient = context["patient"]
    today, roles, row = dog.today(at), roles_of(dog), row_of(definition)
    starts_on = max(today + ONE_DAY, program.starts_on)
    data = request.POST if request.method == "POST" else None
    outlook = discharge_outlook(program, definition, phase, roles=roles, today=today)
    lines = _lines(program, definition, phase, data=data, on=starts_on)
    chosen = [line for line in lines if line.form.is_chosen]
    is_readable = data is None or all(line.form.is_valid() for line in chosen)
    items = [_item(line) for line in chosen] if is_readable else []
    against = list(outlook.speaking)
    if is_readable:
        against += check_discharge(
            items,
            definition=definition,
            row=row,
            protocol_phase=phase,
            starts_on=starts_on,
            roles=roles,
            before=program,
        )
    blocked = [one for one in [*_gate(definition, dog, program, at=at, roles=roles), *against] if not one.vet_may]
    warnings = [one for one in against if one.vet_may]
    form = DischargeForm(
        data,
        suggestions=REASONS if warnings else (REACHED, *REASONS),
        initial={"plan_version": program.plan_version, "seen": _digests(warnings)},
    )

    def act(form: DischargeForm) -> None:
        unread = set(_digests(warnings).split()) - set(form.cleaned_data["seen"].split())
        if unread:
            raise NotAllowed(warnings)
        discharge(
            program=program,
            definition=definition,
            protocol_phase=phase,
            items=items,
            measures=outlook.measures,
            speaking=outlook.speaking,
            reason=form.cleaned_data["why"],
            plan_version=form.cleaned_data["plan_version"],
            by=signed_in(request),
            roles=roles,
            at=at,
        )

    outcome = submit(form, act, is_valid=is_readable and form.is_valid())
    if outcome.is_done:
        said = {"dog": dog.name, "day": date_format(outlook.days[min(outlook.days)])}
        messages.success(request, _("Discharged. Somebody looks at %(dog)s again on %(day)s.") % said)
        return back_to(request, dog)
    context |= _shown(form, outcome, program=program, warnings=warnings, blocked=blocked)
    context |= {
        "outlook": outlook,
        "phase": phase,
        "caution": printed(translating.said(phase.protocol.warning)),
        "starts_on": starts_on,
        "proposed": [line for line in lines if line.candidate.is_proposed],
        "others": [line for line in lines if not line.candidate.is_proposed],
        "faulty": [] if is_readable else [line for line in chosen if not line.form.is_valid()],
        "days": _days(outlook),
    }
    return render(request, "guidance/discharge_page.html", context, status=outcome.status)


def _shown(
    form: DischargeForm,
    outcome: Outcome,
    *,
    program: Program,
    warnings: Sequence[Objection],
    blocked: Sequence[Objection],
) -> dict[str, Any]:
    """The form as it goes back to the vet, who has now seen everything that speaks against it."""
    if form.is_bound:
        retype(form, seen=_digests(warnings))
    found: dict[str, Any] = {
        "form": form,
        "blocked": blocked,
        "warnings": warnings,
        # What the action alone knows, such as a reason that is too long.
        "objections": [one for one in outcome.objections if one not in [*blocked, *warnings]],
        "is_refused": bool(outcome.objections),
    }
    return found | (seen_anew(form, program) if outcome.is_stale else {})


def _digests(found: Sequence[Objection]) -> str:
    """Short names of objections, so that one that was not there before is told from those that were read."""
    texts = {f"{one.rule} {one.about} {one.text}" for one in found}
    return " ".join(sorted(hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts))


def _gate(
    definition: ProblemDefinition, dog: Patient, program: Program, *, at: dt.datetime, roles: Any
) -> Sequence[Objection]:
    """What refuses any program at all now: the definition, its row, or a re-examination that comes first."""
    if program.paused_by_id is not None:
        return [Objection(rule="PAUSED", text=_("The program is paused. Resume it first; then it can be changed."))]
    today = dog.today(at)
    try:
        row_to_assign_under(definition, patient=dog, roles=roles, on=today)
        check_start(max(today + ONE_DAY, program.starts_on), today=today, definition=definition)
    except NotAllowed as refused:
        return refused.objections
    return []


def _days(outlook: Discharge) -> list[tuple[int, dt.date]]:
    return sorted(outlook.days.items())


def _lines(
    program: Program,
    definition: ProblemDefinition,
    phase: ProtocolPhase,
    *,
    data: QueryDict | None,
    on: dt.date,
) -> list[Line]:
    """The items of maintenance, then what the dog has beside them."""
    row = row_of(definition)
    profile = profile_in_maintenance(row, program)
    here = {one.exercise.slug: one for one in current_prescriptions(program)}
    found = candidates(
        protocol_phase=phase,
        definition=definition,
        row=row,
        profile=profile,
        phase=phase.code,
        clinic=program.clinic,
        on=on,
    )
    proposed = {one.exercise.slug for one in found}
    for slug, one in here.items():
        if slug not in proposed:
            against = objections(one.exercise, definition=definition, row=row, profile=profile, phase=phase.code, on=on)
            found.append(
                Candidate(
                    exercise=one.exercise, dose=one.dosage, target=one.dosage, objections=against, is_proposed=False
                )
            )
    most = row.limits.max_active_items
    if profile == Program.Profile.NEURO:
        most = min(most, int(phase.extra.get("neuro_profile_max_active", most)))
    ticked = _ticked(found, here, most=most, most_new=row.limits.new_exercises_per_week)
    return [
        Line(
            candidate=one,
            had=here.get(one.exercise.slug),
            form=PhaseItemForm(
                data,
                prefix=one.exercise.slug,
                exercise=one.exercise,
                dose=one.dose,
                initial={"chosen": one.exercise.slug in ticked},
            ),
        )
        for one in found
    ]


def _ticked(found: Sequence[Candidate], here: dict[str, Prescription], *, most: int, most_new: int) -> set[str]:
    """What goes on unless the vet says otherwise: the items of maintenance within the row's limits, those that the dog
    knows first; beside them the medicine and what keeps the home safe, which no phase ends.
    """
    ticked, active, new = set(), 0, 0
    for one in sorted(found, key=lambda one: one.exercise.slug not in here):
        exercise = one.exercise
        if not one.is_proposed:
            is_rest = one.dose.duration_days is not None
            keeps = one.dose.per_prescription or (exercise.category == Category.HOME_SAFETY and not is_rest)
            if keeps and not one.is_blocked:
                ticked.add(exercise.slug)
            continue
        counts = exercise.is_active and not exercise.clinic_only
        is_new = counts and exercise.slug not in here
        if one.is_ticked and active + counts <= most and new + is_new <= most_new:
            ticked.add(exercise.slug)
            active, new = active + counts, new + is_new
    return ticked


def _item(line: Line) -> Item:
    """The line as it would be prescribed: as typed, or as proposed where nothing was typed yet."""
    if line.form.is_bound:
        return line.item
    had = line.had
    return Item(
        exercise=line.candidate.exercise,
        dose=line.candidate.dose,
        anchor=had.anchor if had else "",
        note=had.note if had else line.candidate.note,
        aim=had.aim if had else line.candidate.aim,
    )


@access(Right.SEE_RECORD)
@require_safe
def relapse(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The numbers then and now, and three ways on."""
    dog: Patient = load_patient(pk=pk, user=signed_in(request), right=Right.SEE_RECORD)
    return _relapse(request, dog, form=SettleForm())


def _relapse(request: HttpRequest, dog: Patient, *, form: SettleForm, status: int = 200) -> HttpResponse:
    page = relapse_page(dog, today=dog.today(timezone.now()))
    context = {"patient": dog, "page": page, "form": form, "may_settle": may(Right.DISCHARGE, dog), "place": "dogs"}
    return render(request, "guidance/relapse_page.html", context, status=status)


@access(Right.DISCHARGE)
@require_POST
def relapse_settle(request: HttpRequest, pk: UUID) -> HttpResponse:
    """It was no relapse: maintenance goes on."""
    dog: Patient = load_patient(pk=pk, user=signed_in(request), right=Right.DISCHARGE)
    form = SettleForm(request.POST)
    if not form.is_valid():
        return _relapse(request, dog, form=form, status=422)
    seen = [one.checkpoint.pk for one in relapse_page(dog, today=dog.today(timezone.now())).worse]
    chosen = [pk for pk in seen if str(pk) in request.POST.getlist("checkpoint")]
    try:
        settle_checkpoints(
            patient=dog, seen=chosen, reason=form.cleaned_data["reason"], by=signed_in(request), at=timezone.now()
        )
    except AlreadySettledError:
        return refusal(request, dog, [_("Somebody has settled this meanwhile. Look at the dog’s page.")], status=409)
    # The list of dogs says so at once: a settled checkpoint is no decision about a plan, which its refreshing looks for.
    refresh_summaries(at=timezone.now(), patient_ids=[dog.pk])
    messages.success(request, _("Settled. Maintenance goes on as before."))
    return back_to(request, dog)

"""Teach-back: what the staff have shown the family, and what the family has shown back."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import Right, access, signed_in
from rehab.library import translating
from rehab.programs.actions import mark_all_shown, mark_shown, mark_shown_back, withdraw
from rehab.programs.models import Prescription, TeachBack
from rehab.programs.queries import Taught, current_prescriptions, taught
from rehab.programs.views.answering import back_to, submit
from rehab.programs.views.loading import load_prescription, load_program

WITHDRAW = "withdraw"


class DayForm(forms.Form):
    """On which day; a tap without a day means today."""

    day = forms.DateField(
        label=gettext_lazy("On which day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class TeachForm(DayForm):
    """What happened: shown, shown back, or one of them taken back."""

    step = forms.ChoiceField(
        label=gettext_lazy("What happened"),
        choices=[
            (TeachBack.Kind.SHOWN.value, gettext_lazy("We showed it to the family")),
            (TeachBack.Kind.SHOWN_BACK.value, gettext_lazy("The family showed it back")),
        ],
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
    )


class WithdrawForm(forms.Form):
    """Which of the two was not so."""

    withdraw = forms.ChoiceField(choices=TeachBack.Kind.choices)


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def prescription_teach(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say that one exercise was shown or shown back, today by one tap or on another day; or take it back."""
    prescription = load_prescription(request, pk)
    known = taught(prescription.patient_id, [prescription.exercise.slug]).get(prescription.exercise.slug, Taught())
    if request.method == "POST" and WITHDRAW in request.POST:
        return _withdraw(request, prescription, known)
    at = timezone.now()
    today = prescription.program.patient.today(at)
    form = TeachForm(
        request.POST if request.method == "POST" else None,
        initial={"day": today, "step": _next(known)},
    )

    def teach(form: TeachForm) -> None:
        mark = {TeachBack.Kind.SHOWN: mark_shown, TeachBack.Kind.SHOWN_BACK: mark_shown_back}
        done = mark[TeachBack.Kind(form.cleaned_data["step"])](
            program=prescription.program,
            exercise=prescription.exercise,
            day=form.cleaned_data["day"] or today,
            by=signed_in(request),
            at=at,
        )
        messages.success(request, f"{translating.said(prescription.exercise.name)}: {done.get_kind_display()}")

    outcome = submit(form, teach)
    if outcome.is_done:
        return back_to(request, prescription.program.patient, place="program")
    return _page(request, prescription, known, form, status=outcome.status, objections=outcome.objections)


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def program_teach(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say that every active exercise of the program was shown on one visit."""
    program = load_program(request, pk)
    at = timezone.now()
    today = program.patient.today(at)
    form = DayForm(request.POST if request.method == "POST" else None, initial={"day": today})

    def teach(form: DayForm) -> None:
        new = mark_all_shown(program=program, day=form.cleaned_data["day"] or today, by=signed_in(request), at=at)
        text = ngettext("%(n)d exercise marked as shown.", "%(n)d exercises marked as shown.", len(new))
        messages.success(request, text % {"n": len(new)})

    outcome = submit(form, teach)
    if outcome.is_done:
        return back_to(request, program.patient, place="program")
    context = {
        "program": program,
        "patient": program.patient,
        "form": form,
        "prescriptions": list(current_prescriptions(program)),
        "objections": outcome.objections,
    }
    return render(request, "programs/program_teach_page.html", context, status=outcome.status)


def _withdraw(request: HttpRequest, prescription: Prescription, known: Taught) -> HttpResponse:
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return _page(request, prescription, known, form, status=422)
    standing: TeachBack | None = getattr(known, form.cleaned_data["withdraw"])
    if standing is not None:
        withdraw(teach_back=standing, by=signed_in(request), at=timezone.now())
    messages.success(request, _("Taken back."))
    return back_to(request, prescription.program.patient, place="program")


def _next(known: Taught) -> str:
    return (TeachBack.Kind.SHOWN if known.shown is None else TeachBack.Kind.SHOWN_BACK).value


def _page(
    request: HttpRequest, prescription: Prescription, known: Taught, form: forms.Form, *, status: int, **more: Any
) -> HttpResponse:
    context = {
        "prescription": prescription,
        "exercise": prescription.exercise,
        "patient": prescription.program.patient,
        "taught": known,
        "form": form,
        **more,
    }
    return render(request, "programs/prescription_teach_page.html", context, status=status)

"""What the pages of a program have in common: the answer, and what became of a form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from rehab.patients.models import Patient
from rehab.programs.actions import NotAllowed, StalePlan
from rehab.programs.gate import Objection

F = TypeVar("F", bound=forms.Form)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a form: the status to answer with, and why the rules refused."""

    status: int
    objections: tuple[Objection, ...] = ()

    @property
    def is_done(self) -> bool:
        return self.status == 303

    @property
    def is_stale(self) -> bool:
        return self.status == 409


def submit(form: F, act: Callable[[F], object], *, is_valid: bool | None = None) -> Outcome:
    """Act on a form that was sent: 422 where it is invalid or the rules refuse, 409 where it is too late."""
    if not form.is_bound:
        return Outcome(status=200)
    if not (form.is_valid() if is_valid is None else is_valid):
        return Outcome(status=422)
    try:
        act(form)
    except NotAllowed as refused:
        return Outcome(status=422, objections=refused.objections)
    except StalePlan:
        return Outcome(status=409)
    return Outcome(status=303)


def retype(form: forms.Form, **values: str) -> None:
    """Show a form as it was typed, but for these values."""
    typed = cast(QueryDict, form.data).copy()
    for name, value in values.items():
        typed[name] = value
    form.data = typed


def refusal(request: HttpRequest, patient: Patient, reasons: Sequence[str], *, status: int) -> HttpResponse:
    """A tap that has no form of its own to come back to: why nothing happened, and the way back."""
    return render(request, "programs/refused_page.html", {"patient": patient, "reasons": reasons}, status=status)


def answer(request: HttpRequest, name: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    """The page, or for HTMX only its changing part."""
    part = bool(getattr(request, "htmx", False))
    template = f"programs/_{name}.html" if part else f"programs/{name}_page.html"
    return render(request, template, context, status=status)


def back_to(request: HttpRequest, patient: Patient, *, place: str = "") -> HttpResponse:
    """On to the dog's page, or to a place on it."""
    address = reverse("guidance:patient", args=[patient.pk]) + (f"#{place}" if place else "")
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(address)
    return redirect(address)

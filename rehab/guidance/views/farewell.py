"""That a dog has died: said by its owner or its clinic, and taken back where it was a mistake."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Right, access, signed_in
from rehab.guidance.farewell import (
    NeverSaidError,
    NotThatDayError,
    SaidAlreadyError,
    say_farewell,
    take_back_farewell,
)
from rehab.guidance.forms import FarewellForm
from rehab.patients.access import load_patient, roles_of
from rehab.patients.models import Patient


@access(Right.SAY_FAREWELL)
@require_http_methods(["GET", "HEAD", "POST"])
def farewell(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The owner says it."""
    return _say(request, patient_id, back="sessions:today", base="base_owner.html")


@access(Right.SAY_FAREWELL)
@require_http_methods(["GET", "HEAD", "POST"])
def patient_farewell(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The clinic records it."""
    _of_the_clinic(request, pk)
    return _say(request, pk, back="guidance:patient", base="base_staff.html")


@access(Right.SAY_FAREWELL)
@require_POST
def farewell_take_back(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """It was a mistake, on the owner's page."""
    return _take_back(request, patient_id, back="sessions:today")


@access(Right.SAY_FAREWELL)
@require_POST
def patient_farewell_take_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """It was a mistake, on the clinic's page."""
    _of_the_clinic(request, pk)
    return _take_back(request, pk, back="guidance:patient")


def _of_the_clinic(request: HttpRequest, pk: UUID) -> None:
    """Let in whoever treats the dog: an owner has the same on a page of the family's own."""
    load_patient(pk=pk, user=signed_in(request), right=Right.SEE_RECORD, related=())


def _say(request: HttpRequest, pk: UUID, *, back: str, base: str) -> HttpResponse:
    user, at = signed_in(request), timezone.now()
    dog: Patient = load_patient(pk=pk, user=user, right=Right.SAY_FAREWELL)
    if dog.died_on is not None:
        return redirect(back, dog.pk)
    today = dog.today(at)
    form = FarewellForm(request.POST or None, dog=dog.name, today=today, born_on=dog.born_on)
    if form.is_valid():
        try:
            say_farewell(patient=dog, died_on=form.cleaned_data["died_on"], by=user, roles=roles_of(dog), at=at)
        except SaidAlreadyError as error:
            messages.info(request, _("It was recorded already, for %(day)s.") % {"day": date_format(error.died_on)})
            return redirect(back, dog.pk)
        except NotThatDayError:
            form.add_error("died_on", _("Please choose the day, today or before."))
        else:
            return redirect(back, dog.pk)
    context = {
        "patient": dog,
        "form": form,
        "base": base,
        "is_family": base == "base_owner.html",
        "place": "" if base == "base_owner.html" else "dogs",
        "back": back,
    }
    return render(request, "guidance/farewell_page.html", context, status=422 if form.errors else 200)


def _take_back(request: HttpRequest, pk: UUID, *, back: str) -> HttpResponse:
    user = signed_in(request)
    dog: Patient = load_patient(pk=pk, user=user, right=Right.SAY_FAREWELL)
    try:
        take_back_farewell(patient=dog, by=user, roles=roles_of(dog), at=timezone.now())
    except NeverSaidError:
        messages.info(request, _("It was taken back already."))
    else:
        messages.success(
            request, _("Taken back. %(dog)s’s program stays ended; a vet assigns a new one.") % {"dog": dog.name}
        )
    return redirect(back, dog.pk)

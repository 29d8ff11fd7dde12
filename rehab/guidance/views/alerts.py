"""The alerts of a dog, and the page of one: what happened, and what a person does about it."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Right, access, signed_in
from rehab.guidance import wording
from rehab.guidance.alerting import acknowledging
from rehab.guidance.alerting.telling import ON_THE_FAMILYS_PAGE
from rehab.guidance.forms import AdverseEventForm, ClearForm
from rehab.guidance.models import Alert
from rehab.guidance.queries.alerts import ITS_DELIVERIES, alert_page, alerts_of
from rehab.patients.access import load, load_patient, may, roles_of
from rehab.patients.models import Patient


@access(Right.SEE_RECORD)
@require_safe
def alerts(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The warning signs of a dog, those that nobody has taken over first."""
    dog: Patient = load_patient(pk=pk, user=signed_in(request), right=Right.SEE_RECORD)
    context = {"patient": dog, "alerts": alerts_of(dog, at=timezone.now()), "place": "dogs"}
    return render(request, "guidance/alerts_page.html", context)


@access(Right.SEE_RECORD)
@require_safe
def alert(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One alert with its log."""
    return _page(request, _load(request, pk, Right.SEE_RECORD))


@access(Right.HOLD)
@require_POST
def alert_seen(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A person’s browser has loaded the page: that it was opened is kept, once."""
    found = _load(request, pk, Right.HOLD)
    acknowledging.mark_seen(alert=found, by=signed_in(request), roles=roles_of(found), at=timezone.now())
    return HttpResponse(status=204)


@access(Right.HOLD)
@require_POST
def alert_take_over(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take it over in one’s own name."""
    found = _load(request, pk, Right.HOLD)
    at = timezone.now()
    try:
        acknowledging.acknowledge(alert=found, by=signed_in(request), roles=roles_of(found), at=at)
    except acknowledging.TakenOverError as error:
        report = error.report
        if report.acknowledged_by and report.acknowledged_at:
            said = {
                "who": report.acknowledged_by.get_full_name(),
                "when": wording.moment(report.acknowledged_at, found.patient.time_zone, today=found.patient.today(at)),
            }
            messages.info(request, _("%(who)s has taken it over already, %(when)s.") % said)
    except acknowledging.ClearedError:
        messages.info(request, _("It was cleared already."))
    else:
        is_shown = found.report.stop in ON_THE_FAMILYS_PAGE
        done = _("You have taken it over. The family reads your name.") if is_shown else _("You have taken it over.")
        messages.success(request, done)
    return redirect("guidance:alert", pk=found.pk)


@access(Right.HOLD)
@require_POST
def alert_clear(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close it, with the reason."""
    found = _load(request, pk, Right.HOLD)
    form = ClearForm(request.POST)
    if not form.is_valid():
        return _page(request, found, clearing=form, status=422)
    try:
        acknowledging.clear_alert(
            alert=found,
            by=signed_in(request),
            roles=roles_of(found),
            reason=form.cleaned_data["reason"],
            at=timezone.now(),
        )
    except acknowledging.NotAllowedToClearError:
        form.add_error(None, _("Only a vet clears this sign."))
        return _page(request, found, clearing=form, status=403)
    except acknowledging.StopNotReleasedError:
        form.add_error(None, _("It still stops the exercises. Release them first: that clears it, too."))
        return _page(request, found, clearing=form, status=409)
    except acknowledging.ClearedError:
        messages.info(request, _("It was cleared already."))
    else:
        messages.success(request, _("Cleared."))
    return redirect("guidance:alert", pk=found.pk)


@access(Right.HOLD)
@require_POST
def alert_note(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Note what harm came to the dog."""
    found = _load(request, pk, Right.HOLD)
    form = AdverseEventForm(request.POST)
    if not form.is_valid():
        return _page(request, found, noting=form, status=422)
    acknowledging.note_adverse_event(
        alert=found, by=signed_in(request), roles=roles_of(found), text=form.cleaned_data["text"], at=timezone.now()
    )
    messages.success(request, _("Noted."))
    return redirect("guidance:alert", pk=found.pk)


def _load(request: HttpRequest, pk: UUID, right: Right) -> Alert:
    rows = Alert.objects.select_related(
        "report__recorded_by", "report__acknowledged_by", "patient__clinic"
    ).prefetch_related(ITS_DELIVERIES)
    found: Alert = load(rows, pk=pk, user=signed_in(request), right=right)
    return found


def _page(
    request: HttpRequest,
    found: Alert,
    *,
    clearing: forms.Form | None = None,
    noting: forms.Form | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "patient": found.patient,
        "alert": found,
        "page": alert_page(found, roles=roles_of(found), at=timezone.now()),
        "clearing": clearing or ClearForm(),
        "noting": noting or AdverseEventForm(),
        "form": clearing or noting,
        "may_act": may(Right.HOLD, found),
        "may_release": may(Right.LIFT_STOP, found),
        "place": "dogs",
    }
    return render(request, "guidance/alert_page.html", context, status=status)

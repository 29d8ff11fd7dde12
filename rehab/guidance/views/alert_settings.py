"""The page of a clinic's alert settings: opening hours, phones, who is told in which order, and what that comes to."""

import datetime as dt
import zoneinfo
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import Rule, access, signed_in
from accounts.models import Clinic, Membership
from rehab.guidance import settings_wording
from rehab.guidance.alerting.settings import (
    AlertSettings,
    NotTreatingHereError,
    SettingsChangedError,
    Staff,
    set_alert_settings,
    settings_of,
    staff_of,
)
from rehab.guidance.settings_forms import AlertSettingsForm, MomentForm, rearranged
from rehab.lib.opening_hours import DAYS

# Saturday at night: when the chain matters most.
USUAL_MOMENT: Final = (5, dt.time(22, 10))
SAVE, PREVIEW = "save", "preview"


@access(Rule.WORKPLACE)
@require_http_methods(["GET", "HEAD", "POST"])
def alert_settings(request: HttpRequest, pk: UUID) -> HttpResponse:
    """When the clinic is open, and who is told of an alert."""
    user, at = signed_in(request), timezone.now()
    roles = dict(Membership.objects.current().filter(user=user, clinic=pk).values_list("role", "clinic"))
    clinic = Clinic.objects.filter(pk=pk).first() if roles else None
    if clinic is None:
        raise Http404
    stored = settings_of(clinic)
    staff = staff_of(clinic, stored)
    page = {
        "clinic": clinic,
        "stored": stored,
        "staff": staff,
        "at": at,
        "is_treating": bool(roles.keys() & {Membership.Role.VET, Membership.Role.THERAPIST}),
    }
    if request.method != "POST":
        return _page(request, page, AlertSettingsForm(stored=stored, staff=staff), seen=stored.fingerprint)
    seen, do = request.POST.get("seen", ""), request.POST.get("do", SAVE)
    if do not in (SAVE, PREVIEW):
        form = AlertSettingsForm(stored=stored, staff=staff, initial=rearranged(request.POST.dict(), do))
        return _page(request, page, form, seen=seen, is_unsaved=True)
    form = AlertSettingsForm(request.POST.dict(), stored=stored, staff=staff)
    if not form.is_valid():
        return _page(request, page, form, seen=seen, status=422)
    if do == PREVIEW:
        return _page(request, page, form, seen=seen, shown=form.wanted, is_unsaved=True)
    try:
        changed = set_alert_settings(clinic=clinic, wanted=form.wanted, seen=seen, by=user, at=at)
    except SettingsChangedError:
        return _page(request, page, form, seen=stored.fingerprint, is_stale=True, status=409)
    except NotTreatingHereError:
        form.add_error(None, _("Somebody in the order has left the clinic in this moment. Choose somebody else."))
        return _page(request, page, form, seen=seen, status=422)
    if changed:
        messages.success(request, _("Saved. Alerts follow these settings from now on."))
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("guidance:alert-settings", pk=clinic.pk)


def _page(
    request: HttpRequest,
    page: dict[str, Any],
    form: AlertSettingsForm,
    *,
    seen: str,
    shown: AlertSettings | None = None,
    is_unsaved: bool = False,
    is_stale: bool = False,
    status: int = 200,
) -> HttpResponse:
    clinic: Clinic = page["clinic"]
    stored: AlertSettings = page["stored"]
    staff: Staff = page["staff"]
    asked = MomentForm(request.GET if "day" in request.GET or "time" in request.GET else _typed(*USUAL_MOMENT))
    day, time = (asked.cleaned_data["day"], asked.cleaned_data["time"]) if asked.is_valid() else USUAL_MOMENT
    comes_in = _next(day, time, at=page["at"], time_zone=clinic.time_zone)
    settings = shown or stored
    context = {
        **page,
        "form": form,
        "seen": seen,
        "base": "base_staff.html" if page["is_treating"] else "accounts/base_account.html",
        "is_stale": is_stale,
        "is_unsaved": is_unsaved,
        "is_previewed": shown is not None,
        "moment": asked,
        "comes_in": {"day": settings_wording.WEEKDAYS[day], "time": time},
        "stories": settings_wording.stories(settings, staff, at=comes_in, time_zone=clinic.time_zone),
        "warnings": settings_wording.warnings(settings, staff),
        "now_stored": [settings_wording.week(stored), settings_wording.order(stored, staff)],
        "place": "settings",
    }
    status = 422 if asked.errors and status == 200 else status
    return render(request, "guidance/alert_settings_page.html", context, status=status)


def _typed(day: int, time: dt.time) -> dict[str, str]:
    return {"day": str(day), "time": f"{time:%H:%M}"}


def _next(day: int, time: dt.time, *, at: dt.datetime, time_zone: str) -> dt.datetime:
    """The next such day at the time on the clinic's clock."""
    zone = zoneinfo.ZoneInfo(time_zone)
    today = at.astimezone(zone).date()
    return dt.datetime.combine(today + dt.timedelta(days=(day - today.weekday()) % DAYS), time, zone)

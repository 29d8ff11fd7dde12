"""The page on which a clinic sees whether its reminders help."""

import datetime as dt
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.access import Rule, access, signed_in
from accounts.models import Clinic, Membership
from rehab.nudges import effect_wording
from rehab.nudges.measured import measured

PERIODS: Final = (4, 12, 52)
USUAL_PERIOD: Final = 12


@access(Rule.WORKPLACE)
@require_safe
def effect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Which kinds of reminders help, by what chance withheld."""
    user, at = signed_in(request), timezone.now()
    roles = set(Membership.objects.current().filter(user=user, clinic=pk).values_list("role", flat=True))
    clinic = Clinic.objects.filter(pk=pk).first() if roles else None
    if clinic is None:
        raise Http404
    asked = request.GET.get("weeks", "")
    weeks = int(asked) if asked in map(str, PERIODS) else USUAL_PERIOD
    found = measured(clinic=clinic, since=at - dt.timedelta(weeks=weeks), until=at)
    is_treating = bool(roles & {Membership.Role.VET, Membership.Role.THERAPIST})
    context = {
        "clinic": clinic,
        "is_treating": is_treating,
        "base": "base_staff.html" if is_treating else "accounts/base_account.html",
        "periods": _periods(clinic, weeks),
        "found": found,
        "rows": effect_wording.rows(found),
        "scale": effect_wording.scale(found),
        "guards": effect_wording.guards(found),
        "sendings": effect_wording.sendings(found),
        "percent": settings.NUDGE_WITHHELD_PERCENT,
        "is_measuring": found.measures and settings.NUDGE_WITHHELD_PERCENT > 0,
        "place": "settings",
    }
    return render(request, "nudges/effect_page.html", context)


def _periods(clinic: Clinic, chosen: int) -> list[tuple[str, str, bool]]:
    """Address, name and whether it is the one that is shown, of each period."""
    url = reverse("nudges:effect", args=[clinic.pk])
    return [
        (f"{url}?weeks={weeks}", ngettext("%(n)d week", "%(n)d weeks", weeks) % {"n": weeks}, weeks == chosen)
        for weeks in PERIODS
    ]

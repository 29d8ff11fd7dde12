"""A person's reminders: when they come, what became of the last ones, and the way out of an e-mail."""

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.access import Rule, access, signed_in
from accounts.models import User
from rehab.lib.time_zones import local_day
from rehab.nudges import actions, letters
from rehab.nudges.forms import PreferenceForm
from rehab.nudges.models import NudgePreference
from rehab.nudges.queries import past_nudges
from rehab.sessions.wording import short_day


@access(Rule.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """When and whether the person who is signed in is reminded."""
    user = signed_in(request)
    preference = NudgePreference.objects.filter(user=user).first() or NudgePreference(user=user)
    form = PreferenceForm(
        request.POST if request.method == "POST" else None,
        initial={
            "email_enabled": preference.email_enabled,
            "remind_at": dt.time(preference.remind_minute // 60, preference.remind_minute % 60),
        },
    )
    if request.method == "POST" and form.is_valid():
        stored = actions.set_preference(
            user=user,
            email_enabled=form.cleaned_data["email_enabled"],
            remind_minute=form.remind_minute,
            by=user,
            at=timezone.now(),
        )
        messages.success(request, _said_back(stored, moved=stored.remind_minute != form.remind_minute))
        return redirect("nudges:preferences")
    context = {
        "form": form,
        "bounced_on": preference.bounced_at
        and short_day(local_day(at=preference.bounced_at, time_zone=user.time_zone)),
        "nudges": past_nudges(user=user),
    }
    return render(request, "nudges/preferences_page.html", context, status=422 if form.is_bound else 200)


def _said_back(preference: NudgePreference, *, moved: bool) -> str:
    if not preference.email_enabled:
        return _("Saved. You will get no reminders.")
    time = f"{preference.remind_minute // 60}:{preference.remind_minute % 60:02}"
    if moved:
        return _("Saved. We stay quiet from 21:00 to 8:00, so your reminders will come at %(time)s.") % {"time": time}
    return _("Saved. Your reminders will come at %(time)s.") % {"time": time}


@access(Rule.PUBLIC)
@csrf_exempt  # mail programs post here by themselves (RFC 8058), without cookies; the signed token says who
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop the e-mail reminders of the person in the token; looking changes nothing."""
    user_id = letters.user_id_of(token)
    user = User.objects.filter(pk=user_id).first() if user_id is not None else None
    if user is None:
        return render(request, "nudges/unknown_link_page.html", status=404)
    if request.method == "POST":
        actions.stop_reminders(user=user, by=user, at=timezone.now())
    is_on = not NudgePreference.objects.filter(user=user, email_enabled=False).exists()
    with translation.override(user.language):
        return render(request, "nudges/unsubscribe_page.html", {"is_on": is_on, "token": token})

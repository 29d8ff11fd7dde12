"""A person's reminders: when and how they come, a break from them, and what became of the last ones."""

import datetime as dt
from dataclasses import asdict
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Rule, access, signed_in
from accounts.models import Membership, User
from rehab.lib.time_zones import local_day
from rehab.nudges import actions
from rehab.nudges.actions import Wish
from rehab.nudges.breaks import DAYS, break_until
from rehab.nudges.forms import PreferenceForm
from rehab.nudges.models import NudgePreference
from rehab.nudges.past import past_nudges
from rehab.nudges.push.keys import public_key
from rehab.patients.models import CLINICAL_ROLES
from rehab.sessions.wording import long_day, short_day

END: Final = "end"
# What was wished for before something was switched off, and for how long it is offered to go back to it.
BEFORE: Final = "nudges-before"
UNDO_FOR: Final = dt.timedelta(minutes=15)
SWITCHES: Final = {
    "reminds": gettext_lazy("all reminders"),
    "push_enabled": gettext_lazy("messages on phones"),
    "email_enabled": gettext_lazy("e-mails"),
    "week_enabled": gettext_lazy("the weekly summary"),
}


@access(Rule.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """When, how and whether the person who is signed in is reminded."""
    user, at = signed_in(request), timezone.now()
    preference = NudgePreference.objects.get(user=user)
    before = actions.wish_of(preference)
    form = PreferenceForm(request.POST if request.method == "POST" else None, now=before)
    if request.method == "POST" and form.is_valid():
        wish = form.wish()
        stored = actions.set_preference(user=user, wish=wish, by=user, at=at)
        request.session.pop(BEFORE, None)
        if _switched_off(before, wish):
            request.session[BEFORE] = {"wish": asdict(before), "at": at.isoformat()}
        messages.success(request, _said_back(stored, wish=wish))
        return redirect("nudges:preferences")
    nudges, page = past_nudges(user=user, page_number=request.GET.get("page"))
    context = {
        "form": form,
        "preference": preference,
        "only_staff": _is_only_staff(user),
        "usual_time": _clock(preference.remind_minute),
        "bounced_on": preference.bounced_at and short_day(_day(preference.bounced_at, user)),
        "rests_until": long_day(_day(preference.snoozed_until, user))
        if preference.snoozed_until is not None and preference.snoozed_until > at
        else "",
        "switched_off": _switched_off(earlier, before) if (earlier := _before(request, at=at)) is not None else "",
        "push_key": public_key(),
        "nudges": nudges,
        "page": page,
    }
    return render(request, "nudges/preferences_page.html", context, status=422 if form.is_bound else 200)


@access(Rule.SIGNED_IN)
@require_POST
def preferences_undo(request: HttpRequest) -> HttpResponse:
    """Go back to what was, shortly after something was switched off."""
    user, at = signed_in(request), timezone.now()
    before = _before(request, at=at)
    if before is None:
        messages.info(request, _("There is nothing to take back any more. Choose below how you want it."))
    else:
        actions.set_preference(user=user, wish=before, by=user, at=at)
        del request.session[BEFORE]
        messages.success(request, _("It is as it was before."))
    return redirect("nudges:preferences")


@access(Rule.SIGNED_IN)
@require_POST
def preferences_break(request: HttpRequest) -> HttpResponse:
    """Begin a break from the reminders, or end the one that runs."""
    user, at = signed_in(request), timezone.now()
    length = request.POST.get("for", "")
    if length == END:
        actions.end_snooze(user=user, by=user, at=at)
        messages.success(request, _("The break is over. Reminders come again."))
    elif length in DAYS:
        until = break_until(length, at=at, time_zone=user.time_zone)
        until = actions.snooze(user=user, until=until, by=user, at=at)
        messages.success(request, _("A break: no reminders until %(day)s.") % {"day": long_day(_day(until, user))})
    else:
        return HttpResponseBadRequest()
    return redirect("nudges:preferences")


def _is_only_staff(user: User) -> bool:
    """Whether the person works on dogs and cares for none: most of the page is about what families do."""
    if user.caring.filter(ended_at=None).exists():
        return False
    return Membership.objects.current().filter(user=user, role__in=CLINICAL_ROLES).exists()


def _before(request: HttpRequest, *, at: dt.datetime) -> Wish | None:
    """What the person can go back to."""
    kept = request.session.get(BEFORE)
    if kept is None or at - dt.datetime.fromisoformat(kept["at"]) > UNDO_FOR:
        return None
    return Wish(**kept["wish"])


def _switched_off(before: Wish, now: Wish) -> str:
    """“e-mails and the weekly summary”."""
    names = [str(name) for field, name in SWITCHES.items() if getattr(before, field) and not getattr(now, field)]
    return str(get_text_list(names, _("and")))


def _said_back(stored: NudgePreference, *, wish: Wish) -> str:
    if not stored.reminds:
        return _("Saved. You will get no reminders.")
    if not stored.push_enabled and not stored.email_enabled:
        return _("Saved. Nothing is sent to you; what there is stands on this page.")
    if stored.follows_habit:
        return _("Saved. Reminders come a little after the time at which you usually exercise.")
    time = {"time": _clock(stored.remind_minute)}
    if stored.remind_minute != wish.remind_minute:
        return _("Saved. We stay quiet from 21:00 to 8:00, so your reminders will come at %(time)s.") % time
    return _("Saved. Your reminders will come at %(time)s.") % time


def _day(at: dt.datetime, user: User) -> dt.date:
    return local_day(at=at, time_zone=user.time_zone)


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"

"""What a person can do from a message without signing in: stop, take a break, and tell that it was seen.

Looking changes nothing, for mail programs and virus scanners open every link; what changes something is a POST. The signed
token says whose; a cookie is neither needed nor looked at.
"""

import datetime as dt
from typing import Final, Literal, cast
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Rule, access
from accounts.models import User
from rehab.lib.time_zones import local_day
from rehab.nudges import actions, links
from rehab.nudges.breaks import DAYS, break_until
from rehab.nudges.models import Nudge, NudgePreference
from rehab.sessions.wording import long_day

ALL: Final = "all"
SEEN: Final = ("delivered", "opened")


@access(Rule.PUBLIC)
@csrf_exempt  # mail programs post here by themselves (RFC 8058), without cookies; the signed token says who
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop the e-mails of the person in the token, or what else the person chooses there."""
    user, at = _person(links.user_id_of(token)), timezone.now()
    if user is None:
        return _unknown_link(request)
    if request.method == "POST":
        chosen = request.POST.get("for", "")
        if chosen in DAYS:
            _take_a_break(user, chosen, at=at)
        elif chosen == ALL:
            actions.stop_all(user=user, by=user, at=at)
        else:
            actions.stop_reminders(user=user, by=user, at=at)
    return _page(request, "nudges/unsubscribe_page.html", user, token, at=at)


@access(Rule.PUBLIC)
@csrf_exempt  # a phone's worker posts here by itself; the signed token says who
@require_http_methods(["GET", "HEAD", "POST"])
def snooze(request: HttpRequest, token: str) -> HttpResponse:
    """Give the person of the message in the token a break: today, or a week."""
    nudge = _nudge(links.snoozed_nudge_id_of(token))
    if nudge is None:
        return _unknown_link(request)
    at = timezone.now()
    if request.method == "POST":
        chosen = request.POST.get("for", "today")
        if chosen not in DAYS:
            raise BadRequest
        _take_a_break(nudge.user, chosen, at=at)
    return _page(request, "nudges/snooze_page.html", nudge.user, token, at=at)


@access(Rule.PUBLIC)
@csrf_exempt  # a phone's worker posts here by itself; the signed token says which message
@require_POST
def seen(request: HttpRequest, token: str) -> HttpResponse:
    """Note that a phone has shown the message in the token, or that the person has opened it."""
    nudge = _nudge(links.seen_nudge_id_of(token))
    if nudge is None:
        return _unknown_link(request)
    what = request.POST.get("what", "")
    if what not in SEEN:
        raise BadRequest
    actions.mark_seen(nudge.pk, what=cast(Literal["delivered", "opened"], what), at=timezone.now())
    return HttpResponse(status=204)


def _person(user_id: UUID | None) -> User | None:
    return User.objects.filter(pk=user_id).first() if user_id is not None else None


def _nudge(nudge_id: UUID | None) -> Nudge | None:
    return Nudge.objects.select_related("user").filter(pk=nudge_id).first() if nudge_id is not None else None


def _unknown_link(request: HttpRequest) -> HttpResponse:
    return render(request, "nudges/unknown_link_page.html", status=404)


def _take_a_break(user: User, length: str, *, at: dt.datetime) -> None:
    until = break_until(length, at=at, time_zone=user.time_zone)
    actions.snooze(user=user, until=until, by=user, at=at)


def _page(request: HttpRequest, template: str, user: User, token: str, *, at: dt.datetime) -> HttpResponse:
    preference = NudgePreference.objects.filter(user=user).first() or NudgePreference(user=user)
    until = preference.snoozed_until
    with translation.override(user.language):
        context = {
            "token": token,
            "is_on": preference.reminds and preference.email_enabled,
            "reminds": preference.reminds,
            "rests_until": long_day(local_day(at=until, time_zone=user.time_zone))
            if until is not None and until > at
            else "",
        }
        return render(request, template, context)

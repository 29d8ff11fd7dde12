"""Pages about the phone itself; what they list never leaves it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import Rule, access, signed_in
from rehab.lib.middleware import keep_for_offline
from rehab.sessions.queries.gaps import gaps
from rehab.sessions.screen import words


@access(Rule.SIGNED_IN)
@keep_for_offline
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """What this phone has not sent: an empty frame, which the phone fills from its own storage, also offline.

    Below it, what was made on one of the person's phones and never came.
    """
    missing = gaps([signed_in(request).pk], at=timezone.now())
    return render(request, "sessions/outbox_page.html", {"reasons": words.Reason.choices, "gaps": missing})

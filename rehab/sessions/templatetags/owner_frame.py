"""What the frame of every owner page needs besides the page itself."""

from typing import Any, Final

from django import template
from django.utils.safestring import SafeString

from accounts.access import signed_in
from rehab.lib.blanks import Blank
from rehab.lib.user_key import user_key
from rehab.sessions.queries.dog import unread
from rehab.sessions.screen.addresses import dog_url

register = template.Library()

# The same fifty sentences on every page: printing them anew would cost a fifth of Today.
OUTBOX: Final = Blank("sessions/_outbox.html", "user_key", "dog", "dog_key", "today_url")


@register.simple_tag(takes_context=True)
def unread_messages(context: dict[str, Any]) -> int:
    """How much news from the clinic waits for the reader; one statement, unless the page has read it with its dog."""
    if "unread" in context:
        known: int = context["unread"]
        return known
    return unread(user=signed_in(context["request"]), patient_id=context["patient"].pk)


@register.simple_tag(takes_context=True)
def outbox_parts(context: dict[str, Any]) -> SafeString:
    """The line of what is not sent, and every word that js/phone.js puts on a page."""
    patient = context.get("patient")
    return OUTBOX.fill(
        {
            "user_key": user_key(context["request"].user),
            "dog": patient.name if patient else "",
            "dog_key": patient.pk if patient else "",
            "today_url": f"{dog_url(patient.pk)}today/" if patient else "",
        },
        has_dog=bool(patient),
    )

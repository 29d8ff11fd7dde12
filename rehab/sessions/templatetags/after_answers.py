"""``{% after_answers patient.pk %}``: what a skip or a stop leads to, printed ahead for a phone without a network."""

from typing import Any, Final
from uuid import UUID

from django import template
from django.utils.safestring import SafeString

from rehab.lib.blanks import Blank
from rehab.sessions.day import OFFERED_WITHOUT_TIME
from rehab.sessions.screen import words
from rehab.sessions.screen.addresses import dog_url

register = template.Library()

# The phone knows which item was answered, and puts it there.
ITEM: Final = "{item}"
# Without a question mark: the phone has the page of messages under its plain address.
PLACES: Final = {"check": "check/", "exercise": f"exercise/{ITEM}/", "ask": f"messages/#about-{ITEM}"}


def _answers() -> dict[str, Any]:
    told = [(reason.value, *words.AFTER_SKIP[reason]) for reason in words.Reason]
    return {
        "answers": [
            (code, text, [(PLACES[place], link) for place, link in links])
            for code, text, links in (*told, ("stop", *words.AFTER_STOP))
        ],
        "without_time": words.Reason.NO_TIME.value,
        "matter_most": words.MATTER_MOST % {"names": "{names}"},
        "most": OFFERED_WITHOUT_TIME,
    }


ANSWERS: Final = Blank("sessions/_after_answers.html", "dog", constants=_answers)


@register.simple_tag
def after_answers(patient_id: UUID) -> SafeString:
    """A ``<template>`` with the words and links that js/phone.js shows under an item until the server's own are there."""
    return ANSWERS.fill({"dog": dog_url(patient_id)})

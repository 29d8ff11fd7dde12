"""The sentences of refusals, and other words that several screens share."""

import datetime as dt

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.sessions.commands import Refusal, Why

# Each sentence says what is wrong and, where there is something to do, what to do.
SENTENCES = {
    Why.NOT_AN_OBJECT: gettext_lazy(
        "This is not a command: an object with id, kind, patient, payload, done_at and day is expected."
    ),
    Why.FIELD_MISSING: gettext_lazy("The field “%(field)s” is missing."),
    Why.FIELD_TYPE: gettext_lazy("The field “%(field)s” does not have the form that it should have."),
    Why.FIELD_NUL: gettext_lazy("The field “%(field)s” contains a character that cannot be stored."),
    Why.FIELD_TOO_LONG: gettext_lazy("The field “%(field)s” is longer than %(most)s characters."),
    Why.ID_NOT_V7: gettext_lazy("The id is not a UUID of version 7."),
    Why.KIND_UNKNOWN: gettext_lazy("This kind of answer is not known here. Reload the page and try again."),
    Why.PAYLOAD_UNKNOWN: gettext_lazy("This answer says more than can be stored here. Reload the page and try again."),
    Why.SLOT_RANGE: gettext_lazy("This exercise is planned %(most)s times a day at most."),
    Why.SHARE_RANGE: gettext_lazy("The part that was done is a whole number from 1 to 99 percent."),
    Why.REASON_UNKNOWN: gettext_lazy("Choose one of the reasons for skipping."),
    Why.MOMENT_UNKNOWN: gettext_lazy("Pain is asked before, after and on the next morning."),
    Why.SCORE_RANGE: gettext_lazy("Pain is a whole number from 0 to 10."),
    Why.DAY_INVALID: gettext_lazy("The day is not a date such as 2026-03-18."),
    Why.DONE_AT_INVALID: gettext_lazy("The time is not one such as 2026-03-18T07:42:00+01:00."),
    Why.PLAN_VERSION_RANGE: gettext_lazy("The plan version is not a whole number above zero."),
    Why.SESSION_DAY: gettext_lazy(
        "Pain before and after belongs to the day itself, the morning answer to the day before it."
    ),
    Why.TOO_OLD: gettext_lazy("This was done more than %(days)s days ago, which is too long ago to add."),
    Why.DAY_AHEAD: gettext_lazy("%(day)s has not begun yet where the dog lives. Check the clock of your phone."),
    Why.DAY_TOO_EARLY: gettext_lazy("Answers can be added or changed for today and the %(days)s days before it."),
    Why.PRESCRIPTION_UNKNOWN: gettext_lazy(
        "This exercise is not in the dog’s plan. Reload the page to see the plan of today."
    ),
    Why.PATIENT_UNKNOWN: gettext_lazy("This dog does not exist, or it is no longer shared with you."),
    Why.NOT_ALLOWED: gettext_lazy("Your role does not allow this."),
    Why.SAME_ID_OTHER_CONTENT: gettext_lazy(
        "This page was already used for another answer. Reload it and answer again."
    ),
    Why.SIGN_UNKNOWN: gettext_lazy("One of these stop signs is not known here. Reload the page and try again."),
    Why.STEP_UNKNOWN: gettext_lazy("This practice is not in the dog’s plan. Reload the page to see the plan of today."),
    Why.SIGN_MISSING: gettext_lazy("Choose what you saw that made you stop."),
    Why.QUALITY_RANGE: gettext_lazy("How well it went is a whole number from 1 to 3."),
    Why.TIRED_RANGE: gettext_lazy("Tiredness is a whole number from 0 to 3."),
    Why.DEVICE_INVALID: gettext_lazy("The number of the entry is not a whole number above zero."),
    Why.NOTHING_SAID: gettext_lazy("This says nothing yet. Choose or write something, and send it again."),
    Why.AREA_UNKNOWN: gettext_lazy("One of these places is not known here. Reload the page and try again."),
    Why.MEDICINE_TIME: gettext_lazy("The time of a dose is one such as 08:30."),
    Why.MEASURE_UNKNOWN: gettext_lazy("This is not measured at home. Reload the page and try again."),
    Why.MEASURE_RANGE: gettext_lazy("Enter a number from %(least)s to %(most)s."),
    Why.FLAG_UNKNOWN: gettext_lazy("One of these warning signs is not known here. Reload the page and try again."),
    Why.ANSWER_UNKNOWN: gettext_lazy("One of these answers is not known here. Reload the page and try again."),
    Why.DEFINITION_UNKNOWN: gettext_lazy("These activities are not the dog’s. Reload the page and answer again."),
    Why.ACTIVITIES_INCOMPLETE: gettext_lazy("Answer every activity, then save."),
    Why.ACTIVITY_RANGE: gettext_lazy("How hard an activity is, is a whole number from %(least)s to %(most)s."),
}

NUMBERS = (
    gettext_lazy("none"),
    gettext_lazy("one"),
    gettext_lazy("two"),
    gettext_lazy("three"),
    gettext_lazy("four"),
    gettext_lazy("five"),
    gettext_lazy("six"),
    gettext_lazy("seven"),
    gettext_lazy("eight"),
    gettext_lazy("nine"),
    gettext_lazy("ten"),
    gettext_lazy("eleven"),
    gettext_lazy("twelve"),
)


def sentence(refusal: Refusal) -> str:
    """Why a command was refused, in words that a person can act on."""
    params = {name: short_day(value) if isinstance(value, dt.date) else value for name, value in refusal.params.items()}
    return str(SENTENCES[refusal.why]) % params


def number(value: int) -> str:
    """A small number as a word, a larger one in digits."""
    return str(NUMBERS[value]) if 0 <= value < len(NUMBERS) else str(value)


def long_day(day: dt.date) -> str:
    """“Wednesday, 18 March”."""
    return formats.date_format(day, _("l, j F"))


def short_day(day: dt.date) -> str:
    """“18 March”."""
    return formats.date_format(day, _("j F"))


def left_line(*, left: int, minutes: int) -> str:
    """“Two left, about six minutes.”; minutes are left out where the doses do not tell them."""
    if not minutes:
        line = ngettext("%(count)s left.", "%(count)s left.", left) % {"count": number(left)}
    else:
        line = ngettext(
            "%(count)s left, about %(minutes)s minute.", "%(count)s left, about %(minutes)s minutes.", minutes
        ) % {"count": number(left), "minutes": number(minutes)}
    return line[:1].upper() + line[1:]

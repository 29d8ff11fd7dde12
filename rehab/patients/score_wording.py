"""Outcome scores in words: numbers with their names, what changed, and what has been published about a change."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.library import translating
from rehab.library.instruments import TOTAL, Instrument, Number, ScoreForm

TOTAL_LABEL: Final = gettext_lazy("Total")
# What each licence class of 08_instruments.yaml means for the clinic.
LICENCES: Final[Mapping[str, Any]] = {
    "GREEN_AFTER_CHECK": gettext_lazy(
        "Only its numbers are kept here until its licence line is read and its authors are named."
    ),
    "AMBER": gettext_lazy("Only its numbers are kept here, never the form: that needs a written permission."),
    "RED": gettext_lazy("Only its numbers are kept here, never the form: its owner licenses it."),
}


def plain(value: Decimal) -> str:
    """A number without zeros at its end, in the reader's language."""
    text = f"{value:f}"
    return str(number_format(text.rstrip("0").rstrip(".") if "." in text else text))


def form_name(form: ScoreForm) -> str:
    """“Glasgow acute pain scale, short form (of 24)”."""
    return f"{form.instrument.name} ({translating.said(form.form)})" if form.form else form.instrument.name


def label(number: Number) -> str:
    return str(TOTAL_LABEL) if number.code == TOTAL else translating.said(number.label)


def bounds(number: Number) -> str:
    """“0 to 52”; empty where no range is known."""
    if number.low is None or number.high is None:
        return ""
    return _("%(low)s to %(high)s") % {"low": plain(number.low), "high": plain(number.high)}


def of_most(value: Decimal, most: int) -> str:
    return _("%(value)s of %(most)s") % {"value": plain(value), "most": most}


def numbers(values: Mapping[str, Decimal], form: ScoreForm | None) -> str:
    """“Total 24 of 52”, or each part by its name."""
    if form is None:
        return ", ".join(f"{code} {plain(value)}" for code, value in values.items())
    return ", ".join(
        f"{label(one)} {of_most(values[one.code], int(one.high)) if one.high else plain(values[one.code])}"
        for one in form.numbers
        if one.code in values
    )


def change(first: Mapping[str, Decimal], now: Mapping[str, Decimal], form: ScoreForm | None) -> str:
    """“Total 6 lower”: what changed since the first, without a word on whether that is good."""
    names = {one.code: label(one) for one in form.numbers} if form else {}
    return ", ".join(_by(names.get(code, code), now[code] - value) for code, value in first.items() if code in now)


def _by(name: str, difference: Decimal) -> str:
    if not difference:
        return _("%(name)s the same") % {"name": name}
    said = {"name": name, "by": plain(abs(difference))}
    return _("%(name)s %(by)s lower") % said if difference < 0 else _("%(name)s %(by)s higher") % said


def published(instrument: Instrument | None) -> str:
    """What change has been published as one that means something, as the content says it, with its source."""
    if instrument is None or not instrument.has_published_change:
        return _("No published threshold: compare with this dog’s own first score only.")
    return _("Published change: %(change)s.") % {"change": translating.said(instrument.mic).replace(">=", "≥ ")}


def reached(first: Mapping[str, Decimal], now: Mapping[str, Decimal], form: ScoreForm) -> str:
    """Whether the change since the first score is as large as the published one; empty where there is no one number."""
    if not form.change or not form.change.keys() <= first.keys() & now.keys():
        return ""
    met = [now[code] - first[code] <= least for code, least in form.change.items()]
    if all(met):
        return _("Since the first score, the change reaches the published one.")
    if any(met):
        return _("Since the first score, the change reaches only a part of the published one.")
    return _("Since the first score, the change does not reach the published one.")

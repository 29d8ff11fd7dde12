"""The plan as the family will see it on its first day, from a form that is not yet saved."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from rehab.library import translating
from rehab.programs.actions.assigning import starts_of
from rehab.programs.actions.items import Item
from rehab.programs.wording import dose_text


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One item of the family's list; ``when`` says on which days, where that is not today."""

    name: str
    dose: str
    anchor: str
    note: str
    times: range
    when: str = ""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The first day as the family's phone lists it, and what comes on other days."""

    day: dt.date
    due: Sequence[Shown]
    optional: Sequence[Shown]
    once: Sequence[Shown]
    other_days: Sequence[Shown]
    later: Sequence[Shown]


def preview(items: Sequence[Item], *, starts_on: dt.date) -> Preview:
    """What the family sees on the day the program starts, in the order of the plan."""
    names = {item.exercise.slug: translating.said(item.exercise.name) for item in items}
    groups: dict[str, list[Shown]] = {"due": [], "optional": [], "once": [], "other_days": [], "later": []}
    for item in items:
        dose, begins = item.dose, starts_of(item, program_starts_on=starts_on)
        if begins > starts_on:
            where, when = "later", _("from %(day)s") % {"day": date_format(begins, _("j F"))}
        elif dose.is_one_off:
            where, when = "once", ""
        elif dose.optional:
            where, when = "optional", ""
        elif dose.weekdays >> starts_on.weekday() & 1:
            where, when = "due", ""
        else:
            where, when = "other_days", _days(dose.weekdays)
        text = dose_text(dose, names)
        groups[where].append(
            Shown(
                name=translating.said(item.exercise.name),
                dose=text[:1].upper() + text[1:],
                anchor=item.anchor,
                note=item.note,
                times=range(1, dose.times_per_day + 1),
                when=when,
            )
        )
    return Preview(day=starts_on, **groups)


def _days(weekdays: int) -> str:
    return ", ".join(str(name) for day, name in WEEKDAYS.items() if weekdays >> day & 1)

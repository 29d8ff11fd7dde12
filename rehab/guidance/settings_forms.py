"""What people type on the pages of a clinic's alerts: opening hours, phones and the order of telling; and what to list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast
from uuid import UUID

from django import forms
from django.core.validators import RegexValidator
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.guidance import wording
from rehab.guidance.alerting.chain import Who
from rehab.guidance.alerting.settings import MOST_MINUTES, MOST_PLACES, AlertSettings, Staff, Step, clock
from rehab.guidance.queries.adverse_events import Asked
from rehab.guidance.settings_wording import WEEKDAYS, WHO, name_of
from rehab.lib.opening_hours import DAYS
from rehab.library import reading
from rehab.sessions.check_wording import RULES
from rehab.sessions.models import WarningReport

# A lunch break makes two; a clinic that stored more keeps them.
PERIODS: Final = 2
# Tuesday to Friday: what Monday is copied to.
WORKDAYS: Final = range(1, 5)
PERSON: Final = "person:"
MIDNIGHT: Final = dt.time(0)
NEW: Final = Step(who=Who.VETS)
PHONE = RegexValidator(
    r"^[+(]?[0-9][0-9 ()/.-]*$", gettext_lazy("Write a phone number: digits, with a + in front if needed.")
)

Data = Mapping[str, Any]


class AlertSettingsForm(forms.Form):
    """All of a clinic's alert settings: seven days, the phones, and one row for each place of the chain."""

    phone = forms.CharField(
        label=gettext_lazy("Phone of the clinic"), max_length=32, required=False, validators=[PHONE]
    )
    emergency_name = forms.CharField(label=gettext_lazy("Emergency clinic"), max_length=120, required=False)
    emergency_phone = forms.CharField(
        label=gettext_lazy("Emergency phone"),
        help_text=gettext_lazy("Families read it on their phone while you are closed."),
        max_length=32,
        required=False,
        validators=[PHONE],
    )

    def __init__(self, data: Data | None = None, *, stored: AlertSettings, staff: Staff, **kwargs: Any) -> None:
        initial = {**_initial(stored), **kwargs.pop("initial", {})}
        super().__init__(data, initial=initial, **kwargs)
        self._stored = stored
        for name in ("phone", "emergency_phone"):
            self.fields[name].widget.attrs.update({"type": "tel", "autocomplete": "off"})
        self.count = _count(data if data is not None else initial)
        self.periods = max(PERIODS, *(len(periods) for periods in stored.week.values()), 0)
        for day in range(DAYS):
            self._add_day(day)
        for number in range(self.count):
            self._add_step(number, staff, stored)

    def _add_day(self, day: int) -> None:
        name = {"day": WEEKDAYS[day]}
        self.fields[f"d{day}-closed"] = forms.BooleanField(label=_("%(day)s: closed") % name, required=False)
        for number in range(self.periods):
            labels = (
                (_("%(day)s: opens at"), _("%(day)s: closes at"))
                if number == 0
                else (_("%(day)s: opens again at"), _("%(day)s: closes then at"))
            )
            for part, label in zip(("opens", "closes"), labels, strict=True):
                self.fields[f"d{day}-{number}-{part}"] = forms.TimeField(
                    label=label % name,
                    required=False,
                    widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
                    error_messages={"invalid": _("Write a time such as 08:30.")},
                )

    def _add_step(self, number: int, staff: Staff, stored: AlertSettings) -> None:
        place = {"number": number + 1}
        people = [(f"{PERSON}{one.id}", one.name) for one in staff.colleagues]
        people += [(f"{PERSON}{pk}", name_of(pk, staff)) for pk in staff.gone]
        choices: list[Any] = [(who.value, label) for who, label in WHO.items()]
        if people:
            choices.append((_("One person"), people))
        self.fields[f"step-{number}-who"] = forms.ChoiceField(
            label=_("Place %(number)d: who is told") % place,
            choices=choices,
            error_messages={"invalid_choice": _("Choose somebody who treats dogs here.")},
        )
        self.fields[f"step-{number}-minutes"] = forms.IntegerField(
            label=_("Place %(number)d: minutes until the next is told") % place,
            min_value=1,
            max_value=MOST_MINUTES,
            widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            error_messages={
                "min_value": _("Wait at least 1 minute."),
                "max_value": _("An emergency waits at most %(most)d minutes.") % {"most": MOST_MINUTES},
            },
        )

    # --- For the template --------------------------------------------------------------------------------------------

    @property
    def days(self) -> Iterator[dict[str, Any]]:
        """Each weekday with its fields."""
        for day in range(DAYS):
            periods = [
                (self[f"d{day}-{number}-opens"], self[f"d{day}-{number}-closes"]) for number in range(self.periods)
            ]
            closed = self[f"d{day}-closed"]
            yield {"name": WEEKDAYS[day], "closed": closed, "periods": periods, "is_first": day == 0}

    @property
    def steps(self) -> Iterator[dict[str, Any]]:
        """Each place of the chain with its fields."""
        for number in range(self.count):
            who: BoundField = self[f"step-{number}-who"]
            yield {
                "number": number + 1,
                "index": number,
                "who": who,
                "minutes": self[f"step-{number}-minutes"],
                "is_first": number == 0,
                "is_last": number + 1 == self.count,
            }

    @property
    def may_add(self) -> bool:
        return self.count < MOST_PLACES

    # --- What was typed ----------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        week = {str(day): periods for day in range(DAYS) if (periods := self._periods(day))}
        is_closed = any(data.get(f"d{day}-closed") for day in range(DAYS))
        if is_closed and not week and not self.errors:
            self.add_error(
                None,
                _(
                    "A clinic that is closed on every day never answers. Write when it opens, or leave all days empty: "
                    "then no waiting time stands still."
                ),
            )
        data["week"] = week
        return data

    def _periods(self, day: int) -> list[list[str]]:
        """The periods of a day as they are stored; what cannot be is said beside its field."""
        data, found, last = self.cleaned_data, [], -1
        for number in range(self.periods):
            names = [f"d{day}-{number}-{part}" for part in ("opens", "closes")]
            if any(name in self.errors for name in names):
                return []
            opens, closes = (data.get(name) for name in names)
            if opens is None and closes is None:
                continue
            if opens is None or closes is None:
                self.add_error(names[opens is not None], _("A period has a beginning and an end: write both times."))
                return []
            begins = opens.hour * 60 + opens.minute
            ends = 24 * 60 if closes == MIDNIGHT else closes.hour * 60 + closes.minute
            if ends <= begins:
                self.add_error(names[1], _("It must close after it opens."))
                return []
            if begins < last:
                self.add_error(names[0], _("It must open again after it has closed."))
                return []
            last = ends
            found.append([clock(begins), clock(ends)])
        if found and data.get(f"d{day}-closed"):
            if found == self._stored.week.get(str(day)):
                return []  # it was open until now, and somebody has ticked “closed”
            self.add_error(f"d{day}-closed", _("Is it closed or open? Take the tick away, or empty the times."))
        return found

    @property
    def wanted(self) -> AlertSettings:
        """The settings that a valid form asks for."""
        data = self.cleaned_data
        return AlertSettings(
            week=data["week"],
            phone=data["phone"],
            emergency_name=data["emergency_name"],
            emergency_phone=data["emergency_phone"],
            chain=tuple(
                _step(data[f"step-{number}-who"], data[f"step-{number}-minutes"]) for number in range(self.count)
            ),
        )


def rearranged(data: Data, do: str) -> dict[str, Any]:
    """What was typed, after a button that only changes the form: add or remove a place, move it, copy Monday."""
    found = {name: data[name] for name in data}
    for day in range(DAYS):
        found[f"d{day}-closed"] = bool(found.get(f"d{day}-closed"))
    if do == "copy":
        monday = {name.removeprefix("d0"): value for name, value in found.items() if name.startswith("d0-")}
        return {**found, **{f"d{day}{name}": value for day in WORKDAYS for name, value in monday.items()}}
    rows = [(found.get(f"step-{n}-who", ""), found.get(f"step-{n}-minutes", "")) for n in range(_count(found))]
    what, _dash, place = do.partition("-")
    here = int(place) if place.isdecimal() and len(place) < 4 and int(place) < len(rows) else None
    if what == "add" and len(rows) < MOST_PLACES:
        rows.append((NEW.who.value, str(NEW.minutes)))
    elif here is not None and what == "remove":
        del rows[here]
    elif here is not None and what == "up" and here > 0:
        rows[here - 1 : here + 1] = [rows[here], rows[here - 1]]
    elif here is not None and what == "down" and here + 1 < len(rows):
        rows[here : here + 2] = [rows[here + 1], rows[here]]
    found = {name: value for name, value in found.items() if not name.startswith("step-")}
    for number, (who, minutes) in enumerate(rows):
        found |= {f"step-{number}-who": who, f"step-{number}-minutes": minutes}
    return {**found, "steps": str(len(rows))}


def _count(data: Data) -> int:
    typed = str(data.get("steps", "0"))
    return min(int(typed), MOST_PLACES) if typed.isdecimal() and len(typed) < 4 else 0


def _step(who: str, minutes: int) -> Step:
    if who.startswith(PERSON):
        return Step(who=Who.PERSON, user=UUID(who.removeprefix(PERSON)), minutes=minutes)
    return Step(who=Who(who), minutes=minutes)


def _initial(stored: AlertSettings) -> dict[str, Any]:
    found: dict[str, Any] = {
        "phone": stored.phone,
        "emergency_name": stored.emergency_name,
        "emergency_phone": stored.emergency_phone,
        "steps": str(len(stored.chain)),
    }
    for day in range(DAYS):
        periods = stored.week.get(str(day), [])
        # A day that is not named is closed, once any day is.
        found[f"d{day}-closed"] = bool(stored.week) and not periods
        for number, (opens, closes) in enumerate(periods):
            found[f"d{day}-{number}-opens"] = opens
            found[f"d{day}-{number}-closes"] = "00:00" if closes == "24:00" else closes
    for number, step in enumerate(stored.chain):
        found[f"step-{number}-who"] = f"{PERSON}{step.user}" if step.user else step.who.value
        found[f"step-{number}-minutes"] = step.minutes
    return found


class MomentForm(forms.Form):
    """When the sign comes in that the page tells the story of."""

    day = forms.TypedChoiceField(label=gettext_lazy("Day"), choices=list(enumerate(WEEKDAYS)), coerce=int)
    time = forms.TimeField(
        label=gettext_lazy("Time"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": gettext_lazy("Write a time such as 08:30.")},
    )


class AdverseEventsForm(forms.Form):
    """What the log of adverse events is narrowed to."""

    dog = forms.CharField(label=gettext_lazy("Dog"), max_length=60, required=False)
    urgency = forms.ChoiceField(
        label=gettext_lazy("How urgent"),
        choices=[("", gettext_lazy("All")), *WarningReport.Urgency.choices],
        required=False,
    )
    sign = forms.ChoiceField(label=gettext_lazy("Warning sign"), required=False)
    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = [
            ("", _("All")),
            (_("Warning signs"), [(sign.id, wording.sign(sign.id)) for sign in reading.red_flags()]),
            (_("Found by the rules"), [(rule, wording.sign(rule)) for rule in RULES]),
        ]
        cast("forms.ChoiceField", self.fields["sign"]).choices = choices

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The period ends before it begins."))
        if until == dt.date.max:
            self.add_error("until", _("Choose an earlier day."))
        # East of Greenwich the first of all days begins before there is time.
        if since == dt.date.min:
            self.add_error("since", _("Choose a later day."))
        return data

    @property
    def asked(self) -> Asked:
        """What a valid form asks for."""
        return Asked(**self.cleaned_data)

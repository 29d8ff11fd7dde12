"""Doses in the words a family uses."""

from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.programs.dose import Dose, Outside

NAMES: Final = {
    "sets": gettext_lazy("sets"),
    "reps": gettext_lazy("repetitions"),
    "hold_seconds": gettext_lazy("hold"),
    "minutes": gettext_lazy("minutes"),
    "per_day": gettext_lazy("times a day"),
    "days_per_week": gettext_lazy("days a week"),
    "per_week": gettext_lazy("times a week"),
    "interval_hours": gettext_lazy("hours between"),
    "toilet_trips_per_day": gettext_lazy("toilet trips a day"),
    "duration_days": gettext_lazy("days in all"),
    "height_cm": gettext_lazy("height"),
}


def _minutes(n: int) -> str:
    return ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}


def _seconds(n: int) -> str:
    return ngettext("%(n)d second", "%(n)d seconds", n) % {"n": n}


def _sets(n: int) -> str:
    return ngettext("%(n)d set", "%(n)d sets", n) % {"n": n}


def _times(n: int) -> str:
    return ngettext("%(n)d time", "%(n)d times", n) % {"n": n}


def _at_a_time(n: int) -> str:
    return _("%(n)d at a time") % {"n": n}


def _repetitions(n: int) -> str:
    return ngettext("%(n)d repetition", "%(n)d repetitions", n) % {"n": n}


def _per_day(n: int) -> str:
    if n == 2:
        return _("twice a day")
    return ngettext("once a day", "%(n)d times a day", n) % {"n": n}


def _per_week(n: int) -> str:
    if n == 2:
        return _("twice a week")
    return ngettext("once a week", "%(n)d times a week", n) % {"n": n}


def _days_per_week(n: int) -> str:
    return ngettext("%(n)d day a week", "%(n)d days a week", n) % {"n": n}


def _days(n: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", n) % {"n": n}


def _toilet_trips(n: int) -> str:
    return ngettext("%(n)d toilet trip a day", "%(n)d toilet trips a day", n) % {"n": n}


def _interval(n: int) -> str:
    return ngettext("every hour", "every %(n)d hours", n) % {"n": n}


def _height(n: int) -> str:
    return _("%(n)d cm high") % {"n": n}


# One number with its unit, for “5 → 6 minutes”.
AMOUNTS: Final[dict[str, Callable[[int], str]]] = {
    "sets": _sets,
    "reps": _repetitions,
    "hold_seconds": _seconds,
    "minutes": _minutes,
    "per_day": _per_day,
    "days_per_week": _days_per_week,
    "per_week": _per_week,
    "interval_hours": _interval,
    "toilet_trips_per_day": _toilet_trips,
    "duration_days": _days,
    "height_cm": _height,
}


def _amount(dose: Dose) -> str:
    """What is done at one time."""
    many = dose.sets > 1
    if dose.minutes is not None and dose.reps is not None:
        text = _("%(minutes)s with %(repetitions)s") % {
            "minutes": _minutes(dose.minutes),
            "repetitions": _repetitions(dose.reps),
        }
    elif dose.minutes is not None:
        text = _minutes(dose.minutes)
    elif dose.reps is not None:
        # “3 times, 3 times a day” would make people guess.
        each = _at_a_time if dose.per_day > 2 and not dose.hold_seconds else _times
        text = str(dose.reps) if many else each(dose.reps)
        if dose.hold_seconds:
            text = _("%(times)s, %(seconds)s each") % {"times": text, "seconds": _seconds(dose.hold_seconds)}
    elif dose.hold_seconds:
        text = _seconds(dose.hold_seconds)
    else:
        return _sets(dose.sets) if many else ""
    return _("%(sets)s of %(amount)s") % {"sets": _sets(dose.sets), "amount": text} if many else text


def _frequency(dose: Dose) -> list[str]:
    if dose.interval_hours is not None:
        return [
            _("%(every)s (%(times)s)")
            % {"every": _interval(dose.interval_hours), "times": _per_day(dose.times_per_day)}
        ]
    if dose.per_week is not None:
        parts = [_per_week(dose.per_week)]
        return [_per_day(dose.per_day), *parts] if dose.per_day > 1 else parts
    parts = [_per_day(dose.per_day)]
    return [*parts, _days_per_week(dose.days_per_week)] if dose.days_per_week < 7 else parts


def dose_text(dose: Dose) -> str:
    """The dose in plain words: “3 sets of 10 seconds, twice a day, 5 days a week”."""
    if dose.one_off:
        return _("once, then keep it so")
    if dose.per_prescription:
        return _("each dose as prescribed")
    if dose.duration_days is not None:
        parts = [_days(dose.duration_days)]
        if dose.toilet_trips_per_day is not None:
            parts.append(_toilet_trips(dose.toilet_trips_per_day))
        return "; ".join(parts)
    parts = [_amount(dose), *_frequency(dose)]
    if dose.height_cm:
        parts.insert(1, _height(dose.height_cm))
    return ", ".join(part for part in parts if part)


def change_text(old: Dose, new: Dose) -> str:
    """What changed, for the history: “5 → 6 minutes”; empty when nothing did."""
    changes = []
    for name, amount in AMOUNTS.items():
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if name in ("per_day", "per_week", "interval_hours", "height_cm") or before is None or after is None:
            shown = ["–" if value is None else amount(value) for value in (before, after)]
            changes.append(" → ".join(shown))
        else:
            changes.append(f"{before} → {amount(after)}")
    if (old.one_off, old.per_prescription) != (new.one_off, new.per_prescription):
        return f"{dose_text(old)} → {dose_text(new)}"
    return ", ".join(changes)


def outside_text(outside: Outside) -> str:
    """Why a number is outside the range: “minutes: 40 is outside 2 to 30”."""
    return _("%(name)s: %(value)d is outside %(low)d to %(high)d") % {
        "name": NAMES[outside.variable],
        "value": outside.value,
        "low": outside.low,
        "high": outside.high,
    }

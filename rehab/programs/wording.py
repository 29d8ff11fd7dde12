"""Doses, and what is wrong with a program, in the words a family and its clinic use."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.library import translating
from rehab.programs.dose import Dose, InvalidDose, Outside
from rehab.programs.shortfalls import Refusal, Shortfall
from rehab.programs.totals import MOST_ACTIVE, MOST_SESSION_MINUTES, Misplaced

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
    "steps": gettext_lazy("steps"),
    "from_week": gettext_lazy("from week"),
    "ramp_by": gettext_lazy("more each week"),
    "ramp_to": gettext_lazy("up to"),
    "recheck_days": gettext_lazy("days until you look again"),
    "each_side": gettext_lazy("each side"),
    "part_of": gettext_lazy("within"),
    "when_time": gettext_lazy("whenever there is time"),
    "only_if": gettext_lazy("only if"),
}

# Slugs of exercises -> names as the family reads them.
Names = Mapping[str, str]


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


def _steps(n: int) -> str:
    return ngettext("%(n)d step", "%(n)d steps", n) % {"n": n}


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


def _look_again(n: int) -> str:
    return ngettext("look again every day", "look again every %(n)d days", n) % {"n": n}


def _from_week(n: int) -> str:
    return _("from week %(n)d") % {"n": n}


# How much more a ramp gives: “1 minute more each week”.
MORE_EACH_WEEK: Final[dict[str, Callable[[int], str]]] = {
    "minutes": lambda n: ngettext("%(n)d minute more each week", "%(n)d minutes more each week", n) % {"n": n},
    "reps": lambda n: ngettext("%(n)d repetition more each week", "%(n)d repetitions more each week", n) % {"n": n},
    "steps": lambda n: ngettext("%(n)d step more each week", "%(n)d steps more each week", n) % {"n": n},
    "hold_seconds": lambda n: ngettext("%(n)d second more each week", "%(n)d seconds more each week", n) % {"n": n},
}


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
    "steps": _steps,
}


def _name(slug: str, names: Names | None) -> str:
    """The exercise's name; without one its slug, whose words are the English ones."""
    return (names or {}).get(slug) or slug.replace("-", " ")


def _amount(dose: Dose) -> str:
    """What is done at one time."""
    many = dose.sets > 1
    if dose.minutes is not None and (dose.reps or dose.steps):
        text = _("%(minutes)s with %(repetitions)s") % {
            "minutes": _minutes(dose.minutes),
            "repetitions": _repetitions(dose.reps) if dose.reps else _steps(dose.steps or 0),
        }
    elif dose.minutes is not None:
        text = _minutes(dose.minutes)
    elif dose.reps is not None:
        # “3 times, 3 times a day” would make people guess.
        each = _at_a_time if dose.per_day > 2 and not dose.hold_seconds else _times
        text = str(dose.reps) if many else each(dose.reps)
        if dose.hold_seconds:
            text = _("%(times)s, %(seconds)s each") % {"times": text, "seconds": _seconds(dose.hold_seconds)}
    elif dose.steps is not None:
        text = _steps(dose.steps)
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


def _once(dose: Dose) -> str:
    if dose.recheck_days is None:
        return _("once, then keep it so")
    return _("once; %(look_again)s") % {"look_again": _look_again(dose.recheck_days)}


def _regular(dose: Dose, names: Names | None) -> str:
    """How much and how often: “3 sets of 10, each side, twice a day”."""
    amount, frequency = _amount(dose), _frequency(dose)
    if dose.part_of:
        whole = _name(dose.part_of, names)
        amount = (
            _("%(amount)s of each %(whole)s") % {"amount": amount, "whole": whole}
            if amount
            else _("in each %(whole)s") % {"whole": whole}
        )
    if dose.when_time:
        frequency = [_("whenever there is time"), _("at most %(often)s") % {"often": frequency[0]}, *frequency[1:]]
    parts = [
        amount,
        _height(dose.height_cm) if dose.height_cm else "",
        _("each side") if dose.each_side else "",
        *frequency,
    ]
    return ", ".join(part for part in parts if part)


def _ramp(dose: Dose) -> str:
    """What one decided step of a ramp is: “1 minute more each week, up to 12”."""
    if dose.leading is None or dose.ramp_by is None or dose.ramp_to is None:
        return ""
    return _("%(more)s, up to %(top)d") % {
        "more": MORE_EACH_WEEK[dose.leading](dose.ramp_by),
        "top": dose.ramp_to,
    }


def dose_text(dose: Dose, names: Names | None = None) -> str:
    """The dose in plain words: “3 sets of 10 seconds, twice a day, 5 days a week”.

    ``names`` are those of the program's exercises by slug, for a dose that happens inside another item.
    """
    if dose.one_off:
        parts = [_once(dose)]
    elif dose.per_prescription:
        parts = [_("each dose as prescribed")]
    elif dose.duration_days is not None:
        parts = [_days(dose.duration_days)]
        if dose.toilet_trips_per_day is not None:
            parts.append(_toilet_trips(dose.toilet_trips_per_day))
    else:
        parts = [_regular(dose, names)]
    if dose.from_week > 1:
        parts.append(_from_week(dose.from_week))
    # At its cap a ramp has nothing more to say.
    if dose.leading and getattr(dose, dose.leading) != dose.ramp_to and (ramp := _ramp(dose)):
        parts.append(_("then %(ramp)s, when your clinic says so") % {"ramp": ramp})
    if dose.only_if:
        parts.append(_("only if: %(condition)s") % {"condition": translating.said(dose.only_if)})
    return "; ".join(parts)


def _further(dose: Dose, names: Names | None) -> dict[str, str]:
    """What a dose says beside its numbers, each in words; empty where it says nothing."""
    return {
        "each_side": _("each side") if dose.each_side else "",
        "part_of": _("within %(whole)s") % {"whole": _name(dose.part_of, names)} if dose.part_of else "",
        "when_time": _("whenever there is time") if dose.when_time else "",
        "only_if": _("only if: %(condition)s") % {"condition": translating.said(dose.only_if)} if dose.only_if else "",
        "from_week": _from_week(dose.from_week) if dose.from_week > 1 else "",
        "ramp": _ramp(dose),
        "recheck_days": _look_again(dose.recheck_days) if dose.recheck_days else "",
    }


def change_text(old: Dose, new: Dose, names: Names | None = None) -> str:
    """What changed, for the history: “5 → 6 minutes”; empty when nothing did."""
    if (old.one_off, old.per_prescription) != (new.one_off, new.per_prescription):
        return f"{dose_text(old, names)} → {dose_text(new, names)}"
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
    ramps = [(dose.ramp_by, dose.ramp_to) for dose in (old, new)]
    said, says = _further(old, names), _further(new, names)
    changes += [
        f"{said[name] or '–'} → {says[name] or '–'}"
        for name in said
        if (ramps[0] != ramps[1] if name == "ramp" else getattr(old, name) != getattr(new, name))
    ]
    return ", ".join(changes)


def outside_text(outside: Outside) -> str:
    """Why a number is outside the range: “minutes: 40 is outside 2 to 30”."""
    return _("%(name)s: %(value)d is outside %(low)d to %(high)d") % {
        "name": NAMES[outside.variable],
        "value": outside.value,
        "low": outside.low,
        "high": outside.high,
    }


CONTRADICTIONS: Final[dict[str, Any]] = {
    "part_with_rhythm": gettext_lazy(
        "What is done inside another exercise follows that exercise. Say only how much, how many times a day and on "
        "how many days."
    ),
    "when_time_with_rhythm": gettext_lazy("“Whenever there is time” does not fit something with a fixed rhythm."),
    "rest_with_condition": gettext_lazy("Rest for a number of days cannot depend on a condition."),
    "recheck_of_routine": gettext_lazy("Only something that is done once is looked at again."),
    "steps_with_repetitions": gettext_lazy("Give either repetitions or steps, not both."),
    "side_of_nothing": gettext_lazy("Say how much is done on each side: minutes, repetitions, steps or a hold."),
    "ramp_of_nothing": gettext_lazy("Nothing here can grow: give minutes, repetitions, steps or a hold first."),
    "ramp_half_said": gettext_lazy("A weekly growth needs both: by how much, and up to what."),
    "ramp_to_out_of_reach": gettext_lazy("The growth must end between %(low)d, the dose now, and %(high)d."),
    "ramp_too_steep": gettext_lazy("Too steep: from %(value)d on, one week may add at most %(most)d."),
}


def contradiction_text(invalid: InvalidDose) -> str:
    """Why a dose contradicts itself, in a sentence for the person who typed it."""
    if invalid.code not in CONTRADICTIONS:
        return _("This is not a dose.")
    return str(CONTRADICTIONS[invalid.code] % invalid.numbers)


def misplaced_text(misplaced: Misplaced, names: Names) -> str:
    """Why an item cannot happen inside the item that it names."""
    texts = {
        "not_there": _("%(item)s is to happen inside %(whole)s, which is not in the program."),
        "itself": _("%(item)s cannot happen inside itself."),
        "inside_another": _("%(item)s is to happen inside %(whole)s, which is itself inside another exercise."),
        "not_at_home": _("%(item)s and %(whole)s are not done at the same place."),
        "unlike": _("%(item)s is to happen inside %(whole)s, which has no regular times."),
        "too_often": _("%(item)s is to happen more often than %(whole)s, inside which it is done."),
    }
    return texts[misplaced.why] % {"item": _name(misplaced.slug, names), "whole": _name(misplaced.part_of, names)}


def warning_text(warning: str) -> str:
    """A warning of the totals, for the person who writes the program."""
    texts = {
        "too_many_active": _("More than %(n)d active exercises: families keep up fewer.") % {"n": MOST_ACTIVE},
        "session_too_long": _("One round takes more than %(n)d minutes: families keep up shorter ones.")
        % {"n": MOST_SESSION_MINUTES},
    }
    return texts[warning]


def half_rule_text(refusal: Refusal) -> str:
    """Why a program for secondary back pain is refused (rows D5 and D6)."""
    return ngettext(
        "The back is overloaded by a limb, so at least %(needed)d of %(active)d active exercises must work on the limb "
        "or a listed habit; %(on_target)d does.",
        "The back is overloaded by a limb, so at least %(needed)d of %(active)d active exercises must work on the limb "
        "or a listed habit; %(on_target)d do.",
        refusal.on_target,
    ) % {"needed": refusal.needed, "active": refusal.active, "on_target": refusal.on_target}


def shortfall_text(shortfall: Shortfall, names: Names, habits: Names) -> str:
    """A shortfall in a sentence; ``names`` are those of the exercises, ``habits`` the labels of the movement habits."""
    items = ", ".join(_name(slug, names) for slug in shortfall.slugs)
    texts = {
        "mostly_back": _(
            "Less than half of the active exercises work on the limb or a listed habit. For the back only: %(items)s."
        ),
        "only_passive": _("Everything here is passive; from phase P2 on the dog should work itself."),
        "no_strength": _("No stabilisation or core exercise; from phase P2 on there should be one."),
        "off_target": _("Aims at a limb or habit that the definition does not name: %(items)s."),
        "not_retrained": _("No exercise retrains a listed habit: %(habits)s."),
        "not_shown_back": _("The family has not shown back yet, arrange it: %(items)s."),
        "no_ladder": _("No ladder leads back to the family’s own activities."),
        "too_little_strength": _("To last, at least 2 strength or stability exercises on 2 to 3 days a week."),
        "no_cause": _("The definition does not say the true cause in words."),
    }
    if shortfall.found not in texts:
        return warning_text(shortfall.found)
    labels = ", ".join(habits.get(code, code) for code in shortfall.habits)
    return texts[shortfall.found] % {"items": items, "habits": labels}

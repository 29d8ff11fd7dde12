"""Each rule, each unmet condition, each missing answer and each request of the rules, in one clause with its numbers.

The texts are the ``why`` of 06_progression.yaml in plain words. What is stored is JSON, so days come as ISO texts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.library import reading, translating
from rehab.patients import measure_wording
from rehab.programs.resetting import came_back_text

Numbers = Mapping[str, Any]
# Slugs of exercises -> names.
Names = Mapping[str, str]


def rule_text(rule: str, numbers: Numbers, *, names: Names | None = None) -> str:
    """Why the rule holds, as a clause without a full stop; a rule of another release says only that it is one."""
    say = _RULES.get(rule)
    if say is None:
        return _("A rule that is no longer in use")
    return say({**numbers, "names": names or {}})


def unmet_text(condition: str) -> str:
    """What progress still needs."""
    if condition in UNMET:
        return str(UNMET[condition])
    if flag_text(condition) != condition:
        return _("A warning sign has stopped it: %(sign)s") % {"sign": flag_text(condition)}
    return _("The plan or the definition does not allow it (%(rule)s)") % {"rule": condition}


def missing_text(answer: str) -> str:
    """An answer that was looked for and is not there."""
    return str(MISSING.get(answer, answer))


def action_text(action: str) -> str:
    """What the rules ask for beside a dose."""
    return str(ACTIONS.get(action, action))


def ended(clause: str) -> str:
    """The clause as a sentence; a question has its mark."""
    return clause if clause.endswith("?") else f"{clause}."


def score(value: float | None) -> str:
    """A number without a needless decimal; what nobody answered is a dash."""
    return "–" if value is None else f"{round(value, 1):g}"


def day_text(value: str | None) -> str:
    """A stored day for a person."""
    return "–" if value is None else date_format(dt.date.fromisoformat(value[:10]), _("j M"))


def flag_text(flag: str) -> str:
    """A warning sign in words."""
    return next((translating.said(one.sign) for one in reading.red_flags() if one.id == flag), flag)


def exercise_name(slug: str, names: Names) -> str:
    return translating.said(names[slug]) if slug in names else slug.replace("-", " ")


def _warning_sign(said: Numbers) -> str:
    return ", ".join(flag_text(flag) for flag in said["flags"])


def _nerve_function(said: Numbers) -> str:
    metric = said["metric"]
    return _("Nerve function looks worse (%(measure)s: %(before)s → %(now)s)") % {
        "measure": measure_wording.label(metric),
        "before": measure_wording.value_text(metric, said["before"]),
        "now": measure_wording.value_text(metric, said["now"]),
    }


def _pain_above(said: Numbers) -> str:
    if said["moment"] == "rest":
        return _("Pain %(score)s/10 at rest is not below the safe limit of %(limit)s") % _scores(said)
    return _("Pain %(score)s/10 on two mornings running is not below the safe limit of %(limit)s") % _scores(said)


def _pain_not_controlled(said: Numbers) -> str:
    if "missed" not in said:
        return _("Nerve pain must be controlled before exercise, and no plan against it is on record")
    return ngettext(
        "Nerve pain must be controlled before exercise, and %(n)s dose was missed in three days",
        "Nerve pain must be controlled before exercise, and %(n)s doses were missed in three days",
        said["missed"],
    ) % {"n": said["missed"]}


def _jumped(said: Numbers) -> str:
    return _("A jump during the ordered rest, with new signs: %(signs)s") % {"signs": _warning_sign(said)}


def _definition(said: Numbers) -> str:
    if "good_days" in said:
        return came_back_text(said)
    if said.get("signed"):
        return _("The cause that is signed cannot be true any more; a vet must confirm what kind of back pain this is")
    return _("A vet must confirm what kind of back pain this is")


def _after(said: Numbers) -> str:
    return _("Pain %(after)s/10 after exercise; up to %(limit)s is acceptable") % _scores(said)


def _rise(said: Numbers) -> str:
    return _("Pain rose by %(rise)s during the session; up to %(limit)s is acceptable") % _scores(said)


def _morning(said: Numbers) -> str:
    return _("Next morning %(morning)s against usual %(usual)s (24-hour rule)") % _scores(said)


def _same_stop(said: Numbers) -> str:
    signs = reading.stop_signs()
    words = ", ".join(translating.said(signs.get(code, code)).rstrip(".") for code in said["codes"])
    return _("Stopped again for the same sign: %(signs)s") % {"signs": words}


def _fatigue(said: Numbers) -> str:
    if "standing" in said:
        return _("Fatigue: stands %(standing)s s, usually %(usual)s s (%(percent)s %% less)") % _scores(said)
    return _("Fatigue: done poorly in %(poor)s of the last %(of)s sessions") % _scores(said)


def _still_tired(_said: Numbers) -> str:
    return _("Still tired the next day: nerve pain flares with over-exertion")


def _break(said: Numbers) -> str:
    if said["re_enter"]:
        return _("Not done for %(days)s days: start again at the low end, and a vet checks first") % _scores(said)
    return _("Not done for %(days)s days: start again lower after a break") % _scores(said)


def _lowered_again(said: Numbers) -> str:
    return _(
        "Lowered on %(times)s of the last %(days)s days: less of all active exercises, and a therapist looks"
    ) % _scores(said)


def _amber(said: Numbers) -> str:
    return _("Pain %(after)s/10 after exercise, settled overnight (morning %(morning)s, usual %(usual)s)") % _scores(
        said
    )


def _too_little(said: Numbers) -> str:
    return _("Only %(percent)s %% done in 7 days; ask why before changing the load") % _scores(said)


def _too_early(said: Numbers) -> str:
    numbers, short = _scores(said), []
    if said["sessions"] < said["min_sessions"]:
        short.append(_("%(sessions)s of %(min_sessions)s sessions") % numbers)
    if said["days"] < said["min_days"]:
        short.append(_("%(days)s of %(min_days)s days") % numbers)
    return _("Not enough at this dose yet: %(short)s") % {"short": ", ".join(short)}


def _technique(said: Numbers) -> str:
    if "quality" in said:
        return _("Technique first: quality %(quality)s of 3 in the last sessions") % _scores(said)
    return _("Technique first: the family has not shown it back yet")


def _medicine(said: Numbers) -> str:
    if "missed" in said:
        return ngettext(
            "%(n)s dose of the pain medicine was missed",
            "%(n)s doses of the pain medicine were missed",
            said["missed"],
        ) % {"n": said["missed"]}
    return _("Pain medicine changed less than %(hours)s hours ago; that can hide or unmask pain") % _scores(said)


def _another(said: Numbers) -> str:
    others = ", ".join(exercise_name(slug, said["names"]) for slug in said["others"])
    return _("One change at a time: %(others)s grew in the last %(days)s days") % {
        "others": others,
        "days": said["days"],
    }


def _mornings(said: Numbers) -> str:
    return _("The next-morning answer is missing after %(missing)s of the last %(of)s sessions") % _scores(said)


def _re_exam(said: Numbers) -> str:
    return ngettext(
        "The re-examination was due %(days)s day ago", "The re-examination was due %(days)s days ago", said["days"]
    ) % {"days": said["days"]}


def _load(said: Numbers) -> str:
    return _(
        "Enough increase for now: the next step would be %(percent)s %% more than %(days)s days ago, %(allowed)s %% is allowed"
    ) % _scores(said)


def _settle(said: Numbers) -> str:
    return _("Let it settle after it was lowered: %(clean)s of %(needed)s clean sessions") % _scores(said)


def _progress(said: Numbers) -> str:
    return _("All that progress needs is met: %(percent)s %% done, mornings at the usual %(usual)s") % {
        "percent": score(said.get("percent")),
        "usual": score(said.get("usual")),
    }


def _tissue_load(said: Numbers) -> str:
    return _("Pain rose with the work and fell overnight in %(times)s of %(of)s sessions: fits tissue load") % _scores(
        said
    )


def _out_of_proportion(said: Numbers) -> str:
    return _(
        "Pain out of proportion, worse when tired, or late, %(times)s times (%(days)s): could this be nerve pain?"
    ) % {"times": said["times"], "days": _days(said)}


def _with_the_limb(said: Numbers) -> str:
    return _("The back hurt more on %(times)s days on which a limb did (%(days)s): could the back be compensating?") % {
        "times": said["times"],
        "days": _days(said),
    }


def _limb_is_better(said: Numbers) -> str:
    metric = said["metric"]
    return _(
        "The limb is better (%(measure)s: %(before)s → %(now)s), the back is not (pain %(pain_before)s → %(pain_now)s): "
        "is the back a source too?"
    ) % {
        "measure": measure_wording.label(metric),
        "before": measure_wording.value_text(metric, said["before"]),
        "now": measure_wording.value_text(metric, said["now"]),
        "pain_before": score(said["pain_before"]),
        "pain_now": score(said["pain_now"]),
    }


def no_better_text(said: Numbers) -> str:
    """RF26 with its numbers: two weeks of work without a change."""
    return _("Two weeks at %(percent)s %% done, and the pain is hardly less (%(before)s → %(now)s)") % _scores(said)


def _days(said: Numbers) -> str:
    return ", ".join(day_text(day) for day in said["days"])


def _scores(said: Numbers) -> dict[str, str]:
    return {name: score(value) for name, value in said.items() if value is None or isinstance(value, int | float)}


_RULES: Final[Mapping[str, Callable[[Numbers], str]]] = {
    "R1": _warning_sign,
    "R2": _nerve_function,
    "R3": _pain_above,
    "R4": _pain_not_controlled,
    "R5": _jumped,
    "R6": _definition,
    "G1": _after,
    "G2": _rise,
    "G3": _morning,
    "G4": _same_stop,
    "G5": _fatigue,
    "G6": _still_tired,
    "G7": _break,
    "G8": _lowered_again,
    "H1": _amber,
    "H2": _too_little,
    "H3": _too_early,
    "H4": _technique,
    "H5": _medicine,
    "H6": _another,
    "H7": _mornings,
    "H8": _re_exam,
    "H9": _load,
    "H10": _settle,
    "P1": _progress,
    "A1": _tissue_load,
    "A2": _out_of_proportion,
    "A3": _with_the_limb,
    "A4": _limb_is_better,
}

UNMET: Final[Mapping[str, Any]] = {
    "P1": gettext_lazy("Progress could not be evaluated"),
    "undetermined": gettext_lazy("The kind of back pain is undetermined, so nothing grows"),
    "clean_sessions": gettext_lazy("More clean sessions in a row"),
    "quality": gettext_lazy("Well done in the last sessions, and somebody says so"),
    "tired": gettext_lazy("How tired the last session left the dog"),
    "answers": gettext_lazy("The pain answers around the last sessions"),
    "completion": gettext_lazy("At least 80 % done at this dose"),
    "sessions": gettext_lazy("More sessions at this dose"),
    "days": gettext_lazy("More days at this dose"),
    "plan": gettext_lazy("A day for the re-examination, and the limits of the plan"),
    "settling": gettext_lazy("A week without an exercise being lowered"),
    "end_of_the_range": gettext_lazy("The end of its range is reached, and there is no harder exercise"),
    "GATE_B": gettext_lazy("A complete definition (cause, activities, baseline)"),
    "NO_PROGRESS": gettext_lazy("The protocol keeps the dog moving without progress"),
    "LOAD": gettext_lazy("A phase that allows this load"),
    "PHASE": gettext_lazy("A later phase"),
    "DAY": gettext_lazy("More days of healing"),
    "GRADES": gettext_lazy("Another neurologic grade"),
    "O2": gettext_lazy("No open warning sign"),
    "O8": gettext_lazy("A cause that can be true"),
}
MISSING: Final[Mapping[str, Any]] = {
    "pain_before": gettext_lazy("pain before"),
    "pain_after": gettext_lazy("pain after"),
    "pain_next_morning": gettext_lazy("pain on the next morning"),
    "baseline": gettext_lazy("the usual pain"),
    "quality": gettext_lazy("how well it was done"),
    "tired": gettext_lazy("how tired the dog was"),
    "completion": gettext_lazy("what was done in the last 7 days"),
}
ACTIONS: Final[Mapping[str, Any]] = {
    "call_owner": gettext_lazy("Call the owner: less than half was done in seven days"),
    "cut_to_three": gettext_lazy("Cut the plan to three items"),
    "therapist_review": gettext_lazy("A therapist reviews the plan: two exercises were lowered within a week"),
    "vet_check": gettext_lazy("A vet looks at the dog before it starts again after three weeks"),
}

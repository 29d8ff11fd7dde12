"""Criteria of phases and rungs of ladders in the words of a prescriber, with their numbers."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.library import reading, translating
from rehab.patients import measure_wording
from rehab.patients.measures import MEASURES
from rehab.patients.wording import printed
from rehab.programs.criteria import SIGNATURE, Criterion, State, Verdict
from rehab.programs.ladders import Block, Judged, Outcome, Reason, Why
from rehab.programs.ladders import State as RungState

LABELS: Final[Mapping[str, Any]] = {
    **measure_wording.LABELS,
    "pain_rest": gettext_lazy("Pain at rest"),
    "pain_before": gettext_lazy("Pain before the session"),
    "pain_after": gettext_lazy("Pain after the session"),
    "pain_next_morning": gettext_lazy("Pain on the next morning"),
    "completion": gettext_lazy("Done of what was due"),
    "clean_sessions": gettext_lazy("Clean sessions in a row"),
    "days_in_phase": gettext_lazy("Days in this phase"),
    "days_since_surgery": gettext_lazy("Days since the surgery"),
    "days_since_onset": gettext_lazy("Days since the onset"),
    "open_red_flags": gettext_lazy("Open warning signs"),
    SIGNATURE: gettext_lazy("A vet’s signature"),
    "exposure_rung_done": gettext_lazy("Highest rung passed on a ladder"),
}
BOUNDS: Final[Mapping[str, Any]] = {
    "<=": gettext_lazy("at most %(limit)s"),
    ">=": gettext_lazy("at least %(limit)s"),
    "==": gettext_lazy("%(limit)s"),
    "<": gettext_lazy("less than %(limit)s"),
    ">": gettext_lazy("more than %(limit)s"),
}
# What the number is, where it stands for several.
OF_SEVERAL: Final[Mapping[str, Any]] = {
    "avg": gettext_lazy("%(value)s on average"),
    "median": gettext_lazy("middle value %(value)s"),
    "max": gettext_lazy("highest %(value)s"),
    "min": gettext_lazy("lowest %(value)s"),
}
STATES: Final[Mapping[str, Any]] = {
    State.MET: gettext_lazy("met"),
    State.NOT_YET: gettext_lazy("not yet"),
    State.NO_DATA: gettext_lazy("no data"),
}
RUNG_STATES: Final[Mapping[str, Any]] = {
    RungState.PASS: gettext_lazy("Passed"),
    RungState.REPEAT: gettext_lazy("Repeat this rung"),
    RungState.BACK: gettext_lazy("One rung lower for three days"),
    RungState.WAIT: gettext_lazy("Not passed yet"),
}
OUTCOMES: Final[Mapping[str, Any]] = {
    Outcome.GOOD: gettext_lazy("good"),
    Outcome.OPEN: gettext_lazy("an answer is missing"),
    Outcome.AMBER: gettext_lazy("amber"),
    Outcome.RED: gettext_lazy("red"),
    Outcome.NONE: gettext_lazy("not practised"),
}
# What a criterion about a yes or a count says in a sentence of its own, by what it asks for.
WHOLE: Final[Mapping[str, Any]] = {
    "vet_signed_phase == 1": gettext_lazy("A vet’s signature"),
    "limb_stable_signed == 1": gettext_lazy("A vet says that the limb is treated or stable"),
    "open_red_flags == 0": gettext_lazy("No open warning sign"),
}


def label(metric: str) -> str:
    """The metric's name; the code of one that has no words yet."""
    return str(LABELS.get(metric, metric))


def criterion_text(criterion: Criterion) -> str:
    """The criterion in plain words: “Pain at rest: at most 3 of 10, on each of the last 2 days”."""
    if criterion.text in WHOLE:
        return str(WHOLE[criterion.text])
    measure = MEASURES.get(criterion.metric)
    if measure is not None and measure.kind == "yes_no":
        bound = _("yes") if criterion.operator in (">=", ">", "==") and criterion.limit else _("no")
    else:
        bound = str(BOUNDS[criterion.operator]) % {"limit": _limit(criterion)}
    window = _window(criterion)
    return f"{label(criterion.metric)}: {bound}, {window}" if window else f"{label(criterion.metric)}: {bound}"


def figures(verdict: Verdict, *, today: dt.date) -> str:
    """The numbers behind a verdict: “4 of 10 (2 of 2 days known)”."""
    criterion = verdict.criterion
    known = _known(verdict)
    if verdict.value is None or verdict.state == State.NO_DATA:
        if verdict.newest is not None and (not verdict.count or not known):
            return _("nothing new; last on %(day)s") % {"day": date_format(verdict.newest)}
        return known or _("nothing recorded")
    value = _value(criterion.metric, verdict.value)
    if criterion.metric != "completion" and verdict.count > 1 and criterion.aggregate in OF_SEVERAL:
        value = str(OF_SEVERAL[criterion.aggregate]) % {"value": value}
    if known:
        return f"{value} ({known})"
    if verdict.newest is not None and verdict.newest != today:
        return _("%(value)s on %(day)s") % {"value": value, "day": date_format(verdict.newest)}
    return value


def alternative_text(text: str) -> str:
    """What the protocol adds about leaving a phase, as people write it."""
    return capfirst(printed(text.replace("->", "→"))) if text else ""


def unmet_text(verdict: Verdict, *, today: dt.date) -> str:
    """Why a criterion stands in the way, in a sentence or two."""
    if verdict.criterion.is_signature:
        return _("The protocol asks for a vet’s signature here: a vet moves this phase.")
    words = {"criterion": criterion_text(verdict.criterion), "figures": figures(verdict, today=today)}
    if verdict.state == State.NO_DATA:
        return _("No data: %(criterion)s. Now: %(figures)s.") % words
    return _("Not yet: %(criterion)s. Now: %(figures)s.") % words


def _limit(criterion: Criterion) -> str:
    # “At least 10 or more” would say it twice.
    if criterion.metric == "unaided_steps":
        return _number(criterion.limit)
    return _value(criterion.metric, criterion.limit)


def _value(metric: str, value: float) -> str:
    if metric.startswith("pain_"):
        return _("%(score)s of 10") % {"score": _number(value)}
    if metric == "completion":
        return f"{round(value * 100)} %"
    measure = MEASURES.get(metric)
    if measure is not None and measure.kind != "scale" and value == round(value, 1):
        return measure_wording.value_text(metric, value)
    return _number(value)


def _number(value: float) -> str:
    return number_format(f"{round(value, 1):g}")


def _window(criterion: Criterion) -> str:
    if criterion.window is None:
        return ""
    many = {"n": criterion.window}
    days = criterion.unit == "d"
    small, large = criterion.operator in ("<=", "<"), criterion.operator in (">=", ">")
    if days and criterion.window == 1:
        return _("today")
    if (criterion.aggregate == "max" and small) or (criterion.aggregate == "min" and large):
        return (_("on each of the last %(n)d days") if days else _("in each of the last %(n)d sessions")) % many
    by_aggregate: Mapping[str, tuple[str, str]] = {
        "avg": (_("on average over the last %(n)d days"), _("on average over the last %(n)d sessions")),
        "median": (_("the middle value of the last %(n)d days"), _("the middle value of the last %(n)d sessions")),
        "max": (_("at best in the last %(n)d days"), _("at best in the last %(n)d sessions")),
        "min": (_("at least once in the last %(n)d days"), _("at least once in the last %(n)d sessions")),
        "last": (_("newest of the last %(n)d days"), _("newest of the last %(n)d sessions")),
        "count": (_("how often in the last %(n)d days"), _("how often in the last %(n)d sessions")),
    }
    return by_aggregate[criterion.aggregate][0 if days else 1] % many


def _known(verdict: Verdict) -> str:
    window = verdict.criterion.window
    if window is None or (window == 1 and verdict.count):
        return ""
    numbers = {"count": verdict.count, "window": window}
    known = (
        ngettext("%(count)d of %(window)d day known", "%(count)d of %(window)d days known", window)
        if verdict.criterion.unit == "d"
        else ngettext("%(count)d of %(window)d session known", "%(count)d of %(window)d sessions known", window)
    ) % numbers
    if verdict.count < verdict.needed < window:
        return _("%(known)s, at least %(needed)d needed") % {"known": known, "needed": verdict.needed}
    return known


# --- Ladders -------------------------------------------------------------------------------------------------


def reason_text(reason: Reason) -> str:
    """What a verdict on a rung rests on, in one sentence."""
    return REASONS[reason.code](reason)


def block_text(block: Block) -> str:
    """Why the content keeps a ladder closed, in one sentence."""
    if block.code == "grade":
        return _("Closed for neurologic grade 2 and more; this dog has grade %(grade)s.") % block.numbers
    if block.code == "lumbosacral":
        return _("Closed with lumbosacral disease.")
    return _("Closed in the first %(weeks)d weeks of disc disease.") % block.numbers


def outcome_text(judged: Judged) -> str:
    """How one practice went, with the reason where there is one."""
    if judged.reason is None:
        return str(OUTCOMES[judged.outcome])
    return reason_text(judged.reason)


def _day(reason: Reason) -> str:
    return date_format(reason.day) if reason.day else ""


def _stop_sign(reason: Reason) -> str:
    signs = reading.stop_signs()
    return _("Stop sign on %(day)s: %(signs)s.") % {
        "day": _day(reason),
        "signs": ", ".join(printed(translating.said(signs.get(code, code))) for code in reason.numbers["signs"]),
    }


def _after(reason: Reason) -> str:
    return _("Pain %(score)d of 10 after the practice of %(day)s; the limit is %(limit)d.") % {
        **reason.numbers,
        "day": _day(reason),
    }


def _morning(reason: Reason) -> str:
    return _("Pain %(score)d of 10 on the morning after %(day)s; usual is %(usual)s.") % {
        "score": reason.numbers["score"],
        "usual": _number(reason.numbers["usual"]),
        "day": _day(reason),
    }


REASONS: Final[Mapping[Why, Callable[[Reason], str]]] = {
    Why.STOP_SIGN: _stop_sign,
    Why.RED_AFTER: _after,
    Why.RED_MORNING: _morning,
    Why.AMBER_AFTER: _after,
    Why.AMBER_MORNING: _morning,
    Why.NO_ANSWER_AFTER: lambda one: _("No pain answer after the practice of %(day)s.") % {"day": _day(one)},
    Why.NO_MORNING: lambda one: _("The morning after %(day)s is not answered yet.") % {"day": _day(one)},
    Why.NO_BASELINE: lambda one: (
        _("The usual pain is not known, so the morning after %(day)s says nothing.") % {"day": _day(one)}
    ),
    Why.GOOD: lambda one: _("Good practices on different days: %(good)d; needed: %(needed)d.") % one.numbers,
    Why.FEW_DAYS: lambda one: _("Day %(days)d on this rung; at least %(needed)d.") % one.numbers,
}

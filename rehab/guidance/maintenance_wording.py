"""Checkpoints and signs of a relapse in the words of a prescriber, with their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rehab.patients import measure_wording
from rehab.programs.criteria import Criterion, parse
from rehab.programs.maintenance import PAIN, loss_percent
from rehab.programs.phase_wording import criterion_text, label

PAINS: Final = "pain_"


def months(count: int) -> str:
    """When a checkpoint is: 3 months after discharge."""
    return ngettext("%(n)d month after discharge", "%(n)d months after discharge", count) % {"n": count}


def value(metric: str, amount: float) -> str:
    """A number with its unit."""
    if metric.startswith(PAINS):
        return _("%(score)s of 10") % {"score": _number(amount)}
    return measure_wording.value_text(metric, amount)


def then_and_now(said: Mapping[str, Any], *, is_short: bool = False) -> str:
    """One number at discharge and now: “Standing without help 50 s → 35 s (30 % less)”."""
    metric, then, now = said["metric"], said["then"], said["now"]
    moved = f"{value(metric, then)} → {value(metric, now)}"
    less = loss_percent(then, now)
    if metric != PAIN and less > 0:
        moved = _("%(moved)s (%(percent)d %% less)") % {"moved": moved, "percent": less}
    return moved if is_short else f"{label(metric)} {moved}"


def worse_text(numbers: Mapping[str, Any]) -> str:
    """Which numbers of a checkpoint are worse, in half a sentence."""
    said = [one for one in numbers.get("said", ()) if one["metric"] in numbers.get("worse", ())]
    return ", ".join(then_and_now(one) for one in said)


def missing_text(metrics: Sequence[str]) -> str:
    """What nobody has said, by name."""
    return ", ".join(label(metric) for metric in metrics)


def sign_text(sign: Mapping[str, Any]) -> str:
    """One sign of a relapse with its number: “Pain before the session 3.7 of 10 on average over 3 days”."""
    criterion = parse(sign["criterion"])
    said = {"what": label(criterion.metric), "value": _sign_value(criterion, sign["value"]), "n": criterion.window}
    if criterion.unit == "d" and criterion.aggregate == "avg":
        return _("%(what)s %(value)s on average over %(n)d days") % said
    if criterion.unit == "d" and criterion.aggregate == "max":
        return _("%(what)s up to %(value)s within %(n)d days") % said
    return _("%(criterion)s (now %(value)s)") % {"criterion": criterion_text(criterion), "value": said["value"]}


def _sign_value(criterion: Criterion, amount: float) -> str:
    if criterion.metric == "completion":
        return f"{round(amount * 100)} %"
    return value(criterion.metric, amount)


def _number(amount: float) -> str:
    return number_format(f"{round(amount, 1):g}")

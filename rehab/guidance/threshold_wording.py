"""The limits of the rules in words."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.guidance.engine.values import MORE_IS_CAREFUL, Profile
from rehab.guidance.models import ThresholdChange
from rehab.guidance.thresholds import (
    RANGES,
    LessCarefulThanMuscleError,
    NoReasonError,
    NotAVetError,
    OutOfOrderError,
    ThresholdError,
)

LABELS: Final[Mapping[str, Any]] = {
    "green_max": gettext_lazy("Green up to (pain after exercise)"),
    "amber_max": gettext_lazy("Amber up to (pain after exercise)"),
    "rise_in_session_ok": gettext_lazy("Acceptable rise in a session"),
    "rise_in_session_max": gettext_lazy("Rise in a session at most"),
    "morning_over_baseline_ok": gettext_lazy("Acceptable rise above the usual on the next morning"),
    "morning_over_baseline_regress": gettext_lazy("Rise above the usual on the next morning that lowers the dose"),
    "min_sessions": gettext_lazy("Sessions at a dose before it grows"),
    "min_days_at_level": gettext_lazy("Days at a dose before it grows"),
    "clean_needed": gettext_lazy("Clean sessions in a row before it grows"),
    "standing_drop_pct": gettext_lazy("Shorter standing that lowers the dose (percent)"),
    "days_between_progressions": gettext_lazy("Days between two exercises that grow"),
    "resting_restrain": gettext_lazy("Pain at rest that stops everything"),
    "morning_restrain": gettext_lazy("Pain on two mornings that stops everything"),
}
HIGHER: Final = gettext_lazy("higher is more careful")
LOWER: Final = gettext_lazy("lower is more careful")


def label(name: str) -> str:
    return str(LABELS[name])


def note(name: str) -> str:
    """Which way is the careful one."""
    return str(HIGHER if name in MORE_IS_CAREFUL else LOWER)


def refusal(error: ThresholdError) -> str:
    """Why the limits cannot be set so, and what to do."""
    about = {"limit": label(error.name)}
    if isinstance(error, NotAVetError):
        return _("“%(limit)s” would be less careful. Only a vet loosens a limit.") % about
    if isinstance(error, NoReasonError):
        return _("“%(limit)s” would be less careful. Say why: the record keeps it with your name.") % about
    if isinstance(error, OutOfOrderError):
        return _("“%(limit)s” would lie above the limit that comes after it.") % about
    if isinstance(error, LessCarefulThanMuscleError):
        return _("“%(limit)s”: nerve pain is never treated less carefully than that of muscles and joints.") % about
    low, high = RANGES[error.name]
    return _("“%(limit)s” must be from %(low)d to %(high)d.") % {**about, "low": low, "high": high}


def change(one: ThresholdChange) -> dict[str, Any]:
    """One change for the list of them."""
    value = getattr(Profile.of(one.profile), one.name) if one.value is None else one.value
    return {
        "what": _("%(limit)s: %(value)s") % {"limit": label(one.name), "value": value},
        "profile": ThresholdChange.Profile(one.profile).label,
        "is_loosening": one.is_loosening,
        "reason": one.reason,
        "who": one.changed_by.get_full_name(),
        "day": date_format(one.changed_at),
    }

"""A clinic's own thresholds: tightening is free, loosening needs a vet and a reason (03_decision.yaml, human_override)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from django.db import transaction

from accounts.access import Right, Role, allowed
from accounts.models import Clinic, User, record
from rehab.guidance.engine.values import MORE_IS_CAREFUL, THRESHOLDS, Profile, is_loosening
from rehab.guidance.models import ThresholdChange
from rehab.guidance.queries.thresholds import thresholds_of

PROFILES: Final = ("msk", "neuro")
# What each number can be at all: points of pain, days, sessions, percent.
RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "green_max": (0, 9),
    "amber_max": (1, 10),
    "rise_in_session_ok": (0, 5),
    "rise_in_session_max": (0, 5),
    "morning_over_baseline_ok": (0, 5),
    "morning_over_baseline_regress": (1, 5),
    "min_sessions": (1, 60),
    "min_days_at_level": (1, 60),
    "clean_needed": (1, 30),
    "standing_drop_pct": (5, 90),
    "days_between_progressions": (1, 60),
    "resting_restrain": (1, 10),
    "morning_restrain": (1, 10),
}
# Pairs of which the first is never above the second.
IN_ORDER: Final = (
    ("green_max", "amber_max"),
    ("rise_in_session_ok", "rise_in_session_max"),
    ("morning_over_baseline_ok", "morning_over_baseline_regress"),
)


class ThresholdError(Exception):
    """The thresholds cannot be set so; ``name`` is the one it is about."""

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self.name = name


class OutOfRangeError(ThresholdError):
    """No such number can be a threshold."""


class OutOfOrderError(ThresholdError):
    """A limit that is passed first would lie above the one that is passed after it."""


class LessCarefulThanMuscleError(ThresholdError):
    """Nerve pain is never treated less carefully than that of muscles and joints."""


class NotAVetError(ThresholdError):
    """Only a vet loosens."""


class NoReasonError(ThresholdError):
    """Loosening says why."""


def profiles_of(clinic: Clinic) -> dict[str, Profile]:
    """The numbers that the clinic works with now."""
    own = thresholds_of([clinic.pk]).get(clinic.pk, {})
    return {name: Profile.of(name, own.get(name)) for name in PROFILES}


@transaction.atomic
def set_thresholds(
    *,
    clinic: Clinic,
    wanted: Mapping[str, Mapping[str, int]],
    reason: str,
    by: User,
    roles: frozenset[Role],
    at: dt.datetime,
) -> list[ThresholdChange]:
    """Set the clinic's numbers, ``{profile: {threshold: value}}``; what is as before is no change.

    Raises:
        OutOfRangeError, OutOfOrderError, LessCarefulThanMuscleError, NotAVetError, NoReasonError
    """
    # Two people at once: the second weighs its wish against what the first has set.
    Clinic.objects.select_for_update().get(pk=clinic.pk)
    before = profiles_of(clinic)
    after = {
        name: {key: getattr(before[name], key) for key in THRESHOLDS} | dict(wanted.get(name, {})) for name in PROFILES
    }
    _check(after)
    content = {name: Profile.of(name) for name in PROFILES}
    reason = reason.strip()
    changes = []
    for profile in PROFILES:
        for key in THRESHOLDS:
            old, new = getattr(before[profile], key), after[profile][key]
            if new == old:
                continue
            # Against what the content says, too: coming back from a tighter number loosens nothing.
            loosens = is_loosening(key, before=old, after=new) and is_loosening(
                key, before=getattr(content[profile], key), after=new
            )
            if loosens and not allowed(Right.LOOSEN, roles):
                raise NotAVetError(key)
            if loosens and not reason:
                raise NoReasonError(key)
            changes.append(
                ThresholdChange(
                    clinic=clinic,
                    profile=profile,
                    name=key,
                    value=None if new == getattr(content[profile], key) else new,
                    is_loosening=loosens,
                    reason=reason,
                    changed_by=by,
                    changed_at=at,
                )
            )
    ThresholdChange.objects.bulk_create(changes)
    if changes:
        record(
            "thresholds.changed",
            subject=clinic,
            by=by,
            at=at,
            clinic_id=clinic.pk,
            changes=[[one.profile, one.name, one.value] for one in changes],
        )
    return changes


def _check(after: Mapping[str, Mapping[str, int]]) -> None:
    for numbers in after.values():
        for key, value in numbers.items():
            low, high = RANGES[key]
            if not low <= value <= high:
                raise OutOfRangeError(key)
        for first, second in IN_ORDER:
            if numbers[first] > numbers[second]:
                raise OutOfOrderError(first)
    for key in THRESHOLDS:
        neuro, msk = after["neuro"][key], after["msk"][key]
        if neuro < msk if key in MORE_IS_CAREFUL else neuro > msk:
            raise LessCarefulThanMuscleError(key)

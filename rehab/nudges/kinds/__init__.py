"""All kinds of nudges: for each when it is due, whether it still makes sense, what it says and on which ways it goes."""

from typing import Final

from rehab.nudges.kinds import (
    call_clinic,
    checkpoint,
    clinic_week,
    next_morning,
    phase_reached,
    plan_changed,
    re_exam,
    reply,
    silence,
    unfinished_day,
    week,
    welcome,
)
from rehab.nudges.kinds.base import Kind
from rehab.nudges.models import Nudge

KINDS: Final[tuple[Kind, ...]] = (
    checkpoint.KIND,
    re_exam.KIND,
    welcome.KIND,
    silence.KIND,
    next_morning.KIND,
    unfinished_day.KIND,
    week.KIND,
    plan_changed.KIND,
    phase_reached.KIND,
    reply.KIND,
    call_clinic.KIND,
    clinic_week.KIND,
)
BY_CODE: Final[dict[Nudge.Kind, Kind]] = {kind.code: kind for kind in KINDS}

__all__ = ["BY_CODE", "KINDS", "Kind"]

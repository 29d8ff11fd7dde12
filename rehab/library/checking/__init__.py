"""What must be true of the clinical content before any of it may be loaded. Pure: values in, problems out."""

from rehab.library.checking.items import (
    CRITERION,
    GRADES,
    PHASES,
    PROFILES,
    Known,
    exercise_problems,
    problems,
    protocol_problems,
)
from rehab.library.checking.rules import rule_problems

__all__ = [
    "CRITERION",
    "GRADES",
    "PHASES",
    "PROFILES",
    "Known",
    "exercise_problems",
    "problems",
    "protocol_problems",
    "rule_problems",
]

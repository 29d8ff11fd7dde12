"""The pain came back after a good spell (RF31): what the rules found opens the next episode at once."""

import datetime as dt
from collections.abc import Sequence

from rehab.programs.actions.episodes import Recurrence, open_recurrences
from rehab.programs.resetting import SIGN
from rehab.sessions.models import WarningReport


def open_episodes(reports: Sequence[WarningReport], *, at: dt.datetime) -> int:
    """Open an episode for each report of a recurrence that was just made; return how many are new."""
    found = [
        Recurrence(clinic=one.clinic_id, patient=one.patient_id, on=one.day, numbers=one.numbers[SIGN])
        for one in reports
        if SIGN in one.flags
    ]
    return open_recurrences(found, at=at)


def is_recurrence(reports: Sequence[WarningReport]) -> bool:
    """Whether any of the reports says that the pain came back."""
    return any(SIGN in one.flags for one in reports)

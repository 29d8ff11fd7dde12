"""The doses of one day: what the signed definition plans, and what the family said about each. Pure.

A vet writes the times as a label would: “7:00, 15:00, 23:00”, “8 am and 8 pm”, “every 8 hours”. Clock times become one dose
each; all else stays one row for the whole day, because guessing a clock into “at bedtime” would ask for what nobody
ordered.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

CLOCK: Final = re.compile(
    r"(?<![\d:.,])(?P<hour>[01]?\d|2[0-4])(?P<exact>[:.h](?P<minute>[0-5]\d)|h)?\s*(?P<half>[ap]\.?m\b)?(?!:?\d)",
    re.IGNORECASE,
)
# What may stand between clock times; any other word means that the label says more than times.
BETWEEN: Final = re.compile(r"(?:[\s,;./&+]|\band\b|\bat\b|\by\b|\ba las\b|\bo[’']clock\b)*", re.IGNORECASE)
# As long as a command's name of a medicine may be.
LONGEST_NAME: Final = 120


class DoseState(StrEnum):
    OPEN = "open"
    GIVEN = "given"
    MISSED = "missed"


class Dose(NamedTuple):
    """One planned dose: ``time`` is “HH:MM”, empty where the plan names no clock; then ``when`` are its words."""

    medicine: str
    amount: str
    time: str
    when: str = ""


class Said(NamedTuple):
    """One answer about one dose; ``given`` is ``None`` where somebody took their answer back."""

    medicine: str
    time: str
    given: bool | None
    reason: str
    done_at: dt.datetime
    by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One dose as the page shows it, with the keys of the two forms about it.

    ``is_planned`` is false where only an answer is left: the plan was changed after it.
    """

    dose: Dose
    state: DoseState
    reason: str = ""
    by: str = ""
    said_at: dt.datetime | None = None
    is_planned: bool = True
    key: UUID
    reason_key: UUID


def planned(stored: str | Sequence[dict[str, Any]] | None) -> tuple[Dose, ...]:
    """The doses in a definition's ``medicines``, by medicine and then by clock.

    Takes the list or its JSON text, because a subquery in a larger statement brings text on one database and a list on
    the other; ``None`` is a dog without a signed definition.
    """
    doses: dict[tuple[str, str], Dose] = {}
    for row in json.loads(stored) if isinstance(stored, str) else stored or ():
        name, amount, when = (row[part].strip() for part in ("name", "dose", "times"))
        if not name:
            continue
        for time in _clock_times(when) or [""]:
            dose = Dose(name, amount, time, "" if time else when)
            if (name, time) in doses:
                # The same tablet in two strengths: what is answered must tell which.
                more = ", ".join(part for part in (amount, dose.when) if part)
                dose = dose._replace(medicine=f"{name} {more}"[:LONGEST_NAME], amount="", when="")  # noqa: SLF001 - a named tuple's own way
            doses.setdefault((dose.medicine, time), dose)
    return tuple(doses.values())


def rows(plan: Iterable[Dose], answers: Iterable[Said], *, new_id: Callable[[], UUID]) -> tuple[Row, ...]:
    """Each planned dose with its last answer, then what was answered under a plan that has changed since.

    ``answers`` come in the order in which they were given.
    """
    last = {(said.medicine, said.time): said for said in answers}
    found = [_row(dose, last.pop((dose.medicine, dose.time), None), new_id) for dose in plan]
    left = [
        _row(Dose(said.medicine, "", said.time), said, new_id, is_planned=False)
        for said in last.values()
        if said.given is not None
    ]
    return (*found, *left)


def _row(dose: Dose, said: Said | None, new_id: Callable[[], UUID], *, is_planned: bool = True) -> Row:
    row = Row(dose=dose, state=DoseState.OPEN, is_planned=is_planned, key=new_id(), reason_key=new_id())
    if said is None or said.given is None:
        return row
    state = DoseState.GIVEN if said.given else DoseState.MISSED
    return replace(row, state=state, reason=said.reason, by=said.by, said_at=said.done_at)


def _clock_times(text: str) -> list[str]:
    """The clock times of a label in their order; none where it says anything besides, or a bare number."""
    times: list[str] = []
    end = 0
    for found in CLOCK.finditer(text):
        time = _clock(found["hour"], found["minute"], found["half"], exact=bool(found["exact"]))
        if not time or not BETWEEN.fullmatch(text, end, found.start()):
            return []
        end = found.end()
        times.append(time)
    return sorted(set(times)) if times and BETWEEN.fullmatch(text, end) else []


def _clock(hour_text: str, minute: str | None, half: str | None, *, exact: bool) -> str:
    hour = int(hour_text)
    if half is None:
        # A bare “2” may be two tablets.
        return f"{hour % 24:02}:{minute or '00'}" if exact else ""
    if not 1 <= hour <= 12:
        return ""
    return f"{hour % 12 + (12 if half[0] in 'pP' else 0):02}:{minute or '00'}"

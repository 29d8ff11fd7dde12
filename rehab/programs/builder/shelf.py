"""Where a program can start: the protocols that the row refuses, by name, and what each phase is for."""

from dataclasses import dataclass

from accounts.models import Clinic
from rehab.library import reading, translating
from rehab.library.models import Protocol
from rehab.patients.decision_rows import Row


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A protocol that the dog's row does not allow, and the rows that it is for."""

    name: str
    rows: list[str]


def refused_protocols(row: Row, *, clinic: Clinic) -> list[Refused]:
    """The clinic's protocols that are not for this row, by name."""
    protocols = Protocol.objects.current().for_clinic(clinic).order_by("name", "pk").values_list("name", "rows")
    return [Refused(name=name, rows=rows) for name, rows in protocols if row.id not in rows]


def phase_goals() -> dict[str, str]:
    """What each phase is for, in a few words, by its code."""
    return {phase["code"]: translating.said(phase["idea"]) for phase in reading.vocabulary()["phases"]}

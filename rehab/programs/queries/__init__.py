"""What the program's pages show."""

from rehab.programs.queries.chapters import (
    Change,
    Chapter,
    Mark,
    Neighbours,
    RuleWord,
    Year,
    history,
    programs_beside,
    story,
)
from rehab.programs.queries.choosing import Candidate, ProtocolChoice, candidates, protocol_choices
from rehab.programs.queries.plan import Taught, current_prescriptions, names_of, open_program, standing_in_for, taught

__all__ = [
    "Candidate",
    "Change",
    "Chapter",
    "Mark",
    "Neighbours",
    "ProtocolChoice",
    "RuleWord",
    "Taught",
    "Year",
    "candidates",
    "current_prescriptions",
    "history",
    "names_of",
    "open_program",
    "programs_beside",
    "protocol_choices",
    "standing_in_for",
    "story",
    "taught",
]

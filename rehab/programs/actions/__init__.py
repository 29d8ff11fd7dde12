"""Everything that changes a program. Each act is one decision: who, when, what kind, and why."""

from rehab.programs.actions.assigning import Seen, assign_program, end_program
from rehab.programs.actions.changing import add_exercise, change_dose, remove_prescription
from rehab.programs.actions.items import Item
from rehab.programs.actions.refusals import NotAllowed, StalePlan
from rehab.programs.actions.stepping import Proposal, decide, outlook

__all__ = [
    "Item",
    "NotAllowed",
    "Proposal",
    "Seen",
    "StalePlan",
    "add_exercise",
    "assign_program",
    "change_dose",
    "decide",
    "end_program",
    "outlook",
    "remove_prescription",
]

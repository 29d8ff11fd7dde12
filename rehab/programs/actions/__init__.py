"""Everything that changes a program. Each act is one decision: who, when, what kind, and why."""

from rehab.programs.actions.assigning import Seen, assign_program, end_program
from rehab.programs.actions.changing import add_exercise, change_dose, remove_prescription
from rehab.programs.actions.items import Item
from rehab.programs.actions.lifecycle import pause_program
from rehab.programs.actions.pre_approving import end_pre_approvals, pre_approve
from rehab.programs.actions.redefining import adopt_definition, effect_of, sign_and_adopt
from rehab.programs.actions.refusals import NotAllowed, StalePlan
from rehab.programs.actions.resuming import resume_program, resumption
from rehab.programs.actions.stepping import Proposal, decide, may_undo, outlook, undo_step
from rehab.programs.actions.teaching import mark_all_shown, mark_shown, mark_shown_back, withdraw

__all__ = [
    "Item",
    "NotAllowed",
    "Proposal",
    "Seen",
    "StalePlan",
    "add_exercise",
    "adopt_definition",
    "assign_program",
    "change_dose",
    "decide",
    "effect_of",
    "end_pre_approvals",
    "end_program",
    "mark_all_shown",
    "mark_shown",
    "mark_shown_back",
    "may_undo",
    "outlook",
    "pause_program",
    "pre_approve",
    "remove_prescription",
    "resume_program",
    "resumption",
    "sign_and_adopt",
    "undo_step",
    "withdraw",
]

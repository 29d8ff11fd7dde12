"""What was prescribed, every decision that changed it, and how one bout of back pain follows another."""

from rehab.programs.models.episodes import Checkpoint, Episode
from rehab.programs.models.prescriptions import (
    LadderStep,
    LadderStepQuerySet,
    PreApproval,
    Prescription,
    PrescriptionQuerySet,
    TeachBack,
)
from rehab.programs.models.programs import Decision, Program, ProgramQuerySet

__all__ = [
    "Checkpoint",
    "Decision",
    "Episode",
    "LadderStep",
    "LadderStepQuerySet",
    "PreApproval",
    "Prescription",
    "PrescriptionQuerySet",
    "Program",
    "ProgramQuerySet",
    "TeachBack",
]

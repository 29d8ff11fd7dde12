"""What the family did and how the dog was: facts from commands, appended and never overwritten."""

from rehab.sessions.models.answers import MedicineAnswer, PainAnswer, ResponseAnswer
from rehab.sessions.models.clips import Clip, ClipReview
from rehab.sessions.models.commands import Command, RefusedCommand
from rehab.sessions.models.doing import ExerciseSession, Exposure, PerformedExercise
from rehab.sessions.models.messages import Message, MessagesRead
from rehab.sessions.models.warnings import Release, WarningReport

__all__ = [
    "Clip",
    "ClipReview",
    "Command",
    "ExerciseSession",
    "Exposure",
    "MedicineAnswer",
    "Message",
    "MessagesRead",
    "PainAnswer",
    "PerformedExercise",
    "RefusedCommand",
    "Release",
    "ResponseAnswer",
    "WarningReport",
]

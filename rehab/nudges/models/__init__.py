"""What nudges keep: the rows that are the queue, what people and clinics chose, phones, and signs of life."""

from rehab.nudges.models.heartbeats import Heartbeat
from rehab.nudges.models.nudges import Nudge
from rehab.nudges.models.phones import PushSubscription
from rehab.nudges.models.preferences import ClinicNudges, NudgePreference, NudgeText

__all__ = ["ClinicNudges", "Heartbeat", "Nudge", "NudgePreference", "NudgeText", "PushSubscription"]

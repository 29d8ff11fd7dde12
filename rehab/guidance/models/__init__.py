"""What guidance keeps: summaries, suggestions, alerts, and a clinic's own thresholds."""

from rehab.guidance.models.alerts import Alert, AlertDelivery, AlertMark, AlertStep, EscalationStep
from rehab.guidance.models.suggestions import Evaluation, Suggestion
from rehab.guidance.models.summaries import PatientSummary, SummaryMark
from rehab.guidance.models.thresholds import ThresholdChange

__all__ = [
    "Alert",
    "AlertDelivery",
    "AlertMark",
    "AlertStep",
    "EscalationStep",
    "Evaluation",
    "PatientSummary",
    "Suggestion",
    "SummaryMark",
    "ThresholdChange",
]

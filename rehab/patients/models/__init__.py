"""The dog, the people who care for it, what a vet signed to be wrong with its back, and what was measured."""

from rehab.patients.models.definitions import ProblemDefinition, ProblemDefinitionQuerySet
from rehab.patients.models.dogs import (
    CLINICAL_ROLES,
    Caregiver,
    CaregiverInvitation,
    CaregiverQuerySet,
    ClinicalQuerySet,
    Patient,
    PatientQuerySet,
    may_see,
)
from rehab.patients.models.measures import Observation, OutcomeScore

__all__ = [
    "CLINICAL_ROLES",
    "Caregiver",
    "CaregiverInvitation",
    "CaregiverQuerySet",
    "ClinicalQuerySet",
    "Observation",
    "OutcomeScore",
    "Patient",
    "PatientQuerySet",
    "ProblemDefinition",
    "ProblemDefinitionQuerySet",
    "may_see",
]

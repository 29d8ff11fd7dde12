"""What was measured of the dog: single numbers, and the results of outcome instruments."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models.dogs import ClinicalQuerySet, Patient


class Observation(models.Model):
    """One measure of the dog on one day: a number that a phase criterion reads (metrics of 05_protocols.yaml).

    Facts are appended: a correction is a newer row, and the newest by ``recorded_at`` of a metric and day holds.
    What only a vet may tick (``limb_stable_signed``) is an observation of 1 or 0 by that vet.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="observations", db_index=False)
    metric = models.CharField(max_length=32)
    value = models.DecimalField(max_digits=7, decimal_places=2)
    day = models.DateField()
    note = models.CharField(_("note"), max_length=255, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    recorded_at = models.DateTimeField()

    objects = ClinicalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(value__gte=0, value__lte=10000), name="observed_value_is_possible"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "metric", "day", "-recorded_at"], name="observation_by_patient_metric"),
            # The rules pull "what has been measured since".
            models.Index(fields=["recorded_at"], name="observation_by_time"),
        ]

    def __str__(self) -> str:
        return f"Observation {self.pk}"


class OutcomeScoreQuerySet(ClinicalQuerySet):
    def standing(self) -> Self:
        """Those that no correction has replaced and nobody has withdrawn."""
        return self.filter(withdrawn_at=None)


class OutcomeScore(models.Model):
    """The result of one outcome instrument (an id of 08_instruments.yaml) on one day.

    ``csom`` is answered in the product's own screens: ``subscores`` are 0 to 4 by the activity's own words, ``total`` their
    sum. Of a licensed form only the numbers are kept, never its text: ``version`` is which edition was filled in.
    Facts are appended: a correction withdraws this row and writes another.
    """

    CSOM: ClassVar = "csom"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+", db_index=False)
    instrument = models.CharField(max_length=32)
    version = models.CharField(_("version of the form"), max_length=60, blank=True)
    day = models.DateField(_("day"))
    total = models.DecimalField(_("total"), max_digits=7, decimal_places=2)
    # Name -> number, in the order of the form.
    subscores = models.JSONField(_("subscores"), default=dict, blank=True)
    source = models.CharField(_("where the filled-in form is kept"), max_length=255, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    recorded_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True, db_index=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = OutcomeScoreQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(total__gte=-10000, total__lte=10000), name="outcome_total_is_possible"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="a_withdrawn_score_has_its_person",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "instrument", "day", "-recorded_at"], name="score_by_patient_instrument"),
        ]

    def __str__(self) -> str:
        return f"OutcomeScore {self.pk}"

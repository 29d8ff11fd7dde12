"""The dog, the people who care for it, and who may see it."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Self
from uuid import UUID

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, Invitation, Membership, User
from rehab.lib.ids import new_id
from rehab.lib.time_zones import local_day, validate_time_zone

CLINICAL_ROLES = (Membership.Role.VET, Membership.Role.THERAPIST)


def may_see(user: User, *, patient: str = "patient", clinic: str = "clinic") -> Q:
    """The condition “this person may see that dog”: cares for it, or works on it in its clinic.

    ``patient`` and ``clinic`` name the columns of the outer query. A clinic admin without a clinical
    role sees people and settings, not clinical records.
    """
    return Q(Exists(Caregiver.objects.current().filter(user=user, patient=OuterRef(patient)))) | Q(
        Exists(Membership.objects.current().filter(user=user, role__in=CLINICAL_ROLES, clinic=OuterRef(clinic)))
    )


class ClinicalQuerySet(models.QuerySet[Any]):
    """Rows about one dog; every clinical table has ``patient`` and ``clinic`` and is read through here."""

    def visible_to(self, user: User) -> Self:
        return self.filter(may_see(user))


class PatientQuerySet(models.QuerySet["Patient"]):
    def visible_to(self, user: User) -> PatientQuerySet:
        return self.filter(may_see(user, patient="pk"))

    def treated_by(self, user: User | UUID) -> PatientQuerySet:
        """Dogs of the clinics in which the person works as vet or therapist."""
        clinics = Membership.objects.current().filter(user=user, role__in=CLINICAL_ROLES)
        return self.filter(clinic__in=clinics.values("clinic"))

    def cared_for_by(self, user: User) -> PatientQuerySet:
        return self.filter(Exists(Caregiver.objects.current().filter(user=user, patient=OuterRef("pk"))))


class Patient(models.Model):
    """The dog."""

    class Sex(models.TextChoices):
        FEMALE = "female", _("female")
        FEMALE_SPAYED = "female_spayed", _("female, spayed")
        MALE = "male", _("male")
        MALE_NEUTERED = "male_neutered", _("male, neutered")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="patients")
    name = models.CharField(_("name"), max_length=60)
    breed = models.CharField(_("breed"), max_length=60, blank=True)
    sex = models.CharField(_("sex"), max_length=16, choices=Sex.choices, blank=True)
    born_on = models.DateField(_("born on"), null=True, blank=True)
    weight_kg = models.DecimalField(
        _("weight"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0.5), MaxValueValidator(120)],
    )
    # The dog's days are counted where the dog lives.
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    # Once it is set nothing is asked, sent or weighed any more; the record stays.
    died_on = models.DateField(_("died on"), null=True, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PatientQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(weight_kg=None) | Q(weight_kg__gte=0.5, weight_kg__lte=120),
                name="weight_is_that_of_a_dog",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["clinic", "name"], name="patient_by_clinic_name")]

    def __str__(self) -> str:
        return f"Patient {self.pk}"

    def today(self, at: dt.datetime) -> dt.date:
        """The dog's local day at the instant."""
        return local_day(at=at, time_zone=self.time_zone)


class CaregiverQuerySet(models.QuerySet["Caregiver"]):
    def visible_to(self, user: User) -> CaregiverQuerySet:
        return self.filter(may_see(user))

    def current(self) -> CaregiverQuerySet:
        return self.filter(ended_at=None)


class Caregiver(models.Model):
    """A person who cares for the dog at home, from one moment to another: its owner, or whom the owner trusts."""

    class Relation(models.TextChoices):
        OWNER = "owner", _("owner")
        CAREGIVER = "caregiver", _("caregiver")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="caregivers")
    user = models.ForeignKey(User, models.CASCADE, related_name="caring")
    relation = models.CharField(max_length=16, choices=Relation.choices)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = CaregiverQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["patient", "user"],
                condition=Q(ended_at=None),
                name="a_person_cares_for_a_dog_once_at_a_time",
            ),
            models.CheckConstraint(condition=Q(relation__in=["owner", "caregiver"]), name="relation_is_known"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="caring_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"Caregiver {self.pk}"


class CaregiverInvitation(models.Model):
    """What an invitation is for: to care for one dog, as owner or as caregiver."""

    invitation = models.OneToOneField(Invitation, models.CASCADE, primary_key=True, related_name="caregiving")
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="invitations")
    relation = models.CharField(max_length=16, choices=Caregiver.Relation.choices)

    objects = ClinicalQuerySet.as_manager()

    def __str__(self) -> str:
        return f"CaregiverInvitation {self.pk}"

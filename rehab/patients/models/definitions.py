"""What a vet signed to be wrong with the back."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.patients.models.dogs import ClinicalQuerySet, Patient


class ProblemDefinitionQuerySet(ClinicalQuerySet):
    def signed(self) -> Self:
        return self.filter(signed_at__isnull=False)

    def newest_first(self) -> Self:
        return self.order_by("-version", "-pk")


class ProblemDefinition(models.Model):
    """What is wrong with this back, on two axes: origin × mechanism; drafted by staff, signed by a vet.

    A signed version is immutable (a database trigger refuses to change it); the next version supersedes it.
    An empty answer is “not answered” and is never read as musculoskeletal.
    """

    NEURO_SCALE = "tl_grade_0_5"

    class Origin(models.TextChoices):
        PRIMARY = "primary", _("The back itself is the source")
        SECONDARY = "secondary", _("The back compensates for a limb")
        UNDETERMINED = "undetermined", _("Not yet determined")

    class Mechanism(models.TextChoices):
        MUSCULOSKELETAL = "musculoskeletal", _("Musculoskeletal: follows load")
        NEUROLOGIC = "neurologic", _("Neurologic: nerve pain or deficit")
        MIXED = "mixed", _("Both")
        UNDETERMINED = "undetermined", _("Not yet determined")

    class Cause(models.TextChoices):
        ARTHRITIS = "arthritis", _("Arthritis of the spine")
        DISC = "disc", _("Disc disease")
        SOFT_TISSUE = "soft_tissue", _("Soft-tissue injury")
        INFLAMMATORY = "inflammatory", _("Inflammation or infection")
        OTHER_NEURO = "other_neuro", _("Other nerve or cord disease")
        COMPENSATORY = "compensatory", _("Compensation for a limb")

    class PainControl(models.TextChoices):
        MEDICINE = "medicine", _("Medicine, as written below")
        NONE_NEEDED = "none_needed", _("None needed")

    class ActivityOrder(models.TextChoices):
        STRICT_REST = "strict_rest", _("Strict rest in crate or pen")
        ROOM_REST = "room_rest", _("Rest in one room")
        LEASH_ONLY = "leash_only", _("On the lead only")
        FREE = "free", _("Free")

    class OnsetType(models.TextChoices):
        SUDDEN = "sudden", _("Sudden")
        GRADUAL = "gradual", _("Gradual")

    class DeepPain(models.TextChoices):
        PRESENT = "present", _("present")
        ABSENT = "absent", _("absent")
        EQUIVOCAL = "equivocal", _("equivocal")
        NOT_TESTED = "not_tested", _("not tested")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+")
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="definitions")
    version = models.PositiveSmallIntegerField()

    # Codes of both lists of signs (00_vocab.yaml), and of what else was found (rehab.patients.findings).
    signs = models.JSONField(_("signs"), default=list, blank=True)
    findings = models.JSONField(_("other findings"), default=list, blank=True)
    origin = models.CharField(_("origin"), max_length=16, choices=Origin.choices, blank=True)
    mechanism = models.CharField(_("mechanism"), max_length=16, choices=Mechanism.choices, blank=True)
    cause = models.CharField(_("cause"), max_length=16, choices=Cause.choices, blank=True)
    leaf = models.CharField(_("diagnosis"), max_length=32, blank=True)
    cause_statement = models.CharField(_("true cause, in your words"), max_length=500, blank=True)
    region = models.CharField(_("region"), max_length=60, blank=True)
    onset_on = models.DateField(_("onset"), null=True, blank=True)
    onset_type = models.CharField(_("onset type"), max_length=8, choices=OnsetType.choices, blank=True)
    surgery_on = models.DateField(_("surgery on"), null=True, blank=True)
    neuro_deficit = models.BooleanField(_("neurologic deficit"), null=True, blank=True)
    neuro_scale = models.CharField(max_length=16, default=NEURO_SCALE)
    neuro_grade = models.PositiveSmallIntegerField(_("neurologic grade"), null=True, blank=True)
    deep_pain = models.CharField(_("deep pain"), max_length=16, choices=DeepPain.choices, blank=True)
    bladder_plan = models.CharField(_("bladder plan"), max_length=500, blank=True)
    surgical_referral = models.CharField(_("surgical referral"), max_length=500, blank=True)
    pain_at_rest = models.PositiveSmallIntegerField(_("pain at rest"), null=True, blank=True)
    pain_control = models.CharField(_("pain control"), max_length=16, choices=PainControl.choices, blank=True)
    # One object a medicine: {"name": str, "dose": str, "times": str}; the plan says the rest in words.
    medicines = models.JSONField(_("medicines"), default=list, blank=True)
    pain_control_plan = models.TextField(_("pain-control plan"), max_length=2000, blank=True)
    pain_controlled_on = models.DateField(_("pain controlled since"), null=True, blank=True)
    activity_order = models.CharField(_("activity order"), max_length=16, choices=ActivityOrder.choices, blank=True)
    limb_source_and_plan = models.TextField(_("limb source and its plan"), max_length=2000, blank=True)
    # Codes of 00_vocab.yaml, root_causes_of_failure.
    habits = models.JSONField(_("movement habits"), default=list, blank=True)
    # Three to five things of this dog's own life (CSOM method): {"text": str, "score": 0-4}, 0 normal, 4 cannot.
    activities = models.JSONField(_("activities"), default=list, blank=True)
    # Metric of 05_protocols.yaml -> number, measured at the examination.
    baseline = models.JSONField(_("baseline measures"), default=dict, blank=True)
    body_condition = models.PositiveSmallIntegerField(_("body condition"), null=True, blank=True)
    red_flags_checked = models.BooleanField(_("warning signs checked"), default=False)
    re_exam_due_on = models.DateField(_("re-examination due"), null=True, blank=True)

    drafted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)

    objects = ProblemDefinitionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient", "version"], name="one_definition_per_patient_and_version"),
            models.UniqueConstraint(fields=["patient"], condition=Q(signed_at=None), name="one_draft_per_patient"),
            models.CheckConstraint(
                condition=Q(signed_at=None, signed_by=None)
                | (
                    Q(
                        signed_at__isnull=False,
                        signed_by__isnull=False,
                        neuro_deficit__isnull=False,
                        neuro_grade__isnull=False,
                        onset_on__isnull=False,
                        pain_at_rest__isnull=False,
                        re_exam_due_on__isnull=False,
                        red_flags_checked=True,
                    )
                    & ~Q(origin="")
                    & ~Q(mechanism="")
                    & ~Q(cause="")
                    & ~Q(pain_control="")
                    & ~Q(activity_order="")
                ),
                name="a_signed_definition_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(signed_at=None)
                | Q(neuro_deficit=True, neuro_grade__gte=2)
                | Q(neuro_deficit=False, neuro_grade__lt=2),
                name="deficit_means_grade_2_or_more",
            ),
            models.CheckConstraint(
                condition=Q(signed_at=None) | ~Q(mechanism="musculoskeletal") | Q(neuro_deficit=False),
                name="musculoskeletal_means_no_deficit",
            ),
            models.CheckConstraint(
                condition=Q(signed_at=None) | ~Q(origin="secondary") | ~Q(limb_source_and_plan=""),
                name="secondary_pain_names_the_limb",
            ),
            models.CheckConstraint(condition=Q(neuro_grade=None) | Q(neuro_grade__lte=5), name="neuro_grade_is_0_to_5"),
            models.CheckConstraint(
                condition=Q(pain_at_rest=None) | Q(pain_at_rest__lte=10),
                name="pain_at_rest_is_0_to_10",
            ),
            models.CheckConstraint(
                condition=Q(body_condition=None) | Q(body_condition__gte=1, body_condition__lte=9),
                name="body_condition_is_1_to_9",
            ),
            models.CheckConstraint(
                condition=Q(surgery_on=None) | Q(onset_on=None) | Q(surgery_on__gte=F("onset_on")),
                name="surgery_is_not_before_the_onset",
            ),
            *(
                models.CheckConstraint(condition=Q(**{f"{field}__in": ["", *values]}), name=f"{field}_is_known")
                for field, values in (
                    ("origin", ("primary", "secondary", "undetermined")),
                    ("mechanism", ("musculoskeletal", "neurologic", "mixed", "undetermined")),
                    (
                        "cause",
                        ("arthritis", "disc", "soft_tissue", "inflammatory", "other_neuro", "compensatory"),
                    ),
                    ("onset_type", ("sudden", "gradual")),
                    ("pain_control", ("medicine", "none_needed")),
                    ("activity_order", ("strict_rest", "room_rest", "leash_only", "free")),
                    ("deep_pain", ("present", "absent", "equivocal", "not_tested")),
                )
            ),
        ]

    def __str__(self) -> str:
        return f"ProblemDefinition {self.pk}"

    @property
    def is_signed(self) -> bool:
        return self.signed_at is not None

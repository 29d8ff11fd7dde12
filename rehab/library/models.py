"""Exercises, care tasks and protocols: versioned content, loaded from data files."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Clinic, Membership, User
from rehab.lib.ids import new_id


class Phase(models.TextChoices):
    """The six phases of rehabilitation, in order."""

    P0 = "P0", _("Protect")
    P1 = "P1", _("Wake up")
    P2 = "P2", _("Steady")
    P3 = "P3", _("Strengthen")
    P4 = "P4", _("Return")
    P5 = "P5", _("Maintain")


class Category(models.TextChoices):
    NURSING_CARE = "nursing_care", _("Nursing care")
    MASSAGE_MANUAL = "massage_manual", _("Massage")
    NEURO_STIMULATION = "neuro_stimulation", _("Nerve stimulation")
    PROM_STRETCHING = "prom_stretching", _("Passive motion and stretching")
    BALANCE_STABILISATION = "balance_stabilisation", _("Balance and stability")
    CORE_STRENGTH = "core_strength", _("Core strength")
    GAIT_ENDURANCE = "gait_endurance", _("Walking")
    THERMAL = "thermal", _("Heat and cold")
    HOME_SAFETY = "home_safety", _("Home safety")
    ENRICHMENT = "enrichment", _("Enrichment")


class ContentQuerySet(models.QuerySet[Any]):
    def current(self) -> Self:
        """The newest version of each item."""
        return self.filter(superseded_at=None)

    def built_in(self) -> Self:
        return self.filter(clinic=None)

    def visible_to(self, user: User) -> Self:
        """Built-in content is everybody's; a clinic's own content is its members'."""
        clinics = Membership.objects.current().filter(user=user).values("clinic")
        return self.filter(Q(clinic=None) | Q(clinic__in=clinics))

    def for_clinic(self, clinic: Clinic) -> Self:
        return self.filter(Q(clinic=None) | Q(clinic=clinic))


class Content(models.Model):
    """What exercises and protocols share: a slug, a version, and the clinic that owns it (none: built in).

    A new version supersedes; a version that a prescription refers to is never edited.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+", null=True, blank=True)
    slug = models.SlugField(max_length=64)
    version = models.PositiveSmallIntegerField(default=1)
    content_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    superseded_at = models.DateTimeField(null=True, blank=True)

    name = models.CharField(max_length=120)
    sources = models.JSONField(default=list)
    # Of a clinic's own content: the built-in version that it was copied from.
    based_on = models.ForeignKey("self", models.SET_NULL, related_name="+", null=True, blank=True)

    objects = ContentQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.slug} v{self.version}"


def _content_constraints(kind: str) -> list[models.BaseConstraint]:
    return [
        models.UniqueConstraint(
            fields=["slug", "version"],
            condition=Q(clinic=None),
            name=f"one_built_in_{kind}_per_slug_and_version",
        ),
        models.UniqueConstraint(
            fields=["clinic", "slug", "version"],
            name=f"one_{kind}_per_clinic_slug_and_version",
        ),
        models.UniqueConstraint(
            fields=["slug"],
            condition=Q(superseded_at=None, clinic=None),
            name=f"one_current_built_in_{kind}_per_slug",
        ),
        models.UniqueConstraint(
            fields=["clinic", "slug"],
            condition=Q(superseded_at=None, clinic__isnull=False),
            name=f"one_current_{kind}_per_clinic_and_slug",
        ),
    ]


class Media(models.Model):
    """A clinic's own photo or clip of an exercise, private to its members and to the families it is prescribed to.

    One ``from_home`` shows one dog: what it belongs to says who sees it (``sessions.Clip``).
    What was uploaded is never served: a task draws or packs it anew without what the camera wrote into it.
    """

    class Kind(models.TextChoices):
        PHOTO = "photo", _("photo")
        CLIP = "clip", _("clip")

    class State(models.TextChoices):
        WAITING = "waiting", _("being prepared")
        READY = "ready", _("ready")
        FAILED = "failed", _("could not be read")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    upload = models.FileField(upload_to="uploads/", blank=True)
    file = models.FileField(upload_to="library/", blank=True)
    content_type = models.CharField(max_length=32, blank=True)
    alternative = models.CharField(_("what it shows, in words"), max_length=255, blank=True)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    from_home = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=["photo", "clip"]), name="media_kind_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "failed"]) | Q(state="ready") & ~Q(file=""),
                name="ready_media_has_a_file",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["uploaded_at"], condition=Q(state="waiting"), name="media_to_prepare"),
        ]

    def __str__(self) -> str:
        return f"Media {self.pk}"


class Exercise(Content):
    """One exercise or care task that an owner can do at home: what, why, how, how much, and when to stop."""

    class Mode(models.TextChoices):
        ACTIVE = "active", _("active")
        PASSIVE = "passive", _("passive")

    document = models.CharField(max_length=8, blank=True)
    category = models.CharField(max_length=32, choices=Category)
    mode = models.CharField(max_length=8, choices=Mode.choices)
    load = models.PositiveSmallIntegerField(help_text="0 care … 4 height, hills, unstable surface")
    trains = models.CharField(max_length=16, blank=True)
    purpose = models.CharField(max_length=255)
    equipment = models.JSONField(default=list)
    steps = models.JSONField(default=list)
    mistakes = models.JSONField(default=list)
    dose = models.JSONField(default=dict)
    dose_range = models.JSONField(default=dict)
    earliest_phase = models.CharField(max_length=2, choices=Phase)
    earliest_note = models.CharField(max_length=255, blank=True)
    not_before_day = models.PositiveSmallIntegerField(null=True, blank=True)
    grades = models.JSONField(default=list)
    contraindications = models.JSONField(default=list)
    stop_signs = models.JSONField(default=list)
    measure = models.JSONField(default=dict)
    easier_slug = models.SlugField(max_length=64, blank=True)
    harder_slug = models.SlugField(max_length=64, blank=True)
    clinic_only = models.BooleanField(default=False)
    # The built-in exercise whose drawing shows it too; empty means that of its own slug.
    drawn_as = models.SlugField(max_length=64, blank=True)
    photo = models.ForeignKey(Media, models.SET_NULL, related_name="+", null=True, blank=True)
    clip = models.ForeignKey(Media, models.SET_NULL, related_name="+", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            *_content_constraints("exercise"),
            models.CheckConstraint(condition=Q(load__gte=0, load__lte=4), name="exercise_load_is_0_to_4"),
        ]

    @property
    def is_active(self) -> bool:
        """Whether the dog works itself, so that the item counts as an active one (not care or passive)."""
        return self.mode == self.Mode.ACTIVE


class Protocol(Content):
    """A template of phases for one cause of back pain; a program starts as a copy of one of its phases."""

    cause = models.CharField(max_length=32)
    rows = models.JSONField(default=list, help_text="Decision rows that allow this protocol")
    profile = models.CharField(max_length=16)
    total_weeks = models.CharField(max_length=64)
    reassess_days = models.JSONField(default=list)
    warning = models.CharField(max_length=255, blank=True)
    progress_disabled = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = _content_constraints("protocol")


class ProtocolPhase(models.Model):
    """One phase of a protocol: its typical length in days, entry and exit criteria, and items with doses.

    ``items`` is a list of ``{"exercise": slug, "dose": {...}, "condition": str, "note": str, ...}``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    protocol = models.ForeignKey(Protocol, models.CASCADE, related_name="phases")
    position = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=2, choices=Phase)
    name = models.CharField(max_length=120)
    days_min = models.PositiveSmallIntegerField()
    days_max = models.PositiveSmallIntegerField()
    entry_criteria = models.JSONField(default=list)
    exit_criteria = models.JSONField(default=list)
    items = models.JSONField(default=list)
    ladders = models.JSONField(default=list)
    extra = models.JSONField(default=dict, help_text="Keys of the content that later rules read")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["protocol", "position"], name="one_phase_per_protocol_and_position"),
        ]

    def __str__(self) -> str:
        return f"ProtocolPhase {self.pk}"


class Ladder(Content):
    """Graded exposure back to one activity of the dog's own life, in rungs (07_ladders.yaml).

    ``rungs`` is a list of ``{"n": 1, "do": str, "dose": str}``, from the easiest up.
    """

    note = models.CharField(max_length=500, blank=True)
    rungs = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = _content_constraints("ladder")


class RedFlag(Content):
    """A warning sign, what it stops, and who may clear it (02_redflags.yaml); its slug is its id, as in “RF01”."""

    class Urgency(models.TextChoices):
        EMERGENCY_NOW = "emergency_now", _("emergency now")
        CALL_TODAY = "call_today", _("call today")
        NEXT_REVIEW = "next_review", _("next review")

    sign = models.CharField(max_length=255)
    urgency = models.CharField(max_length=16, choices=Urgency.choices)
    stop = models.CharField(max_length=32)
    detect = models.CharField(max_length=500, blank=True)
    extra = models.JSONField(default=dict, help_text="Keys of the content that later rules read")

    class Meta:
        constraints: ClassVar = _content_constraints("red_flag")

"""People, clinics, roles, invitations and the audit trail."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from rehab.lib.ids import new_id
from rehab.lib.opening_hours import BadHoursError, OpeningHours
from rehab.lib.time_zones import validate_time_zone


def new_phone_key() -> str:
    """A name for an account on its phones that nobody can guess: 64 random bits, in hexadecimal."""
    return secrets.token_hex(8)


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail; nobody has a password, a code is mailed at each sign-in."""

    def create_user(self, email: str, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_unusable_password()
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, **fields: Any) -> User:
        return self.create_user(email, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in: owner, caregiver, therapist, vet or clinic admin, or several of these."""

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        SPANISH = "es", _("Spanish")

    class Units(models.TextChoices):
        METRIC = "metric", _("Kilograms and centimetres")
        IMPERIAL = "imperial", _("Pounds and inches")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    language = models.CharField(_("language"), max_length=8, choices=Language.choices, default=Language.ENGLISH)
    units = models.CharField(_("units"), max_length=8, choices=Units.choices, default=Units.METRIC)
    # Asked for through ``rehab.lib.user_key``. Never changed: what waits on a phone is kept under it.
    phone_key = models.CharField(max_length=16, unique=True, default=new_phone_key, editable=False)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="email_is_lower_case"),
            models.CheckConstraint(condition=Q(units__in=["metric", "imperial"]), name="units_are_known"),
        ]

    def __str__(self) -> str:
        return f"User {self.pk}"

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        """The first name; a title such as “Dr.” is not one."""
        names = [word for word in self.name.split() if not word.endswith(".")]
        return names[0] if names else self.email.split("@")[0]


class ClinicQuerySet(models.QuerySet["Clinic"]):
    def visible_to(self, user: User) -> ClinicQuerySet:
        return self.filter(Exists(Membership.objects.current().filter(user=user, clinic=OuterRef("pk"))))

    def where(self, user: User, *roles: str) -> ClinicQuerySet:
        """Clinics in which the user holds one of the roles today."""
        return self.filter(
            Exists(Membership.objects.current().filter(user=user, role__in=roles, clinic=OuterRef("pk")))
        )


def validate_opening_hours(value: Any) -> None:
    """Refuse what is not a week such as ``{"0": [["08:00", "18:00"]]}``."""
    try:
        OpeningHours.of(value, time_zone="UTC")
    except BadHoursError:
        raise ValidationError(
            _("Opening hours are periods from one time to a later one, in order, for each day."), code="opening_hours"
        ) from None


class Clinic(models.Model):
    """A veterinary clinic: the border that no clinical record crosses."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_time_zone])
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    emergency_name = models.CharField(_("emergency clinic"), max_length=120, blank=True)
    emergency_phone = models.CharField(_("emergency phone"), max_length=32, blank=True)
    # See rehab.lib.opening_hours; empty: nobody has said, and no waiting time stands still.
    opening_hours = models.JSONField(_("opening hours"), default=dict, blank=True, validators=[validate_opening_hours])
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ClinicQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Clinic {self.pk}"

    @property
    def hours(self) -> OpeningHours:
        """When the clinic is open, in its own time zone; hours that cannot be read say nothing."""
        try:
            return OpeningHours.of(self.opening_hours, time_zone=self.time_zone)
        except BadHoursError:
            return OpeningHours.of({}, time_zone=self.time_zone)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> MembershipQuerySet:
        return self.filter(ended_at=None)


class Membership(models.Model):
    """One role of one person in one clinic, from one moment to another; a person may hold several at once."""

    class Role(models.TextChoices):
        VET = "vet", _("Vet")
        THERAPIST = "therapist", _("Therapist")
        ADMIN = "admin", _("Clinic admin")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "clinic", "role"],
                condition=Q(ended_at=None),
                name="one_current_membership_per_role",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["vet", "therapist", "admin"]), name="membership_role_is_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="membership_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"Membership {self.pk}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, *, at: dt.datetime) -> InvitationQuerySet:
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=at)


class Invitation(models.Model):
    """A link that lets one person join; only the SHA-256 of its token is stored."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(max_length=254, blank=True)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_is_accepted_by_somebody_at_some_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation {self.pk}"


class AuditEvent(models.Model):
    """Who did what to which row, and when; ids only, never names, so that erasure does not break it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+", null=True, blank=True)
    actor = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=64)
    subject_type = models.CharField(max_length=64)
    subject_id = models.UUIDField()
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["clinic", "at"], name="audit_by_clinic_and_time"),
            models.Index(fields=["subject_id", "at"], name="audit_by_subject_and_time"),
        ]

    def __str__(self) -> str:
        return f"AuditEvent {self.pk}"


def record(
    kind: str,
    *,
    subject: models.Model,
    by: User | None,
    at: dt.datetime,
    clinic_id: UUID | None,
    **details: Any,
) -> AuditEvent:
    """Write the audit event of an act; call it inside the transaction of that act."""
    return AuditEvent.objects.create(
        clinic_id=clinic_id,
        actor=by,
        at=at,
        kind=kind,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        details=details,
    )

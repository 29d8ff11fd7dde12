"""What a clinic sets about its alerts: when it is open, where a family calls, and who is told in which order."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import Clinic, Membership, User, record
from rehab.guidance.alerting.chain import People, Place, Who
from rehab.guidance.models import EscalationStep
from rehab.lib.opening_hours import BadHoursError, OpeningHours

# An emergency waits at most so many minutes for each place (02_redflags.yaml, urgency_levels); a clinic only tightens it.
MOST_MINUTES: Final = 15
MOST_PLACES: Final = 10
PHONES: Final = ("phone", "emergency_name", "emergency_phone")


class AlertSettingsError(Exception):
    """Nothing was written."""


class SettingsChangedError(AlertSettingsError):
    """Somebody else has changed them since the person was shown them."""


class NotTreatingHereError(AlertSettingsError):
    """An alert can only be told to somebody who treats the clinic's dogs."""


class BadChainError(AlertSettingsError):
    """A place waits too long or not at all, or there are too many of them."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One place of the chain; ``user`` is there for ``Who.PERSON`` only."""

    who: Who
    user: UUID | None = None
    minutes: int = MOST_MINUTES


@dataclass(frozen=True, kw_only=True)
class AlertSettings:
    """All of it. ``week`` is as it is stored (see ``rehab.lib.opening_hours``); an empty chain is the content's."""

    week: Mapping[str, list[list[str]]] = field(default_factory=dict)
    phone: str = ""
    emergency_name: str = ""
    emergency_phone: str = ""
    chain: tuple[Step, ...] = ()

    @property
    def places(self) -> tuple[Place, ...]:
        """The chain as the rules walk it."""
        return tuple(Place(who=(step.who,), person=step.user, minutes=step.minutes) for step in self.chain)

    @property
    def fingerprint(self) -> str:
        """A token that changes whenever any of it does."""
        return hashlib.sha256(json.dumps(asdict(self), default=str, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """Somebody who treats the clinic's dogs today; ``has_address``: there is an e-mail address that can be written to."""

    id: UUID
    name: str
    roles: frozenset[str]
    has_address: bool


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Who can be told today, and the names of those whom the chain names and who have left."""

    colleagues: tuple[Colleague, ...] = ()
    gone: Mapping[UUID, str] = field(default_factory=dict)

    def of(self, role: str) -> tuple[Colleague, ...]:
        return tuple(one for one in self.colleagues if role in one.roles)

    def named(self, pk: UUID) -> Colleague | None:
        return next((one for one in self.colleagues if one.id == pk), None)

    @property
    def people(self) -> People:
        """As for a dog whose definition was signed by one of the clinic's vets."""
        vets = tuple(one.id for one in self.of("vet"))
        return People(
            assigned_vet=next(iter(vets), None),
            vets=vets,
            therapists=tuple(one.id for one in self.of("therapist")),
        )


def settings_of(clinic: Clinic) -> AlertSettings:
    """What the clinic has set; one query."""
    steps = EscalationStep.objects.filter(clinic=clinic).order_by("position", "pk")
    return AlertSettings(
        week=week_of(clinic.hours),
        chain=tuple(
            Step(who=Who(one.who), user=one.user_id, minutes=min(max(1, one.after_minutes), MOST_MINUTES))
            for one in steps
        ),
        **{name: getattr(clinic, name) for name in PHONES},
    )


def week_of(hours: OpeningHours) -> dict[str, list[list[str]]]:
    """The week in its one stored form, whatever it was read from."""
    return {str(day): [[clock(begins), clock(ends)] for begins, ends in hours.week[day]] for day in sorted(hours.week)}


def clock(minute: int) -> str:
    """The minute of a day as it is stored; the end of the day is ``24:00``."""
    return f"{minute // 60:02}:{minute % 60:02}"


def staff_of(clinic: Clinic, settings: AlertSettings) -> Staff:
    """Who treats the clinic's dogs today; two queries at most."""
    roles: defaultdict[User, set[str]] = defaultdict(set)
    for one in (
        Membership.objects.current()
        .filter(clinic=clinic, role__in=["vet", "therapist"], user__is_active=True)
        .select_related("user")
        .order_by("user__name", "user")
    ):
        roles[one.user].add(one.role)
    gone = {step.user for step in settings.chain if step.user is not None} - {user.pk for user in roles}
    return Staff(
        colleagues=tuple(
            Colleague(
                id=user.pk, name=user.get_full_name(), roles=frozenset(its), has_address=_can_be_written_to(user.email)
            )
            for user, its in roles.items()
        ),
        gone={user.pk: user.get_full_name() for user in User.objects.filter(pk__in=gone)} if gone else {},
    )


def _can_be_written_to(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True


@transaction.atomic
def set_alert_settings(
    *, clinic: Clinic, wanted: AlertSettings, seen: str, by: User, at: dt.datetime
) -> frozenset[str]:
    """Set it all; ``seen`` is the fingerprint of what the person was shown. Answers what was changed.

    Alerts that are open go on from the place that was told last.

    Raises:
        SettingsChangedError, NotTreatingHereError, BadChainError, BadHoursError
    """
    # Of two people at once the second waits here, and finds what the first has set.
    stored = Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)
    before = settings_of(stored)
    if seen != before.fingerprint:
        raise SettingsChangedError
    _check(wanted, before, staff_of(stored, wanted))
    changed = set()
    if wanted.chain != before.chain:
        EscalationStep.objects.filter(clinic=stored).delete()
        EscalationStep.objects.bulk_create(
            EscalationStep(
                clinic=stored, position=position, who=step.who.value, user_id=step.user, after_minutes=step.minutes
            )
            for position, step in enumerate(wanted.chain, start=1)
        )
        chain = [[step.who.value, step.user and str(step.user), step.minutes] for step in wanted.chain]
        record("escalation.changed", subject=stored, by=by, at=at, clinic_id=stored.pk, chain=chain)
        changed.add("chain")
    if wanted.week != before.week:
        Clinic.objects.filter(pk=stored.pk).update(opening_hours=wanted.week)
        record("opening_hours.changed", subject=stored, by=by, at=at, clinic_id=stored.pk, hours=wanted.week)
        changed.add("week")
    phones = {name: getattr(wanted, name) for name in PHONES if getattr(wanted, name) != getattr(before, name)}
    if phones:
        Clinic.objects.filter(pk=stored.pk).update(**phones)
        record("clinic_phones.changed", subject=stored, by=by, at=at, clinic_id=stored.pk, changes=phones)
        changed.add("phones")
    return frozenset(changed)


def _check(wanted: AlertSettings, before: AlertSettings, staff: Staff) -> None:
    if wanted.week != week_of(OpeningHours.of(wanted.week, time_zone="UTC")):
        raise BadHoursError
    if len(wanted.chain) > MOST_PLACES or any(not 1 <= step.minutes <= MOST_MINUTES for step in wanted.chain):
        raise BadChainError
    # Who has left may stay where they stood: their place is passed over, and the page says so.
    known: Collection[UUID | None] = {step.user for step in before.chain} | {one.id for one in staff.colleagues}
    for step in wanted.chain:
        if (step.user is not None) != (step.who is Who.PERSON):
            raise BadChainError
        if step.user is not None and step.user not in known:
            raise NotTreatingHereError


def warnings_about(settings: AlertSettings, staff: Staff) -> list[tuple[str, Any]]:
    """What would go wrong, as codes with what they are about: a place's number and name, or nothing."""
    found: list[tuple[str, Any]] = []
    for number, step in enumerate(settings.chain, start=1):
        if step.user is not None:
            colleague = staff.named(step.user)
            about = {"number": number, "name": colleague.name if colleague else staff.gone.get(step.user, "")}
            if colleague is None:
                found.append(("gone", about))
            elif not colleague.has_address:
                found.append(("no_address", about))
        elif not staff.of("therapist" if step.who is Who.THERAPISTS else "vet"):
            found.append(("no_therapist" if step.who is Who.THERAPISTS else "no_vet", {"number": number}))
    if not staff.colleagues:
        found.append(("nobody", {}))
    if not settings.emergency_phone:
        found.append(("no_emergency_phone", {}))
    return found

"""What people do to a dog's record: register it, say what is wrong with it, share it."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.invitations import InvitationNotOpen, consume_invitation, create_invitation
from accounts.models import Clinic, Membership, User, record
from rehab.lib.ids import new_id
from rehab.patients.models import Caregiver, CaregiverInvitation, Patient, ProblemDefinition
from rehab.patients.queries import fingerprint_of, state_of
from rehab.patients.signing_rules import NAMES, Answers, Objection, draft_objections, objections

# A draft is saved while it is being written: one line in the audit trail for each sitting, not for each answer.
SITTING: Final = dt.timedelta(minutes=30)


class PatientChanged(Exception):
    """Somebody else changed the dog's data since they were read."""


class AlreadyRegistered(Exception):
    """A dog has this key: the same form was sent before, or the key was made up."""


class DefinitionChanged(Exception):
    """Somebody else saved or signed a definition of this dog since it was read."""


class AlreadySigned(Exception):
    """The definition is signed, so it stays as it is."""


class NotAVet(Exception):
    """Only a vet of the dog's clinic signs."""


class Refused(Exception):
    """Answers that break a rule; ``objections`` says which and where."""

    def __init__(self, found: tuple[Objection, ...]) -> None:
        super().__init__(", ".join(f"{objection.field}: {objection.rule}" for objection in found))
        self.objections = found


class CannotSave(Refused):
    """An answer cannot be true: an unknown code, a day that has not come, a number off its scale."""


class CannotSign(Refused):
    """The definition breaks a rule of 03_decision.yaml."""


class HasDied(Exception):
    """The dog has died: nothing is signed, and nobody is invited any more."""


class CaringEnded(Exception):
    """The person no longer cares for the dog."""


@transaction.atomic
def register_patient(*, clinic: Clinic, by: User, at: dt.datetime, key: UUID | None = None, **details: Any) -> Patient:
    """Open the record of a dog in a clinic; ``details`` are those of ``queries.DETAILS``.

    Raises:
        AlreadyRegistered: the key is taken.
    """
    try:
        with transaction.atomic():
            patient = Patient.objects.create(pk=key or new_id(), clinic=clinic, created_by=by, created_at=at, **details)
    except IntegrityError as error:
        if key is None or not Patient.objects.filter(pk=key).exists():
            raise
        raise AlreadyRegistered from error
    record("patient.registered", subject=patient, by=by, at=at, clinic_id=clinic.pk)
    return patient


@transaction.atomic
def register_patient_with_owner(
    *, clinic: Clinic, owner_email: str, by: User, at: dt.datetime, **details: Any
) -> tuple[Patient, str]:
    """Register a dog and invite its owner at once; returns the dog and the invitation's token.

    Raises:
        AlreadyRegistered: the key is taken.
    """
    patient = register_patient(clinic=clinic, by=by, at=at, **details)
    token = invite_caregiver(patient=patient, email=owner_email, relation=Caregiver.Relation.OWNER, by=by, at=at)
    return patient, token


@transaction.atomic
def edit_patient(*, patient: Patient, by: User, at: dt.datetime, seen: str | None = None, **changes: Any) -> Patient:
    """Correct the dog's data; ``seen`` is the ``fingerprint_of`` what the person was shown, ``None`` skips the check.

    Raises:
        PatientChanged: the stored values are no longer those that were shown.
    """
    stored = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    if seen is not None and seen != fingerprint_of(stored):
        raise PatientChanged
    changed = sorted(name for name, value in changes.items() if getattr(stored, name) != value)
    if changed:
        for name in changed:
            setattr(stored, name, changes[name])
        stored.save(update_fields=changed)
        record("patient.edited", subject=stored, by=by, at=at, clinic_id=stored.clinic_id, fields=changed)
    return stored


@transaction.atomic
def save_draft(
    *, patient: Patient, answers: Answers, by: User, at: dt.datetime, seen: str | None = None
) -> ProblemDefinition:
    """Write the one draft of the dog: the first save opens the next version, later ones replace its answers.

    ``seen`` is the ``state_of`` that the person worked on; ``None`` skips the check. Saving what is stored already
    changes nothing, whatever was seen: an answer that got lost on the way may be sent again.

    Raises:
        CannotSave: an answer cannot be true.
        DefinitionChanged: a definition of the dog was saved or signed since.
    """
    found = draft_objections(answers, today=patient.today(at), born_on=patient.born_on)
    if found:
        raise CannotSave(found)
    newest = _newest_locked(patient)
    if newest is not None and not newest.is_signed and Answers.of(newest) == answers:
        return newest
    if seen is not None and seen != state_of(newest):
        raise DefinitionChanged
    if newest is None or newest.is_signed:
        draft = ProblemDefinition.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            version=newest.version + 1 if newest else 1,
            drafted_by=by,
            drafted_at=at,
            updated_at=at,
            **answers.as_columns(),
        )
        record("definition.drafted", subject=draft, by=by, at=at, clinic_id=patient.clinic_id)
        return draft
    sits_down_to_it = newest.drafted_by_id != by.pk or at - newest.updated_at > SITTING
    for name, value in answers.as_columns().items():
        setattr(newest, name, value)
    newest.drafted_by, newest.updated_at = by, at
    newest.save(update_fields=[*NAMES, "drafted_by", "updated_at"])
    if sits_down_to_it:
        record("definition.draft_saved", subject=newest, by=by, at=at, clinic_id=patient.clinic_id)
    return newest


@transaction.atomic
def sign_definition(
    *, definition: ProblemDefinition, by: User, at: dt.datetime, seen: str | None = None
) -> ProblemDefinition:
    """Sign the draft: from now on it decides what may be prescribed, and nobody can change it.

    ``seen`` is the ``state_of`` that the vet read; ``None`` skips the check.

    Raises:
        NotAVet: the person is not a vet of the dog's clinic today.
        AlreadySigned: it was signed before.
        DefinitionChanged: the draft was saved again since the vet read it.
        CannotSign: a rule of 03_decision.yaml stands in the way.
        HasDied
    """
    clinic_id = definition.clinic_id
    vets = Membership.objects.current().filter(clinic=clinic_id, role=Membership.Role.VET)
    if not vets.filter(user=by).exists():
        raise NotAVet
    patient = Patient.objects.select_for_update(no_key=True).get(pk=definition.patient_id)
    if patient.died_on is not None:
        raise HasDied
    draft = ProblemDefinition.objects.get(pk=definition.pk)
    if draft.is_signed:
        raise AlreadySigned
    if seen is not None and seen != state_of(draft):
        raise DefinitionChanged
    answers = Answers.of(draft)
    found = objections(answers, today=patient.today(at), born_on=patient.born_on)
    if found:
        raise CannotSign(found)
    draft.signed_by, draft.signed_at = by, at
    draft.save(update_fields=["signed_by", "signed_at"])
    record(
        "definition.signed",
        subject=draft,
        by=by,
        at=at,
        clinic_id=clinic_id,
        version=draft.version,
        row=answers.row.id,
    )
    return draft


@transaction.atomic
def invite_caregiver(
    *, patient: Patient, email: str, relation: Caregiver.Relation | str, by: User, at: dt.datetime
) -> str:
    """Invite a person to care for the dog; returns the token of the link, which exists nowhere else.

    With an ``email`` only the person of that address can accept; without one, whoever holds the link.

    Raises:
        HasDied
    """
    if patient.died_on is not None:
        raise HasDied
    invitation, token = create_invitation(clinic=patient.clinic, email=email, by=by, at=at)
    CaregiverInvitation.objects.create(
        invitation=invitation, clinic_id=patient.clinic_id, patient=patient, relation=relation
    )
    return token


@transaction.atomic
def accept_invitation(*, token: str, by: User, at: dt.datetime) -> Caregiver:
    """Let the invited person care for the dog; who does so already stays, or becomes its owner if invited so.

    Raises:
        InvitationNotOpen: the link cannot be accepted by this person now.
    """
    invitation = consume_invitation(token=token, by=by, at=at)
    promised = CaregiverInvitation.objects.filter(invitation=invitation).select_related("patient").first()
    if promised is None:
        raise InvitationNotOpen
    # Somebody may hold two links to the dog and open both at once: the second waits to see what the first made.
    Patient.objects.select_for_update(no_key=True).get(pk=promised.patient_id)
    current = Caregiver.objects.current().filter(patient=promised.patient, user=by).first()
    if current is not None:
        if current.relation == promised.relation or current.relation == Caregiver.Relation.OWNER:
            return current
        end_caregiver(caregiver=current, by=by, at=at)
    caregiver = Caregiver.objects.create(
        clinic_id=promised.clinic_id,
        patient=promised.patient,
        user=by,
        relation=promised.relation,
        started_at=at,
    )
    _record_caring("caregiver.started", caregiver, by=by, at=at)
    return caregiver


@transaction.atomic
def end_caregiver(*, caregiver: Caregiver, by: User, at: dt.datetime) -> None:
    """End a person's caring for the dog; from the next request on they see nothing of it.

    Raises:
        CaringEnded: it ended before.
    """
    if not Caregiver.objects.current().filter(pk=caregiver.pk).update(ended_at=at):
        raise CaringEnded
    _record_caring("caregiver.ended", caregiver, by=by, at=at)


def _record_caring(kind: str, caregiver: Caregiver, *, by: User, at: dt.datetime) -> None:
    record(
        kind,
        subject=caregiver,
        by=by,
        at=at,
        clinic_id=caregiver.clinic_id,
        patient=str(caregiver.patient_id),
        user=str(caregiver.user_id),
        relation=str(caregiver.relation),
    )


def _newest_locked(patient: Patient) -> ProblemDefinition | None:
    # All writers of a dog's definitions queue on its row, so that “newest” cannot change in between.
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    return ProblemDefinition.objects.filter(patient=patient).newest_first().first()

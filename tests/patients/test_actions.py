"""What people do to a dog's record, and what the database refuses."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from accounts.invitations import InvitationNotOpen, create_invitation
from accounts.models import AuditEvent, Clinic, User
from rehab.patients.actions import (
    AlreadySigned,
    CannotSave,
    CannotSign,
    CaringEnded,
    DefinitionChanged,
    NotAVet,
    PatientChanged,
    accept_invitation,
    edit_patient,
    end_caregiver,
    invite_caregiver,
    register_patient,
    register_patient_with_owner,
    save_draft,
    sign_definition,
)
from rehab.patients.answers import Activity, Medicine, measures
from rehab.patients.models import Caregiver, CaregiverInvitation, Patient, ProblemDefinition
from rehab.patients.queries import current_definition, fingerprint_of, newest_definition, state_of
from rehab.patients.signing_rules import Answers
from tests import make
from tests.patients.test_signing_rules import COMPLETE

pytestmark = pytest.mark.django_db

LATER = dt.timedelta(minutes=5)


def kinds() -> list[str]:
    return list(AuditEvent.objects.order_by("at", "pk").values_list("kind", flat=True))


# --- the dog ------------------------------------------------------------------------------------------------------


def test_register_patient_opens_the_record_and_says_who(clinic: Clinic, vet: User, now: dt.datetime) -> None:
    patient = register_patient(clinic=clinic, by=vet, at=now, name="Bruno", time_zone="Europe/Madrid")

    assert (patient.clinic, patient.created_by, patient.created_at) == (clinic, vet, now)
    event = AuditEvent.objects.get()
    assert (event.kind, event.actor, event.subject_id, event.clinic) == (
        "patient.registered", vet, patient.pk, clinic,
    )  # fmt: skip
    assert "Bruno" not in str(event.details)


def test_register_patient_with_owner_does_both_or_neither(clinic: Clinic, vet: User, now: dt.datetime) -> None:
    patient, token = register_patient_with_owner(
        clinic=clinic, owner_email="Olga@Example.test", by=vet, at=now, name="Bruno"
    )
    invitation = CaregiverInvitation.objects.get(patient=patient)
    assert (invitation.relation, invitation.invitation.email) == ("owner", "olga@example.test")
    assert token

    with pytest.raises(DatabaseError), transaction.atomic():
        register_patient_with_owner(clinic=clinic, owner_email="x@x.test", by=vet, at=now, name=None)
    assert Patient.objects.count() == 1
    assert CaregiverInvitation.objects.count() == 1


def test_edit_patient_records_which_fields_and_no_values(patient: Patient, vet: User, now: dt.datetime) -> None:
    edit_patient(patient=patient, by=vet, at=now, name="Bruno", breed="Teckel")

    patient.refresh_from_db()
    assert patient.breed == "Teckel"
    assert AuditEvent.objects.get(kind="patient.edited").details == {"fields": ["breed"]}


def test_edit_patient_that_changes_nothing_writes_nothing(patient: Patient, vet: User, now: dt.datetime) -> None:
    edit_patient(patient=patient, by=vet, at=now, name=patient.name)
    assert kinds() == []


def test_edit_patient_refuses_what_somebody_else_changed(patient: Patient, vet: User, now: dt.datetime) -> None:
    seen = fingerprint_of(patient)
    edit_patient(patient=patient, by=vet, at=now, seen=seen, breed="Teckel")

    with pytest.raises(PatientChanged):
        edit_patient(patient=patient, by=vet, at=now, seen=seen, name="Brutus")
    patient.refresh_from_db()
    assert (patient.name, patient.breed) == ("Bruno", "Teckel")


# --- the draft ----------------------------------------------------------------------------------------------------


def test_save_draft_opens_version_1_with_gaps(patient: Patient, therapist: User, now: dt.datetime) -> None:
    draft = save_draft(patient=patient, answers=Answers(origin="primary"), by=therapist, at=now, seen=state_of(None))

    assert (draft.version, draft.origin, draft.mechanism, draft.is_signed) == (1, "primary", "", False)
    assert (draft.clinic_id, draft.drafted_by, draft.neuro_scale) == (patient.clinic_id, therapist, "tl_grade_0_5")
    assert kinds() == ["definition.drafted"]
    assert current_definition(patient.pk) is None


def test_save_draft_again_replaces_the_answers_of_the_one_draft(
    patient: Patient, therapist: User, vet: User, now: dt.datetime
) -> None:
    first = save_draft(patient=patient, answers=Answers(origin="primary", region="Lumbar"), by=therapist, at=now)
    second = save_draft(
        patient=patient, answers=Answers(origin="secondary"), by=vet, at=now + LATER, seen=state_of(first)
    )

    assert second.pk == first.pk
    stored = ProblemDefinition.objects.get()
    assert (stored.origin, stored.region, stored.drafted_by, stored.updated_at) == ("secondary", "", vet, now + LATER)
    assert kinds() == ["definition.drafted", "definition.draft_saved"]


def test_save_draft_stores_lists_as_json_and_reads_them_back(patient: Patient, vet: User, now: dt.datetime) -> None:
    answers = replace(
        COMPLETE,
        signs=("hunched_back",),
        medicines=(Medicine(name="Gabapentin"),),
        activities=(Activity(text="Stairs", score=4),),
        baseline=measures({"standing_s": 12}),
    )
    draft = save_draft(patient=patient, answers=answers, by=vet, at=now)

    draft.refresh_from_db()
    assert (draft.signs, draft.baseline) == (["hunched_back"], {"standing_s": 12})
    assert draft.medicines == [{"name": "Gabapentin", "dose": "", "times": ""}]
    assert draft.activities == [{"text": "Stairs", "score": 4}]
    assert Answers.of(draft) == answers


def test_save_draft_of_the_same_answers_changes_nothing_whatever_was_seen(
    patient: Patient, therapist: User, vet: User, now: dt.datetime
) -> None:
    draft = save_draft(patient=patient, answers=COMPLETE, by=therapist, at=now, seen=state_of(None))
    again = save_draft(patient=patient, answers=COMPLETE, by=vet, at=now + LATER, seen=state_of(None))

    assert (again, again.drafted_by, state_of(again)) == (draft, therapist, state_of(draft))
    assert kinds() == ["definition.drafted"]


def test_save_draft_tells_the_audit_trail_once_a_sitting(patient: Patient, vet: User, now: dt.datetime) -> None:
    for minutes in (0, 1, 2, 30, 61):
        answers = Answers(region=f"L{minutes}")
        save_draft(patient=patient, answers=answers, by=vet, at=now + dt.timedelta(minutes=minutes))
    assert kinds() == ["definition.drafted", "definition.draft_saved"]


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"origin": "sideways"}, ("origin", "unknown")),
        ({"signs": ("sideways",)}, ("signs", "unknown")),
        ({"cause": "disc", "leaf": "tumour"}, ("leaf", "leaf_of_another_cause")),
        ({"onset_on": make.TODAY + dt.timedelta(days=1)}, ("onset_on", "onset_in_the_future")),
        (
            {"onset_on": make.TODAY, "surgery_on": make.TODAY - dt.timedelta(days=1)},
            ("surgery_on", "onset_after_surgery"),
        ),
        ({"baseline": measures({"unaided_steps": 11})}, ("baseline", "off_the_scale")),
    ],
)
def test_save_draft_refuses_what_cannot_be_true(
    patient: Patient, vet: User, now: dt.datetime, changes: dict[str, Any], objection: tuple[str, str]
) -> None:
    with pytest.raises(CannotSave) as refused:
        save_draft(patient=patient, answers=Answers(**changes), by=vet, at=now)

    assert [(point.field, point.rule) for point in refused.value.objections] == [objection]
    assert (ProblemDefinition.objects.count(), kinds()) == (0, [])


def test_save_draft_refuses_when_somebody_saved_or_signed_since(
    patient: Patient, therapist: User, vet: User, now: dt.datetime
) -> None:
    empty = state_of(None)
    draft = save_draft(patient=patient, answers=COMPLETE, by=therapist, at=now, seen=empty)
    with pytest.raises(DefinitionChanged):
        save_draft(patient=patient, answers=Answers(), by=vet, at=now + LATER, seen=empty)

    read = state_of(draft)
    sign_definition(definition=draft, by=vet, at=now + LATER, seen=read)
    with pytest.raises(DefinitionChanged):
        save_draft(patient=patient, answers=Answers(), by=therapist, at=now + 2 * LATER, seen=read)
    assert ProblemDefinition.objects.count() == 1


def test_database_holds_one_draft_per_patient(patient: Patient, vet: User) -> None:
    make.make_definition(patient, vet, signed=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        make.make_definition(patient, vet, signed=False)


# --- the signature ------------------------------------------------------------------------------------------------


def test_sign_definition_puts_it_in_force(patient: Patient, therapist: User, vet: User, now: dt.datetime) -> None:
    draft = save_draft(patient=patient, answers=COMPLETE, by=therapist, at=now)

    signed = sign_definition(definition=draft, by=vet, at=now + LATER, seen=state_of(draft))

    assert (signed.signed_by, signed.signed_at) == (vet, now + LATER)
    assert current_definition(patient.pk) == signed
    event = AuditEvent.objects.get(kind="definition.signed")
    assert (event.actor, event.subject_id, event.details) == (vet, signed.pk, {"version": 1, "row": "D1"})


def test_sign_definition_supersedes_by_version(patient: Patient, vet: User, now: dt.datetime) -> None:
    first = sign_definition(definition=save_draft(patient=patient, answers=COMPLETE, by=vet, at=now), by=vet, at=now)
    draft = save_draft(patient=patient, answers=replace(COMPLETE, region="Lumbar"), by=vet, at=now + LATER)
    assert (draft.version, current_definition(patient.pk)) == (2, first)

    second = sign_definition(definition=draft, by=vet, at=now + LATER)

    assert current_definition(patient.pk) == second
    assert newest_definition(patient) == second
    assert ProblemDefinition.objects.get(version=1).region == ""


def test_sign_definition_refuses_everybody_but_a_vet_of_the_clinic(
    patient: Patient, therapist: User, admin: User, owner: User, outside_vet: User, vet: User, now: dt.datetime
) -> None:
    draft = save_draft(patient=patient, answers=COMPLETE, by=therapist, at=now)
    vet.memberships.update(ended_at=now)

    for person in (therapist, admin, owner, outside_vet, vet):
        with pytest.raises(NotAVet):
            sign_definition(definition=draft, by=person, at=now)
    draft.refresh_from_db()
    assert not draft.is_signed
    assert "definition.signed" not in kinds()


def test_sign_definition_refuses_with_every_objection(patient: Patient, vet: User, now: dt.datetime) -> None:
    draft = save_draft(patient=patient, answers=replace(COMPLETE, origin="", cause=""), by=vet, at=now)

    with pytest.raises(CannotSign) as refused:
        sign_definition(definition=draft, by=vet, at=now)

    assert [(point.field, point.rule) for point in refused.value.objections] == [
        ("origin", "missing"),
        ("cause", "missing"),
    ]
    draft.refresh_from_db()
    assert not draft.is_signed


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({"signs": ["sideways"]}, ("signs", "unknown")),
        ({"leaf": "sideways"}, ("leaf", "unknown")),
        ({"activities": [{"text": "Stairs", "score": 2}]}, ("activities", "too_few")),
        ({"signs": ["stumble_cross_legs"]}, ("cause", "O8")),
        ({"mechanism": "mixed", "pain_at_rest": 1}, ("pain_control", "nerve_pain_needs_a_plan")),
    ],
)
def test_sign_definition_refuses_what_got_into_the_table_by_another_way(
    patient: Patient, vet: User, now: dt.datetime, changes: dict[str, Any], objection: tuple[str, str]
) -> None:
    draft = make.make_definition(patient, vet, signed=False, **changes)

    with pytest.raises(CannotSign) as refused:
        sign_definition(definition=draft, by=vet, at=now)
    assert objection in [(point.field, point.rule) for point in refused.value.objections]


def test_sign_definition_counts_the_days_where_the_dog_lives(vet: User, clinic: Clinic, now: dt.datetime) -> None:
    # 17:00 UTC on the 18th is already the 19th in Auckland, so a re-examination on the 19th is not in the future.
    patient = make.make_patient(clinic, vet, time_zone="Pacific/Auckland")
    answers = replace(COMPLETE, re_exam_due_on=dt.date(2026, 3, 19))
    draft = save_draft(patient=patient, answers=answers, by=vet, at=now)

    with pytest.raises(CannotSign):
        sign_definition(definition=draft, by=vet, at=now)


def test_sign_definition_refuses_a_draft_that_changed_since_it_was_read(
    patient: Patient, therapist: User, vet: User, now: dt.datetime
) -> None:
    draft = save_draft(patient=patient, answers=COMPLETE, by=therapist, at=now)
    read = state_of(draft)
    save_draft(patient=patient, answers=replace(COMPLETE, pain_at_rest=6), by=therapist, at=now + LATER)

    with pytest.raises(DefinitionChanged):
        sign_definition(definition=draft, by=vet, at=now + LATER, seen=read)


def test_sign_definition_twice_is_refused(patient: Patient, vet: User, colleague: User, now: dt.datetime) -> None:
    draft = save_draft(patient=patient, answers=COMPLETE, by=vet, at=now)
    sign_definition(definition=draft, by=vet, at=now)

    with pytest.raises(AlreadySigned):
        sign_definition(definition=draft, by=colleague, at=now + LATER)
    assert ProblemDefinition.objects.get().signed_by == vet


def test_database_refuses_to_change_a_signed_definition(definition: ProblemDefinition) -> None:
    for changes in ({"pain_at_rest": 0}, {"signed_at": None, "signed_by": None}, {"region": "Lumbar"}):
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            ProblemDefinition.objects.filter(pk=definition.pk).update(**changes)
    definition.refresh_from_db()
    assert (definition.pain_at_rest, definition.is_signed) == (2, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": ""},
        {"neuro_grade": None},
        {"red_flags_checked": False},
        {"neuro_deficit": True, "neuro_grade": 1},
        {"neuro_deficit": True, "neuro_grade": 2},
        {"origin": "secondary"},
        {"neuro_grade": 6, "neuro_deficit": True, "mechanism": "neurologic"},
        {"pain_at_rest": 11},
    ],
)
def test_database_refuses_to_sign_what_breaks_a_rule(patient: Patient, vet: User, changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make.make_definition(patient, vet, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        *(
            {name: "sideways"}
            for name in (
                *("origin", "mechanism", "cause", "onset_type", "pain_control", "activity_order", "deep_pain"),
            )
        ),
        {"onset_on": make.TODAY, "surgery_on": make.TODAY - dt.timedelta(days=1)},
        {"body_condition": 10},
        {"body_condition": 0},
    ],
)
def test_database_refuses_what_cannot_be_true_in_a_draft_too(
    patient: Patient, vet: User, changes: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make.make_definition(patient, vet, signed=False, **changes)


# --- the people at home -------------------------------------------------------------------------------------------


def test_invitation_makes_its_person_a_caregiver_once(
    patient: Patient, vet: User, owner: User, now: dt.datetime
) -> None:
    friend = make.make_user("friend@example.test")
    token = invite_caregiver(
        patient=patient, email="friend@example.test", relation=Caregiver.Relation.CAREGIVER, by=owner, at=now
    )
    assert not Patient.objects.visible_to(friend).exists()

    caregiver = accept_invitation(token=token, by=friend, at=now + LATER)

    assert (caregiver.patient, caregiver.user, caregiver.relation) == (patient, friend, "caregiver")
    assert list(Patient.objects.visible_to(friend)) == [patient]
    with pytest.raises(InvitationNotOpen):
        accept_invitation(token=token, by=friend, at=now + 2 * LATER)
    assert kinds() == ["invitation.created", "invitation.accepted", "caregiver.started"]


def test_invitation_is_for_its_address_only(patient: Patient, vet: User, stranger: User, now: dt.datetime) -> None:
    token = invite_caregiver(patient=patient, email="friend@example.test", relation="caregiver", by=vet, at=now)

    with pytest.raises(InvitationNotOpen):
        accept_invitation(token=token, by=stranger, at=now)
    assert not Patient.objects.visible_to(stranger).filter(pk=patient.pk).exists()


def test_invitation_of_an_owner_stays_owner_and_a_caregiver_becomes_one(
    patient: Patient, vet: User, owner: User, caregiver: User, now: dt.datetime
) -> None:
    as_caregiver = invite_caregiver(patient=patient, email="", relation="caregiver", by=vet, at=now)
    assert accept_invitation(token=as_caregiver, by=owner, at=now).relation == "owner"

    as_owner = invite_caregiver(patient=patient, email="", relation="owner", by=vet, at=now)
    assert accept_invitation(token=as_owner, by=caregiver, at=now).relation == "owner"
    assert Caregiver.objects.filter(patient=patient, user=caregiver).count() == 2
    assert Caregiver.objects.current().filter(patient=patient).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_invitations_of_one_person_at_once_are_one_caring(patient: Patient, vet: User, now: dt.datetime) -> None:
    nora = make.make_user("nora@example.test")
    relations = ["caregiver", "owner"] * 4
    tokens = [invite_caregiver(patient=patient, email="", relation=one, by=vet, at=now) for one in relations]
    together = Barrier(len(tokens))

    def accept(token: str) -> None:
        try:
            together.wait(timeout=20)
            accept_invitation(token=token, by=nora, at=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tokens)) as pool:
        list(pool.map(accept, tokens))
    assert Caregiver.objects.current().get(patient=patient, user=nora).relation == "owner"


def test_invitation_to_something_else_is_not_used_up(clinic: Clinic, vet: User, owner: User, now: dt.datetime) -> None:
    invitation, token = create_invitation(clinic=clinic, email="", by=vet, at=now)

    with pytest.raises(InvitationNotOpen):
        accept_invitation(token=token, by=owner, at=now)
    invitation.refresh_from_db()
    assert invitation.accepted_at is None


def test_end_caregiver_closes_the_door_at_once(patient: Patient, vet: User, caregiver: User, now: dt.datetime) -> None:
    row = Caregiver.objects.get(user=caregiver)
    end_caregiver(caregiver=row, by=vet, at=now + LATER)

    assert not Patient.objects.visible_to(caregiver).exists()
    assert kinds() == ["caregiver.ended"]
    with pytest.raises(CaringEnded):
        end_caregiver(caregiver=row, by=vet, at=now + 2 * LATER)

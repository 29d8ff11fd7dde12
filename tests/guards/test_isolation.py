"""No address about a dog opens to somebody who is nothing to that dog; a new address joins the walk by itself.

Foreign and not existing look the same, byte by byte but for the form token.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.access import Right
from accounts.models import Clinic, User
from rehab.guidance.alerting.raising import raise_alerts
from rehab.guidance.models import Alert, AlertDelivery, AlertStep, Suggestion
from rehab.lib.ids import new_id
from rehab.library.models import Media
from rehab.patients.models import Caregiver, Patient, ProblemDefinition
from rehab.programs.models import Prescription, Program
from rehab.sessions.models import Clip
from tests import make
from tests.guards.test_access import addresses
from tests.sessions.filming import make_clip
from tests.sessions.reporting import report

CANARY = "CANARY-A-77"
AsUser = Callable[[User], Client]
# The first part of an address says what its key is the key of.
OWNER_OF_KEY = {
    "patients": "patient",
    "dogs": "patient",
    "definitions": "definition",
    "programs": "program",
    "prescriptions": "prescription",
    "caregivers": "caregiver",
    "ladder-steps": "step",
    "clips": "clip",
    "alerts": "alert",
    "suggestions": "suggestion",
    "api": "clip",
}
OTHER_ARGUMENTS = {"<day:day>": timezone.now().date().isoformat(), "<slug:kind>": "hold"}
# 400: a form without its fields, refused before anybody looks for the dog.
CLOSED = {400, 404, 405}


@pytest.fixture
def keys(clinic: Clinic, vet: User, owner: User, settings: Settings, tmp_path: Path) -> dict[str, object]:
    """A dog of ours with everything it can have; every text of it says so."""
    settings.MEDIA_ROOT = tmp_path
    patient = make.make_patient(clinic, vet, owner=owner, name=CANARY, breed=CANARY)
    definition = make.make_definition(patient, vet, cause_statement=CANARY, region=CANARY)
    program = make.make_program(patient, vet, definition, phase_name=CANARY)
    prescription = make.make_prescription(program, anchor=CANARY, note=CANARY)
    photo = Media.objects.create(
        clinic=clinic,
        kind=Media.Kind.PHOTO,
        state=Media.State.READY,
        file=ContentFile(CANARY.encode(), name="photo.webp"),
        content_type="image/webp",
        uploaded_by=vet,
        uploaded_at=timezone.now(),
    )
    make.make_prescription(program, exercise=make.make_exercise("own-shift", photo=photo))
    return {
        "patient": patient.pk,
        "definition": definition.pk,
        "program": program.pk,
        "prescription": prescription.pk,
        "caregiver": Caregiver.objects.get(patient=patient).pk,
        "media": photo.pk,
        "step": make.make_step(program, activity=CANARY).pk,
        "clip": make_clip(prescription, owner).pk,
        "alert": make_alert(patient, owner),
        "suggestion": Suggestion.objects.create(
            clinic=clinic,
            patient=patient,
            program=program,
            prescription=prescription,
            exercise=prescription.exercise,
            verdict="hold",
            approver="vet_or_therapist",
            plan_version=1,
            made_at=timezone.now(),
            evaluated_at=timezone.now(),
        ).pk,
    }


def make_alert(patient: Patient, owner: User) -> object:
    """A warning sign that the clinic is told of."""
    found = report(patient, owner, "RF29", at=timezone.now())
    raise_alerts(at=timezone.now())
    return found.pk


def about_a_dog(keys: Mapping[str, object]) -> Iterator[str]:
    """Every address whose rule is a right on a dog, filled in with the keys."""
    for address, view in addresses():
        if isinstance(view.access_rule, Right) and "<" in address:
            first, second = address.split("/")[1], keys["prescription"]
            filled = address.replace("<uuid:prescription_id>", str(second))
            filled = filled.replace("<uuid:media_id>", str(keys["media"]))
            filled = filled.replace("<uuid:clip_id>", str(keys["clip"]))
            filled = re.sub(r"<uuid:\w+>", str(keys[OWNER_OF_KEY[first]]), filled)
            for argument, value in OTHER_ARGUMENTS.items():
                filled = filled.replace(argument, value)
            assert "<" not in filled, f"{address}: say in OTHER_ARGUMENTS what to fill in"
            yield filled


def is_api(page: str) -> bool:
    """Whether a phone's script asks there: it is told 401, and no form of ours is shown."""
    return page.startswith("/api/")


def without_token(page: bytes) -> bytes:
    return re.sub(rb'csrfmiddlewaretoken" value="\w+"', b"", page)


@pytest.fixture
def nothing_to_the_dog(
    clinic: Clinic, keys: dict[str, object], stranger: User, outside_vet: User, admin: User
) -> dict[str, User]:
    """People who must see nothing of it, though some of them once did or work in the same house."""
    patient = Patient.objects.get(pk=str(keys["patient"]))
    ex_caregiver = make.make_user("ex-caregiver@example.test")
    make.care_for(patient, ex_caregiver, "caregiver")
    Caregiver.objects.filter(user=ex_caregiver).update(ended_at=timezone.now())
    ex_vet = make.join(make.make_user("ex-vet@example.test"), clinic, "vet")
    ex_vet.memberships.update(ended_at=timezone.now())
    return {
        "owner of another dog": stranger,
        "vet of another clinic": outside_vet,
        "admin of this clinic": admin,
        "caregiver until now": ex_caregiver,
        "vet until now": ex_vet,
        "nobody": make.make_user("nobody@example.test"),
    }


def test_every_page_about_a_dog_is_closed_to_who_is_nothing_to_it(
    keys: dict[str, object], nothing_to_the_dog: dict[str, User], as_user: AsUser
) -> None:
    pages = list(about_a_dog(keys))
    found: list[str] = []
    for who, user in nothing_to_the_dog.items():
        client = as_user(user)
        for page in pages:
            answers = [client.get(page), client.post(page), client.post(page, headers={"HX-Request": "true"})]
            answers += [client.put(page)] if is_api(page) else []
            codes = [answer.status_code for answer in answers]
            if set(codes) - CLOSED or set(codes) == {405}:
                found.append(f"{who}: {page}: {codes}")
            if any(CANARY.encode() in answer.content for answer in answers):
                found.append(f"{who}: {page}: shows the dog")
    assert found == []
    assert len(pages) > 15


def test_a_foreign_page_looks_like_one_that_does_not_exist(
    keys: dict[str, object], stranger: User, as_user: AsUser
) -> None:
    client = as_user(stranger)
    nowhere = {name: new_id() for name in keys}
    for foreign, missing in zip(about_a_dog(keys), about_a_dog(nowhere), strict=True):
        assert without_token(client.get(foreign).content) == without_token(client.get(missing).content), foreign
        assert without_token(client.post(foreign).content) == without_token(client.post(missing).content), foreign


def test_visitors_are_sent_to_sign_in(keys: dict[str, object]) -> None:
    for page in about_a_dog(keys):
        answer = Client().get(page)
        if is_api(page):
            assert answer.status_code == 401, page
            continue
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, reverse("account_login")), page


def test_every_page_about_a_dog_opens_to_somebody(
    keys: dict[str, object], owner: User, vet: User, as_user: AsUser
) -> None:
    """Or the walk above would prove nothing."""
    family, staff = as_user(owner), as_user(vet)
    shut = [
        page
        for page in about_a_dog(keys)
        if not any(client.get(page).status_code in (200, 204, 302, 405) for client in (family, staff))
    ]
    assert shut == []


def test_records_are_invisible_row_by_row(keys: dict[str, object], nothing_to_the_dog: dict[str, User]) -> None:
    for who, user in nothing_to_the_dog.items():
        for model in (Patient, ProblemDefinition, Program, Prescription, Clip, Alert):
            rows = model.objects.visible_to(user)
            assert not rows.filter(pk__in=[str(key) for key in keys.values()]).exists(), (who, model)
        for logged in (AlertStep, AlertDelivery):
            assert not logged.objects.visible_to(user).filter(alert_id=UUID(str(keys["alert"]))).exists(), (who, logged)
    assert AlertStep.objects.filter(alert_id=UUID(str(keys["alert"]))).exists()

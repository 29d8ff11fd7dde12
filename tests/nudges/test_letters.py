"""What a reminder says, to the byte where machines read it."""

import datetime as dt
import re
from uuid import UUID

import pytest
from django.conf import settings as product
from pytest_django.fixtures import Settings

from accounts.models import Clinic, User
from rehab.nudges import letters
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.models import Nudge
from rehab.nudges.queries import UnfinishedDog
from rehab.patients.models import Patient
from rehab.programs.models import Program
from tests import make
from tests.nudges.conftest import MailSink

KEY = UUID("01960000-0000-7000-8000-000000000000")
BLAME = re.compile(r"\b(miss|missed|forgot|forget|fail|failed|streak|should|must|behind|late|only)\b", re.IGNORECASE)


def dog(name: str = "Bruno", *, left: int = 2, minutes: int = 6) -> UnfinishedDog:
    return UnfinishedDog(patient_id=KEY, name=name, left=left, minutes=minutes)


def test_real_message_carries_what_machines_need(
    program: Program, patient: Patient, owner: User, evening: dt.datetime, mail_sink: MailSink, settings: Settings
) -> None:
    settings.BASE_URL = "https://rehab.example.org"
    settings.DEFAULT_FROM_EMAIL = "Steadyback <care@rehab.example.org>"
    plan(at=evening)
    deliver_batch(at=evening)
    nudge = Nudge.objects.get()
    stop = f"https://rehab.example.org/nudges/stop/{letters.unsubscribe_token(owner.pk)}/"
    [message] = mail_sink.messages
    raw = mail_sink.raw[0].decode()
    assert {name: message[name] for name in ("To", "From", "Subject", "Message-ID", "Auto-Submitted")} == {
        "To": "owner@example.test",
        "From": "Steadyback <care@rehab.example.org>",
        "Subject": "Bruno: Three left, about one minute",
        "Message-ID": f"<nudge-{nudge.pk.hex}@rehab.example.org>",
        "Auto-Submitted": "auto-generated",
    }
    assert re.sub(r"\s", "", message["List-Unsubscribe"]) == f"<{stop}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert raw.count("Message-ID:") == 1
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert stop in text
        assert text.count(f"https://rehab.example.org/dogs/{patient.pk}/today/") == 1


def test_words_are_calm_and_name_dog_rest_and_clinic(owner: User, clinic: Clinic) -> None:
    message = letters.reminder(key=KEY, user=owner, clinic=clinic, dogs=[dog()])
    assert message.subject == "Bruno: Two left, about six minutes"
    for text in (message.text, re.sub(r"<[^>]+>", " ", message.html)):
        assert "Hello Olga," in text
        assert "Two left, about six minutes." in text
        assert "call Lindenhof Veterinary Clinic: +1 555 0100" in text
        assert BLAME.findall(text) == []
    assert message.text.startswith("Hello Olga,\n\nBruno today: Two left, about six minutes.\n\n")


def test_several_dogs_are_named_and_the_button_goes_to_all(owner: User, clinic: Clinic) -> None:
    message = letters.reminder(
        key=KEY, user=owner, clinic=clinic, dogs=[dog(), dog("Luna", left=1, minutes=0), dog("Nero")]
    )
    assert message.subject == "Bruno, Luna and Nero: Five left"
    assert "Luna today: One left.\n" in message.text
    assert f"{product.BASE_URL}/today/" in message.text
    assert f"{product.BASE_URL}/today/" in message.html


def test_message_is_in_the_persons_language(clinic: Clinic, db: None) -> None:
    user = make.make_user("olga@example.test", "Olga", language="es")
    assert '<html lang="es">' in letters.reminder(key=KEY, user=user, clinic=clinic, dogs=[dog()]).html


@pytest.mark.parametrize("name", ["<b>Bruno</b>", "Bruno & Co", 'Bru"no', "Bruno\nBcc: x@example.test", "Bruno 🐕"])
def test_name_of_a_dog_cannot_break_out(owner: User, clinic: Clinic, mail_sink: MailSink, name: str) -> None:
    message = letters.reminder(key=KEY, user=owner, clinic=clinic, dogs=[dog(name)])
    assert "\n" not in message.subject
    assert "<b>" not in message.html
    assert name in message.text


def test_person_without_a_name_is_not_called_by_address(clinic: Clinic, db: None) -> None:
    user = make.make_user("someone@example.test")
    message = letters.reminder(key=KEY, user=user, clinic=clinic, dogs=[dog()])
    assert message.text.startswith("Hello,\n")
    assert "someone" not in message.text + message.html


def test_clinic_without_a_phone_is_named(owner: User, db: None) -> None:
    clinic = make.make_clinic(phone="")
    message = letters.reminder(key=KEY, user=owner, clinic=clinic, dogs=[dog()])
    assert "call Lindenhof Veterinary Clinic.\n" in message.text


def test_token_is_for_one_person_and_cannot_be_made_up(owner: User, vet: User) -> None:
    token = letters.unsubscribe_token(owner.pk)
    assert letters.user_id_of(token) == owner.pk
    other = letters.unsubscribe_token(vet.pk)
    forged = f"{vet.pk.hex}~{token.partition('~')[2]}"
    assert token != other
    for bad in (forged, token[:-1], token + "x", owner.pk.hex, "", "~", "x~y"):
        assert letters.user_id_of(bad) is None

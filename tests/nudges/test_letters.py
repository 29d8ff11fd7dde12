"""What a message says on paper and on a phone, to the byte where machines read it."""

import dataclasses
import datetime as dt
import json
import re
from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from accounts.models import Clinic, User
from rehab.nudges import letters, links
from rehab.nudges.actions import deliver_batch
from rehab.nudges.examples import example
from rehab.nudges.kinds import BY_CODE, KINDS
from rehab.nudges.kinds.base import Words
from rehab.nudges.models import Nudge
from rehab.nudges.push.messages import MOST_BYTES
from rehab.patients.models import Patient
from rehab.programs.models import Program
from tests import make
from tests.nudges.conftest import MailSink
from tests.nudges.rows import make_nudge

Kind = Nudge.Kind
BLAME = re.compile(r"\b(miss|missed|forgot|forget|fail|failed|streak|should|must|behind|late|only)\b", re.IGNORECASE)
# A lock screen is read by others: nothing on it says what ails a dog or how it is doing.
CLINICAL = re.compile(
    r"\b(pain|lame|lameness|surgery|cruciate|diagnos\w*|warning sign|symptom\w*|swell\w*|wound|medicine|phase|score)\b",
    re.IGNORECASE,
)
CLINIC = Clinic(name="Lindenhof Veterinary Clinic", phone="+1 555 0100")
KINDS_OF_FAMILIES = [kind.code for kind in KINDS if kind.code != Kind.CLINIC_WEEK]
PROMPTS = [kind.code for kind in KINDS if kind.is_prompt]


def said(kind: Nudge.Kind, *, clinic: Clinic = CLINIC, language: str = "en", **words: Any) -> tuple[Nudge, Words]:
    """An example message; its row ends three hours after noon."""
    nudge, usual = example(kind, clinic=clinic, language=language, on=make.TODAY)
    nudge.expires_at = make.NOW + dt.timedelta(hours=3)
    return nudge, dataclasses.replace(usual, **words)


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<body")[2]).split())


# --- Mail -----------------------------------------------------------------------------------------------------------


def test_real_message_carries_what_machines_need(
    program: Program, patient: Patient, owner: User, evening: dt.datetime, mail_sink: MailSink, settings: Settings
) -> None:
    settings.BASE_URL = "https://rehab.example.org"
    settings.DEFAULT_FROM_EMAIL = "Steadyback <care@rehab.example.org>"
    settings.UNSUBSCRIBE_ADDRESS = ""
    nudge = make_nudge(owner, patient, evening)
    deliver_batch(at=evening)
    stop = f"https://rehab.example.org/nudges/stop/{links.stop_token(owner.pk)}/"
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
    assert re.sub(r"\s", "", message["Feedback-ID"]) == f"unfinished_day:{patient.clinic_id.hex}:nudge:steadyback"
    assert raw.count("Message-ID:") == 1
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert stop in text
        assert links.snooze_url(nudge) in text
        assert text.count(f"https://rehab.example.org/dogs/{patient.pk}/today/") == 1


def test_second_sending_of_a_message_is_the_same_to_the_byte(owner: User, patient: Patient) -> None:
    nudge = make_nudge(owner, patient, make.NOW)
    words = said(Kind.UNFINISHED_DAY)[1]
    assert letters.mail(nudge, words) == letters.mail(Nudge.objects.get(pk=nudge.pk), words)


def test_mail_says_what_is_left_whom_to_call_and_why_it_came(db: None) -> None:
    message = letters.mail(*said(Kind.UNFINISHED_DAY))
    assert message.subject == "Bruno: Two left, about six minutes"
    for text in (message.text, plain(message.html)):
        for part in (
            "Hello Alex,",
            "Bruno today: Two left, about six minutes.",
            "call Lindenhof Veterinary Clinic: +1 555 0100",
            "You get this because you care for Bruno, a patient of Lindenhof Veterinary Clinic.",
            "At most one reminder a day, and none between 21:00 and 8:00.",
        ):
            assert text.count(part) == 1
    assert message.text.startswith("Hello Alex,\n\nBruno today: Two left, about six minutes.\n\n")
    assert 'href="tel:+15550100"' in message.html


@pytest.mark.parametrize("kind", KINDS_OF_FAMILIES)
def test_no_kind_blames(kind: Nudge.Kind) -> None:
    message = letters.mail(*said(kind))
    for text in (message.subject, message.text, plain(message.html)):
        assert BLAME.findall(text) == []


@pytest.mark.parametrize("kind", [kind.code for kind in KINDS])
@pytest.mark.parametrize("language", User.Language.values)
def test_every_kind_makes_one_letter_with_one_heading_and_one_button(kind: Nudge.Kind, language: str) -> None:
    nudge, words = said(kind, language=language)
    message = letters.mail(nudge, words)
    assert (message.html.count("<h1"), message.html.count('class="button"')) == (1, 1)
    assert f'<html lang="{language}">' in message.html
    assert message.text.count(links.absolute(words.path)) == message.html.count(links.absolute(words.path)) == 1
    assert "\n\n\n" not in message.text
    for line in words.lines:
        assert line in message.text


@pytest.mark.parametrize(
    ("kind", "why", "ways_out"),
    [
        (Kind.UNFINISHED_DAY, "At most one reminder a day, and none between 21:00 and 8:00.", {"stop", "snooze"}),
        (Kind.WEEK, "It comes once a week, in place of that day’s reminder.", {"stop", "snooze"}),
        (Kind.PLAN_CHANGED, "None of our mails comes between 21:00 and 8:00.", {"stop", "snooze"}),
        (Kind.CALL_CLINIC, "You get this at any hour and with reminders off", set()),
        (Kind.CLINIC_WEEK, "You get this once a week because you treat dogs at Lindenhof Veterinary Clinic.", {"stop"}),
    ],
)
def test_foot_says_why_and_offers_the_ways_out_that_fit(kind: Nudge.Kind, why: str, ways_out: set[str]) -> None:
    message = letters.mail(*said(kind))
    for text in (message.text, message.html):
        assert why in text
        assert set(re.findall(r"/nudges/(\w+)/", text)) == ways_out
        assert (reverse("nudges:preferences") in text) is bool(ways_out)
    assert ("List-Unsubscribe" in message.headers) is ("stop" in ways_out)
    assert ("List-Unsubscribe-Post" in message.headers) is ("stop" in ways_out)


def test_mailbox_for_those_who_want_no_more_is_offered_where_there_is_one(settings: Settings) -> None:
    settings.UNSUBSCRIBE_ADDRESS = "stop@rehab.example.org"
    nudge, words = said(Kind.UNFINISHED_DAY)
    token = links.stop_token(nudge.user_id)
    assert letters.mail(nudge, words).headers["List-Unsubscribe"] == (
        f"<{links.stop_url(nudge.user_id)}>, <mailto:stop@rehab.example.org?subject=stop%20{token}>"
    )


def test_title_stands_above_lines_that_do_not_say_it() -> None:
    several = ("Bruno today: Two left.", "Luna today: One left.")
    _nudge, words = said(Kind.UNFINISHED_DAY, title="Bruno and Luna: Three left", lines=several)
    assert letters.headed(words) == ("Bruno and Luna: Three left", several)
    assert letters.headed(dataclasses.replace(words, title="Bruno: two left")) == (several[0], several[1:])


@pytest.mark.parametrize("name", ["<b>Bruno</b>", "Bruno & Co", 'Bru"no', "Bruno\nBcc: x@example.test", "Bruno 🐕"])
def test_name_of_a_dog_cannot_break_out(owner: User, patient: Patient, mail_sink: MailSink, name: str) -> None:
    Patient.objects.filter(pk=patient.pk).update(name=name)
    nudge = make_nudge(owner, Patient.objects.get(pk=patient.pk), make.NOW, kind=Kind.PLAN_CHANGED)
    words = BY_CODE[Kind.PLAN_CHANGED].say(nudge, True)  # noqa: FBT003 (the facts of this kind)
    message = letters.mail(nudge, words)
    assert "\n" not in message.subject
    assert "<b>" not in message.html
    assert name in message.text
    assert "\n" not in letters.push(nudge, words, at=make.NOW).payload["notification"]["title"]


def test_person_without_a_name_is_not_called_by_address(patient: Patient) -> None:
    nudge = make_nudge(make.make_user("someone@example.test"), patient, make.NOW)
    message = letters.mail(nudge, said(Kind.UNFINISHED_DAY)[1])
    assert message.text.startswith("Hello,\n")
    assert "someone" not in message.text + message.html


def test_clinic_without_a_phone_is_named() -> None:
    message = letters.mail(*said(Kind.UNFINISHED_DAY, clinic=Clinic(name="Lindenhof")))
    assert "leave the exercises and call Lindenhof.\n" in message.text
    assert "tel:" not in message.html


# --- On a phone -----------------------------------------------------------------------------------------------------


def test_push_is_what_the_phone_reads(settings: Settings) -> None:
    settings.BASE_URL = "https://rehab.example.org"
    nudge, words = said(Kind.UNFINISHED_DAY)
    message = letters.push(nudge, words, at=make.NOW)
    assert (message.topic, message.ttl, message.urgency) == (nudge.pk.hex, 3 * 3600, "normal")
    assert json.loads(message.encoded) == {
        "web_push": 8030,
        "mutable": True,
        "notification": {
            "title": "Bruno: Two left, about six minutes",
            "body": "A short round counts too.",
            "navigate": f"https://rehab.example.org/dogs/{nudge.patient_id}/today/",
            "tag": nudge.pk.hex,
            "lang": "en",
            "data": {"seen": links.seen_url(nudge), "snooze": links.snooze_url(nudge)},
            "actions": [{"action": "snooze", "title": "Not today"}],
        },
    }


@pytest.mark.parametrize("kind", KINDS_OF_FAMILIES)
def test_nothing_clinical_stands_on_a_lock_screen(kind: Nudge.Kind) -> None:
    nudge, words = said(kind)
    for text in (*letters.lock_screen(words), letters.mail(nudge, words).subject):
        assert text
        assert CLINICAL.findall(text) == []


def test_message_about_safety_cannot_be_snoozed() -> None:
    nudge, words = said(Kind.CALL_CLINIC)
    message = letters.push(nudge, words, at=make.NOW)
    assert message.urgency == "high"
    assert message.payload["notification"]["actions"] == []
    assert message.payload["notification"]["data"] == {"seen": links.seen_url(nudge)}


@pytest.mark.parametrize(("minutes", "ttl"), [(-60, 3 * 3600), (0, 3 * 3600), (60, 2 * 3600), (180, 0), (999, 0)])
def test_push_service_keeps_it_no_longer_than_it_makes_sense(minutes: int, ttl: int) -> None:
    nudge, words = said(Kind.UNFINISHED_DAY)
    assert letters.push(nudge, words, at=make.NOW + dt.timedelta(minutes=minutes)).ttl == ttl


@pytest.mark.parametrize("kind", PROMPTS)
def test_repetition_has_the_same_topic_and_tag(kind: Nudge.Kind) -> None:
    nudge, words = said(kind)
    first = letters.push(nudge, words, at=make.NOW)
    again = letters.push(nudge, words, at=make.NOW + dt.timedelta(minutes=1))
    assert (first.topic, first.payload) == (again.topic, again.payload)


def test_long_text_is_cut_at_a_word() -> None:
    words = said(Kind.PLAN_CHANGED, title="Bruno has a new program " * 9, notice="Something to read. " * 40)[1]
    title, body = letters.lock_screen(words)
    assert title == "Bruno has a new program Bruno has a new program Bruno has a new program Bruno…"
    assert len(body) <= letters.PUSH_BODY
    assert body.endswith(("read.…", "to…", "Something…"))


@given(
    title=st.text(min_size=1, max_size=4000),
    notice=st.text(max_size=4000),
    line=st.text(min_size=1, max_size=4000),
)
def test_push_always_fits(title: str, notice: str, line: str) -> None:
    nudge, words = said(Kind.UNFINISHED_DAY, title=title, notice=notice, lines=(line,))
    message = letters.push(nudge, words, at=make.NOW)
    assert len(message.encoded) <= MOST_BYTES
    assert len(message.payload["notification"]["title"]) <= letters.PUSH_TITLE


def test_longest_letters_fit_too() -> None:
    family = "👨‍👩‍👧‍👦" * 200
    nudge, words = said(Kind.UNFINISHED_DAY, title=family, notice=family + " " + family)
    assert len(letters.push(nudge, words, at=make.NOW).encoded) <= MOST_BYTES

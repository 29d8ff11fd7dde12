"""The page of a person's reminders: what is chosen there, the break, and what became of the last messages."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Clinic, Membership, User
from rehab.lib.ids import new_id
from rehab.nudges.models import Nudge, NudgePreference
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Program
from tests import make
from tests.make import TODAY
from tests.nudges.families import statements

AsUser = Callable[[User], Client]
URL = "/nudges/"
BREAK, UNDO = "/nudges/break/", "/nudges/undo/"
# What a browser sends that changes nothing.
ON = {
    "reminds": "on",
    "when": "habit",
    "remind_at": "18:00",
    "morning_at": "08:30",
    "push_enabled": "on",
    "email_enabled": "on",
    "week_enabled": "on",
}
CHOSEN = {**ON, "when": "chosen", "remind_at": "19:30"}
USUAL = {
    "reminds": True,
    "push_enabled": True,
    "email_enabled": True,
    "week_enabled": True,
    "follows_habit": True,
    "remind_minute": 1080,
    "morning_minute": 510,
}


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in ON.items() if name not in names}


def text_of(client: Client, url: str = URL) -> str:
    return " ".join(client.get(url).content.decode().split())


def chosen(user: User) -> dict[str, Any]:
    [values] = NudgePreference.objects.filter(user=user).values(*USUAL)
    return dict(values)


def make_nudge(user: User, clinic: Clinic, patient: Patient | None = None, **fields: Any) -> Nudge:
    at = fields.pop("at", make.NOW)
    values: dict[str, Any] = {
        "kind": "unfinished_day" if patient else "clinic_week",
        "local_day": at.date(),
        "time_zone": "UTC",
        "state": "sent",
        "planned_at": at,
        "next_attempt_at": at,
        "expires_at": at,
        **fields,
    }
    if values["state"] not in Nudge.OPEN_STATES:
        values.setdefault("finished_at", at)
    return Nudge.objects.create(user=user, clinic=clinic, patient=patient, **values)


# --- Choosing ---------------------------------------------------------------------------------------------------------


def test_page_shows_how_it_is(owner: User, as_user: AsUser) -> None:
    NudgePreference.objects.filter(user=owner).update(remind_minute=1100, week_enabled=False)
    page = as_user(owner).get(URL)
    assert page.status_code == 200
    assert page.context["form"].initial == {
        "reminds": True,
        "when": "habit",
        "remind_at": dt.time(18, 20),
        "morning_at": dt.time(8, 30),
        "push_enabled": True,
        "email_enabled": True,
        "week_enabled": False,
    }
    html = " ".join(page.content.decode().split())
    assert "At present at 18:20." in html
    assert "Your time zone is UTC." in html
    assert reverse("accounts:settings") in html
    assert "One thing always comes, whatever is chosen here" in html
    assert AuditEvent.objects.count() == 0  # looking writes nothing


def test_choice_is_stored_and_said_back(owner: User, as_user: AsUser) -> None:
    client = as_user(owner)
    answer = client.post(URL, {**CHOSEN, "morning_at": "09:15"})
    assert (answer.status_code, answer["Location"]) == (302, URL)
    wanted = {**USUAL, "follows_habit": False, "remind_minute": 1170, "morning_minute": 555}
    assert chosen(owner) == wanted
    page = text_of(client)
    assert "Saved. Your reminders will come at 19:30." in page
    assert 'value="19:30"' in page
    assert UNDO not in page  # nothing was switched off
    event = AuditEvent.objects.get(kind="nudges.preference_set")
    assert (event.actor, event.details) == (owner, wanted)


def test_whoever_follows_the_habit_keeps_what_was_learned(owner: User, as_user: AsUser) -> None:
    NudgePreference.objects.filter(user=owner).update(remind_minute=1100)
    client = as_user(owner)
    client.post(URL, {**ON, "remind_at": "12:00"})
    assert chosen(owner) == {**USUAL, "remind_minute": 1100}
    assert "Reminders come a little after the time at which you usually exercise." in text_of(client)
    client.post(URL, {**ON, "remind_at": ""})
    assert chosen(owner) == {**USUAL, "remind_minute": 1100}


@pytest.mark.parametrize(
    ("name", "what", "said"),
    [
        ("reminds", "all reminders", "Saved. You will get no reminders."),
        ("push_enabled", "messages on phones", "Saved. Reminders come a little after the time"),
        ("email_enabled", "e-mails", "Saved. Reminders come a little after the time"),
        ("week_enabled", "the weekly summary", "Saved. Reminders come a little after the time"),
    ],
)
def test_what_is_switched_off_can_be_taken_back_at_once(
    owner: User, as_user: AsUser, name: str, what: str, said: str
) -> None:
    client = as_user(owner)
    client.post(URL, without(name))
    assert chosen(owner) == {**USUAL, name: False}
    page = text_of(client)
    assert said in page
    assert f"Switched off: {what}." in page
    answer = client.post(UNDO)
    assert (answer.status_code, answer["Location"]) == (302, URL)
    assert chosen(owner) == USUAL
    page = text_of(client)
    assert "It is as it was before." in page
    assert UNDO not in page


def test_taking_back_is_offered_for_a_quarter_of_an_hour(owner: User, as_user: AsUser, now: dt.datetime) -> None:
    with time_machine.travel(now, tick=False) as clock:
        client = as_user(owner)
        client.post(URL, without("reminds"))
        clock.shift(dt.timedelta(minutes=15))
        assert UNDO in text_of(client)
        clock.shift(dt.timedelta(minutes=1))
        assert UNDO not in text_of(client)
        client.post(UNDO)
        assert "There is nothing to take back any more." in text_of(client)
    assert chosen(owner)["reminds"] is False


def test_taking_back_without_having_switched_anything_off_changes_nothing(owner: User, as_user: AsUser) -> None:
    client = as_user(owner)
    assert client.post(UNDO).status_code == 302
    assert "There is nothing to take back any more." in text_of(client)
    assert AuditEvent.objects.count() == 0


def test_without_phone_and_mail_the_page_is_the_only_place(owner: User, as_user: AsUser) -> None:
    client = as_user(owner)
    client.post(URL, without("push_enabled", "email_enabled"))
    assert "Saved. Nothing is sent to you; what there is stands on this page." in text_of(client)


@pytest.mark.parametrize(
    ("time", "stored"), [("08:00", 480), ("20:59", 1259), ("21:00", 480), ("23:30", 480), ("07:55", 480)]
)
def test_time_in_the_quiet_hours_becomes_8_and_is_said(owner: User, as_user: AsUser, time: str, stored: int) -> None:
    client = as_user(owner)
    client.post(URL, {**CHOSEN, "remind_at": time, "morning_at": time})
    assert (chosen(owner)["remind_minute"], chosen(owner)["morning_minute"]) == (stored, stored)
    moved = "We stay quiet from 21:00 to 8:00, so your reminders will come at 8:00." in text_of(client)
    assert moved is (time not in ("08:00", "20:59"))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("remind_at", "", "Choose a time, such as 18:00."),
        ("remind_at", "24:00", "Write a time between 00:00 and 23:59"),
        ("remind_at", "-1:00", "Write a time between 00:00 and 23:59"),
        ("remind_at", "soon", "Write a time between 00:00 and 23:59"),
        ("remind_at", "18", "Write a time between 00:00 and 23:59"),
        ("remind_at", "18:00\x00", "Write a time between 00:00 and 23:59"),
        ("remind_at", "1" * 5000, "Write a time between 00:00 and 23:59"),
        ("morning_at", "", "Choose a time, such as 08:30."),
        ("morning_at", "25:00", "Write a time between 00:00 and 23:59"),
        ("when", "", "Choose when the reminder is to come."),
        ("when", "whenever", "Choose when the reminder is to come."),
    ],
)
def test_bad_input_is_refused_with_a_sentence_and_nothing_stored(
    owner: User, as_user: AsUser, field: str, value: str, said: str
) -> None:
    answer = as_user(owner).post(URL, {**CHOSEN, field: value})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert html.count(said) == 2  # beside the field, and in the list at the top that leads to it
    assert "Please look at this again" in html
    assert chosen(owner) == USUAL
    assert AuditEvent.objects.count() == 0


@pytest.mark.parametrize("url", [URL, BREAK, UNDO])
def test_pages_are_for_people_who_signed_in(client: Client, db: None, url: str) -> None:
    answer = client.post(url)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, reverse("account_login"))


@pytest.mark.parametrize("url", [BREAK, UNDO])
def test_looking_at_what_only_changes_is_refused(owner: User, as_user: AsUser, url: str) -> None:
    assert as_user(owner).get(url).status_code == 405


def test_refused_address_is_told_and_saving_tries_it_again(owner: User, as_user: AsUser, now: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(bounced_at=now)
    client = as_user(owner)
    assert "On 18 March the mail server answered that owner@example.test does not exist" in text_of(client)
    client.post(URL, ON)
    assert NudgePreference.objects.get(user=owner).bounced_at is None
    assert "does not exist" not in text_of(client)


def test_each_reads_what_the_week_is_for_them(owner: User, patient: Patient, vet: User, as_user: AsUser) -> None:
    sunday, monday = "On Sunday evening: how the week went", "On Monday morning by e-mail: the clinic’s week"
    page = text_of(as_user(owner))
    assert (sunday in page, monday in page) == (True, False)
    client = as_user(vet)
    page = text_of(client)
    assert (sunday in page, monday in page) == (False, True)
    assert "Alerts about warning signs are not chosen here" in page
    client.post(URL, ON)  # what is hidden from the staff is sent along and stays
    assert chosen(vet) == USUAL
    make.care_for(patient, vet)
    page = text_of(as_user(vet))
    assert (sunday in page, monday in page) == (True, True)


# --- A break ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "until", "said"),
    [
        ("today", dt.datetime(2026, 3, 18, 23, 0, tzinfo=dt.UTC), "Thursday, 19 March"),
        ("week", dt.datetime(2026, 3, 24, 23, 0, tzinfo=dt.UTC), "Wednesday, 25 March"),
    ],
)
def test_break_lasts_to_a_midnight_of_the_person_and_can_be_ended(
    owner: User, as_user: AsUser, now: dt.datetime, length: str, until: dt.datetime, said: str
) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="Europe/Madrid")
    with time_machine.travel(now, tick=False):
        client = as_user(owner)
        answer = client.post(BREAK, {"for": length})
        assert (answer.status_code, answer["Location"]) == (302, URL)
        assert NudgePreference.objects.get(user=owner).snoozed_until == until
        page = text_of(client)
        assert f"A break: no reminders until {said}." in page
        assert f"A break until {said}" in page
        assert "Need a break?" not in page
        client.post(BREAK, {"for": "end"})
        page = text_of(client)
    assert NudgePreference.objects.get(user=owner).snoozed_until is None
    assert "The break is over. Reminders come again." in page
    assert "A break until" not in page
    assert list(AuditEvent.objects.order_by("at", "kind").values_list("kind", flat=True)) == [
        "nudges.snooze_ended",
        "nudges.snoozed",
    ]


def test_break_that_is_over_is_not_shown(owner: User, as_user: AsUser, now: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(snoozed_until=now)
    with time_machine.travel(now, tick=False):
        page = text_of(as_user(owner))
    assert "A break until" not in page
    assert "Need a break?" in page


@pytest.mark.parametrize("length", ["", "year", "today\x00"])
def test_unknown_break_is_refused(owner: User, as_user: AsUser, length: str) -> None:
    assert as_user(owner).post(BREAK, {"for": length}).status_code == 400
    assert NudgePreference.objects.get(user=owner).snoozed_until is None


# --- The last messages ------------------------------------------------------------------------------------------------


def test_past_reminders_are_told_in_plain_words(
    program: Program, owner: User, caregiver: User, as_user: AsUser, evening: dt.datetime
) -> None:
    User.objects.filter(pk=caregiver.pk).update(time_zone="Europe/Madrid")
    for user in (owner, caregiver):
        make_nudge(user, program.clinic, program.patient, at=evening, channel="email", time_zone=user.time_zone)
    Nudge.objects.filter(user=caregiver).update(time_zone="Europe/Madrid")
    tomorrow = evening + dt.timedelta(days=1)
    for user in (owner, caregiver):
        make_nudge(
            *(user, program.clinic, program.patient),
            at=tomorrow,
            state="suppressed",
            reason="done",
            finished_at=tomorrow + dt.timedelta(minutes=1),
        )
    for prescription in program.prescriptions.all():
        for slot in range(1, prescription.times_per_day + 1):
            make.make_tick(prescription, tomorrow.date(), caregiver, slot=slot, done_at=tomorrow)
    mine, theirs = text_of(as_user(owner)), text_of(as_user(caregiver))
    assert "Wednesday, 18 March. Sent by e-mail at 18:00." in mine
    assert "Sent by e-mail at 19:00." in theirs
    assert "Not sent: Carl had already done it." in mine
    assert "Not sent: you had already done it." in theirs
    assert mine.index("19 March") < mine.index("18 March")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "planned"}, "On its way."),
        ({"state": "sending"}, "On its way."),
        ({"state": "retry", "reason": "no_answer"}, "On its way."),
        ({"state": "sent"}, "Sent at 17:00."),
        ({"state": "sent", "channel": "push"}, "Sent to the phone at 17:00."),
        (
            {"state": "sent", "channel": "push", "delivered_at": make.NOW + dt.timedelta(minutes=1)},
            "Sent to the phone at 17:00. Shown at 17:01.",
        ),
        (
            {
                "state": "sent",
                "channel": "push",
                "delivered_at": make.NOW,
                "opened_at": make.NOW + dt.timedelta(minutes=2),
            },
            "Sent to the phone at 17:00. Opened at 17:02.",
        ),
        (
            {"state": "withheld", "p_send": "0.80"},
            "Not sent, drawn by lot: now and then we leave one out, to learn whether reminders help.",
        ),
        *(
            ({"state": state, "reason": reason}, f"Not sent: {words}.")
            for state, reason, words in [
                ("suppressed", "done", "nothing was left for that day"),
                ("suppressed", "answered", "it had been answered"),
                ("suppressed", "seen", "you had seen it already"),
                ("suppressed", "one_a_day", "there had been a reminder that day already"),
                ("suppressed", "enough", "there had been four reminders in seven days"),
                ("suppressed", "every_other_day", "the last three had not helped, so we write every other day"),
                ("suppressed", "reminders_off", "reminders were off"),
                ("suppressed", "snoozed", "you had asked for a break"),
                ("suppressed", "no_way", "neither messages on a phone nor e-mails were on"),
                ("suppressed", "not_caring", "you no longer cared for this dog"),
                ("suppressed", "program_ended", "the program had ended"),
                ("suppressed", "paused", "the program was paused"),
                ("suppressed", "discharged", "the dog had been discharged"),
                ("suppressed", "died", "the dog had died"),
                ("suppressed", "stopped", "a warning sign had stopped the exercises"),
                ("expired", "too_late", "it had become too late in the day"),
                ("expired", "no_answer", "the mail server did not take it in time"),
                ("failed", "refused", "the mail server refused it"),
                ("failed", "address_refused", "the mail server says that your address does not exist"),
                ("failed", "phone_away", "the phone’s message service did not take it in time"),
                ("failed", "phone_gone", "the phone does not take messages any more"),
                ("failed", "gave_up", "something went wrong on our side"),
            ]
        ),
    ],
)
def test_each_end_has_its_words(
    patient: Patient, owner: User, as_user: AsUser, fields: dict[str, Any], said: str
) -> None:
    make_nudge(owner, patient.clinic, patient, **fields)
    assert said in text_of(as_user(owner))


def test_every_reason_has_been_looked_at() -> None:
    [mark] = [one for one in test_each_end_has_its_words.pytestmark if one.name == "parametrize"]
    told = {fields.get("reason") for fields, _said in mark.args[1]}
    assert set(Nudge.Reason.values) - told == {"combined"}  # it has no line of its own


@pytest.mark.parametrize(
    ("kind", "title", "page"),
    [
        ("checkpoint", "3 months since discharge: how is Bruno?", "checkpoint"),
        ("re_exam", "Bruno: the re-examination", "help"),
        ("welcome", "Bruno: the first days of the program", "today"),
        ("silence", "Bruno: nothing was noted for some days", "today"),
        ("next_morning", "Bruno: how it is on the morning after", "today"),
        ("unfinished_day", "Bruno: what was left of the day", "today"),
        ("week", "The week with Bruno", "progress"),
        ("plan_changed", "New program for Bruno", "today"),
        ("phase_reached", "Bruno: a new phase of the program", "progress"),
        ("reply", "Bruno: an answer from the clinic", "messages"),
        ("call_clinic", "Bruno: please call the clinic", "help"),
    ],
)
def test_every_kind_says_what_it_is_about_and_leads_there(
    program: Program, owner: User, as_user: AsUser, kind: str, title: str, page: str
) -> None:
    patient = program.patient
    make_nudge(owner, patient.clinic, patient, kind=kind, number=3, subject_id=new_id())
    client = as_user(owner)
    [nudge] = client.get(URL).context["nudges"]
    assert (nudge.title, nudge.url) == (title, f"/dogs/{patient.pk}/{page}/")
    assert f'href="{nudge.url}">{title}' in text_of(client)
    assert client.get(nudge.url).status_code == 200


def test_staff_reads_the_clinics_week_as_long_as_they_work_there(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    make_nudge(vet, clinic, state="suppressed", reason="not_caring")
    client = as_user(vet)
    [nudge] = client.get(URL).context["nudges"]
    assert (nudge.title, nudge.url) == ("Lindenhof Veterinary Clinic: the week", "/patients/")
    assert nudge.outcome == "Not sent: you no longer worked there."
    Membership.objects.filter(user=vet).update(ended_at=make.NOW)
    assert client.get(URL).context["nudges"] == []


@pytest.mark.parametrize("kind", ["unfinished_day", "week"])
def test_dogs_of_one_message_share_a_line(
    program: Program, clinic: Clinic, vet: User, owner: User, as_user: AsUser, kind: str
) -> None:
    luna, nero, rex = (make.make_patient(clinic, vet, owner=owner, name=name) for name in ("Luna", "Nero", "Rex"))
    make_nudge(owner, clinic, program.patient, kind=kind)
    for dog in (luna, nero):
        make_nudge(owner, clinic, dog, kind=kind, state="suppressed", reason="combined")
    make_nudge(owner, clinic, rex, kind=kind, state="suppressed", reason="stopped")
    lines = as_user(owner).get(URL).context["nudges"]
    assert sorted((line.dogs, line.state, line.url) for line in lines) == [
        (["Bruno", "Luna", "Nero"], "sent", "/today/"),
        (["Rex"], "suppressed", f"/dogs/{rex.pk}/{'progress' if kind == 'week' else 'today'}/"),
    ]


def test_messages_are_paged_by_twenty(patient: Patient, owner: User, as_user: AsUser) -> None:
    for day in range(25):
        make_nudge(owner, patient.clinic, patient, at=make.NOW + dt.timedelta(days=day))
    client = as_user(owner)
    days = [TODAY + dt.timedelta(days=n) for n in range(24, -1, -1)]
    first, second, beyond = (client.get(URL, {"page": page}) for page in ("1", "2", "99"))
    assert [line.day for line in first.context["nudges"]] == days[:20]
    assert [line.day for line in second.context["nudges"]] == days[20:]
    assert [line.day for line in beyond.context["nudges"]] == days[20:]
    assert "Page 1 of 2" in first.content.decode()
    assert client.get(URL, {"page": "x\x00"}).status_code == 200


def test_dog_that_is_no_longer_shared_is_not_listed(
    patient: Patient, owner: User, stranger: User, as_user: AsUser
) -> None:
    make_nudge(owner, patient.clinic, patient)
    assert "Bruno" in text_of(as_user(owner))
    Caregiver.objects.filter(user=owner).update(ended_at=make.NOW)
    assert "Bruno" not in text_of(as_user(owner))
    assert "Bruno" not in text_of(as_user(stranger))


def test_page_takes_as_many_statements_for_many_messages_as_for_one(
    patient: Patient, owner: User, as_user: AsUser
) -> None:
    client = as_user(owner)
    make_nudge(owner, patient.clinic, patient, state="suppressed", reason="done")
    one = statements(lambda: client.get(URL))
    for day in range(1, 24):
        make_nudge(
            *(owner, patient.clinic, patient),
            at=make.NOW + dt.timedelta(days=day),
            state="suppressed",
            reason="done",
        )
    assert statements(lambda: client.get(URL)) == one

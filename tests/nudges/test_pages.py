"""The page of a person's reminders, and the link that stops them."""

import datetime as dt
from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Clinic, User
from rehab.nudges import letters
from rehab.nudges.actions import deliver_batch, plan, set_preference
from rehab.nudges.models import Nudge, NudgePreference
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Program
from tests import make
from tests.make import TODAY
from tests.nudges.families import statements

AsUser = Callable[[User], Client]
URL = "/nudges/"
ON = {"email_enabled": "on", "remind_at": "19:30"}


def stop_url(user: User) -> str:
    return reverse("nudges:unsubscribe", args=[letters.unsubscribe_token(user.pk)])


def text_of(client: Client, url: str = URL) -> str:
    return " ".join(client.get(url).content.decode().split())


def test_page_shows_the_defaults_of_somebody_who_has_chosen_nothing(owner: User, as_user: AsUser) -> None:
    page = as_user(owner).get(URL)
    assert page.status_code == 200
    assert page.context["form"].initial == {"email_enabled": True, "remind_at": dt.time(18)}
    html = page.content.decode()
    assert 'value="18:00"' in html
    assert "Your time zone is UTC." in html
    assert reverse("accounts:settings") in html
    assert NudgePreference.objects.count() == 0  # looking writes nothing


def test_choice_is_stored_and_said_back(owner: User, as_user: AsUser) -> None:
    client = as_user(owner)
    answer = client.post(URL, ON)
    assert (answer.status_code, answer["Location"]) == (302, URL)
    preference = NudgePreference.objects.get()
    assert (preference.user_id, preference.email_enabled, preference.remind_minute) == (owner.pk, True, 1170)
    page = text_of(client)
    assert "Saved. Your reminders will come at 19:30." in page
    assert 'value="19:30"' in page
    event = AuditEvent.objects.get(kind="nudges.preference_set")
    assert (event.actor, event.details) == (owner, {"email_enabled": True, "remind_minute": 1170})


def test_reminders_can_be_switched_off(owner: User, as_user: AsUser) -> None:
    client = as_user(owner)
    client.post(URL, {"remind_at": "18:00"})
    assert NudgePreference.objects.get().email_enabled is False
    assert "Saved. You will get no reminders." in text_of(client)


@pytest.mark.parametrize(
    ("chosen", "stored"), [("08:00", 480), ("20:59", 1259), ("21:00", 480), ("23:30", 480), ("07:55", 480)]
)
def test_time_in_the_quiet_hours_becomes_8_and_is_said(owner: User, as_user: AsUser, chosen: str, stored: int) -> None:
    client = as_user(owner)
    client.post(URL, {**ON, "remind_at": chosen})
    assert NudgePreference.objects.get().remind_minute == stored
    moved = "We stay quiet from 21:00 to 8:00, so your reminders will come at 8:00." in text_of(client)
    assert moved is (chosen not in ("08:00", "20:59"))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "Choose a time, such as 18:00."),
        ("24:00", "Write a time between 00:00 and 23:59"),
        ("-1:00", "Write a time between 00:00 and 23:59"),
        ("soon", "Write a time between 00:00 and 23:59"),
        ("18", "Write a time between 00:00 and 23:59"),
        ("18:00\x00", "Write a time between 00:00 and 23:59"),
        ("1" * 5000, "Write a time between 00:00 and 23:59"),
    ],
)
def test_bad_time_is_refused_with_a_sentence_and_nothing_stored(
    owner: User, as_user: AsUser, value: str, said: str
) -> None:
    answer = as_user(owner).post(URL, {**ON, "remind_at": value})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert NudgePreference.objects.count() == 0


def test_page_is_for_people_who_signed_in(client: Client, db: None) -> None:
    answer = client.get(URL)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, reverse("account_login"))


def test_refused_address_is_told_and_saving_tries_it_again(owner: User, as_user: AsUser, now: dt.datetime) -> None:
    NudgePreference.objects.create(user=owner, bounced_at=now)
    client = as_user(owner)
    assert "On 18 March the mail server answered that owner@example.test does not exist" in text_of(client)
    client.post(URL, ON)
    assert NudgePreference.objects.get().bounced_at is None
    assert "does not exist" not in text_of(client)


def test_switching_off_does_not_forget_that_the_address_was_refused(owner: User, now: dt.datetime) -> None:
    NudgePreference.objects.create(user=owner, bounced_at=now)
    set_preference(user=owner, email_enabled=False, remind_minute=600, by=owner, at=now)
    assert NudgePreference.objects.get().bounced_at == now


def test_past_reminders_are_told_in_plain_words(
    program: Program, owner: User, caregiver: User, as_user: AsUser, evening: dt.datetime
) -> None:
    User.objects.filter(pk=caregiver.pk).update(time_zone="Europe/Madrid")
    plan(at=evening)  # 18:00 for the owner, 19:00 in Madrid
    deliver_batch(at=evening)
    tomorrow = evening + dt.timedelta(days=1)
    plan(at=tomorrow)
    for prescription in program.prescriptions.all():
        for slot in range(1, prescription.times_per_day + 1):
            make.make_tick(prescription, tomorrow.date(), caregiver, slot=slot, done_at=tomorrow)
    deliver_batch(at=tomorrow + dt.timedelta(minutes=1))
    mine, theirs = text_of(as_user(owner)), text_of(as_user(caregiver))
    assert "Wednesday, 18 March</p>" in mine
    assert "Sent at 18:00." in mine
    assert "Sent at 19:00." in theirs
    assert "Not sent: Carl had already done it." in mine
    assert "Not sent: you had already done it." in theirs
    assert mine.index("19 March") < mine.index("18 March")


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("planned", "", "On its way."),
        ("sending", "", "On its way."),
        ("retry", "no_answer", "On its way."),
        ("suppressed", "done", "Not sent: nothing was left for that day."),
        ("suppressed", "one_a_day", "Not sent: there had been a reminder that day already."),
        ("suppressed", "reminders_off", "Not sent: reminders were off."),
        ("suppressed", "program_ended", "Not sent: the program had ended."),
        ("expired", "too_late", "Not sent: it had become too late in the day."),
        ("expired", "no_answer", "Not sent: the mail server did not take it in time."),
        ("failed", "refused", "Not sent: the mail server refused it."),
        ("failed", "address_refused", "Not sent: the mail server says that your address does not exist."),
        ("failed", "gave_up", "Not sent: something went wrong on our side."),
    ],
)
def test_each_end_has_its_words(
    program: Program, owner: User, as_user: AsUser, evening: dt.datetime, state: str, reason: str, said: str
) -> None:
    plan(at=evening)
    is_open = state in Nudge.OPEN_STATES
    Nudge.objects.update(state=state, reason=reason, finished_at=None if is_open else evening)
    assert said in text_of(as_user(owner))


def test_dogs_of_one_message_share_a_line(
    program: Program, clinic: Clinic, vet: User, owner: User, as_user: AsUser, evening: dt.datetime
) -> None:
    for name in ("Luna", "Nero"):
        make.make_program(make.make_patient(clinic, vet, owner=owner, name=name), vet)
    plan(at=evening)
    plan(at=evening + dt.timedelta(days=1))
    deliver_batch(at=evening)
    page = as_user(owner).get(URL)
    assert [(nudge.title, nudge.state) for nudge in page.context["nudges"]] == [
        ("Bruno, Luna and Nero", "planned"),
        ("Bruno, Luna and Nero", "sent"),
    ]


def test_only_the_last_ten_of_ones_own_are_listed(
    program: Program, owner: User, caregiver: User, as_user: AsUser, evening: dt.datetime
) -> None:
    for day in range(12):
        plan(at=evening + dt.timedelta(days=day))
    client = as_user(owner)
    page = client.get(URL)
    assert [nudge.day for nudge in page.context["nudges"]] == [TODAY + dt.timedelta(days=n) for n in range(11, 1, -1)]


def test_dog_that_is_no_longer_shared_is_not_listed(
    program: Program, owner: User, stranger: User, as_user: AsUser, evening: dt.datetime
) -> None:
    plan(at=evening)
    assert "Bruno" in text_of(as_user(owner))
    Caregiver.objects.filter(user=owner).update(ended_at=evening)
    assert "Bruno" not in text_of(as_user(owner))
    assert "Bruno" not in text_of(as_user(stranger))


def test_page_takes_as_many_statements_for_ten_reminders_as_for_one(
    program: Program, owner: User, as_user: AsUser, evening: dt.datetime
) -> None:
    client = as_user(owner)
    plan(at=evening)
    Nudge.objects.update(state="suppressed", reason="done", finished_at=evening)
    first = statements(lambda: client.get(URL))
    for day in range(1, 12):
        plan(at=evening + dt.timedelta(days=day))
    Nudge.objects.filter(state="planned").update(state="suppressed", reason="done", finished_at=evening)
    assert statements(lambda: client.get(URL)) == first


# --- The link in the mail -------------------------------------------------------------------------------------------


def test_looking_at_the_link_changes_nothing(client: Client, owner: User) -> None:
    page = client.get(stop_url(owner))
    assert page.status_code == 200
    assert "Stop the reminders" in page.content.decode()
    assert client.head(stop_url(owner)).status_code == 200
    assert NudgePreference.objects.count() == 0


@pytest.mark.parametrize("body", ["List-Unsubscribe=One-Click", ""])
def test_posting_the_link_stops_the_mails_without_cookies_or_csrf(owner: User, vet: User, body: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(stop_url(owner), body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert "Reminders are off" in answer.content.decode()
    assert dict(answer.cookies) == {}
    assert list(NudgePreference.objects.values_list("user", "email_enabled")) == [(owner.pk, False)]
    assert AuditEvent.objects.get().kind == "nudges.stopped"


def test_posting_twice_is_harmless_and_keeps_the_time(client: Client, owner: User) -> None:
    NudgePreference.objects.create(user=owner, remind_minute=600)
    for _ in range(2):
        assert client.post(stop_url(owner)).status_code == 200
    preference = NudgePreference.objects.get()
    assert (preference.email_enabled, preference.remind_minute) == (False, 600)
    assert AuditEvent.objects.count() == 1
    assert "Reminders are off" in client.get(stop_url(owner)).content.decode()


def test_link_stops_the_mails_of_its_person_only(
    client: Client, program: Program, owner: User, caregiver: User, evening: dt.datetime
) -> None:
    client.force_login(caregiver)  # whoever is signed in here
    client.post(stop_url(owner))
    plan(at=evening)
    assert list(Nudge.objects.values_list("user__email", flat=True)) == [caregiver.email]


@pytest.mark.parametrize("method", ["get", "post"])
def test_tampered_link_is_a_clear_404(client: Client, owner: User, vet: User, method: str) -> None:
    signature = letters.unsubscribe_token(owner.pk).partition("~")[2]
    for token in (f"{vet.pk.hex}~{signature}", "x", "a~b", quote("../x", safe=""), "x" * 3000):
        answer = getattr(client, method)(f"/nudges/stop/{token}/")
        assert answer.status_code == 404
    assert "This link does not work" in client.get("/nudges/stop/abc/").content.decode()
    assert NudgePreference.objects.count() == 0


def test_link_of_a_person_who_has_gone_is_a_404(client: Client, db: None) -> None:
    user = make.make_user("gone@example.test")
    url = stop_url(user)
    user.delete()
    assert client.post(url).status_code == 404


def test_link_speaks_the_persons_language(client: Client, clinic: Clinic, patient: Patient) -> None:
    user = make.make_user("es@example.test", language="es")
    assert '<html lang="es"' in client.get(stop_url(user)).content.decode()
    assert '<html lang="es"' in client.post(stop_url(user)).content.decode()


def test_other_methods_are_not_allowed(client: Client, owner: User) -> None:
    assert client.put(stop_url(owner)).status_code == 405
    assert NudgePreference.objects.count() == 0

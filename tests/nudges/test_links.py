"""The links in messages: they need no sign-in, looking changes nothing, and each does only what it says."""

import datetime as dt
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
import time_machine
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from accounts.models import AuditEvent, Clinic, User
from rehab.lib import time_zones
from rehab.lib.logs import hide_secrets
from rehab.nudges import links
from rehab.nudges.breaks import DAYS, break_until
from rehab.nudges.models import Nudge, NudgePreference
from rehab.patients.models import Patient
from tests import make
from tests.nudges.rows import make_nudge

NIGHT = dt.datetime(2026, 3, 18, 23, 30, tzinfo=dt.UTC)
# Made when the token was that of an e-mail alone; such mails lie in people's inboxes.
OLD_SALT = "rehab.nudges.unsubscribe"
# No address of ours at all.
SLASHED = quote("../x", safe="")


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def stop(user: User) -> str:
    return path(links.stop_url(user.pk))


@pytest.fixture
def nudge(owner: User, patient: Patient) -> Nudge:
    return make_nudge(owner, patient, make.NOW)


def chosen(user: User) -> tuple[bool, bool, dt.datetime | None]:
    return NudgePreference.objects.values_list("reminds", "email_enabled", "snoozed_until").get(user=user)


ON = (True, True, None)


# --- Stop -----------------------------------------------------------------------------------------------------------


def test_looking_at_any_link_changes_nothing(owner: User, nudge: Nudge) -> None:
    client = Client(enforce_csrf_checks=True)
    for url in (stop(owner), path(links.snooze_url(nudge))):
        assert client.get(url).status_code == 200
        assert client.head(url).status_code == 200
        assert client.get(url, {"for": "week"}).status_code == 200
    assert client.get(path(links.seen_url(nudge))).status_code == 405
    assert chosen(owner) == ON
    nudge.refresh_from_db()
    assert (nudge.delivered_at, nudge.opened_at) == (None, None)
    assert AuditEvent.objects.count() == 0


@pytest.mark.parametrize("body", ["List-Unsubscribe=One-Click", "", "for=something"])
def test_posting_the_stop_link_stops_the_mails_without_cookies_or_csrf(owner: User, vet: User, body: str) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(stop(owner), body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert "Reminders are off" in answer.content.decode()
    assert dict(answer.cookies) == {}
    assert chosen(owner) == (True, False, None)
    assert chosen(vet) == ON
    assert [(event.kind, event.actor) for event in AuditEvent.objects.all()] == [("nudges.stopped", owner)]


def test_one_click_may_come_as_a_form_with_parts(client: Client, owner: User) -> None:
    """RFC 8058 allows both."""
    client.post(stop(owner), {"List-Unsubscribe": "One-Click"})
    assert chosen(owner) == (True, False, None)


def test_stopping_twice_is_harmless_and_keeps_the_time(client: Client, owner: User) -> None:
    NudgePreference.objects.filter(user=owner).update(remind_minute=600)
    for _ in range(2):
        assert client.post(stop(owner)).status_code == 200
    assert NudgePreference.objects.get(user=owner).remind_minute == 600
    assert AuditEvent.objects.count() == 1
    assert "Reminders are off" in client.get(stop(owner)).content.decode()


def test_stop_page_offers_less_and_more(client: Client, owner: User) -> None:
    page = client.get(stop(owner)).content.decode()
    assert re.findall(r'name="for" value="(\w+)">([^<]+)<', page) == [
        ("today", "Only not today"),
        ("week", "A week’s break"),
        ("all", "All reminders off, also on the phone"),
    ]
    assert "Stop the e-mails" in page
    assert reverse("nudges:preferences") in page


def test_all_reminders_can_be_switched_off_there(client: Client, owner: User) -> None:
    page = client.post(stop(owner), {"for": "all"}).content.decode()
    assert chosen(owner) == (False, True, None)
    assert "neither by e-mail nor on a phone" in page
    assert "when a warning sign of your dog needs you to call the clinic" in page


@pytest.mark.parametrize(("length", "day"), [("today", "Thursday, 19 March"), ("week", "Wednesday, 25 March")])
def test_stop_page_gives_a_break_instead(client: Client, owner: User, length: str, day: str) -> None:
    with time_machine.travel(make.NOW, tick=False):
        page = client.post(stop(owner), {"for": length}).content.decode()
    assert chosen(owner)[:2] == (True, True)
    assert f"You will get none before {day}." in page


def test_token_made_before_there_were_breaks_still_stops(client: Client, owner: User) -> None:
    old = Signer(salt=OLD_SALT, sep="~").sign(owner.pk.hex)
    assert client.post(f"/nudges/stop/{old}/").status_code == 200
    assert chosen(owner) == (True, False, None)


def test_link_speaks_the_persons_language(client: Client, db: None) -> None:
    user = make.make_user("es@example.test", language="es")
    assert '<html lang="es"' in client.get(stop(user)).content.decode()
    assert '<html lang="es"' in client.post(stop(user)).content.decode()


def test_whoever_is_signed_in_does_not_matter(owner: User, vet: User, as_user: Callable[[User], Client]) -> None:
    as_user(vet).post(stop(owner), {"for": "all"})
    assert (chosen(owner), chosen(vet)) == ((False, True, None), ON)


def test_link_of_a_person_who_has_gone_is_a_404(client: Client, db: None) -> None:
    user = make.make_user("gone@example.test")
    url = stop(user)
    user.delete()
    assert client.post(url).status_code == 404


def test_other_methods_are_not_allowed(client: Client, owner: User, nudge: Nudge) -> None:
    for url in (stop(owner), path(links.snooze_url(nudge)), path(links.seen_url(nudge))):
        assert (client.put(url).status_code, client.delete(url).status_code) == (405, 405)


# --- A break --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "until"),
    [
        ({}, dt.datetime(2026, 3, 19, 23, tzinfo=dt.UTC)),
        ({"for": "today"}, dt.datetime(2026, 3, 19, 23, tzinfo=dt.UTC)),
        ({"for": "week"}, dt.datetime(2026, 3, 25, 23, tzinfo=dt.UTC)),
    ],
)
def test_break_ends_at_a_midnight_where_the_person_lives(
    owner: User, patient: Patient, body: dict[str, str], until: dt.datetime
) -> None:
    """It is past midnight in Madrid already: “not today” is the 19th there."""
    User.objects.filter(pk=owner.pk).update(time_zone="Europe/Madrid")
    nudge = make_nudge(owner, patient, make.NOW)
    with time_machine.travel(NIGHT, tick=False):
        page = Client(enforce_csrf_checks=True).post(path(links.snooze_url(nudge)), body)
    assert page.status_code == 200
    assert chosen(owner) == (True, True, until)
    assert "A break from reminders" in page.content.decode()
    event = AuditEvent.objects.get()
    assert (event.kind, event.actor, event.details) == ("nudges.snoozed", owner, {"snoozed_until": until.isoformat()})


def test_old_link_shortens_no_longer_break(client: Client, owner: User, nudge: Nudge) -> None:
    with time_machine.travel(make.NOW, tick=False):
        client.post(path(links.snooze_url(nudge)), {"for": "week"})
        client.post(path(links.snooze_url(nudge)), {"for": "today"})
    assert chosen(owner)[2] == break_until("week", at=make.NOW, time_zone=owner.time_zone)
    assert AuditEvent.objects.count() == 1


def test_break_that_is_over_is_offered_again(client: Client, owner: User, nudge: Nudge) -> None:
    NudgePreference.objects.filter(user=owner).update(snoozed_until=make.NOW)
    with time_machine.travel(make.NOW, tick=False):
        page = client.get(path(links.snooze_url(nudge))).content.decode()
    assert "A break from reminders?" in page
    assert "Not today" in page


def test_unknown_length_is_refused(client: Client, owner: User, nudge: Nudge) -> None:
    for length in ("month", "", "all", "today\x00"):
        assert client.post(path(links.snooze_url(nudge)), {"for": length}).status_code == 400
    assert chosen(owner) == ON


@given(
    at=st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2035, 1, 1)).map(lambda at: at.replace(tzinfo=dt.UTC)),  # noqa: DTZ001
    zone=st.sampled_from(sorted(time_zones.names())),
    length=st.sampled_from(sorted(DAYS)),
)
def test_break_covers_the_rest_of_its_last_day_and_nothing_of_the_next(at: dt.datetime, zone: str, length: str) -> None:
    until = break_until(length, at=at, time_zone=zone)
    second = dt.timedelta(seconds=1)
    today = time_zones.local_day(at=at, time_zone=zone)
    assert until > at
    assert time_zones.local_day(at=until, time_zone=zone) == today + dt.timedelta(days=DAYS[length])
    # Where the day before does not exist (the date line), or midnight comes twice, the instant before is earlier still.
    assert time_zones.local_day(at=until - second, time_zone=zone) <= today + dt.timedelta(days=DAYS[length])


# --- Seen -----------------------------------------------------------------------------------------------------------


def test_seen_notes_the_first_time_only(nudge: Nudge) -> None:
    client = Client(enforce_csrf_checks=True)
    url = path(links.seen_url(nudge))
    for minute, what in ((1, "delivered"), (2, "delivered"), (3, "opened"), (4, "opened")):
        with time_machine.travel(make.NOW + dt.timedelta(minutes=minute), tick=False):
            answer = client.post(url, {"what": what})
        assert (answer.status_code, answer.content) == (204, b"")
    nudge.refresh_from_db()
    assert (nudge.delivered_at, nudge.opened_at) == (
        make.NOW + dt.timedelta(minutes=1),
        make.NOW + dt.timedelta(minutes=3),
    )


def test_what_was_opened_had_been_shown(client: Client, nudge: Nudge) -> None:
    with time_machine.travel(make.NOW, tick=False):
        client.post(path(links.seen_url(nudge)), {"what": "opened"})
    nudge.refresh_from_db()
    assert (nudge.delivered_at, nudge.opened_at) == (make.NOW, make.NOW)


@pytest.mark.parametrize("body", [{}, {"what": "sent"}, {"what": "state"}])
def test_seen_takes_two_words_only(client: Client, nudge: Nudge, body: dict[str, str]) -> None:
    assert client.post(path(links.seen_url(nudge)), body).status_code == 400
    nudge.refresh_from_db()
    assert (nudge.delivered_at, nudge.opened_at) == (None, None)


# --- Tokens ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "method"),
    [("stop", "get"), ("stop", "post"), ("snooze", "get"), ("snooze", "post"), ("seen", "post")],
)
def test_forged_or_garbled_link_is_a_clear_404(
    client: Client, owner: User, vet: User, nudge: Nudge, name: str, method: str
) -> None:
    made = {
        "stop": links.stop_token(owner.pk),
        "snooze": links.snooze_token(nudge.pk),
        "seen": links.seen_token(nudge.pk),
    }
    signature = made[name].partition("~")[2]
    forged = [f"{vet.pk.hex}~{signature}", "x", "a~b", "~", SLASHED, "x" * 3000, made[name][:-1], "%00~%00"]
    # A token does only what it says: none of another link's.
    others = [token for other, token in made.items() if other != name]
    for token in (*forged, *others):
        answer = getattr(client, method)(f"/nudges/{name}/{token}/")
        assert answer.status_code == 404, token
        assert token == SLASHED or "This link does not work" in answer.content.decode()
    assert (chosen(owner), chosen(vet)) == (ON, ON)


def test_link_of_a_message_that_has_gone_is_a_404(client: Client, nudge: Nudge) -> None:
    urls = [path(links.snooze_url(nudge)), path(links.seen_url(nudge))]
    nudge.delete()
    assert [client.post(url, {"what": "opened"}).status_code for url in urls] == [404, 404]


def test_links_hold_nothing_about_a_person(owner: User, clinic: Clinic, nudge: Nudge, settings: Settings) -> None:
    settings.BASE_URL = "https://rehab.example.org"
    for url in (links.stop_url(owner.pk), links.snooze_url(nudge), links.seen_url(nudge)):
        assert re.fullmatch(r"https://rehab\.example\.org/nudges/(stop|snooze|seen)/[0-9a-f]{32}~[\w-]{43}/", url)


def test_log_lines_hide_the_tokens(owner: User, nudge: Nudge) -> None:
    for url in (links.stop_url(owner.pk), links.snooze_url(nudge), links.seen_url(nudge)):
        line = str(hide_secrets(None, "", {"event": f"Not Found: {path(url)}"})["event"])
        assert re.fullmatch(r"Not Found: /nudges/\w+/\[hidden\]/", line)

"""The thread between a dog's family and its clinic."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Clinic, User
from rehab.guidance.attention import Code, Dog, reasons
from rehab.guidance.queries.facts import facts_of
from rehab.lib.ids import new_id
from rehab.lib.prepared import Prepared
from rehab.patients.models import Patient
from rehab.programs.models import Program
from rehab.sessions.bundles import COUNTED_WITHIN, bundles
from rehab.sessions.models import Message, MessagesRead
from rehab.sessions.queries.messages import (
    MOST_NEWS,
    Place,
    State,
    readers,
    state,
    unread_messages,
    waiting_messages,
)
from tests import make
from tests.sessions.conftest import forms_of

HTMX = {"HX-Request": "true"}
AsUser = Callable[[User], Client]
pytestmark = pytest.mark.usefixtures("clock")


def minutes(number: float) -> dt.datetime:
    """So many minutes before now."""
    return make.NOW - dt.timedelta(minutes=number)


def address(patient: Patient, query: str = "") -> str:
    return reverse("sessions:messages", args=[patient.pk]) + query


def news(client: Client, patient: Patient, since: str) -> Any:
    return client.get(reverse("sessions:messages-parts", args=[patient.pk]), {"since": since}, headers=HTMX)


def mark(client: Client, patient: Patient, shown: str, **headers: str) -> Any:
    return client.post(reverse("sessions:messages-read", args=[patient.pk]), {"shown": shown}, headers=headers)


def html(client: Client, patient: Patient, query: str = "") -> str:
    answer = client.get(address(patient, query))
    assert answer.status_code == 200
    return str(answer.content.decode())


def texts(page: str) -> list[str]:
    return re.findall(r'class="talk-text">([^<]*)</p></div><p', page)


def shown(page: str) -> str:
    found = re.search(r'name="shown" value="([^"]+)"', page)
    assert found is not None
    return found[1]


# --- Who sees it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("persona", "status"),
    [
        ("owner", 200),
        ("caregiver", 200),
        ("vet", 200),
        ("therapist", 200),
        ("admin", 404),
        ("stranger", 404),
        ("outside_vet", 404),
    ],
)
def test_thread_is_for_the_dogs_people(
    request: pytest.FixtureRequest, as_user: AsUser, patient: Patient, owner: User, persona: str, status: int
) -> None:
    make.make_message(patient, owner, "CANARY", minutes(5), from_family=True)
    client = as_user(request.getfixturevalue(persona))
    answers = [
        client.get(address(patient)),
        news(client, patient, "0-0-0"),
    ]
    assert [answer.status_code for answer in answers] == [status, status]
    assert [b"CANARY" in answer.content for answer in answers] == [status == 200] * 2
    assert mark(client, patient, "1-0-0").status_code == (302 if status == 200 else 404)


def test_thread_of_another_dog_stays_there(
    as_user: AsUser, clinic: Clinic, vet: User, patient: Patient, owner: User
) -> None:
    other = make.make_patient(clinic, vet, owner=owner, name="Luna")
    make.make_message(other, owner, "About Luna", minutes(5), from_family=True)
    make.make_message(patient, owner, "About Bruno", minutes(4), from_family=True)
    assert texts(html(as_user(owner), patient)) == ["About Bruno"]


def test_family_may_keep_the_page_and_the_clinic_may_not(
    as_user: AsUser, patient: Patient, owner: User, vet: User
) -> None:
    kept = {who: as_user(who).get(address(patient)).headers["Cache-Control"] for who in (owner, vet)}
    assert kept == {owner: "private, no-cache", vet: "no-store"}


def test_family_and_staff_have_their_own_frame(as_user: AsUser, patient: Patient, owner: User, vet: User) -> None:
    at_home, in_clinic = html(as_user(owner), patient), html(as_user(vet), patient)
    assert 'href="tel:+15550199"' in at_home
    assert "Not watched day and night." in at_home
    assert "bottom-bar" in at_home
    assert "tel:" not in in_clinic
    assert reverse("guidance:patient", args=[patient.pk]) in in_clinic


# --- What it says ----------------------------------------------------------------------------------------------------


def test_what_was_written_is_shown_as_text(as_user: AsUser, patient: Patient, owner: User, vet: User) -> None:
    make.make_message(
        patient, owner, "<script>alert(1)</script>\n<b>x</b> javascript:alert(1)", minutes(5), from_family=True
    )
    for who in (owner, vet):
        page = html(as_user(who), patient)
        assert "&lt;script&gt;alert(1)&lt;/script&gt;\n&lt;b&gt;x&lt;/b&gt; javascript:alert(1)</p>" in page
        assert "alert(1)</script>" not in page
        assert "<b>" not in page


def test_lines_say_who_and_when_once_a_bundle_and_each_day(
    as_user: AsUser, patient: Patient, owner: User, caregiver: User, vet: User
) -> None:
    Patient.objects.filter(pk=patient.pk).update(time_zone="Europe/Madrid")
    day = dt.timedelta(days=1)
    make.make_message(patient, owner, "one", minutes(0) - day, from_family=True)
    make.make_message(patient, vet, "two", minutes(30), from_family=False)
    make.make_message(patient, vet, "three", minutes(21), from_family=False)
    make.make_message(patient, vet, "four", minutes(10), from_family=False)
    make.make_message(patient, caregiver, "five", minutes(9), from_family=True)
    make.make_message(patient, owner, "six", minutes(8), from_family=True)
    page = html(as_user(owner), patient)
    heads = re.findall(r'<p class="talk-head"><strong>([^<]+)</strong> <time[^>]*>([^<]+)<', page)
    assert heads == [
        ("You", "18:00"),
        ("Dr. Vera Lind", "17:30"),
        ("Dr. Vera Lind", "17:50"),
        ("Carl", "17:51"),
        ("You", "17:52"),
    ]
    assert re.findall(r"<h2><time[^>]*>([^<]+)<", page) == ["Tuesday, 17 March", "Wednesday, 18 March"]
    assert re.findall(r'id="message-[^"]+" data-side="(\w+)"', page) == ["own", "other", "other", "other", "own", "own"]


def test_thread_says_sent_and_then_who_read_it_and_never_before(
    as_user: AsUser, patient: Patient, owner: User, vet: User, colleague: User, clock: Any
) -> None:
    make.make_message(patient, owner, "first", minutes(60), from_family=True)
    make.make_message(patient, owner, "second", minutes(20), from_family=True)
    home = as_user(owner)
    page = html(home, patient)
    assert ("Sent 16:00" in page, "Sent 16:40" in page, "Read by" in page) == (True, True, False)
    # The family looking at it is not the clinic reading it.
    mark(home, patient, shown(page))
    assert "Read by" not in html(home, patient)
    for who in (vet, colleague):
        clock.shift(dt.timedelta(minutes=5))
        clinic = as_user(who)
        mark(clinic, patient, shown(html(clinic, patient)))
    page = html(home, patient)
    assert re.findall(r"Read by [^<]+", page) == ["Read by Dr. Vera Lind, 17:05"]
    assert page.index("second") < page.index("Read by")
    # Opened again with nothing new, it was still read when it was read.
    clock.shift(dt.timedelta(minutes=5))
    clinic = as_user(vet)
    mark(clinic, patient, shown(html(clinic, patient)))
    assert re.findall(r"Read by [^<]+", html(home, patient)) == ["Read by Dr. Vera Lind, 17:05"]


def test_message_that_waited_for_a_network_says_when_it_was_written(
    as_user: AsUser, patient: Patient, owner: User, vet: User
) -> None:
    make.make_message(patient, owner, "late", minutes(60), from_family=True, written_at=minutes(60 * 26))
    for who in (owner, vet):
        assert "Written Tuesday, 17 March, 15:00, sent 16:00" in html(as_user(who), patient)


def test_message_names_the_exercise_it_asks_about(
    as_user: AsUser, patient: Patient, owner: User, vet: User, program: Program
) -> None:
    item = program.prescriptions.select_related("exercise").get(position=0)
    make.make_message(patient, owner, "how?", minutes(5), from_family=True, prescription=item)
    links = {
        owner: reverse("sessions:exercise", args=[patient.pk, item.pk]),
        vet: reverse("library:exercise-detail", args=[item.exercise_id]),
    }
    for who, link in links.items():
        assert f'<a href="{link}">About: Stand count</a>' in html(as_user(who), patient)


def test_question_about_an_exercise_begins_with_it(
    as_user: AsUser, patient: Patient, owner: User, program: Program, stranger: User
) -> None:
    item = program.prescriptions.get(position=1)
    client = as_user(owner)
    assert f'<option value="{item.pk}" selected>' in html(client, patient, f"?about={item.pk}")
    for unknown in (new_id(), "x", '"><script>'):
        page = client.get(address(patient), {"about": str(unknown)}).content.decode()
        assert " selected>" not in page
        assert "<script>" not in page


# --- Writing ---------------------------------------------------------------------------------------------------------


def test_message_is_written_from_the_page_by_both_sides(
    as_user: AsUser, patient: Patient, owner: User, vet: User
) -> None:
    for who, text in ((owner, "How long?\nTen seconds?"), (vet, "Yes.")):
        client = as_user(who)
        [form] = forms_of(html(client, patient), kind="message")
        answer = client.post(form["action"], {**form["data"], "text": text})
        assert (answer.status_code, answer.headers["Location"]) == (303, address(patient))
    assert list(Message.objects.order_by("pk").values_list("text", "from_family", "written_by")) == [
        ("How long?\nTen seconds?", True, owner.pk),
        ("Yes.", False, vet.pk),
    ]
    assert texts(html(as_user(owner), patient)) == ["How long?\nTen seconds?", "Yes."]


@pytest.mark.parametrize("text", ["a\0b", "x" * 2001, " \n "])
def test_message_that_cannot_be_kept_is_refused_with_its_text(
    as_user: AsUser, patient: Patient, owner: User, text: str
) -> None:
    client = as_user(owner)
    [form] = forms_of(html(client, patient), kind="message")
    answer = client.post(form["action"], {**form["data"], "text": text})
    assert answer.status_code == 422
    assert text.strip() in answer.content.decode()
    assert not Message.objects.exists()


def test_message_of_two_thousand_characters_is_kept(as_user: AsUser, patient: Patient, owner: User) -> None:
    client = as_user(owner)
    [form] = forms_of(html(client, patient), kind="message")
    assert client.post(form["action"], {**form["data"], "text": "x" * 2000}).status_code == 303
    assert Message.objects.get().text == "x" * 2000


# --- Pages and news --------------------------------------------------------------------------------------------------


def test_earlier_messages_come_page_by_page_each_once_where_many_came_at_once(
    as_user: AsUser, patient: Patient, owner: User
) -> None:
    """What was written without a network comes in one batch, so its messages share their moment."""
    at = [minutes(500), *[minutes(300)] * 40, *[minutes(100)] * 24]
    for number, moment in enumerate(at):
        make.make_message(patient, owner, f"message {number}", moment, from_family=True)
    client = as_user(owner)
    found: list[str] = []
    query, pages = "", 0
    while True:
        page = html(client, patient, query)
        found = [*texts(page), *found]
        pages += 1
        link = re.search(r'href="[^"?]+(\?before=[^"]+)" hx-get', page)
        if link is None:
            break
        query = link[1]
    assert found == [f"message {number}" for number in range(65)]
    assert pages == 3


def test_earlier_messages_are_added_with_each_day_said_once(as_user: AsUser, patient: Patient, owner: User) -> None:
    for number in range(40):
        make.make_message(patient, owner, f"message {number}", minutes(40 - number), from_family=True)
    client = as_user(owner)
    link = re.search(r'hx-get="([^"]+)"', html(client, patient))
    assert link is not None
    part = client.get(link[1], headers=HTMX).content.decode()
    assert texts(part) == [f"message {number}" for number in range(10)]
    assert 'id="talk-day-2026-03-18" hx-swap-oob="delete"' in part
    assert part.count('id="talk-day-2026-03-18"') == 2
    assert "talk-more" not in part


@pytest.mark.parametrize("query", ["?before=x", "?before=1-2", "?before=99999999999999999999-x", "?before=%00"])
def test_place_that_is_none_shows_the_newest(as_user: AsUser, patient: Patient, owner: User, query: str) -> None:
    make.make_message(patient, owner, "here", minutes(5), from_family=True)
    assert texts(html(as_user(owner), patient, query)) == ["here"]


def test_news_are_nothing_until_something_comes_in(
    as_user: AsUser, patient: Patient, owner: User, vet: User, clock: Any
) -> None:
    make.make_message(patient, owner, "asked", minutes(30), from_family=True)
    home = as_user(owner)
    since = shown(html(home, patient))
    assert news(home, patient, since).status_code == 204
    clock.shift(dt.timedelta(minutes=5))
    clinic = as_user(vet)
    mark(clinic, patient, shown(html(clinic, patient)))
    read = news(home, patient, since)
    # What the page has already comes along; it leaves that out.
    assert (read.status_code, texts(read.content.decode())) == (200, ["asked"])
    assert "Read by Dr. Vera Lind, 17:05" in read.content.decode()
    make.make_message(patient, vet, "answered", make.NOW + dt.timedelta(minutes=6), from_family=False)
    told = news(home, patient, shown(read.content.decode())).content.decode()
    assert texts(told) == ["asked", "answered"]
    assert "data-news" in told
    assert told.count("talk-day") == 2  # one day, by its class and its key
    assert news(home, patient, shown(told)).status_code == 204


def test_news_bring_what_came_in_earlier_and_was_there_later(
    as_user: AsUser, patient: Patient, owner: User, vet: User
) -> None:
    """A slow transaction: its message is older than the newest that the page knew."""
    make.make_message(patient, vet, "quick", minutes(1), from_family=False)
    home = as_user(owner)
    page = html(home, patient)
    make.make_message(patient, vet, "slow", minutes(1.5), from_family=False)
    # The page has not shown it, so it is not read.
    mark(home, patient, shown(page))
    assert not MessagesRead.objects.exists()
    assert texts(news(home, patient, shown(page)).content.decode()) == ["slow", "quick"]


def test_page_that_is_far_behind_begins_anew(as_user: AsUser, patient: Patient, owner: User) -> None:
    home = as_user(owner)
    nothing = shown(html(home, patient))
    for number in range(MOST_NEWS):
        make.make_message(patient, owner, f"m{number}", minutes(MOST_NEWS - number), from_family=True)
    told = news(home, patient, nothing)
    assert (told.status_code, len(texts(told.content.decode()))) == (200, MOST_NEWS)
    make.make_message(patient, owner, "one more", minutes(0), from_family=True)
    for since in (nothing, "0-0-0"):  # what was invented brings no more than what was printed
        with CaptureQueriesContext(connection) as queries:
            told = news(home, patient, since)
        assert (told.status_code, told.headers["HX-Refresh"], told.content) == (204, "true", b"")
        assert f"LIMIT {MOST_NEWS + 1}" in queries[-1]["sql"]
    page = html(home, patient)
    assert (texts(page)[-1], "?before=" in page) == ("one more", True)
    assert news(home, patient, shown(page)).status_code == 204


@pytest.mark.parametrize("since", ["", "x", "1-2", "-1-0-0", "99999999999999999999999-0-0"])
def test_news_for_a_page_that_knows_nothing_are_the_newest_messages(
    as_user: AsUser, patient: Patient, owner: User, since: str
) -> None:
    make.make_message(patient, owner, "here", minutes(5), from_family=True)
    answer = news(as_user(owner), patient, since)
    assert (answer.status_code, texts(answer.content.decode())) == (200, ["here"])


def test_session_that_has_expired_is_told_so_to_the_page(patient: Patient) -> None:
    assert news(Client(), patient, "0-0-0").status_code == 401


# --- Read and unread -------------------------------------------------------------------------------------------------


def test_opening_writes_nothing_and_the_button_marks_as_read(
    as_user: AsUser, patient: Patient, owner: User, vet: User
) -> None:
    make.make_message(patient, vet, "news", minutes(5), from_family=False)
    client = as_user(owner)
    page = html(client, patient)
    assert ("Mark as read" in page, 'id="talk-new"' in page) == (True, True)
    assert not MessagesRead.objects.exists()
    answer = mark(client, patient, shown(page))
    assert (answer.status_code, answer.headers["Location"]) == (302, address(patient))
    assert MessagesRead.objects.get().until == make.NOW
    page = html(client, patient)
    assert ("Mark as read" in page, 'id="talk-new"' in page) == (False, False)
    assert mark(client, patient, shown(page), **HTMX).status_code == 204


@pytest.mark.parametrize("text", ["", "x", "1-1", "\0"])
def test_mark_that_says_nothing_is_refused(as_user: AsUser, patient: Patient, owner: User, text: str) -> None:
    assert mark(as_user(owner), patient, text).status_code == 400


def test_mark_stays_before_what_the_page_did_not_show(
    as_user: AsUser, patient: Patient, owner: User, vet: User
) -> None:
    make.make_message(patient, vet, "seen", minutes(20), from_family=False)
    client = as_user(owner)
    page = html(client, patient)
    unseen = make.make_message(patient, vet, "not seen", minutes(1), from_family=False)
    mark(client, patient, shown(page))
    assert MessagesRead.objects.get().until == unseen.received_at - dt.timedelta(microseconds=1)
    assert unread(owner, patient) == 1


def unread(user: User, patient: Patient) -> int:
    rows = Patient.objects.filter(pk=patient.pk).annotate(unread=unread_messages(user.pk, patient.pk))
    found: int = rows.values_list("unread", flat=True)[0]
    return found


@pytest.mark.parametrize(
    ("ago", "until"),
    [
        ([], None),
        ([100], None),
        ([100, 90, 80], None),
        ([100, 85, 70, 54.9], None),
        ([100, 84.9, 70], None),
        ([100, 100, 100], None),
        ([100, 90, 60, 50], 95),
        ([100, 90, 60, 50], 60),
        ([100, 90, 60, 50], 10),
        ([300, 290, 200, 190, 180, 100, 5, 1], 250),
    ],
)
def test_unread_is_counted_in_bundles_by_the_database_as_by_the_rule(
    patient: Patient, owner: User, caregiver: User, vet: User, ago: Sequence[float], until: float | None
) -> None:
    written = [make.make_message(patient, vet, "note", minutes(one), from_family=False) for one in ago]
    make.make_message(patient, caregiver, "our own", minutes(2), from_family=True)
    if until is not None:
        MessagesRead.objects.create(user=owner, patient=patient, until=minutes(until))
    MessagesRead.objects.create(user=caregiver, patient=patient, until=make.NOW)
    not_opened = [one for one in written if until is None or one.received_at > minutes(until)]
    assert unread(owner, patient) == len(bundles(not_opened, within=COUNTED_WITHIN))
    assert unread(caregiver, patient) == 0


def test_unread_is_one_expression_in_whatever_query(
    patient: Patient, owner: User, vet: User, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for ago in (100, 90, 20):
        make.make_message(patient, vet, "note", minutes(ago), from_family=False)
    with django_assert_num_queries(1):
        assert unread(owner, patient) == 2


def test_unread_can_be_prepared_once_for_everybody(
    patient: Patient, owner: User, caregiver: User, vet: User, clinic: Clinic
) -> None:
    other = make.make_patient(clinic, vet, owner=owner)
    make.make_message(patient, vet, "note", minutes(90))
    make.make_message(patient, vet, "note", minutes(20))
    make.make_message(other, vet, "note", minutes(20))
    MessagesRead.objects.create(user=caregiver, patient=patient, until=minutes(30))

    def build(user: UUID, dog: UUID) -> Any:
        return Patient.objects.filter(pk=dog).annotate(n=unread_messages(user, dog)).values_list("n")

    counted = Prepared(build, user=UUID(int=1), dog=UUID(int=2))
    asked = [(owner, patient), (caregiver, patient), (owner, other)]
    assert [counted.rows(user=who.pk, dog=dog.pk)[0][0] for who, dog in asked] == [2, 1, 1]


def test_older_page_has_nothing_to_write_in_and_marks_nothing(as_user: AsUser, patient: Patient, vet: User) -> None:
    old, new = (make.make_message(patient, vet, text, minutes(ago)) for text, ago in (("old", 90), ("new", 20)))
    page = html(as_user(vet), patient, f"?before={Place(new.received_at, new.pk)}")
    assert texts(page) == ["old"]
    assert ("talk-mark" in page, 'id="write"' in page, "data-parts" in page) == (False, False, False)
    assert f"message-{old.pk}" in page


def waits(*patients: Patient) -> dict[UUID, tuple[int, dt.date]]:
    return {pk: (found.total, found.since) for pk, found in waiting_messages([one.pk for one in patients]).items()}


def test_messages_wait_for_the_clinic_until_anybody_there_opens_or_answers(
    patient: Patient, owner: User, caregiver: User, vet: User, colleague: User
) -> None:
    make.make_message(patient, vet, "how is he?", minutes(90), from_family=False)
    assert waits(patient) == {}
    make.make_message(patient, owner, "well", minutes(60), from_family=True)
    make.make_message(patient, caregiver, "but tired", minutes(50), from_family=True)
    make.make_message(patient, owner, "one more", minutes(10), from_family=True)
    assert waits(patient) == {patient.pk: (2, make.TODAY)}
    MessagesRead.objects.create(user=owner, patient=patient, until=make.NOW)
    assert waits(patient) == {patient.pk: (2, make.TODAY)}  # they read it themselves
    MessagesRead.objects.create(user=colleague, patient=patient, until=minutes(30))
    assert waits(patient) == {patient.pk: (1, make.TODAY)}
    make.make_message(patient, vet, "rest then", minutes(1), from_family=False)
    assert waits(patient) == {}


@pytest.mark.parametrize("count", [1, 3])
def test_waiting_messages_of_many_dogs_are_one_statement(
    clinic: Clinic, vet: User, owner: User, django_assert_num_queries: Callable[[int], Any], count: int
) -> None:
    dogs = [make.make_patient(clinic, vet, owner=owner, name=f"Dog {number}") for number in range(count)]
    for dog in dogs:
        make.make_message(dog, owner, "hello", minutes(60 * 24), from_family=True)
    with django_assert_num_queries(1):
        found = waits(*dogs)
    assert found == {dog.pk: (1, make.TODAY - dt.timedelta(days=1)) for dog in dogs}


def test_dog_with_a_waiting_message_needs_a_look(
    as_user: AsUser, patient: Patient, owner: User, vet: User, program: Program
) -> None:
    make.make_message(patient, owner, "hello?", minutes(60 * 24 * 2), from_family=True)
    facts = facts_of([patient.pk], first=make.TODAY, until=make.TODAY + dt.timedelta(days=1))[patient.pk]
    found = {one.code: one for one in reasons(facts.dog(today=make.TODAY, days=[]))}[Code.MESSAGE_WAITING]
    assert (found.severity, found.numbers) == (64, {"count": 1, "on": "2026-03-16"})
    page = as_user(vet).get(reverse("guidance:patient", args=[patient.pk])).content.decode()
    assert "1 message from the family waits (Monday)." in page
    assert "Messages (1)" in page


def test_dog_without_a_message_gives_no_such_reason() -> None:
    assert Code.MESSAGE_WAITING not in {one.code for one in reasons(Dog(today=make.TODAY))}


# --- What it costs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 35])
def test_thread_asks_the_database_a_fixed_number_of_times(
    as_user: AsUser,
    patient: Patient,
    owner: User,
    vet: User,
    program: Program,
    django_assert_num_queries: Callable[[int], Any],
    count: int,
) -> None:
    item = program.prescriptions.get(position=0)
    for number in range(count):
        make.make_message(
            patient, (vet, owner)[number % 2], "hello", minutes(number), from_family=bool(number % 2), prescription=item
        )
    MessagesRead.objects.create(user=vet, patient=patient, until=make.NOW)
    client = as_user(owner)
    # The session and its user; the dog with its clinic; who has read; the thread's state; its messages; the exercises.
    with django_assert_num_queries(7):
        since = shown(html(client, patient))
    # Without news: the session and its user, the dog, who has read, the state.
    with django_assert_num_queries(5):
        assert news(client, patient, since).status_code == 204
    make.make_message(patient, vet, "new", make.NOW, from_family=False)
    # With news: the new messages, the one before them, and the newest for the receipt.
    with django_assert_num_queries(8):
        assert news(client, patient, since).status_code == 200


def test_opening_the_thread_writes_nothing(as_user: AsUser, patient: Patient, owner: User, vet: User) -> None:
    make.make_message(patient, vet, "news", minutes(5), from_family=False)
    client = as_user(owner)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page = html(client, patient)
        news(client, patient, "0-0-0")
    assert [one["sql"] for one in asked.captured_queries if not one["sql"].startswith(("SELECT", "PRAGMA"))] == []
    assert State.read(shown(page)) == state(patient.pk, readers(patient.pk))

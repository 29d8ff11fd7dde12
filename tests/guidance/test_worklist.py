"""The vet's list: whose dogs, in which order, at which cost."""

import datetime as dt
import gzip
import random
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.models import Clinic, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.attention import Code, Reason
from rehab.guidance.models import PatientSummary, Suggestion
from rehab.patients.models import Caregiver, Patient
from tests import make
from tests.make import NOW, TODAY

URL = "/patients/"
DAY = dt.timedelta(days=1)
AsUser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def rows_of(client: Client, query: str = "") -> list[str]:
    html = client.get(f"{URL}{query}").content.decode()
    return [text_of(row) for row in re.findall(r"<tr data-level.*?</tr>", html, re.DOTALL)]


def names_of(client: Client, query: str = "") -> list[str]:
    return [row.split(" ", 1)[0] for row in rows_of(client, query)]


def make_summary(patient: Patient, attention: int = 0, **fields: Any) -> PatientSummary:
    row: PatientSummary = PatientSummary.objects.create(
        patient=patient,
        clinic=patient.clinic,
        attention=attention,
        **{"as_of": TODAY, "refreshed_at": NOW, "pain_series": [None] * 14, **fields},
    )
    return row


def test_worklist_is_the_address_that_others_name() -> None:
    assert reverse("guidance:worklist") == URL


def test_worklist_shows_the_most_urgent_first_and_new_dogs_before_them(
    as_user: AsUser, clinic: Clinic, vet: User
) -> None:
    for name, attention in [("Calm", 0), ("Worst", 95), ("Watch", 40)]:
        make_summary(make.make_patient(clinic, vet, name=name), attention)
    make.make_patient(clinic, vet, name="Fresh")
    assert names_of(as_user(vet)) == ["Fresh", "Worst", "Watch", "Calm"]


def test_worklist_row_says_it_all(as_user: AsUser, patient: Patient, vet: User, owner: User) -> None:
    definition = make.make_definition(
        patient,
        vet,
        mechanism="neurologic",
        cause="disc",
        neuro_deficit=True,
        neuro_grade=2,
        pain_control="medicine",
        pain_control_plan="Gabapentin",
    )
    program = make.make_program(
        patient, vet, definition, profile="neuro", starts_on=TODAY - 4 * DAY, exercises=[("stand-count", {})]
    )
    for ago in (1, 2, 3):
        make.make_tick(program.prescriptions.get(), TODAY - ago * DAY)
    make.make_pain(patient, TODAY - 3 * DAY, "before", 2)
    make.make_pain(patient, TODAY - DAY, "next_morning", 7)
    refresh_summaries(at=NOW)
    (row,) = rows_of(as_user(vet))
    assert row == (
        "Bruno Dachshund · Olga Ruiz Disc disease, grade 2 primary, neurologic P2 Steady 75 % 7 today"
        " Pain at the limit Pain 7 of 10 this morning; the limit is 4."
        " Stand count: 5 → 4 repetitions (20 % less) Accept Bruno, Stand count: 5 → 4 repetitions (20 % less)"
    )
    html = as_user(vet).get(URL).content.decode()
    assert '<path d="M10-2h0M13-7h0"/>' in html
    assert f'href="/patients/{patient.pk}/"' in html


def test_worklist_never_draws_a_missing_answer_as_zero(as_user: AsUser, patient: Patient, vet: User) -> None:
    make_summary(patient)
    (row,) = rows_of(as_user(vet))
    assert "nothing due no answer" in row
    assert "0" not in row


@pytest.mark.parametrize(("persona", "expected"), [("vet", 200), ("therapist", 200), ("colleague", 200)])
def test_worklist_is_open_to_staff(
    request: pytest.FixtureRequest, as_user: AsUser, patient: Patient, persona: str, expected: int
) -> None:
    client = as_user(request.getfixturevalue(persona))
    assert client.get(URL).status_code == expected
    assert names_of(client) == ["Bruno"]


@pytest.mark.parametrize("persona", ["owner", "caregiver", "admin", "stranger"])
def test_worklist_is_closed_to_others(
    request: pytest.FixtureRequest, as_user: AsUser, patient: Patient, persona: str
) -> None:
    answer = as_user(request.getfixturevalue(persona)).get(URL)
    assert answer.status_code == 403
    assert b"Bruno" not in answer.content


def test_worklist_asks_for_a_sign_in_and_refuses_post(client: Client, as_user: AsUser, vet: User) -> None:
    assert client.get(URL).status_code == 302
    assert as_user(vet).post(URL).status_code == 405


def test_worklist_keeps_to_the_clinics_of_the_person(
    as_user: AsUser, patient: Patient, stranger: User, outside_vet: User, vet: User, other_clinic: Clinic
) -> None:
    assert names_of(as_user(vet)) == ["Bruno"]
    assert names_of(as_user(outside_vet)) == ["CANARY"]
    make.join(vet, other_clinic, "therapist")
    assert sorted(names_of(as_user(vet))) == ["Bruno", "CANARY"]


def test_worklist_forgets_a_clinic_that_the_person_has_left(
    as_user: AsUser, patient: Patient, stranger: User, vet: User, other_clinic: Clinic
) -> None:
    make.join(vet, other_clinic, "therapist")
    client = as_user(vet)
    assert "All 2 Needs a look 2" in text_of(client.get(URL).content.decode())
    vet.memberships.filter(clinic=other_clinic).update(ended_at=NOW)
    assert names_of(client) == ["Bruno"]
    assert "All 1 Needs a look 1" in text_of(client.get(URL).content.decode())


def test_worklist_names_the_first_owner(as_user: AsUser, patient: Patient, owner: User, vet: User) -> None:
    for name, started_at in [("Later", NOW + DAY), ("Earlier", NOW - 400 * DAY)]:
        Caregiver.objects.create(
            clinic=patient.clinic,
            patient=patient,
            user=make.make_user(f"{name.lower()}@example.test", name),
            relation="owner",
            started_at=started_at,
        )
    assert "Dachshund · Earlier" in rows_of(as_user(vet))[0]
    patient.caregivers.filter(user__name="Earlier").update(ended_at=NOW)
    assert f"Dachshund · {owner.name}" in rows_of(as_user(vet))[0]


def test_worklist_is_the_same_whether_or_not_its_sql_was_prepared(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    make_many(clinic, vet, 30)
    client = as_user(vet)
    rows = rows_of(client)
    assert len(rows) == 30
    assert rows_of(client, "?q=@example.test") == rows


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("brun", ["Bruno"]),
        ("OLGA", ["Bruno"]),
        ("owner@example", ["Bruno"]),
        ("  bruno  ", ["Bruno"]),
        ("Carl", []),
        ("%", []),
        ("_", []),
        ("", ["Bruno", "Luna"]),
    ],
)
def test_worklist_search_by_dog_or_owner(
    as_user: AsUser, patient: Patient, caregiver: User, clinic: Clinic, vet: User, query: str, expected: list[str]
) -> None:
    make.make_patient(clinic, vet, name="Luna")
    answer = as_user(vet).get(URL, {"q": query})
    found = re.findall(r'<th scope="row"><a[^>]*>(\w+)', answer.content.decode())
    assert (answer.status_code, found) == (200, expected)


def test_worklist_escapes_what_people_wrote(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    owner = make.make_user(name='<b>"Olga" & {level}</b>')
    dog = make.make_patient(clinic, vet, owner=owner, name="<script>x</script>{url}", breed="<i>Dachs</i>")
    make_summary(dog, phase="P2", phase_name="<u>Steady</u>")
    html = as_user(vet).get(URL).content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;{url}" in html
    assert "&lt;i&gt;Dachs&lt;/i&gt; · &lt;b&gt;&quot;Olga&quot; &amp; {level}&lt;/b&gt;" in html
    assert "&lt;u&gt;Steady&lt;/u&gt;" in html
    assert not re.search(r"<(script>x|i>|b>|u>)", html)


def test_worklist_search_without_a_match_says_so(as_user: AsUser, patient: Patient, vet: User) -> None:
    html = as_user(vet).get(URL, {"q": "<b>Zorro"}).content.decode()
    assert "No dog or owner matches “&lt;b&gt;Zorro”." in html
    assert "<b>Zorro" not in html


@pytest.mark.parametrize("query", [{"q": "a\x00b"}, {"q": "x" * 61}, {"show": "everything"}])
def test_worklist_says_what_is_wrong_with_a_question(
    as_user: AsUser, patient: Patient, vet: User, query: dict[str, str]
) -> None:
    answer = as_user(vet).get(URL, query)
    assert answer.status_code == 422
    assert "The list below is not searched." in answer.content.decode()


def test_worklist_filter_shows_those_that_need_a_look(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    for name, attention in [("Calm", 0), ("Worst", 95)]:
        make_summary(make.make_patient(clinic, vet, name=name), attention)
    make.make_patient(clinic, vet, name="Fresh")
    client = as_user(vet)
    assert names_of(client, "?show=look") == ["Fresh", "Worst"]
    html = text_of(client.get(f"{URL}?show=look").content.decode())
    assert "All 3 Needs a look 2" in html


def test_worklist_without_a_dog_offers_to_register_the_first(as_user: AsUser, vet: User) -> None:
    html = as_user(vet).get(URL).content.decode()
    assert "No dogs yet" in html
    assert 'href="/patients/new/"' in html


def test_worklist_with_only_calm_dogs_says_so(as_user: AsUser, patient: Patient, vet: User) -> None:
    make_summary(patient)
    assert "No dog needs a look right now." in as_user(vet).get(f"{URL}?show=look").content.decode()


def test_worklist_pages_in_a_total_order(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    dogs = make_many(clinic, vet, 205, attention=lambda _: 50)
    client = as_user(vet)
    pages = [
        re.findall(r'href="/patients/([0-9a-f-]{36})/"', client.get(URL, {"page": page}).content.decode())
        for page in (1, 2, 3)
    ]
    assert [len(page) for page in pages] == [100, 100, 5]
    assert [pk for page in pages for pk in page] == sorted(str(dog.pk) for dog in dogs)


def test_worklist_says_when_numbers_are_of_another_day(as_user: AsUser, patient: Patient, vet: User) -> None:
    make_summary(patient, as_of=TODAY - 2 * DAY)
    assert "Numbers of 16 Mar" in rows_of(as_user(vet))[0]


def test_worklist_says_the_day_of_the_dog(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    dog = make.make_patient(clinic, vet, time_zone="Pacific/Auckland")
    make.make_pain(dog, TODAY, "before", 3)
    refresh_summaries(at=NOW)
    assert "3 yesterday" in rows_of(as_user(vet))[0]


OWNERS = [
    f"{first} {last}"
    for first in ("Olga", "Ana", "Jon", "Lea", "Max", "Rita")
    for last in ("Ruiz", "Torres", "Berg", "Winter", "Adler", "Soto", "Nygaard")
]
DOGS = [
    "Bruno",
    "Luna",
    "Rocky",
    "Mia",
    "Oskar",
    "Frida",
    "Balu",
    "Emma",
    "Sammy",
    "Kira",
    "Leo",
    "Nala",
    "Max",
    "Bella",
]
BREEDS = ["Dachshund", "French bulldog", "Labrador", "Beagle", "Cocker spaniel", "German shepherd", "Mixed breed"]
REASONS = [
    Reason(
        code=Code.PAIN_AT_LIMIT, severity=94, numbers={"score": 7, "limit": 5, "moment": "before", "on": "2026-03-17"}
    ),
    Reason(code=Code.PAIN_UP, severity=74, numbers={"score": 5, "usual": 2.5, "on": "2026-03-18"}),
    Reason(code=Code.SILENT, severity=62, numbers={"days": 5}),
    Reason(code=Code.LOW_ADHERENCE, severity=52, numbers={"percent": 37, "days": 7}),
]


def make_many(clinic: Clinic, by: User, count: int, attention: Callable[[int], int] | None = None) -> list[Patient]:
    """Many dogs with owners and summaries, as varied as a clinic's."""
    chance = random.Random(7)  # noqa: S311 - the same dogs each time
    dogs = Patient.objects.bulk_create(
        Patient(
            clinic=clinic,
            created_by=by,
            name=chance.choice(DOGS),
            breed=chance.choice(BREEDS),
            time_zone="Europe/Madrid",
        )
        for _ in range(count)
    )
    users = User.objects.bulk_create(
        User(email=f"{dog.pk.hex}@example.test", name=chance.choice(OWNERS)) for dog in dogs
    )
    Caregiver.objects.bulk_create(
        Caregiver(clinic=clinic, patient=dog, user=user, relation="owner", started_at=NOW)
        for dog, user in zip(dogs, users, strict=True)
    )
    summaries = []
    for number, dog in enumerate(dogs):
        reason = chance.choice([None, None, *REASONS])
        pain: list[int | None] = []
        for _ in range(14):
            last = next((score for score in reversed(pain) if score is not None), 2)
            pain.append(None if chance.random() < 0.2 else max(0, min(10, last + chance.choice([-1, 0, 0, 0, 1]))))
        summaries.append(
            PatientSummary(
                patient=dog,
                clinic=clinic,
                as_of=TODAY,
                refreshed_at=NOW,
                attention=attention(number) if attention else (reason.severity if reason else 0),
                reasons=[reason.to_json()] if reason else [],
                origin="primary",
                mechanism="musculoskeletal",
                cause=chance.choice(["arthritis", "soft_tissue", "disc"]),
                neuro_grade=1,
                phase=chance.choice(["P1", "P2", "P3"]),
                phase_name=chance.choice(["Wake up", "Steady", "Strengthen"]),
                adherence_percent=chance.randint(20, 100),
                pain_series=pain,
                last_pain=next((score for score in reversed(pain) if score is not None), None),
                last_pain_on=TODAY - chance.randint(0, 3) * DAY,
            )
        )
    PatientSummary.objects.bulk_create(summaries)
    return dogs


@pytest.mark.parametrize("count", [1, 10, 100, 200, 1000])
def test_worklist_asks_the_database_five_times_at_any_size(
    as_user: AsUser,
    clinic: Clinic,
    vet: User,
    django_assert_num_queries: Callable[[int], Any],
    count: int,
) -> None:
    make_many(clinic, vet, count)
    client = as_user(vet)
    # The session and its user, the clinics, the counts, the dogs with their summaries and owners.
    with django_assert_num_queries(5):
        answer = client.get(URL)
    assert answer.content.count(b"<tr data-level") == min(count, 100)


@pytest.mark.parametrize("count", [1, 2000])
def test_worklist_asks_the_same_of_one_dog_and_of_two_thousand_whatever_is_shown(
    as_user: AsUser, clinic: Clinic, vet: User, django_assert_num_queries: Callable[[int], Any], count: int
) -> None:
    dogs = make_many(clinic, vet, count)
    program = make.make_program(dogs[0], vet)
    Suggestion.objects.create(
        clinic=clinic,
        patient=dogs[0],
        program=program,
        prescription=program.prescriptions.all()[0],
        exercise=program.prescriptions.all()[0].exercise,
        verdict="progress",
        approver="vet_or_therapist",
        plan_version=1,
        made_at=NOW,
        evaluated_at=NOW,
    )
    said = [{"code": "ready_to_progress", "severity": 34, "numbers": {"count": 1, "exercise": "Walk", "said": {}}}]
    PatientSummary.objects.filter(patient=dogs[0]).update(reasons=said, attention=34)
    client = as_user(vet)
    for show, shown in (("", count), ("look", count), ("mine", 1), ("ready", 1), ("stopped", 0)):
        with django_assert_num_queries(5):
            answer = client.get(URL, {"show": show})
        assert answer.content.count(b"<tr data-level") == min(shown, 100)


def test_worklist_of_a_hundred_dogs_is_at_most_ten_kilobytes(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    make_many(clinic, vet, 100)
    html = as_user(vet).get(URL).content
    assert len(gzip.compress(html)) <= 10 * 1024


def test_worklist_speaks_another_language_without_failing(as_user: AsUser, clinic: Clinic, vet: User) -> None:
    make_many(clinic, vet, 5)
    with override("es"):
        assert as_user(vet).get(URL, headers={"accept-language": "es"}).status_code == 200

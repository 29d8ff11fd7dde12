"""Outcome scores: only numbers of forms that may be kept, never overwritten, compared with what has been published."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditEvent, User
from rehab.lib.ids import new_id
from rehab.library.instruments import TOTAL, instruments, score_forms
from rehab.patients import score_wording as wording
from rehab.patients.models import OutcomeScore, Patient
from rehab.patients.scores import latest_scores, numbers_of, scores_of
from rehab.patients.scoring import (
    NotAScore,
    ScoreHasChanged,
    accepts,
    record_score,
    restore_score,
    withdraw_score,
)
from tests import make

SignIn = Callable[[User], Client]
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _at_that_time(now: dt.datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def url(patient: Patient) -> str:
    return reverse("patients:scores", args=[patient.pk])


def score(patient: Patient, by: User, key: str = "load", days: int = 0, **values: str | int) -> OutcomeScore:
    return record_score(
        patient=patient,
        form=score_forms()[key],
        values={code: Decimal(str(value)) for code, value in values.items()},
        day=make.TODAY - days * DAY,
        by=by,
        at=make.NOW - days * DAY,
    )


def text_of(answer: Any) -> str:
    return unescape(answer.content.decode())


# --- The content -------------------------------------------------------------------------------------------------


def test_only_forms_whose_licence_lets_a_number_be_kept_can_be_entered() -> None:
    assert {one.instrument.id for one in score_forms().values()} == {
        *("cbpi", "coi", "hcpi", "load", "genpup-m", "finfun", "cmps-sf"),
    }
    assert not {"olby", "tscis", "dms", "cornell-type-hrqol", "own-log"} & {
        one.instrument.id for one in score_forms().values()
    }
    # No form's text is there to be shown: names of numbers, and nothing as long as a question.
    labels = [number.label for one in score_forms().values() for number in one.numbers]
    assert max(map(len, labels)) < 30
    assert {one.instrument.licence for one in score_forms().values()} == set(wording.LICENCES)


@pytest.mark.parametrize(
    ("key", "code", "value", "accepted"),
    [
        ("load", TOTAL, "0", True),
        ("load", TOTAL, "52", True),
        ("load", TOTAL, "53", False),
        ("load", TOTAL, "-1", False),
        ("load", TOTAL, "20.5", False),
        ("hcpi", TOTAL, "44", True),
        ("hcpi", TOTAL, "45", False),
        ("cbpi", "pss", "3.25", True),
        ("cbpi", "pis", "10.01", False),
        ("cbpi", "pis", "3.255", False),
        ("finfun", TOTAL, "44", True),
        ("cmps-sf:of-24", TOTAL, "24", True),
        ("cmps-sf:of-20", TOTAL, "21", False),
        ("genpup-m", TOTAL, "108", True),
        ("genpup-m", TOTAL, "10001", False),
    ],
)
def test_number_is_within_the_published_range(key: str, code: str, value: str, accepted: bool) -> None:
    [number] = [one for one in score_forms()[key].numbers if one.code == code]
    assert accepts(number, Decimal(value)) is accepted


@pytest.mark.parametrize(
    ("instrument", "said"),
    [
        ("cbpi", "Published change: success = PSS down ≥ 1 and PIS down ≥ 2 [S51"),
        ("load", "Published change: -4 [S56]"),
        ("coi", "Published change: -14 after surgery"),
        ("genpup-m", "No published threshold"),
        ("hcpi", "No published threshold"),
        ("finfun", "No published threshold"),
        ("cmps-sf", "No published threshold"),
    ],
)
def test_published_change_is_said_with_its_source_or_that_there_is_none(instrument: str, said: str) -> None:
    assert wording.published(instruments()[instrument]).startswith(said)


@pytest.mark.parametrize(
    ("key", "first", "later", "said"),
    [
        ("load", {TOTAL: 30}, {TOTAL: 26}, "reaches the published one"),
        ("load", {TOTAL: 30}, {TOTAL: 27}, "does not reach"),
        ("load", {TOTAL: 30}, {TOTAL: 40}, "does not reach"),
        ("cbpi", {"pss": 5, "pis": 6}, {"pss": 4, "pis": 4}, "reaches the published one"),
        ("cbpi", {"pss": 5, "pis": 6}, {"pss": 4, "pis": 5}, "only a part"),
        ("cbpi", {"pss": 5, "pis": 6}, {"pss": 5, "pis": 6}, "does not reach"),
    ],
)
def test_change_is_weighed_against_the_published_one(
    key: str, first: dict[str, int], later: dict[str, int], said: str
) -> None:
    before, after = ({code: Decimal(value) for code, value in one.items()} for one in (first, later))
    assert said in wording.reached(before, after, score_forms()[key])


@pytest.mark.parametrize("key", ["coi", "hcpi", "genpup-m", "finfun", "cmps-sf:of-24"])
def test_nothing_is_weighed_where_no_one_number_was_published(key: str) -> None:
    assert wording.reached({TOTAL: Decimal(30)}, {TOTAL: Decimal(1)}, score_forms()[key]) == ""


# --- Keeping -----------------------------------------------------------------------------------------------------


def test_score_is_kept_with_one_audit_event(patient: Patient, therapist: User, now: dt.datetime) -> None:
    row = record_score(
        patient=patient,
        form=score_forms()["coi"],
        values={TOTAL: Decimal(30), "gait": Decimal("7.5"), "stiffness": Decimal(8)},
        version="2013, English",
        day=make.TODAY - DAY,
        source="Paper file 12",
        by=therapist,
        at=now,
    )
    stored = OutcomeScore.objects.get()
    assert stored == row
    assert (stored.instrument, stored.version, stored.source) == ("coi", "2013, English", "Paper file 12")
    assert (stored.total, stored.subscores) == (Decimal(30), {"gait": 7.5, "stiffness": 8})
    assert list(numbers_of(stored)) == [TOTAL, "stiffness", "gait"]
    assert (stored.recorded_by, stored.recorded_at, stored.clinic) == (therapist, now, patient.clinic)
    event = AuditEvent.objects.get(kind="patient.score_recorded")
    assert (event.actor, event.subject_id) == (therapist, row.pk)
    assert event.details == {"patient": str(patient.pk), "instrument": "coi", "day": row.day.isoformat()}


def test_form_without_a_total_shows_none(patient: Patient, vet: User) -> None:
    row = score(patient, vet, "cbpi", pss="4.25", pis="3")
    assert row.total == Decimal("4.25")
    assert [one.numbers for one in latest_scores(patient.pk)] == [
        "Pain severity (PSS) 4.25 of 10, Pain interference (PIS) 3 of 10"
    ]


@pytest.mark.parametrize(
    ("key", "values", "days"),
    [
        ("load", {}, 0),
        ("load", {TOTAL: 53}, 0),
        ("load", {TOTAL: 30, "pss": 3}, 0),
        ("cbpi", {"pss": 3}, 0),
        ("cbpi", {"pss": 3, "pis": 3, TOTAL: 6}, 0),
        ("load", {TOTAL: 30}, -1),
        ("load", {TOTAL: 30}, 400),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    patient: Patient, vet: User, key: str, values: dict[str, int], days: int
) -> None:
    patient.born_on = make.TODAY - 300 * DAY
    with pytest.raises(NotAScore):
        record_score(
            patient=patient,
            form=score_forms()[key],
            values={code: Decimal(value) for code, value in values.items()},
            day=make.TODAY - days * DAY,
            by=vet,
            at=make.NOW,
        )
    assert not OutcomeScore.objects.exists()
    assert not AuditEvent.objects.filter(kind__startswith="patient.score").exists()


def test_the_same_form_sent_twice_is_one_score(patient: Patient, vet: User) -> None:
    assert score(patient, vet, total=30) == score(patient, vet, total=30)
    assert AuditEvent.objects.filter(kind="patient.score_recorded").count() == 1
    score(patient, vet, total=31)
    assert OutcomeScore.objects.count() == 2


def test_correction_withdraws_and_writes_and_both_can_be_taken_back(
    patient: Patient, vet: User, therapist: User, now: dt.datetime
) -> None:
    old = score(patient, therapist, days=1, total=30)
    corrected = record_score(
        patient=patient,
        form=score_forms()["load"],
        values={TOTAL: Decimal(20)},
        day=old.day,
        by=vet,
        at=now,
        instead_of=old.pk,
    )
    old.refresh_from_db()
    assert (int(old.total), old.withdrawn_by, old.withdrawn_at) == (30, vet, now)
    assert list(OutcomeScore.objects.standing()) == [corrected]

    restore_score(patient=patient, pk=old.pk, by=therapist, at=now + DAY)
    assert list(OutcomeScore.objects.standing()) == [old]
    assert list(AuditEvent.objects.filter(kind__startswith="patient.score").values_list("kind", flat=True)) == [
        "patient.score_recorded",
        "patient.score_corrected",
        "patient.score_restored",
    ]


def test_score_that_was_corrected_twice_comes_back_alone(patient: Patient, vet: User, now: dt.datetime) -> None:
    first = score(patient, vet, total=30)
    row = first
    for hours, total in enumerate((31, 32), start=1):
        row = record_score(
            patient=patient,
            form=score_forms()["load"],
            values={TOTAL: Decimal(total)},
            day=row.day,
            by=vet,
            at=now + hours * HOUR,
            instead_of=row.pk,
        )
    restore_score(patient=patient, pk=first.pk, by=vet, at=now + DAY)
    assert list(OutcomeScore.objects.standing()) == [first]


def test_one_form_sent_twice_at_once_is_one_score(transactional_db: None, now: dt.datetime) -> None:
    clinic = make.make_clinic()
    vet = make.join(make.make_user("vet@example.test"), clinic, "vet")
    patient = make.make_patient(clinic, vet)
    ready = threading.Barrier(4)

    def send() -> None:
        try:
            ready.wait()
            score(patient, vet, total=30)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert OutcomeScore.objects.count() == 1


def test_withdrawn_score_is_not_withdrawn_or_corrected_again(patient: Patient, vet: User, now: dt.datetime) -> None:
    row = score(patient, vet, total=30)
    with pytest.raises(ScoreHasChanged):
        restore_score(patient=patient, pk=row.pk, by=vet, at=now)
    withdraw_score(patient=patient, pk=row.pk, by=vet, at=now)
    with pytest.raises(ScoreHasChanged):
        withdraw_score(patient=patient, pk=row.pk, by=vet, at=now)
    with pytest.raises(ScoreHasChanged):
        record_score(
            patient=patient,
            form=score_forms()["load"],
            values={TOTAL: Decimal(20)},
            day=row.day,
            by=vet,
            at=now,
            instead_of=row.pk,
        )
    assert not OutcomeScore.objects.standing().exists()


def test_the_familys_own_answers_are_not_the_clinics_to_withdraw(patient: Patient, vet: User, owner: User) -> None:
    theirs = OutcomeScore.objects.create(
        clinic=patient.clinic,
        patient=patient,
        instrument=OutcomeScore.CSOM,
        day=make.TODAY,
        total=3,
        subscores={"Walks": 3},
        recorded_by=owner,
        recorded_at=make.NOW,
    )
    with pytest.raises(OutcomeScore.DoesNotExist):
        withdraw_score(patient=patient, pk=theirs.pk, by=vet, at=make.NOW)


# --- Reading -----------------------------------------------------------------------------------------------------


def test_trend_is_newest_first_by_form_and_compares_with_the_first(patient: Patient, vet: User) -> None:
    for days, total in ((60, 30), (30, 27), (0, 25)):
        score(patient, vet, days=days, total=total)
    score(patient, vet, "cmps-sf:of-24", days=2, total=8)
    score(patient, vet, "cmps-sf:of-20", days=1, total=4)
    load, of_24, of_20 = scores_of(patient.pk).trends
    assert [(one.numbers, one.change) for one in load.scores] == [
        ("Total 25 of 52", "Total 5 lower"),
        ("Total 27 of 52", "Total 3 lower"),
        ("Total 30 of 52", ""),
    ]
    assert load.reached == "Since the first score, the change reaches the published one."
    # Two lengths of one form are never compared.
    assert [(one.name, len(one.scores), one.reached) for one in (of_24, of_20)] == [
        ("Glasgow acute pain scale, short form (of 24)", 1, ""),
        ("Glasgow acute pain scale, short form (of 20, without mobility)", 1, ""),
    ]


def test_latest_scores_are_the_newest_of_each_form_in_one_statement(
    patient: Patient, vet: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other = make.make_patient(patient.clinic, vet)
    score(other, vet, total=52)
    score(patient, vet, days=9, total=30)
    withdraw_score(patient=patient, pk=score(patient, vet, total=9).pk, by=vet, at=make.NOW)
    score(patient, vet, days=3, total=25)
    score(patient, vet, "hcpi", days=5, total=12)
    OutcomeScore.objects.create(
        clinic=patient.clinic,
        patient=patient,
        instrument=OutcomeScore.CSOM,
        day=make.TODAY,
        total=3,
        subscores={"Walks": 3, "Digs": 0, "Plays": 0},
        recorded_by=vet,
        recorded_at=make.NOW,
    )
    with django_assert_num_queries(1):
        found = latest_scores(patient.pk)
    assert [(one.name, one.numbers) for one in found] == [
        ("Activities of the dog’s own life", "3 of 12"),
        ("Liverpool Osteoarthritis in Dogs", "Total 25 of 52"),
        ("Helsinki Chronic Pain Index", "Total 12 of 44"),
    ]


# --- The page ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("persona", "status"),
    [
        ("vet", 200),
        ("therapist", 200),
        ("owner", 403),
        ("caregiver", 403),
        ("admin", 404),
        ("stranger", 404),
        ("outside_vet", 404),
    ],
)
def test_page_is_for_staff(
    persona: str, status: int, request: pytest.FixtureRequest, as_user: SignIn, patient: Patient, vet: User, url: str
) -> None:
    row = score(patient, vet, total=30)
    browser = as_user(request.getfixturevalue(persona))
    assert browser.get(url).status_code == status
    sent = {"form": "load", TOTAL: "20", "day": make.TODAY.isoformat()}
    assert browser.post(url, sent).status_code == (302 if status == 200 else status)
    withdraw = reverse("patients:score-withdraw", args=[patient.pk, row.pk])
    assert browser.post(withdraw).status_code == (302 if status == 200 else status)
    assert browser.get(withdraw).status_code == 405
    assert OutcomeScore.objects.standing().filter(pk=row.pk).exists() is (status != 200)


def test_chosen_form_asks_its_numbers_and_says_why_only_these(as_user: SignIn, vet: User, url: str) -> None:
    html = text_of(as_user(vet).get(url, {"form": "cbpi"}))
    for text in ('name="pss"', 'name="pis"', "never the form", "copyright D. Cimino Brown", "PSS down ≥ 1", "0 to 10"):
        assert text in html
    assert 'name="total"' not in html
    assert 'name="version"' not in text_of(as_user(vet).get(url, {"form": "cmps-sf:of-20"}))


def test_score_is_entered_listed_and_shown(as_user: SignIn, patient: Patient, vet: User, url: str) -> None:
    browser = as_user(vet)
    sent = {"form": "load", TOTAL: "21", "day": make.TODAY.isoformat(), "version": "2016", "source": "Folder 3"}
    answer = browser.post(url, sent)
    row = OutcomeScore.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{url}#score-{row.pk}")
    html = text_of(browser.get(url))
    for text in ("The score is recorded.", "Total 21 of 52", "2016", "Folder 3", "-4 [S56]", vet.get_full_name()):
        assert text in html
    assert "better" not in html.lower()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({TOTAL: "many"}, "Please enter a number."),
        ({TOTAL: "NaN"}, "Please enter a number."),
        ({TOTAL: "Infinity"}, "Please enter a number."),
        ({TOTAL: "1e1"}, "Please enter a number."),
        ({TOTAL: "1,000"}, "Please enter a number."),
        ({TOTAL: "20,5"}, "Please enter a whole number from 0 to 52."),
        ({TOTAL: "٢"}, "Please enter a number."),
        ({TOTAL: "53"}, "Please enter a whole number from 0 to 52."),
        ({TOTAL: "-3"}, "Please enter a whole number from 0 to 52."),
        ({TOTAL: "20.5"}, "Please enter a whole number from 0 to 52."),
        ({TOTAL: ""}, "This field is required."),
        ({"day": (make.TODAY + DAY).isoformat()}, "This day is still to come."),
        ({"day": "1980-01-01"}, "This day is before the dog was born."),
        ({"day": "yesterday"}, "Please enter a date, such as 2026-03-18."),
        ({"source": "x" * 256}, "at most 255 characters"),
        ({"form": "olby"}, "Choose one of the list."),
        ({"form": ""}, "Choose one of the list."),
    ],
)
def test_bad_input_is_said_clearly_and_what_was_typed_stays(
    as_user: SignIn, vet: User, url: str, changes: dict[str, str], said: str
) -> None:
    sent = {"form": "load", TOTAL: "21", "day": make.TODAY.isoformat(), "version": "Typed edition", "source": ""}
    answer = as_user(vet).post(url, {**sent, **changes})
    html = text_of(answer)
    assert answer.status_code == 422
    assert said in html
    assert ("Typed edition" in html) is ("form" not in changes)
    assert not OutcomeScore.objects.exists()


@pytest.mark.parametrize("typed", ["3,25", "3.25"])
def test_a_comma_is_a_decimal_point_in_every_language(
    as_user: SignIn, patient: Patient, vet: User, url: str, typed: str
) -> None:
    browser = as_user(vet)
    for language in ("es", "en"):
        sent = {"form": "cbpi", "pss": typed, "pis": "4", "day": make.TODAY.isoformat(), "source": language}
        assert browser.post(url, sent, headers={"Accept-Language": language}).status_code == 302
    assert {one.subscores["pss"] for one in OutcomeScore.objects.all()} == {3.25}


def test_unknown_form_in_the_address_is_said(as_user: SignIn, vet: User, url: str) -> None:
    answer = as_user(vet).get(url, {"form": "tscis"})
    assert answer.status_code == 422
    assert "Choose one of the list." in text_of(answer)


def test_correction_is_filled_in_and_refused_once_it_was_made(
    as_user: SignIn, patient: Patient, vet: User, url: str
) -> None:
    row, browser = score(patient, vet, total=30), as_user(vet)
    html = text_of(browser.get(url, {"correct": str(row.pk)}))
    assert 'value="30"' in html
    sent = {"form": "load", "correct": str(row.pk), TOTAL: "20", "day": make.TODAY.isoformat(), "source": "Typed"}
    assert browser.post(url, sent).status_code == 302
    again = browser.post(url, {**sent, TOTAL: "19"})
    assert again.status_code == 409
    assert "Typed" in text_of(again)
    assert "meanwhile" in text_of(again)
    assert [int(one.total) for one in OutcomeScore.objects.standing()] == [20]
    assert browser.get(url, {"correct": "no-key"}).status_code == 409


def test_withdrawn_score_is_put_back_from_the_page(as_user: SignIn, patient: Patient, vet: User, url: str) -> None:
    row, browser = score(patient, vet, total=30), as_user(vet)
    restore = reverse("patients:score-restore", args=[patient.pk, row.pk])
    browser.post(reverse("patients:score-withdraw", args=[patient.pk, row.pk]))
    assert restore in text_of(browser.get(url))
    assert "Somebody was faster" in text_of(
        browser.post(reverse("patients:score-withdraw", args=[patient.pk, row.pk]), follow=True)
    )
    assert browser.post(restore).status_code == 302
    assert list(OutcomeScore.objects.standing()) == [row]


def test_score_of_another_dog_is_not_found(as_user: SignIn, patient: Patient, vet: User, url: str) -> None:
    other = score(make.make_patient(patient.clinic, vet), vet, total=30)
    browser = as_user(vet)
    for name in ("patients:score-withdraw", "patients:score-restore"):
        assert browser.post(reverse(name, args=[patient.pk, other.pk])).status_code == 404
        assert browser.post(reverse(name, args=[patient.pk, new_id()])).status_code == 404
    sent = {"form": "load", "correct": str(other.pk), TOTAL: "20", "day": make.TODAY.isoformat()}
    assert browser.post(url, sent).status_code == 409
    assert list(OutcomeScore.objects.standing()) == [other]


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_six_statements_and_shows_the_familys_answers(
    as_user: SignIn,
    patient: Patient,
    vet: User,
    owner: User,
    url: str,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    definition = make.make_definition(patient, vet)
    for days in range(count):
        score(patient, vet, days=days, total=30 - days)
        withdraw_score(patient=patient, pk=score(patient, vet, "hcpi", days=days, total=3).pk, by=vet, at=make.NOW)
    OutcomeScore.objects.create(
        clinic=patient.clinic,
        patient=patient,
        instrument=OutcomeScore.CSOM,
        day=make.TODAY,
        total=3,
        subscores={one["text"]: 1 for one in definition.activities},
        recorded_by=owner,
        recorded_at=make.NOW,
    )
    browser = as_user(vet)
    with django_assert_num_queries(6):
        html = text_of(browser.get(url))
    for text in ("6 of 12", "3 of 12", owner.get_full_name(), "Examination"):
        assert text in html

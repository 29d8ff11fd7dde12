"""A warning sign stops the exercises: the clinic reads it first, and only a vet lets them go on."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.access import Role
from accounts.models import AuditEvent, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.attention import Code
from rehab.guidance.models import PatientSummary
from rehab.guidance.releasing import (
    AlreadyReleasedError,
    NewStopError,
    NoReasonError,
    NotAVetError,
    release_stop,
)
from rehab.patients.models import Patient
from rehab.programs.models import Program
from rehab.sessions.models import Release, WarningReport
from tests import make
from tests.make import NOW
from tests.sessions.reporting import report

VET = frozenset({Role.VET})
HOUR = dt.timedelta(hours=1)
AsUser = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).strip()


def page_of(patient: Patient) -> str:
    return reverse("guidance:patient", args=[patient.pk])


def url(patient: Patient) -> str:
    return reverse("guidance:release", args=[patient.pk])


def stopping(patient: Patient) -> list[WarningReport]:
    return list(WarningReport.objects.filter(patient=patient).stopping())


def release(patient: Patient, by: User, *seen: WarningReport, **changes: Any) -> list[Release]:
    said = {"roles": VET, "reason": "Examined: walks again", "at": NOW, **changes}
    return release_stop(patient=patient, seen=[one.pk for one in seen], by=by, **said)


# --- The action ------------------------------------------------------------------------------------------------


def test_release_keeps_who_when_and_why_with_its_audit_event(patient: Patient, vet: User, owner: User) -> None:
    first, second = report(patient, owner, "RF13"), report(patient, owner, "RF01", at=NOW + HOUR)
    release(patient, vet, first, second, reason=" Examined ", at=NOW + 2 * HOUR)
    assert stopping(patient) == []
    rows = Release.objects.order_by("report__done_at").values_list("report", "released_by", "released_at", "reason")
    assert list(rows) == [(one.pk, vet.pk, NOW + 2 * HOUR, "Examined") for one in (first, second)]
    event = AuditEvent.objects.get(kind="stop.released")
    assert (event.actor, event.subject_id, event.at) == (vet, patient.pk, NOW + 2 * HOUR)
    assert event.details == {"reports": [str(first.pk), str(second.pk)]}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"roles": frozenset({Role.THERAPIST})}, NotAVetError),
        ({"roles": frozenset({Role.OWNER, Role.THERAPIST})}, NotAVetError),
        ({"reason": "  "}, NoReasonError),
    ],
)
def test_refused_release_writes_nothing(
    patient: Patient, vet: User, owner: User, changes: dict[str, Any], error: type[Exception]
) -> None:
    stop = report(patient, owner, "RF01")
    with pytest.raises(error):
        release(patient, vet, stop, **changes)
    assert stopping(patient) == [stop]
    assert not AuditEvent.objects.filter(kind="stop.released").exists()


def test_second_release_finds_nothing_to_release(patient: Patient, vet: User, colleague: User, owner: User) -> None:
    stop = report(patient, owner, "RF01")
    release(patient, vet, stop)
    with pytest.raises(AlreadyReleasedError):
        release(patient, colleague, stop)
    assert Release.objects.get().released_by == vet


def test_check_that_nobody_has_seen_is_not_released(patient: Patient, vet: User, owner: User) -> None:
    seen = report(patient, owner, "RF13")
    unseen = report(patient, owner, "RF01", at=NOW + HOUR)
    with pytest.raises(NewStopError):
        release(patient, vet, seen)
    assert set(stopping(patient)) == {seen, unseen}


def test_new_sign_after_a_release_stops_anew_and_what_was_known_does_not(
    patient: Patient, vet: User, owner: User
) -> None:
    stop = report(patient, owner, unaided_steps=4)
    release(patient, vet, stop, at=NOW + HOUR)
    report(patient, owner, unaided_steps=4, at=NOW + 2 * HOUR)
    assert stopping(patient) == []
    worse = report(patient, owner, unaided_steps=2, at=NOW + 3 * HOUR)
    assert stopping(patient) == [worse]


def test_sign_for_the_review_stops_nothing_and_a_clean_check_clears_nothing(patient: Patient, owner: User) -> None:
    report(patient, owner, "RF29")
    assert stopping(patient) == []
    stop = report(patient, owner, "RF16")
    report(patient, owner, at=NOW + HOUR)
    assert stopping(patient) == [stop]


# --- The dog's page --------------------------------------------------------------------------------------------


def test_page_tells_the_signs_the_answers_and_who_said_it_when(
    as_user: AsUser, patient: Patient, vet: User, owner: User, program: Program
) -> None:
    report(
        patient,
        owner,
        "RF06",
        at=NOW,
        done_at=NOW - HOUR,
        unaided_steps=4,
        knuckling="often",
        standing_s=20,
        urination="normal",
    )
    text = text_of(as_user(vet).get(page_of(patient)))
    for said in (
        "A warning sign has stopped the exercises",
        "Suddenly cannot stand or walk on the back legs (or all four)",
        "Severe pain: screaming, cannot settle",
        "Steps in a row: 4",
        "Wobble or knuckling: Often",
        "Stands: 20 seconds",
        "Grade 3 suspected; only a vet sets the grade.",
        "Checked by Olga Ruiz, today",
        "The exercises are stopped on the family’s phones until a vet releases them.",
        "Release the exercises",
    ):
        assert said in text, said
    assert text.index("A warning sign has stopped") < text.index("Last pain")


def test_therapist_reads_it_and_may_not_release(
    as_user: AsUser, patient: Patient, therapist: User, owner: User
) -> None:
    stop = report(patient, owner, "RF01")
    client = as_user(therapist)
    text = text_of(client.get(page_of(patient)))
    assert "A warning sign has stopped the exercises" in text
    assert "Release the exercises" not in text
    assert client.get(url(patient)).status_code == 403
    assert client.post(url(patient), {"reason": "Fine", "report": str(stop.pk)}).status_code == 403
    assert stopping(patient) == [stop]


def test_calm_page_has_no_notice(as_user: AsUser, patient: Patient, vet: User, owner: User) -> None:
    report(patient, owner, "RF29")
    assert "has stopped the exercises" not in text_of(as_user(vet).get(page_of(patient)))


@pytest.mark.parametrize("count", [1, 3])
def test_many_stops_cost_the_page_no_more_than_one(
    as_user: AsUser,
    patient: Patient,
    vet: User,
    owner: User,
    program: Program,
    django_assert_num_queries: Callable[[int], Any],
    count: int,
) -> None:
    for hours in range(count):
        report(patient, owner, "RF01", unaided_steps=3, at=NOW - hours * HOUR)
    client = as_user(vet)
    with django_assert_num_queries(31):
        client.get(page_of(patient))


# --- The page of the release -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("persona", "status"),
    [("vet", 200), ("colleague", 200), ("therapist", 403), ("owner", 403), ("admin", 404), ("outside_vet", 404)],
)
def test_release_page_is_for_vets(
    request: pytest.FixtureRequest, as_user: AsUser, patient: Patient, owner: User, persona: str, status: int
) -> None:
    report(patient, owner, "RF01")
    assert as_user(request.getfixturevalue(persona)).get(url(patient)).status_code == status


def test_vet_releases_with_a_reason(as_user: AsUser, patient: Patient, vet: User, owner: User) -> None:
    stop = report(patient, owner, "RF01")
    client = as_user(vet)
    assert f'name="report" value="{stop.pk}"' in client.get(url(patient)).content.decode()
    answer = client.post(url(patient), {"reason": "", "report": str(stop.pk)})
    assert answer.status_code == 422
    assert stopping(patient) == [stop]
    answer = client.post(url(patient), {"reason": "Examined", "report": str(stop.pk)}, follow=True)
    text = text_of(answer)
    assert "Released. Bruno’s exercises go on as planned." in text
    assert "has stopped the exercises" not in text
    assert Release.objects.get().reason == "Examined"


def test_release_page_is_honest_about_what_happened_meanwhile(
    as_user: AsUser, patient: Patient, vet: User, colleague: User, owner: User
) -> None:
    stop = report(patient, owner, "RF16")
    newer = report(patient, owner, "RF01", at=NOW + HOUR)
    client = as_user(vet)
    answer = client.post(url(patient), {"reason": "Examined the skin", "report": str(stop.pk)})
    assert answer.status_code == 409
    assert "Nothing was released. Look at all of it first." in text_of(answer)
    assert "Examined the skin" in answer.content.decode()
    assert f'value="{newer.pk}"' in answer.content.decode()
    release(patient, colleague, stop, newer)
    answer = client.post(url(patient), {"reason": "Examined", "report": [str(stop.pk), str(newer.pk)]})
    assert answer.status_code == 409
    assert "Nothing stops Bruno’s exercises. If a warning sign did, somebody has released them already." in text_of(
        answer
    )
    assert set(Release.objects.values_list("released_by", flat=True)) == {colleague.pk}


# --- The list --------------------------------------------------------------------------------------------------


def test_stopped_dog_comes_first_and_the_list_follows_reports_and_releases(
    as_user: AsUser, patient: Patient, clinic: Any, vet: User, owner: User
) -> None:
    hurting = make.make_patient(clinic, vet, owner=owner, name="Hurts")
    make.make_program(hurting, vet, exercises=[])
    make.make_pain(hurting, make.TODAY, "before", 10, by=owner)
    make.make_program(patient, vet, exercises=[])
    refresh_summaries(at=NOW)
    stop = report(patient, owner, "RF01", "RF06", at=NOW)
    refresh_summaries(at=NOW + dt.timedelta(seconds=1))
    summary = PatientSummary.objects.get(patient=patient)
    assert (summary.attention, summary.reasons[0]["code"]) == (100, Code.WARNING_SIGN)
    text = text_of(as_user(vet).get(reverse("guidance:worklist")))
    assert text.index("Bruno") < text.index("Hurts")
    assert (
        "Suddenly cannot stand or walk on the back legs (or all four), and 1 more (today). The exercises are stopped."
        in text
    )
    release(patient, vet, stop, at=NOW + 2 * HOUR)
    refresh_summaries(at=NOW + 2 * HOUR)
    summary.refresh_from_db()
    assert Code.WARNING_SIGN not in {reason["code"] for reason in summary.reasons}

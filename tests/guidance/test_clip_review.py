"""A family filmed how it goes: the clinic finds it, answers once, and the family reads who said what."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from accounts.access import Role
from accounts.models import AuditEvent, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.attention import Code
from rehab.guidance.models import PatientSummary
from rehab.guidance.queries.clips import PAGE, Place
from rehab.guidance.reviewing import (
    AlreadyReviewedError,
    NotPreparedError,
    NotReadyError,
    NotStaffError,
    review_clip,
)
from rehab.library.models import Media
from rehab.library.preparing import ATTEMPTS, prepare_next
from rehab.patients.models import Patient
from rehab.programs.models import Prescription, Program
from rehab.sessions.models import Clip, ClipReview
from rehab.sessions.queries.clips import unreadable_since
from tests import make
from tests.make import NOW
from tests.sessions.filming import make_clip

AsUser = Callable[[User], Client]
VET = frozenset({Role.VET})
GOOD, CHANGE = ClipReview.Verdict.GOOD, ClipReview.Verdict.CHANGE
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def item(program: Program) -> Prescription:
    found: Prescription = program.prescriptions.get(position=0)
    return found


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).strip()


def url(patient: Patient) -> str:
    return reverse("guidance:clips", args=[patient.pk])


def post(browser: Client, clip: Clip, verdict: str, text: str = "") -> Any:
    return browser.post(reverse("guidance:clip-review", args=[clip.pk]), {"verdict": verdict, "text": text})


def review(clip: Clip, by: User, verdict: ClipReview.Verdict = GOOD, text: str = "", **changes: Any) -> ClipReview:
    said = {"roles": VET, "at": NOW, **changes}
    return review_clip(clip=clip, verdict=verdict, text=text, by=by, **said)


def shown(answer: Any) -> list[str]:
    return re.findall(r'<li class="card stack-s clip" id="clip-([0-9a-f-]+)"', answer.content.decode())


def prepared(clip: Clip) -> None:
    """What waits to be prepared is there now."""
    Media.objects.filter(clip=clip).update(state=Media.State.READY, file="made", content_type="image/webp", upload="")


def reasons(patient: Patient) -> list[dict[str, Any]]:
    refresh_summaries(at=NOW + HOUR)
    found: list[dict[str, Any]] = PatientSummary.objects.get(patient=patient).reasons
    return [one for one in found if one["code"] == Code.CLIP_WAITING]


# --- The action ------------------------------------------------------------------------------------------------


def test_answer_keeps_who_and_what_with_its_audit_event(owner: User, vet: User, item: Prescription) -> None:
    clip = make_clip(item, owner)
    review(clip, vet, CHANGE, "Stand closer")
    found = ClipReview.objects.get()
    assert (found.clip_id, found.verdict, found.text, found.reviewed_by, found.reviewed_at) == (
        *(clip.pk, "change", "Stand closer", vet, NOW),
    )
    assert (found.patient_id, found.clinic_id) == (clip.patient_id, clip.clinic_id)
    event = AuditEvent.objects.get(kind="clip.reviewed")
    assert (event.actor, event.subject_id, event.details) == (vet, clip.pk, {"verdict": "change"})


def test_later_answer_of_somebody_else_is_refused(owner: User, vet: User, colleague: User, item: Prescription) -> None:
    clip = make_clip(item, owner)
    first = review(clip, vet)
    with pytest.raises(AlreadyReviewedError) as refused:
        review(clip, colleague, CHANGE, "Hold longer")
    assert refused.value.review == first
    assert (ClipReview.objects.get().verdict, AuditEvent.objects.filter(kind="clip.reviewed").count()) == ("good", 1)


def test_own_answer_changes_on_the_same_day_only(owner: User, vet: User, item: Prescription) -> None:
    clip = make_clip(item, owner)
    review(clip, vet)
    review(clip, vet, at=NOW + HOUR)  # the same button, twice
    review(clip, vet, CHANGE, "Hold longer", at=NOW + HOUR)
    assert (ClipReview.objects.get().verdict, ClipReview.objects.get().reviewed_at) == ("change", NOW + HOUR)
    details = [event.details for event in AuditEvent.objects.filter(kind="clip.reviewed").order_by("at")]
    assert details == [{"verdict": "good"}, {"verdict": "change", "instead_of": {"verdict": "good", "text": ""}}]
    with pytest.raises(AlreadyReviewedError):
        review(clip, vet, at=NOW + DAY)


def test_only_staff_answer_what_can_be_seen(owner: User, vet: User, item: Prescription) -> None:
    with pytest.raises(NotStaffError):
        review(make_clip(item, owner), owner, roles=frozenset({Role.OWNER}))
    with pytest.raises(NotReadyError):
        review(make_clip(item, owner, state="failed"), vet)
    with pytest.raises(NotPreparedError):
        review(make_clip(item, owner, state="waiting"), vet)
    assert not ClipReview.objects.exists()


# --- The pages -------------------------------------------------------------------------------------------------


def test_vet_finds_the_clip_answers_it_and_the_family_reads_it(
    as_user: AsUser, owner: User, vet: User, therapist: User, item: Prescription, patient: Patient
) -> None:
    first, second = make_clip(item, owner, at=NOW - DAY), make_clip(item, owner, kind="clip", at=NOW)
    assert "Clips (2 waiting)" in text_of(as_user(vet).get(reverse("guidance:patient", args=[patient.pk])))
    assert shown(as_user(vet).get(url(patient))) == [str(second.pk), str(first.pk)]
    answer = post(as_user(vet), first, "good")
    assert (answer.status_code, answer.headers["Location"]) == (302, url(patient))
    post(as_user(therapist), second, "change", "Hold his hips.")
    page = as_user(vet).get(reverse("guidance:patient", args=[patient.pk]))
    assert "waiting)" not in text_of(page)
    home = text_of(as_user(owner).get(reverse("sessions:exercise", args=[patient.pk, item.pk])))
    assert "Tom Reyes: change this Hold his hips." in home
    assert "Dr. Vera Lind: good" in home


def test_a_change_without_words_is_asked_for_them(as_user: AsUser, owner: User, vet: User, item: Prescription) -> None:
    clip = make_clip(item, owner)
    for text in ("", "   "):
        answer = post(as_user(vet), clip, "change", text)
        assert answer.status_code == 422
        assert "Say what the family should do differently." in text_of(answer)
    answer = post(as_user(vet), clip, "change", "x" * 1001)
    assert (answer.status_code, "x" * 1001 in answer.content.decode()) == (422, True)
    assert post(as_user(vet), clip, "perhaps").status_code == 422
    assert not ClipReview.objects.exists()


def test_second_answer_is_told_about_the_first(
    as_user: AsUser, owner: User, vet: User, colleague: User, item: Prescription
) -> None:
    clip = make_clip(item, owner)
    post(as_user(vet), clip, "good")
    answer = post(as_user(colleague), clip, "change", "Hold longer")
    assert answer.status_code == 409
    text = text_of(answer)
    assert "Dr. Vera Lind has answered it already. Your answer was not saved." in text
    assert "You wrote: “Hold longer”" in text
    assert ClipReview.objects.get().verdict == "good"


def test_a_file_that_could_not_be_read_is_not_answered(
    as_user: AsUser, owner: User, vet: User, item: Prescription, patient: Patient
) -> None:
    clip = make_clip(item, owner, state="failed")
    page = as_user(vet).get(url(patient))
    assert "The family was told: This file is damaged" in text_of(page)
    assert 'name="verdict"' not in page.content.decode()
    assert post(as_user(vet), clip, "good").status_code == 302
    assert not ClipReview.objects.exists()


def test_a_file_that_is_still_being_prepared_is_answered_once_it_can_be_seen(
    as_user: AsUser, owner: User, vet: User, item: Prescription, patient: Patient
) -> None:
    clip = make_clip(item, owner, state="waiting")
    page = as_user(vet).get(url(patient))
    assert "It is being prepared." in text_of(page)
    assert 'name="verdict"' not in page.content.decode()
    assert [line.can_answer for line in page.context["page"].lines] == [False]
    refused = as_user(vet).post(
        reverse("guidance:clip-review", args=[clip.pk]), {"verdict": "good", "text": ""}, follow=True
    )
    assert "This file is still being prepared. Answer once you can see it." in text_of(refused)
    assert not ClipReview.objects.exists()
    prepared(clip)
    assert post(as_user(vet), clip, "good").status_code == 302
    assert ClipReview.objects.get().verdict == "good"


def test_list_goes_on_behind_its_last_line(
    as_user: AsUser, owner: User, vet: User, item: Prescription, patient: Patient
) -> None:
    answered = [make_clip(item, owner, at=NOW - number * HOUR) for number in range(PAGE)]
    for clip in answered:
        review(clip, vet)
    waiting = [make_clip(item, owner, at=NOW - DAY - number * HOUR) for number in range(PAGE + 2)]
    browser, address, pages = as_user(vet), url(patient), []
    while address:
        answer = browser.get(address)
        pages.append(shown(answer))
        # What comes in meanwhile moves nothing.
        make_clip(item, owner, at=NOW + HOUR)
        found = re.search(r'href="([^"]+\?after=[^"]+)"', answer.content.decode())
        address = unescape(found[1]) if found else ""
    assert [key for page in pages for key in page] == [str(clip.pk) for clip in (*waiting, *answered)]
    assert [len(page) for page in pages] == [PAGE, PAGE, 2]
    assert shown(browser.get(url(patient) + "?after=nonsense"))[0] == str(
        Clip.objects.order_by("-created_at", "-pk")[0].pk
    )


@pytest.mark.parametrize("text", ["", "_", "2_2026-03-18T17:00:00Z_x", "0_2026-03-18T17:00:00_" + "0" * 32, "0_x_y"])
def test_no_place_is_the_beginning(text: str) -> None:
    assert Place.read(text) is None


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_the_same_for_any_number(
    as_user: AsUser, owner: User, vet: User, item: Prescription, patient: Patient, count: int
) -> None:
    for number in range(count):
        review(make_clip(item, owner, at=NOW - number * HOUR), vet)
    browser = as_user(vet)
    browser.get(url(patient))
    with CaptureQueriesContext(connection) as queries:
        assert len(shown(browser.get(url(patient)))) == count
    assert len(queries) == 4  # session, person, dog, clips


def test_only_the_clinic_answers(
    as_user: AsUser, owner: User, stranger: User, outside_vet: User, admin: User, item: Prescription, patient: Patient
) -> None:
    clip = make_clip(item, owner)
    for user, status in ((owner, 403), (stranger, 404), (outside_vet, 404), (admin, 404)):
        assert as_user(user).get(url(patient)).status_code == status
        assert post(as_user(user), clip, "good").status_code == status
    assert not ClipReview.objects.exists()
    unfinished = make_clip(item, owner, media=None, completed_at=None, received=1)
    assert post(as_user(make.join(make.make_user(), item.clinic, "vet")), unfinished, "good").status_code == 404


# --- The list of dogs -------------------------------------------------------------------------------------------


def test_waiting_clips_bring_the_dog_up_until_they_are_answered(
    owner: User, vet: User, item: Prescription, patient: Patient, clock: Any
) -> None:
    refresh_summaries(at=NOW)
    clips = [make_clip(item, owner, at=NOW + HOUR / 2), make_clip(item, owner, at=NOW + HOUR / 2, state="waiting")]
    make_clip(item, owner, at=NOW + HOUR / 2, state="failed")
    make_clip(item, owner, media=None, completed_at=None, received=1, at=NOW + HOUR / 2)
    assert reasons(patient) == [
        {"code": "clip_waiting", "severity": 52, "numbers": {"count": 2, "on": make.TODAY.isoformat()}}
    ]
    prepared(clips[1])
    for clip in clips:
        review(clip, vet, at=NOW + HOUR)
    assert reasons(patient) == []


@pytest.mark.parametrize("minutes", [0, 5])
def test_a_clip_that_turns_out_to_be_unreadable_waits_no_longer(
    owner: User, item: Prescription, patient: Patient, minutes: int
) -> None:
    """It was tried for some minutes; what is recorded is when that began, and the list was looked at in between."""
    refresh_summaries(at=NOW)
    clip = make_clip(item, owner, at=NOW + HOUR / 2, state="waiting")
    Media.objects.filter(clip=clip).update(upload="uploads/gone.part", content_type=f"{ATTEMPTS - 1} 0")
    assert [one["numbers"]["count"] for one in reasons(patient)] == [1]
    began = NOW + HOUR + dt.timedelta(minutes=2)
    assert prepare_next(at=began - dt.timedelta(minutes=minutes))
    clip.refresh_from_db()
    assert clip.is_unreadable
    assert refresh_summaries(at=began) == 1
    found = PatientSummary.objects.get(patient=patient).reasons
    assert [one for one in found if one["code"] == Code.CLIP_WAITING] == []
    # Not again and again: an hour later nothing about it is new.
    refresh_summaries(at=began + HOUR)
    assert refresh_summaries(at=began + HOUR) == 0


def test_nobody_elses_dog_is_weighed_up_anew(owner: User, item: Prescription, patient: Patient) -> None:
    make_clip(item, owner, at=NOW - DAY, state="failed")
    make_clip(item, owner, at=NOW - 2 * DAY, state="ready")
    assert list(unreadable_since(NOW)) == []

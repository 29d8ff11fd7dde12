"""A dog has died: everything stops at once, nothing is sent or asked any more, and the record stays."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from accounts.access import Role
from accounts.models import AuditEvent, Clinic, User
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.alerting.acknowledging import acknowledge
from rehab.guidance.alerting.delivering import deliver_alerts
from rehab.guidance.alerting.escalating import escalate
from rehab.guidance.alerting.raising import raise_alerts
from rehab.guidance.farewell import (
    NeverSaidError,
    NotThatDayError,
    NotYoursToSayError,
    SaidAlreadyError,
    say_farewell,
    take_back_farewell,
)
from rehab.guidance.models import Alert, AlertDelivery, AlertStep, Evaluation, PatientSummary, Suggestion
from rehab.guidance.releasing import release_stop
from rehab.lib.ids import new_id
from rehab.library.models import Media
from rehab.patients.actions import HasDied, invite_caregiver, sign_definition
from rehab.patients.models import Patient
from rehab.programs.actions import Item, NotAllowed, assign_program
from rehab.programs.dose import Dose
from rehab.programs.models import Checkpoint, Decision, Episode, Prescription, Program
from rehab.sessions.models import Clip, PerformedExercise, WarningReport
from tests import make
from tests.guidance.responses import answer_days, evaluated, make_answering_dog
from tests.make import NOW, TODAY
from tests.sessions.reporting import report

AsUser = Callable[[User], Client]
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
OWNER = frozenset({Role.OWNER})


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def say(patient: Patient, by: User, **said: Any) -> Patient:
    values: dict[str, Any] = {"died_on": TODAY - DAY, "roles": OWNER, "at": NOW, **said}
    return say_farewell(patient=patient, by=by, **values)


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))).strip()


def today_of(patient: Patient) -> str:
    return reverse("sessions:today", args=[patient.pk])


# --- Who, and which day ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        ({Role.OWNER}, True),
        ({Role.VET}, True),
        ({Role.THERAPIST}, True),
        ({Role.CAREGIVER}, False),
        ({Role.ADMIN}, False),
    ],
)
def test_owner_and_clinic_may_say_it(patient: Patient, owner: User, roles: set[Role], may: bool) -> None:
    if may:
        assert say(patient, owner, roles=frozenset(roles)).died_on == TODAY - DAY
        event = AuditEvent.objects.get(kind="farewell.said")
        assert (event.actor, event.subject_id, event.details) == (owner, patient.pk, {"died_on": "2026-03-17"})
        return
    with pytest.raises(NotYoursToSayError):
        say(patient, owner, roles=frozenset(roles))
    patient.refresh_from_db()
    assert patient.died_on is None


@pytest.mark.parametrize(("died_on", "is_refused"), [(TODAY + DAY, True), (TODAY, False), (TODAY - 9 * DAY, True)])
def test_day_lies_within_the_dogs_life(patient: Patient, owner: User, died_on: dt.date, is_refused: bool) -> None:
    Patient.objects.filter(pk=patient.pk).update(born_on=TODAY - 8 * DAY)
    if not is_refused:
        assert say(patient, owner, died_on=died_on).died_on == died_on
        return
    with pytest.raises(NotThatDayError):
        say(patient, owner, died_on=died_on)


def test_second_who_says_it_learns_the_day_that_stands(patient: Patient, owner: User, vet: User) -> None:
    say(patient, owner)
    with pytest.raises(SaidAlreadyError) as refused:
        say(patient, vet, died_on=TODAY, roles=frozenset({Role.VET}))
    assert refused.value.died_on == TODAY - DAY
    assert AuditEvent.objects.filter(kind="farewell.said").count() == 1


# --- Everything stops --------------------------------------------------------------------------------------------


def test_program_ends_by_a_decision_and_nothing_was_missed_since(
    patient: Patient, owner: User, program: Program
) -> None:
    say(patient, owner)
    program.refresh_from_db()
    assert program.ended_at == NOW
    decision = program.decisions.get(kind=Decision.Kind.END)
    assert (decision.decided_by, decision.reason, decision.effective_on) == (owner, "The dog has died.", TODAY - DAY)
    assert set(Prescription.objects.filter(program=program).values_list("ends_on", flat=True)) == {TODAY - DAY}


def test_suggestions_and_checkpoints_end(patient: Patient, owner: User, vet: User) -> None:
    program = make_answering_dog(patient, vet)
    answer_days(program)
    evaluated(program)
    episode = Episode.objects.create(
        clinic=patient.clinic, patient=patient, number=1, because="first", opened_on=TODAY, opened_at=NOW
    )
    Checkpoint.objects.create(clinic=patient.clinic, patient=patient, episode=episode, month=1, due_on=TODAY)
    say(patient, owner)
    rows = Suggestion.objects.filter(patient=patient).values_list("outcome", "withdrawn_because", "closed_at")
    assert set(rows) == {("withdrawn", "ended", NOW)}
    assert list(Checkpoint.objects.values_list("state", flat=True)) == ["cancelled"]


def test_alerts_close_without_anybody_having_taken_them_over(
    patient: Patient, owner: User, program: Program, vet: User, mailoutbox: list[EmailMessage]
) -> None:
    stop = report(patient, owner, "RF01", at=NOW - HOUR)
    raise_alerts(at=NOW - HOUR)
    assert AlertDelivery.objects.filter(state="planned").count() == 1
    say(patient, owner)
    alert = Alert.objects.get()
    assert (alert.cleared_at, alert.cleared_by, alert.clear_reason) == (NOW, owner, "The dog has died.")
    assert alert.escalate_at is None
    stop.refresh_from_db()
    assert (stop.acknowledged_at, stop.acknowledged_by, stop.seen_at) == (None, None, None)
    assert list(AlertDelivery.objects.values_list("state", "outcome", "finished_at")) == [("dropped", "", NOW)]
    assert list(AlertStep.objects.order_by("at", "pk").values_list("kind", flat=True)) == ["raised", "cleared"]
    assert [escalate(at=NOW + DAY), deliver_alerts(at=NOW + DAY), mailoutbox] == [0, False, []]
    # Only a vet releases a stop; nobody has.
    assert WarningReport.objects.stopping().count() == 1


def test_answers_that_a_phone_still_holds_are_kept_and_raise_nothing(
    as_user: AsUser, patient: Patient, owner: User, program: Program, mailoutbox: list[EmailMessage]
) -> None:
    item = program.prescriptions.order_by("position").first()
    assert item is not None
    say(patient, owner)
    command = {
        "id": str(new_id()),
        "kind": "tick",
        "patient": str(patient.pk),
        "payload": {"prescription": str(item.pk), "slot": 1},
        "day": str(TODAY - DAY),
        "done_at": (NOW - DAY).isoformat(),
        "time_zone": "UTC",
    }
    answer = as_user(owner).post(reverse("api:commands"), json.dumps([command]), content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert [one["outcome"] for one in answer.json()["answers"]] == ["applied"], answer.content
    assert PerformedExercise.objects.filter(patient=patient).count() == 1
    report(patient, owner, "RF01", at=NOW + MINUTE)
    assert raise_alerts(at=NOW + 2 * MINUTE) == 0
    assert (Alert.objects.count(), mailoutbox) == (0, [])


def test_alert_raised_in_the_same_moment_tells_nobody(
    patient: Patient, owner: User, program: Program, vet: User, mailoutbox: list[EmailMessage]
) -> None:
    report(patient, owner, "RF01", at=NOW)
    raise_alerts(at=NOW)
    Patient.objects.filter(pk=patient.pk).update(died_on=TODAY)
    deliver_alerts(at=NOW + MINUTE)
    assert escalate(at=NOW + DAY) == 0
    assert mailoutbox == []
    assert list(AlertDelivery.objects.values_list("state", "outcome")) == [("dropped", "")]


def test_rules_weigh_it_no_more_and_the_list_is_without_it(
    as_user: AsUser, patient: Patient, owner: User, vet: User, program: Program, clinic: Clinic
) -> None:
    other = make.make_patient(clinic, vet, name="Luna")
    make.make_pain(patient, TODAY, "before", 9)
    refresh_summaries(at=NOW)
    before = Evaluation.objects.get(patient=patient).evaluated_at
    say(patient, owner)
    summary = PatientSummary.objects.get(patient=patient)
    assert (summary.attention, summary.reasons) == (0, [])
    make.make_pain(patient, TODAY, "after", 9)
    refresh_summaries(at=NOW + DAY)
    refresh_summaries(at=NOW + DAY, patient_ids=[patient.pk])
    assert Evaluation.objects.get(patient=patient).evaluated_at == before
    summary.refresh_from_db()
    assert (summary.reasons, summary.refreshed_at) == ([], NOW)
    assert PatientSummary.objects.get(patient=other).as_of == TODAY + DAY

    client, url = as_user(vet), reverse("guidance:worklist")
    text = text_of(client.get(url))
    assert "Bruno" not in text
    assert "All 1" in text
    for asked in ({"q": "Bruno"}, {"show": "gone"}):
        text = text_of(client.get(url, asked))
        assert "Bruno" in text
        assert "Died 17 Mar 2026" in text
        assert "Luna" not in text
    for show in ("look", "stopped", "mine", "ready"):
        assert "Bruno" not in text_of(client.get(url, {"show": show}))


def test_nothing_new_is_signed_assigned_or_shared(
    as_user: AsUser, patient: Patient, owner: User, vet: User, program: Program
) -> None:
    draft = make.make_definition(patient, vet, signed=False)
    signed = program.definition
    say(patient, owner)
    sentence = "Bruno died on 17 Mar 2026. Nothing new is signed, assigned or asked any more; the record stays."
    with pytest.raises(HasDied):
        sign_definition(definition=draft, by=vet, at=NOW)
    with pytest.raises(HasDied):
        invite_caregiver(patient=Patient.objects.get(), email="", relation="caregiver", by=vet, at=NOW)
    with pytest.raises(NotAllowed) as refused:
        assign_program(
            definition=signed,
            protocol_phase=None,
            items=[Item(exercise=make.make_exercise(), dose=Dose.from_json({"sets": 1, "reps": 5, "per_day": 1}))],
            starts_on=TODAY,
            by=vet,
            roles=frozenset({Role.VET}),
            at=NOW,
        )
    assert refused.value.reasons == [sentence]
    client = as_user(vet)
    assert sentence in text_of(client.get(reverse("programs:program-assign", args=[patient.pk])))
    for url, data in (
        (reverse("programs:definition-sign", args=[draft.pk]), {}),
        (
            reverse("patients:caregiver-invite", args=[patient.pk]),
            {"email": "new@example.test", "relation": "caregiver"},
        ),
    ):
        answer = client.post(url, data)
        assert answer.status_code == 422
        assert sentence in text_of(answer)


# --- Taken back ----------------------------------------------------------------------------------------------------


def test_taken_back_it_lives_and_the_program_stays_ended(patient: Patient, owner: User, program: Program) -> None:
    say(patient, owner)
    stop = report(patient, owner, "RF01", at=NOW + MINUTE)
    raise_alerts(at=NOW + 2 * MINUTE)
    take_back_farewell(patient=patient, by=owner, roles=OWNER, at=NOW + HOUR)
    patient.refresh_from_db()
    program.refresh_from_db()
    assert patient.died_on is None
    assert program.ended_at == NOW
    # What came in meanwhile is told now.
    assert [one.pk for one in Alert.objects.open()] == [stop.pk]
    assert "warning_sign" in [one["code"] for one in PatientSummary.objects.get(patient=patient).reasons]
    assert AuditEvent.objects.get(kind="farewell.taken_back").details == {"died_on": "2026-03-17"}
    with pytest.raises(NeverSaidError):
        take_back_farewell(patient=patient, by=owner, roles=OWNER, at=NOW + HOUR)


def test_alert_that_nobody_had_answered_is_open_again_and_told(
    patient: Patient, owner: User, program: Program, vet: User, mailoutbox: list[EmailMessage]
) -> None:
    report(patient, owner, "RF01", at=NOW - MINUTE)
    raise_alerts(at=NOW - MINUTE)
    say(patient, owner)
    take_back_farewell(patient=patient, by=owner, roles=OWNER, at=NOW + MINUTE)
    alert = Alert.objects.open().get()
    assert (alert.cleared_by, alert.clear_reason, alert.escalate_at) == (None, "", NOW + MINUTE)
    assert escalate(at=NOW + MINUTE) == 1
    deliver_alerts(at=NOW + MINUTE)
    assert [one.recipients() for one in mailoutbox] == [["vet@example.test"]]
    again = AlertStep.objects.filter(kind="raised").order_by("-at")[0]
    assert (again.person, again.text) == (owner, "That the dog has died was recorded by mistake.")


def test_alert_that_a_vet_had_taken_over_is_theirs_again(
    patient: Patient, owner: User, program: Program, vet: User, mailoutbox: list[EmailMessage]
) -> None:
    report(patient, owner, "RF01", at=NOW - HOUR)
    raise_alerts(at=NOW - HOUR)
    acknowledge(alert=Alert.objects.get(), by=vet, roles=frozenset({Role.VET}), at=NOW - MINUTE)
    say(patient, owner)
    take_back_farewell(patient=patient, by=owner, roles=OWNER, at=NOW + MINUTE)
    alert = Alert.objects.open().get()
    assert (alert.escalate_at, alert.report.acknowledged_by) == (None, vet)
    assert escalate(at=NOW + DAY) == 0
    deliver_alerts(at=NOW + DAY)
    assert mailoutbox == []


def test_stop_that_was_released_meanwhile_opens_no_alert(
    patient: Patient, owner: User, program: Program, vet: User
) -> None:
    stop = report(patient, owner, "RF01", at=NOW - HOUR)
    raise_alerts(at=NOW - HOUR)
    say(patient, owner)
    vets = frozenset({Role.VET})
    release_stop(patient=patient, seen=[stop.pk], by=vet, roles=vets, reason="Another dog", at=NOW + MINUTE)
    take_back_farewell(patient=patient, by=owner, roles=OWNER, at=NOW + HOUR)
    assert not Alert.objects.open().exists()


def test_sign_that_stops_one_exercise_is_told_once_it_was_a_mistake(
    patient: Patient, owner: User, program: Program
) -> None:
    say(patient, owner)
    hit = report(patient, owner, "RF18", at=NOW + MINUTE)
    # The worker has passed these hours by.
    raise_alerts(at=NOW + 5 * HOUR)
    take_back_farewell(patient=patient, by=owner, roles=OWNER, at=NOW + 9 * HOUR)
    assert [one.pk for one in Alert.objects.open()] == [hit.pk]


def test_checkpoints_wait_again_once_it_was_a_mistake(patient: Patient, owner: User) -> None:
    episode = Episode.objects.create(
        clinic=patient.clinic, patient=patient, number=1, because="first", opened_on=TODAY, opened_at=NOW
    )
    common = {"clinic": patient.clinic, "patient": patient, "episode": episode, "due_on": TODAY}
    Checkpoint.objects.create(**common, month=1, state="cancelled", weighed_at=NOW - DAY)
    Checkpoint.objects.create(**common, month=3)
    say(patient, owner)
    take_back_farewell(patient=patient, by=owner, roles=OWNER, at=NOW + HOUR)
    rows = Checkpoint.objects.order_by("month").values_list("state", "weighed_at")
    assert list(rows) == [("cancelled", NOW - DAY), ("waiting", None)]


def test_clinics_page_is_not_the_owners(as_user: AsUser, patient: Patient, owner: User, therapist: User) -> None:
    url, back = (reverse(f"guidance:patient-farewell{rest}", args=[patient.pk]) for rest in ("", "-take-back"))
    said = {"died_on": "2026-03-17", "is_sure": "on"}
    client = as_user(owner)
    assert [client.get(url).status_code, client.post(url, said).status_code, client.post(back).status_code] == [403] * 3
    patient.refresh_from_db()
    assert patient.died_on is None
    assert as_user(therapist).post(url, said).status_code == 302


def test_caregiver_takes_nothing_back(patient: Patient, owner: User) -> None:
    say(patient, owner)
    with pytest.raises(NotYoursToSayError):
        take_back_farewell(patient=patient, by=owner, roles=frozenset({Role.CAREGIVER}), at=NOW)


# --- The family's screens --------------------------------------------------------------------------------------------


def test_owner_says_it_with_a_day_and_one_confirmation(
    as_user: AsUser, patient: Patient, owner: User, program: Program
) -> None:
    client, url = as_user(owner), reverse("guidance:farewell", args=[patient.pk])
    assert url in client.get(reverse("sessions:help", args=[patient.pk])).content.decode()
    assert url not in client.get(today_of(patient)).content.decode()
    assert "If Bruno has died" in text_of(client.get(url))
    for data in (
        {"died_on": "2026-03-17"},
        {"died_on": "2026-04-01", "is_sure": "on"},
        {"is_sure": "on", "died_on": "x"},
    ):
        answer = client.post(url, data)
        assert answer.status_code == 422
        patient.refresh_from_db()
        assert patient.died_on is None
    answer = client.post(url, {"died_on": "2026-03-17", "is_sure": "on"})
    assert (answer.status_code, answer["Location"]) == (302, today_of(patient))
    assert client.get(url).status_code == 302


def test_today_is_one_quiet_screen(
    as_user: AsUser,
    patient: Patient,
    owner: User,
    program: Program,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    client = as_user(owner)
    before = client.get(today_of(patient))
    mark = re.search(r'data-mark="([^"]+)"', before.content.decode())
    assert mark is not None
    say(patient, owner)
    answer = client.get(today_of(patient), headers={"if-none-match": before["ETag"]})
    assert answer.status_code == 200
    page, text = answer.content.decode(), text_of(answer)
    for said in (
        "Died on Tuesday, 17 March",
        "We are very sorry that Bruno has died.",
        "We will send you nothing more about Bruno.",
        "Recorded by mistake?",
        "Progress",
        "Messages",
    ):
        assert said in text, said
    for never in ("bar-check", "How was Bruno", "Stand count", "data-command", "Well done"):
        assert never not in page, never
    # A page that was left open is loaded anew.
    parts = client.get(reverse("sessions:today-parts", args=[patient.pk]), {"since": unescape(mark[1])})
    assert parts.headers["Steadyback-Reload"] == "true"
    # The session and its user, the dog, and which exercises were filmed.
    with django_assert_num_queries(4):
        client.get(today_of(patient))
    dog = f"/dogs/{patient.pk}/"
    keep = re.search(r'data-keep="([^"]+)"', page)
    assert keep is not None
    assert json.loads(unescape(keep[1])) == [f"{dog}today/", f"{dog}messages/", f"{dog}progress/", "/phone/outbox/"]


def test_what_asks_leads_to_the_quiet_screen_and_what_was_stays(
    as_user: AsUser, patient: Patient, owner: User, program: Program
) -> None:
    make.make_message(patient, owner, "Thank you", from_family=True)
    say(patient, owner)
    client = as_user(owner)
    for name, rest in (("check", []), ("help", []), ("response", [TODAY])):
        answer = client.get(reverse(f"sessions:{name}", args=[patient.pk, *rest]))
        assert (answer.status_code, answer["Location"]) == (302, today_of(patient))
    assert client.get(reverse("sessions:progress", args=[patient.pk])).status_code == 200
    text = text_of(client.get(reverse("sessions:messages", args=[patient.pk])))
    assert "Thank you" in text
    assert "If you want to talk to somebody, call." in text


def test_photos_stay_to_be_looked_at(
    as_user: AsUser, patient: Patient, owner: User, program: Program, clinic: Clinic
) -> None:
    item = program.prescriptions.get(position=0)
    media = Media.objects.create(clinic=clinic, kind="photo", uploaded_by=owner, uploaded_at=NOW, from_home=True)
    Clip.objects.create(
        id=new_id(),
        clinic=clinic,
        patient=patient,
        prescription=item,
        kind="photo",
        size=10,
        received=10,
        sha256="0" * 64,
        sent_by=owner,
        day=TODAY - DAY,
        created_at=NOW - DAY,
        completed_at=NOW - DAY,
        media=media,
    )
    say(patient, owner)
    client = as_user(owner)
    clips = reverse("sessions:clip-list", args=[patient.pk, item.pk])
    page = client.get(today_of(patient)).content.decode()
    assert clips in page
    assert "Photos and clips: Stand count" in page
    text = text_of(client.get(clips))
    assert "Photos and clips of Bruno" in text
    assert "Photo, 17 Mar" in text
    answer = client.get(reverse("sessions:exercise", args=[patient.pk, item.pk]))
    assert (answer.status_code, answer["Location"]) == (302, clips)


def test_other_dogs_go_on(as_user: AsUser, patient: Patient, owner: User, vet: User, program: Program) -> None:
    other = make.make_patient(patient.clinic, vet, owner=owner, name="Zoe")
    make.make_program(other, vet)
    say(patient, owner)
    client = as_user(owner)
    text = text_of(client.get(reverse("sessions:today-home")))
    assert text.index("Zoe") < text.index("Bruno")
    assert "Died on Tuesday, 17 March" in text
    assert "Stand count" in text_of(client.get(today_of(other)))
    assert "Warning signs" in text_of(client.get(today_of(other)))


def test_caregiver_reads_it_and_may_not_say_it(
    as_user: AsUser, patient: Patient, owner: User, program: Program
) -> None:
    sitter = make.make_user("sitter@example.test")
    make.care_for(patient, sitter, "caregiver")
    client = as_user(sitter)
    assert "If Bruno has died" not in text_of(client.get(reverse("sessions:help", args=[patient.pk])))
    assert client.get(reverse("guidance:farewell", args=[patient.pk])).status_code == 403
    say(patient, owner)
    text = text_of(client.get(today_of(patient)))
    assert "We are very sorry that Bruno has died." in text
    assert "Recorded by mistake?" not in text


def test_owner_takes_it_back(as_user: AsUser, patient: Patient, owner: User, program: Program) -> None:
    say(patient, owner)
    client, url = as_user(owner), reverse("guidance:farewell-take-back", args=[patient.pk])
    text = text_of(client.post(url, follow=True))
    assert "The program has ended" in text
    assert "It was taken back already." in text_of(client.post(url, follow=True))


# --- The clinic's page -----------------------------------------------------------------------------------------------


def test_clinic_records_it_and_its_page_is_quiet(
    as_user: AsUser, patient: Patient, owner: User, therapist: User, program: Program
) -> None:
    report(patient, owner, "RF01", at=NOW - HOUR)
    client, url = as_user(therapist), reverse("guidance:patient-farewell", args=[patient.pk])
    page = reverse("guidance:patient", args=[patient.pk])
    assert url in client.get(page).content.decode()
    assert client.get(url).status_code == 200
    text = text_of(client.post(url, {"died_on": "2026-03-18", "is_sure": "on"}, follow=True))
    assert "Bruno died on 18 Mar 2026." in text
    assert "Recorded by mistake?" in text
    for never in ("Assign a program", "has stopped the exercises", "The family answers", "Not taken over"):
        assert never not in text, never
    assert "Nothing is assigned" not in text_of(
        client.post(reverse("guidance:patient-farewell-take-back", args=[patient.pk]), follow=True)
    )
    patient.refresh_from_db()
    assert patient.died_on is None

"""Monday's numbers for the people of a clinic: whom they reach, what they count, and that they name nobody."""

import datetime as dt
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Clinic, Membership, User
from rehab.guidance.models import PatientSummary
from rehab.nudges.actions import deliver_batch, plan
from rehab.nudges.kinds.base import Ending, Reason, State
from rehab.nudges.kinds.clinic_week import KIND, Numbers, lower_median
from rehab.nudges.models import Nudge, NudgePreference, PushSubscription
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Episode, Program
from tests import make
from tests.nudges.conftest import MailSink
from tests.nudges.families import statements
from tests.nudges.kinds import asking

MONDAY = dt.date(2026, 3, 23)
MORNING = dt.datetime(2026, 3, 23, 8, 35, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def told() -> list[tuple[str, str]]:
    """To whom and about which clinic there are rows, by both."""
    return sorted(Nudge.objects.filter(kind="clinic_week").values_list("user__email", "clinic__name"))


def look(at: dt.datetime = MORNING) -> list[Numbers | Ending]:
    nudges = list(
        Nudge.objects.filter(kind="clinic_week")
        .select_related("user", "clinic")
        .order_by("user__email", "clinic__name")
    )
    found = KIND.facts(nudges, at)
    return [found[nudge.pk] for nudge in nudges]


def numbers() -> Numbers:
    [found] = look()
    assert isinstance(found, Numbers)
    return found


def summarize(patient: Patient, *codes: str, percent: int | None = None) -> None:
    PatientSummary.objects.update_or_create(
        patient=patient,
        defaults={
            "clinic": patient.clinic,
            "as_of": MONDAY,
            "refreshed_at": MORNING,
            "reasons": [{"code": code, "severity": 60, "numbers": {}} for code in codes],
            "adherence_percent": percent,
        },
    )


def another_dog(clinic: Clinic, vet: User, *codes: str, percent: int | None = None, re_exam_in: int = 40) -> Patient:
    patient = make.make_patient(clinic, vet, name="Rex")
    make.make_definition(patient, vet, re_exam_due_on=MONDAY + re_exam_in * DAY)
    make.make_program(patient, vet)
    summarize(patient, *codes, percent=percent)
    return patient


def test_each_vet_and_therapist_is_told_once_on_monday(
    program: Program, clinic: Clinic, vet: User, colleague: User, therapist: User, admin: User, owner: User
) -> None:
    make.join(vet, clinic, "therapist")
    for day in range(-1, 7):
        plan(at=MORNING + day * DAY)
    plan(at=MORNING + dt.timedelta(minutes=3))
    assert told() == sorted((user.email, clinic.name) for user in (vet, colleague, therapist))
    assert set(Nudge.objects.filter(kind="clinic_week").values_list("patient", "local_day", "state")) == {
        (None, MONDAY, "planned")
    }


def test_person_in_two_clinics_gets_one_of_each(
    program: Program, clinic: Clinic, other_clinic: Clinic, vet: User, outside_vet: User
) -> None:
    another_dog(other_clinic, outside_vet)
    make.join(vet, other_clinic, "vet")
    plan(at=MORNING)
    assert told() == sorted(
        [(vet.email, clinic.name), (vet.email, other_clinic.name), (outside_vet.email, other_clinic.name)]
    )


def test_clinic_with_nothing_to_say_says_nothing(patient: Patient, vet: User) -> None:
    plan(at=MORNING)
    assert told() == []


@pytest.mark.parametrize(
    "wish", [{"week_enabled": False}, {"reminds": False}, {"email_enabled": False}, {"snoozed_until": MORNING + DAY}]
)
def test_who_does_not_want_it_or_has_no_mail_gets_none(program: Program, vet: User, wish: dict[str, object]) -> None:
    PushSubscription.objects.create(
        user=vet, endpoint="https://push.test/1", endpoint_hash="0" * 64, key="k", auth="a", created_at=MORNING
    )
    NudgePreference.objects.filter(user=vet).update(**wish)
    plan(at=MORNING)
    assert told() == []


def test_who_left_or_switched_it_off_meanwhile_gets_none(program: Program, vet: User) -> None:
    plan(at=MORNING)
    NudgePreference.objects.filter(user=vet).update(week_enabled=False)
    assert look() == [Ending(state=State.SUPPRESSED, reason=Reason.REMINDERS_OFF)]
    NudgePreference.objects.filter(user=vet).update(week_enabled=True)
    Membership.objects.filter(user=vet).update(ended_at=MORNING)
    assert look() == [Ending(state=State.SUPPRESSED, reason=Reason.NOT_CARING)]


def test_clinic_whose_last_dog_was_discharged_meanwhile_says_nothing(program: Program, vet: User) -> None:
    plan(at=MORNING)
    Program.objects.update(ended_at=MORNING)
    assert look() == [Ending(state=State.SUPPRESSED, reason=Reason.PROGRAM_ENDED)]


def test_monday_is_that_of_the_person(program: Program, vet: User) -> None:
    User.objects.filter(pk=vet.pk).update(time_zone="America/Los_Angeles")
    plan(at=MORNING)
    assert told() == []
    plan(at=MORNING + dt.timedelta(hours=7))
    assert told() == [(vet.email, "Lindenhof Veterinary Clinic")]


def test_numbers_are_those_of_the_clinics_dogs_in_treatment(
    program: Program, patient: Patient, clinic: Clinic, vet: User, other_clinic: Clinic, outside_vet: User
) -> None:
    make.rewrite(ProblemDefinition.objects.all(), re_exam_due_on=MONDAY)
    summarize(patient, "silent", "message_waiting", percent=40)
    another_dog(clinic, vet, "silent", percent=80, re_exam_in=6)
    another_dog(clinic, vet, "alert_waiting", "warning_sign", "clip_waiting", percent=90, re_exam_in=7)
    another_dog(clinic, vet, "low_adherence", re_exam_in=-1)
    dead = another_dog(clinic, vet, "silent", percent=1, re_exam_in=1)
    Patient.objects.filter(pk=dead.pk).update(died_on=MONDAY)
    without = another_dog(clinic, vet, "message_waiting", percent=2, re_exam_in=1)
    Program.objects.filter(patient=without).update(ended_at=MORNING)
    another_dog(other_clinic, outside_vet, "silent", "message_waiting", percent=3, re_exam_in=1)
    plan(at=MORNING)
    Nudge.objects.exclude(user=vet).delete()
    assert numbers() == Numbers(dogs=4, silent=2, waiting=2, re_exams=2, overdue=1, median=80)


def test_dog_in_maintenance_is_not_in_treatment(program: Program, clinic: Clinic, vet: User, patient: Patient) -> None:
    other = another_dog(clinic, vet, "message_waiting")
    decision = asking.decide(other.programs.get(), "discharge", by=vet)
    episode = Episode.objects.create(
        clinic=clinic,
        patient=other,
        number=1,
        because="first",
        opened_on=make.TODAY,
        opened_at=make.NOW,
        discharge=decision,
        discharged_on=make.TODAY,
    )
    plan(at=MORNING)
    assert (numbers().dogs, numbers().waiting) == (1, 0)
    Episode.objects.filter(pk=episode.pk).update(reopened_at=MORNING)
    assert (numbers().dogs, numbers().waiting) == (2, 1)


def test_only_the_newest_signed_definition_tells_the_re_examination(
    program: Program, patient: Patient, vet: User
) -> None:
    make.make_definition(patient, vet, re_exam_due_on=MONDAY + DAY)
    make.make_definition(patient, vet, signed=False, re_exam_due_on=MONDAY - DAY)
    plan(at=MORNING)
    assert (numbers().re_exams, numbers().overdue) == (1, 0)


def test_mail_names_numbers_and_the_list_and_no_dog(
    program: Program, patient: Patient, clinic: Clinic, vet: User, mail_sink: MailSink
) -> None:
    summarize(patient, "silent", "message_waiting", percent=75)
    another_dog(clinic, vet, percent=90, re_exam_in=2)
    another_dog(clinic, vet, percent=None, re_exam_in=-3)
    plan(at=MORNING)
    deliver_batch(at=MORNING + dt.timedelta(minutes=30))
    [message] = mail_sink.messages
    assert (message["To"], message["Subject"]) == (vet.email, "Lindenhof Veterinary Clinic: the week")
    plain = message.get_body(("plain",))
    assert plain is not None
    text = " ".join(plain.get_content().split())
    for line in (
        "3 dogs are in treatment.",
        "1 family waits for one of you: a warning sign, a message or a clip.",
        "Of 1 dog nothing was noted on three planned days or more.",
        "1 re-examination is due this week. 1 is overdue.",
        "Half of the dogs did at least 90 % of what was planned in the last 14 days.",
        "/patients/",
    ):
        assert line in text
    assert "Bruno" not in message.as_string()
    assert "Rex" not in message.as_string()
    assert Nudge.objects.get(kind="clinic_week").state == "sent"


def test_what_is_zero_is_not_said(program: Program, clinic: Clinic, vet: User) -> None:
    plan(at=MORNING)
    nudge = Nudge.objects.select_related("clinic", "user").get(kind="clinic_week")
    assert KIND.say(nudge, Numbers(dogs=1)).lines == ("1 dog is in treatment.",)


def test_numbers_take_as_many_statements_for_three_clinics_as_for_one(program: Program, vet: User) -> None:
    for number in range(2):
        clinic = make.make_clinic(name=f"Clinic {number}")
        make.join(vet, clinic, "vet")
        for _dog in range(3):
            another_dog(clinic, vet, "silent", percent=50)
    plan(at=MORNING)
    nudges = list(Nudge.objects.filter(kind="clinic_week").select_related("user", "clinic"))
    assert len(nudges) == 3
    one = statements(lambda: KIND.facts(nudges[:1], MORNING))
    assert statements(lambda: KIND.facts(nudges, MORNING)) == one == 6


@given(values=st.lists(st.integers(0, 100), min_size=1, max_size=30))
def test_at_least_half_reach_the_median(values: list[int]) -> None:
    counts = {value: values.count(value) for value in values}
    found = lower_median(counts)
    assert found is not None
    assert sum(value >= found for value in values) * 2 >= len(values)
    assert found == statistics.median_low(values) or found == statistics.median_high(values)


def test_without_values_there_is_no_median() -> None:
    assert lower_median({}) is None

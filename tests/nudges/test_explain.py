"""Why somebody was reminded or was not: each reason once, and nothing that the planner would not bear out."""

import datetime as dt
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django.fixtures import Settings

from accounts.models import Clinic, User
from rehab.nudges import actions
from rehab.nudges.circumstances import person_then
from rehab.nudges.explaining import Explanation, explain
from rehab.nudges.explaining.conditions import OWN
from rehab.nudges.explaining.rows import REASONS
from rehab.nudges.kinds import KINDS
from rehab.nudges.models import Heartbeat, Nudge, NudgePreference, PushSubscription
from rehab.patients.models import Caregiver, Patient
from rehab.programs.models import Decision, Episode, Prescription, Program
from rehab.sessions.models import Release
from tests import make
from tests.sessions.reporting import report

Kind, State, Reason = Nudge.Kind, Nudge.State, Nudge.Reason
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
TODAY_KIND = Kind.UNFINISHED_DAY


@pytest.fixture
def item(program: Program) -> Prescription:
    """The first exercise of a household that was active yesterday."""
    found: Prescription | None = program.prescriptions.order_by("position").first()
    assert found is not None
    make.make_tick(found, make.TODAY - DAY, by=found.patient.caregivers.get().user)
    return found


@pytest.fixture
def later(evening: dt.datetime) -> dt.datetime:
    """The same day, after the window."""
    return evening + 5 * HOUR


def told(
    user: User, at: dt.datetime, kind: Nudge.Kind = TODAY_KIND, dog: str = "Bruno", day: dt.date = make.TODAY
) -> str:
    return explain(user=user, day=day, at=at).line(dog, kind).text


def do_all(program: Program, by: User, at: dt.datetime, **fields: Any) -> None:
    for item in program.prescriptions.all():
        for slot in range(1, item.times_per_day + 1):
            make.make_tick(item, by=by, slot=slot, done_at=at, **fields)


def decide(program: Program, kind: str, by: User, at: dt.datetime) -> Decision:
    program.plan_version += 1
    program.save(update_fields=["plan_version"])
    return Decision.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        program=program,
        kind=kind,
        plan_version=program.plan_version,
        effective_on=at.date(),
        decided_by=by,
        decided_at=at,
        reason="It has its reason.",
    )


def pause(program: Program, by: User, at: dt.datetime) -> None:
    program.paused_by = decide(program, "pause", by, at)
    program.save(update_fields=["paused_by"])


# One case a reason: what makes it so, and what is said. In each of them the planner writes no row.


def _off(program: Program, owner: User, at: dt.datetime) -> None:
    actions.stop_all(user=owner, by=owner, at=at)


def _snoozed(program: Program, owner: User, at: dt.datetime) -> None:
    actions.snooze(user=owner, until=at + 2 * DAY, by=owner, at=at)


def _no_way(program: Program, owner: User, at: dt.datetime) -> None:
    actions.stop_reminders(user=owner, by=owner, at=at)


def _bounced(program: Program, owner: User, at: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(bounced_at=at)


def _closed(program: Program, owner: User, at: dt.datetime) -> None:
    owner.is_active = False
    owner.save(update_fields=["is_active"])


def _not_caring(program: Program, owner: User, at: dt.datetime) -> None:
    Caregiver.objects.filter(user=owner).update(ended_at=at)


def _died(program: Program, owner: User, at: dt.datetime) -> None:
    Patient.objects.update(died_on=at.date())


def _ended(program: Program, owner: User, at: dt.datetime) -> None:
    Program.objects.update(ended_at=at)


def _paused(program: Program, owner: User, at: dt.datetime) -> None:
    pause(program, program.created_by, at)


def _stopped(program: Program, owner: User, at: dt.datetime) -> None:
    report(program.patient, owner, "RF01", at=at)


def _discharged(program: Program, owner: User, at: dt.datetime) -> None:
    Episode.objects.create(
        clinic=program.clinic,
        patient=program.patient,
        number=1,
        because="first",
        opened_on=program.starts_on,
        opened_at=program.created_at,
        discharge=decide(program, "discharge", program.created_by, at),
        discharged_on=at.date(),
    )


def _rest_day(program: Program, owner: User, at: dt.datetime) -> None:
    make.rewrite(Prescription.objects.filter(program=program), weekdays=1)


def _done(program: Program, owner: User, at: dt.datetime) -> None:
    do_all(program, owner, at)


def _quiet(program: Program, owner: User, at: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(remind_minute=22 * 60)


REASONS_OF_NONE: list[tuple[Callable[[Program, User, dt.datetime], None], str]] = [
    (_off, "Reminders were off."),
    (_snoozed, "The person had asked for a break until 17:30 on 20 March."),
    (_no_way, "No way to reach the person: no phone was known, and e-mails were off."),
    (_bounced, "No way to reach the person: no phone was known, and the address was refused."),
    (_closed, "The account is closed."),
    (_not_caring, "The person no longer cared for Bruno."),
    (_died, "Bruno has died, on 18 March 2026."),
    (_ended, "Bruno had no program: the last one ended on 18 March 2026."),
    (_paused, "The program was paused, by Vera at 17:30."),
    (_stopped, "A warning sign had stopped the exercises, since 17:30."),
    (_discharged, "Bruno was in maintenance, discharged on 18 March 2026."),
    (_rest_day, "Nothing was due on Wednesday: a rest day."),
    (_done, "Everything was done or answered already, the last by Olga at 17:30."),
    (_quiet, "22:00 is in the quiet hours."),
]


@pytest.mark.parametrize(("makes", "sentence"), REASONS_OF_NONE, ids=[makes.__name__ for makes, _ in REASONS_OF_NONE])
def test_each_reason_for_no_row(
    makes: Callable[[Program, User, dt.datetime], None],
    sentence: str,
    program: Program,
    item: Prescription,
    owner: User,
    evening: dt.datetime,
    later: dt.datetime,
) -> None:
    makes(program, owner, evening - HOUR / 2)
    actions.plan(at=evening)
    assert not Nudge.objects.filter(kind=TODAY_KIND).exists()
    assert told(owner, later) == f"No row. {sentence}"


@pytest.mark.parametrize(("makes", "sentence"), REASONS_OF_NONE, ids=[makes.__name__ for makes, _ in REASONS_OF_NONE])
def test_what_came_after_the_planner_is_no_reason(
    makes: Callable[[Program, User, dt.datetime], None],
    sentence: str,
    program: Program,
    item: Prescription,
    owner: User,
    evening: dt.datetime,
    later: dt.datetime,
) -> None:
    """Then there is a row, and it speaks for itself."""
    actions.plan(at=evening)
    makes(program, owner, evening + HOUR / 2)
    text = told(owner, later)
    assert sentence not in text
    assert text.startswith("Planned at 18:00")


def test_nothing_kept_it_and_no_planner_ran(
    program: Program, item: Prescription, owner: User, later: dt.datetime
) -> None:
    assert told(owner, later).startswith("No row. By what is stored now it was due at 18:00, and nothing was planned:")


def test_same_conditions_as_then_and_not_as_now(
    program: Program, item: Prescription, owner: User, vet: User, evening: dt.datetime, later: dt.datetime
) -> None:
    """A break that is over is still the reason of that day."""
    actions.snooze(user=owner, until=evening + HOUR, by=owner, at=evening - HOUR)
    actions.end_snooze(user=owner, by=owner, at=evening + HOUR / 2)
    assert told(owner, later) == "No row. The person had asked for a break until 19:00."


def test_pause_that_was_lifted_since(
    program: Program, item: Prescription, owner: User, vet: User, evening: dt.datetime, later: dt.datetime
) -> None:
    pause(program, vet, evening - HOUR)
    actions.plan(at=evening)
    decide(program, "resume", vet, evening + HOUR)
    Program.objects.update(paused_by=None)
    assert told(owner, later) == "No row. The program was paused, by Vera at 17:00."


def test_stop_that_was_released_since(
    program: Program, item: Prescription, owner: User, vet: User, evening: dt.datetime, later: dt.datetime
) -> None:
    found = report(program.patient, owner, "RF01", at=evening - HOUR)
    Release.objects.create(
        report=found,
        clinic=program.clinic,
        patient=program.patient,
        released_by=vet,
        released_at=evening + HOUR,
        reason="Seen.",
    )
    assert told(owner, later) == "No row. A warning sign had stopped the exercises, since 17:00."


def test_done_by_somebody_else(
    program: Program, item: Prescription, owner: User, caregiver: User, evening: dt.datetime, later: dt.datetime
) -> None:
    do_all(program, caregiver, evening - HOUR)
    assert told(owner, later) == "No row. Everything was done or answered already, the last by Carl at 17:00."


def test_what_came_in_later_is_named(
    program: Program, item: Prescription, owner: User, evening: dt.datetime, later: dt.datetime
) -> None:
    """Done before, sent by the phone after: the planner could not know."""
    do_all(program, owner, evening - HOUR)
    command = item.performed.filter(day=make.TODAY).first()
    assert command is not None
    type(command.command).objects.filter(performed__day=make.TODAY).update(received_at=evening + HOUR)
    found = explain(user=owner, day=make.TODAY, at=later)
    assert "everything was done" not in found.line("Bruno", TODAY_KIND).text.lower()
    assert any("3 of that day’s entries came in after 18:00" in one for one in found.unknown)


# Rows.


@pytest.mark.parametrize("reason", list(Reason))
def test_each_reason_of_a_row_is_said(
    patient: Patient, owner: User, evening: dt.datetime, reason: Nudge.Reason
) -> None:
    make_row(patient, owner, evening, state=State.SUPPRESSED, reason=reason, finished_at=evening)
    assert told(owner, evening + HOUR).startswith(f"Planned at 18:00, not sent: {REASONS[reason]}")


def make_row(patient: Patient, user: User, at: dt.datetime, **fields: Any) -> Nudge:
    return Nudge.objects.create(
        clinic=patient.clinic,
        patient=patient,
        user=user,
        **{"kind": TODAY_KIND, "local_day": at.date(), "time_zone": "UTC", **fields},
        planned_at=at,
        next_attempt_at=at,
        expires_at=at + 3 * HOUR,
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Planned at 18:00, to be sent from 18:00 on."),
        (
            {"state": State.SENDING, "attempts": 2, "leases_lost": 1},
            (
                "Planned at 18:00, being sent; if its sender has died, another takes over at 18:00. Attempts: 2."
                " 1 of its senders never came back, so it may have come twice."
            ),
        ),
        (
            {"state": State.RETRY, "reason": Reason.NO_ANSWER, "channel": "email"},
            "Planned at 18:00, will be tried again by e-mail at 18:00: the mail server did not take it in time.",
        ),
        (
            {"state": State.SENT, "channel": "push", "minutes": 3, "opened": 9, "p_send": "0.80", "followed": True},
            "Planned at 18:00, sent to the phone at 18:03, opened at 18:09. Somebody exercised the dog within a day.",
        ),
        (
            {"state": State.WITHHELD, "minutes": 0, "p_send": "0.80", "followed": False},
            (
                "Planned at 18:00, withheld by lot to measure whether reminders help (chance 20 %)."
                " Nobody exercised the dog within a day."
            ),
        ),
        (
            {"state": State.WITHHELD, "minutes": 0, "p_send": "0.80"},
            (
                "Planned at 18:00, withheld by lot to measure whether reminders help (chance 20 %)."
                " Not known yet whether somebody exercised within a day."
            ),
        ),
        (
            {"state": State.EXPIRED, "reason": Reason.TOO_LATE, "minutes": 180},
            "Planned at 18:00, too late to send at 21:00: it had become too late.",
        ),
        (
            {"state": State.FAILED, "reason": Reason.REFUSED, "minutes": 5},
            "Planned at 18:00, failed at 18:05: the mail server refused it.",
        ),
    ],
)
def test_each_state_of_a_row_is_said(
    patient: Patient, owner: User, evening: dt.datetime, fields: dict[str, Any], sentence: str
) -> None:
    values = dict(fields)
    for name, field in (("minutes", "finished_at"), ("opened", "opened_at")):
        if name in values:
            values[field] = evening + values.pop(name) * dt.timedelta(minutes=1)
    make_row(patient, owner, evening, **values)
    assert told(owner, evening + HOUR) == sentence


def test_cap_names_the_days_that_count(patient: Patient, owner: User, evening: dt.datetime) -> None:
    for days in (1, 3, 5, 6):
        make_row(patient, owner, evening - days * DAY, state=State.SENT, finished_at=evening - days * DAY)
    make_row(patient, owner, evening - 7 * DAY, state=State.SENT, finished_at=evening - 7 * DAY)
    make_row(patient, owner, evening, state=State.SUPPRESSED, reason=Reason.ENOUGH, finished_at=evening)
    assert (
        "(12 March: unfinished day, 13 March: unfinished day, 15 March: unfinished day, 17 March: unfinished day)"
        in told(owner, evening + HOUR)
    )


def test_back_off_names_the_three_that_nobody_followed(patient: Patient, owner: User, evening: dt.datetime) -> None:
    for days in (1, 2, 4, 5):
        make_row(
            patient, owner, evening - days * DAY, state=State.SENT, finished_at=evening - days * DAY, followed=False
        )
    make_row(patient, owner, evening, state=State.SUPPRESSED, reason=Reason.EVERY_OTHER_DAY, finished_at=evening)
    assert "(14 March, 16 March, 17 March)" in told(owner, evening + HOUR)


def test_part_of_another_dogs_message_names_it(
    clinic: Clinic, vet: User, patient: Patient, owner: User, evening: dt.datetime
) -> None:
    other = make.make_patient(clinic, vet, owner=owner, name="Nala")
    make_row(other, owner, evening, state=State.SENT, finished_at=evening)
    make_row(patient, owner, evening, state=State.SUPPRESSED, reason=Reason.COMBINED, finished_at=evening)
    assert "(unfinished day, Nala, sent)" in told(owner, evening + HOUR)


# Other kinds, days and people.


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Kind.WELCOME, "It comes on the household’s first and third day with the program; this was day 1."),
        (Kind.SILENCE, "The household was heard of on 17 March."),
        (Kind.RE_EXAM, "The re-examination is due on 1 April 2026;"),
        (Kind.CHECKPOINT, "The dog has no checkpoint: it was not discharged."),
        (Kind.WEEK, "It comes on Sundays."),
        (Kind.PLAN_CHANGED, "No new program within the last day."),
        (Kind.PHASE_REACHED, "No new phase within the last day."),
        (Kind.REPLY, "The clinic wrote nothing within the last day."),
        (Kind.CALL_CLINIC, "No warning sign was left unanswered by the clinic in the last twelve hours."),
    ],
)
def test_other_kinds_say_what_they_wait_for(
    program: Program, item: Prescription, owner: User, later: dt.datetime, kind: Nudge.Kind, sentence: str
) -> None:
    if kind == Kind.WELCOME:
        Caregiver.objects.update(started_at=make.NOW - 4 * DAY)
        sentence = sentence.replace("day 1", "day 5")
    assert told(owner, later, kind).startswith(f"No row. {sentence}")


def test_next_morning_answered_by_somebody(
    program: Program, item: Prescription, owner: User, caregiver: User, evening: dt.datetime
) -> None:
    make.make_pain(program.patient, make.TODAY - DAY, "next_morning", by=caregiver)
    assert told(owner, evening, Kind.NEXT_MORNING) == "No row. The question had been answered, by Carl at 08:00."


def test_next_morning_after_a_day_off(program: Program, owner: User, evening: dt.datetime) -> None:
    assert told(owner, evening, Kind.NEXT_MORNING).startswith("No row. Nothing was done on the day before")


def test_re_examination_goes_to_owners(program: Program, caregiver: User, later: dt.datetime) -> None:
    assert told(caregiver, later, Kind.RE_EXAM) == "No row. It goes to the owners only, and the person is a caregiver."


def test_who_gave_the_program_is_not_told(program: Program, owner: User, evening: dt.datetime) -> None:
    make.rewrite(program, created_at=evening - HOUR, created_by=owner)
    assert told(owner, evening + HOUR, Kind.PLAN_CHANGED) == "No row. The person gave the dog the program."


def test_clinic_week_of_its_people(clinic: Clinic, vet: User, program: Program, evening: dt.datetime) -> None:
    vet.memberships.update(started_at=evening - DAY)
    found = explain(user=vet, day=make.TODAY, at=evening)
    assert found.line(clinic.name, Kind.CLINIC_WEEK).text == "No row. It comes on Mondays."


def test_every_kind_has_its_conditions_and_every_reason_its_words() -> None:
    assert {kind.code for kind in KINDS} - OWN.keys() == {Kind.CLINIC_WEEK}
    assert set(REASONS) == set(Reason)


def test_day_that_has_not_come(program: Program, item: Prescription, owner: User, evening: dt.datetime) -> None:
    assert told(owner, evening - HOUR) == "No row. Not yet: its time is 18:00."
    assert told(owner, evening, day=make.TODAY + DAY) == "No row. That day has not begun."


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kolkata"])
def test_minutes_are_those_of_the_person(
    program: Program, item: Prescription, owner: User, later: dt.datetime, zone: str
) -> None:
    owner.time_zone = zone
    owner.save(update_fields=["time_zone"])
    found = explain(user=owner, day=make.TODAY, at=later + DAY)
    assert f"The clock is that of {zone}: reminders come at 18:00" in found.facts[0]


def test_zone_that_does_not_exist(program: Program, item: Prescription, owner: User, later: dt.datetime) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="Mars/Olympus")
    owner.refresh_from_db()
    found = explain(user=owner, day=make.TODAY, at=later)
    assert found.facts[0] == "This machine does not know the time zone Mars/Olympus: nothing is planned for it."
    assert found.line("Bruno", TODAY_KIND).text == "No row. The time zone Mars/Olympus is not known on this machine."


def test_person_without_a_dog(owner: User, later: dt.datetime) -> None:
    found = explain(user=owner, day=make.TODAY, at=later)
    assert found.parts == ()
    assert found.facts[-1].startswith("The person cared for no dog on that day")


def test_what_cannot_be_known_is_said(program: Program, owner: User, later: dt.datetime) -> None:
    NudgePreference.objects.filter(user=owner).update(reminds=False)
    found = explain(user=owner, day=make.TODAY, at=later)
    assert found.unknown[0].startswith("Whether the planner ran at every minute of that day")
    assert any("whether reminders were on: it was changed without a record" in one for one in found.unknown)


def test_choices_are_read_from_their_record(owner: User, evening: dt.datetime) -> None:
    actions.set_preference(user=owner, wish=actions.Wish(push_enabled=False), by=owner, at=evening)
    actions.set_preference(user=owner, wish=actions.Wish(week_enabled=False), by=owner, at=evening + DAY)
    before, between, after = (person_then(owner, at=evening + days * DAY) for days in (-1, 0.5, 2))
    assert [(one.push_enabled, one.week_enabled) for one in (before, between, after)] == [
        (True, True),
        (False, True),
        (True, False),
    ]
    assert after.unsure == ()


def test_phone_is_a_way(owner: User, evening: dt.datetime) -> None:
    PushSubscription.objects.create(
        user=owner, endpoint="https://push.example.test/1", endpoint_hash="1", key="k", auth="a", created_at=evening
    )
    assert [person_then(owner, at=evening + n * HOUR).has_phone for n in (-1, 0)] == [False, True]


# The command.


def run(*words: str) -> str:
    out = StringIO()
    call_command("nudges", *words, stdout=out)
    return out.getvalue()


def test_command_by_address_and_by_id(program: Program, item: Prescription, owner: User, caregiver: User) -> None:
    by_address = run("explain", " Owner@Example.test", "2026-03-18")
    assert by_address == run("explain", str(owner.pk), "2026-03-18")
    assert by_address.splitlines()[0] == "Olga Ruiz <owner@example.test>, Wednesday 18 March 2026"
    assert "\nBruno\n" in by_address
    assert "  unfinished day: No row. " in by_address
    assert "What cannot be known:" in by_address


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nobody@example.test", "2026-03-18"), "Nobody has the e-mail address or id “nobody@example.test”."),
        (("5", "2026-03-18"), "Nobody has the e-mail address or id “5”."),
        (
            ("0190f8a0-0000-7000-8000-000000000000", "today"),
            "Nobody has the e-mail address or id “0190f8a0-0000-7000-8000-000000000000”.",
        ),
        (("owner@example.test", "18.3."), "“18.3.” is not a day such as 2026-03-18, “today” or “yesterday”."),
    ],
)
def test_command_refuses_in_words(owner: User, words: tuple[str, str], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        run("explain", *words)
    assert str(refused.value) == sentence
    assert refused.value.returncode == 1


@pytest.mark.parametrize("day", ["today", "yesterday"])
def test_command_knows_named_days(owner: User, day: str) -> None:
    assert run("explain", owner.email, day)


def test_command_ticks_as_the_task_does(db: None, settings: Settings) -> None:
    assert run("tick") == ""
    assert Heartbeat.objects.filter(part=Heartbeat.Part.TICK).exists()


def test_command_prints_the_state(patient: Patient, owner: User) -> None:
    assert run("state").splitlines()[:2] == ["Oldest due: nothing is due", "planned: 0"]
    at = make.now() - HOUR
    make_row(patient, owner, at)
    make_row(patient, owner, at - DAY / 2, local_day=at.date() - DAY, state=State.SENT, finished_at=at)
    Heartbeat.objects.create(part="tick", beat_at=at)
    shown = run("state")
    assert "planned: 1" in shown
    assert "  sent: 1" in shown
    assert "delivery: never" in shown
    assert "Oldest due: 36" in shown


def test_explanation_has_a_line_for_every_kind(program: Program, owner: User, later: dt.datetime) -> None:
    found: Explanation = explain(user=owner, day=make.TODAY, at=later)
    assert [line.kind for line in found.parts[0].lines] == [
        kind.code for kind in KINDS if kind.code != Kind.CLINIC_WEEK
    ]
    assert all(line.text.startswith("No row. ") for line in found.parts[0].lines)

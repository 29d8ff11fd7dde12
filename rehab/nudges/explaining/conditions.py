"""Why there is no row: the planner's conditions in its order, and then each kind's own; the first that failed is the reason."""

import datetime as dt
from collections.abc import Callable
from typing import Final

from rehab.lib import time_zones
from rehab.nudges import schedule
from rehab.nudges.circumstances import DAY, Dog, Person
from rehab.nudges.explaining.case import IN_THE_EVENING, IN_THE_MORNING, Case, local_day_of
from rehab.nudges.kinds import BY_CODE, Kind
from rehab.nudges.models import Nudge
from rehab.patients.models import Caregiver, ClinicalQuerySet, Patient, ProblemDefinition
from rehab.programs.maintenance import ANSWER_DAYS
from rehab.programs.models import Checkpoint, Decision, Program
from rehab.sessions.models import ClipReview, Message, MessagesRead, WarningReport
from rehab.sessions.queries import first_name

Code, State = Nudge.Kind, Nudge.State
SILENCES: Final = (2, 4, 7)
SUNDAY: Final = 6


def why_not(case: Case, kind: Kind, patient: Patient) -> str:
    moment = case.moment(kind.code)
    dog, person = Dog(patient, at=moment), case.person(moment)
    return (
        not_yet(case, moment, is_news=kind.code not in IN_THE_EVENING | IN_THE_MORNING)
        or ("" if kind.is_safety else not_reached(case, person))
        or _not_active(case)
        or _not_caring(case, dog)
        or _not_in_treatment(case, kind, dog)
        or OWN[kind.code](case, dog, person)
        or case.asked(kind, patient.pk, moment)
    )


def not_yet(case: Case, moment: dt.datetime, *, is_news: bool = False) -> str:
    if not case.is_zone_known:
        return f"The time zone {case.user.time_zone} is not known on this machine."
    today = local_day_of(case.now, case.zone)
    if case.day > today:
        return "That day has not begun."
    if not is_news and moment > case.now:
        return f"Not yet: its time is {case.clock(moment)}."
    local = schedule.clock(at=moment, time_zone=case.zone)
    if not is_news and local.is_quiet:
        return f"{case.clock(moment)} is in the quiet hours."
    return ""


def _not_active(case: Case) -> str:
    return "" if case.user.is_active else "The account is closed."


def not_reached(case: Case, person: Person) -> str:
    if not person.user.is_active:
        return "The account is closed."
    if not person.reminds:
        return "Reminders were off."
    if person.snoozed_until is not None and person.snoozed_until > person.at:
        return f"The person had asked for a break until {case.when(person.snoozed_until)}."
    if not person.has_phone and not person.has_mail:
        mail = "the address was refused" if person.is_bounced and person.email_enabled else "e-mails were off"
        phone = "no phone was known" if person.push_enabled else "messages on the phone were off"
        return f"No way to reach the person: {phone}, and {mail}."
    return ""


def _not_caring(case: Case, dog: Dog) -> str:
    if dog.caring(case.user) is None:
        ends = [one.ended_at for one in dog.household if one.user_id == case.user.pk and one.ended_at is not None]
        return (
            f"The person no longer cared for {dog.patient.name}."
            if any(end <= dog.at for end in ends)
            else (f"The person did not care for {dog.patient.name} yet.")
        )
    died_on = dog.patient.died_on
    if died_on is not None:
        return f"{dog.patient.name} has died, on {died_on:%-d %B %Y}."
    if dog.patient.time_zone not in time_zones.names():
        return f"The dog’s time zone {dog.patient.time_zone} is not known on this machine."
    return ""


def _not_in_treatment(case: Case, kind: Kind, dog: Dog) -> str:
    """Program, pause, stop and discharge, each for the kinds that ask for it."""
    code, name = kind.code, dog.patient.name
    if code in (Code.REPLY, Code.CALL_CLINIC, Code.PLAN_CHANGED):
        return ""
    if code not in (Code.CHECKPOINT, Code.RE_EXAM) and dog.program is None:
        last = dog.last_program
        ended = f": the last one ended on {last.ended_at:%-d %B %Y}" if last is not None and last.ended_at else ""
        return f"{name} had no program{ended}."
    if dog.pause is not None:
        who = first_name(dog.pause.decided_by.name, dog.pause.decided_by.email)
        return f"The program was paused, by {who} at {case.when(dog.pause.decided_at)}."
    if code != Code.RE_EXAM and dog.stop is not None:
        return f"A warning sign had stopped the exercises, since {case.when(dog.stop.received_at)}."
    if code not in (Code.CHECKPOINT, Code.WEEK) and dog.discharged_on is not None:
        return f"{name} was in maintenance, discharged on {dog.discharged_on:%-d %B %Y}."
    return ""


# Each kind's own conditions.


def _nothing_left(case: Case, dog: Dog) -> str:
    if dog.program is not None and not dog.prescriptions:
        return "The program had no exercise."
    if not dog.due:
        return f"Nothing was due on {dog.day:%A}: a rest day."
    if dog.left == 0:
        said = dog.last_answer
        return f"Everything was done or answered already{f', the last by {case.by(said)}' if said else ''}."
    return ""


def _unfinished_day(case: Case, dog: Dog, person: Person) -> str:
    return _nothing_left(case, dog) or (
        f"Nobody of the household had said anything {_since(case, dog)}, so silence speaks instead, or nobody."
        if dog.silent_days > 1 and not case.is_candidate(BY_CODE[Code.UNFINISHED_DAY], dog.patient.pk, dog.at)
        else ""
    )


def _since(case: Case, dog: Dog) -> str:
    return f"since {dog.heard_on:%-d %B}" if dog.heard_on is not None else "since the program began"


def _welcome(case: Case, dog: Dog, person: Person) -> str:
    program = dog.program
    if program is None:
        return ""
    if Program.objects.filter(patient=dog.patient, created_at__lt=program.created_at).exists():
        return "It was not the dog’s first program."
    joined = max(one.started_at for one in dog.household)
    number = 1 + min((dog.day - program.starts_on).days, (dog.day - dog.patient.today(joined)).days)
    if number < 1:
        return f"The program begins only on {program.starts_on:%-d %B}."
    if number not in (1, 3):
        return f"It comes on the household’s first and third day with the program; this was day {number}."
    return _nothing_left(case, dog)


def _silence(case: Case, dog: Dog, person: Person) -> str:
    if not dog.due:
        return _nothing_left(case, dog)
    if dog.silent_days in SILENCES:
        return ""
    if dog.heard_on is not None and dog.heard_on >= dog.day - DAY:
        return f"The household was heard of on {dog.heard_on:%-d %B}."
    return (
        f"It comes on the 2nd, 4th and 7th day on which something was due and nobody said anything;"
        f" {_since(case, dog)} it was day {dog.silent_days}."
    )


def _next_morning(case: Case, dog: Dog, person: Person) -> str:
    if dog.morning_answer is not None:
        return f"The question had been answered, by {case.by(dog.morning_answer)}."
    return "" if dog.worked_yesterday else "Nothing was done on the day before, so there is nothing to ask about."


def _checkpoint(case: Case, dog: Dog, person: Person) -> str:
    found = list(Checkpoint.objects.filter(patient=dog.patient).order_by("due_on"))
    if not found:
        return "The dog has no checkpoint: it was not discharged."
    asked = [one for one in found if one.due_on <= dog.day < one.due_on + ANSWER_DAYS * DAY]
    if not asked:
        ahead = [one.due_on for one in found if one.due_on > dog.day]
        return f"No checkpoint was due{f'; the next is on {ahead[0]:%-d %B %Y}' if ahead else ''}."
    if all(one.state != Checkpoint.State.WAITING for one in asked):
        return f"The checkpoint of {asked[0].due_on:%-d %B} is not waiting for an answer any more."
    told = Nudge.objects.filter(
        user=case.user, kind=Code.CHECKPOINT, subject_id__in=[one.pk for one in asked], local_day__lt=case.day
    ).exclude(state=State.SUPPRESSED)
    return _already_told(case, told)


def _re_exam(case: Case, dog: Dog, person: Person) -> str:
    caring = dog.caring(case.user)
    if caring is not None and caring.relation != Caregiver.Relation.OWNER:
        return "It goes to the owners only, and the person is a caregiver."
    definition = (
        ProblemDefinition.objects.filter(patient=dog.patient, signed_at__lte=dog.at).order_by("-version").first()
    )
    if definition is None or definition.re_exam_due_on is None:
        return "No re-examination is planned."
    days = (definition.re_exam_due_on - dog.day).days
    if not -1 <= days <= 3:
        return (
            f"The re-examination is due on {definition.re_exam_due_on:%-d %B %Y}; it comes within the three days before"
            f" and on the day after."
        )
    told = Nudge.objects.filter(
        user=case.user, kind=Code.RE_EXAM, subject_id=definition.pk, local_day__lt=case.day
    ).exclude(state=State.SUPPRESSED)
    return _already_told(case, told)


def _already_told(case: Case, told: ClinicalQuerySet) -> str:
    days = [one.local_day for one in told.order_by("local_day")]
    return f"The person was told of it on {', '.join(f'{day:%-d %B}' for day in days)}." if days else ""


def _week(case: Case, dog: Dog, person: Person) -> str:
    if case.day.weekday() != SUNDAY:
        return "It comes on Sundays."
    return "" if person.week_enabled else "The weekly summary was off."


def _plan_changed(case: Case, dog: Dog, person: Person) -> str:
    program = dog.program
    if program is None or program.created_at <= dog.at - DAY:
        return "No new program within the last day."
    if program.created_by_id == case.user.pk:
        return "The person gave the dog the program."
    return _joined_later(case, dog, program.created_at)


def _joined_later(case: Case, dog: Dog, at: dt.datetime) -> str:
    caring = dog.caring(case.user)
    late = caring is not None and caring.started_at > at
    return "The person began to care for the dog only afterwards." if late else ""


def _phase_reached(case: Case, dog: Dog, person: Person) -> str:
    decision = (
        Decision.objects.filter(
            patient=dog.patient, kind=Decision.Kind.PHASE, decided_at__gt=dog.at - DAY, decided_at__lte=dog.at
        )
        .order_by("-decided_at")
        .first()
    )
    if decision is None:
        return "No new phase within the last day."
    if decision.decided_by_id == case.user.pk:
        return "The person moved the dog on."
    return _joined_later(case, dog, decision.decided_at)


def _reply(case: Case, dog: Dog, person: Person) -> str:
    since, until = dog.at - DAY, dog.at - dt.timedelta(minutes=10)
    about = {"patient": dog.patient}
    written = Message.objects.filter(**about, from_family=False, received_at__gt=since, received_at__lte=until)
    reviewed = ClipReview.objects.filter(**about, reviewed_at__gt=since, reviewed_at__lte=until)
    if not written.exclude(written_by=case.user).exists() and not reviewed.exclude(reviewed_by=case.user).exists():
        return "The clinic wrote nothing within the last day."
    read = MessagesRead.objects.filter(user=case.user, **about).first()
    last = written.order_by("received_at").last()
    if last is not None and not reviewed.exists() and read is not None and read.until >= last.received_at:
        return f"The person had read it by {case.when(read.until)}, or has since: only the last reading is kept."
    return ""


def _call_clinic(case: Case, dog: Dog, person: Person) -> str:
    report = (
        WarningReport.objects.filter(
            patient=dog.patient, told_to_call_at__gt=dog.at - DAY / 2, told_to_call_at__lte=dog.at
        )
        .order_by("told_to_call_at")
        .last()
    )
    if report is None:
        return "No warning sign was left unanswered by the clinic in the last twelve hours."
    if report.acknowledged_at is not None and report.acknowledged_at <= dog.at:
        return f"The clinic had taken it over at {case.when(report.acknowledged_at)}."
    return ""


OWN: Final[dict[Nudge.Kind, Callable[[Case, Dog, Person], str]]] = {
    Code.UNFINISHED_DAY: _unfinished_day,
    Code.WELCOME: _welcome,
    Code.SILENCE: _silence,
    Code.NEXT_MORNING: _next_morning,
    Code.CHECKPOINT: _checkpoint,
    Code.RE_EXAM: _re_exam,
    Code.WEEK: _week,
    Code.PLAN_CHANGED: _plan_changed,
    Code.PHASE_REACHED: _phase_reached,
    Code.REPLY: _reply,
    Code.CALL_CLINIC: _call_clinic,
}

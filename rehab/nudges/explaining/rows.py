"""What a row says, in words for who runs the installation."""

from typing import Final

from rehab.nudges.circumstances import DAY, Dog
from rehab.nudges.explaining.case import Case
from rehab.nudges.models import Nudge

Code, State, Reason = Nudge.Kind, Nudge.State, Nudge.Reason
IGNORED: Final = 3
REASONS: Final = {
    Reason.DONE: "nothing was left at the last look",
    Reason.ANSWERED: "it had been answered by the last look",
    Reason.SEEN: "the person had seen it already",
    Reason.COMBINED: "the message about another dog of the person named this one, too",
    Reason.ONE_A_DAY: "the person had a message that day already",
    Reason.ENOUGH: "the person had had four prompts in seven days",
    Reason.EVERY_OTHER_DAY: "the last three were not followed, so reminders came every other day",
    Reason.REMINDERS_OFF: "reminders were off",
    Reason.SNOOZED: "the person had asked for a break",
    Reason.NO_WAY: "neither messages on a phone nor e-mails could reach the person",
    Reason.NOT_CARING: "the person no longer cared for the dog",
    Reason.PROGRAM_ENDED: "the program had ended",
    Reason.PAUSED: "the program was paused",
    Reason.DISCHARGED: "the dog had been discharged",
    Reason.DIED: "the dog had died",
    Reason.STOPPED: "a warning sign had stopped the exercises",
    Reason.TOO_LATE: "it had become too late",
    Reason.NO_ANSWER: "the mail server did not take it in time",
    Reason.REFUSED: "the mail server refused it",
    Reason.ADDRESS_REFUSED: "the mail server says that the address does not exist",
    Reason.PHONE_AWAY: "the phone’s message service did not take it in time",
    Reason.PHONE_GONE: "the phone does not take messages any more",
    Reason.GAVE_UP: "something went wrong on our side",
}


def told(case: Case, row: Nudge) -> str:
    state, reason = State(row.state), Reason(row.reason) if row.reason else None
    way = {"push": " to the phone", "email": " by e-mail"}.get(row.channel, "")
    because = REASONS[reason] if reason is not None else ""
    planned = f"Planned at {case.when(row.planned_at)}"
    ended = case.when(row.finished_at) if row.finished_at is not None else ""
    match state:
        case State.SENT:
            text = f"{planned}, sent{way} at {ended}"
            seen = [
                f"{word} at {case.when(instant)}"
                for word, instant in (("shown", row.delivered_at), ("opened", row.opened_at))
                if instant is not None
            ]
            text = ", ".join([text, *seen])
        case State.WITHHELD:
            chance = 100 - round(100 * float(row.p_send or 1))
            text = f"{planned}, withheld by lot to measure whether reminders help (chance {chance} %)"
        case State.SUPPRESSED:
            text = f"{planned}, not sent: {because}{_details(case, row, reason)}"
            text += f", at {ended}" if ended and row.finished_at != row.planned_at else ""
        case State.EXPIRED | State.FAILED:
            text = f"{planned}, {'too late to send' if state is State.EXPIRED else 'failed'} at {ended}: {because}"
        case State.RETRY:
            text = f"{planned}, will be tried again{way} at {case.when(row.next_attempt_at)}: {because}"
        case State.SENDING:
            text = (
                f"{planned}, being sent; if its sender has died, another takes over at {case.when(row.next_attempt_at)}"
            )
        case _:
            text = f"{planned}, to be sent from {case.when(row.next_attempt_at)} on"
    extras = []
    if row.attempts > 1:
        extras.append(f"Attempts: {row.attempts}.")
    if row.leases_lost:
        extras.append(f"{row.leases_lost} of its senders never came back, so it may have come twice.")
    if row.p_send is not None:
        after = {True: "Somebody exercised the dog within a day.", False: "Nobody exercised the dog within a day."}
        extras.append(
            after.get(row.followed, "Not known yet whether somebody exercised within a day.")
            if row.followed is not None
            else "Not known yet whether somebody exercised within a day."
        )
    return " ".join([f"{text}.", *extras])


def _details(case: Case, row: Nudge, reason: Nudge.Reason | None) -> str:
    """For the caps: which rows count. For what was done: who and when."""
    if reason in (Reason.ONE_A_DAY, Reason.COMBINED):
        other = next(
            (one for one in case.rows if one.pk != row.pk and one.state in Nudge.MESSAGE_STATES and one.patient_id),
            None,
        )
        return f" ({_named(other)})" if other is not None else ""
    if reason == Reason.ENOUGH:
        counted = Nudge.objects.filter(
            user=case.user,
            kind__in=Nudge.PROMPTS,
            state__in=Nudge.MESSAGE_STATES,
            local_day__gt=case.day - 7 * DAY,
            local_day__lte=case.day,
        ).order_by("local_day")
        return f" ({', '.join(f'{one.local_day:%-d %B}: {Code(one.kind).label}' for one in counted)})"
    if reason == Reason.EVERY_OTHER_DAY:
        last = Nudge.objects.filter(
            user=case.user,
            kind=Code.UNFINISHED_DAY,
            state=State.SENT,
            followed__isnull=False,
            local_day__lt=case.day,
        ).order_by("-local_day")[:IGNORED]
        return f" ({', '.join(f'{one.local_day:%-d %B}' for one in sorted(last, key=lambda one: one.local_day))})"
    if reason == Reason.DONE and row.patient is not None and row.finished_at is not None:
        said = Dog(row.patient, at=row.finished_at).last_answer
        return f" ({case.by(said)})" if said is not None else ""
    return ""


def _named(row: Nudge) -> str:
    name = row.patient.name if row.patient is not None else row.clinic.name
    return f"{Code(row.kind).label}, {name}, {State(row.state).label}"

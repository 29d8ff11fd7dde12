"""What the vet's pages say: reasons with their numbers, problems in short words, days as people name them."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.guidance import maintenance_wording
from rehab.guidance.attention import Code, Level, Moment, Reason
from rehab.guidance.rule_wording import ended, flag_text, rule_text
from rehab.library import translating
from rehab.patients.models import ProblemDefinition
from rehab.programs.resetting import came_back_text
from rehab.sessions import check_wording

BADGES: Final = {
    Code.ALERT_NOT_DELIVERED: gettext_lazy("Nobody reached"),
    Code.ALERT_WAITING: gettext_lazy("Not taken over"),
    Code.WARNING_SIGN: gettext_lazy("Warning sign"),
    Code.PAIN_AT_LIMIT: gettext_lazy("Pain at the limit"),
    Code.SKIPPED_FOR_PAIN: gettext_lazy("Skipped for pain"),
    Code.NO_FAMILY: gettext_lazy("No family"),
    Code.PAIN_UP: gettext_lazy("Pain up"),
    Code.MORNING_UP: gettext_lazy("Worse mornings"),
    Code.MESSAGE_WAITING: gettext_lazy("Message waits"),
    Code.CLIP_WAITING: gettext_lazy("Clip waits"),
    Code.SILENT: gettext_lazy("Silent"),
    Code.RE_EXAM_OVERDUE: gettext_lazy("Re-exam overdue"),
    Code.RE_EXAM_SOON: gettext_lazy("Re-exam soon"),
    Code.LOW_ADHERENCE: gettext_lazy("Little done"),
    Code.NOT_SIGNED: gettext_lazy("Not signed"),
    Code.NO_PROGRAM: gettext_lazy("No program"),
    Code.PAUSED: gettext_lazy("Paused"),
    Code.NO_PAIN_ANSWER: gettext_lazy("No pain answer"),
    Code.CHECK_PHASE: gettext_lazy("Check the phase"),
    Code.UNDETERMINED: gettext_lazy("Question open"),
    Code.RESTRAINED: gettext_lazy("Stopped by the rules"),
    Code.NOT_EVALUATED: gettext_lazy("Not evaluated"),
    Code.REGRESS_SUGGESTED: gettext_lazy("Less is suggested"),
    Code.STUCK_PHASE: gettext_lazy("Long in its phase"),
    Code.LOOK_AGAIN: gettext_lazy("Look again"),
    Code.CAME_BACK: gettext_lazy("Pain came back"),
    Code.OVERLOAD: gettext_lazy("Overload?"),
    Code.DONE_QUESTION: gettext_lazy("Done?"),
    Code.READY_TO_PROGRESS: gettext_lazy("Ready to progress"),
    Code.CHECKPOINT_WORSE: gettext_lazy("Checkpoint worse"),
    Code.CHECKPOINT_MISSED: gettext_lazy("Checkpoint missed"),
    Code.RELAPSE_RISK: gettext_lazy("Relapse?"),
}
ICONS: Final = {Level.ACT: "octagon-alert", Level.WATCH: "triangle-alert", Level.OK: "circle-check"}

ORIGINS: Final[Mapping[str, Any]] = {
    ProblemDefinition.Origin.PRIMARY: gettext_lazy("primary"),
    ProblemDefinition.Origin.SECONDARY: gettext_lazy("secondary"),
    ProblemDefinition.Origin.UNDETERMINED: gettext_lazy("origin open"),
}
MECHANISMS: Final[Mapping[str, Any]] = {
    ProblemDefinition.Mechanism.MUSCULOSKELETAL: gettext_lazy("musculoskeletal"),
    ProblemDefinition.Mechanism.NEUROLOGIC: gettext_lazy("neurologic"),
    ProblemDefinition.Mechanism.MIXED: gettext_lazy("mixed"),
    ProblemDefinition.Mechanism.UNDETERMINED: gettext_lazy("mechanism open"),
}
PAIN: Final = {
    Moment.BEFORE: gettext_lazy("Pain %(score)s of 10 before exercise"),
    Moment.AFTER: gettext_lazy("Pain %(score)s of 10 after exercise"),
    Moment.NEXT_MORNING: gettext_lazy("Pain %(score)s of 10 in the morning"),
}
# Short names of the scale tl_grade_0_5. Source: 01_neuro.yaml, ``grades``.
GRADES: Final = (
    gettext_lazy("normal"),
    gettext_lazy("pain only"),
    gettext_lazy("walks, but weak or wobbly"),
    gettext_lazy("moves legs, cannot walk alone"),
    gettext_lazy("no movement, feels pain"),
    gettext_lazy("no movement, no deep pain"),
)


def day_name(day: dt.date, *, today: dt.date) -> str:
    """The day as a person says it: today, yesterday, Friday, 3 March."""
    ago = (today - day).days
    if ago == 0:
        return _("today")
    if ago == 1:
        return _("yesterday")
    return date_format(day, "l" if 1 < ago < 7 else "MONTH_DAY_FORMAT")


def moment(at: dt.datetime, time_zone: str, *, today: dt.date) -> str:
    """The moment as the dog's family lived it: yesterday, 07:42."""
    local = at.astimezone(zoneinfo.ZoneInfo(time_zone))
    return _("%(day)s, %(time)s") % {
        "day": day_name(local.date(), today=today),
        "time": date_format(local, "H:i"),
    }


def short_day(day: dt.date) -> str:
    """The day for the axis of a picture: 3 Mar."""
    return date_format(day, _("j M"))


def from_day(day: dt.date, *, today: dt.date) -> str:
    """From when something to come holds: from tomorrow, from 3 Mar."""
    if (day - today).days == 1:
        return _("from tomorrow")
    return _("from %(day)s") % {"day": short_day(day)}


def number(value: float) -> str:
    """A score or a median without a needless decimal."""
    return f"{value:g}"


def sentence(reason: Reason, *, today: dt.date) -> str:
    """The reason in one sentence with its numbers."""
    return _SENTENCES[reason.code](reason.numbers, today)


def problem(cause: str, neuro_grade: int | None, origin: str, mechanism: str) -> tuple[str, str]:
    """What is wrong with the back, in two short lines: the cause with its grade, and the two axes."""
    name = ProblemDefinition.Cause(cause).label if cause else _("Cause not answered")
    if neuro_grade and mechanism != ProblemDefinition.Mechanism.MUSCULOSKELETAL:
        name = _("%(cause)s, grade %(grade)s") % {"cause": name, "grade": neuro_grade}
    return str(name), axes(origin, mechanism)


def axes(origin: str, mechanism: str) -> str:
    """The two answers that decide what may be prescribed: primary, musculoskeletal."""
    answers = ((ORIGINS, origin), (MECHANISMS, mechanism))
    return ", ".join(str(words[answer]) for words, answer in answers if answer)


def sign(flag: str) -> str:
    """A warning sign in words, or the rule that stopped a dog by itself."""
    if flag in check_wording.RULES:
        return check_wording.rule_text(flag)
    return flag_text(flag)


def grade(value: int | None) -> str:
    """The neurologic grade with its name: 2, walks, but weak or wobbly."""
    if value is None:
        return _("not answered")
    return _("%(grade)s of 5, %(name)s") % {"grade": value, "name": GRADES[value]}


def days_left(day: dt.date, *, today: dt.date) -> str:
    """How far away a day is: in 5 days, today, 2 days ago."""
    left = (day - today).days
    if left == 0:
        return _("today")
    if left > 0:
        return ngettext("in %(days)s day", "in %(days)s days", left) % {"days": left}
    return ngettext("%(days)s day ago", "%(days)s days ago", -left) % {"days": -left}


def age(born_on: dt.date, *, today: dt.date) -> str:
    """The age in years, or in months before the second birthday."""
    months = (today.year - born_on.year) * 12 + today.month - born_on.month
    months -= today.day < born_on.day
    if months < 24:
        return ngettext("%(months)s month", "%(months)s months", months) % {"months": months}
    return ngettext("%(years)s year", "%(years)s years", months // 12) % {"years": months // 12}


def _on(numbers: Mapping[str, Any]) -> dt.date:
    return dt.date.fromisoformat(numbers["on"])


def _alert_waiting(numbers: Mapping[str, Any], today: dt.date) -> str:
    said = {"sign": sign(numbers["sign"]), "day": day_name(_on(numbers), today=today), "more": numbers["more"]}
    if not numbers["more"]:
        return _("%(sign)s (%(day)s). Nobody has taken it over yet.") % said
    return _("%(sign)s, and %(more)s more (%(day)s). Nobody has taken it over yet.") % said


def _alert_not_delivered(numbers: Mapping[str, Any], today: dt.date) -> str:
    said = {"sign": sign(numbers["sign"]), "day": day_name(_on(numbers), today=today), "more": numbers["more"]}
    if not numbers["more"]:
        return _("%(sign)s (%(day)s). Nobody could be reached by e-mail, and nobody has taken it over.") % said
    return (
        _("%(sign)s, and %(more)s more (%(day)s). Nobody could be reached by e-mail, and nobody has taken it over.")
        % said
    )


def _warning_sign(numbers: Mapping[str, Any], today: dt.date) -> str:
    said = {"sign": sign(numbers["sign"]), "day": day_name(_on(numbers), today=today), "more": numbers["more"]}
    if numbers.get("one"):
        return _("%(sign)s (%(day)s). What can have brought it on is stopped until a vet has released it.") % said
    if not numbers["more"]:
        return _("%(sign)s (%(day)s). The exercises are stopped.") % said
    return _("%(sign)s, and %(more)s more (%(day)s). The exercises are stopped.") % said


def _pain_at_limit(numbers: Mapping[str, Any], today: dt.date) -> str:
    day = _on(numbers)
    score = {"score": numbers["score"], "limit": numbers["limit"], "day": day_name(day, today=today)}
    if numbers["moment"] == Moment.NEXT_MORNING:
        if day == today:
            return _("Pain %(score)s of 10 this morning; the limit is %(limit)s.") % score
        return _("Pain %(score)s of 10 in the morning (%(day)s); the limit is %(limit)s.") % score
    if numbers["moment"] == Moment.AFTER:
        return _("Pain %(score)s of 10 after exercise (%(day)s); the limit is %(limit)s.") % score
    return _("Pain %(score)s of 10 before exercise (%(day)s); the limit is %(limit)s.") % score


def _skipped_for_pain(numbers: Mapping[str, Any], today: dt.date) -> str:
    return _("The family skipped an exercise because of pain (%(day)s).") % {"day": day_name(_on(numbers), today=today)}


def _pain_up(numbers: Mapping[str, Any], today: dt.date) -> str:
    return _("Pain %(score)s of 10 (%(day)s); the week before it was mostly %(usual)s.") % {
        "score": numbers["score"],
        "usual": number(numbers["usual"]),
        "day": day_name(_on(numbers), today=today),
    }


def _morning_up(numbers: Mapping[str, Any], today: dt.date) -> str:
    return _("Pain %(score)s of 10 on the morning after (%(day)s); usual is %(usual)s.") % {
        "score": numbers["score"],
        "usual": number(numbers["usual"]),
        "day": day_name(_on(numbers), today=today),
    }


def _message_waiting(numbers: Mapping[str, Any], today: dt.date) -> str:
    return ngettext(
        "%(count)s message from the family waits (%(day)s).",
        "%(count)s messages from the family wait (the first: %(day)s).",
        numbers["count"],
    ) % {"count": numbers["count"], "day": day_name(_on(numbers), today=today)}


def _clip_waiting(numbers: Mapping[str, Any], today: dt.date) -> str:
    return ngettext(
        "%(count)s photo or clip from home waits for an answer (%(day)s).",
        "%(count)s photos or clips from home wait for an answer (the first: %(day)s).",
        numbers["count"],
    ) % {"count": numbers["count"], "day": day_name(_on(numbers), today=today)}


def _silent(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return ngettext(
        "Nothing heard on the last %(days)s day with exercises.",
        "Nothing heard on the last %(days)s days with exercises.",
        numbers["days"],
    ) % {"days": numbers["days"]}


def _low_adherence(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("%(percent)s %% done in the last %(days)s days.") % dict(numbers)


def _re_exam_overdue(numbers: Mapping[str, Any], today: dt.date) -> str:
    late = (today - _on(numbers)).days
    return ngettext(
        "The re-examination was due %(days)s day ago.",
        "The re-examination was due %(days)s days ago.",
        late,
    ) % {"days": late}


def _re_exam_soon(numbers: Mapping[str, Any], today: dt.date) -> str:
    left = (_on(numbers) - today).days
    if left <= 0:
        return _("The re-examination is due today.")
    return ngettext(
        "The re-examination is due in %(days)s day.",
        "The re-examination is due in %(days)s days.",
        left,
    ) % {"days": left}


def _not_signed(_numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("No vet has signed what is wrong with this back.")


def _no_program(_numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("The problem is signed, but no program is running.")


def _no_pain_answer(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("No pain answer in the last %(days)s days.") % dict(numbers)


def _no_family(_numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("Nobody at home can see the program: invite the family.")


def _paused(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("Paused since %(day)s: resume it or end it.") % {"day": short_day(_on(numbers))}


def _check_phase(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("The new definition would start in %(start)s; the program is in %(phase)s.") % dict(numbers)


def _undetermined(_numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("Origin or mechanism is undetermined: care only for now.")


def _restrained(numbers: Mapping[str, Any], today: dt.date) -> str:
    said = {"sign": sign(numbers["sign"]), "day": day_name(_on(numbers), today=today), "more": numbers["more"]}
    if not numbers["more"]:
        return _("The rules have stopped the exercises (%(day)s): %(sign)s.") % said
    return _("The rules have stopped the exercises (%(day)s): %(sign)s, and %(more)s more.") % said


def _not_evaluated(_numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("Some rules could not be evaluated, so nothing grows. Look at this dog yourself.")


def _suggested(numbers: Mapping[str, Any], one: str, several: str) -> str:
    said = {
        "exercise": translating.said(numbers["exercise"]),
        "why": ended(rule_text(numbers["said"].get("rule", ""), numbers["said"].get("numbers", {}))),
        "more": numbers["count"] - 1,
    }
    return (several if numbers["count"] > 1 else one) % said


def _regress_suggested(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _suggested(
        numbers,
        _("Less of %(exercise)s: %(why)s"),
        _("Less of %(exercise)s and %(more)s more: %(why)s"),
    )


def _ready_to_progress(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _suggested(
        numbers,
        _("%(exercise)s may grow. %(why)s"),
        _("%(exercise)s and %(more)s more may grow. %(why)s"),
    )


def _stuck_phase(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("%(days)s days in %(phase)s, which takes up to %(usual)s.") % dict(numbers)


def _look_again(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _("The answers ask for another look at the true cause (%(rules)s).") % {"rules": ", ".join(numbers["rules"])}


def _came_back(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return came_back_text(numbers)


def _overload(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _(
        "More done and more pain than the week before: %(percent_before)s → %(percent_now)s %%, "
        "pain %(pain_before)s → %(pain_now)s."
    ) % _moved(numbers)


def _done_question(numbers: Mapping[str, Any], _today: dt.date) -> str:
    return _(
        "Less pain and less done than the week before: pain %(pain_before)s → %(pain_now)s, "
        "%(percent_before)s → %(percent_now)s %%. Does the family think it is finished?"
    ) % _moved(numbers)


def _checkpoint_worse(numbers: Mapping[str, Any], _today: dt.date) -> str:
    said = {"when": maintenance_wording.months(numbers["month"]), "worse": maintenance_wording.worse_text(numbers)}
    return _("Worse %(when)s: %(worse)s.") % said


def _checkpoint_missed(numbers: Mapping[str, Any], _today: dt.date) -> str:
    said = {
        "when": maintenance_wording.months(numbers["month"]),
        "missing": maintenance_wording.missing_text(numbers["missing"]),
    }
    return _("The checkpoint %(when)s was not fully answered: %(missing)s.") % said


def _relapse_risk(numbers: Mapping[str, Any], _today: dt.date) -> str:
    signs = [maintenance_wording.sign_text(one) for one in numbers["signs"]]
    return _("Signs of a relapse in maintenance: %(signs)s.") % {"signs": "; ".join(signs)}


def _moved(numbers: Mapping[str, Any]) -> dict[str, str]:
    return {name: number(value) for name, value in numbers.items()}


_SENTENCES: Final[Mapping[Code, Callable[[Mapping[str, Any], dt.date], str]]] = {
    Code.ALERT_NOT_DELIVERED: _alert_not_delivered,
    Code.ALERT_WAITING: _alert_waiting,
    Code.WARNING_SIGN: _warning_sign,
    Code.PAIN_AT_LIMIT: _pain_at_limit,
    Code.SKIPPED_FOR_PAIN: _skipped_for_pain,
    Code.NO_FAMILY: _no_family,
    Code.PAIN_UP: _pain_up,
    Code.MORNING_UP: _morning_up,
    Code.MESSAGE_WAITING: _message_waiting,
    Code.CLIP_WAITING: _clip_waiting,
    Code.SILENT: _silent,
    Code.RE_EXAM_OVERDUE: _re_exam_overdue,
    Code.RE_EXAM_SOON: _re_exam_soon,
    Code.LOW_ADHERENCE: _low_adherence,
    Code.NOT_SIGNED: _not_signed,
    Code.NO_PROGRAM: _no_program,
    Code.PAUSED: _paused,
    Code.NO_PAIN_ANSWER: _no_pain_answer,
    Code.CHECK_PHASE: _check_phase,
    Code.UNDETERMINED: _undetermined,
    Code.RESTRAINED: _restrained,
    Code.NOT_EVALUATED: _not_evaluated,
    Code.REGRESS_SUGGESTED: _regress_suggested,
    Code.STUCK_PHASE: _stuck_phase,
    Code.LOOK_AGAIN: _look_again,
    Code.CAME_BACK: _came_back,
    Code.OVERLOAD: _overload,
    Code.DONE_QUESTION: _done_question,
    Code.READY_TO_PROGRESS: _ready_to_progress,
    Code.CHECKPOINT_WORSE: _checkpoint_worse,
    Code.CHECKPOINT_MISSED: _checkpoint_missed,
    Code.RELAPSE_RISK: _relapse_risk,
}

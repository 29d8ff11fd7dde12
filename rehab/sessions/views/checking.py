"""The check for warning signs: it asks in plain words, and says at once what to do, with or without a network."""

import datetime as dt
import json
import zoneinfo
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.lib.ids import new_id
from rehab.lib.middleware import keep_for_offline
from rehab.library import reading, translating
from rehab.patients.access import load_patient
from rehab.patients.models import Patient
from rehab.programs.models import Prescription
from rehab.sessions import check_wording, checks, warning_signs
from rehab.sessions.models import WarningReport
from rehab.sessions.screen import parts, phones
from rehab.sessions.wording import short_day


@access(Right.SEE)
@keep_for_offline
@require_safe
def check(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Which warning signs are there now, how the dog walks, and what the last check led to."""
    at = timezone.now()
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE)
    if patient.died_on is not None:
        return redirect("sessions:today", patient.pk)
    today = patient.today(at)
    reports = checks.last_reports(patient.pk)
    past = checks.past_of(patient.pk, reports)
    return render(
        request,
        "sessions/check_page.html",
        {
            "patient": patient,
            "place": "check",
            "as_of": at.isoformat(),
            "day": today,
            "calls": phones.calls(patient.clinic),
            "groups": _groups(),
            "questions": _questions(patient, reports, today=today),
            "has_answers": any(report.answers for report in reports),
            "result": _result(patient, reports, today=today),
            "stopped_on": _stopped_on(patient),
            "exercises": _exercises(patient),
            "results": [_case(urgency) for urgency in (*warning_signs.URGENCIES, "")],
            "advice": json.dumps({code: str(text) for code, text in check_wording.ADVICE.items()}, ensure_ascii=False),
            "rule": _rule(past),
            "keys": (new_id(), new_id()),
            "fields": parts.fields(csrf=get_token(request), day=today, plan_version=None),
        },
    )


def _rule(past: warning_signs.Past) -> str:
    """What static/js/lib/warning-signs.js weighs by: the signs, and what was known when the page was printed."""
    return json.dumps(
        {
            "signs": [[sign.id, sign.urgency, warning_signs.stop_of(sign)] for sign in reading.red_flags()],
            "expected": past.expected,
            "checks": [[one.at.isoformat(), one.answers] for one in past.checks],
            "released_at": None if past.released_at is None else past.released_at.isoformat(),
        },
        separators=(",", ":"),
    )


def _groups() -> list[tuple[str, list[dict[str, Any]]]]:
    """The signs by urgency, the gravest first, each with its hint."""
    signs = warning_signs.owner_signs()
    return [
        (
            urgency,
            [
                {"id": sign.id, "sign": translating.said(sign.sign), "hint": check_wording.HINTS.get(sign.id, "")}
                for sign in signs
                if sign.urgency == urgency
            ],
        )
        for urgency in warning_signs.URGENCIES
    ]


def _questions(patient: Patient, reports: Sequence[WarningReport], *, today: dt.date) -> list[dict[str, Any]]:
    """The five questions, each with its choices and what was answered last."""
    return [
        {
            "name": question,
            "text": text,
            "choices": [(value, str(words)) for value, words in check_wording.WORDS[question].items()],
            "numbers": range(check_wording.MOST_STEPS + 1) if question == "unaided_steps" else (),
            "last": _last_time(question, reports, patient, today=today),
        }
        for question, text in check_wording.questions(patient.name).items()
    ]


def _last_time(question: str, reports: Sequence[WarningReport], patient: Patient, *, today: dt.date) -> str:
    for report in reports:
        if (value := report.answers.get(question)) is not None:
            answer = {"answer": check_wording.answer_text(question, value), "day": _day(report.day, today=today)}
            return _("Last time: %(answer)s (%(day)s)") % answer
    return ""


def _day(day: dt.date, *, today: dt.date) -> str:
    return {0: _("today"), 1: _("yesterday")}.get((today - day).days) or short_day(day)


def _case(urgency: str) -> dict[str, Any]:
    """What a result of the urgency says, whoever it is about; a phone fills in the rest by itself."""
    return {
        "urgency": urgency,
        "level": {"emergency_now": "act", "call_today": "act", "next_review": "warn"}.get(urgency, "plain"),
        "calls": urgency in ("emergency_now", "call_today"),
        "what_to_do": translating.said(reading.urgencies()[urgency].owner_text) if urgency else "",
    }


def _result(patient: Patient, reports: Sequence[WarningReport], *, today: dt.date) -> dict[str, Any] | None:
    """What the last check of today led to; None where nobody has checked today."""
    report = next((one for one in reports if one.day == today), None)
    if report is None:
        return None
    words = {sign.id: translating.said(sign.sign) for sign in reading.red_flags()}
    local = zoneinfo.ZoneInfo(patient.time_zone)
    return {
        **_case(report.urgency),
        "signs": [words.get(code, _("A sign that is no longer on this list")) for code in report.flags],
        "advice": [str(check_wording.ADVICE[code]) for code in report.flags if code in check_wording.ADVICE],
        "stop": report.stop,
        "by": report.recorded_by.get_short_name() if report.recorded_by else "",
        "done_at": time_format(report.done_at.astimezone(local), _("H:i")),
        "received_at": time_format(report.received_at.astimezone(local), _("H:i")),
        "is_released": hasattr(report, "release"),
    }


def _exercises(patient: Patient) -> list[dict[str, Any]]:
    """What can have brought on a sign of one exercise: the exercises of the plan, by name.

    Each with the ``signs`` that stop it where nobody says which it was: a phone holds it at once, without a network.
    """
    plan = (
        Prescription.objects.filter(patient=patient.pk, program__ended_at=None)
        .current()
        .exclude(exercise__category__in=warning_signs.NO_EXERCISES)
        .order_by("position", "pk")
        .values_list("pk", "exercise__name", "exercise__slug", "exercise__category", "exercise__contraindications")
    )
    flags = sorted(warning_signs.signs_of_one_exercise())
    return [
        {
            "slug": slug,
            "name": translating.said(name),
            "item": pk,
            "signs": " ".join(
                flag
                for flag in flags
                if warning_signs.holds(flag, slug=slug, category=category, contraindications=contraindications)
            ),
        }
        for pk, name, slug, category, contraindications in plan
    ]


def _stopped_on(patient: Patient) -> dt.date | None:
    """Since when a check stops the exercises; none where they may go on."""
    stops = WarningReport.objects.filter(patient=patient.pk).stopping().order_by("done_at", "pk")
    day: dt.date | None = stops.values_list("day", flat=True).first()
    return day

"""What the family reads: how an exercise is done, how it went, and when to call."""

import datetime as dt
from typing import Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.lib.middleware import keep_for_offline
from rehab.library import reading
from rehab.library.addresses import picture_of
from rehab.library.models import Media
from rehab.library.views.media import media_response
from rehab.patients.access import load_patient
from rehab.programs.wording import dose_text
from rehab.sessions import adherence, charts, queries
from rehab.sessions.screen import phones
from rehab.sessions.screen import progress as so_far

CHART_DAYS: Final = 14
WEEKS: Final = 8


@access(Right.SEE)
@keep_for_offline
@require_safe
def exercise(request: HttpRequest, patient_id: UUID, prescription_id: UUID) -> HttpResponse:
    """How one exercise is done, how much, and when to stop."""
    prescription = queries.visible_prescription(
        user=signed_in(request), patient_id=patient_id, prescription_id=prescription_id
    )
    signs = reading.stop_signs()
    shown, dose = prescription.exercise, prescription.dosage
    names = {dose.part_of: queries.name_in_program(prescription.program_id, dose.part_of)} if dose.part_of else None
    return render(
        request,
        "sessions/exercise_page.html",
        {
            "patient": prescription.patient,
            "place": "today",
            "prescription": prescription,
            "exercise": shown,
            "picture": picture_of(shown.drawn_as or shown.slug),
            "media": [one for one in (shown.photo, shown.clip) if one is not None and one.state == Media.State.READY],
            "dose": dose_text(dose, names),
            "stop_signs": [signs[code] for code in shown.stop_signs if code in signs],
        },
    )


@access(Right.SEE)
@require_safe
def exercise_media(request: HttpRequest, patient_id: UUID, media_id: UUID) -> HttpResponseBase:
    """The clinic's photo or clip of an exercise that the dog has or had, to its family and its clinic."""
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE)
    media = queries.prescribed_media(patient_id=patient.pk, media_id=media_id)
    if media is None:
        raise Http404
    return media_response(request, media)


@access(Right.SEE)
@keep_for_offline
@require_safe
def progress(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The last fourteen days: what was done, and how the dog was."""
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE)
    local = patient.today(timezone.now())
    until = local + queries.ONE_DAY
    monday = local - dt.timedelta(days=local.weekday())
    first = monday - dt.timedelta(weeks=WEEKS)
    past = queries.history(patient.pk, first, until)
    days = adherence.by_day(past.periods, past.shares, first=first, until=until, today=local)
    shown = [until - dt.timedelta(days=back) for back in range(CHART_DAYS, 0, -1)]
    names = [formats.date_format(one, _("j M")) for one in shown]
    pain = [so_far.day_of_pain(past.pain, one) for one in shown]
    kept, weeks = adherence.weeks_kept(days, today=local)
    return render(
        request,
        "sessions/progress_page.html",
        {
            "patient": patient,
            "place": "progress",
            "week": so_far.week(days, monday=monday, today=local),
            "kept": kept,
            "weeks": weeks,
            "done_picture": charts.done_bars([days[one].ratio for one in shown], names),
            "pain_picture": charts.pain_line([one.highest for one in pain], names),
            "has_done": any(days[one].prescribed for one in shown),
            "has_pain": any(one.highest is not None for one in pain),
            "done_words": so_far.done_words([days[one] for one in shown]),
            "pain_words": so_far.pain_words([one.highest for one in pain]),
            "table": [
                (name, so_far.percent(days[one]), answers)
                for name, one, answers in reversed(list(zip(names, shown, pain, strict=True)))
            ],
        },
    )


@access(Right.SEE)
@keep_for_offline
@require_safe
def help_page(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Warning signs and phone numbers, on one screen that needs nothing else."""
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE)
    urgency = reading.urgencies()["emergency_now"]
    return render(
        request,
        "sessions/help_page.html",
        {
            "patient": patient,
            "place": "help",
            "calls": phones.calls(patient.clinic),
            "what_to_do": urgency.owner_text,
            "now": reading.red_flags(urgency="emergency_now"),
            "today": reading.red_flags(urgency="call_today"),
        },
    )

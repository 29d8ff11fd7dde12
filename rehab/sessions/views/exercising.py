"""One exercise, from its picture to its tick: how it is done, its timer, and what the family says about it."""

import json
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.lib.ids import new_id
from rehab.lib.middleware import keep_for_offline
from rehab.library import reading, translating
from rehab.library.addresses import picture_of
from rehab.library.models import Exercise, Media
from rehab.patients import measure_wording
from rehab.patients.measures import MEASURES, Measure
from rehab.programs.dose import Dose
from rehab.programs.wording import AMOUNTS, dose_text
from rehab.sessions import queries
from rehab.sessions.day import Item
from rehab.sessions.models import WarningReport
from rehab.sessions.queries.holds import Exercised, held_of, provoked
from rehab.sessions.screen import parts, phones, timing, words
from rehab.sessions.screen.addresses import dog_url
from rehab.sessions.views import clips
from rehab.sessions.warning_signs import goes_on

QUALITIES: Final = (
    (3, gettext_lazy("Clean")),
    (2, gettext_lazy("Small faults")),
    (1, gettext_lazy("Poor")),
)
# How much had been done when it was stopped; nothing is an answer, too.
SHARES: Final = ((0, gettext_lazy("Nothing yet")), *words.QUARTERS)
# What the medicine's own answers say already.
SAID_ELSEWHERE: Final = frozenset({"doses_given_pct"})


@access(Right.SEE)
@keep_for_offline
@require_safe
def exercise(request: HttpRequest, patient_id: UUID, prescription_id: UUID) -> HttpResponse:
    """How one exercise is done, how much, and when to stop; with its timer, and the answer for its next time today."""
    user = signed_in(request)
    prescription = queries.visible_prescription(user=user, patient_id=patient_id, prescription_id=prescription_id)
    if prescription.patient.died_on is not None:
        return redirect("sessions:clip-list", patient_id, prescription_id)
    today = prescription.patient.today(timezone.now())
    read = queries.logged(user=user, patient_id=patient_id, day=today)
    item = read.day.find(prescription.pk) if read else None
    if item is not None and not item.prescribed.is_active_on(today):
        item = None
    shown, dose = prescription.exercise, prescription.dosage
    names = (
        {dose.part_of: translating.said(queries.name_in_program(prescription.program_id, dose.part_of))}
        if dose.part_of
        else None
    )
    signs = reading.stop_signs()
    # A timer that was started belongs to this person, this time of this day; no other may find it running.
    key = f"{user.pk}.{prescription.pk}.{today}"
    measure = _measure(shown, key)
    timer = _timer(dose, f"{key}.{_slot(item)}")
    return render(
        request,
        "sessions/exercise_page.html",
        {
            "patient": prescription.patient,
            "place": "today",
            "day": today,
            "prescription": prescription,
            "exercise": shown,
            "picture": picture_of(shown.drawn_as or shown.slug),
            "media": [one for one in (shown.photo, shown.clip) if one is not None and one.state == Media.State.READY],
            "dose": dose_text(dose, names),
            "stop_signs": {code: translating.said(signs[code]) for code in shown.stop_signs if code in signs},
            "is_stopped": _is_stopped(patient_id, shown),
            "goes_on": goes_on("all_active_and_passive", category=shown.category, mode=shown.mode),
            "calls": phones.calls(prescription.patient.clinic),
            "help_url": f"{dog_url(patient_id)}check/",
            "item": item,
            "slot": _slot(item),
            "timer": timer,
            "measure": measure,
            # Measured instead of timed: then the measure is what the exercise is about.
            "measures_first": measure is not None and timer is None and "timer" in measure,
            "fields": parts.fields(
                csrf=get_token(request), day=today, plan_version=read.plan_version if read else None
            ),
            "keys": {kind: new_id() for kind in ("tick", "stop", "partial", "measure")},
            "qualities": QUALITIES,
            "shares": SHARES,
            "quarters": words.QUARTERS,
            **clips.beside(prescription, day=today),
        },
    )


def _slot(item: Item | None) -> int:
    """The first time of today that nobody has said anything about; 0 without one."""
    return item.open_slots[0].number if item and item.open_slots else 0


def _is_stopped(patient_id: UUID, shown: Exercise) -> bool:
    """Whether a warning sign has stopped this exercise; care that the dog needs goes on."""
    reports = WarningReport.objects.filter(patient=patient_id).unreleased().order_by("pk")
    rows = list(reports.values_list("stop", "flags", "numbers", "day", "received_at"))
    if not all(goes_on(stop, category=shown.category, mode=shown.mode) for stop, *_ in rows):
        return True
    said = [one for _, *row in rows if (one := provoked(*row)) is not None]
    held = held_of(said, [Exercised(shown.slug, shown.category, shown.contraindications)])
    return held is not None and shown.slug in held.slugs


def _timer(dose: Dose, key: str) -> dict[str, Any] | None:
    """What ``<hold-timer>`` is told about the dose; None where there is nothing to time."""
    phases = timing.phases(dose)
    if not phases:
        return None
    name = "reps" if dose.reps else "steps"
    amount = dose.reps or dose.steps or 0
    return {
        "key": key,
        "phases": json.dumps(phases, separators=(",", ":")),
        "many": json.dumps(timing.counts(dose)),
        "plan": ", ".join(_rests(phases)),
        "words": _words(count=AMOUNTS[name](amount), amount=f"{amount}\N{MULTIPLICATION SIGN}"),
    }


def _rests(phases: tuple[timing.Phase, ...]) -> list[str]:
    texts = {
        timing.REST_SECONDS: _("%(n)d seconds rest between holds"),
        timing.OTHER_SIDE_SECONDS: _("%(n)d seconds to change sides"),
        timing.NEXT_SET_SECONDS: _("%(n)d seconds rest between sets"),
    }
    rests = {phase.seconds for phase in phases if phase.kind == "rest"}
    return [text % {"n": seconds} for seconds, text in texts.items() if seconds in rests]


def _words(**further: str) -> str:
    """All that the timer says, in the reader's language."""
    return json.dumps(
        {
            "ready": _("Get ready"),
            "hold": _("Hold"),
            "work": _("Go"),
            "rest": _("Rest"),
            "up": _("Counting"),
            "taken": _("That was the time"),
            "paused": _("Paused"),
            "done": _("Done"),
            "set": _("Set {n} of {m}"),
            "sides": [_("first side"), _("other side")],
            "number": _("hold {n} of {m}"),
            "next": _("Next: {n}"),
            "start": _("Start the timer"),
            "again": _("Start again"),
            "pause": _("Pause"),
            "resume": _("Go on"),
            "stop": _("Stop"),
            "skips": {"ready": _("Start now"), "rest": _("Skip the rest"), "count": _("This set is done")},
            **further,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _measure(shown: Exercise, key: str) -> dict[str, Any] | None:
    """The form for what the exercise is measured by; None where the family has no number to give."""
    metric = str(shown.measure.get("metric", ""))
    measure = MEASURES.get(metric)
    if measure is None or measure.vet_only or measure.kind == "scale" or metric in SAID_ELSEWHERE:
        return None
    found: dict[str, Any] = {
        "metric": metric,
        "label": measure_wording.label(metric),
        "help": measure_wording.HELP.get(metric, ""),
        "kind": measure.kind,
        "unit": measure.unit,
        "low": f"{measure.low:g}",
        "high": f"{measure.high:g}",
        "step": _step(measure),
        "is_counted": not measure.unit,
    }
    if measure.unit == "s":
        found["help"] = ""
        found["timer"] = {
            "key": f"{key}.{metric}",
            "phases": json.dumps(timing.counting_up(int(measure.high)), separators=(",", ":")),
            "plan": _("Let go when it begins to count. The longest time of the day counts."),
            "words": _words(start=_("Take the time")),
        }
    return found


def _step(measure: Measure) -> str:
    return f"{10**-measure.decimals:g}"

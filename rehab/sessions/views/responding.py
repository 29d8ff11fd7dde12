"""How the dog was on one day besides pain: tiredness, where it hurts, what was seen, medicine, weight and home measures."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.lib import units
from rehab.lib.ids import new_id
from rehab.lib.middleware import keep_for_offline
from rehab.library import reading, translating
from rehab.library.figure.drawn import Drawn
from rehab.library.figure.geometry import Place
from rehab.library.figure.side import STAND, draw
from rehab.patients import measure_wording
from rehab.patients.access import load_patient
from rehab.patients.measures import MEASURES, Measure
from rehab.programs import criteria
from rehab.sessions import medicines
from rehab.sessions.commands import can_complete
from rehab.sessions.medicines import Dose, DoseState, Said
from rehab.sessions.models import MedicineAnswer
from rehab.sessions.queries.medicines import medicine_answers
from rehab.sessions.queries.responses import Answer, Measured, asked_of, measured, responses
from rehab.sessions.screen import parts
from rehab.sessions.screen.addresses import day_url, dog_url
from rehab.sessions.screen.parts import Printer
from rehab.sessions.wording import long_day, short_day

# The values of 06_progression.yaml, in an owner's words.
TIRED: Final = (
    (0, gettext_lazy("Fresh")),
    (1, gettext_lazy("Normally tired")),
    (2, gettext_lazy("Very tired")),
    (3, gettext_lazy("Still tired the next day")),
)
QUALITY: Final = (
    (3, gettext_lazy("Well")),
    (2, gettext_lazy("With small faults")),
    (1, gettext_lazy("Poorly")),
)
# The signs of 00_vocab.yaml as an owner would say that they saw them. Two are not asked: whether a dog feels its feet is a
# vet's test, and feet that are placed normally are no sign of anything.
SIGN_WORDS: Final[Mapping[str, Any]] = {
    "reluctant_walk_jump": gettext_lazy("Did not want to walk or jump"),
    "stilted_gait": gettext_lazy("Walked stiffly, with short steps"),
    "hunched_back": gettext_lazy("Held the back arched"),
    "back_touch_sensitive": gettext_lazy("Flinched when the back was touched"),
    "difficulty_walking": gettext_lazy("Had trouble walking"),
    "stumble_cross_legs": gettext_lazy("Stumbled, crossed the legs, or scraped or turned over a paw"),
    "paralysis": gettext_lazy("Could not move the back legs, or all four"),
    "severe_pain_distress": gettext_lazy("Was in severe pain, or could not be calmed"),
}
NOT_ASKED: Final = frozenset({"normal_coordination", "loss_pain_perception"})
# What the pain answers, the ticks and the medicine's own answers say already.
SAID_ELSEWHERE: Final = frozenset({"pain_rest", "walk_min_total", "doses_given_pct", "weight_kg"})

# The regions on the dog, standing with its nose to the right in a picture of 182 by 121: area, x, y, width, height. At the
# width of a small phone (360) each is at least 44 px wide and high; what of it lies outside the dog is only for the thumb.
REGIONS: Final = (
    ("head_jaw", 138, 1, 44, 48),
    ("neck", 113, 5, 25, 40),
    ("upper_back", 88, 16, 25, 29),
    ("middle_back", 60, 16, 28, 29),
    ("lower_back", 31, 16, 29, 29),
    ("tail_base", 0, 17, 31, 32),
    ("shoulder", 92, 45, 40, 25),
    ("belly", 50, 45, 42, 25),
    ("hip", 20, 45, 30, 25),
    ("front_leg", 92, 70, 34, 25),
    ("knee", 42, 70, 27, 25),
    ("thigh", 16, 70, 26, 25),
    ("front_paw", 94, 95, 30, 26),
    ("back_paw", 16, 95, 34, 26),
)
# Those of which the dog has a left and a right.
PAIRED: Final = frozenset({"shoulder", "front_leg", "front_paw", "hip", "thigh", "knee", "back_paw"})
SIDES: Final = (("left", gettext_lazy("Left side")), ("right", gettext_lazy("Right side")))


@access(Right.LOG)
@keep_for_offline
@require_safe
def response(request: HttpRequest, patient_id: UUID, day: dt.date) -> HttpResponse:
    """How the dog was on the day, today or one of the two before: every question, and what was answered so far."""
    at = timezone.now()
    user = signed_in(request)
    patient = load_patient(pk=patient_id, user=user, right=Right.LOG)
    if patient.died_on is not None:
        return redirect("sessions:today", patient.pk)
    today = patient.today(at)
    if not can_complete(day, today=today):
        raise Http404
    asked = asked_of(patient_id)
    said = responses(patient_id, day)
    values, last_weight = measured(patient_id, day)
    fields = parts.fields(csrf=get_token(request), day=day, plan_version=asked.plan_version)
    printer = Printer(patient=patient, day=day, today=today, fields=fields)
    name = {"name": patient.name}
    is_today = printer.is_today
    choices = [_choice("tired", _("How tired was %(name)s?") % name, TIRED, said, printer)]
    if asked.is_exercising:
        choices.append(_choice("quality", _("How well did the exercises go?"), QUALITY, said, printer))
    home = [weight_question(values.get("weight_kg"), last_weight, printer, system=user.units)]
    home += [measure_question(metric, values.get(metric), printer) for metric in _home_metrics(asked.criteria)]
    return render(
        request,
        "sessions/response_page.html",
        {
            "patient": patient,
            "place": "today",
            "day": day,
            "is_today": is_today,
            "title": (
                _("How was %(name)s today?") % name
                if is_today
                else _("How was %(name)s on %(day)s?") % {**name, "day": long_day(day)}
            ),
            "back": day_url(patient_id, day, today),
            "back_words": _("Back to today") if is_today else _("Back to that day"),
            "check_url": f"{dog_url(patient_id)}check/",
            "action": printer.action,
            "fields": fields,
            "choices": choices,
            "areas": _boxes(
                "areas",
                _("Where does it hurt?"),
                [(code, translating.said(label)) for code, label in reading.areas().items()],
                said,
                printer,
            ),
            "signs": _boxes("signs", _("What did you see?"), _signs(), said, printer),
            "note": _question("note", _("Anything else?"), said, printer),
            "medicine": medicine_card(
                medicines.planned(asked.medicines), medicine_answers(patient_id, day), printer=printer
            ),
            "measures": home,
            "dog": standing_dog(),
            "regions": REGIONS,
            "paired": PAIRED,
            "sides": SIDES,
        },
    )


def medicine_card(plan: Iterable[Dose], answers: Iterable[Said], *, printer: Printer) -> dict[str, Any]:
    """What ``sessions/_medicine.html`` shows as ``medicine``, here and on the day's page; without rows there is nothing to show."""
    return {
        "action": printer.action,
        "fields": printer.fields,
        "reasons": MedicineAnswer.Reason.choices,
        "rows": [_dose(row, printer) for row in medicines.rows(plan, answers, new_id=new_id)],
    }


def _dose(row: medicines.Row, printer: Printer) -> dict[str, Any]:
    dose = row.dose
    when = dose.time or dose.when
    note = printer.who_and_when(row.by, row.said_at) if row.said_at else ""
    if not row.is_planned:
        # Without its buttons the row must say what was answered.
        given = row.state is DoseState.GIVEN
        note = (_("Given, %(who)s") if given else _("Missed, %(who)s")) % {"who": note}
    return {
        "medicine": dose.medicine,
        "amount": dose.amount,
        "when": when,
        "about": f"{dose.medicine} {when}".strip(),
        "time": dose.time,
        "is_whole_day": not dose.time,
        "state": row.state.value,
        "reason": row.reason,
        "note": note,
        "is_planned": row.is_planned,
        "key": row.key,
        "reason_key": row.reason_key,
    }


def _question(name: str, title: str, said: Mapping[str, Answer], printer: Printer) -> dict[str, Any]:
    answer = said.get(name)
    return {
        "name": name,
        "title": title,
        "key": new_id(),
        "value": "" if answer is None else answer.value,
        "note": "" if answer is None else printer.who_and_when(answer.by, answer.at),
    }


def _choice(
    name: str, title: str, options: Sequence[tuple[int, Any]], said: Mapping[str, Answer], printer: Printer
) -> dict[str, Any]:
    return {**_question(name, title, said, printer), "options": options}


def _boxes(
    name: str, title: str, options: Iterable[tuple[Any, ...]], said: Mapping[str, Answer], printer: Printer
) -> dict[str, Any]:
    """A question with boxes: none ticked is an answer of its own, which is why it has a box, too."""
    found = _question(name, title, said, printer)
    return {**found, "options": list(options), "is_none": found["value"] == []}


def _signs() -> list[tuple[str, Any, bool]]:
    """The signs to tick, each with whether it leads to the warning-sign check."""
    return [
        (code, SIGN_WORDS[code], group == "signs_with_deficit")
        for group, codes in reading.signs().items()
        for code in codes
        if code not in NOT_ASKED
    ]


def _home_metrics(phase_criteria: Iterable[str]) -> list[str]:
    """What the dog's phase is measured by and a family can measure: each once, in the order of the measures."""
    wanted = {criteria.parse(text).metric for text in phase_criteria} - SAID_ELSEWHERE
    return [metric for metric, measure in MEASURES.items() if metric in wanted and not measure.vet_only]


def weight_question(now: Measured | None, before: Measured | None, printer: Printer, *, system: str) -> dict[str, Any]:
    """The same for the weight, in the reader's unit."""
    measure = MEASURES["weight_kg"]
    unit = units.unit_for(measure.unit, system=system)
    in_kg = unit == measure.unit
    step = Decimal("0.01" if in_kg else "0.1")
    last = ""
    if before is not None:
        amount = number_format(_plain(units.shown(before.value, measure.unit, system=system)))
        last = _("Last time: %(amount)s %(unit)s, %(day)s.") % {
            "amount": amount,
            "unit": unit,
            "day": short_day(before.day),
        }
    return {
        "name": "weight",
        # The server turns pounds into kilograms, so that a form without a script may say them, too.
        "metric": "weight_kg" if in_kg else "weight_lb",
        "title": measure_wording.label("weight_kg"),
        "help": last,
        "unit": unit,
        "low": _plain(_bound(measure.low, unit, step, ROUND_CEILING)),
        "high": _plain(_bound(measure.high, unit, step, ROUND_FLOOR)),
        "step": _plain(step),
        "value": "" if now is None else _plain(units.shown(now.value, measure.unit, system=system)),
        **_said(now, printer),
    }


def _bound(kg: Decimal, unit: str, step: Decimal, rounding: str) -> Decimal:
    """A bound in the reader's unit, on the inner side of the one in kilograms."""
    return kg if unit == "kg" else units.kg_to_lb(kg).quantize(step, rounding=rounding)


def measure_question(metric: str, now: Measured | None, printer: Printer) -> dict[str, Any]:
    """What ``sessions/_measure.html`` shows as ``measure``."""
    measure = MEASURES[metric]
    return {
        "name": metric.replace("_", "-"),
        "metric": metric,
        "title": measure_wording.label(metric),
        "help": measure_wording.HELP.get(metric, ""),
        "unit": measure.unit,
        "low": _plain(measure.low),
        "high": _plain(measure.high),
        "step": f"{10**-measure.decimals:g}",
        "options": _options(measure),
        "value": "" if now is None else _plain(now.value),
        **_said(now, printer),
    }


def _options(measure: Measure) -> list[tuple[str, str]]:
    """The answers of a measure that has words instead of numbers; none where it is counted."""
    if measure.kind == "yes_no":
        return [("1", _("Yes")), ("0", _("No"))]
    if measure.kind == "scale":
        words = measure_wording.SCALES[measure.metric]
        return [(str(number), f"{word[:1].upper()}{word[1:]}") for number, word in enumerate(map(str, words))]
    return []


def _said(now: Measured | None, printer: Printer) -> dict[str, Any]:
    return {"key": new_id(), "note": "" if now is None else printer.who_and_when(now.by, now.at)}


def _plain(value: Decimal) -> str:
    """The number as a form takes it: no zeros at its end, a point in every language."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=1)
def standing_dog() -> Drawn:
    """The dog of the exercise pictures, standing in the picture of ``REGIONS``."""
    return draw(STAND, Place(x=40, y=113))

"""The look some months after a discharge: a few questions, answered by the same commands as on any other day."""

import datetime as dt
from uuid import UUID

from django.db.models import Subquery
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import Right, access, signed_in
from rehab.lib.middleware import keep_for_offline
from rehab.patients.access import load_patient
from rehab.programs import maintenance
from rehab.programs.models import Checkpoint, Episode
from rehab.sessions.queries import pain_answers
from rehab.sessions.queries.looking_back import measured as measured_since
from rehab.sessions.queries.responses import asked_of, measured
from rehab.sessions.screen import checkpoints as screen
from rehab.sessions.screen import parts
from rehab.sessions.screen.addresses import dog_url
from rehab.sessions.screen.parts import Printer
from rehab.sessions.views.responding import measure_question, weight_question

ONE_DAY = dt.timedelta(days=1)
WEIGHT = "weight_kg"


class _Printer(Printer):
    """The pain of that day is that before exercise, also on a day without any."""

    def _question(self, moment: str) -> tuple[str, str]:
        _title, help_text = super()._question(moment)
        return _("How is %(name)s today?") % {"name": self.patient.name}, help_text


@access(Right.LOG)
@keep_for_offline
@require_safe
def checkpoint(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What is asked, what was answered, and what happens next; an honest word where nothing is due."""
    at, user = timezone.now(), signed_in(request)
    patient = load_patient(pk=patient_id, user=user, right=Right.LOG)
    if patient.died_on is not None:
        return redirect("sessions:today", patient.pk)
    today = patient.today(at)
    newest = Episode.objects.standing().filter(patient=patient).newest_first().values("pk")[:1]
    found = list(Checkpoint.objects.filter(patient=patient, episode=Subquery(newest)).order_by("due_on", "pk"))
    due = screen.newest_due(found, today=today)
    since = today if due is None else due.due_on
    pain = pain_answers(patient.pk, since, today + ONE_DAY)
    said = {maintenance.PAIN for _day, moment in pain if moment == "before"} | set(measured_since(patient.pk, since))
    shown = screen.screen(found, said, name=patient.name, today=today)
    context = {"patient": patient, "place": "today", "day": today, "screen": shown}
    if shown.asks:
        asked = asked_of(patient.pk)
        values, last_weight = measured(patient.pk, today)
        fields = parts.fields(csrf=get_token(request), day=today, plan_version=asked.plan_version)
        printer = _Printer(patient=patient, day=today, today=today, fields=fields)
        context |= {
            "action": f"{dog_url(patient.pk)}commands/",
            "fields": fields,
            "pain": printer.pain("before", pain.get((today, "before"))),
            "measures": [
                {
                    **measure_question(metric, values.get(metric), printer),
                    "help": screen.help_of(metric),
                }
                if metric != WEIGHT
                else weight_question(values.get(WEIGHT), last_weight, printer, system=user.units)
                for metric in maintenance.asked()
                if metric != maintenance.PAIN
            ],
        }
    return render(request, "sessions/checkpoint_page.html", context)

"""Outcome scores: the list with its trends, the entry of a result, and its correction."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Right, access, signed_in
from accounts.models import User
from rehab.library import translating
from rehab.library.instruments import ScoreForm, score_forms
from rehab.patients import score_wording as wording
from rehab.patients import scores
from rehab.patients.access import load_patient
from rehab.patients.csom import Course
from rehab.patients.forms.scores import ScoreEntryForm
from rehab.patients.models import OutcomeScore, Patient
from rehab.patients.scoring import ScoreHasChanged, earliest_day, record_score, restore_score, withdraw_score

MEANWHILE: Final = gettext_lazy("This score was corrected or withdrawn meanwhile. Look at the list, then decide again.")
UNKNOWN: Final = gettext_lazy("This form is not one of those whose numbers are kept here. Choose one of the list.")


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """The form whose numbers are entered, the score that they correct, and why neither can be."""

    form: ScoreForm | None = None
    old: OutcomeScore | None = None
    error: str = ""
    status: int = 200


@access(Right.SEE_RECORD)
@require_http_methods(["GET", "HEAD", "POST"])
def scores_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Every score of the dog; ``?form=`` chooses the form whose numbers are entered, ``?correct=`` a score to correct."""
    user, at = signed_in(request), timezone.now()
    is_post = request.method == "POST"
    patient: Patient = load_patient(pk=pk, user=user, right=Right.ADJUST if is_post else Right.SEE_RECORD)
    found = scores.scores_of(patient.pk)
    chosen = _chosen(request.POST if is_post else request.GET, found, is_post=is_post)
    entry = _entry(request, chosen, patient, at=at)
    status = chosen.status
    if is_post and entry is not None and not chosen.error:
        status = 422
        if entry.is_valid():
            try:
                row = _record(entry, chosen, patient, by=user, at=at)
            except ScoreHasChanged:
                chosen, status = replace(chosen, error=str(MEANWHILE)), 409
            else:
                messages.success(request, _("The score is corrected.") if chosen.old else _("The score is recorded."))
                return redirect(f"{request.path}#score-{row.pk}")
    course = scores.csom_course(patient)
    context = {
        "patient": patient,
        "scores": found,
        "course": course,
        "own": _own(course) if course else [],
        "forms": [(one.key, wording.form_name(one), one is chosen.form) for one in score_forms().values()],
        "chosen": chosen.form,
        "entry": entry,
        "correct": chosen.old,
        "error": chosen.error,
        **_about(chosen.form),
    }
    return render(request, "patients/scores_page.html", context, status=status)


def _chosen(asked: QueryDict, found: scores.Scores, *, is_post: bool) -> _Chosen:
    named = score_forms().get(asked.get("form", ""))
    if key := asked.get("correct", ""):
        old = next((one.row for trend in found.trends for one in trend.scores if str(one.row.pk) == key), None)
        if old is None:
            # What was typed stays on the screen.
            return _Chosen(form=named if is_post else None, error=str(MEANWHILE), status=409)
        form = score_forms().get(scores.key_of(old))
        return _Chosen(form=form, old=old) if form else _Chosen(error=str(UNKNOWN), status=422)
    if named is None and (is_post or asked.get("form")):
        return _Chosen(error=str(UNKNOWN), status=422)
    return _Chosen(form=named)


def _entry(request: HttpRequest, chosen: _Chosen, patient: Patient, *, at: dt.datetime) -> ScoreEntryForm | None:
    if chosen.form is None:
        return None
    return ScoreEntryForm(
        request.POST if request.method == "POST" else None,
        initial=_initial(chosen.old),
        form=chosen.form,
        today=patient.today(at),
        earliest=earliest_day(patient, at=at),
    )


def _record(entry: ScoreEntryForm, chosen: _Chosen, patient: Patient, *, by: User, at: dt.datetime) -> OutcomeScore:
    data = entry.cleaned_data
    return record_score(
        patient=patient,
        form=entry.form,
        values=entry.values,
        version=data.get("version", ""),
        day=data["day"],
        source=data["source"],
        by=by,
        at=at,
        instead_of=chosen.old.pk if chosen.old else None,
    )


@access(Right.ADJUST)
@require_POST
def score_withdraw(request: HttpRequest, pk: UUID, score_pk: UUID) -> HttpResponse:
    """Take a score out; it stays below the list, where it can be put back."""
    return _change(request, pk, score_pk, restore=False)


@access(Right.ADJUST)
@require_POST
def score_restore(request: HttpRequest, pk: UUID, score_pk: UUID) -> HttpResponse:
    """Undo a withdrawal or a correction."""
    return _change(request, pk, score_pk, restore=True)


def _change(request: HttpRequest, pk: UUID, score_pk: UUID, *, restore: bool) -> HttpResponse:
    user, at = signed_in(request), timezone.now()
    patient = load_patient(pk=pk, user=user, right=Right.ADJUST)
    act = restore_score if restore else withdraw_score
    try:
        act(patient=patient, pk=score_pk, by=user, at=at)
    except OutcomeScore.DoesNotExist:
        raise Http404 from None
    except ScoreHasChanged:
        messages.warning(request, _("Somebody was faster: the list below is as it is now."))
    else:
        messages.success(
            request,
            _("The score is back in the list.")
            if restore
            else _("The score is withdrawn. It is kept below the list and can be put back."),
        )
    return redirect("patients:scores", pk=patient.pk)


def _initial(old: OutcomeScore | None) -> dict[str, Any]:
    """What the corrected score says, in the reader's own way to write numbers."""
    if old is None:
        return {}
    numbers = {code: wording.plain(value) for code, value in scores.numbers_of(old).items()}
    return {**numbers, "day": old.day, "version": old.version, "source": old.source}


def _own(course: Course) -> list[dict[str, Any]]:
    """The family's own answers, newest first, each activity in the order of the definition."""
    return [
        {
            "day": one.day,
            "sum": wording.of_most(Decimal(one.total), course.most),
            "scores": [(text, one.scores[text]) for text in course.words],
            "by": one.by or _("Examination"),
        }
        for one in reversed(course.points)
    ]


def _about(form: ScoreForm | None) -> dict[str, str]:
    """What the licence of the chosen form lets be kept, why, and what change has been published."""
    if form is None:
        return {}
    return {
        "form_name": wording.form_name(form),
        "licence": str(wording.LICENCES.get(form.instrument.licence, "")),
        "why": translating.said(form.instrument.why),
        "published": wording.published(form.instrument),
    }

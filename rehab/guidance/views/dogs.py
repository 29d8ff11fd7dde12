"""The vet's list of dogs, and the page of one dog."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Right, Rule, access, signed_in
from rehab.guidance.forms import ClipAnswerForm, ReleaseForm, SearchForm, Show
from rehab.guidance.queries.climbing import ladder_page
from rehab.guidance.queries.clips import Place, clip_page
from rehab.guidance.queries.patient_page import SPANS, patient_page
from rehab.guidance.queries.patient_page import signals as find_signals
from rehab.guidance.queries.phase import PhasePage, phase_page
from rehab.guidance.queries.readings import known_about, standing_of
from rehab.guidance.queries.stops import in_words, stops_of
from rehab.guidance.queries.worklist import treating_clinics
from rehab.guidance.queries.worklist import worklist as find_dogs
from rehab.guidance.recurring import is_recurrence
from rehab.guidance.releasing import AlreadyReleasedError, NewStopError, release_stop
from rehab.guidance.reviewing import AlreadyReviewedError, NotPreparedError, NotReadyError, review_clip
from rehab.guidance.rows import Rows
from rehab.patients.access import load, load_patient, may, roles_of
from rehab.patients.models import Patient
from rehab.patients.queries import current_definition
from rehab.programs.actions import may_undo
from rehab.programs.actions.episodes import unanswered_recurrence
from rehab.programs.models import Decision, LadderStep
from rehab.programs.queries import open_program
from rehab.programs.views.ladders import rung_answer
from rehab.programs.views.phases import move_answer
from rehab.sessions.models import Clip, ClipReview


@access(Rule.STAFF)
@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    """The dogs of the person's clinics, those that need a look first."""
    user = signed_in(request)
    clinics = treating_clinics(user)
    if not clinics.names:
        raise PermissionDenied(_("Only vets and therapists of a clinic see its dogs."))
    form = SearchForm(request.GET or None)
    asked = form.cleaned_data if form.is_valid() else {"q": "", "show": Show.ALL}
    found = find_dogs(
        user=user,
        search=asked["q"],
        show=asked["show"],
        page_number=request.GET.get("page"),
    )
    context = {
        "form": form,
        "asked": asked,
        "found": found,
        "rows": Rows(at=timezone.now(), csrf=get_token(request), as_vet=clinics.as_vet).html(found.dogs),
        "clinics": clinics.names,
        "place": "dogs",
    }
    return render(request, "guidance/worklist_page.html", context, status=422 if form.errors else 200)


@access(Right.SEE_RECORD)
@require_safe
def patient(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One dog: what is wrong, what was prescribed, what was done and how the dog answered."""
    user, at = signed_in(request), timezone.now()
    dog = load_patient(pk=pk, user=user, right=Right.SEE_RECORD)
    span = SPANS.get(request.GET.get("days", ""), min(SPANS.values()))
    page = patient_page(dog, at=at, span=span, roles=roles_of(dog))
    last = page.story[0] if page.story else None
    return render(
        request,
        "guidance/patient_page.html",
        {
            "patient": dog,
            "page": page,
            # One's own last step of today can be taken back while nothing else has changed.
            "undo": last
            if last and page.program and may_undo(last.decision, program=page.program, by=user, at=at)
            else None,
            "may_sign": may(Right.SIGN_DEFINITION, dog),
            "may_release": may(Right.LIFT_STOP, dog),
            "may_loosen": may(Right.LOOSEN, dog),
            "may_discharge": may(Right.DISCHARGE, dog),
            "place": "dogs",
        },
    )


@access(Right.LIFT_STOP)
@require_http_methods(["GET", "HEAD", "POST"])
def release(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let the exercises go on that a warning sign has stopped."""
    user, at = signed_in(request), timezone.now()
    dog: Patient = load_patient(pk=pk, user=user, right=Right.LIFT_STOP)
    reports = stops_of([dog.pk])[dog.pk]
    asks_episode = is_recurrence(reports) and unanswered_recurrence(dog.pk) is not None
    form = ReleaseForm(request.POST or None, asks_episode=asks_episode)
    status, is_new = (422 if form.errors else 200), False
    if form.is_valid():
        seen = [report.pk for report in reports if str(report.pk) in request.POST.getlist("report")]
        try:
            release_stop(
                patient=dog,
                seen=seen,
                by=user,
                roles=roles_of(dog),
                reason=form.cleaned_data["reason"],
                at=at,
                is_same_episode=form.is_same_episode,
            )
        except AlreadyReleasedError:
            status = 409
        except NewStopError:
            status, is_new = 409, True
        else:
            messages.success(request, _("Released. %(dog)s’s exercises go on as planned.") % {"dog": dog.name})
            return redirect("guidance:patient", pk=dog.pk)
    stops = [in_words(report, dog, today=dog.today(at)) for report in stops_of([dog.pk])[dog.pk]]
    context = {"patient": dog, "form": form, "stops": stops, "is_new": is_new, "place": "dogs"}
    return render(request, "guidance/release_page.html", context, status=status)


@access(Right.SEE_RECORD)
@require_safe
def clips(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The photos and clips that the dog's family has sent, those without an answer first."""
    dog: Patient = load_patient(pk=pk, user=signed_in(request), right=Right.SEE_RECORD)
    return _clips_page(request, dog)


@access(Right.HOLD)
@require_POST
def clip_review(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer one photo or clip: good, or what to change."""
    user, at = signed_in(request), timezone.now()
    clip: Clip = load(
        Clip.objects.complete().select_related("patient__clinic", "media"), pk=pk, user=user, right=Right.HOLD
    )
    form = ClipAnswerForm(request.POST)
    if not form.is_valid():
        return _clips_page(request, clip.patient, answered=clip.pk, form=form, status=422)
    verdict, text = ClipReview.Verdict(form.cleaned_data["verdict"]), form.cleaned_data["text"]
    try:
        review_clip(clip=clip, verdict=verdict, text=text, by=user, roles=roles_of(clip), at=at)
    except AlreadyReviewedError as error:
        return _clips_page(request, clip.patient, answered=clip.pk, form=form, status=409, first=error.review)
    except NotReadyError:
        messages.error(request, _("This file could not be read, so there is nothing to answer."))
    except NotPreparedError:
        messages.error(request, _("This file is still being prepared. Answer once you can see it."))
    else:
        messages.success(request, _("Answered. The family sees it beside the exercise."))
    return redirect("guidance:clips", pk=clip.patient_id)


def _clips_page(
    request: HttpRequest,
    dog: Patient,
    *,
    answered: UUID | None = None,
    form: ClipAnswerForm | None = None,
    first: ClipReview | None = None,
    status: int = 200,
) -> HttpResponse:
    page = clip_page(dog, user=signed_in(request), after=Place.read(request.GET.get("after", "")), at=timezone.now())
    context = {
        "patient": dog,
        "page": page,
        "answered": answered,
        "form": form,
        "first": first,
        "place": "dogs",
    }
    return render(request, "guidance/clips_page.html", context, status=status)


@access(Right.SEE_RECORD)
@require_safe
def signals(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What needs a look now, to stand beside a decision; nothing while all is calm."""
    dog: Patient = load_patient(pk=pk, user=signed_in(request), right=Right.SEE_RECORD)
    template = "guidance/_signals.html" if getattr(request, "htmx", False) else "guidance/signals_page.html"
    context = {"patient": dog, "reasons": find_signals(dog, at=timezone.now()), "place": "dogs"}
    return render(request, template, context)


@access(Right.SEE_RECORD)
@require_safe
def phase(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The phases, where the dog stands, and what the data say about the criteria of the next one."""
    dog: Patient = load_patient(pk=pk, user=signed_in(request), right=Right.SEE_RECORD)
    program, today = open_program(dog.pk), dog.today(timezone.now())
    definition = current_definition(dog.pk)
    if program is None or definition is None:
        page = PhasePage(program=None, definition=definition, today=today)
    else:
        page = phase_page(program, definition, roles=roles_of(dog), today=today)
    context = {"patient": dog, "page": page, "may_discharge": may(Right.DISCHARGE, dog), "place": "dogs"}
    return render(request, "guidance/phase_page.html", context)


@access(Right.HOLD)
@require_http_methods(["GET", "HEAD", "POST"])
def phase_move(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Go on to another phase (``?to=``), or back to one, with what was logged beside it."""
    dog: Patient = load_patient(pk=pk, user=signed_in(request), right=Right.HOLD)
    program, definition, at = open_program(dog.pk), current_definition(dog.pk), timezone.now()
    if program is None or definition is None:
        return redirect("guidance:patient", pk=dog.pk)
    known = known_about(program, definition, today=dog.today(at))
    return move_answer(request, program, known=known.series, roles=roles_of(dog), at=at)


@access(Right.SEE_RECORD)
@require_safe
def ladders(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The ladders that the dog is on, how it went, and where it stands on each rung."""
    dog: Patient = load_patient(pk=pk, user=signed_in(request), right=Right.SEE_RECORD)
    program = open_program(dog.pk)
    page = None if program is None else ladder_page(program, today=dog.today(timezone.now()))
    context = {"patient": dog, "program": program, "page": page, "place": "dogs"}
    return render(request, "programs/ladder_list_page.html", context)


def _rung(request: HttpRequest, pk: UUID, kind: Decision.Kind) -> HttpResponse:
    right = Right.ADJUST if kind == Decision.Kind.LADDER_UP else Right.HOLD
    step = load(
        LadderStep.objects.select_related("ladder", "program__patient", "program__protocol", "program__definition"),
        pk=pk,
        user=signed_in(request),
        right=right,
    )
    at = timezone.now()
    verdict = standing_of(step, today=step.program.patient.today(at))
    return rung_answer(request, step, verdict, kind=kind, roles=roles_of(step), at=at)


@access(Right.ADJUST)
@require_http_methods(["GET", "HEAD", "POST"])
def rung_up(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One rung up."""
    return _rung(request, pk, Decision.Kind.LADDER_UP)


@access(Right.HOLD)
@require_http_methods(["GET", "HEAD", "POST"])
def rung_down(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One rung down."""
    return _rung(request, pk, Decision.Kind.LADDER_DOWN)


@access(Right.HOLD)
@require_http_methods(["GET", "HEAD", "POST"])
def ladder_end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take the ladder away."""
    return _rung(request, pk, Decision.Kind.LADDER_END)

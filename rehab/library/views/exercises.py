"""Browsing exercises."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import Rule, access
from rehab.library import reading, wording
from rehab.library.addresses import picture_of
from rehab.library.forms.search import SearchForm
from rehab.library.models import Exercise, Media
from rehab.library.queries.exercises import around, find_exercises
from rehab.library.queries.sources import sources
from rehab.library.views.asking import found, staff_of, standing


@access(Rule.STAFF)
@require_safe
def exercise_list(request: HttpRequest) -> HttpResponse:
    """The exercises of the library that match what is asked; for HTMX only the results."""
    _user, clinics = staff_of(request)
    form = SearchForm(request.GET)
    asked = form.asked
    results = find_exercises(clinics=clinics, asked=asked, page_number=request.GET.get("page"))
    form.offer(equipment=results.equipment, categories=results.categories)
    context = {
        "form": form,
        "asked": asked,
        "found": results,
        "clinics": clinics,
        "place": "library",
        "tab": "exercises",
    }
    if not getattr(request, "htmx", False):
        return render(request, "library/exercise_list_page.html", context)
    answer = render(request, "library/_exercise_results.html", context)
    answer.headers["HX-Push-Url"] = f"?{form.address}" if form.address else request.path
    return answer


@access(Rule.STAFF)
@require_safe
def exercise_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One exercise or care task: how it looks, what for, how, how much, and when not."""
    _user, clinics = staff_of(request)
    exercise = found(Exercise.objects.select_related("clinic", "photo", "clip", "based_on"), pk=pk, clinics=clinics)
    base = exercise.based_on if isinstance(exercise.based_on, Exercise) else None
    nearby = around(exercise, clinics=clinics)
    return render(
        request,
        "library/exercise_detail_page.html",
        {
            "exercise": exercise,
            "picture": picture_of(exercise.drawn_as or exercise.slug),
            "base": base,
            **own_media(exercise),
            "around": nearby,
            **standing(exercise, versions=nearby.versions, copies=nearby.copies, clinics=clinics),
            "numbers": wording.numbers(exercise.dose, exercise.dose_range),
            "dose_line": wording.dose_line(exercise.dose),
            "stop_signs": wording.meanings(exercise.stop_signs, reading.stop_signs()),
            "contraindications": wording.meanings(exercise.contraindications, reading.contraindications()),
            "measure": wording.measure_name(exercise.measure) if exercise.measure else "",
            "load": wording.LOADS[exercise.load],
            "trains": wording.TRAINS.get(exercise.trains, ""),
            "grades": [grade for grade in reading.grades() if grade.grade in exercise.grades],
            "sources": sources(exercise.sources),
            "base_sources": sources(base.sources) if base else [],
            "place": "library",
            "tab": "exercises",
        },
    )


@access(Rule.STAFF)
@require_safe
def exercise_media(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The photo and the clip of an exercise, asked for again while they are being prepared."""
    _user, clinics = staff_of(request)
    exercise = found(Exercise.objects.select_related("photo", "clip"), pk=pk, clinics=clinics)
    return render(request, "library/_media.html", {"exercise": exercise, **own_media(exercise)})


def own_media(exercise: Exercise) -> dict[str, Any]:
    """The photo and the clip, each with what went wrong, and whether one is still being prepared."""
    media = [medium for medium in (exercise.photo, exercise.clip) if medium is not None]
    return {
        "media": [(medium, wording.REFUSALS.get(medium.content_type, "")) for medium in media],
        "media_waiting": any(medium.state == Media.State.WAITING for medium in media),
    }

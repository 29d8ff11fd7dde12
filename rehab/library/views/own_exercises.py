"""A clinic's own exercises: new, copied from a built-in one, changed, retired and restored."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import Rule, access
from accounts.models import Clinic, User
from rehab.library import wording
from rehab.library.forms.exercises import TEXTS, ExerciseForm
from rehab.library.models import Exercise
from rehab.library.own import (
    AlreadyCreated,
    ContentChanged,
    StillUsed,
    WrongContent,
    restore,
    retire,
    save_exercise,
)
from rehab.library.queries.clinics import best_by_slug, seen_in
from rehab.library.views.asking import found, own, staff_of

READ = ("clinic", "photo", "clip", "based_on")


@access(Rule.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def exercise_create(request: HttpRequest) -> HttpResponse:
    """An exercise of the clinic's own."""
    user, clinics = staff_of(request)
    return _form_page(request, user, clinics, None)


@access(Rule.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def exercise_copy(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A changed copy of a built-in exercise, which the clinic then uses in its place."""
    user, clinics = staff_of(request)
    exercise = found(Exercise.objects.current().select_related(*READ), pk=pk, clinics=clinics)
    if exercise.clinic_id is not None:
        raise PermissionDenied(_("This is your clinic’s own already. Edit it instead."))
    return _form_page(request, user, clinics, exercise)


@access(Rule.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def exercise_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The next version of an own exercise; prescriptions keep the version that they were made with."""
    user, clinics = staff_of(request)
    exercise = own(Exercise.objects.select_related(*READ), pk=pk, clinics=clinics)
    if exercise.superseded_at and request.method != "POST":
        return redirect("library:exercise-detail", pk=exercise.pk)
    return _form_page(request, user, clinics, exercise)


def _form_page(request: HttpRequest, user: User, clinics: list[Clinic], base: Exercise | None) -> HttpResponse:
    is_post = request.method == "POST"
    form = ExerciseForm(
        *((request.POST, request.FILES) if is_post else ()),
        clinics=clinics,
        exercises=best_by_slug(seen_in(Exercise.objects.current(), clinics)),
        base=base,
        too_large=getattr(request, "upload_too_large", False),
    )
    stale: Exercise | None = None
    status = 422 if is_post else 200
    if is_post and form.is_valid():
        try:
            exercise = save_exercise(
                clinic=form.chosen_clinic,
                by=user,
                at=timezone.now(),
                values=form.values,
                key=form.cleaned_data["key"],
                base=_seen(base, form),
                photo=form.shown("photo"),
                clip=form.shown("clip"),
            )
        except WrongContent as error:
            form.show(error.wrong)
        except ContentChanged as error:
            stale, status = _as_exercise(error.stored), 409
        except AlreadyCreated:
            before = seen_in(Exercise.objects.all(), clinics).filter(pk=form.cleaned_data["key"]).first()
            if before is not None:
                return redirect("library:exercise-detail", pk=before.pk)
            form.add_error(None, _("This page was already used. Open it anew and try again."))
        else:
            messages.success(request, _("Saved as version %(number)s.") % {"number": exercise.version})
            return redirect("library:exercise-detail", pk=exercise.pk)
    context = {
        "form": form,
        "base": base,
        "is_own": base is not None and base.clinic_id is not None,
        "is_stale": status == 409,
        "stale": stale,
        "stale_address": reverse("library:exercise-detail", args=[stale.pk]) if stale else "",
        "differences": list(_differences(form, stale)) if stale else [],
        "seen": stale.pk if stale else None,
        "place": "library",
        "tab": "exercises",
    }
    return render(request, "library/exercise_form_page.html", context, status=status)


def _seen(base: Exercise | None, form: ExerciseForm) -> Exercise | None:
    """The version on which the person worked: after a conflict they were shown a newer one, or somebody's copy."""
    if base is None or form.cleaned_data["seen"] is None:
        return base
    versions = Exercise.objects.filter(clinic=form.chosen_clinic, slug=base.slug).select_related(*READ)
    return versions.filter(pk=form.cleaned_data["seen"]).first() or base


def _as_exercise(content: Any) -> Exercise | None:
    return content if isinstance(content, Exercise) else None


def _differences(form: ExerciseForm, stored: Exercise) -> Iterator[dict[str, Any]]:
    """Where the typed exercise differs from the stored one."""
    values = form.values
    for name in TEXTS:
        if _shown(values[name]) != _shown(getattr(stored, name)) and name not in ("contraindications", "stop_signs"):
            yield {
                "label": form.fields[name].label,
                "yours": _shown(values[name]),
                "theirs": _shown(getattr(stored, name)),
            }
    yours, theirs = wording.dose_line(values["dose"]), wording.dose_line(stored.dose)
    if yours != theirs:
        yield {"label": _("Dose"), "yours": yours, "theirs": theirs}


def _shown(value: Any) -> str:
    return "; ".join(str(one) for one in value) if isinstance(value, list) else "" if value is None else str(value)


@access(Rule.STAFF)
@require_POST
def exercise_retire(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an own exercise out of use."""
    user, clinics = staff_of(request)
    exercise = own(Exercise.objects.all(), pk=pk, clinics=clinics)
    try:
        retire(content=exercise, by=user, at=timezone.now())
    except StillUsed as error:
        messages.error(request, still_used(error))
    except ContentChanged:
        messages.warning(request, _("Somebody changed it meanwhile. Look at it again before you retire it."))
    else:
        messages.success(request, _("Retired. What is prescribed stays; you can restore it here."))
    return redirect("library:exercise-detail", pk=exercise.pk)


@access(Rule.STAFF)
@require_POST
def exercise_restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Use a retired exercise again."""
    user, clinics = staff_of(request)
    exercise = own(Exercise.objects.all(), pk=pk, clinics=clinics)
    try:
        restore(content=exercise, by=user, at=timezone.now())
    except ContentChanged:
        messages.warning(request, _("There is a newer version in use already."))
    else:
        messages.success(request, _("In use again."))
    return redirect("library:exercise-detail", pk=exercise.pk)


def still_used(error: StillUsed) -> str:
    """Why it cannot be retired, with the protocols that name it."""
    text = ngettext(
        "Your protocol %(names)s names it. Take it out there first.",
        "Your protocols %(names)s name it. Take it out there first.",
        len(error.protocols),
    )
    return text % {"names": ", ".join(f"“{name}”" for name in error.protocols)}

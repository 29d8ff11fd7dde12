"""Photos and clips of an exercise from home: beside the exercise, as a form without JavaScript, and as files."""

import datetime as dt
import hashlib
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import FAMILY, Right, access, signed_in
from rehab.lib.ids import new_id
from rehab.library.clips import HOME_SECONDS, can_take_clips
from rehab.library.views.media import media_response
from rehab.patients.access import load, load_patient, roles_of
from rehab.programs.models import Prescription
from rehab.sessions import queries
from rehab.sessions.clip_wording import sentence
from rehab.sessions.models import Clip
from rehab.sessions.queries.clips import clips_of_exercise, media_of_clip
from rehab.sessions.receiving import (
    MOST_BYTES,
    PART_BYTES,
    READ_BYTES,
    Announced,
    ClipRefusedError,
    Why,
    receive_whole,
)

# The fields of the form without JavaScript, each with what it holds; the first that holds a file counts.
FIELDS: Final = {"film": Clip.Kind.CLIP, "clip": Clip.Kind.CLIP, "photo": Clip.Kind.PHOTO}


def beside(prescription: Prescription, *, day: dt.date) -> dict[str, Any]:
    """What ``sessions/_clips.html`` says about the exercise of a prescription that the person has loaded, on a day."""
    return {
        "clips": list_of(prescription),
        "clip_key": new_id(),
        "clip_day": day,
        # Staff look at clips on the dog's page; who films is at home.
        "may_send_clips": not roles_of(prescription).isdisjoint(FAMILY),
        "takes_clips": can_take_clips(),
        "clip_seconds": HOME_SECONDS,
        "clip_most": MOST_BYTES[Clip.Kind.CLIP],
        "photo_most": MOST_BYTES[Clip.Kind.PHOTO],
    }


def list_of(prescription: Prescription) -> list[dict[str, Any]]:
    """The clips of the exercise, newest first, each with what is wrong where it could not be read."""
    found = clips_of_exercise(prescription.patient_id, slug=prescription.exercise.slug)
    return [
        {"clip": clip, "wrong": sentence(clip.media.content_type) if clip.media and clip.is_unreadable else ""}
        for clip in found
    ]


@access(Right.SEE)
@require_safe
def clip_list(request: HttpRequest, patient_id: UUID, prescription_id: UUID) -> HttpResponse:
    """The clips of an exercise as they are now; of a dog that has died a page of their own, for nothing else is there."""
    prescription = queries.visible_prescription(
        user=signed_in(request), patient_id=patient_id, prescription_id=prescription_id
    )
    patient = prescription.patient
    context = {"patient": patient, "clips": list_of(prescription), "exercise": prescription.exercise, "place": "today"}
    return render(request, "sessions/clips_page.html" if patient.died_on else "sessions/_clip_list.html", context)


@access(Right.LOG)
@require_POST
def clip_create(request: HttpRequest, patient_id: UUID, prescription_id: UUID) -> HttpResponse:
    """Take in a photo or clip that came in one form."""
    user, at = signed_in(request), timezone.now()
    prescription = load(
        Prescription.objects.select_related("patient").filter(patient=patient_id),
        pk=prescription_id,
        user=user,
        right=Right.LOG,
    )
    page = f"{reverse('sessions:exercise', args=[patient_id, prescription_id])}#clips"
    try:
        key, day = UUID(request.POST["id"]), parse_date(request.POST["day"])
    except (KeyError, ValueError):
        key, day = None, None
    try:
        name = next((name for name in FIELDS if name in request.FILES), None)
        if getattr(request, "upload_too_large", False):
            raise ClipRefusedError(Why.TOO_LARGE)
        if key is None or key.version != 7 or day is None:
            return HttpResponseBadRequest(_("This form says nothing. Reload the page and try again."))
        if name is None:
            raise ClipRefusedError(Why.EMPTY)
        file: Any = request.FILES[name]
        digest = hashlib.sha256()
        for part in file.chunks(READ_BYTES):
            digest.update(part)
        receive_whole(
            patient=prescription.patient,
            prescription=prescription,
            said=Announced(id=key, kind=FIELDS[name], size=file.size or 0, sha256=digest.hexdigest(), day=day),
            parts=file.chunks(PART_BYTES),
            by=user,
            at=at,
        )
    except ClipRefusedError as refused:
        messages.error(request, sentence(refused.code))
    else:
        messages.success(request, _("Sent. The clinic can see it once it has been prepared."))
    return redirect(page)


@access(Right.SEE)
@require_safe
def clip_media(request: HttpRequest, patient_id: UUID, clip_id: UUID) -> HttpResponseBase:
    """A photo or clip from home, to the dog's family and its clinic, whole or in parts."""
    patient = load_patient(pk=patient_id, user=signed_in(request), right=Right.SEE, related=())
    media = media_of_clip(patient_id=patient.pk, clip_id=clip_id)
    if media is None:
        raise Http404
    return media_response(request, media)

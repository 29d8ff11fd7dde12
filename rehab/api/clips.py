"""The API for photos and clips: announced, sent in parts that resume, and prepared once all is there."""

import base64
import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import Right, access, signed_in
from rehab.api.views import PhoneView, TooLarge, same_account
from rehab.patients.access import load, load_patient
from rehab.programs.models import Prescription
from rehab.sessions.clip_wording import sentence
from rehab.sessions.models import Clip
from rehab.sessions.receiving import PART_BYTES, Announced, ClipRefusedError, Why, append, begin, finish

ANNOUNCEMENT_BYTES: Final = 4096
# A number of bytes that the database can hold; more is refused as too large, and not as a broken request.
MOST_SAID: Final = 2**31 - 1
DIGEST: Final = re.compile(r"(?:^|,\s*)sha-256=:([A-Za-z0-9+/]{43}=):")
OFFSET: Final = re.compile(r"\d{1,9}", re.ASCII)
STATUS: Final[Mapping[str, int]] = {
    Why.OTHER_CONTENT: status.HTTP_409_CONFLICT,
    Why.OFFSET: status.HTTP_409_CONFLICT,
    Why.TOO_LARGE: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    Why.TOO_MANY: status.HTTP_429_TOO_MANY_REQUESTS,
    Why.DISK_FULL: status.HTTP_507_INSUFFICIENT_STORAGE,
}


class PartParser(BaseParser):
    """The bytes as they came, and never more of them than a part may have."""

    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream.read(PART_BYTES + 1)


class ClipsView(PhoneView):
    """Announces a file; the same announcement again tells how far it has come."""

    most_bytes: ClassVar[int] = ANNOUNCEMENT_BYTES

    def post(self, request: Request) -> Response:
        user, at = signed_in(request._request), timezone.now()  # noqa: SLF001 - the framework's own way to it
        same_account(request, user)
        said, patient_id, prescription_id = _announced(request.data)
        patient = load_patient(pk=patient_id, user=user, right=Right.LOG, related=())
        prescription = Prescription.objects.filter(patient=patient, pk=prescription_id).first()
        if prescription is None:
            raise Http404
        try:
            clip = begin(patient=patient, prescription=prescription, said=said, by=user, at=at)
            # All of it may be here already: the last answer was lost, or the power went.
            return _answer(finish(clip=clip, at=at))
        except ClipRefusedError as refused:
            return _refusal(refused)


class ClipView(PhoneView):
    """How far one's own file has come."""

    def get(self, request: Request, clip_id: UUID) -> Response:
        return _answer(_own(request, clip_id))


class PartsView(PhoneView):
    """Takes the next part of a file: ``?offset=`` says where it belongs, ``Content-Digest`` what it is."""

    parser_classes = [PartParser]
    most_bytes: ClassVar[int] = PART_BYTES

    def put(self, request: Request, clip_id: UUID) -> Response:
        clip = _own(request, clip_id)
        offset = OFFSET.fullmatch(request.GET.get("offset", ""))
        digest = DIGEST.search(request.headers.get("Content-Digest", ""))
        if not offset or not digest:
            raise ParseError(_("A part needs an offset and a Content-Digest with sha-256."))
        data: Any = request.data
        part = data if isinstance(data, bytes) else b""  # an empty body is not parsed
        if len(part) > PART_BYTES:
            raise TooLarge(_("The request is larger than %(most)s bytes.") % {"most": PART_BYTES})
        try:
            return _answer(
                append(
                    clip=clip,
                    offset=int(offset[0]),
                    part=part,
                    digest=base64.b64decode(digest[1]),
                    at=timezone.now(),
                )
            )
        except ClipRefusedError as refused:
            return _refusal(refused)
        except Clip.DoesNotExist as error:
            raise Http404 from error


clips = access(Right.LOG)(ClipsView.as_view())
clip = access(Right.LOG)(ClipView.as_view())
clip_parts = access(Right.LOG)(PartsView.as_view())


def _own(request: Request, clip_id: UUID) -> Clip:
    """The person's own file, while the dog is still theirs to write about: asked anew for every part."""
    user = signed_in(request._request)  # noqa: SLF001 - the framework's own way to it
    same_account(request, user)
    mine = Clip.objects.filter(sent_by=user).select_related("media")
    found: Clip = load(mine, pk=clip_id, user=user, right=Right.LOG)
    return found


def _announced(body: Any) -> tuple[Announced, UUID, UUID]:
    """What the phone says, with the dog and the prescription it is about.

    Raises:
        ParseError: it does not have the form that it should have.
    """
    wrong = ParseError(_("An object with id, patient, prescription, kind, size, sha256 and day is expected."))
    if not isinstance(body, dict):
        raise wrong
    size, sha256, kind = body.get("size"), body.get("sha256"), body.get("kind")
    if (
        not isinstance(size, int)
        or isinstance(size, bool)
        or not isinstance(sha256, str)
        or not re.fullmatch(r"[0-9a-f]{64}", sha256)
        or kind not in Clip.Kind.values
    ):
        raise wrong
    try:
        clip_id, patient_id, prescription_id = (UUID(str(body[name])) for name in ("id", "patient", "prescription"))
        day = dt.date.fromisoformat(str(body["day"]))
    except (KeyError, ValueError) as error:
        raise wrong from error
    if clip_id.version != 7:
        raise wrong
    said = Announced(id=clip_id, kind=str(kind), size=min(size, MOST_SAID), sha256=sha256, day=day)
    return said, patient_id, prescription_id


def _answer(clip: Clip) -> Response:
    state = "unfinished" if clip.media is None else clip.media.state
    said: dict[str, Any] = {"id": str(clip.pk), "size": clip.size, "received": clip.received, "state": state}
    if clip.media is not None and clip.is_unreadable:
        said["reason"] = sentence(clip.media.content_type)
    return Response(said)


def _refusal(refused: ClipRefusedError) -> Response:
    said: dict[str, Any] = {"code": str(refused.code), "reason": sentence(refused.code)}
    if refused.received is not None:
        said["received"] = refused.received
    return Response(said, status=STATUS.get(refused.code, status.HTTP_422_UNPROCESSABLE_ENTITY))

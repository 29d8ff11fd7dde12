"""Giving out a clinic's photos and clips, to who may see them and in the parts that a player asks for."""

import re
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.access import Rule, access
from rehab.library.media import ENDING
from rehab.library.models import Media
from rehab.library.queries.clinics import media_of
from rehab.library.views.asking import staff_of

CHUNK: Final = 256 * 1024
# No file has more bytes than fifteen digits can count; what asks for more is overlooked.
ONE_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


@access(Rule.STAFF)
@require_safe
def media_file(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A photo or clip of the person's clinics."""
    _user, clinics = staff_of(request)
    media = media_of(clinics).filter(pk=pk).first()
    if media is None:
        raise Http404
    return media_response(request, media)


def media_response(request: HttpRequest, media: Media) -> HttpResponseBase:
    """The prepared file, whole or in the one range that is asked for; the caller has checked who asks.

    Raises:
        Http404: it is not prepared (an upload as it came is never given out).
    """
    if media.state != Media.State.READY:
        raise Http404
    etag = f'"{media.pk}"'
    if etag in request.headers.get("If-None-Match", ""):
        return _dressed(HttpResponseNotModified(), media, etag)
    try:
        size = media.file.size
    except FileNotFoundError as error:
        raise Http404 from error
    first, last, partial = 0, size - 1, False
    asked = ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    # A range of a file that has changed since would not fit: then the whole is given.
    if asked and _makes_sense(*asked.groups()) and request.headers.get("If-Range", etag) == etag:
        first, last = _range(asked[1], asked[2], size)
        if first > last:
            refused = HttpResponse(status=416)
            refused.headers["Content-Range"] = f"bytes */{size}"
            return _dressed(refused, media, etag)
        partial = True
    answer: HttpResponseBase
    if request.method == "HEAD":
        answer = HttpResponse(status=206 if partial else 200)
    else:
        answer = StreamingHttpResponse(_read(media, first, last - first + 1), status=206 if partial else 200)
    answer.headers["Content-Length"] = str(last - first + 1)
    if partial:
        answer.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return _dressed(answer, media, etag)


def _makes_sense(first: str, last: str) -> bool:
    """Not “-” and not “9-3”, which are to be overlooked."""
    return bool(first or last) and not (first and last and int(last) < int(first))


def _range(first: str, last: str, size: int) -> tuple[int, int]:
    """The first and the last byte; the first lies behind the last when there is no such part."""
    if not first:  # “-500”: the last 500 bytes
        return (max(0, size - int(last)), size - 1) if int(last) else (size, size - 1)
    return int(first), min(int(last) if last else size - 1, size - 1)


def _read(media: Media, first: int, length: int) -> Iterator[bytes]:
    with media.file.open("rb") as file:
        file.seek(first)
        while length > 0 and (part := file.read(min(CHUNK, length))):
            length -= len(part)
            yield part


def _dressed(answer: HttpResponseBase, media: Media, etag: str) -> HttpResponseBase:
    """The headers of a file that a browser may show inside our pages and nowhere else, and never as a page."""
    answer.headers["Content-Type"] = media.content_type
    answer.headers["Content-Disposition"] = f'inline; filename="{media.kind}-{media.pk}.{ENDING[media.content_type]}"'
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, max-age=3600"
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["ETag"] = etag
    patch_vary_headers(answer, ["Cookie"])
    return answer

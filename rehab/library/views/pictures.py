"""Giving out the drawn pictures of the built-in exercises: the same for everybody, and kept for ever under one address."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from accounts.access import Rule, access
from rehab.library import pictures
from rehab.library.addresses import MOVING, STILL

FOR_EVER: Final = "public, max-age=31536000, immutable"
# An address of yesterday's drawing, in a page that was kept: today's is shown, and asked for again soon.
FOR_A_WHILE: Final = "public, max-age=300"


@access(Rule.PUBLIC)
@require_safe
@gzip_page
def picture(request: HttpRequest, slug: str, version: str, kind: str) -> HttpResponse:
    """The drawing of an exercise, moving or still; a version that is no longer drawn answers with the present one."""
    if kind not in {MOVING, STILL} or not pictures.has_picture(slug):
        raise Http404
    answer = HttpResponse(pictures.render(slug, moving=kind == MOVING), content_type="image/svg+xml")
    answer.headers["Cache-Control"] = FOR_EVER if version == pictures.version(slug) else FOR_A_WHILE
    # Opened by itself it is a page of its own: its style sheet counts, nothing runs and nothing is fetched.
    answer.headers["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    )
    return answer

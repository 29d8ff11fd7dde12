"""Answers when something broke: busy is told apart from broken."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader

RETRY_AFTER_SECONDS = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 when the database was away or busy, so that phones try again by themselves; else 500.

    Reads the exception being handled: Django calls this inside its own except clause, and only here are errors
    of the session and of the view alike seen.
    """
    if isinstance(sys.exception(), (OperationalError, InterfaceError)):
        return HttpResponse(
            loader.render_to_string("503.html"), status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
        )
    return HttpResponse(loader.render_to_string("500.html"), status=500)

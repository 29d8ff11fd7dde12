"""The encoding that a request names for its body.

Python calls zlib, hex and rot13 encodings too, and text is none of them. Django takes the name as it comes and decodes the
address with it, before a middleware or view is asked: what names anything but UTF-8 is refused in front of Django.
"""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

from django.utils.http import parse_header_parameters

UTF_8: Final = frozenset({"utf-8", "utf8"})

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def is_utf_8(content_type: str) -> bool:
    """Whether the header says that its body is UTF-8, or says nothing of it."""
    try:
        # As Django itself reads it: what it takes from the header is what is judged.
        _type, params = parse_header_parameters(content_type)
    except ValueError:
        return False
    return params.get("charset", "utf-8").lower() in UTF_8


def utf_8_only(application: Application) -> Application:
    """The WSGI application behind a door that answers 415 to every other encoding; only programs ever read that."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if is_utf_8(environ.get("CONTENT_TYPE", "")):
            return application(environ, start_response)
        status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        body = json.dumps({"detail": "The body must be UTF-8."}).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    return answer

"""A request that names an encoding which is none is refused, and never breaks the server."""

import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.wsgi import get_wsgi_application

from rehab.lib.charsets import is_utf_8, utf_8_only


def ask(content_type: str) -> tuple[str, dict[str, str], bytes]:
    environ: dict[str, Any] = {
        "PATH_INFO": "/manifest.webmanifest",
        "QUERY_STRING": "offset=%30",
        "CONTENT_TYPE": content_type,
        "HTTP_HOST": "localhost",
    }
    setup_testing_defaults(environ)
    said: list[Any] = []
    body = b"".join(utf_8_only(get_wsgi_application())(environ, lambda status, headers: said.extend((status, headers))))
    return said[0], dict(said[1]), body


@pytest.mark.parametrize("name", ["zlib", "hex", "rot13", "idna", "utf-16", "nonsense", '"zlib"', "ZLIB; x=1"])
def test_encoding_that_is_not_utf_8_is_refused_in_front_of_django(name: str) -> None:
    status, headers, body = ask(f"application/json; charset={name}")
    assert (status, headers["Content-Type"]) == ("415 Unsupported Media Type", "application/json")
    assert json.loads(body) == {"detail": "The body must be UTF-8."}


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "application/json; charset=UTF-8", 'text/plain; charset="utf-8"']
)
@pytest.mark.django_db
def test_everything_else_is_let_through(content_type: str) -> None:
    assert ask(content_type)[0] == "200 OK"


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (";", True),
        ("charset", True),
        ("a/b; charset", False),
        ("a/b; charset*=utf-8''utf-8", True),
        ("a/b; charset*=utf-8''zlib", False),
        ("a/b; charset*=nonsense''utf-8", False),
        ("\x00; charset=utf-8", True),
        ("a/b; charset=utf-8; charset=zlib", False),
    ],
)
def test_odd_header_is_read_without_a_fault(content_type: str, expected: bool) -> None:
    assert is_utf_8(content_type) is expected

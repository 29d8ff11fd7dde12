from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import ResolverMatch, reverse
from pytest_django import Settings

from rehab.lib.errors import server_error
from rehab.lib.middleware import AnswerHeaders, LoginRequired, keep_for_offline

SAME_EVERYWHERE = (
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
)


def answer(view: Callable[[HttpRequest], HttpResponseBase], **headers: str) -> HttpResponseBase:
    """Send a request through the headers' middleware to a view that has been resolved."""

    def resolved(request: HttpRequest) -> HttpResponseBase:
        request.resolver_match = ResolverMatch(view, (), {})
        response = view(request)
        for name, value in headers.items():
            response.headers[name.replace("_", "-")] = value
        return response

    return AnswerHeaders(resolved)(RequestFactory().get("/"))


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


@keep_for_offline
def owner_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("page")


def test_page_is_never_stored_unless_it_says_so() -> None:
    assert answer(page).headers["Cache-Control"] == "no-store"
    assert answer(owner_page).headers["Cache-Control"] == "private, no-cache"
    assert answer(page, Cache_Control="max-age=60").headers["Cache-Control"] == "max-age=60"


def test_address_that_is_none_is_not_stored_either(client: Client) -> None:
    response = client.get("/no-such-page/")

    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"
    assert "geolocation=()" in response.headers["Permissions-Policy"]


def test_static_file_carries_the_same_headers_as_a_page(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "dog.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    settings.STATIC_ROOT = tmp_path

    page, drawing = Client().get("/accounts/signup/"), Client().head("/static/dog.svg")

    assert (page.status_code, drawing.status_code) == (200, 200)
    for name in SAME_EVERYWHERE:
        assert set(drawing.headers[name].split("; ")) == set(page.headers[name].split("; "))
    assert "public" in drawing.headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in drawing.headers


def ask(**headers: str) -> HttpResponseBase | None:
    request = RequestFactory().get(
        "/patients/?page=2", headers={name.replace("_", "-"): headers[name] for name in headers}
    )
    request.user = AnonymousUser()
    middleware: Any = LoginRequired(page)
    response: HttpResponseBase | None = middleware.process_view(request, page, (), {})
    return response


def test_page_after_the_session_ended_leads_to_sign_in_and_back() -> None:
    response = ask()

    assert response is not None
    assert response.status_code == 302
    assert response.headers["Location"] == f"{reverse('account_login')}?next=/patients/%3Fpage%3D2"


def test_part_of_a_page_after_the_session_ended_leads_back_to_the_page_shown() -> None:
    response = ask(HX_Request="true", HX_Current_URL="https://rehab.example.org/patients/?page=3")

    assert response is not None
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == f"{reverse('account_login')}?next=/patients/%3Fpage%3D3"


@pytest.mark.parametrize("shown", ["", "https://evil.example//evil.example/x", "javascript:alert(1)", "http://[broken"])
def test_part_of_a_page_never_leads_to_another_site(shown: str) -> None:
    response = ask(HX_Request="true", HX_Current_URL=shown)

    assert response is not None
    target = response.headers["HX-Redirect"].partition("?next=")[2]
    assert target.startswith("/")
    assert not target.startswith("//")


def failing(error: Exception) -> HttpResponse:
    try:
        raise error
    except Exception:  # noqa: BLE001 (Django calls the handler inside such a clause)
        return server_error(RequestFactory().get("/"))


def test_busy_database_asks_to_come_back() -> None:
    response = failing(OperationalError("database is locked"))

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "nothing you wrote is lost" in response.content.decode()


def test_any_other_error_is_our_fault_and_says_nothing_about_it() -> None:
    response = failing(ValueError("secret detail"))

    assert response.status_code == 500
    assert "Retry-After" not in response.headers
    assert "secret detail" not in response.content.decode()

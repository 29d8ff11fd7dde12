"""What every answer carries, and how a page part answers when the session has expired."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from rehab.lib.release import release
from rehab.lib.user_key import NOBODY, user_key

PERMISSIONS_POLICY = "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()"

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def keep_for_offline(view: View) -> View:
    """Mark an owner's page that the phone may keep and must ask about each time (`private, no-cache`).

    Every other page is `no-store`: nothing of a patient stays in a clinic's browser.
    """
    view.kept_for_offline = True  # type: ignore[attr-defined]
    return view


class AnswerHeaders:
    """Adds the permissions policy, the cache rule where the view has set none, and to pages whose they are."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if "Cache-Control" not in response.headers:
            match = request.resolver_match
            kept = match is not None and getattr(match.func, "kept_for_offline", False)
            response.headers["Cache-Control"] = "private, no-cache" if kept else "no-store"
        # A phone keeps and shows a stored page only with these two: what has none is a portal's or a proxy's.
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers["X-App-Version"] = release()
            if response.status_code < 500:
                response.headers["X-User-Key"] = _user_key(request)
        return response


class LoginRequired(LoginRequiredMiddleware):
    """Every view needs a signed-in user unless it says otherwise.

    A part of a page asked for by htmx must not be answered with the sign-in page in its place: it gets 401 and the
    address to go to, and comes back afterwards to the page the person was looking at.
    """

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        # Django looks who asks before it looks whether that matters; what is public must not vary with the cookie.
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(  # type: ignore[override]  # the base class promises a redirect, its caller needs none
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        if request.headers.get("HX-Request") != "true":
            return super().handle_no_permission(request, view_func)
        page = _page_shown(request)
        sign_in = redirect_to_login(page, self.get_login_url(view_func), self.get_redirect_field_name(view_func))
        return HttpResponse(status=401, headers={"HX-Redirect": sign_in.url})


def _user_key(request: HttpRequest) -> str:
    # Who has brought no session costs no look at the database; all others were mostly looked up for the page itself.
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not hasattr(request, "user"):
        return NOBODY
    return user_key(request.user)


def _page_shown(request: HttpRequest) -> str:
    """Return path and query of the page that asked for a part of itself; "/" when it names no page of ours."""
    try:
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return "/"
    page = f"{shown.path}?{shown.query}" if shown.query else shown.path
    return page if page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None) else "/"

"""Signing in and out, one's own settings, the people of a clinic, and the demo."""

from allauth.account.views import account_inactive as allauth_account_inactive
from allauth.account.views import confirm_login_code, logout, request_login_code
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import Rule, access, signed_in
from accounts.demo import PERSONAS
from accounts.forms import SettingsForm
from accounts.language import remember_language
from accounts.models import User
from accounts.queries import people_of
from accounts.sign_in import JOIN_TOKEN


def _refused_is_422(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    # allauth shows an invalid form again with 200; a valid one always redirects.
    if request.method == "POST" and response.status_code == 200:
        response.status_code = 422
    return response


@access(Rule.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Ask for a code by e-mail."""
    return _refused_is_422(request, request_login_code(request))


@access(Rule.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_code(request: HttpRequest) -> HttpResponseBase:
    """Type the code and be signed in."""
    response = confirm_login_code(request)
    if isinstance(response, TemplateResponse) and JOIN_TOKEN in request.session:
        # Somebody who came with an invitation has no account to go to but the one they are about to make.
        response.context_data = {**(response.context_data or {}), "cancel_url": reverse("patients:join-confirm")}
    return _refused_is_422(request, response)


@access(Rule.PUBLIC)
@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """Ask first; only the POST signs out."""
    return logout(request)


@access(Rule.PUBLIC)
@require_safe
def account_inactive(request: HttpRequest) -> HttpResponseBase:
    """Tell a person whose account is switched off whom to phone."""
    return allauth_account_inactive(request)


@access(Rule.PUBLIC)
@require_safe
def sign_up_closed(request: HttpRequest) -> HttpResponse:
    """Say how one joins: nobody signs up alone."""
    return render(request, "account/signup_closed.html")


@access(Rule.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def settings_edit(request: HttpRequest) -> HttpResponse:
    """Change one's own name, time zone, language and units."""
    user = signed_in(request)
    form = SettingsForm(request.POST if request.method == "POST" else None, user=user)
    if not form.is_valid():
        return render(request, "accounts/settings_page.html", {"form": form}, status=422 if form.is_bound else 200)
    user.name = form.cleaned_data["name"]
    user.time_zone = form.cleaned_data["time_zone"]
    user.language = form.cleaned_data["language"]
    user.units = form.cleaned_data["units"]
    user.save(update_fields=["name", "time_zone", "language", "units"])
    with override(user.language):
        messages.success(request, _("Your settings are saved."))
    response = redirect("accounts:settings")
    remember_language(response, user.language)
    return response


@access(Rule.ADMIN)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """List the people of the clinics that the person administers, with their roles."""
    clinics = people_of(admin=signed_in(request))
    if not clinics:
        raise PermissionDenied(_("Only the admins of a clinic see its people."))
    return render(request, "accounts/people_page.html", {"clinics": clinics})


@access(Rule.PUBLIC)
@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """Offer the five people of the demo clinic; not there on any other installation."""
    if not settings.DEMO:
        raise Http404
    return render(request, "accounts/demo_page.html", {"personas": PERSONAS.values()})


@access(Rule.PUBLIC)
@require_POST
def demo_sign_in(request: HttpRequest, persona: str) -> HttpResponse:
    """Sign in as an invented person with one tap; not there on any other installation."""
    if not settings.DEMO or persona not in PERSONAS:
        raise Http404
    user = get_object_or_404(User, email=PERSONAS[persona].email, is_active=True)
    login(request, user)
    response = redirect("home")
    remember_language(response, user.language)
    return response

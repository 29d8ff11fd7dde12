"""Starting a sign-in by code from a page of our own, with the same limits as allauth's page."""

from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.stages import LoginByCodeStage, LoginStageController
from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import User

# Where the token of an invitation waits while its holder signs in (a key of the session).
JOIN_TOKEN = "join_token"  # noqa: S105 (the name of the key, no secret)


def may_send_code(request: HttpRequest, *, email: str) -> bool:
    """Count one more code for this address and this visitor; no when there were too many."""
    return bool(ratelimit.consume(request, action="request_login_code", key=email))


def may_check_code(request: HttpRequest) -> bool:
    """Count one more code that is compared with the mailed one; no when there were too many.

    The session counts them too, but requests that come in the same moment all read the same count there.
    """
    stage = LoginStageController.enter(request, LoginByCodeStage.key)
    key = f"{request.session.session_key} {stage.state['at']}"
    return bool(ratelimit.consume(request, action="check_login_code", key=key))


def send_code(request: HttpRequest, *, user: User, then: str) -> HttpResponse:
    """Mail a sign-in code and go to the page that asks for it; afterwards to the URL named ``then``."""
    LoginCodeVerificationProcess.initiate(request=request, user=user if user.is_active else None, email=user.email)
    return redirect(reverse("account_confirm_login_code", query={"next": reverse(then)}))

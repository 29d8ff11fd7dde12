"""How django-allauth signs people in here: by a mailed code, and nobody signs up alone."""

from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any, Final

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from accounts.language import remember_language
from accounts.models import User

RETRY_AFTER_SECONDS: Final = 60

log = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Closes sign-up, speaks plainly, and takes a code typed back as proof of the address."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": _("This is not the code we sent. Please compare it with the e-mail."),
        "too_many_login_attempts": _("That was tried too often. Wait a minute, then ask for a new code."),
        "rate_limited": _("That was tried too often. Wait a minute, then ask for a new code."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def format_email_subject(self, subject: str) -> str:
        # The default would put the host name in brackets before each subject.
        return subject

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        try:
            super().send_mail(template_prefix, email, context)
        except SMTPRecipientsRefused:
            # A mistyped address is answered as any other, and the page says what to do when no mail comes.
            log.warning("the mail server refused the recipient", mail=template_prefix)
        except (SMTPException, OSError) as error:
            log.error("the mail server is away", mail=template_prefix, error=type(error).__name__)
            response = render(self.request, "account/mail_away_page.html", status=503)
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
            raise ImmediateHttpResponse(response) from error

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse | None:
        """Note the address as verified: whoever typed the mailed code reads that mailbox.

        People are created by an invitation or a command, without allauth's row for their address; without it,
        allauth would mail a second code.
        """
        email = kwargs["email"]
        if email and user.is_active:
            EmailAddress.objects.get_or_create(
                user_id=user.pk, email=email.lower(), defaults={"verified": True, "primary": True}
            )
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if isinstance(user, User):
            remember_language(response, user.language)
        return response

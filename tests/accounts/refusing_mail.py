"""A mail server, as seen through Django, that knows none of the mailboxes it is asked to deliver to."""

from collections.abc import Sequence
from smtplib import SMTPRecipientsRefused

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise SMTPRecipientsRefused(dict.fromkeys(email_messages[0].to, (550, b"No such user here")))

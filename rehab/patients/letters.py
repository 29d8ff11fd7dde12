"""Letters about a dog, sent by e-mail."""

import smtplib

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from rehab.patients.models import Caregiver, Patient

log = structlog.get_logger()


def join_link(token: str) -> str:
    """The address that lets a person join; it is a secret."""
    return f"{settings.BASE_URL}{reverse('patients:join', args=[token])}"


def send_invitation(*, patient: Patient, relation: str, email: str, name: str, token: str, by: User) -> bool:
    """Mail the link to the invited person; whether the mail server took it.

    Sent while the person waits and never through the broker: the token must not lie in a queue, and who
    invites is told the truth at once.
    """
    text = render_to_string(
        "patients/letters/invitation.txt",
        {
            "patient": patient,
            "is_owner": relation == Caregiver.Relation.OWNER,
            "name": name,
            "link": join_link(token),
            "by": by,
        },
    )
    subject = _("%(dog)s’s exercises, from %(clinic)s") % {"dog": patient.name, "clinic": patient.clinic.name}
    try:
        send_mail(subject, text, None, [email])
    except (smtplib.SMTPException, OSError) as error:
        log.warning("invitation_not_mailed", patient=str(patient.pk), error=type(error).__name__)
        return False
    return True

"""What a message says: calm, the dog by name, what is left, one button; and how to have no more of them."""

from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.models import Clinic, User
from rehab.lib.channels import Message
from rehab.nudges.queries import UnfinishedDog
from rehab.patients.models import Patient
from rehab.sessions.wording import left_line

# No time in it: a link in an old mail must still stop the mails. "~" needs no escaping in a path.
_signer = Signer(salt="rehab.nudges.unsubscribe", sep="~")


def unsubscribe_token(user_id: UUID) -> str:
    """A token that switches off the e-mail reminders of this one person, and nothing else."""
    return _signer.sign(user_id.hex)


def user_id_of(token: str) -> UUID | None:
    """The person of an unsubscribe token; nothing if it was not made here."""
    try:
        return UUID(hex=_signer.unsign(token))
    except (BadSignature, ValueError):
        return None


def reminder(*, key: UUID, user: User, clinic: Clinic, dogs: Sequence[UnfinishedDog]) -> Message:
    """The reminder about the dogs that a person has something left with, in the person's language.

    ``key`` is the nudge's: sent a second time, the message carries the same Message-ID.
    """
    stop_url = _absolute("nudges:unsubscribe", unsubscribe_token(user.pk))
    with translation.override(user.language):
        lines = [{"name": dog.name, "left": left_line(left=dog.left, minutes=dog.minutes)} for dog in dogs]
        names = get_text_list([dog.name for dog in dogs], _("and"))
        subject = _("%(dog)s: %(left)s") % {
            "dog": names,
            "left": left_line(
                left=sum(dog.left for dog in dogs),
                minutes=sum(dog.minutes for dog in dogs) if all(dog.minutes for dog in dogs) else 0,
            ).rstrip("."),
        }
        context = {
            "language": user.language,
            "subject": subject,
            "greeting": user.get_short_name() if user.name else "",
            "lines": lines,
            "names": names,
            "one_dog": len(dogs) == 1,
            "clinic": clinic,
            "today_url": _absolute("sessions:today", dogs[0].patient_id)
            if len(dogs) == 1
            else _absolute("sessions:today-home"),
            "preferences_url": _absolute("nudges:preferences"),
            "stop_url": stop_url,
        }
        return _message("reminder", key=key, user=user, subject=subject, context=context)


def new_program(*, key: UUID, user: User, clinic: Clinic, patient: Patient) -> Message:
    """The news that the clinic has given a dog a new program; nothing clinical in it, for mail is read by others."""
    with translation.override(user.language):
        subject = _("%(dog)s has a new program") % {"dog": patient.name}
        context = {
            "language": user.language,
            "subject": subject,
            "greeting": user.get_short_name() if user.name else "",
            "dog": patient.name,
            "clinic": clinic,
            "today_url": _absolute("sessions:today", patient.pk),
            "preferences_url": _absolute("nudges:preferences"),
            "stop_url": _absolute("nudges:unsubscribe", unsubscribe_token(user.pk)),
        }
        return _message("new_program", key=key, user=user, subject=subject, context=context)


def _message(name: str, *, key: UUID, user: User, subject: str, context: Mapping[str, Any]) -> Message:
    return Message(
        key=key.hex,
        to=user.email,
        subject=" ".join(subject.split()),
        text=render_to_string(f"nudges/email/{name}.txt", dict(context)),
        html=render_to_string(f"nudges/email/{name}.html", dict(context)),
        headers={
            "Message-ID": f"<nudge-{key.hex}@{_sender_domain()}>",
            "List-Unsubscribe": f"<{context['stop_url']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )


def _absolute(name: str, *arguments: object) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=arguments)}"


def _sender_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]

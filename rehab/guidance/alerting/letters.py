"""The mail of an alert: that a warning sign needs a person, and where to open it. Nothing about the dog: mail is read by
others.
"""

from __future__ import annotations

import zoneinfo
from email.utils import parseaddr
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rehab.guidance.models import AlertDelivery
from rehab.lib.channels import Message
from rehab.sessions.models import WarningReport

Urgency = WarningReport.Urgency

SUBJECTS: Final = {
    Urgency.EMERGENCY: gettext_lazy("EMERGENCY: a warning sign needs you now"),
    Urgency.TODAY: gettext_lazy("A warning sign needs you today"),
    Urgency.REVIEW: gettext_lazy("A warning sign to look at by the next re-examination"),
}
ASKED: Final = {
    Urgency.EMERGENCY: gettext_lazy(
        "A dog’s family reported a sign of an emergency, or their answers show one. Take it over now, and call the family."
    ),
    Urgency.TODAY: gettext_lazy("A dog shows a warning sign that somebody must answer today. Take it over."),
    Urgency.REVIEW: gettext_lazy("A dog shows a sign to be looked at by its next check. Take it over."),
}


def alert(row: AlertDelivery) -> Message:
    """The message of one delivery to one person, in the person's language; sent again, it has the same Message-ID."""
    user, report = row.user, row.alert.report
    with translation.override(user.language):
        urgency = Urgency(row.alert.urgency)
        since = report.received_at.astimezone(zoneinfo.ZoneInfo(row.clinic.time_zone))
        subject = str(SUBJECTS[urgency])
        context = {
            "language": user.language,
            "subject": subject,
            "asked": ASKED[urgency],
            "is_emergency": urgency == Urgency.EMERGENCY,
            "is_again": row.level > 1,
            "since": date_format(since, _("j M, H:i")),
            "clinic": row.clinic,
            "alert_url": _absolute("guidance:alert", row.alert_id),
            "list_url": _absolute("guidance:worklist"),
        }
        return Message(
            key=row.pk.hex,
            to=user.email,
            subject=subject,
            text=render_to_string("guidance/email/alert.txt", context),
            html=render_to_string("guidance/email/alert.html", context),
            headers={
                "Message-ID": f"<alert-{row.pk.hex}@{parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition('@')[2]}>",
                "Auto-Submitted": "auto-generated",
                **({"Importance": "high", "X-Priority": "1"} if urgency == Urgency.EMERGENCY else {}),
            },
        )


def _absolute(name: str, *arguments: object) -> str:
    return f"{settings.BASE_URL}{reverse(name, args=arguments)}"

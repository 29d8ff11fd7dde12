"""From words to a message: the same words as a mail, calm and with one button, and as a line on a phone's lock screen."""

import datetime as dt
import re
import textwrap
from email.utils import parseaddr
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from rehab.lib.channels import Message
from rehab.nudges import kinds, links
from rehab.nudges.kinds.base import Kind, Words
from rehab.nudges.models import Nudge
from rehab.nudges.push.messages import MOST_BYTES, PushMessage
from rehab.nudges.wording import values

# More is not shown on a lock screen, even unfolded.
PUSH_TITLE, PUSH_BODY = 80, 240
DECLARATIVE: Final = 8030
# A heading up to this length is set large; a clinic's own with a long name in it may be longer.
LARGE_LENGTH: Final = 60
# Who sends, for the mail providers' count of complaints by kind (Feedback-ID, at most 15 characters).
FEEDBACK_SENDER: Final = "steadyback"
WORD: Final = re.compile(r"\w+")


def mail(nudge: Nudge, words: Words) -> Message:
    """The mail with these words, in the language of its person; its user, clinic and dog are loaded.

    Sent a second time, it carries the same Message-ID. What is about safety cannot be switched off, so it offers no way to.
    """
    kind, user = kinds.BY_CODE[Nudge.Kind(nudge.kind)], nudge.user
    subject = _one_line(words.title)
    heading, lines = headed(words)
    with translation.override(user.language):
        context = {
            "language": user.language,
            "subject": subject,
            "greeting": user.get_short_name() if user.name else "",
            "heading": heading,
            "lines": lines,
            "is_large": len(heading) <= LARGE_LENGTH,
            "button": words.button,
            "page_url": links.absolute(words.path),
            "encouragement": words.encouragement,
            "clinic": nudge.clinic,
            "dial": re.sub(r"[^+\d]", "", nudge.clinic.phone),
            "calls": _calls(nudge, kind),
            "why": _why(nudge, kind, words),
            "ways_out": _ways_out(nudge, kind),
        }
        text = render_to_string("nudges/email/letter.txt", context)
        html = render_to_string("nudges/email/letter.html", context)
    return Message(
        key=nudge.pk.hex, to=user.email, subject=subject, text=text, html=html, headers=_headers(nudge, kind)
    )


def push(nudge: Nudge, words: Words, *, at: dt.datetime) -> PushMessage:
    """The same words for a lock screen, cut to what it shows; ``at`` is when it is sent, for how long it is worth showing.

    A repetition carries the same topic and tag, so a phone shows it once.
    """
    kind, user = kinds.BY_CODE[Nudge.Kind(nudge.kind)], nudge.user
    data = {"seen": links.seen_url(nudge)}
    actions: list[dict[str, str]] = []
    if _may_rest(nudge, kind):
        data["snooze"] = links.snooze_url(nudge)
        with translation.override(user.language):
            actions.append({"action": "snooze", "title": _("Not today")})
    title, body = lock_screen(words)
    notification: dict[str, Any] = {
        "title": title,
        "body": body,
        "navigate": links.absolute(words.path),
        "tag": nudge.pk.hex,
        "lang": user.language,
        "data": data,
        "actions": actions,
    }
    life = min(kind.push_life, nudge.expires_at - at)
    message = PushMessage(
        topic=nudge.pk.hex,
        ttl=max(0, int(life.total_seconds())),
        urgency=kind.urgency,
        # Mutable: the worker of our own shows it where there is one, and can then say that it was shown.
        payload={"web_push": DECLARATIVE, "mutable": True, "notification": notification},
    )
    # Only letters of several bytes make it as long as that; then the body gives way.
    while len(message.encoded) > MOST_BYTES and notification["body"]:
        notification["body"] = _cut(notification["body"], len(notification["body"]) * 3 // 4)
    return message


def lock_screen(words: Words) -> tuple[str, str]:
    """What a phone shows to whoever holds it: the bold line and the text below it."""
    return _cut(words.title, PUSH_TITLE), _cut(words.notice or words.lines[0], PUSH_BODY)


def headed(words: Words) -> tuple[str, tuple[str, ...]]:
    """The heading of a mail and what stands below it: the title, unless the first line says all of it once more."""
    if set(WORD.findall(words.title.casefold())) <= set(WORD.findall(words.lines[0].casefold())):
        return words.lines[0], words.lines[1:]
    return words.title, words.lines


def _headers(nudge: Nudge, kind: Kind) -> dict[str, str]:
    headers = {
        "Message-ID": f"<nudge-{nudge.pk.hex}@{_sender_domain()}>",
        "Auto-Submitted": "auto-generated",
        "Feedback-ID": f"{nudge.kind}:{nudge.clinic_id.hex}:nudge:{FEEDBACK_SENDER}",
    }
    if not kind.is_safety:
        ways = [links.stop_url(nudge.user_id)]
        if settings.UNSUBSCRIBE_ADDRESS:
            subject = quote(f"stop {links.stop_token(nudge.user_id)}")
            ways.append(f"mailto:{settings.UNSUBSCRIBE_ADDRESS}?subject={subject}")
        headers["List-Unsubscribe"] = ", ".join(f"<{way}>" for way in ways)
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _may_rest(nudge: Nudge, kind: Kind) -> bool:
    """Whether a break is offered: not from what is about safety, nor to the people of a clinic."""
    return not kind.is_safety and nudge.patient_id is not None


def _ways_out(nudge: Nudge, kind: Kind) -> list[tuple[str, str]]:
    """What a person can do about such messages, each with its address; about safety there is nothing to choose."""
    if kind.is_safety:
        return []
    asks = kind.is_prompt or kind.is_one_a_day
    ways = [
        (_("Another time of day") if asks else _("Choose what you get"), links.absolute(reverse("nudges:preferences"))),
        (_("Not any more"), links.stop_url(nudge.user_id)),
    ]
    if _may_rest(nudge, kind):
        ways.insert(0, (_("Not today") if asks else _("A break"), links.snooze_url(nudge)))
    return ways


def _calls(nudge: Nudge, kind: Kind) -> str:
    """Whom a family calls; the number stands beside it. What is about safety says itself who is to be called now."""
    if nudge.patient_id is None or kind.is_safety:
        return ""
    return _("If something about your dog worries you, leave the exercises and call %(clinic)s") % {
        "clinic": nudge.clinic.name
    }


def _why(nudge: Nudge, kind: Kind, words: Words) -> str:
    """Why a person gets this message, and how often there is one."""
    about = values(nudge, words)
    if nudge.patient_id is None:
        return _("You get this once a week because you treat dogs at %(clinic)s.") % about
    if kind.is_safety:
        return _("You get this at any hour and with reminders off, because it is about the safety of %(dog)s.") % about
    care = _("You get this because you care for %(dog)s, a patient of %(clinic)s.") % about
    if kind.is_prompt:
        return f"{care} {_('At most one reminder a day, and none between 21:00 and 8:00.')}"
    if kind.is_one_a_day:
        return f"{care} {_('It comes once a week, in place of that day’s reminder.')}"
    return f"{care} {_('None of our mails comes between 21:00 and 8:00.')}"


def _cut(text: str, length: int) -> str:
    """At most so many characters, on one line, cut after a word where there is one."""
    text = _one_line(text)
    if len(text) <= length:
        return text
    return textwrap.shorten(text, length, placeholder="…") if " " in text[:length] else f"{text[: length - 1]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _sender_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]

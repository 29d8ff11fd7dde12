"""The pages of reminders, and the links in messages."""

from rehab.nudges.views.effect import effect
from rehab.nudges.views.links import seen, snooze, unsubscribe
from rehab.nudges.views.preferences import preferences, preferences_break, preferences_undo
from rehab.nudges.views.push import push_subscription
from rehab.nudges.views.reports import mail_events
from rehab.nudges.views.texts import text, text_preview, texts

__all__ = [
    "effect",
    "mail_events",
    "preferences",
    "preferences_break",
    "preferences_undo",
    "push_subscription",
    "seen",
    "snooze",
    "text",
    "text_preview",
    "texts",
    "unsubscribe",
]

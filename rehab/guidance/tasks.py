"""The beat of the summaries, and the wake-ups of the alerts; all that they are about is in the rows."""

from typing import Final

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from rehab.guidance import actions
from rehab.guidance.alerting.claiming import ready
from rehab.guidance.alerting.delivering import deliver_alerts
from rehab.guidance.alerting.escalating import escalate
from rehab.guidance.alerting.raising import raise_alerts

# Full batches, or places of a chain that nobody was reached at; what is left, the next beat goes on with.
MOST_ROUNDS: Final = 8


@shared_task(ignore_result=True)
def attend_alerts() -> None:
    """Raise what came in, deliver, and tell the next place where one could not be reached."""
    for _ in range(MOST_ROUNDS):
        _raise_and_escalate()
        if not deliver_alerts(at=timezone.now()):
            return


@shared_task(ignore_result=True)
def refresh_summaries() -> None:
    """Raise the alerts of what came in, bring the summaries up to date, and raise the alerts of what the rules found."""
    try:
        _attend()
    finally:
        actions.refresh_summaries(at=timezone.now())
        _attend()


def _attend() -> None:
    """Raise and escalate here; deliver elsewhere, because a slow mail server must not hold up the summaries."""
    _raise_and_escalate()
    if ready(at=timezone.now()).exists():
        attend_alerts.apply_async(expires=settings.SUMMARY_REFRESH_SECONDS)


def _raise_and_escalate() -> None:
    at = timezone.now()
    try:
        raise_alerts(at=at)
    finally:
        escalate(at=at)

"""The beat of the summaries."""

from celery import shared_task
from django.utils import timezone

from rehab.guidance import actions


@shared_task(ignore_result=True)
def refresh_summaries() -> None:
    """Bring the summaries of all dogs up to date."""
    actions.refresh_summaries(at=timezone.now())

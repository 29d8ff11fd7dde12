"""The beat of what families send; all that it is about is in the rows."""

from celery import shared_task
from django.utils import timezone

from rehab.sessions.receiving import forget_unfinished


@shared_task(ignore_result=True)
def forget_unfinished_clips() -> None:
    """Tidy away photos and clips that were begun and never finished."""
    forget_unfinished(at=timezone.now())
